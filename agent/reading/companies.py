"""Questions whose answer is managers: ranked by their ETFs, counted, or those behind a stock's holders."""

from __future__ import annotations

from agent.reading import wording
from agent.reading.conditions import direction, limit, singular
from agent.reading.filters import select
from agent.reading.plan import Plan, Query, Reply, Steps, table
from agent.reading.question import Reader
from agent.reading.selection import Selection

_ALL = 1000


def read(reader: Reader) -> Plan | None:
    """Managers by number, size or fee of their ETFs; None when managers are not what is asked for."""
    wanted = reader.has("manager") or (reader.has("where") and reader.has("etf_word", "hold"))
    if not wanted or reader.find("etf", "company") or reader.has("buy", "sell", "new", "out", "increase", "decrease", "trade", "date", "return"):
        return None
    stocks = reader.find("stock")
    one = singular(reader)
    count, said = limit(reader, None)
    counted_managers = _counts_managers(reader)
    ordered = direction(reader)
    measure = "aum" if reader.take("aum", "market_cap") else "fee" if reader.take("fee") else "etfs"
    averaged = reader.take("average")
    chosen = select(reader)
    reader.take("manager", "where", "manage", "etf_word", "count", "hold", "exist", "list", "rank", "all", "sum", "weight", "stock_word", "by_group", "name",
                "compare", )  # fmt: skip
    if counted_managers:
        return Plan("companies_count", lambda: _count(chosen, reader.question.english))
    if measure == "fee" and not averaged and ordered is None:
        averaged = True
    descending = ordered is not False
    return Plan("companies", lambda: _steps(chosen, measure, descending, count, one and not said, bool(stocks), reader.question.english))


def _counts_managers(reader: Reader) -> bool:
    """`운용사가 몇 곳이야`: the count stands behind the managers and no ETF between them."""
    manager, count = reader.position("manager"), reader.position("count")
    if manager < 0 or count < 0 or count < manager:
        return False
    return not any(token.kind == "etf_word" for token in reader.tokens[manager:count])


def _count(chosen: Selection, english: bool) -> Steps:
    result = yield Query(f"{chosen.cypher()}\nMATCH (e)-[:MANAGED_BY]->(m:Company)\nRETURN count(DISTINCT m.name) AS `{'managers' if english else '운용사 수'}`")
    count = result.rows[0][0] if result.rows else 0
    if english:
        return Reply(f"There are **{count}** managers of {chosen.described()}.", [table("managers", result)])
    return Reply(f"{wording.with_particle(chosen.described(), '을를')} 운용하는 회사는 **{count}곳**입니다.", [table("운용사 수", result)])


def _steps(chosen: Selection, measure: str, descending: bool, count: int | None, single: bool, held: bool, english: bool) -> Steps:
    order = {"etfs": "etfs", "aum": "aum", "fee": "fee"}[measure]
    result = yield Query(
        f"{chosen.cypher()}\nMATCH (e)-[:MANAGED_BY]->(m:Company)\n"
        "WITH m, count(DISTINCT e.code) AS etfs, sum(e.aum) AS aum, avg(e.fee) AS fee\n"
        f"RETURN m.name AS `{'manager' if english else '운용사'}`, etfs AS `{'ETFs' if english else 'ETF 수'}`, "
        f"aum AS `{'net assets (KRW)' if english else '순자산 합계(원)'}`, round(fee, 3) AS `{'average fee (%)' if english else '평균 총보수(연 %)'}`\n"
        f"ORDER BY {order} IS NULL, {order} {'DESC' if descending else 'ASC'}, m.name\nLIMIT {count or _ALL}"
    )
    described = chosen.described()
    if not result.rows:
        return Reply(f"자료에 {described}가 없습니다." if not english else f"There are no {described}.")
    name, etfs, aum, fee = result.rows[0]
    figure = {"etfs": f"{etfs}개", "aum": wording.amount(aum, english), "fee": wording.fee(fee)}[measure]
    lead = {"etfs": "많은", "aum": "큰", "fee": "높은"}[measure] if descending else {"etfs": "적은", "aum": "작은", "fee": "낮은"}[measure]
    what = {"etfs": f"{described} 수가", "aum": f"{described}의 순자산 합계가", "fee": f"{described}의 평균 보수가"}[measure]
    shown = [table(f"{described}의 운용사" if not english else f"managers of {described}", result)]
    if english:
        return Reply(f"**{name}** comes first among {len(result.rows)} managers of {described}: {etfs} ETFs, {wording.amount(aum, True)}.", shown)
    rest = "" if single else f" 모두 {len(result.rows)}곳: {wording.listed([f'{row[0]}({row[1]}개)' for row in result.rows], 8)}."
    return Reply(f"{what} 가장 {lead} 운용사는 **{name}**({figure})입니다.{rest}", shown)
