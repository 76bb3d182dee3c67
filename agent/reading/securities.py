"""Questions about stocks across ETFs: what is held together, what is held most, and what a stock is."""

from __future__ import annotations

from agent.reading import wording
from agent.reading.conditions import direction, limit
from agent.reading.filters import select
from agent.reading.plan import Plan, Query, Reply, Steps, literals, table
from agent.reading.question import Reader, Subject
from agent.reading.selection import Selection
from agent.reading.stock_markets import StockMarket, stock_market

_TOP = 10
_MARKETS = ("code", "isin", "industry_word", "name", "market_word", "attribute_all", "what")


def read(reader: Reader) -> Plan | None:
    """Co-held stocks, most held stocks, and facts about one stock; None when the question is about something else."""
    if reader.find("etf") or reader.has(
        "buy",
        "sell",
        "new",
        "out",
        "increase",
        "decrease",
        "trade",
        "date",
        "return",
        "fee",
        "aum",
        "weight_no",
        "manager",
    ):
        return None
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    if len(stocks) == 1 and _asks_for_company_of(reader):
        return _co_held(reader, stocks[0])
    if (
        not stocks
        and reader.has("stock_word", "holdings")
        and reader.has("hold", "overlap", "together")
        and _asks_most(reader)
    ):
        return _most_held(reader)
    if len(stocks) == 1 and not reader.has("etf_word", "hold", "weight"):
        return _facts(reader, stocks[0])
    return None


def _asks_for_company_of(reader: Reader) -> bool:
    """`삼성전자와 같이 담긴 종목`: other stocks are wanted, not ETFs."""
    last = max((i for i, token in enumerate(reader.tokens) if token.kind in ("stock_word", "holdings")), default=-1)
    return reader.has("together", "both") and last > reader.position("stock") and not any(
        token.kind == "etf_word" for token in reader.tokens[last:]
    )  # fmt: skip


def _asks_most(reader: Reader) -> bool:
    return reader.has("most", "big", "small", "best_word", "overlap", "rank", "together")


def _co_held(reader: Reader, stock: Subject) -> Plan:
    reader.subjects("stock")
    count, _ = limit(reader, _TOP)
    direction(reader)
    chosen = select(reader, held=False)
    reader.take("together", "both", "hold", "stock_word", "holdings", "etf_word", "list", "exist", "rank", "all", "etf")
    return Plan("co_held", lambda: _co_held_steps(stock, chosen, count or _TOP, reader.question.english))


def _co_held_steps(stock: Subject, chosen: Selection, count: int, english: bool) -> Steps:
    result = yield Query(
        f"{chosen.cypher()}\nMATCH (e)-[:HOLDS]->(a:Stock)\nWHERE a.code IN {literals(stock.keys)}\nWITH DISTINCT e\n"
        f"MATCH (e)-[h:HOLDS]->(s:Stock)\nWHERE NOT s.code IN {literals(stock.keys)}\n"
        "WITH s, count(DISTINCT e) AS etfs, avg(h.weight) AS weight\n"
        f"RETURN s.name AS `{'stock' if english else '종목'}`, s.code AS `{'code' if english else '종목코드'}`, etfs AS `{'ETFs' if english else 'ETF 수'}`, "
        f"round(weight, 2) AS `{'average weight (%)' if english else '평균 비중(%)'}`\nORDER BY etfs DESC, s.code\nLIMIT {count}"
    )
    if not result.rows:
        return Reply(f"{wording.with_particle(stock.name, '과와')} 함께 담긴 종목이 자료에 없습니다.")
    name, _, etfs, _ = result.rows[0]
    if english:
        return Reply(
            f"**{name}** is held together with {stock.name} most often, by {etfs} ETFs.", [table(stock.name, result)]
        )
    names = wording.listed([f"{row[0]}({row[2]}개)" for row in result.rows], 5)
    return Reply(f"{wording.with_particle(stock.name, '과와')} 가장 많이 함께 담긴 종목은 **{name}**({etfs}개 ETF)입니다. {names}.",
                 [table(f"{stock.name}과 함께 담긴 종목", result)])  # fmt: skip


