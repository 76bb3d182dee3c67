"""Questions about whole baskets of earlier days: top holdings on a day, then and at present, weights that moved, past holders."""

from __future__ import annotations

from datetime import timedelta

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Unclear, conditions, direction, limit
from agent.reading.days import future
from agent.reading.histories import OTHERS, checked_periods, other_day, snapshot
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, literal, literals, table
from agent.reading.question import Reader, Subject

_TOP = 10
_ALL = 1000
_COLUMNS = "s.name AS 종목, s.code AS 종목코드, h.weight AS `비중(%)`, h.shares AS `CU당 수량`, h.date AS 날짜"


def read(reader: Reader) -> Plan | None:
    """The basket of an ETF on a day, or an ETF's moved weights; None when the question is about something else."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    asked = reader.has(
        "weight", "hold", "holdings", "stock_word", "stock_count", "concentration", "count", "main"
    ) or reader.quantities("count")
    if len(etfs) != 1 or not asked or not reader.has("date") or reader.has(*OTHERS, "etf_word", "first_time"):
        return None
    if reader.find("stock", "company", "tag", "index"):
        return None
    periods = checked_periods(reader)
    if any(period.after(reader.question.as_of) for period in periods):
        return Plan.saying("refuse_future", future(reader.question.as_of, reader.question.english))
    etf = reader.subjects("etf")[0]
    if (reader.has("increase", "decrease") and reader.has("weight")) or _grew(reader):
        return _moved(reader, etf, periods)
    if _could_be_bought(reader, periods):
        raise Unclear(
            "그 기간에 새로 산 종목인지, 그 기간 끝에 담고 있던 종목인지 알려 주세요. 예: 지난달에 새로 산 종목, 7월 6일에 담고 있던 종목",
            "Do you mean what it bought in that period, or what it held at its end?",
        )
    together = reader.take("then_now", "compare") or len(periods) == 2
    together = (reader.take("now") and not _as_of(reader)) or together
    changed = reader.has("trade") or any(token.text.startswith("어떻게") for token in reader.find("trend"))
    counted, added = reader.take("count", "stock_count"), reader.take("sum", "concentration")
    count, said = limit(reader, None)
    everything = reader.take("all", "both")
    ordered = direction(reader)
    ranked = said or ordered is not None or reader.take("main", "rank")
    if changed and not ranked:
        return None
    reader.take(
        "holdings", "stock_word", "hold", "weight", "list", "exist", "trend", "data_date", "when", "trade", "how_is", "together", "percent_word", "period_word",
    )  # fmt: skip
    if not all(period.is_day for period in periods):
        # A period's end stands for it: the top holdings "in June" are those of its last snapshot.
        ends = [min(period.last, reader.question.as_of) for period in periods]
        periods = [Period(0, 0, "", day, day, is_day=True, nearest=True) for day in ends]
    today = reader.question.as_of
    if (together or changed) and len(periods) == 1:
        periods = [*periods, Period(0, 0, "", today, today, is_day=True, nearest=True)]
    number = _ALL if everything else count or _TOP
    if len(periods) == 2:
        return Plan("then_and_now", lambda: _then_and_now(etf, periods, number))
    if len(periods) != 1:
        return None
    return Plan("holdings_on", lambda: _on_day(etf, periods[0], number, counted, added, ordered is False))


def _could_be_bought(reader: Reader, periods: list[Period]) -> bool:
    """`6월에 담은 종목` can mean what was put in during the period as well as what was held."""
    held = any(token.text.startswith(("담은", "담았")) for token in reader.find("hold"))
    return held and len(periods) == 1 and not periods[0].is_day and not reader.has("weight", "first_time")


def _as_of(reader: Reader) -> bool:
    """`7월 6일 기준`: the word belongs to the date and compares nothing."""
    return all(token.text.startswith(("기준", "as of", "현재 기준")) for token in reader.find("now"))


def _grew(reader: Reader) -> bool:
    return reader.has("weight") and any(
        token.text.startswith(("커진", "커졌", "작아")) for token in reader.find("big", "small")
    )


def _top(etf: Subject, day: str, count: int, smallest: bool = False) -> Query:
    known = " AND h.weight IS NOT NULL" if smallest else ""
    return Query(
        f"MATCH (e:ETF)-[h:HELD]->(s:Stock)\nWHERE e.code = {literal(etf.key)} AND h.date = {literal(day)}{known}\n"
        f"RETURN {_COLUMNS}\nORDER BY h.weight IS NULL, h.weight {'ASC' if smallest else 'DESC'}, s.code\nLIMIT {count}",
        HISTORY,
    )


def _on_day(etf: Subject, period: Period, count: int, counted: bool, added: bool, smallest: bool) -> Steps:
    day = (yield snapshot(etf, period)).rows[0][0]
    if day is None:
        return Reply(f"{etf.name}의 {period.last.isoformat()} 이전 구성종목 자료가 없습니다.", status="refused")
    note = other_day(period, day)
    if counted:
        found = yield Query(
            f"MATCH (e:ETF)-[h:HELD]->(s:Stock)\nWHERE e.code = {literal(etf.key)} AND h.date = {literal(day)}\n"
            "RETURN count(DISTINCT s.code) AS `종목 수`", HISTORY
        )  # fmt: skip
        who = wording.with_particle(etf.name, "은는")
        return Reply(f"{note}{day} {who} 주식 **{found.rows[0][0]}종목**을 담고 있었습니다.", [table(etf.name, found)])
    result = yield _top(etf, day, count, smallest)
    if not result.rows:
        return Reply(f"{note}{day} {etf.name}의 주식 구성종목 자료가 없습니다.", status="refused")
    shown = [table(f"{day} {etf.name} 구성종목", result)]
    if added:
        total = sum(row[2] or 0 for row in result.rows)
        return Reply(
            f"{note}{day} {etf.name}의 상위 {len(result.rows)}종목 비중을 더하면 **{total:.2f}%**입니다.", shown
        )
    listed = wording.listed([f"{row[0]} {wording.percent(row[2])}" for row in result.rows], 10)
    size = "작은" if smallest else "큰"
    return Reply(f"{note}{day} {etf.name}에서 비중이 {size} 종목 {len(result.rows)}개: {listed}.", shown)


def _then_and_now(etf: Subject, periods: list[Period], count: int) -> Steps:
    tops = []
    for period in sorted(periods, key=lambda period: period.first):
        day = (yield snapshot(etf, period)).rows[0][0]
        if day is None:
            return Reply(f"{etf.name}의 {period.last.isoformat()} 이전 구성종목 자료가 없습니다.", status="refused")
        tops.append((day, (yield _top(etf, day, count))))
    (first, then), (second, later) = tops
    before, after = ({row[1]: row for row in result.rows} for result in (then, later))
    came = [row[0] for code, row in after.items() if code not in before]
    left = [row[0] for code, row in before.items() if code not in after]
    tables = [table(f"{day} {etf.name} 상위 {len(result.rows)}종목", result) for day, result in tops]
    said = [", ".join(f"{row[0]} {wording.percent(row[2])}" for row in result.rows[:3]) for _, result in tops]
    moved = f"새로 올라온 종목: {wording.listed(came) or '없음'}. 내려간 종목: {wording.listed(left) or '없음'}."
    text = f"{etf.name}의 상위 종목은 {first} {said[0]}에서 {second} {wording.with_particle(said[1], '으로')} 바뀌었습니다."
    return Reply(f"{text} {moved}", tables)


def _moved(reader: Reader, etf: Subject, periods: list[Period]) -> Plan | None:
    """The stocks whose weight rose or fell most over a period, in percentage points."""
    if len(periods) != 1:
        raise Unclear("기간은 하나만 적어 주세요.", "Please give one period.")
    count, _ = limit(reader, _TOP)
    down = reader.has("decrease") or any(token.text.startswith("작아") for token in reader.find("small"))
    direction(reader)
    reader.take(
        "increase",
        "decrease",
        "weight",
        "stock_word",
        "holdings",
        "percent_word",
        "rank",
        "list",
        "period_word",
        "hold",
    )
    return Plan("weight_movers", lambda: _movers(etf, periods[0], count or _TOP, down))


def _movers(etf: Subject, period: Period, count: int, down: bool) -> Steps:
    base = period.first if period.between else period.first - timedelta(days=1)
    if period.is_day and not period.around:
        base = period.first - timedelta(days=1)
    first = (yield snapshot(etf, Period(0, 0, "", base, base))).rows[0][0]
    last = (yield snapshot(etf, period)).rows[0][0]
    if first is None or last is None or first == last:
        return Reply(f"{etf.name}의 구성종목 자료가 그 기간의 앞뒤로 있지 않아 비교할 수 없습니다.", status="refused")
    before = {row[1]: row for row in (yield _top(etf, first, _ALL)).rows}
    after = {row[1]: row for row in (yield _top(etf, last, _ALL)).rows}
    rows = []
    for code in before.keys() | after.keys():
        old, new = before.get(code), after.get(code)
        weights = [row[2] if row else 0.0 for row in (old, new)]
        if None not in weights:
            rows.append([(new or old)[0], code, weights[0], weights[1], round(weights[1] - weights[0], 4)])
    rows.sort(key=lambda row: (row[4] if down else -row[4], row[1]))
    rows = [row for row in rows[:count] if (row[4] < 0 if down else row[4] > 0)]
    if not rows:
        return Reply(f"{first} → {last} 사이에 {etf.name}에서 비중이 {'줄어든' if down else '늘어난'} 종목이 없습니다.")
    listed = wording.listed([f"{row[0]} {row[4]:+.2f}%p" for row in rows], 10)
    which = "줄어든" if down else "늘어난"
    columns = ["종목", "종목코드", f"{first} 비중(%)", f"{last} 비중(%)", "변화(%p)"]
    shown = [Table(f"{etf.name}에서 비중이 {which} 종목", columns, rows)]
    return Reply(
        f"{first} → {last} 사이에 {etf.name}에서 비중이 가장 많이 {which} 종목은 **{rows[0][0]}**입니다: {listed}.",
        shown,
    )


def holders(reader: Reader) -> Plan | None:
    """The ETFs that held a stock on an earlier day; None when the question is about something else."""
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    if (
        len(stocks) != 1
        or not reader.has("date")
        or not reader.has("hold", "weight")
        or reader.has(*OTHERS, "trade", "increase", "decrease")
    ):
        return None
    if (
        reader.find("etf", "company", "tag", "index", "active")
        or not reader.has("etf_word")
        or any(t.negative for t in reader.find("stock"))
    ):
        return None
    periods = checked_periods(reader)
    if len(periods) != 1 or not periods[0].is_day:
        return None
    if periods[0].after(reader.question.as_of):
        return Plan.saying("refuse_future", future(reader.question.as_of, reader.question.english))
    limits = conditions(reader, {"weight": "weight", "hold": "weight", "stock": "weight"}, {"percent": "weight"})
    counted = reader.take("count")
    count, said = limit(reader, None)
    ordered = direction(reader)
    reader.subjects("stock")
    reader.take("etf_word", "hold", "weight", "exist", "list", "all", "rank", "now", "percent_word")
    rows = count if said else _TOP if ordered is not None and not limits else _ALL
    where = "".join(f" AND {condition.cypher('weight')}" for condition in limits)
    return Plan("holders_on", lambda: _holders_steps(stocks[0], periods[0], where, rows or _ALL, counted))


def _holders_steps(stock: Subject, period: Period, where: str, count: int, counted: bool) -> Steps:
    asked = period.last.isoformat()
    latest = yield Query(
        f"MATCH (e:ETF)-[h:HELD]->(s:Stock)\nWHERE s.code IN {literals(stock.keys)} AND h.date <= {literal(asked)}\n"
        "RETURN max(h.date) AS 날짜", HISTORY
    )  # fmt: skip
    day = latest.rows[0][0]
    if day is None:
        what = wording.with_particle(stock.name, "을를")
        return Reply(f"{asked}까지 {what} 담은 ETF가 자료에 없습니다.")
    limits = f"\nWHERE weight IS NOT NULL{where}" if where else ""
    result = yield Query(
        f"MATCH (e:ETF)-[h:HELD]->(s:Stock)\nWHERE s.code IN {literals(stock.keys)} AND h.date = {literal(day)}\n"
        f"WITH e, sum(h.weight) AS weight{limits}\nRETURN e.name AS ETF, e.code AS 코드, weight AS `비중(%)`\n"
        f"ORDER BY weight IS NULL, weight DESC, e.code\nLIMIT {_ALL}", HISTORY
    )  # fmt: skip
    note = other_day(period, day)
    what = wording.with_particle(stock.name, "을를")
    if not result.rows:
        return Reply(f"{note}{day}에 {what} 그만큼 담은 ETF는 자료에 없습니다.")
    total = len(result.rows)
    shown = [table(f"{day}에 {what} 담은 ETF", result)]
    shown[0].rows[:] = shown[0].rows[:count]
    if counted:
        return Reply(f"{note}{day}에 {what} 담고 있던 ETF는 **{total}개**입니다.", shown)
    first = result.rows[0]
    best = f"비중이 가장 큰 것은 **{first[0]}**({wording.percent(first[2])})였습니다"
    return Reply(f"{note}{day}에 {what} 담고 있던 ETF는 **{total}개**이고, {best}.", shown)
