"""Questions whose answer is a set of ETFs: filtered, ranked, counted, summed up or grouped by manager."""

from __future__ import annotations

from dataclasses import dataclass

from agent.answer import Table
from agent.reading import wording
from agent.reading.conditions import Unclear, direction, limit, rank, singular
from agent.reading.plan import Plan, Query, Reply, Steps, table
from agent.reading.question import Reader
from agent.reading.selection import MEASURES, PROPERTIES, Selection, select
from backend.graph.client import Result

ALL_ROWS = 1000
RANKED_ROWS = 10

COLUMN_NAMES = {
    "fee": ("총보수(연 %)", "fee (% a year)"), "aum": ("순자산(원)", "net assets (KRW)"), "listed": ("상장일", "listed"),
    "premium": ("괴리율(%)", "premium (%)"), "close": ("종가(원)", "close (KRW)"), "nav": ("NAV(원)", "NAV (KRW)"),
    "holdings": ("종목 수", "stocks"), "concentration": ("상위 10종목 비중(%)", "top 10 weight (%)"), "company": ("운용사", "manager"),
    "etf_weight": ("ETF 비중(%)", "weight in ETFs (%)"), "index": ("기초지수", "index"), "asset_class": ("자산 유형", "asset class"),
    "leverage": ("레버리지 유형", "leverage"), "replication": ("복제 방법", "replication"), "isin": ("ISIN", "ISIN"),
}  # fmt: skip
_SHOWN = {**PROPERTIES, "listed": "e.listed", "asset_class": "e.asset_class", "leverage": "e.leverage",
          "replication": "e.replication", "isin": "e.isin"}  # fmt: skip
_WORD_OF = {"fee": "fee", "aum": "aum", "market_cap": "aum", "listed": "listed", "premium": "premium", "price": "close", "nav": "nav",
            "concentration": "concentration", "asset_class": "asset_class", "leverage_type": "leverage",
            "replication": "replication", "isin": "isin"}  # fmt: skip


@dataclass
class _Wanted:
    """What is asked of the selection."""

    measures: list[str]
    order: str | None = None
    descending: bool = True
    limit: int | None = None
    skip: int = 0
    single: bool = False


def read(reader: Reader) -> Plan | None:
    """ETFs by holdings, manager, theme, index, property, size, fee or age; None when the question asks for something else."""
    if not _asks_for_etfs(reader):
        return None
    holds_etfs = _holds_etfs(reader)
    chosen = select(reader)
    _add_counted_holdings(reader, chosen, holds_etfs)
    reader.take(
        "hold",
        "exist",
        "without",
        "negated",
        "both",
        "together",
        "only",
        "all",
        "list",
        "now",
        "name",
        "code",
        "rank",
        "where",
    )
    if reader.take("count"):
        reader.take("all", "sum", *_words_of_conditions(chosen))
        return Plan("etfs_count", lambda: _count(chosen))
    if reader.has("sum", "average"):
        return _summed(reader, chosen)
    wanted = _wanted(reader, chosen)
    if chosen.is_everything and wanted.order is None and not wanted.measures:
        if not reader.has("etf_word"):
            return None
        wanted.order = "aum"
    return Plan("etfs_" + (wanted.order or "list"), lambda: _list(chosen, wanted))


def _words_of_conditions(chosen: Selection) -> list[str]:
    """The words that name the measures of the conditions: they are explained with them."""
    measures = {condition.measure for condition in chosen.conditions}
    return [kind for kind, measure in MEASURES.items() if measure in measures]


def _asks_for_etfs(reader: Reader) -> bool:
    if reader.has("manager") and not reader.find("company"):
        return False
    if reader.has(
        "buy", "sell", "new", "out", "increase", "decrease", "trade", "similar", "overlap", "cost", "invest", "holdings", "return",
        "rise", "fall", "trend", "first_time", "industry_word", "volume",
    ):  # fmt: skip
        return False
    if reader.has("etf_word"):
        return True
    stocks = reader.find("stock")
    filters = reader.find("company", "tag", "index", "active", "leverage", "inverse", "inverse2", "synthetic")
    if stocks and not reader.find("etf"):
        return reader.has("hold") or bool(reader.quantities("percent")) or bool(filters)
    return bool(filters) and not reader.find("etf") and not stocks


def _holds_etfs(reader: Reader) -> bool:
    """`ETF를 담은 ETF`: the word stands twice around a verb of holding."""
    words = reader.find("etf_word")
    if reader.has("etf_held") and reader.has("hold"):
        reader.take("etf_held")
        return True
    if len(words) >= 2 and reader.has("hold"):
        positions = [reader.tokens.index(word) for word in words[:2]]
        between = reader.tokens[positions[0] + 1 : positions[1]]
        return (
            any(token.kind == "hold" for token in between)
            and words[0].particle.startswith(("을", "를", ""))
            and not reader.find("stock")
        )
    return False


