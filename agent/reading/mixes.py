"""Questions about what an ETF's weight is made of: kinds of assets, industries, markets."""

from __future__ import annotations

from agent.reading import wording
from agent.reading.conditions import direction, limit
from agent.reading.plan import Plan, Query, Reply, Steps, literal, table
from agent.reading.question import Reader, Subject

_LABELS = {"Stock": "주식", "ETF": "ETF", "bond": "채권", "cash": "현금", "derivative": "파생", "other": "기타"}


def read(reader: Reader) -> Plan | None:
    """The weight of an ETF by kind of asset, by industry or by market; None for other questions."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    if (
        len(etfs) != 1
        or reader.find("stock", "date")
        or reader.has("fee", "price", "return", "aum", "buy", "sell", "listed")
    ):
        return None
    kinds = sum(reader.has(kind) for kind in ("bond", "cash", "derivative", "etf_held")) + any(
        token.kind == "stock_word" and token.text.startswith("주식") for token in reader.tokens
    )
    by_asset = reader.has("asset_mix") or (kinds > 1 and reader.has("weight"))
    if not by_asset and not reader.has("industry_word", "market_mix"):
        return None
    reader.subjects("etf")
    limit(reader, None)
    direction(reader)
    reader.take("weight", "hold", "holdings", "stock_word", "sum", "list", "rank", "percent_word", "tag_word", "by_group", "asset_word", "overseas",
                "domestic", "mixed_class")  # fmt: skip
    if by_asset:
        reader.take("asset_mix", "bond", "cash", "derivative", "etf_held", "etf_word")
        return Plan("asset_mix", lambda: _assets(etfs[0], reader.question.english))
    if reader.take("industry_word"):
        return Plan("industry_mix", lambda: _industries(etfs[0], reader.question.english))
    reader.take("market_mix", "market_word", "kospi", "kosdaq")
    return Plan("market_mix", lambda: _markets(etfs[0], reader.question.english))


def _assets(etf: Subject, english: bool) -> Steps:
    result = yield Query(
        f"MATCH (e:ETF)-[h:HOLDS]->(s)\nWHERE e.code = {literal(etf.key)}\n"
        "WITH CASE WHEN label(s) = 'Asset' THEN s.kind ELSE label(s) END AS kind, h\n"
        "WITH kind, count(h) AS holdings, sum(h.weight) AS weight, max(h.date) AS day\n"
        "RETURN kind AS 종류, holdings AS `자산 수`, round(weight, 2) AS `비중(%)`, day AS 기준일\nORDER BY weight IS NULL, weight DESC"
    )
    if not result.rows:
        return Reply(f"{etf.name}의 구성종목 자료가 없습니다.", status="refused")
    shown = table(f"{etf.name}: {'assets' if english else '자산별 비중'}", result)
    for row in shown.rows:
        row[0] = row[0] if english else _LABELS.get(row[0], row[0])
    parts = [f"{row[0]} {wording.percent(row[2])}" for row in shown.rows if row[2] is not None]
    if english:
        return Reply(f"{etf.name} by kind of asset: {', '.join(parts)}.", [shown])
    return Reply(f"{etf.name}의 자산별 비중은 {', '.join(parts)}입니다.", [shown])


def _industries(etf: Subject, english: bool) -> Steps:
    result = yield Query(
        "MATCH (e:ETF)-[h:HOLDS]->(s:Stock)-[:IN_INDUSTRY]->(i:Industry)\n"
        f"WHERE e.code = {literal(etf.key)}\n"
        "WITH i, sum(h.weight) AS weight, count(s) AS stocks\n"
        "RETURN i.name AS 업종, round(weight, 2) AS `비중(%)`, stocks AS `종목 수`\nORDER BY weight IS NULL, weight DESC, i.name"
    )
    if not result.rows:
        return Reply(f"{etf.name}의 구성종목에는 업종 자료가 있는 종목이 없습니다.", status="refused")
    name, weight, _ = result.rows[0]
    shown = [table(f"{etf.name}: {'industries' if english else '업종별 비중'}", result)]
    if english:
        return Reply(
            f"The largest industry in {etf.name} is **{name}** ({wording.percent(weight)}). Only Korean stocks have an industry.",
            shown,
        )
    return Reply(
        f"{etf.name}에서 비중이 가장 큰 업종은 **{name}**({wording.percent(weight)})입니다. 업종 자료가 있는 국내 주식만 더했습니다.",
        shown,
    )


def _markets(etf: Subject, english: bool) -> Steps:
    result = yield Query(
        f"MATCH (e:ETF)-[h:HOLDS]->(s:Stock)\nWHERE e.code = {literal(etf.key)}\n"
        "WITH s.market AS market, sum(h.weight) AS weight, count(s) AS stocks\n"
        "RETURN market AS 시장, round(weight, 2) AS `비중(%)`, stocks AS `종목 수`\nORDER BY weight IS NULL, weight DESC, market"
    )
    if not result.rows:
        return Reply(f"{etf.name}의 주식 구성종목 자료가 없습니다.", status="refused")
    parts = [f"{row[0] or '미상'} {wording.percent(row[1])}" for row in result.rows[:8]]
    shown = [table(f"{etf.name}: {'markets' if english else '시장별 비중'}", result)]
    if english:
        return Reply(f"{etf.name} by market of the stocks: {', '.join(parts)}.", shown)
    return Reply(f"{etf.name}의 상장 시장별 주식 비중은 {', '.join(parts)}입니다.", shown)
