"""Questions about trades of many ETFs: who traded a stock, and which stocks they traded together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Sequence
from datetime import date
from typing import Any

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Unclear
from agent.reading.coverage import Few, few_known
from agent.reading.days import closed, closed_reply, future
from agent.reading.filters import select
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, literal, literals
from agent.reading.question import Reader, Subject
from agent.reading.selection import Selection
from agent.reading.trades import ACTION_NAMES, WORDS, Asked, trades_asked, unclear_first, unclear_period, what_is_asked

_TOP = 10
_MOST = 30


def read(reader: Reader) -> Plan | None:
    """ETFs that traded a stock, or stocks that ETFs traded; None when the question is about something else."""
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    if reader.find("etf") or not trades_asked(reader) or len(stocks) > 1:
        return None
    if not (stocks or reader.find("company", "tag", "active") or reader.has("etf_word", "stock_word")):
        return None
    if reader.question.english and not stocks and not reader.has("etf_word", "stock_word", "holdings"):
        # `What did TIME Nasdaq 100 active buy`: one ETF by a name that is not known.
        return None
    asked = what_is_asked(reader)
    etfs_asked = not stocks and _asks_for_etfs(reader)
    if asked.first:
        raise unclear_first()
    if not stocks and asked.by_shares:
        raise Unclear("수량의 변화는 ETF 하나나 종목 하나를 적어 물어봐 주세요.", "Please name one ETF or one stock.")
    if asked.period is not None and asked.period.after(reader.question.as_of):
        return Plan.saying("refuse_future", future(reader.question.as_of, asked.english))
    if stocks:
        reader.subjects("stock")
    chosen = select(reader, held=False)
    reader.take(
        "etf_word", "stock_word", "hold", "exist", "list", "all", "compare", "weight", "both", "together", "rank", "overlap", "quantity_held",
        "by_group", "how_is", "where", "main", "name",
    )  # fmt: skip
    if asked.period is None:
        who = stocks[0].name if stocks else "액티브 ETF들이"
        unclear = unclear_period(asked, who)
        suggestions = (f"{who}{'를' if stocks else ''} 어제 {asked.verb} {'ETF는?' if stocks else '종목은?'}",)
        raise Unclear(unclear.ko, unclear.en, suggestions)
    if stocks:
        return Plan("traders", lambda: _traders(stocks[0], chosen, asked, reader.question.as_of))
    if etfs_asked:
        if not asked.period.is_day or asked.english or asked.by_shares or reader.has("small"):
            raise Unclear(
                "매매한 종목이 많은 ETF는 하루씩, 많은 쪽부터만 알려 드릴 수 있습니다. 예: 어제",
                "Please ask for one day.",
            )
        return Plan("trading_etfs", lambda: _busiest(chosen, asked, reader.question.as_of))
    if not asked.period.is_day:
        raise _unclear_net(asked, chosen)
    return Plan("traded_together", lambda: _together(chosen, asked, reader.question.as_of))


def _asks_for_etfs(reader: Reader) -> bool:
    """`매매를 가장 많이 한 ETF`, `새로 편입된 종목이 가장 많은 ETF`: the ETFs that traded are asked for, not what they traded."""
    words = [
        token.kind for token in reader.tokens if token.kind in ("etf_word", "active", "stock_word", "what", *WORDS)
    ]
    if reader.question.english:
        return "etf_word" in words and words[:1] == ["what"] and words[1] in ("etf_word", "active")
    last = [kind for kind in words if kind != "what"]
    return bool(last) and last[-1] in ("etf_word", "active")


def _unclear_net(asked: Asked, chosen: Selection) -> Unclear:
    """Over several days each ETF's net counts, which the verified examples tell; a sum of its days would tell too many."""
    assert asked.period is not None
    said, verb = asked.period.text.strip(), "판" if "out" in asked.actions and "new" not in asked.actions else "산"
    text = f"여러 날에 걸친 매매는 기간 앞뒤의 구성을 비교해 답합니다. {chosen.described()}들의 매매는 아래처럼 물어봐 주세요."
    return Unclear(text, "Please ask for one day.", (f"{said} 액티브 ETF들이 가장 많이 {verb} 종목은?",))


def _day_before(period: Period) -> Query:
    """The trading day before a day, by the snapshots that that day's trades were counted from."""
    day = literal(period.first.isoformat())
    return Query(f"MATCH (e:ETF)-[t:TRADED]->(s)\nWHERE t.date = {day}\nRETURN max(t.previous) AS 전날", HISTORY)


