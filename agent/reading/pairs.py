"""Questions about baskets side by side: overlap, what only one of two ETFs holds, similar ETFs, and counts compared."""

from __future__ import annotations

from agent.answer import Table
from agent.reading import wording
from agent.reading.conditions import direction, limit
from agent.reading.holdings import ALL, OTHERS, TOP
from agent.reading.plan import Plan, Query, Reply, Steps, literal, table
from agent.reading.question import Reader, Subject

_LESS = "CASE WHEN x.weight < y.weight THEN x.weight ELSE y.weight END"


def read(reader: Reader) -> Plan | None:
    """Two baskets or many compared; None when the question is about something else."""
    every = reader.find("etf")
    etfs = [token.value for token in every if not token.negative]
    if not every or reader.find("stock", "company", "tag", "index") or reader.has(*OTHERS):
        return None
    if len(every) == 1 and etfs and (reader.has("similar") or (reader.has("overlap") and reader.has("etf_word"))):
        return _similar(reader, etfs[0])
    if reader.has("fee", "aum"):
        return None
    alike = reader.has("overlap", "both", "similar", "same", "together")
    if len(every) == 2 and len(etfs) == 2 and alike and (reader.has("overlap") or not reader.has("stock_count")):
        return _overlap(reader, etfs[0], etfs[1])
    only = reader.has("without", "absent", "only") or any(token.negative for token in every)
    if len(every) == 2 and only and reader.has("hold", "stock_word", "holdings"):
        return _difference(reader)
    if len(etfs) > 1 and reader.has("stock_count", "concentration", "count"):
        return _counts(reader, etfs)
    return None


def _similar(reader: Reader, etf: Subject) -> Plan:
    reader.subjects("etf")
    count, _ = limit(reader, TOP)
    cheap = ("싼", "저렴", "싸", "cheap")
    cheaper = reader.take("fee") or any(token.text.startswith(cheap) for token in reader.find("small"))
    if cheaper:
        reader.take("compare", "cost")
    direction(reader)
    reader.take(
        "similar", "without", "negated", "other", "etf_held", "buy", "hold", "holdings", "stock_word", "overlap", "list", "all", "weight", "exist", "both",
        "together", "etf_word",
    )  # fmt: skip
    return Plan("similar", lambda: _similar_steps(etf, count or TOP, cheaper, reader.question.english))


def _similar_steps(etf: Subject, count: int, cheaper: bool, english: bool) -> Steps:
    names = ("코드", "겹치는 비중(%)", "공통 종목 수", "총보수(연 %)")
    if english:
        names = ("code", "overlap (%)", "common", "fee (% a year)")
    lines = [
        "MATCH (a:ETF)-[x:HOLDS]->(s)<-[y:HOLDS]-(b:ETF)",
        f"WHERE a.code = {literal(etf.key)} AND b.code <> {literal(etf.key)} AND label(s) <> 'Asset'",
        "  AND x.weight IS NOT NULL AND y.weight IS NOT NULL",
        *(["  AND b.fee < a.fee"] if cheaper else []),
        f"WITH b, {_LESS} AS shared",
        "WITH b, sum(shared) AS overlap, count(*) AS common",
        f"RETURN b.name AS ETF, b.code AS `{names[0]}`, round(overlap, 2) AS `{names[1]}`, common AS `{names[2]}`, "
        f"b.fee AS `{names[3]}`",
        "ORDER BY overlap DESC, b.code",
        f"LIMIT {count}",
    ]
    result = yield Query("\n".join(lines))
    if not result.rows:
        text = f"{etf.name}의 주식 구성종목 자료가 없거나 겹치는 ETF가 없어 비슷한 ETF를 찾을 수 없습니다."
        return Reply(text if not english else f"No ETF overlaps with {etf.name}.", status="refused")
    name, _, overlap, common, _ = result.rows[0]
    shown = [table(f"{etf.name}: {'similar ETFs' if english else '비슷한 ETF'}", result)]
    if english:
        text = f"The ETF most similar to {etf.name} is **{name}**: {overlap:.2f}% overlaps in {common} common holdings."
        return Reply(text, shown)
    which = " 보수가 더 낮은" if cheaper else ""
    alike = f"{wording.with_particle(etf.name, '과와')} 가장 비슷한{which} ETF는 **{name}**입니다."
    return Reply(f"{alike} 구성 비중이 {overlap:.2f}% 겹치고 공통 종목이 {common}개입니다.", shown)


def _overlap(reader: Reader, one: Subject, other: Subject) -> Plan:
    lists = reader.has("stock_word", "holdings", "count") or reader.take("stock_count")
    reader.subjects("etf")
    count, _ = limit(reader, None)
    direction(reader)
    reader.take(
        "overlap", "both", "together", "similar", "same", "buy", "etf_word", "hold", "stock_word", "holdings", "weight",
        "percent_word", "count", "compare", "exist", "list", "all", "sum", "main",
    )  # fmt: skip
    return Plan("overlap", lambda: _overlap_steps(one, other, count, lists, reader.question.english))


