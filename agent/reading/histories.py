"""Questions about earlier holdings: a stock's weight over time, its first day above a threshold, top holdings then and at present."""

from __future__ import annotations

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Condition, Unclear, conditions, direction, limit
from agent.reading.days import closed, future
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, literal, literals, table
from agent.reading.question import Reader, Subject

_TOP = 10


def read(reader: Reader) -> Plan | None:
    """What an ETF held on a day or over a period; None when the question is about something else."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    dated = reader.has("date", "trend", "first_time", "then_now", "when", "recent")
    if not dated or not etfs or reader.has("buy", "sell", "new", "out", "fee", "aum", "listed", "price", "nav", "premium", "return", "volume"):
        return None
    if not (reader.has("weight", "hold", "holdings", "stock_word", "percent_word", "concentration") or stocks):
        return None
    if len(etfs) > 1:
        raise Unclear("지난 구성종목은 ETF 하나씩 물어봐 주세요.")
    periods: list[Period] = reader.periods()
    for period in periods:
        if period.problem:
            raise Unclear(f"‘{period.text.strip()}’은 달력에 없는 날짜입니다. 날짜를 다시 확인해 주세요.")
        if period.after(reader.question.as_of):
            return Plan.saying("refuse_future", future(reader.question.as_of, reader.question.english))
    reader.subjects("etf")
    if len(stocks) == 1:
        return _of_stock(reader, etfs[0], stocks[0], periods)
    if stocks:
        raise Unclear("지난 비중은 종목 하나씩 물어봐 주세요.")
    return _of_basket(reader, etfs[0], periods)


def _of_stock(reader: Reader, etf: Subject, stock: Subject, periods: list[Period]) -> Plan | None:
    reader.subjects("stock")
    if len(periods) > 1 and not all(period.is_day for period in periods):
        raise Unclear("기간은 하나만 적어 주세요.")
    limits = conditions(reader, {"weight": "weight", "hold": "weight", "stock": "weight", "percent_word": "weight"}, {"percent": "weight", "number": "weight"})
    firsts = reader.take("first_time")
    asks_when = reader.take("when", "day")
    extreme = direction(reader) if reader.has("big", "small", "most", "best_word") else None
    moved = reader.take("increase", "decrease", "trade", "compare", "then_now", "now")
    reader.take("weight", "hold", "percent_word", "trend", "stock_word", "period_word", "list", "exist", "recent", "day_count", "quantity_held", "all", "return")
    if limits:
        return Plan("weight_threshold", lambda: _threshold(etf, stock, periods[:1], limits, firsts or asks_when))
    if (firsts or (asks_when and extreme is None)) and not periods:
        return Plan("first_held", lambda: _first_held(etf, stock))
    if extreme is not None:
        return Plan("weight_extreme", lambda: _extreme(etf, stock, periods[:1], extreme))
    if len(periods) == 1 and periods[0].is_day and not (moved or periods[0].around):
        return Plan("weight_on", lambda: _on_day(etf, stock, periods[0]))
    if len(periods) == 1 and periods[0].is_day:
        period = Period(0, 0, "", periods[0].first, reader.question.as_of)
        return Plan("weight_history", lambda: _history(etf, stock, period))
    if len(periods) == 2:
        days = sorted(period.first for period in periods)
        return Plan("weight_history", lambda: _history(etf, stock, Period(0, 0, "", days[0], days[1])))
    return Plan("weight_history", lambda: _history(etf, stock, periods[0] if periods else None))


def _held(etf: Subject, stock: Subject, period: Period | None, where: str = "") -> str:
    days = f"\n  AND h.date >= {literal(period.first.isoformat())} AND h.date <= {literal(period.last.isoformat())}" if period else ""
    return (
        "MATCH (e:ETF)-[h:HELD]->(s:Stock)\n"
        f"WHERE e.code = {literal(etf.key)} AND s.code IN {literals(stock.keys)}{days}{where}"
    )


def _history(etf: Subject, stock: Subject, period: Period | None) -> Steps:
    result = yield Query(
        f"{_held(etf, stock, period)}\nRETURN h.date AS 날짜, sum(h.weight) AS `비중(%)`, sum(h.shares) AS `CU당 수량`\nORDER BY h.date", HISTORY
    )
    if not result.rows:
        return Reply(f"{wording.with_particle(etf.name, '이가')} 그 기간에 {wording.with_particle(stock.name, '을를')} 담은 자료가 없습니다.", status="refused")
    (first, start, _), (last, end, _) = result.rows[0], result.rows[-1]
    if start is None or end is None:
        return Reply(f"{etf.name}의 {stock.name} 비중 자료가 비어 있는 날이 있습니다.", [table(f"{etf.name}의 {stock.name} 비중", result)])
    text = (f"{etf.name}의 {stock.name} 비중은 {first} **{start:.2f}%**에서 {last} **{end:.2f}%**로 {end - start:+.2f}%p 바뀌었습니다"
            f"(자료 {len(result.rows)}일).")  # fmt: skip
    return Reply(text, [table(f"{etf.name}의 {stock.name} 비중", result)])


def _threshold(etf: Subject, stock: Subject, periods: list[Period], limits: list[Condition], first_only: bool) -> Steps:
    where = "".join(f" AND {condition.cypher('h.weight')}" for condition in limits)
    period = periods[0] if periods else None
    result = yield Query(f"{_held(etf, stock, period, where)}\nRETURN h.date AS 날짜, h.weight AS `비중(%)`\nORDER BY h.date", HISTORY)
    if not result.rows:
        return Reply(f"{etf.name}에서 {stock.name} 비중이 그 조건에 맞은 날은 자료에 없습니다.")
    day, weight = result.rows[0]
    shown = [table(f"{etf.name}의 {stock.name} 비중", result)]
    if first_only:
        return Reply(f"{etf.name}에서 {stock.name} 비중이 처음 그렇게 된 날은 **{day}**({weight:.2f}%)입니다.", [Table(shown[0].title, shown[0].columns, shown[0].rows[:1])])
    return Reply(f"{etf.name}에서 {stock.name} 비중이 그 조건에 맞은 날은 **{len(result.rows)}일**입니다. 첫날은 {day}({weight:.2f}%)입니다.", shown)


def _first_held(etf: Subject, stock: Subject) -> Steps:
    result = yield Query(f"{_held(etf, stock, None)}\nRETURN min(h.date) AS 첫날, max(h.date) AS `마지막 날`", HISTORY)
    known = yield Query(f"MATCH (e:ETF)-[h:HELD]->(s)\nWHERE e.code = {literal(etf.key)}\nRETURN min(h.date) AS 첫날", HISTORY)
    first = result.rows[0][0]
    if first is None:
        return Reply(f"{wording.with_particle(etf.name, '이가')} {wording.with_particle(stock.name, '을를')} 담은 자료가 없습니다.")
    start = known.rows[0][0]
    note = f" 다만 {etf.name}의 자료가 {start}부터라 그 전부터 담았을 수 있습니다." if start == first else ""
    return Reply(f"자료에서 {wording.with_particle(etf.name, '이가')} {wording.with_particle(stock.name, '을를')} 처음 담은 날은 **{first}**입니다.{note}",
                 [table(f"{etf.name}의 {stock.name}", result)])  # fmt: skip


def _extreme(etf: Subject, stock: Subject, periods: list[Period], highest: bool) -> Steps:
    period = periods[0] if periods else None
    result = yield Query(
        f"{_held(etf, stock, period, ' AND h.weight IS NOT NULL')}\nRETURN h.date AS 날짜, h.weight AS `비중(%)`\n"
        f"ORDER BY h.weight {'DESC' if highest else 'ASC'}, h.date\nLIMIT 5", HISTORY
    )
    if not result.rows:
        return Reply(f"{wording.with_particle(etf.name, '이가')} 그 기간에 {wording.with_particle(stock.name, '을를')} 담은 자료가 없습니다.", status="refused")
    day, weight = result.rows[0]
    return Reply(f"{etf.name}의 {stock.name} 비중이 가장 {'높았던' if highest else '낮았던'} 날은 **{day}**({weight:.2f}%)입니다.",
                 [table(f"{etf.name}의 {stock.name} 비중", result)])  # fmt: skip


def _snapshot(etf: Subject, period: Period) -> Query:
    return Query(
        f"MATCH (e:ETF)-[h:HELD]->(s)\nWHERE e.code = {literal(etf.key)} AND h.date <= {literal(period.last.isoformat())}\nRETURN max(h.date) AS 기준일",
        HISTORY,
    )


def _on_day(etf: Subject, stock: Subject, period: Period) -> Steps:
    day = (yield _snapshot(etf, period)).rows[0][0]
    if day is None:
        return Reply(f"{etf.name}의 {period.last.isoformat()} 이전 구성종목 자료가 없습니다.", status="refused")
    note = _other_day(period, day)
    result = yield Query(
        "MATCH (e:ETF)-[h:HELD]->(s:Stock)\n"
        f"WHERE e.code = {literal(etf.key)} AND s.code IN {literals(stock.keys)} AND h.date = {literal(day)}\n"
        "RETURN h.date AS 날짜, s.name AS 종목, h.weight AS `비중(%)`, h.shares AS `CU당 수량`", HISTORY
    )
    if not result.rows:
        return Reply(f"{note}{day}에 {wording.with_particle(etf.name, '은는')} {wording.with_particle(stock.name, '을를')} **담고 있지 않았습니다**.")
    weights = [row[2] for row in result.rows if row[2] is not None]
    said = f"**{sum(weights):.2f}%**" if weights else "자료에 없음"
    return Reply(f"{note}{day} {etf.name}의 {stock.name} 비중은 {said}입니다." if weights else f"{note}{day} {etf.name}의 {stock.name} 비중은 자료에 없습니다.",
                 [table(f"{etf.name}의 {stock.name} 비중", result)])  # fmt: skip


def _other_day(period: Period, day: str) -> str:
    if not period.is_day or period.nearest or period.last.isoformat() == day:
        return ""
    why = f"휴장일({closed(period.last)})이라" if closed(period.last) else "자료가 없어"
    return f"{period.last.isoformat()}은 {why} 그 전 마지막 구성종목으로 답합니다. "


def _of_basket(reader: Reader, etf: Subject, periods: list[Period]) -> Plan | None:
    if reader.has("first_time") or not periods:
        return None
    both = reader.take("then_now", "now", "compare", "trade") or len(periods) == 2
    counted, added = reader.take("count"), reader.take("sum", "concentration")
    count, _ = limit(reader, _TOP)
    everything = reader.take("all", "both")
    smallest = direction(reader) is False
    reader.take("holdings", "stock_word", "hold", "weight", "list", "exist", "etf_word", "rank", "trend", "data_date")
    if not all(period.is_day for period in periods):
        # A period's end stands for it: the top holdings "in June" are those of its last snapshot.
        periods = [Period(0, 0, period.text, period.last, period.last, is_day=True, nearest=True) for period in periods]
    if both and len(periods) == 1:
        periods = [*periods, Period(0, 0, "", reader.question.as_of, reader.question.as_of, is_day=True, nearest=True)]
    number = 1000 if everything else count or _TOP
    if len(periods) == 2:
        return Plan("then_and_now", lambda: _then_and_now(etf, periods, number))
    if len(periods) != 1:
        return None
    return Plan("holdings_on", lambda: _basket_on(etf, periods[0], number, counted, added, smallest))


def _top(etf: Subject, day: str, count: int, smallest: bool = False) -> Query:
    known = " AND h.weight IS NOT NULL" if smallest else ""
    return Query(
        f"MATCH (e:ETF)-[h:HELD]->(s:Stock)\nWHERE e.code = {literal(etf.key)} AND h.date = {literal(day)}{known}\n"
        "RETURN s.name AS 종목, s.code AS 종목코드, h.weight AS `비중(%)`, h.shares AS `CU당 수량`, h.date AS 날짜\n"
        f"ORDER BY h.weight IS NULL, h.weight {'ASC' if smallest else 'DESC'}, s.code\nLIMIT {count}", HISTORY
    )


def _basket_on(etf: Subject, period: Period, count: int, counted: bool, added: bool, smallest: bool) -> Steps:
    day = (yield _snapshot(etf, period)).rows[0][0]
    if day is None:
        return Reply(f"{etf.name}의 {period.last.isoformat()} 이전 구성종목 자료가 없습니다.", status="refused")
    note = _other_day(period, day)
    if counted:
        found = yield Query(f"MATCH (e:ETF)-[h:HELD]->(s:Stock)\nWHERE e.code = {literal(etf.key)} AND h.date = {literal(day)}\nRETURN count(DISTINCT s.code) AS `종목 수`", HISTORY)
        return Reply(f"{note}{day} {wording.with_particle(etf.name, '은는')} 주식 **{found.rows[0][0]}종목**을 담고 있었습니다.", [table(etf.name, found)])
    result = yield _top(etf, day, count, smallest)
    if not result.rows:
        return Reply(f"{note}{day} {etf.name}의 주식 구성종목 자료가 없습니다.", status="refused")
    shown = [table(f"{day} {etf.name} 구성종목", result)]
    listed = [f"{row[0]} {wording.percent(row[2])}" for row in result.rows]
    if added:
        total = sum(row[2] or 0 for row in result.rows)
        return Reply(f"{note}{day} {etf.name}의 상위 {len(result.rows)}종목 비중을 더하면 **{total:.2f}%**입니다.", shown)
    return Reply(f"{note}{day} {etf.name}에서 비중이 {'작은' if smallest else '큰'} 종목 {len(result.rows)}개: {wording.listed(listed, 10)}.", shown)


def _then_and_now(etf: Subject, periods: list[Period], count: int) -> Steps:
    days = []
    for period in sorted(periods, key=lambda period: period.first):
        day = (yield _snapshot(etf, period)).rows[0][0]
        if day is None:
            return Reply(f"{etf.name}의 {period.last.isoformat()} 이전 구성종목 자료가 없습니다.", status="refused")
        days.append(day)
    then, later = (yield _top(etf, days[0], count)), (yield _top(etf, days[1], count))
    before = {row[1]: row for row in then.rows}
    after = {row[1]: row for row in later.rows}
    came = [row[0] for code, row in after.items() if code not in before]
    left = [row[0] for code, row in before.items() if code not in after]
    tables = [table(f"{days[0]} {etf.name} 상위 {len(before)}종목", then), table(f"{days[1]} {etf.name} 상위 {len(after)}종목", later)]
    first, second = (", ".join(f"{row[0]} {wording.percent(row[2])}" for row in rows[:3]) for rows in (then.rows, later.rows))
    text = f"{etf.name}의 상위 종목은 {days[0]} {first}에서 {days[1]} {second}로 바뀌었습니다. "
    text += f"새로 올라온 종목: {wording.listed(came) or '없음'}. 내려간 종목: {wording.listed(left) or '없음'}."
    return Reply(text, tables)
