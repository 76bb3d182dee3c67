"""Sets of ETFs as Cypher and as sentences: the list with its figures, the count, sums and averages."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.answer import Table
from agent.reading import wording
from agent.reading.plan import Query, Reply, Steps, table
from agent.reading.selection import PROPERTIES, Selection
from backend.graph.client import Result

ALL_ROWS = 1000
COLUMN_NAMES = {
    "fee": ("총보수(연 %)", "fee (% a year)"), "aum": ("순자산(원)", "net assets (KRW)"), "listed": ("상장일", "listed"),
    "premium": ("괴리율(%)", "premium (%)"), "close": ("종가(원)", "close (KRW)"), "nav": ("NAV(원)", "NAV (KRW)"),
    "asset_class": ("자산 유형", "asset class"), "leverage": ("레버리지 유형", "leverage"),
    "replication": ("복제 방법", "replication"), "isin": ("ISIN", "ISIN"),
}  # fmt: skip
SHOWN = {
    **PROPERTIES, "listed": "e.listed", "asset_class": "e.asset_class", "leverage": "e.leverage",
    "replication": "e.replication", "isin": "e.isin",
}  # fmt: skip
_LEADS = {
    ("weight", True): "비중이 가장 큰 것은", ("weight", False): "비중이 가장 작은 것은", ("aum", True): "순자산이 가장 큰 것은",
    ("aum", False): "순자산이 가장 작은 것은", ("fee", False): "보수가 가장 낮은 것은", ("fee", True): "보수가 가장 높은 것은",
    ("listed", True): "가장 최근에 상장한 것은", ("listed", False): "가장 먼저 상장한 것은",
    ("premium", True): "괴리율이 가장 높은 것은", ("premium", False): "괴리율이 가장 낮은 것은",
    ("holdings", True): "종목 수가 가장 많은 것은", ("holdings", False): "종목 수가 가장 적은 것은",
    ("concentration", True): "가장 집중된 것은", ("concentration", False): "가장 덜 집중된 것은",
}  # fmt: skip


@dataclass
class Wanted:
    """What is asked of a selection: figures to show, their order, how many, from which place; `top` is the concentration's n."""

    measures: list[str] = field(default_factory=list)
    order: str | None = None
    descending: bool = True
    limit: int | None = None
    skip: int = 0
    single: bool = False
    top: int = 10


def answer_list(chosen: Selection, wanted: Wanted) -> Steps:
    """The ETFs with their figures, in order."""
    if wanted.order == "concentration":
        chosen.concentrate(wanted.top)
    columns = _columns(chosen, wanted)
    lines = [chosen.cypher()]
    expression = _expression(wanted.order, chosen) if wanted.order else ""
    if wanted.order in SHOWN and wanted.limit is not None:
        # An unknown figure has no rank.
        lines.append(f"WITH {', '.join(chosen.carried)}\nWHERE {expression} IS NOT NULL")
    returned = ", ".join(f"{value} AS `{name}`" for name, value in _returned(chosen, columns).items())
    lines.append(f"RETURN {returned}")
    if expression:
        lines.append(f"ORDER BY {expression} IS NULL, {expression} {'DESC' if wanted.descending else 'ASC'}, e.code")
    lines += [*([f"SKIP {wanted.skip}"] if wanted.skip else []), f"LIMIT {wanted.limit or ALL_ROWS}"]
    result = yield Query("\n".join(lines))
    total = len(result.rows)
    if total >= ALL_ROWS:
        # More than are shown: how many in all?
        total = (yield Query(f"{chosen.cypher()}\nRETURN count(DISTINCT e.code) AS `ETF 수`")).rows[0][0]
    return _list_reply(chosen, wanted, result, total)


def _expression(order: str, chosen: Selection) -> str:
    if order == "weight":
        weights = [variable for variable in chosen.columns if variable not in ("holdings", "concentration")]
        if chosen.either and len(weights) > 1:
            weights = [f"coalesce({weight}, 0)" for weight in weights]
        return f"({' + '.join(weights)})"
    return SHOWN.get(order) or order


def _columns(chosen: Selection, wanted: Wanted) -> list[str]:
    columns = [measure for measure in wanted.measures if measure in SHOWN]
    columns += [wanted.order] if wanted.order in SHOWN else []
    columns += [condition.measure for condition in chosen.conditions if condition.measure in SHOWN]
    columns += ["listed"] if chosen.by_listing else []
    return list(dict.fromkeys(columns))


def _returned(chosen: Selection, columns: list[str]) -> dict[str, str]:
    english = chosen.english
    returned = {"ETF": "e.name", ("code" if english else "코드"): "e.code"}
    for variable, column in chosen.columns.items():
        returned[column] = variable if variable == "holdings" else f"round({variable}, 2)"
    for column in columns:
        returned[COLUMN_NAMES[column][english]] = SHOWN[column]
    if chosen.held:
        returned["holdings date" if english else "구성 기준일"] = "e.holdings_date"
    return returned


