"""Questions about the constituents of one ETF at present: the top, all, a number, a sum, those above a weight."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.answer import Table
from agent.reading import wording
from agent.reading.conditions import Condition, conditions, direction, limit, met, places, rank
from agent.reading.plan import Plan, Query, Reply, Steps, literal, table
from agent.reading.question import Reader, Subject
from agent.reading.stock_markets import StockMarket, stock_market

MEASURES = dict.fromkeys(("weight", "percent_word", "hold", "stock", "stock_word", "holdings"), "weight")
TOP = 10
ALL = 1000
# Words of other families: whoever reads constituents gives way to them.
OTHERS = (
    "sell", "new", "out", "increase", "decrease", "trade", "drop_or_without", "date", "trend", "first_time", "price",
    "nav", "premium", "return", "listed", "manager", "cost", "invest", "former", "renamed", "volume",
)  # fmt: skip
_KINDS = {"cash": ("cash", "현금성 자산"), "bond": ("bond", "채권"), "derivative": ("derivative", "파생상품")}
_KIND_NAMES = {
    "Stock": "주식",
    "bond": "채권",
    "cash": "현금",
    "derivative": "파생상품",
    "other": "기타",
    "Asset": "기타",
}
_ASKED = (
    "holdings", "stock_word", "hold", "weight", "concentration", "etf_held", "cash", "bond", "derivative", "percent_word",
    "count", "stock_count", "main", "asset_word",
)  # fmt: skip
_NOT_ASKED = (
    "where", "region", "leverage_type", "isin", "replication", "attribute_all", "asset_class", "aum", "fee", "buy",
    "similar", "overlap", "index_word", "tag_word", "trading_day", "data_date",
)  # fmt: skip


@dataclass(frozen=True)
class _Wanted:
    """Which constituents: of which kind, above which weight, how many, from which place on, and in which order."""

    etf: Subject
    english: bool
    kind: str | None
    weight: list[Condition]
    rows: int = ALL
    skip: int = 0
    smallest: bool = False
    single: bool = False
    market: StockMarket | None = None

    @property
    def everything(self) -> bool:
        """Whether bonds, cash and the like belong to the answer as well."""
        return self.rows == ALL and not self.weight and self.kind is None and self.market is None

    @property
    def noun(self) -> str:
        """What is counted, in Korean."""
        if self.kind == "etf_held":
            return "ETF"
        if self.market:
            return self.market.noun()
        return _KINDS[self.kind][1] if self.kind else "종목"

    def matched(self) -> list[str]:
        """MATCH and WHERE of these constituents."""
        label = ":ETF" if self.kind == "etf_held" else ":Asset" if self.kind else "" if self.everything else ":Stock"
        wheres = [f"e.code = {literal(self.etf.key)}"]
        if self.kind in _KINDS:
            wheres.append(f"s.kind = {literal(_KINDS[self.kind][0])}")
        wheres += [self.market.cypher("s")] if self.market else []
        wheres += [condition.cypher("h.weight") for condition in self.weight]
        return [f"MATCH (e:ETF)-[h:HOLDS]->(s{label})", "WHERE " + " AND ".join(wheres)]


def read(reader: Reader) -> Plan | None:
    """What one ETF holds; None when the question is about something else."""
    etfs, market = reader.find("etf"), stock_market(reader)
    if len(etfs) != 1 or etfs[0].negative or reader.find("stock", "company", "tag", "index"):
        return None
    if reader.has(*OTHERS, *_NOT_ASKED) or not (market or reader.has(*_ASKED) or _asks_with_a_number(reader)):
        return None
    if held_by_etfs(reader):
        return None
    english = reader.question.english
    etf = reader.subjects("etf")[0]
    weight = conditions(reader, MEASURES, {"percent": "weight", "number": "weight"})
    kind = next((name for name in ("cash", "bond", "derivative", "etf_held") if reader.take(name)), None)
    if kind is None and reader.has("etf_word") and reader.has("hold"):
        kind = "etf_held"
    concentrated, counted, added = reader.take("concentration"), reader.take("count"), reader.take("sum")
    counted = reader.take("stock_count") or counted
    place = rank(reader)
    count, said = limit(reader, None)
    first = reader.has("rank_one")
    main = reader.take("main")
    descending = direction(reader)
    everything = reader.take("all", "both", "asset_word")
    if market and kind:
        return None
    if market and reader.has("weight", "percent_word") and descending is None and not (weight or said or main):
        # `미국 주식 비중`: of all of them together.
        added = added or not reader.has("list", "holdings")
    reader.take(
        "holdings", "stock_word", "hold", "weight", "percent_word", "list", "exist", "rank", "only", "code", "name", "together",
        "etf_word", "where", "equity_class", "recent",
    )  # fmt: skip
    if counted and not said:
        return Plan("holding_count", lambda: _count(_Wanted(etf, english, kind, weight, market=market)))
    if (concentrated or added) and weight and count:
        # `상위 3개 합이 50% 넘어?`: the bound is the sum's.
        total = _Wanted(etf, english, kind, [], count, market=market)
        return Plan("concentration", lambda: _sum_checked(total, weight))
    if concentrated or added:
        top = concentrated or said or descending is not None
        rows = (count or TOP) if top and not (kind or weight) else count or ALL
        return Plan("concentration", lambda: _sum(_Wanted(etf, english, kind, weight, rows, market=market)))
    if not (place or said) and (between := places(reader)):
        number = between[1] - between[0] + 1
        wanted = _Wanted(etf, english, kind, weight, number, between[0] - 1, descending is False, market=market)
        return Plan("holding_places", lambda: _list(wanted))
    if place:
        wanted = _Wanted(etf, english, kind, weight, 1, place - 1, descending is False, single=True, market=market)
        return Plan("holding_rank", lambda: _list(wanted))
    ranked = descending is not None or said or main
    rows = (count or (ALL if weight or everything else TOP)) if ranked or weight else ALL
    wanted = _Wanted(etf, english, kind, weight, rows, 0, descending is False, single=first and not said, market=market)
    return Plan("all_holdings" if wanted.everything else "top_holdings", lambda: _list(wanted))


def _asks_with_a_number(reader: Reader) -> bool:
    """`KODEX 200 top 5`: the number alone says that constituents are meant."""
    return any(not token.value.operator for token in reader.quantities("count"))


def held_by_etfs(reader: Reader) -> bool:
    """Whether the ETF named is what other ETFs hold: `RISE 200을 담은 ETF`, `RISE 200이 들어 있는 ETF`."""
    token = reader.find("etf")[0]
    if not reader.has("etf_word") or reader.head("etf_word", "stock_word", "holdings") != "etf_word":
        return False
    position = next(i for i, other in enumerate(reader.tokens) if other is token)
    behind = [other for other in reader.tokens[position + 1 :] if other.kind in ("hold", "weight")]
    if not behind:
        return False
    if token.particle.startswith("에") and behind[0].text.startswith(
        ("들어", "담긴", "담겨", "실린", "실려", "있는", "포함된", "편입된")
    ):
        # `RISE 200에 들어 있는 ETF`: the ETFs that it holds.
        return False
    if token.particle.startswith(("을", "를", "에", "비중")) or not token.particle:
        return True
    passive = behind[0].text.startswith(("들어", "포함", "담긴", "담겨", "실린", "실려", "있는", "편입된", "편입되"))
    return passive and token.particle.startswith(("이", "가", "도"))


def _list(wanted: _Wanted) -> Steps:
    names = ("종목", "종목코드", "종류", "비중(%)", "CU당 수량", "기준일")
    if wanted.english:
        names = ("holding", "code", "kind", "weight (%)", "shares per CU", "date")
    lines = wanted.matched()
    if wanted.smallest:
        lines[1] += " AND h.weight IS NOT NULL"
    kind = "CASE WHEN label(s) = 'Asset' THEN s.kind ELSE label(s) END" if wanted.everything else "label(s)"
    kind = "s.kind" if wanted.kind in _KINDS else kind
    values = ("s.name", "s.code", kind, "h.weight", "h.shares", "h.date")
    lines.append("RETURN " + ", ".join(f"{value} AS `{name}`" for value, name in zip(values, names, strict=True)))
    lines.append(f"ORDER BY h.weight IS NULL, h.weight {'ASC' if wanted.smallest else 'DESC'}, s.code")
    lines += [*([f"SKIP {wanted.skip}"] if wanted.skip else []), f"LIMIT {wanted.rows}"]
    result = yield Query("\n".join(lines))
    if not result.rows:
        return (yield from _nothing(wanted))
    title = f"{wanted.etf.name} {'holdings' if wanted.english else '구성종목'}"
    shown = table(title, result)
    if not wanted.english:
        shown = replace(shown, rows=[[*row[:2], _KIND_NAMES.get(row[2], row[2]), *row[3:]] for row in shown.rows])
    return Reply(_list_text(wanted, result.rows), [shown])


def _list_text(wanted: _Wanted, rows: list[tuple]) -> str:
    etf, first = wanted.etf.name, rows[0]
    items = [str(row[0]) if row[3] is None else f"{row[0]} {wording.percent(row[3])}" for row in rows]
    listed = wording.listed(items, 10, wanted.english)
    size = "작은" if wanted.smallest else "큰"
    stocks = wording.with_particle(wanted.noun if wanted.market else "종목", "은는")
    if wanted.english:
        which = "smallest" if wanted.smallest else "largest"
        return f"{etf}: {len(rows)} holdings, the {which} is **{first[0]}** ({wording.percent(first[3])}). {listed}."
    if wanted.skip and not wanted.single:
        which = f"비중이 {size} 순서로 {wanted.skip + 1}위부터 {wanted.skip + len(rows)}위까지"
        return f"{etf}에서 {which} {wanted.noun} {len(rows)}개: {listed}."
    if wanted.skip:
        place = f"{wanted.skip + 1}번째로 {size}"
        return f"{etf}에서 비중이 {place} {stocks} **{first[0]}**({wording.percent(first[3])})입니다."
    if wanted.single:
        return f"{etf}에서 비중이 가장 {size} {stocks} **{first[0]}**({wording.percent(first[3])})입니다."
    if wanted.weight:
        noun = wording.with_particle(wanted.noun, "은는")
        return f"{etf}에서 비중이 {_limits(wanted)}인 {noun} **{len(rows)}개**입니다: {listed}."
    if wanted.everything:
        stocks = sum(row[2] == "Stock" for row in rows)
        held = f"모두 **{len(rows)}개** 자산(주식 {stocks}종목)"
        return f"{wording.with_particle(etf, '은는')} {held}을 담고 있습니다. 비중이 큰 순서로 {listed}."
    total = sum(row[3] or 0 for row in rows)
    if wanted.market and wanted.rows == ALL:
        noun = wording.with_particle(wanted.noun, "은는")
        return f"{etf}에 담긴 {noun} **{len(rows)}종목**(합 {wording.percent(total)})입니다: {listed}."
    return f"{etf}에서 비중이 {size} {wanted.noun} {len(rows)}개(합 {wording.percent(total)}): {listed}."


def _limits(wanted: _Wanted) -> str:
    return " ".join(condition.words("%") for condition in wanted.weight)


def _nothing(wanted: _Wanted) -> Steps:
    """No constituent fits: because none does, or because the basket is not known."""
    etf = wanted.etf
    known = yield Query(f"MATCH (e:ETF)-[h:HOLDS]->(s)\nWHERE e.code = {literal(etf.key)}\nRETURN count(s) AS 자산")
    if not known.rows[0][0]:
        text = (
            f"There are no holdings of {etf.name} in the data."
            if wanted.english
            else f"{etf.name}의 구성종목 자료가 없습니다."
        )
        return Reply(text, status="refused")
    if wanted.english:
        return Reply(f"{etf.name} holds nothing of that kind.")
    which = (
        f"비중이 {_limits(wanted)}인 {wanted.noun}"
        if wanted.weight
        else wanted.noun
        if wanted.kind or wanted.market
        else "주식"
    )
    holder = wording.with_particle(etf.name, "은는")
    return Reply(f"{holder} 최신 구성종목에 {wording.with_particle(which, '을를')} 담고 있지 않습니다.")


def _count(wanted: _Wanted) -> Steps:
    names = ("count", "date") if wanted.english else ("종목 수", "기준일")
    # Without a kind only stocks are counted.
    lines = [line.replace("(s)", "(s:Stock)") for line in wanted.matched()]
    lines.append(f"RETURN count(DISTINCT s.code) AS `{names[0]}`, max(h.date) AS `{names[1]}`")
    result = yield Query("\n".join(lines))
    count = result.rows[0][0] if result.rows else 0
    if not count:
        return (yield from _nothing(wanted))
    shown = [table(wanted.etf.name, result)]
    noun = wanted.noun if wanted.kind or wanted.market else "주식"
    if wanted.english:
        counted = wanted.market.noun(True) if wanted.market else "of them" if wanted.kind else "stocks"
        return Reply(f"{wanted.etf.name} holds **{count}** {counted}.", shown)
    if wanted.weight:
        which = wording.with_particle(f"비중이 {_limits(wanted)}인 {wanted.noun if wanted.market else '종목'}", "은는")
        return Reply(f"{wanted.etf.name}에서 {which} **{count}개**입니다.", shown)
    note = "" if wanted.kind or wanted.market else " (현금·채권·파생 제외)"
    holder = wording.with_particle(wanted.etf.name, "은는")
    return Reply(f"{holder} {wording.with_particle(noun, '을를')} **{count}종목** 담고 있습니다{note}.", shown)


def _sum_checked(wanted: _Wanted, limits: list[Condition]) -> Steps:
    reply = yield from _sum(wanted)
    if reply.tables and not wanted.english:
        reply.text += f" {met(reply.tables[0].rows[0][1], limits)}"
    return reply


def _sum(wanted: _Wanted) -> Steps:
    names = ("stocks", "total weight (%)", "date") if wanted.english else ("종목 수", "비중 합(%)", "기준일")
    lines = [line.replace("(s)", "(s:Stock)") for line in wanted.matched()]
    lines[1] += " AND h.weight IS NOT NULL"
    if wanted.rows != ALL:
        lines += ["WITH e, h, s", "ORDER BY h.weight DESC, s.code", f"LIMIT {wanted.rows}"]
    total = "round(sum(h.weight), 2)"
    lines.append(f"RETURN count(s) AS `{names[0]}`, {total} AS `{names[1]}`, max(h.date) AS `{names[2]}`")
    result = yield Query("\n".join(lines))
    found, weight, _ = result.rows[0]
    if not found:
        return (yield from _nothing(wanted))
    stocks = f"{wanted.noun} {found}종목" if wanted.market else f"주식 {found}종목"
    if wanted.rows != ALL:
        which = f"상위 {stocks}" if wanted.market else f"상위 {found}종목"
    else:
        which = wanted.noun if wanted.kind else stocks
    shown = [Table(f"{wanted.etf.name} {which} 비중 합", list(result.columns), [list(row) for row in result.rows])]
    if wanted.english:
        top = "top " if wanted.rows != ALL else ""
        nouns = wanted.market.noun(True) if wanted.market else "holdings"
        return Reply(f"The {top}{found} {nouns} of {wanted.etf.name} add up to **{weight:.2f}%**.", shown)
    return Reply(f"{wanted.etf.name}의 {which} 비중을 더하면 **{weight:.2f}%**입니다.", shown)
