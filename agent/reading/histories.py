"""Questions about one stock's weight in one ETF over time: on a day, over a period, its extremes, its first day above a threshold."""

from __future__ import annotations

from datetime import date, timedelta

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Condition, Unclear, conditions, direction
from agent.reading.days import closed, future
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, literal, literals, table
from agent.reading.question import Reader, Subject

DATED = (
    "date",
    "trend",
    "first_time",
    "then_now",
    "when",
    "day",
    "recent",
    "exceed",
    "undercut",
    "increase",
    "decrease",
)
OTHERS = (
    "buy", "sell", "new", "out", "fee", "aum", "listed", "price", "nav", "premium", "return", "volume", "similar", "overlap", "former", "renamed",
    "undenied",
)  # fmt: skip
_MEASURES = dict.fromkeys(("weight", "hold", "stock", "percent_word"), "weight")


def checked_periods(reader: Reader) -> list[Period]:
    """The dates of a question, explained. Raises Unclear for a day that the calendar does not have."""
    periods = reader.periods()
    for period in periods:
        if period.problem:
            said = period.text.strip()
            raise Unclear(f"‘{said}’은 달력에 없는 날짜입니다. 날짜를 다시 확인해 주세요.", f"“{said}” is no day.")
    return periods


def read(reader: Reader) -> Plan | None:
    """A stock's weight in an ETF over time; None when the question is about something else."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    if len(etfs) != 1 or not stocks or not reader.has(*DATED) or reader.has(*OTHERS) or reader.has("etf_word"):
        return None
    if reader.find("company", "tag", "index"):
        return None
    if len(stocks) > 1:
        raise Unclear("지난 비중은 종목 하나씩 물어봐 주세요.", "Please ask about one stock at a time.")
    periods = checked_periods(reader)
    if any(period.after(reader.question.as_of) for period in periods):
        return Plan.saying("refuse_future", future(reader.question.as_of, reader.question.english))
    if len(periods) > 1 and not all(period.is_day for period in periods):
        raise Unclear("기간은 하나만 적어 주세요.", "Please give one period.")
    etf, stock = reader.subjects("etf")[0], reader.subjects("stock")[0]
    return _planned(reader, etf, stock, periods)


def _planned(reader: Reader, etf: Subject, stock: Subject, periods: list[Period]) -> Plan:
    limits = conditions(reader, _MEASURES, {"percent": "weight", "number": "weight"})
    firsts = reader.take("first_time")
    asks_when = reader.take("when", "day")
    moved = reader.take("increase", "decrease", "trade", "compare", "then_now")
    changes = moved or (reader.has("trend") and any(token.text.startswith("어떻게") for token in reader.find("trend")))
    ordered = reader.has("big", "small", "most", "best_word") and not (moved and reader.has("big", "small"))
    extreme = direction(reader) if ordered else None
    direction(reader)
    moved = changes
    reader.take(
        "weight", "hold", "percent_word", "trend", "stock_word", "period_word", "list", "exist", "recent", "day_count", "quantity_held", "all", "how_is",
        "return", "rise", "fall", "data_date", "without", "exceed", "undercut",
    )  # fmt: skip
    one_day = len(periods) == 1 and periods[0].is_day and not periods[0].around
    period = _covering(periods, reader)
    if limits:
        return Plan(
            "weight_threshold", lambda: _threshold(etf, stock, period if periods else None, limits, firsts or asks_when)
        )
    if (firsts or (asks_when and extreme is None)) and not periods:
        return Plan("first_held", lambda: _first_held(etf, stock))
    if extreme is not None:
        return Plan("weight_extreme", lambda: _extreme(etf, stock, period if periods else None, extreme))
    if one_day and not moved:
        return Plan("weight_on", lambda: _on_day(etf, stock, periods[0]))
    return Plan("weight_history", lambda: _history(etf, stock, period if periods else None, moved))


def _covering(periods: list[Period], reader: Reader) -> Period:
    """The period of one or two dates; one day with a comparison runs until the data date."""
    today = reader.question.as_of
    if not periods:
        return Period(0, 0, "", today, today)
    if len(periods) == 1 and not periods[0].is_day:
        return periods[0]
    days = sorted(period.first for period in periods)
    last = days[-1] if len(days) > 1 or periods[0].around else today
    return Period(0, 0, "", days[0], last, between=len(days) > 1 or not periods[0].around)


def held(etf: Subject, stock: Subject, period: Period | None, where: str = "") -> str:
    """MATCH and WHERE of a stock's snapshots in an ETF."""
    days = ""
    if period is not None:
        days = f"\n  AND h.date >= {literal(period.first.isoformat())} AND h.date <= {literal(period.last.isoformat())}"
    return (
        "MATCH (e:ETF)-[h:HELD]->(s:Stock)\n"
        f"WHERE e.code = {literal(etf.key)} AND s.code IN {literals(stock.keys)}{days}{where}"
    )