def _add_counted_holdings(reader: Reader, chosen: Selection, holds_etfs: bool) -> None:
    if holds_etfs:
        chosen.weigh("etf_weight", "ETF 비중(%)" if not chosen.english else "weight in ETFs (%)",
                     f"(e{':ETF' if not chosen.lines else ''})-[h:HOLDS]->(x:ETF)", "x.code <> ''")  # fmt: skip
        chosen.holding_words.append("holding other ETFs" if chosen.english else "ETF를 담은")
        return
    counts = [condition for condition in chosen.conditions if condition.measure == "holdings"]
    tops = [condition for condition in chosen.conditions if condition.measure == "concentration"]
    if counts or _orders_by_holdings(reader):
        _with_holdings(chosen)
        for condition in counts:
            chosen.wheres.append(condition.cypher("holdings"))
            chosen.words.insert(0, f"종목 수 {condition.operator} {condition.value:g}")
    if tops:
        raise Unclear("집중도로 ETF를 거르는 것은 아직 할 수 없습니다. 집중도가 높은 순서로는 보여 드릴 수 있습니다.")


def _orders_by_holdings(reader: Reader) -> bool:
    return reader.has("stock_word") and reader.has("big", "small", "most") and not reader.find("stock") and not reader.has(
        "weight", "fee", "aum", "concentration", "listed"
    )  # fmt: skip


def _with_holdings(chosen: Selection) -> None:
    carried = ", ".join(chosen.carried)
    chosen.lines += [
        f"MATCH (e{':ETF' if not chosen.lines else ''})-[:HOLDS]->(s:Stock)",
        f"WITH {carried}, count(DISTINCT s.code) AS holdings",
    ]
    chosen.carried.append("holdings")
    chosen.columns["holdings"] = COLUMN_NAMES["holdings"][chosen.english]


def _wanted(reader: Reader, chosen: Selection) -> _Wanted:
    concentrated = reader.take("concentration")
    mentioned = [_WORD_OF[token.kind] for token in reader.find(*_WORD_OF) if token.kind != "concentration"]
    newest, oldest = reader.has("newest", "recent"), reader.has("oldest")
    one = singular(reader)
    place = rank(reader)
    count, said = limit(reader, None)
    asked = direction(reader)
    reader.take(*_WORD_OF, "weight", "percent_word", "stock_word", "compare", "newest", "recent", "new", "total")
    wanted = _Wanted(list(dict.fromkeys(mentioned)))
    if concentrated:
        wanted.order, wanted.descending = "concentration", asked is not False
    elif "listed" in mentioned and (newest or oldest or asked is not None):
        wanted.order, wanted.descending = "listed", newest or not (oldest or asked is False)
    elif newest or oldest:
        wanted.order, wanted.descending = "listed", newest
    elif asked is not None or place:
        wanted.order = _ordering(mentioned, chosen, asked)
        wanted.descending = asked is not False
    elif chosen.held or "etf_weight" in chosen.columns:
        wanted.order, wanted.descending = "weight", True
    elif mentioned:
        wanted.order, wanted.descending = mentioned[0], mentioned[0] != "fee"
    elif not chosen.is_everything:
        wanted.order, wanted.descending = "aum", True
    wanted.single = (one or place is not None) and not said
    if place:
        wanted.skip, wanted.limit = place - 1, 1
    elif said:
        wanted.limit = count
    elif asked is not None and (one or not _lists_everything(chosen)):
        wanted.limit = RANKED_ROWS
    return wanted


def _lists_everything(chosen: Selection) -> bool:
    """With a threshold in it, a question wants every ETF that meets it."""
    return bool(chosen.conditions)


def _ordering(mentioned: list[str], chosen: Selection, descending: bool | None) -> str:
    measures = [measure for measure in mentioned if measure in PROPERTIES or measure == "listed"]
    conditioned = {condition.measure for condition in chosen.conditions}
    free = [measure for measure in measures if measure not in conditioned] or measures
    if free:
        return free[-1]
    if "holdings" in chosen.columns:
        return "holdings"
    if chosen.held or "etf_weight" in chosen.columns:
        return "weight"
    return "aum" if descending is not False else "fee"


def _expression(order: str, chosen: Selection) -> str:
    if order == "weight":
        weights = [variable for variable in chosen.columns if variable != "holdings"]
        return f"({' + '.join(weights)})"
    return _SHOWN.get(order) or order


