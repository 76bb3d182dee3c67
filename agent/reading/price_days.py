"""What is computed over the days of an ETF's prices: averages, days above or below a value, days up and down."""

from __future__ import annotations

from agent.answer import Table
from agent.reading.conditions import Condition, Unclear, conditions
from agent.reading.days import period_without_data
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, table
from agent.reading.question import Reader
from agent.reading.quotes import CONDITIONED, MEASURES, Asked, exact, priced, returned, shown_value, within


def average_steps(asked: Asked) -> Steps:
    etf, english, measure = asked.etfs[0], asked.english, asked.measures[0]
    if len(asked.etfs) > 1:
        raise Unclear("평균은 ETF 하나씩 물어봐 주세요.")
    expression, name, column, name_en = MEASURES[measure]
    result = yield Query(
        f"{priced(etf, [*within(asked.period), f'{expression} IS NOT NULL'])}\n"
        f"RETURN avg({expression}) AS `{name_en if english else column}`, count(p) AS `{'days' if english else '거래일'}`, "
        f"min(p.date) AS `{'from' if english else '첫날'}`, max(p.date) AS `{'to' if english else '마지막 날'}`",
        HISTORY,
    )
    value, days, first, last = result.rows[0]
    if not days:
        return (yield from period_without_data(etf, asked.period, english))
    value = round(value, 2)
    if english:
        return Reply(
            f"{etf.name}: the average {name_en} over {days} days ({first} to {last}) is **{shown_value(measure, value, True)}**.",
            [table(etf.name, result)],
        )
    shown = Table(f"{etf.name} {name} 평균", list(result.columns), [[value, days, first, last]])
    return Reply(
        f"{etf.name}의 {first}~{last} {days}거래일 {name} 평균은 **{shown_value(measure, value, False)}**입니다.",
        [shown],
    )


def threshold_steps(asked: Asked, threshold: Condition, first_only: bool) -> Steps:
    """The days on which a measure meets a condition, or the first of them."""
    etf, english = asked.etfs[0], asked.english
    if len(asked.etfs) > 1:
        raise Unclear("날짜는 ETF 하나씩 물어봐 주세요.")
    measure = {"close": "price", "nav": "nav", "premium": "premium"}[threshold.measure]
    where = [*within(asked.period), threshold.cypher(exact(measure))]
    result = yield Query(
        f"{priced(etf, where)}\nRETURN {returned([measure], english)}\nORDER BY p.date{chr(10) + 'LIMIT 1' if first_only else ''}",
        HISTORY,
    )
    name = MEASURES[measure]
    if not result.rows:
        checked = yield Query(f"{priced(etf, within(asked.period))}\nRETURN count(p) AS 거래일", HISTORY)
        if not checked.rows[0][0]:
            return (yield from period_without_data(etf, asked.period, english))
        return Reply(
            f"{etf.name}의 {name[1]}에서 그런 날은 없습니다({checked.rows[0][0]}거래일 확인)."
            if not english
            else f"There is no such day among {checked.rows[0][0]}."
        )
    day, value = result.rows[0][:2]
    if first_only:
        text = (
            f"처음으로 그렇게 된 날은 **{day}**입니다({name[1]} {shown_value(measure, value, False)})."
            if not english
            else f"The first such day is **{day}** ({shown_value(measure, value, True)})."
        )
    else:
        text = (
            f"{etf.name}에서 그런 날은 **{len(result.rows)}일**입니다. 첫날은 {day}입니다."
            if not english
            else f"There are **{len(result.rows)}** such days, the first on {day}."
        )
    return Reply(text, [table(f"{etf.name} {name[1]}", result)])


def counted(reader: Reader, asked: Asked, moves: bool) -> Plan:
    """How many days a measure met a condition, or the price rose or fell."""
    etf = asked.etfs[0]
    if len(asked.etfs) > 1:
        raise Unclear("날 수는 ETF 하나씩 물어봐 주세요.")
    reader.take("day_count", "count", "how_much", "trading_day")
    if moves:
        up, down = reader.take("rise"), reader.take("fall")
        reader.take("return", "price", "all")
        return Plan("days_up_down", lambda: _move_steps(asked, up, down))
    threshold = conditions(reader, CONDITIONED, {"percent": "premium", "amount": "close"})
    if not threshold and reader.has("above_word", "below_word"):
        sign = ">" if reader.take("above_word") else "<"
        reader.take("below_word")
        threshold = [Condition("premium", sign, 0)]
    if len(threshold) != 1:
        raise Unclear(f"{etf.name}에서 어떤 날을 셀지 알려 주세요. 예: 괴리율이 1% 넘은 날")
    reader.take("big", "small")
    return Plan("days_counted", lambda: _count_steps(asked, threshold[0]))


