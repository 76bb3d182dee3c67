"""Questions about what an ETF holds at present: its constituents, one stock's weight, counts, sums, and two ETFs side by side."""

from __future__ import annotations

from agent.answer import Table
from agent.reading import wording
from agent.reading.conditions import Condition, Unclear, conditions, direction, limit, rank
from agent.reading.plan import Plan, Query, Reply, Steps, literal, literals, table
from agent.reading.question import Reader, Subject
from backend.graph.client import Result

_MEASURES = {
    "weight": "weight",
    "percent_word": "weight",
    "hold": "weight",
    "stock": "weight",
    "stock_word": "weight",
    "holdings": "weight",
}
_TOP = 10
_ALL = 1000
_KINDS = {"cash": ("cash", "현금"), "bond": ("bond", "채권"), "derivative": ("derivative", "파생")}


def read(reader: Reader) -> Plan | None:
    """Constituents of one or more ETFs; None when the question is about something else."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    every = [token.value for token in reader.find("etf")]
    if not every or reader.has(
        "buy", "sell", "new", "out", "increase", "decrease", "trade", "drop_or_without", "date", "trend", "first_time", "fee", "price",
        "nav", "premium", "return", "listed", "manager", "company", "index_word", "cost", "invest", "former", "renamed", "volume",
    ):  # fmt: skip
        return None
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    if reader.has("similar"):
        return _similar(reader, etfs)
    if len(every) == 2 and (reader.has("overlap", "both") or (reader.has("together") and not stocks)) and not stocks:
        return _overlap(reader, etfs)
    if (
        len(every) == 2
        and not stocks
        and (reader.has("without", "negated", "absent", "only") and reader.has("hold", "stock_word", "holdings"))
    ):
        return _difference(reader, every)
    if stocks:
        return _weights(reader, etfs, stocks)
    if len(etfs) == 1 and not reader.has("aum", "asset_class"):
        return _constituents(reader, etfs[0])
    if reader.has("count", "concentration", "sum") and reader.has("stock_word", "holdings", "concentration"):
        return _counts(reader, etfs)
    return None


def _similar(reader: Reader, etfs: list[Subject]) -> Plan | None:
    if len(etfs) != 1:
        return None
    reader.subjects("etf")
    count, _ = limit(reader, _TOP)
    direction(reader)
    reader.take("similar", "hold", "holdings", "stock_word", "overlap", "list", "all", "weight", "exist", "index_word")
    return Plan("similar", lambda: _similar_steps(etfs[0], count or _TOP, reader.question.english))


def _similar_steps(etf: Subject, count: int, english: bool) -> Steps:
    result = yield Query(
        "MATCH (a:ETF)-[x:HOLDS]->(s)<-[y:HOLDS]-(b:ETF)\n"
        f"WHERE a.code = {literal(etf.key)} AND b.code <> {literal(etf.key)} AND label(s) <> 'Asset'\n"
        "  AND x.weight IS NOT NULL AND y.weight IS NOT NULL\n"
        "WITH b, CASE WHEN x.weight < y.weight THEN x.weight ELSE y.weight END AS shared\n"
        "WITH b, sum(shared) AS overlap, count(*) AS common\n"
        f"RETURN b.name AS ETF, b.code AS `{'code' if english else '코드'}`, "
        f"round(overlap, 2) AS `{'overlap (%)' if english else '겹치는 비중(%)'}`, common AS `{'common' if english else '공통 종목 수'}`\n"
        f"ORDER BY overlap DESC, b.code\nLIMIT {count}"
    )
    if not result.rows:
        return Reply(f"{etf.name}의 주식 구성종목 자료가 없어 비슷한 ETF를 찾을 수 없습니다.")
    name, _, overlap, common = result.rows[0]
    if english:
        text = f"The ETF most similar to {etf.name} is **{name}**: {overlap:.2f}% of weight overlaps in {common} common holdings."
    else:
        text = (f"{wording.with_particle(etf.name, '과와')} 가장 비슷한 ETF는 **{name}**입니다. 구성 비중이 {overlap:.2f}% 겹치고 "
                f"공통 종목이 {common}개입니다.")  # fmt: skip
    return Reply(text, [table(f"{etf.name}: {'similar ETFs' if english else '비슷한 ETF'}", result)])


def _overlap(reader: Reader, etfs: list[Subject]) -> Plan | None:
    count_asked = reader.has("count")
    lists = reader.has("stock_word", "holdings") or reader.has("what")
    reader.subjects("etf")
    count, _ = limit(reader, None)
    direction(reader)
    reader.take("overlap", "both", "together", "hold", "stock_word", "holdings", "weight", "percent_word", "count", "compare", "exist",
                "list", "all", "sum", "same", "how_much", "total")  # fmt: skip
    one, other = etfs
    return Plan("overlap", lambda: _overlap_steps(one, other, count, count_asked, lists, reader.question.english))


def _overlap_steps(
    one: Subject, other: Subject, count: int | None, count_asked: bool, lists: bool, english: bool
) -> Steps:
    result = yield Query(
        "MATCH (a:ETF)-[x:HOLDS]->(s)<-[y:HOLDS]-(b:ETF)\n"
        f"WHERE a.code = {literal(one.key)} AND b.code = {literal(other.key)} AND label(s) <> 'Asset'\n"
        f"RETURN s.name AS `{'stock' if english else '종목'}`, s.code AS `{'code' if english else '종목코드'}`, "
        f"x.weight AS `{one.name} (%)`, y.weight AS `{other.name} (%)`, "
        "CASE WHEN x.weight < y.weight THEN x.weight ELSE y.weight END AS `min(%)`\n"
        f"ORDER BY CASE WHEN x.weight < y.weight THEN x.weight ELSE y.weight END IS NULL, "
        f"CASE WHEN x.weight < y.weight THEN x.weight ELSE y.weight END DESC, s.code\nLIMIT {_ALL}"
    )
    overlap = sum(row[4] or 0 for row in result.rows)
    common = len(result.rows)
    pair = f"{wording.with_particle(one.name, '과와')} {other.name}"
    if not common:
        return Reply(f"{wording.with_particle(pair, '은는')} 공통으로 담은 종목이 없습니다. 겹치는 비중은 0.00%입니다.")
    shown = table(f"{pair}의 공통 종목" if not english else f"{one.name} and {other.name}", result)
    if count:
        shown.rows[:] = shown.rows[:count]
    names = wording.listed([row[0] for row in result.rows], count or 5, english)
    if english:
        return Reply(
            f"{one.name} and {other.name} overlap by **{overlap:.2f}%** of weight in **{common}** common holdings: {names}.",
            [shown],
        )
    if count_asked or lists:
        text = (
            f"{pair}의 공통 종목은 **{common}개**이고, 겹치는 비중은 **{overlap:.2f}%**입니다. 주요 공통 종목: {names}."
        )
    else:
        text = f"{wording.with_particle(pair, '은는')} 구성 비중이 **{overlap:.2f}%** 겹칩니다. 공통 종목은 {common}개입니다: {names}."
    return Reply(text, [shown])


def _difference(reader: Reader, etfs: list[Subject]) -> Plan | None:
    tokens = reader.find("etf")
    denied = [token for token in tokens if token.negative]
    if len(denied) == 1:
        inside = next(token.value for token in tokens if not token.negative)
        outside = denied[0].value
    elif not denied and reader.has("only") and tokens[0].particle.endswith("만"):
        inside, outside = tokens[0].value, tokens[1].value
    elif not denied and reader.has("only") and tokens[1].particle.endswith("만"):
        inside, outside = tokens[1].value, tokens[0].value
    else:
        return None
    count, _ = limit(reader, None)
    direction(reader)
    counted = reader.take("count")
    reader.subjects("etf", negative=None)
    reader.take(
        "without", "negated", "absent", "only", "hold", "stock_word", "holdings", "exist", "list", "all", "weight"
    )
    return Plan("difference", lambda: _difference_steps(inside, outside, count, counted))


def _difference_steps(inside: Subject, outside: Subject, count: int | None, counted: bool) -> Steps:
    result = yield Query(
        "MATCH (a:ETF)-[h:HOLDS]->(s:Stock)\n"
        f"WHERE a.code = {literal(inside.key)}\n"
        f"  AND NOT EXISTS {{ MATCH (b:ETF)-[:HOLDS]->(s) WHERE b.code = {literal(outside.key)} }}\n"
        "RETURN s.name AS 종목, s.code AS 종목코드, h.weight AS `비중(%)`, h.date AS 기준일\n"
        f"ORDER BY h.weight IS NULL, h.weight DESC, s.code\nLIMIT {count or _ALL}"
    )
    title = f"{inside.name}에는 있고 {outside.name}에는 없는 종목"
    if not result.rows:
        return Reply(f"{title}은 없습니다.")
    names = wording.listed([row[0] for row in result.rows])
    return Reply(f"{title}은 **{len(result.rows)}개**입니다: {names}.", [table(title, result)])


def _weights(reader: Reader, etfs: list[Subject], stocks: list[Subject]) -> Plan | None:
    """The weight of named stocks in named ETFs, whether they are held, their place, and their sum."""
    if reader.has("etf_word") and reader.find("etf")[0].particle.startswith(("을", "를")):
        return None
    if any(token.value.operator for token in reader.quantities("percent", "count")):
        return None
    added = reader.take("sum")
    placed = reader.take("rank") or any(True for _ in reader.quantities("rank") if rank(reader))
    shares = reader.take("quantity_held")
    if len(etfs) > 1:
        direction(reader)
    elif reader.has("big", "small", "most"):
        if not reader.has("compare", "among") and len(stocks) < 2:
            big = reader.find("big")
            if len(big) != 1 or not reader.has("how_much", "exist", "rank"):
                return None
        direction(reader)
    reader.subjects("etf")
    reader.subjects("stock")
    reader.take("hold", "weight", "percent_word", "exist", "compare", "stock_word", "holdings", "both", "together", "absent", "buy_no", "now",
                "all", "etf_word", "without_no", "best_word", "total", "either", "same")  # fmt: skip
    return Plan("weight", lambda: _weight_steps(etfs, stocks, added, placed, shares, reader.question.english))


def _weight_steps(
    etfs: list[Subject], stocks: list[Subject], added: bool, placed: bool, shares: bool, english: bool
) -> Steps:
    codes = [code for stock in stocks for code in stock.keys]
    result = yield Query(
        "MATCH (e:ETF)-[h:HOLDS]->(s:Stock)\n"
        f"WHERE e.code IN {literals(etf.key for etf in etfs)} AND s.code IN {literals(codes)}\n"
        f"RETURN e.name AS ETF, s.name AS `{'stock' if english else '종목'}`, s.code AS `{'code' if english else '종목코드'}`, "
        f"h.weight AS `{'weight (%)' if english else '비중(%)'}`, h.shares AS `{'shares per CU' if english else 'CU당 수량'}`, "
        f"h.date AS `{'date' if english else '기준일'}`, e.code AS `ETF {'code' if english else '코드'}`\n"
        "ORDER BY h.weight IS NULL, h.weight DESC, e.code, s.code"
    )
    title = f"{', '.join(e.name for e in etfs)}: {', '.join(s.name for s in stocks)}"
    tables = [table(title, result)]
    if placed and len(etfs) == 1 and len(stocks) == 1 and result.rows:
        return (yield from _place(etfs[0], stocks[0], result, tables))
    sentences = []
    for etf in etfs:
        for stock in stocks:
            rows = [row for row in result.rows if row[6] == etf.key and row[2] in stock.keys]
            sentences.append(_held_sentence(etf, stock, rows, shares, english))
    known = [row[3] for row in result.rows if row[3] is not None]
    if added and len(stocks) * len(etfs) > 1:
        total = (
            f"두 종목을 더한 비중은 **{sum(known):.2f}%**입니다."
            if len(stocks) == 2
            else f"모두 더한 비중은 **{sum(known):.2f}%**입니다."
        )
        sentences.insert(0, total if not english else f"Together they weigh **{sum(known):.2f}%**.")
    elif len(result.rows) > 1 and len(known) > 1 and (len(etfs) > 1 or len(stocks) > 1):
        top = result.rows[0]
        lead = top[0] if len(etfs) > 1 else top[1]
        sentences.insert(
            0,
            f"비중이 더 큰 쪽은 **{lead}**({top[3]:.2f}%)입니다."
            if not english
            else f"**{lead}** weighs more ({top[3]:.2f}%).",
        )
    return Reply(" ".join(sentences), tables if result.rows else [])


def _held_sentence(etf: Subject, stock: Subject, rows: list[tuple], shares: bool, english: bool) -> str:
    if not rows:
        if english:
            return f"**No**: {etf.name} does not hold {stock.name}."
        return f"{wording.with_particle(etf.name, '은는')} 최신 구성종목에 {wording.with_particle(stock.name, '을를')} **담고 있지 않습니다**."
    weights = [row[3] for row in rows if row[3] is not None]
    if shares:
        held = wording.number(sum(row[4] or 0 for row in rows))
        return f"{wording.with_particle(etf.name, '은는')} {wording.with_particle(stock.name, '을를')} 설정단위(CU)당 **{held}주** 담고 있습니다."
    if not weights:
        return f"{wording.with_particle(etf.name, '은는')} {wording.with_particle(stock.name, '을를')} 담고 있지만 비중 자료가 없습니다."
    if english:
        return f"{etf.name} holds {stock.name} at **{sum(weights):.2f}%**."
    return f"{etf.name}의 {stock.name} 비중은 **{sum(weights):.2f}%**입니다."


def _place(etf: Subject, stock: Subject, found: Result, tables: list[Table]) -> Steps:
    weight = found.rows[0][3]
    if weight is None:
        return Reply(f"{etf.name}에서 {stock.name}의 비중 자료가 없어 순위를 매길 수 없습니다.", tables)
    result = yield Query(
        "MATCH (e:ETF)-[h:HOLDS]->(s:Stock)\n"
        f"WHERE e.code = {literal(etf.key)} AND h.weight > {literal(weight)}\n"
        "RETURN count(s) AS `더 큰 종목 수`"
    )
    place = result.rows[0][0] + 1
    return Reply(
        f"{wording.with_particle(stock.name, '은는')} {etf.name}에서 비중이 **{place}번째**로 큰 종목입니다({weight:.2f}%).",
        tables,
    )


def _constituents(reader: Reader, etf: Subject) -> Plan | None:
    """What one ETF holds: the top, all, a number, a sum, those above a weight, or one kind of asset."""
    asked = reader.has(
        "holdings",
        "stock_word",
        "hold",
        "weight",
        "concentration",
        "etf_held",
        "cash",
        "bond",
        "derivative",
        "percent_word",
        "korean_stock",
        "foreign_stock",
        "industry_word",
    ) or (  # fmt: skip
        len(reader.find("etf_word")) and reader.has("hold")
    )
    if not asked or reader.has(
        "where", "region", "leverage_type", "isin", "replication", "attribute_all", "asset_class"
    ):
        return None
    token = reader.find("etf")[0]
    if reader.has("etf_word") and token.particle.startswith(("을", "를")):
        return None
    reader.subjects("etf")
    if reader.take("industry_word"):
        reader.take("weight", "hold", "holdings", "stock_word", "sum", "list")
        return Plan("industries", lambda: _industry_steps(etf))
    weight = conditions(reader, _MEASURES, {"percent": "weight", "number": "weight"})
    kind = next((name for name in ("cash", "bond", "derivative", "etf_held") if reader.take(name)), None)
    if kind is None and reader.has("etf_word") and reader.has("hold"):
        reader.take("etf_word")
        kind = "etf_held"
    concentrated, counted, added = reader.take("concentration"), reader.take("count"), reader.take("sum")
    place = rank(reader)
    count, said = limit(reader, None)
    one_and_two = reader.has("rank_one")
    descending = direction(reader)
    everything = reader.take("all", "both")
    reader.take("holdings", "stock_word", "hold", "weight", "percent_word", "list", "exist", "rank", "total", "only", "code", "name", "together",
                "equity_class", "average_no", "now")  # fmt: skip
    english = reader.question.english
    if counted and not said:
        return Plan("holding_count", lambda: _count_steps(etf, kind, weight, english))
    if (
        concentrated
        or (added and (said or descending is not None or kind or everything or weight))
        or (added and not weight)
    ):
        return Plan(
            "concentration",
            lambda: _sum_steps(etf, kind, weight, count, concentrated or descending is not None or said, english),
        )
    if place:
        return Plan(
            "holding_rank", lambda: _list_steps(etf, kind, weight, 1, place - 1, descending, english, single=True)
        )
    single = one_and_two and not said
    if descending is None and not said and not weight:
        rows = _ALL
    else:
        rows = count or (_ALL if weight or everything else _TOP)
    return Plan(
        "top_holdings" if rows != _ALL else "all_holdings",
        lambda: _list_steps(etf, kind, weight, rows, 0, descending, english, single=single),
    )


def _matched(etf: Subject, kind: str | None, weight: list[Condition], everything: bool = False) -> list[str]:
    label = ":ETF" if kind == "etf_held" else ":Asset" if kind in _KINDS else "" if everything else ":Stock"
    wheres = [f"e.code = {literal(etf.key)}"]
    if kind in _KINDS:
        wheres.append(f"s.kind = {literal(_KINDS[kind][0])}")
    wheres += [condition.cypher("h.weight") for condition in weight]
    return [f"MATCH (e:ETF)-[h:HOLDS]->(s{label})", "WHERE " + " AND ".join(wheres)]


def _list_steps(
    etf: Subject,
    kind: str | None,
    weight: list[Condition],
    rows: int,
    skip: int,
    descending: bool | None,
    english: bool,
    *,
    single: bool,
) -> Steps:
    everything = rows == _ALL and not weight and kind is None
    names = (
        ("holding", "code", "kind", "weight (%)", "shares per CU", "date")
        if english
        else ("종목", "종목코드", "종류", "비중(%)", "CU당 수량", "기준일")
    )
    way = "ASC" if descending is False else "DESC"
    sorted_by = ["ORDER BY h.weight IS NULL, h.weight " + way + ", s.code"]
    lines = _matched(etf, kind, weight, everything)
    if descending is False:
        lines[1] += " AND h.weight IS NOT NULL"
    result = yield Query("\n".join([
        *lines,
        f"RETURN s.name AS `{names[0]}`, s.code AS `{names[1]}`, label(s) AS `{names[2]}`, h.weight AS `{names[3]}`, "
        f"h.shares AS `{names[4]}`, h.date AS `{names[5]}`",
        *sorted_by, *([f"SKIP {skip}"] if skip else []), f"LIMIT {rows}",
    ]))  # fmt: skip
    what = {"cash": "현금성 자산", "bond": "채권", "derivative": "파생상품", "etf_held": "ETF"}.get(kind or "", "종목")
    if not result.rows:
        return (yield from _nothing_held(etf, what if kind or weight else ""))
    first = result.rows[0]
    listed = [f"{row[0]} {wording.percent(row[3])}" if row[3] is not None else str(row[0]) for row in result.rows]
    title = f"{etf.name} 구성종목" if not english else f"{etf.name} holdings"
    shown = [table(title, result)]
    if english:
        lead = f"the largest is **{first[0]}** ({wording.percent(first[3])})"
        text = f"{etf.name}: {len(result.rows)} holdings, {lead}. {wording.listed(listed, 10, True)}."
    elif skip:
        text = f"{etf.name}에서 비중이 {skip + 1}번째로 큰 종목은 **{first[0]}**({wording.percent(first[3])})입니다."
    elif single:
        smallest = "작은" if descending is False else "큰"
        text = f"{etf.name}에서 비중이 가장 {smallest} 종목은 **{first[0]}**({wording.percent(first[3])})입니다."
    elif weight:
        text = f"{etf.name}에서 조건에 맞는 {wording.with_particle(what, '은는')} **{len(result.rows)}개**입니다: {wording.listed(listed, 10)}."
    elif everything:
        stocks = sum(row[2] == "Stock" for row in result.rows)
        text = (f"{wording.with_particle(etf.name, '은는')} 모두 **{len(result.rows)}개** 자산(주식 {stocks}종목)을 담고 있습니다. "
                f"비중이 큰 순서로 {wording.listed(listed, 10)}.")  # fmt: skip
    else:
        smallest = "작은" if descending is False else "큰"
        text = f"{etf.name}에서 비중이 {smallest} {what} {len(result.rows)}개: {wording.listed(listed, 10)}."
    return Reply(text, shown)


def _nothing_held(etf: Subject, what: str) -> Steps:
    known = yield Query(f"MATCH (e:ETF)-[h:HOLDS]->(s)\nWHERE e.code = {literal(etf.key)}\nRETURN count(s) AS 자산")
    if known.rows[0][0] == 0:
        return Reply(f"{etf.name}의 구성종목 자료가 없습니다.", status="refused")
    return Reply(
        f"{wording.with_particle(etf.name, '은는')} 최신 구성종목에 {'조건에 맞는 ' if what == '종목' else ''}{what or '주식'} 항목이 없습니다."
    )


def _count_steps(etf: Subject, kind: str | None, weight: list[Condition], english: bool) -> Steps:
    lines = _matched(etf, kind, weight)
    result = yield Query(
        "\n".join(
            [
                *lines,
                f"RETURN count(DISTINCT s.code) AS `{'count' if english else '종목 수'}`, max(h.date) AS `{'date' if english else '기준일'}`",
            ]
        )
    )
    count = result.rows[0][0] if result.rows else 0
    what = {"cash": "현금성 자산", "bond": "채권", "derivative": "파생상품", "etf_held": "ETF"}.get(kind or "", "주식")
    if not count:
        return (yield from _nothing_held(etf, what if kind or weight else "주식"))
    if english:
        return Reply(f"{etf.name} holds **{count}** {'stocks' if not kind else kind}.", [table(etf.name, result)])
    note = " (현금·채권·파생 제외)" if kind is None else ""
    return Reply(
        f"{wording.with_particle(etf.name, '은는')} {wording.with_particle(what, '을를')} **{count}종목** 담고 있습니다{note}.",
        [table(f"{etf.name} 종목 수", result)],
    )


def _sum_steps(
    etf: Subject, kind: str | None, weight: list[Condition], count: int | None, top: bool, english: bool
) -> Steps:
    number = count or (_TOP if top and not kind and not weight else None)
    lines = _matched(etf, kind, weight)
    lines[1] += " AND h.weight IS NOT NULL"
    cut = ["WITH e, h, s", "ORDER BY h.weight DESC, s.code", f"LIMIT {number}"] if number else []
    names = ("stocks", "total weight (%)", "date") if english else ("종목 수", "비중 합(%)", "기준일")
    result = yield Query(
        "\n".join(
            [
                *lines,
                *cut,
                f"RETURN count(s) AS `{names[0]}`, round(sum(h.weight), 2) AS `{names[1]}`, max(h.date) AS `{names[2]}`",
            ]
        )
    )
    found, total, _ = result.rows[0]
    if not found:
        return (
            yield from _nothing_held(
                etf,
                {"cash": "현금성 자산", "bond": "채권", "derivative": "파생상품", "etf_held": "ETF"}.get(
                    kind or "", ""
                ),
            )
        )
    what = (
        f"상위 {found}종목"
        if number
        else {"cash": "현금성 자산", "bond": "채권", "derivative": "파생상품", "etf_held": "ETF"}.get(
            kind or "", f"주식 {found}종목"
        )
    )
    if english:
        return Reply(
            f"The {'top ' if number else ''}{found} holdings of {etf.name} add up to **{total:.2f}%**.",
            [table(etf.name, result)],
        )
    return Reply(
        f"{etf.name}의 {what} 비중을 더하면 **{total:.2f}%**입니다.", [table(f"{etf.name} {what} 비중 합", result)]
    )


def _industry_steps(etf: Subject) -> Steps:
    result = yield Query(
        "MATCH (e:ETF)-[h:HOLDS]->(s:Stock)-[:IN_INDUSTRY]->(i:Industry)\n"
        f"WHERE e.code = {literal(etf.key)}\n"
        "WITH i, sum(h.weight) AS weight, count(s) AS stocks\n"
        "RETURN i.name AS 업종, round(weight, 2) AS `비중(%)`, stocks AS `종목 수`\nORDER BY weight DESC, i.name"
    )
    if not result.rows:
        return Reply(f"{etf.name}의 구성종목에는 업종 자료가 있는 종목이 없습니다.", status="refused")
    name, weight, _ = result.rows[0]
    return Reply(f"{etf.name}에서 비중이 가장 큰 업종은 **{name}**({weight:.2f}%)입니다. 업종 자료가 있는 국내 주식만 더했습니다.",
                 [table(f"{etf.name} 업종별 비중", result)])  # fmt: skip


def _counts(reader: Reader, etfs: list[Subject]) -> Plan | None:
    """Several ETFs' numbers of stocks or concentration, side by side."""
    if reader.has("sum") and not reader.has("concentration"):
        raise Unclear("비중의 합은 ETF 하나씩 물어봐 주세요.")
    concentrated = reader.take("concentration")
    reader.subjects("etf")
    count, _ = limit(reader, _TOP)
    direction(reader)
    reader.take("count", "stock_word", "holdings", "hold", "compare", "weight", "sum", "exist")
    return Plan("holding_counts", lambda: _counts_steps(etfs, concentrated, count or _TOP))


def _counts_steps(etfs: list[Subject], concentrated: bool, count: int) -> Steps:
    rows = []
    for etf in etfs:
        cut = f"WITH e, h, s\nORDER BY h.weight DESC, s.code\nLIMIT {count}\n" if concentrated else ""
        value = "round(sum(h.weight), 2)" if concentrated else "count(DISTINCT s.code)"
        known = " AND h.weight IS NOT NULL" if concentrated else ""
        result = yield Query(
            f"MATCH (e:ETF)-[h:HOLDS]->(s:Stock)\nWHERE e.code = {literal(etf.key)}{known}\n{cut}RETURN {value} AS 값"
        )
        rows.append([etf.name, etf.key, result.rows[0][0]])
    rows.sort(key=lambda row: -(row[2] or 0))
    column = f"상위 {count}종목 비중(%)" if concentrated else "종목 수"
    said = ", ".join(f"{row[0]} {row[2]:.2f}%" if concentrated else f"{row[0]} {row[2]}종목" for row in rows)
    return Reply(
        f"{said}. 더 {'집중된' if concentrated else '많은'} 쪽은 **{rows[0][0]}**입니다.",
        [Table(column, ["ETF", "코드", column], rows)],
    )