def _most_held(reader: Reader) -> Plan | None:
    market = stock_market(reader)
    for token in reader.find("domestic"):
        if market and (behind := reader.after(token)) is not None and behind.kind == "etf_word":
            # `국내 ETF에 담긴 미국 종목`: every ETF here is listed in Korea, and no more is said.
            token.kind = "filler"
    if reader.has("etf_word") is False and not reader.find("tag", "company", "active", "etf_set"):
        return None
    if reader.find("etf_set") and reader.has("overlap", "together", "both"):
        # What all of a few ETFs hold is another question than what most of them hold.
        return None
    count, _ = limit(reader, _TOP)
    weighty = reader.take("weight")
    highest = direction(reader) is not False
    chosen = select(reader, held=False)
    reader.take(
        "stock_word",
        "holdings",
        "hold",
        "overlap",
        "together",
        "both",
        "etf_word",
        "list",
        "exist",
        "rank",
        "all",
        "count",
        "name",
    )
    return Plan("most_held", lambda: _most_held_steps(chosen, market, count or _TOP, highest, weighty))


def _most_held_steps(chosen: Selection, market: StockMarket | None, count: int, highest: bool, weighty: bool) -> Steps:
    english = chosen.english
    listed = f"WHERE {market.cypher('s')}\n" if market else ""
    order = "weight" if weighty else "etfs"
    result = yield Query(
        f"{chosen.cypher()}\nMATCH (e)-[h:HOLDS]->(s:Stock)\n{listed}"
        "WITH s, count(DISTINCT e) AS etfs, avg(h.weight) AS weight\n"
        f"RETURN s.name AS `{'stock' if english else '종목'}`, s.code AS `{'code' if english else '종목코드'}`, etfs AS `{'ETFs' if english else 'ETF 수'}`, "
        f"round(weight, 2) AS `{'average weight (%)' if english else '평균 비중(%)'}`\n"
        f"ORDER BY {order} {'DESC' if highest else 'ASC'}, s.code\nLIMIT {count}"
    )
    described = chosen.described()
    if not result.rows:
        if market:
            return Reply(f"{described}의 최신 구성종목에 {wording.with_particle(market.noun(), '이가')} 없습니다.")
        return Reply(f"{described}의 구성종목 자료가 없습니다.", status="refused")
    name, _, etfs, _ = result.rows[0]
    if english:
        return Reply(f"**{name}** is held by most {described}: {etfs}.", [table(described, result)])
    noun = market.noun() if market else "종목"
    names = wording.listed([f"{row[0]}({row[2]}개)" for row in result.rows], 5)
    return Reply(f"{wording.with_particle(described, '이가')} 가장 {'많이' if highest else '적게'} 담은 {wording.with_particle(noun, '은는')} **{name}**({etfs}개 ETF)입니다. {names}.",
                 [table(f"{wording.with_particle(described, '이가')} 많이 담은 {noun}", result)])  # fmt: skip


def _facts(reader: Reader, stock: Subject) -> Plan | None:
    if (
        not reader.has("code", "isin", "industry_word", "kospi", "kosdaq", "attribute_all", "what", "name", "listed")
        and len(reader.tokens) > 1
    ):
        return None
    reader.subjects("stock")
    reader.take(
        "code",
        "isin",
        "industry_word",
        "attribute_all",
        "name",
        "stock_word",
        "kospi",
        "kosdaq",
        "where",
        "now",
        "exist",
    )
    return Plan("stock_facts", lambda: _fact_steps(stock, reader.question.english))


def _fact_steps(stock: Subject, english: bool) -> Steps:
    result = yield Query(
        f"MATCH (s:Stock)\nWHERE s.code IN {literals(stock.keys)}\nOPTIONAL MATCH (s)-[:IN_INDUSTRY]->(i:Industry)\n"
        "WITH s, i\nOPTIONAL MATCH (e:ETF)-[:HOLDS]->(s)\nWITH s, i, count(DISTINCT e) AS etfs\n"
        "RETURN s.name AS 종목, s.code AS 종목코드, s.name_en AS `영문 이름`, s.isin AS ISIN, s.market AS 시장, i.name AS 업종, etfs AS `담은 ETF 수`"
    )
    sentences = []
    for name, code, name_en, isin, market, industry, etfs in result.rows:
        if english:
            facts = [
                f"code {code}",
                *([f"ISIN {isin}"] if isin else []),
                *([f"market {market}"] if market else []),
                *([f"industry {industry}"] if industry else []),
            ]
            sentences.append(f"**{name_en or name}**: {', '.join(facts)}; {etfs} ETFs hold it.")
        else:
            facts = [
                *([f"시장 {market}"] if market else []),
                *([f"업종 {industry}"] if industry else []),
                *([f"ISIN {isin}"] if isin else []),
            ]
            sentences.append(
                f"**{name}**의 종목코드는 **{code}**입니다. {', '.join(facts)}{'이고, ' if facts else ''}{etfs}개 ETF가 담고 있습니다."
            )
    if not sentences:
        return Reply(f"{stock.name}의 자료가 없습니다.", status="refused")
    return Reply(" ".join(sentences), [table(stock.name, result)])