def _list(chosen: Selection, wanted: _Wanted) -> Steps:
    columns = _columns(chosen, wanted)
    lines = [_with_concentration(chosen) if wanted.order == "concentration" else chosen.cypher()]
    if "company" in columns:
        lines.append("OPTIONAL MATCH (e)-[:MANAGED_BY]->(m:Company)")
    if "index" in columns:
        lines.append("OPTIONAL MATCH (e)-[:TRACKS]->(i:Index)")
    returned = ", ".join(f"{expression} AS `{name}`" for name, expression in _returned(chosen, columns).items())
    lines.append(f"RETURN {returned}")
    if wanted.order:
        expression = _expression(wanted.order, chosen)
        way = "DESC" if wanted.descending else "ASC"
        if wanted.order in ("aum", "fee", "listed", "premium", "close", "nav") and wanted.limit is not None:
            lines[-1:] = [_known(chosen, columns, expression), lines[-1]]
        lines.append(f"ORDER BY {expression} IS NULL, {expression} {way}, e.code")
    if wanted.skip:
        lines.append(f"SKIP {wanted.skip}")
    lines.append(f"LIMIT {wanted.limit or ALL_ROWS}")
    result = yield Query("\n".join(line for line in lines if line))
    return _list_reply(chosen, wanted, result)


def _known(chosen: Selection, columns: list[str], expression: str) -> str:
    """An unknown figure has no rank."""
    carried = [*chosen.carried, *(["m"] if "company" in columns else []), *(["i"] if "index" in columns else [])]
    return f"WITH {', '.join(carried)}\nWHERE {expression} IS NOT NULL"


def _with_concentration(chosen: Selection) -> str:
    chosen.columns["concentration"] = COLUMN_NAMES["concentration"][chosen.english]
    carried = ", ".join(chosen.carried)
    chosen_text = chosen.cypher()
    chosen.carried.append("concentration")
    return "\n".join(
        [
            chosen_text,
            "MATCH (e)-[h:HOLDS]->(s:Stock)",
            "WHERE h.weight IS NOT NULL",
            f"WITH {carried}, h.weight AS weight",
            f"ORDER BY {chosen.carried[0]}.code, weight DESC",
            f"WITH {carried}, collect(weight) AS weights",
            f"UNWIND weights[0..10] AS weight",  # noqa: F541
            f"WITH {carried}, sum(weight) AS concentration",
        ]
    )


def _columns(chosen: Selection, wanted: _Wanted) -> list[str]:
    columns = [measure for measure in wanted.measures if measure in _SHOWN]
    if wanted.order in _SHOWN and wanted.order not in columns:
        columns.append(wanted.order)
    for condition in chosen.conditions:
        if condition.measure in _SHOWN and condition.measure not in columns:
            columns.append(condition.measure)
    if any("상장" in word or "listed" in word for word in chosen.words) and "listed" not in columns:
        columns.append("listed")
    return columns


def _returned(chosen: Selection, columns: list[str]) -> dict[str, str]:
    english = chosen.english
    returned = {"ETF": "e.name", ("code" if english else "코드"): "e.code"}
    for variable, column in chosen.columns.items():
        rounded = variable != "holdings"
        returned[column] = f"round({variable}, 2)" if rounded else variable
    for column in columns:
        returned[COLUMN_NAMES[column][english]] = _SHOWN[column]
    if chosen.held:
        returned["holdings date" if english else "구성 기준일"] = "e.holdings_date"
    return returned


def _list_reply(chosen: Selection, wanted: _Wanted, result: Result) -> Reply:
    described = chosen.described()
    if not result.rows:
        if chosen.english:
            return Reply(f"There are no {described} in the data.")
        return Reply(f"자료에 {described}{_subject_particle(described)} 없습니다.")
    shown = table(described, result)
    first = result.dicts()[0]
    names = [row[0] for row in result.rows]
    figure = _figure(chosen, wanted, first)
    more = f" (처음 {len(names):,}개만 보여 드립니다)" if result.truncated else ""
    if wanted.single:
        return Reply(_superlative(chosen, wanted, first, figure), [shown])
    if chosen.english:
        head = f"{described}: **{len(names)}**. First: **{names[0]}**{figure}."
    else:
        ranked = wanted.limit is not None and len(names) <= wanted.limit
        what = (
            f"{described} {len(names)}개입니다"
            if ranked
            else f"{described}{_topic_particle(described)} **{len(names):,}개**입니다"
        )
        head = f"{what}{more}. {_leading(wanted)} **{names[0]}**{figure}입니다."
    return Reply(head, [shown])


def _leading(wanted: _Wanted) -> str:
    words = {
        ("weight", True): "비중이 가장 큰 것은", ("weight", False): "비중이 가장 작은 것은", ("aum", True): "순자산이 가장 큰 것은",
        ("aum", False): "순자산이 가장 작은 것은", ("fee", False): "보수가 가장 낮은 것은", ("fee", True): "보수가 가장 높은 것은",
        ("listed", True): "가장 최근에 상장한 것은", ("listed", False): "가장 먼저 상장한 것은",
    }  # fmt: skip
    return words.get((wanted.order or "", wanted.descending), "첫째는")


