"""Questions about the weight of named stocks in named ETFs at present: held or not, how much, which place, which is more."""

from __future__ import annotations

from dataclasses import dataclass

from agent.answer import Table
from agent.reading import wording
from agent.reading.conditions import Condition, conditions, direction, met, rank
from agent.reading.holdings import OTHERS
from agent.reading.plan import Plan, Query, Reply, Steps, literal, literals, table
from agent.reading.question import Reader, Subject
from backend.graph.client import Result


@dataclass(frozen=True)
class _Asked:
    """Which stocks in which ETFs, and what of it."""

    etfs: list[Subject]
    stocks: list[Subject]
    added: bool
    placed: bool
    shares: bool
    smallest: bool
    english: bool
    limits: list[Condition]


def read(reader: Reader) -> Plan | None:
    """The weight of one or more stocks in one or more ETFs; None when the question is about something else."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    if not etfs or not stocks or reader.has(*OTHERS, "fee", "buy", "similar", "overlap"):
        return None
    if reader.find("company", "tag", "index") or any(token.negative for token in reader.find("etf", "stock")):
        return None
    bounds = [token for token in reader.quantities("percent", "count") if token.value.operator]
    if bounds and not (
        len(bounds) == len(etfs) == len(stocks) == 1
        and bounds[0].value.kind == "percent"
        and not reader.has("etf_word")
    ):
        return None
    limits = conditions(reader, {"weight": "weight", "stock": "weight", "hold": "weight"}, {"percent": "weight"})
    if reader.has("etf_word") and reader.find("etf")[0].particle.startswith(("을", "를")):
        return None
    ordered = reader.has("big", "small", "most")
    if ordered and len(etfs) == len(stocks) == 1 and not reader.has("how_much", "exist", "rank", "compare"):
        return None
    added, placed = reader.take("sum"), reader.take("rank") or rank(reader) is not None
    shares = reader.take("quantity_held")
    smallest = direction(reader) is False
    reader.subjects("etf")
    reader.subjects("stock")
    reader.take(
        "hold", "weight", "percent_word", "exist", "compare", "stock_word", "holdings", "both", "together", "absent", "all", "etf_word",
        "either", "same", "where", "sum", "stock_count",
    )  # fmt: skip
    asked = _Asked(etfs, stocks, added, placed, shares, smallest, reader.question.english, limits)
    return Plan("weight", lambda: _steps(asked))


def _steps(asked: _Asked) -> Steps:
    english = asked.english
    names = ("종목", "종목코드", "비중(%)", "CU당 수량", "기준일", "ETF 코드")
    if english:
        names = ("stock", "code", "weight (%)", "shares per CU", "date", "ETF code")
    values = ("s.name", "s.code", "h.weight", "h.shares", "h.date", "e.code")
    returned = ", ".join(f"{value} AS `{name}`" for value, name in zip(values, names, strict=True))
    codes = [code for stock in asked.stocks for code in stock.keys]
    way = "ASC" if asked.smallest else "DESC"
    result = yield Query(
        "MATCH (e:ETF)-[h:HOLDS]->(s:Stock)\n"
        f"WHERE e.code IN {literals(etf.key for etf in asked.etfs)} AND s.code IN {literals(codes)}\n"
        f"RETURN e.name AS ETF, {returned}\nORDER BY h.weight IS NULL, h.weight {way}, e.code, s.code"
    )
    title = f"{', '.join(e.name for e in asked.etfs)}: {', '.join(s.name for s in asked.stocks)}"
    tables = [table(title, result)] if result.rows else []
    if asked.placed and result.rows and len(asked.etfs) == len(asked.stocks) == 1:
        return (yield from _place(asked.etfs[0], asked.stocks[0], result, tables, english))
    sentences = [_held(etf, stock, result, asked) for etf in asked.etfs for stock in asked.stocks]
    lead = _lead(asked, result)
    return Reply(" ".join([lead, *sentences] if lead else sentences), tables)


def _lead(asked: _Asked, result: Result) -> str:
    """The sum, or which one weighs more, where that is asked for."""
    known = [row for row in result.rows if row[3] is not None]
    if asked.added and len(asked.stocks) * len(asked.etfs) > 1:
        total = sum(row[3] for row in known)
        return (
            f"Together they weigh **{total:.2f}%**." if asked.english else f"모두 더한 비중은 **{total:.2f}%**입니다."
        )
    if len(known) < 2 or (len(asked.etfs) == 1 and len(asked.stocks) == 1):
        return ""
    first = known[0]
    lead = first[0] if len(asked.etfs) > 1 else first[1]
    if asked.english:
        return f"**{lead}** weighs {'less' if asked.smallest else 'more'} ({first[3]:.2f}%)."
    return f"비중이 더 {'작은' if asked.smallest else '큰'} 쪽은 **{lead}**({first[3]:.2f}%)입니다."


def _held(etf: Subject, stock: Subject, result: Result, asked: _Asked) -> str:
    rows = [row for row in result.rows if row[6] == etf.key and row[2] in stock.keys]
    holder, held = wording.with_particle(etf.name, "은는"), wording.with_particle(stock.name, "을를")
    if not rows:
        if asked.english:
            return f"**No**: {etf.name} does not hold {stock.name}."
        return f"{holder} 최신 구성종목에 {held} **담고 있지 않습니다**."
    if asked.shares:
        shares = wording.number(sum(row[4] or 0 for row in rows))
        if asked.english:
            return f"{etf.name} holds **{shares}** shares of {stock.name} per creation unit."
        return f"{holder} {held} 설정단위(CU)당 **{shares}주** 담고 있습니다."
    weights = [row[3] for row in rows if row[3] is not None]
    if not weights:
        if asked.english:
            return f"{etf.name} holds {stock.name}, but its weight is not in the data."
        return f"{holder} {held} 담고 있지만 비중 자료가 없습니다."
    if asked.english:
        return f"{etf.name} holds {stock.name} at **{sum(weights):.2f}%**."
    verdict = f" {met(sum(weights), asked.limits)}" if asked.limits else ""
    return f"{etf.name}의 {stock.name} 비중은 **{sum(weights):.2f}%**입니다.{verdict}"


def _place(etf: Subject, stock: Subject, found: Result, tables: list[Table], english: bool) -> Steps:
    weight = found.rows[0][3]
    if weight is None:
        text = f"{etf.name}에서 {stock.name}의 비중 자료가 없어 순위를 매길 수 없습니다."
        return Reply(text if not english else f"The weight of {stock.name} is not in the data.", tables)
    result = yield Query(
        "MATCH (e:ETF)-[h:HOLDS]->(s:Stock)\n"
        f"WHERE e.code = {literal(etf.key)} AND h.weight > {literal(weight)}\n"
        "RETURN count(s) AS `더 큰 종목 수`"
    )
    place = result.rows[0][0] + 1
    if english:
        return Reply(f"{stock.name} is number **{place}** in {etf.name} ({weight:.2f}%).", tables)
    which = wording.with_particle(stock.name, "은는")
    return Reply(f"{which} {etf.name}에서 비중이 **{place}번째**로 큰 종목입니다({weight:.2f}%).", tables)