def _list_reply(chosen: Selection, wanted: Wanted, result: Result, total: int) -> Reply:
    described, english = chosen.described(), chosen.english
    if not result.rows:
        text = (
            f"There are no {described} in the data."
            if english
            else f"자료에 {wording.with_particle(described, '이가')} 없습니다."
        )
        return Reply(text)
    shown = [table(described, result)]
    first = result.dicts()[0]
    best = f"**{first['ETF']}**{_figure(chosen, wanted, first)}"
    if wanted.single:
        return Reply(_superlative(wanted, described, best, english), shown)
    if english:
        return Reply(f"{described}: **{total:,}**. First: {best}.", shown)
    ranked = wanted.limit is not None
    count = f"{total:,}개"
    what = f"{described} {count}입니다" if ranked else f"{wording.with_particle(described, '은는')} **{count}**입니다"
    more = f" (처음 {len(result.rows):,}개만 보여 드립니다)" if result.truncated or total > len(result.rows) else ""
    if wanted.order in SHOWN and first[COLUMN_NAMES[wanted.order][english]] is None:
        # Unknown figures come last, so nothing is known of any: there is no largest.
        return Reply(f"{what}{more}. {COLUMN_NAMES[wanted.order][english]}은 자료에 없습니다.", shown)
    lead = _LEADS.get((wanted.order or "", wanted.descending), "첫째는")
    if wanted.skip:
        lead = f"{wanted.skip + 1}번째는"
    return Reply(f"{what}{more}. {lead} {best}입니다.", shown)


def _superlative(wanted: Wanted, described: str, best: str, english: bool) -> str:
    if english:
        place = f"number {wanted.skip + 1}" if wanted.skip else "first"
        return f"{best} comes {place} among {described}."
    lead = f"{wanted.skip + 1}번째는" if wanted.skip else _LEADS.get((wanted.order or "", wanted.descending), "첫째는")
    return f"{described} 가운데 {lead} {best}입니다."


def _figure(chosen: Selection, wanted: Wanted, row: dict) -> str:
    order, english = wanted.order, chosen.english
    if order == "weight":
        names = [column for variable, column in chosen.columns.items() if variable != "holdings"]
        values = [row[name] for name in names]
        if chosen.either:
            values = [value for value in values if value is not None] or [None]
        if any(value is None for value in values):
            return " (weight unknown)" if english else "(비중 자료 없음)"
        return f"({', '.join(wording.percent(value) for value in values)})"
    if order in ("holdings", "concentration"):
        value = row[chosen.columns[order]]
        return f"({value}{' stocks' if english else '종목'})" if order == "holdings" else f"({wording.percent(value)})"
    value = row.get(COLUMN_NAMES[order][english]) if order in COLUMN_NAMES else None
    if value is None:
        return ""
    shown = {"fee": wording.fee, "premium": wording.signed}.get(order or "")
    if shown:
        return f"({shown(value)})"
    if order == "aum":
        return f"({wording.amount(value, english)})"
    return f"({wording.price(value, english)})" if order in ("close", "nav") else f"({value})"


def answer_count(chosen: Selection) -> Steps:
    """How many ETFs there are."""
    column = "number of ETFs" if chosen.english else "ETF 수"
    result = yield Query(f"{chosen.cypher()}\nRETURN count(DISTINCT e.code) AS `{column}`")
    count = result.rows[0][0] if result.rows else 0
    described = chosen.described()
    shown = [table(described, result)]
    if chosen.english:
        return Reply(f"There are **{count:,}** {described}.", shown)
    return Reply(f"{wording.with_particle(described, '은는')} **{count:,}개**입니다.", shown)


def answer_sum(chosen: Selection, measure: str, expression: str, average: bool) -> Steps:
    """The sum or the average of a figure over the ETFs that have it."""
    function, english = ("avg" if average else "sum"), chosen.english
    names = {"fee": "총보수", "aum": "순자산", "premium": "괴리율", "weight": "비중"}
    title = f"{names[measure]} {'평균' if average else '합계'}"
    result = yield Query(
        f"{chosen.cypher()}\nRETURN {function}({expression}) AS `{title}`, count({expression}) AS `자료가 있는 ETF 수`, "
        "count(DISTINCT e.code) AS `ETF 수`"
    )
    value, known, everything = result.rows[0]
    described = chosen.described()
    if not known:
        text = f"{described}의 {names[measure]} 자료가 없습니다."
        return Reply(text if not english else f"There is no such figure for {described}.", status="refused")
    said = wording.amount(value, english) if measure == "aum" else wording.percent(value, 3 if measure == "fee" else 2)
    shown = [Table(described, list(result.columns), [list(row) for row in result.rows])]
    if english:
        return Reply(f"The {'average' if average else 'total'} over {known} {described} is **{said}**.", shown)
    missing = f" (자료가 없는 {everything - known}개는 빼고 계산했습니다)" if everything > known else ""
    what = f"{described} {known:,}개의 {names[measure]} {'평균은' if average else '합계는'}"
    return Reply(f"{what} **{said}**입니다{missing}.", shown)
