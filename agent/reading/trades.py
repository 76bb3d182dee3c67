"""Questions about what ETFs bought and sold: one ETF's trades, who traded a stock, and what many ETFs did together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Unclear, direction, limit, singular
from agent.reading.days import closed, future
from agent.reading.filters import select
from agent.reading.plan import HISTORY, Call, Plan, Query, Reply, Steps, literal, literals
from agent.reading.prices import _one_period
from agent.reading.question import Reader, Subject
from agent.reading.selection import Selection

WORDS = ("buy", "sell", "new", "out", "increase", "decrease", "trade", "drop_or_without")
ACTION_NAMES = {"new": "신규 편입", "more": "비중 확대", "less": "비중 축소", "out": "전량 편출"}
_ACTION_ENGLISH = {"new": "new", "more": "increased", "less": "reduced", "out": "sold out"}
_TOP = 10


@dataclass(frozen=True)
class _Asked:
    """Which actions, over which days, in which order."""

    actions: tuple[str, ...]
    verb: str
    period: Period | None
    limit: int | None
    ranked: bool
    counted: bool
    english: bool
    single: bool = False


def read(reader: Reader) -> Plan | None:
    """Trades; None when the question is about something else."""
    if not reader.has(*WORDS) or reader.has("listed", "fee", "aum", "price", "nav", "premium", "cost", "invest"):
        return None
    if reader.has("new") and reader.has("etf_word") and not reader.find("stock", "etf", "company", "tag") and not reader.has("stock_word"):
        return None
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    if reader.has("weight") and etfs and stocks:
        return None
    asked = _asked(reader)
    if asked.period is not None and asked.period.after(reader.question.as_of):
        return Plan.saying("refuse_future", future(reader.question.as_of, asked.english))
    if len(etfs) == 1:
        return _of_etf(reader, etfs[0], stocks, asked)
    if etfs:
        raise Unclear("매매 내역은 ETF 하나씩 물어봐 주세요.")
    chosen = select(reader, held=False)
    reader.take("etf_word", "stock_word", "hold", "exist", "list", "all", "compare", "weight", "both", "together", "rank", "overlap")
    if len(stocks) == 1:
        reader.subjects("stock")
        return Plan("traders", lambda: _traders(stocks[0], chosen, asked))
    if stocks:
        return None
    return Plan("traded_together", lambda: _together(chosen, asked))


def _asked(reader: Reader) -> _Asked:
    actions, verb = _actions(reader)
    if reader.has("drop_or_without") and not reader.has("date", "recent"):
        raise Unclear("‘뺀’이 팔아서 뺐다는 뜻인지, 담지 않았다는 뜻인지 알려 주세요. 예: 7월에 전량 판 ETF, 담지 않은 ETF")
    period = _one_period(reader)
    counted = reader.take("count")
    one = singular(reader)
    count, said = limit(reader, None)
    ordered = direction(reader)
    reader.take(*WORDS, "recent", "newest", "now", "data_date", "first_time")
    return _Asked(actions, verb, period, count, ordered is not None or said, counted, reader.question.english, one and not said)


def _actions(reader: Reader) -> tuple[tuple[str, ...], str]:
    buys, sells = reader.has("buy"), reader.has("sell")
    if reader.has("trade") or (buys and sells):
        return ("new", "more", "less", "out"), "매매한"
    if reader.has("new") and reader.has("out"):
        return ("new", "out"), "새로 담거나 전량 판"
    if reader.has("increase") and reader.has("decrease"):
        return ("more", "less"), "비중을 바꾼"
    if reader.has("new"):
        return ("new",), "새로 담은"
    if reader.has("out", "drop_or_without"):
        return ("out",), "전량 판"
    if reader.has("increase") and not buys:
        return ("more",), "더 산"
    if reader.has("decrease") and not sells:
        return ("less",), "일부 판"
    return (("new", "more"), "산") if buys else (("less", "out"), "판")


def _of_etf(reader: Reader, etf: Subject, stocks: list[Subject], asked: _Asked) -> Plan:
    reader.subjects("etf")
    reader.subjects("stock")
    reader.take("etf_word", "stock_word", "holdings", "hold", "exist", "list", "all", "weight", "active", "quantity_held", "compare")
    return Plan("etf_trades", lambda: _etf_trades(etf, stocks, asked))


def _etf_trades(etf: Subject, stocks: list[Subject], asked: _Asked) -> Steps:
    arguments: dict[str, str] = {"etf": etf.key}
    period = asked.period
    if period is not None:
        start = period.first.isoformat()
        if period.between:
            start = _next_day(period)
        arguments |= {"from_date": start, "to_date": period.last.isoformat()}
        if period.is_day and closed(period.first):
            return Reply(f"{period.first.isoformat()}은 **휴장일**({closed(period.first)})이라 매매가 없었습니다." if not asked.english
                         else f"The exchange was closed on {period.first.isoformat()}, so there were no trades.")  # fmt: skip
    changes = yield Call("get_etf_changes", arguments)
    if period is not None and period.is_day and changes.date != period.first:
        return Reply(f"{etf.name}의 {period.first.isoformat()} 구성종목 자료가 없어 그날의 매매를 알 수 없습니다. 그 전 마지막 자료는 {changes.date}입니다."
                     if not asked.english else f"There is no snapshot of {etf.name} on {period.first.isoformat()}.", status="refused")  # fmt: skip
    codes = {code for stock in stocks for code in stock.keys}
    found = [change for change in changes.changes if change.action in asked.actions and (not codes or change.code in codes)]
    if asked.ranked:
        found.sort(key=lambda change: -abs(change.weight_change_pp or 0))
    span = f"{changes.previous} → {changes.date}"
    if not found:
        what = ", ".join(stock.name for stock in stocks) if stocks else "종목"
        if asked.english:
            return Reply(f"{etf.name} has no such trade ({span}).")
        return Reply(f"{span} 사이에 {wording.with_particle(etf.name, '이가')} {asked.verb} {wording.with_particle(what, '은는')} 없습니다.")
    rows = [
        [change.name, change.code, ACTION_NAMES[change.action] if not asked.english else _ACTION_ENGLISH[change.action], change.shares_change_pct,
         change.weight_before_pct, change.weight_after_pct, change.weight_change_pp] for change in found
    ]  # fmt: skip
    rows = rows[: asked.limit] if asked.limit else rows
    columns = ["종목", "종목코드", "구분", "수량 변화(%)", "이전 비중(%)", "이후 비중(%)", "비중 변화(%p)"]
    if asked.english:
        columns = ["stock", "code", "action", "change of shares (%)", "weight before (%)", "weight after (%)", "change (pp)"]
    shown = [Table(f"{etf.name} {asked.verb} 종목 ({span})", columns, rows)]
    if asked.counted:
        return Reply(f"{span} 사이에 {wording.with_particle(etf.name, '이가')} {asked.verb} 종목은 **{len(found)}개**입니다.", shown)
    if asked.english:
        return Reply(f"{etf.name}, {span}: {len(found)} trades. {_grouped(rows, asked)}.", shown)
    if asked.single:
        row = rows[0]
        return Reply(f"{span} 사이에 {wording.with_particle(etf.name, '이가')} 가장 많이 {asked.verb} 종목은 **{row[0]}**입니다(비중 {row[4]}% → {row[5]}%).", shown)
    return Reply(f"{span} 사이에 {wording.with_particle(etf.name, '이가')} {asked.verb} 종목은 **{len(found)}개**입니다. {_grouped(rows, asked)}.", shown)


def _next_day(period: Period) -> str:
    from datetime import timedelta

    return (period.first + timedelta(days=1)).isoformat()


def _grouped(rows: list[list], asked: _Asked) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        groups[row[2]].append(row[0])
    return "; ".join(f"{action} {len(names)}: {wording.listed(names, 6, asked.english)}" for action, names in groups.items())


def _days(period: Period | None, last: str) -> str:
    if period is None:
        return f"t.date = {literal(last)}"
    if period.is_day:
        return f"t.date = {literal(period.first.isoformat())}"
    low = ">" if period.between else ">="
    return f"t.date {low} {literal(period.first.isoformat())} AND t.date <= {literal(period.last.isoformat())}"


def _last_day() -> Query:
    return Query("MATCH (e:ETF)\nWHERE e.holdings_date IS NOT NULL\nRETURN max(e.holdings_date) AS 기준일")


def _members(chosen: Selection) -> Steps:
    if chosen.is_everything:
        return None  # type: ignore[return-value]
    found = yield Query(f"{chosen.cypher()}\nRETURN e.code AS 코드")
    return [row[0] for row in found.rows]  # type: ignore[return-value]


def _when(period: Period | None, last: str) -> str:
    if period is None:
        return last
    return period.first.isoformat() if period.is_day else f"{period.first.isoformat()}~{min(period.last.isoformat(), last)}"


def _traders(stock: Subject, chosen: Selection, asked: _Asked) -> Steps:
    """The ETFs that bought or sold one stock; over several days the net of each ETF's trades counts."""
    if asked.period is not None and asked.period.is_day and closed(asked.period.first):
        return Reply(f"{asked.period.first.isoformat()}은 **휴장일**({closed(asked.period.first)})이라 매매가 없었습니다.")
    last = (yield _last_day()).rows[0][0]
    codes = yield from _members(chosen)
    among = f"\n  AND e.code IN {literals(codes)}" if codes is not None else ""
    result = yield Query(
        "MATCH (e:ETF)-[t:TRADED]->(s:Stock)\n"
        f"WHERE s.code IN {literals(stock.keys)}\n  AND {_days(asked.period, last)}{among}\n"
        "RETURN e.name AS ETF, e.code AS 코드, t.date AS 날짜, t.action AS 구분, t.shares_change AS `수량 변화(%)`, "
        "t.weight_before AS `이전 비중(%)`, t.weight_after AS `이후 비중(%)`\nORDER BY e.code, t.date", HISTORY
    )
    by_etf: dict[str, list[tuple]] = defaultdict(list)
    for row in result.rows:
        by_etf[row[1]].append(row)
    rows = [net for trades in by_etf.values() if (net := _net(trades)) and net[2] in asked.actions]
    rows.sort(key=lambda row: (-abs((row[5] or 0) - (row[4] or 0)), row[1]))
    when = _when(asked.period, last)
    etf_words = chosen.described() if not chosen.is_everything else "ETF"
    what = f"{wording.with_particle(stock.name, '을를')} {asked.verb} {etf_words}"
    if not rows:
        return Reply(f"{when}에 {what}는 자료에 없습니다." if not asked.english else f"No ETF did so in {when}.")
    names = ACTION_NAMES if not asked.english else _ACTION_ENGLISH
    shown = [[row[0], row[1], names[row[2]], row[3], row[4], row[5]] for row in rows]
    shown = shown[: asked.limit] if asked.limit else shown
    columns = ["ETF", "코드", "구분", "수량 변화(%)", "이전 비중(%)", "이후 비중(%)"]
    table = Table(f"{what} ({when})", columns, shown)
    if asked.english:
        return Reply(f"**{len(rows)}** ETFs in {when}: {wording.listed([row[0] for row in shown], 5, True)}.", [table])
    if asked.single:
        return Reply(f"{when}에 {wording.with_particle(stock.name, '을를')} 가장 많이 {asked.verb} ETF는 **{rows[0][0]}**입니다(비중 {rows[0][4]}% → {rows[0][5]}%).", [table])
    return Reply(f"{when}에 {what}는 **{len(rows)}개**입니다: {wording.listed([row[0] for row in shown], 5)}.", [table])