def _history(etf: Subject, stock: Subject, period: Period | None, moved: bool) -> Steps:
    result = yield Query(
        f"{held(etf, stock, period)}\nRETURN h.date AS 날짜, sum(h.weight) AS `비중(%)`, sum(h.shares) AS `CU당 수량`\n"
        "ORDER BY h.date", HISTORY
    )  # fmt: skip
    rows = [list(row) for row in result.rows]
    if period is not None and (period.nearest or (moved and not period.between)):
        # A change over a period starts from the last snapshot before it.
        sign = "<=" if period.nearest else "<"
        before = yield Query(
            f"{held(etf, stock, None, f' AND h.date {sign} {literal(period.first.isoformat())}')}\n"
            "RETURN h.date AS 날짜, sum(h.weight) AS `비중(%)`, sum(h.shares) AS `CU당 수량`\nORDER BY h.date DESC\nLIMIT 1",
            HISTORY,
        )
        rows = [list(row) for row in before.rows] + [
            row for row in rows if not before.rows or row[0] > before.rows[0][0]
        ]
    who, what = wording.with_particle(etf.name, "이가"), wording.with_particle(stock.name, "을를")
    if not rows:
        return Reply(f"{who} 그 기간에 {what} 담은 자료가 없습니다.", status="refused")
    (first, start, _), (last, end, _) = rows[0], rows[-1]
    shown = [Table(f"{etf.name}의 {stock.name} 비중", list(result.columns), rows)]
    if start is None or end is None:
        return Reply(f"{etf.name}의 {stock.name} 비중 자료가 비어 있는 날이 있습니다.", shown)
    path = f"{first} **{start:.2f}%**에서 {last} **{end:.2f}%**로"
    text = f"{etf.name}의 {stock.name} 비중은 {path} **{end - start:+.2f}%p** 바뀌었습니다(자료 {len(rows)}일)."
    return Reply(text, shown)


def _threshold(etf: Subject, stock: Subject, period: Period | None, limits: list[Condition], first_only: bool) -> Steps:
    where = "".join(f" AND {condition.cypher('h.weight')}" for condition in limits)
    result = yield Query(
        f"{held(etf, stock, period, where)}\nRETURN h.date AS 날짜, h.weight AS `비중(%)`\nORDER BY h.date", HISTORY
    )
    words = " ".join(condition.words("%") for condition in limits)
    what = f"{etf.name}에서 {stock.name} 비중이 {words}"
    if not result.rows:
        return Reply(f"{what}인 날은 자료에 없습니다.")
    day, weight = result.rows[0]
    title, columns = f"{etf.name}의 {stock.name} 비중", list(result.columns)
    if first_only:
        return Reply(f"{what}이 처음 된 날은 **{day}**({weight:.2f}%)입니다.", [Table(title, columns, [[day, weight]])])
    days = f"**{len(result.rows)}일**"
    return Reply(f"{what}인 날은 {days}입니다. 첫날은 {day}({weight:.2f}%)입니다.", [table(title, result)])