def _overlap_steps(one: Subject, other: Subject, count: int | None, lists: bool, english: bool) -> Steps:
    names = ("stock", "code") if english else ("종목", "종목코드")
    result = yield Query(
        "MATCH (a:ETF)-[x:HOLDS]->(s)<-[y:HOLDS]-(b:ETF)\n"
        f"WHERE a.code = {literal(one.key)} AND b.code = {literal(other.key)} AND label(s) <> 'Asset'\n"
        f"RETURN s.name AS `{names[0]}`, s.code AS `{names[1]}`, x.weight AS `{one.name} (%)`, "
        f"y.weight AS `{other.name} (%)`, {_LESS} AS `min(%)`\n"
        f"ORDER BY {_LESS} IS NULL, {_LESS} DESC, s.code\nLIMIT {ALL}"
    )
    pair = f"{wording.with_particle(one.name, '과와')} {other.name}"
    overlap, common = sum(row[4] or 0 for row in result.rows), len(result.rows)
    if not common:
        if english:
            return Reply(f"{one.name} and {other.name} have nothing in common: the overlap is 0.00%.")
        return Reply(f"{wording.with_particle(pair, '은는')} 공통으로 담은 종목이 없습니다. 겹치는 비중은 0.00%입니다.")
    shown = table(f"{pair}의 공통 종목" if not english else f"{one.name} and {other.name}", result)
    shown.rows[:] = shown.rows[: count or ALL]
    listed = wording.listed([row[0] for row in result.rows], count or 5, english)
    if english:
        text = f"{one.name} and {other.name} overlap by **{overlap:.2f}%** of weight in **{common}** common holdings"
    elif lists:
        text = f"{pair}의 공통 종목은 **{common}개**이고, 겹치는 비중은 **{overlap:.2f}%**입니다"
    else:
        alike = wording.with_particle(pair, "은는")
        text = f"{alike} 구성 비중이 **{overlap:.2f}%** 겹칩니다. 공통 종목은 {common}개입니다"
    return Reply(f"{text}: {listed}.", [shown])


def _difference(reader: Reader) -> Plan | None:
    tokens = reader.find("etf")
    denied = [token for token in tokens if token.negative]
    if len(denied) == 1:
        inside, outside = next(token.value for token in tokens if not token.negative), denied[0].value
    elif not denied and tokens[0].particle.endswith("만"):
        inside, outside = tokens[0].value, tokens[1].value
    elif not denied and tokens[1].particle.endswith("만"):
        inside, outside = tokens[1].value, tokens[0].value
    else:
        return None
    count, _ = limit(reader, None)
    direction(reader)
    counted = reader.take("count", "stock_count")
    reader.subjects("etf", negative=None)
    reader.take(
        "without", "negated", "absent", "only", "hold", "stock_word", "holdings", "exist", "list", "all", "weight", "compare",
    )  # fmt: skip
    return Plan("difference", lambda: _difference_steps(inside, outside, count, counted))


def _difference_steps(inside: Subject, outside: Subject, count: int | None, counted: bool) -> Steps:
    result = yield Query(
        "MATCH (a:ETF)-[h:HOLDS]->(s:Stock)\n"
        f"WHERE a.code = {literal(inside.key)}\n"
        f"  AND NOT EXISTS {{ MATCH (b:ETF)-[:HOLDS]->(s) WHERE b.code = {literal(outside.key)} }}\n"
        "RETURN s.name AS 종목, s.code AS 종목코드, h.weight AS `비중(%)`, h.date AS 기준일\n"
        f"ORDER BY h.weight IS NULL, h.weight DESC, s.code\nLIMIT {ALL if counted else count or ALL}"
    )
    title = f"{inside.name}에는 있고 {outside.name}에는 없는 종목"
    if not result.rows:
        return Reply(f"{title}은 없습니다.")
    listed = wording.listed([row[0] for row in result.rows])
    return Reply(f"{title}은 **{len(result.rows)}개**입니다: {listed}.", [table(title, result)])


def _counts(reader: Reader, etfs: list[Subject]) -> Plan | None:
    """Several ETFs' numbers of stocks or concentration, side by side."""
    concentrated = reader.take("concentration")
    reader.subjects("etf")
    count, _ = limit(reader, TOP)
    smallest = direction(reader) is False
    reader.take("count", "stock_count", "stock_word", "holdings", "hold", "compare", "weight", "sum", "exist", "where")
    return Plan("holding_counts", lambda: _counts_steps(etfs, concentrated, count or TOP, smallest))


def _counts_steps(etfs: list[Subject], concentrated: bool, count: int, smallest: bool) -> Steps:
    rows = []
    for etf in etfs:
        lines = ["MATCH (e:ETF)-[h:HOLDS]->(s:Stock)", f"WHERE e.code = {literal(etf.key)}"]
        if concentrated:
            lines[1] += " AND h.weight IS NOT NULL"
            lines += ["WITH h, s", "ORDER BY h.weight DESC, s.code", f"LIMIT {count}"]
        value = "round(sum(h.weight), 2)" if concentrated else "count(DISTINCT s.code)"
        result = yield Query("\n".join([*lines, f"RETURN {value} AS 값"]))
        rows.append([etf.name, etf.key, result.rows[0][0]])
    rows.sort(key=lambda row: row[2] or 0, reverse=not smallest)
    column = f"상위 {count}종목 비중(%)" if concentrated else "종목 수"
    said = ", ".join(f"{row[0]} {row[2]:.2f}%" if concentrated else f"{row[0]} {row[2]}종목" for row in rows)
    more = ("덜" if smallest else "더") + " 집중된" if concentrated else "적은" if smallest else "많은"
    return Reply(f"{more} 쪽은 **{rows[0][0]}**입니다: {said}.", [Table(column, ["ETF", "코드", column], rows)])