def _superlative(chosen: Selection, wanted: _Wanted, first: dict, figure: str) -> str:
    name = first["ETF"]
    if chosen.english:
        return f"**{name}**{figure} comes {'first' if not wanted.skip else f'number {wanted.skip + 1}'} among {chosen.described()}."
    lead = _leading(wanted)
    if wanted.skip:
        lead = f"{wanted.skip + 1}번째는"
    return f"{chosen.described()} 가운데 {lead} **{name}**{figure}입니다."


def _figure(chosen: Selection, wanted: _Wanted, row: dict) -> str:
    order = wanted.order
    if order == "weight":
        values = [row[column] for variable, column in chosen.columns.items() if variable != "holdings"]
        if any(value is None for value in values):
            return "(비중 자료 없음)" if not chosen.english else " (weight unknown)"
        return f"({', '.join(wording.percent(value) for value in values)})"
    if order in ("holdings", "concentration"):
        column = chosen.columns[order]
        return (
            f"({row[column]}종목)" if order == "holdings" and not chosen.english else f"({wording.number(row[column])})"
        )
    if order is None or order not in COLUMN_NAMES:
        return ""
    value = row.get(COLUMN_NAMES[order][chosen.english])
    if value is None:
        return ""
    shown = {"fee": wording.fee, "premium": wording.signed}.get(order)
    if shown:
        return f"({shown(value)})"
    if order == "aum":
        return f"({wording.amount(value, chosen.english)})"
    return f"({wording.price(value, chosen.english)})" if order in ("close", "nav") else f"({value})"


def _subject_particle(text: str) -> str:
    return wording.with_particle(text, "이가")[len(text) :]


def _topic_particle(text: str) -> str:
    return wording.with_particle(text, "은는")[len(text) :]


def _count(chosen: Selection) -> Steps:
    column = "number of ETFs" if chosen.english else "ETF 수"
    result = yield Query(f"{chosen.cypher()}\nRETURN count(DISTINCT e.code) AS `{column}`")
    count = result.rows[0][0] if result.rows else 0
    described = chosen.described()
    text = (
        f"There are **{count:,}** {described}."
        if chosen.english
        else f"{described}{_topic_particle(described)} **{count:,}개**입니다."
    )
    return Reply(text, [table(described, result)])


def _summed(reader: Reader, chosen: Selection) -> Plan | None:
    average = reader.take("average")
    reader.take("sum", "all")
    mentioned = [_WORD_OF[token.kind] for token in reader.find("fee", "aum", "market_cap", "premium")]
    if reader.has("weight") and chosen.held:
        reader.take("weight")
        measure, expression = "weight", next(iter(chosen.columns))
    elif len(set(mentioned)) == 1:
        reader.take("fee", "aum", "market_cap", "premium")
        measure, expression = mentioned[0], _SHOWN[mentioned[0]]
    else:
        return None
    return Plan("etfs_average" if average else "etfs_sum", lambda: _sum(chosen, measure, expression, average))


def _sum(chosen: Selection, measure: str, expression: str, average: bool) -> Steps:
    function = "avg" if average else "sum"
    names = {"fee": "총보수(연 %)", "aum": "순자산(원)", "premium": "괴리율(%)", "weight": "비중(%)"}
    title = f"{names[measure]} {'평균' if average else '합계'}"
    result = yield Query(
        f"{chosen.cypher()}\nRETURN {function}({expression}) AS `{title}`, count({expression}) AS `자료가 있는 ETF 수`, "
        "count(DISTINCT e.code) AS `ETF 수`"
    )
    value, known, everything = result.rows[0]
    described = chosen.described()
    if not known:
        return Reply(f"{described}의 {names[measure]} 자료가 없습니다.")
    shown = (
        wording.amount(value, chosen.english)
        if measure == "aum"
        else wording.percent(value, 3 if measure == "fee" else 2)
    )
    missing = f" (자료가 없는 {everything - known}개는 빼고 계산했습니다)" if everything > known else ""
    if chosen.english:
        return Reply(
            f"The {'average' if average else 'total'} over {known} {described} is **{shown}**.",
            [table(described, result)],
        )
    return Reply(f"{described} {known:,}개의 {names[measure].split('(')[0]} {'평균은' if average else '합계는'} **{shown}**입니다{missing}.",
                 [Table(described, result.columns, [list(row) for row in result.rows])])  # fmt: skip


__all__ = ["COLUMN_NAMES", "MEASURES", "read"]