def _first_held(etf: Subject, stock: Subject) -> Steps:
    result = yield Query(f"{held(etf, stock, None)}\nRETURN min(h.date) AS 첫날, max(h.date) AS `마지막 날`", HISTORY)
    known = yield Query(
        f"MATCH (e:ETF)-[h:HELD]->(s)\nWHERE e.code = {literal(etf.key)}\nRETURN min(h.date) AS 첫날", HISTORY
    )
    first = result.rows[0][0]
    who, what = wording.with_particle(etf.name, "이가"), wording.with_particle(stock.name, "을를")
    if first is None:
        return Reply(f"{who} {what} 담은 자료가 없습니다.")
    start = known.rows[0][0]
    note = f" 다만 {etf.name}의 자료가 {start}부터라 그 전부터 담았을 수 있습니다." if start == first else ""
    shown = [table(f"{etf.name}의 {stock.name}", result)]
    return Reply(f"자료에서 {who} {what} 처음 담은 날은 **{first}**입니다.{note}", shown)


def _extreme(etf: Subject, stock: Subject, period: Period | None, highest: bool) -> Steps:
    result = yield Query(
        f"{held(etf, stock, period, ' AND h.weight IS NOT NULL')}\nRETURN h.date AS 날짜, h.weight AS `비중(%)`\n"
        f"ORDER BY h.weight {'DESC' if highest else 'ASC'}, h.date\nLIMIT 5", HISTORY
    )  # fmt: skip
    if not result.rows:
        who, what = wording.with_particle(etf.name, "이가"), wording.with_particle(stock.name, "을를")
        return Reply(f"{who} 그 기간에 {what} 담은 자료가 없습니다.", status="refused")
    day, weight = result.rows[0]
    which = "높았던" if highest else "낮았던"
    shown = [table(f"{etf.name}의 {stock.name} 비중", result)]
    return Reply(f"{etf.name}의 {stock.name} 비중이 가장 {which} 날은 **{day}**({weight:.2f}%)입니다.", shown)


def snapshot(etf: Subject, period: Period) -> Query:
    """The day of the last snapshot on or before the end of a period."""
    return Query(
        f"MATCH (e:ETF)-[h:HELD]->(s)\nWHERE e.code = {literal(etf.key)} AND h.date <= {literal(period.last.isoformat())}\n"
        "RETURN max(h.date) AS 기준일", HISTORY
    )  # fmt: skip


# The end of a month may fall on a holiday; an older snapshot is another day's.
_NEAR_THE_END = timedelta(days=5)


def other_day(period: Period, day: str) -> str:
    """Why the snapshot of another day serves; empty where it is the day itself."""
    if not period.is_day or period.last.isoformat() == day:
        return ""
    if period.nearest and period.last - date.fromisoformat(day) <= _NEAR_THE_END:
        return ""
    why = f"휴장일({closed(period.last)})이라" if closed(period.last) else "자료가 없어"
    return f"{period.last.isoformat()}은 {why} 그 전 마지막 구성종목으로 답합니다. "


def _on_day(etf: Subject, stock: Subject, period: Period) -> Steps:
    day = (yield snapshot(etf, period)).rows[0][0]
    if day is None:
        return Reply(f"{etf.name}의 {period.last.isoformat()} 이전 구성종목 자료가 없습니다.", status="refused")
    note = other_day(period, day)
    result = yield Query(
        f"{held(etf, stock, None, f' AND h.date = {literal(day)}')}\n"
        "RETURN h.date AS 날짜, s.name AS 종목, h.weight AS `비중(%)`, h.shares AS `CU당 수량`", HISTORY
    )  # fmt: skip
    if not result.rows:
        who, what = wording.with_particle(etf.name, "은는"), wording.with_particle(stock.name, "을를")
        return Reply(f"{note}{day}에 {who} {what} **담고 있지 않았습니다**.")
    weights = [row[2] for row in result.rows if row[2] is not None]
    said = f"**{sum(weights):.2f}%**입니다" if weights else "자료에 없습니다"
    shown = [table(f"{etf.name}의 {stock.name} 비중", result)]
    return Reply(f"{note}{day} {etf.name}의 {stock.name} 비중은 {said}.", shown)