def _daily(period: Period) -> Generator[Query, Any, str]:
    """The condition that keeps to trades of the day itself: an ETF whose last snapshot is older traded over several days."""
    if not period.is_day:
        return ""
    before = (yield _day_before(period)).rows[0][0]
    return f"\n  AND t.previous = {literal(before)}" if before else ""


def _busiest(chosen: Selection, asked: Asked, as_of: date) -> Steps:
    """The ETFs by the number of stocks they traded so on a day."""
    period = asked.period
    assert period is not None
    if period.is_day and closed(period.first):
        return closed_reply(period.first, asked.english)
    among = yield from _members(chosen)
    daily = yield from _daily(period)
    result = yield Query(
        "MATCH (e:ETF)-[t:TRADED]->(s:Stock)\n"
        f"WHERE {_days(period)}{daily}\n  AND t.action IN {literals(asked.actions)}{among}\n"
        "RETURN e.name AS ETF, e.code AS 코드, count(DISTINCT s.code) AS `종목 수`\n"
        f"ORDER BY count(DISTINCT s.code) DESC, e.code\nLIMIT {asked.limit or _TOP}", HISTORY
    )  # fmt: skip
    when, who = wording.span(period.first, period.last), chosen.described()
    few = yield from few_known(chosen, period, as_of, among)
    if not result.rows:
        return _nobody(f"{when}에 {asked.verb} 종목이 있는 {wording.with_particle(who, '은는')} 자료에 없습니다.", few)
    most = [row[0] for row in result.rows if row[2] == result.rows[0][2]]
    best = f"**{wording.listed(most, 3)}**({result.rows[0][2]}종목)"
    note = " 그날과 직전 거래일에 모두 구성종목 자료가 있는 ETF만 셌습니다." + few.text
    tables = [Table(f"{when}에 {asked.verb} 종목 수", list(result.columns), [list(row) for row in result.rows])]
    return Reply(
        f"{when}에 {asked.verb} 종목이 가장 많은 {wording.with_particle(who, '은는')} {best}입니다.{note}", tables
    )


def _days(period: Period) -> str:
    if period.is_day:
        return f"t.date = {literal(period.first.isoformat())}"
    low = ">" if period.between else ">="
    return f"t.date {low} {literal(period.first.isoformat())} AND t.date <= {literal(period.last.isoformat())}"


def _members(chosen: Selection) -> Generator[Query, Any, str]:
    """The condition that keeps to the ETFs of a selection; empty for all of them."""
    if chosen.is_everything:
        return ""
    found = yield Query(f"{chosen.cypher()}\nRETURN e.code AS 코드")
    return f"\n  AND e.code IN {literals(row[0] for row in found.rows)}"


def _traders(stock: Subject, chosen: Selection, asked: Asked, as_of: date) -> Steps:
    """The ETFs that traded one stock; over several days the net of each ETF's trades counts."""
    period = asked.period
    assert period is not None
    if period.is_day and closed(period.first):
        return closed_reply(period.first, asked.english)
    among = yield from _members(chosen)
    result = yield Query(
        "MATCH (e:ETF)-[t:TRADED]->(s:Stock)\n"
        f"WHERE s.code IN {literals(stock.keys)}\n  AND {_days(period)}{among}\n"
        "RETURN e.name AS ETF, e.code AS 코드, t.date AS 날짜, t.action AS 구분, t.shares_change AS `수량 변화(%)`, "
        "t.weight_before AS `이전 비중(%)`, t.weight_after AS `이후 비중(%)`\nORDER BY e.code, t.date", HISTORY
    )  # fmt: skip
    by_etf: dict[str, list[tuple]] = defaultdict(list)
    for row in result.rows:
        by_etf[row[1]].append(row)
    rows = [net for trades in by_etf.values() if (net := _net(trades)) and net[2] in asked.actions]
    if asked.by_shares:
        rows.sort(key=lambda row: (-abs(row[3] or 0), row[1]))
    else:
        rows.sort(key=lambda row: (-abs((row[5] or 0) - (row[4] or 0)), row[1]))
    few = yield from few_known(chosen, period, as_of, among, asked.english)
    return _traders_reply(stock, chosen, asked, rows, few)