def _net(trades: list[tuple]) -> list | None:
    """What an ETF's trades of one stock come to, by the actions of the first and the last."""
    first, last = trades[0], trades[-1]
    held_before, held_after = first[3] != "new", last[3] != "out"
    if not held_before and not held_after:
        return None
    if not held_before:
        return [last[0], last[1], "new", None, 0, last[6]]
    if not held_after:
        return [last[0], last[1], "out", -100.0, first[5], 0]
    factor = 1.0
    for trade in trades:
        if trade[3] in ("new", "out"):
            return [last[0], last[1], "more" if (last[6] or 0) > (first[5] or 0) else "less", None, first[5], last[6]]
        factor *= 1 + (trade[4] or 0) / 100
    change = (factor - 1) * 100
    if abs(change) <= 1:
        return None
    return [last[0], last[1], "more" if change > 0 else "less", round(change, 4), first[5], last[6]]


def _together(chosen: Selection, asked: _Asked) -> Steps:
    """What many ETFs did: the number of ETFs that traded each stock so."""
    if asked.period is not None and asked.period.is_day and closed(asked.period.first):
        return Reply(f"{asked.period.first.isoformat()}은 **휴장일**({closed(asked.period.first)})이라 매매가 없었습니다.")
    last = (yield _last_day()).rows[0][0]
    codes = yield from _members(chosen)
    if codes == []:
        return Reply(f"자료에 {chosen.described()}는 없습니다.")
    among = f"\n  AND e.code IN {literals(codes)}" if codes is not None else ""
    result = yield Query(
        "MATCH (e:ETF)-[t:TRADED]->(s:Stock)\n"
        f"WHERE {_days(asked.period, last)}\n  AND t.action IN {literals(asked.actions)}{among}\n"
        "WITH s, e, collect(t.action) AS actions\n"
        "RETURN s.name AS 종목, s.code AS 종목코드, count(e) AS `ETF 수`, collect(e.name)[0..5] AS `ETF`\n"
        f"ORDER BY count(e) DESC, s.code\nLIMIT {asked.limit or (_TOP if asked.ranked else 30)}", HISTORY
    )
    when = _when(asked.period, last)
    who = f"{chosen.described()}들" if not chosen.is_everything else "ETF들"
    if not result.rows:
        return Reply(f"{when}에 {who}이 {asked.verb} 종목은 자료에 없습니다." if not asked.english else f"No such trades in {when}.")
    rows = [[name, code, count, ", ".join(names)] for name, code, count, names in result.rows]
    best = [row[0] for row in rows if row[2] == rows[0][2]]
    shown = [Table(f"{who}이 {asked.verb} 종목 ({when})", ["종목", "종목코드", "ETF 수", "ETF 예"], rows)]
    if asked.english:
        return Reply(f"In {when} most ETFs traded **{', '.join(best[:3])}** ({rows[0][2]} ETFs).", shown)
    return Reply(f"{when}에 {who}이 가장 많이 {asked.verb} 종목은 **{wording.listed(best, 3)}**({rows[0][2]}개 ETF)입니다.", shown)


__all__ = ["read"]