def _count_steps(asked: Asked, threshold: Condition) -> Steps:
    etf, english = asked.etfs[0], asked.english
    measure = {"close": "price", "nav": "nav", "premium": "premium"}[threshold.measure]
    expression, name, column, name_en = MEASURES[measure]
    where = [*within(asked.period), f"{expression} IS NOT NULL"]
    result = yield Query(
        f"{priced(etf, where)}\nRETURN p.date AS 날짜, {expression} AS `{column}`, {exact(measure)} AS exact\nORDER BY p.date",
        HISTORY,
    )
    if not result.rows:
        return (yield from period_without_data(etf, asked.period, english))
    compare = {">": float.__gt__, ">=": float.__ge__, "<": float.__lt__, "<=": float.__le__}[threshold.operator]
    days = [list(row[:2]) for row in result.rows if compare(float(row[2]), float(threshold.value))]
    both = (
        [row for row in result.rows if abs(row[1]) > threshold.value]
        if measure == "premium" and threshold.operator in (">", ">=") and threshold.value
        else []
    )
    covered = f"{result.rows[0][0]}~{result.rows[-1][0]} {len(result.rows)}거래일"
    if english:
        return Reply(
            f"**{len(days)}** of {len(result.rows)} days ({result.rows[0][0]} to {result.rows[-1][0]}).",
            [Table(name_en, list(result.columns[:2]), days)],
        )
    note = f" 마이너스 쪽까지 절댓값으로 세면 {len(both)}일입니다." if len(both) > len(days) else ""
    return Reply(
        f"{covered} 가운데 {etf.name}의 {name}이 조건에 맞은 날은 **{len(days)}일**입니다.{note}",
        [Table(f"{etf.name} {name}", list(result.columns[:2]), days)],
    )


def _move_steps(asked: Asked, up: bool, down: bool) -> Steps:
    etf, english = asked.etfs[0], asked.english
    result = yield Query(
        f"{priced(etf, ['p.close IS NOT NULL'])}\nRETURN p.date AS 날짜, p.close AS 종가\nORDER BY p.date", HISTORY
    )
    rows = [list(row) for row in result.rows]
    moved = [(day, close - rows[i - 1][1]) for i, (day, close) in enumerate(rows) if i]
    if asked.period is not None:
        moved = [
            (day, change)
            for day, change in moved
            if asked.period.first.isoformat() <= day <= asked.period.last.isoformat()
        ]
    if not moved:
        return (yield from period_without_data(etf, asked.period, english))
    if up and down:
        rose, fell = (sum(sign * change > 0 for _, change in moved) for sign in (1, -1))
        shown = Table(f"{etf.name} 오르내린 날", ["오른 날", "내린 날", "거래일"], [[rose, fell, len(moved)]])
        if english:
            return Reply(f"{etf.name} rose on **{rose}** and fell on **{fell}** of {len(moved)} trading days.", [shown])
        span = f"{moved[0][0]}~{moved[-1][0]} {len(moved)}거래일"
        return Reply(
            f"{span} 가운데 {etf.name}의 종가가 오른 날은 **{rose}일**, 내린 날은 **{fell}일**입니다.", [shown]
        )
    days = [[day, change] for day, change in moved if (change > 0 if up else change < 0)]
    what = ("오른" if up else "내린") if not english else ("rose" if up else "fell")
    if english:
        return Reply(
            f"{etf.name} {what} on **{len(days)}** of {len(moved)} trading days.",
            [Table(etf.name, ["date", "change (KRW)"], days)],
        )
    return Reply(f"{moved[0][0]}~{moved[-1][0]} {len(moved)}거래일 가운데 {etf.name}의 종가가 전날보다 {what} 날은 **{len(days)}일**입니다.",
                 [Table(f"{etf.name} 종가가 {what} 날", ["날짜", "전일 대비(원)"], days)])  # fmt: skip