def _traders_reply(stock: Subject, chosen: Selection, asked: Asked, rows: list[list], few: Few) -> Reply:
    english, period = asked.english, asked.period
    assert period is not None
    when = wording.span(period.first, period.last)
    what = f"{wording.with_particle(stock.name, '을를')} {asked.verb} {chosen.described()}"
    if not rows:
        text = f"{when}에 {wording.with_particle(what, '은는')} 자료에 없습니다."
        return _nobody(f"No ETF did so with {stock.name} in {when}." if english else text, few)
    shown = [[row[0], row[1], ACTION_NAMES[row[2]][english], *row[3:]] for row in rows][: asked.limit or None]
    columns = ["ETF", "코드", "구분", "수량 변화(%)", "이전 비중(%)", "이후 비중(%)"]
    if english:
        columns = ["ETF", "code", "action", "shares (%)", "weight before (%)", "weight after (%)"]
    tables = [Table(f"{what} ({when})" if not english else f"{stock.name} ({when})", columns, shown)]
    listed = wording.listed([row[0] for row in shown], 5, english)
    if english:
        return Reply(f"**{len(rows)}** ETFs in {when}: {listed}.{few.text}", tables)
    if asked.single:
        first = rows[0]
        moved = f"비중 {wording.percent(first[4])} → {wording.percent(first[5])}"
        whom = wording.with_particle(stock.name, "을를")
        return Reply(f"{when}에 {whom} 가장 많이 {asked.verb} ETF는 **{first[0]}**입니다({moved}).{few.text}", tables)
    return Reply(f"{when}에 {wording.with_particle(what, '은는')} **{len(rows)}개**입니다: {listed}.{few.text}", tables)


def _nobody(text: str, few: Few) -> Reply:
    """That no ETF traded so; where only few ETFs are known, that answers nothing."""
    return Reply(text + few.text, status="refused" if few.hardly_any else "answered")


def _net(trades: Sequence[tuple]) -> list | None:
    """What an ETF's trades of one stock come to, by the first and the last; None where they cancel out."""
    first, last = trades[0], trades[-1]
    held_before, held_after = first[3] != "new", last[3] != "out"
    if not held_before:
        return [last[0], last[1], "new", None, 0, last[6]] if held_after else None
    if not held_after:
        return [last[0], last[1], "out", -100.0, first[5], 0]
    if any(trade[3] in ("new", "out") for trade in trades):
        action = "more" if (last[6] or 0) > (first[5] or 0) else "less"
        return [last[0], last[1], action, None, first[5], last[6]]
    factor = 1.0
    for trade in trades:
        factor *= 1 + (trade[4] or 0) / 100
    change = round((factor - 1) * 100, 4)
    if abs(change) <= 1:
        return None
    return [last[0], last[1], "more" if change > 0 else "less", change, first[5], last[6]]


def _together(chosen: Selection, asked: Asked, as_of: date) -> Steps:
    """The number of ETFs that traded each stock so."""
    period = asked.period
    assert period is not None
    english = asked.english
    if period.is_day and closed(period.first):
        return closed_reply(period.first, english)
    among = yield from _members(chosen)
    daily = yield from _daily(period)
    count = asked.limit or (_TOP if asked.ranked else _MOST)
    result = yield Query(
        "MATCH (e:ETF)-[t:TRADED]->(s:Stock)\n"
        f"WHERE {_days(period)}{daily}\n  AND t.action IN {literals(asked.actions)}{among}\n"
        "WITH DISTINCT s, e\n"
        "RETURN s.name AS 종목, s.code AS 종목코드, count(e) AS `ETF 수`, collect(e.name)[0..5] AS ETF\n"
        f"ORDER BY count(e) DESC, s.code\nLIMIT {count}", HISTORY
    )  # fmt: skip
    when = wording.span(period.first, period.last)
    who = f"{chosen.described()}들"
    few = yield from few_known(chosen, period, as_of, among, english)
    if not result.rows:
        text = f"No such trades in {when}." if english else f"{when}에 {who}이 {asked.verb} 종목은 자료에 없습니다."
        return _nobody(text, few)
    rows = [[name, code, number, ", ".join(names)] for name, code, number, names in result.rows]
    best = [row[0] for row in rows if row[2] == rows[0][2]]
    columns = ["stock", "code", "ETFs", "such as"] if english else ["종목", "종목코드", "ETF 수", "ETF 예"]
    tables = [Table(f"{who}이 {asked.verb} 종목 ({when})" if not english else f"trades ({when})", columns, rows)]
    if english:
        return Reply(f"In {when} most ETFs traded **{', '.join(best[:3])}** ({rows[0][2]} ETFs).{few.text}", tables)
    most = f"**{wording.listed(best, 3)}**({rows[0][2]}개 ETF)"
    return Reply(f"{when}에 {who}이 가장 많이 {asked.verb} 종목은 {most}입니다.{few.text}", tables)
