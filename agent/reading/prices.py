"""Questions about prices of named ETFs: close, NAV, premium and volume on a day, their extremes, averages and day counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Condition, Unclear, conditions, limit
from agent.reading.days import day_without_data, future, period_without_data
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, literal, table
from agent.reading.question import Reader, Subject

# Conditions hold of the exact premium; rounding is for show.
_EXACT_PREMIUM = "(p.close - p.nav) / p.nav * 100"
_PREMIUM = f"round({_EXACT_PREMIUM}, 2)"
# token kind → (Cypher, Korean name, Korean column, English name)
MEASURES = {
    "price": ("p.close", "종가", "종가(원)", "close"),
    "nav": ("p.nav", "NAV", "NAV(원)", "NAV"),
    "premium": (_PREMIUM, "괴리율", "괴리율(%)", "premium"),
    "volume": ("p.volume", "거래량", "거래량(주)", "volume"),
    "open_price": ("p.open", "시가", "시가(원)", "open"),
    "high_price": ("p.high", "고가", "고가(원)", "high"),
    "low_price": ("p.low", "저가", "저가(원)", "low"),
}
_CONDITIONED = {"price": "close", "nav": "nav", "premium": "premium", "open_price": "close"}


@dataclass(frozen=True)
class _Asked:
    """One ETF's measures over a stretch of days."""

    etfs: list[Subject]
    measures: list[str]
    period: Period | None
    english: bool
    as_of: date


def read(reader: Reader) -> Plan | None:
    """Prices and what is computed from them, except returns; None when the question is about something else."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    measures = _measures(reader)
    moves = reader.has("rise", "fall", "return")
    counts_days = reader.has("day_count") or (reader.has("day", "when") and reader.has("count"))
    if (
        not etfs
        or reader.find("stock")
        or reader.has("fee", "hold", "holdings", "cost", "similar", "listed", "manager")
    ):
        return None
    if (
        not measures
        and reader.quantities("amount")
        and reader.has("exceed", "undercut")
        and not reader.has("invest", "aum")
    ):
        measures = ["price"]
    if not measures and reader.find("date") and not moves and _asks_how_much(reader):
        measures = ["price"]
    if not measures and not (moves and counts_days):
        return None
    if moves and not counts_days:
        return None
    if "nav" in measures and reader.has("compare", "premium") and reader.has("big", "small", "most"):
        # `NAV보다 비싼` asks for the premium.
        measures = ["premium"]
    reader.subjects("etf")
    reader.take(
        *MEASURES,
        "etf_word",
        "when",
        "day",
        "compare",
        "now",
        "newest",
        "exist",
        "each",
        "list",
        "both",
        "either",
        "all",
        "recent",
        "percent_word",
        "exceed_no",
        "trading_day_no",
        "how_is",
        "where",
        "be",
    )
    asked = _Asked(etfs, measures or ["price"], one_period(reader), reader.question.english, reader.question.as_of)
    if asked.period and asked.period.after(asked.as_of):
        return Plan.saying("refuse_future", future(asked.as_of, asked.english))
    if counts_days:
        return _counted(reader, asked, moves)
    if reader.take("average"):
        return Plan("price_average", lambda: _average_steps(asked))
    firsts = reader.take("first_time")
    threshold = conditions(reader, _CONDITIONED, {"percent": "premium", "amount": "close"})
    if threshold:
        reader.take("big", "small")
        return Plan("price_threshold", lambda: _threshold_steps(asked, threshold[0], firsts))
    if "premium" in asked.measures and asked.period is not None and asked.period.is_day:
        reader.take("big", "small", "above_word", "below_word")
    up, down = reader.has("big", "best_word", "above_word"), reader.has("small", "below_word")
    up = up or any(token.text.startswith("최고") for token in reader.find("most"))
    single_day = asked.period is not None and (asked.period.is_day or asked.period.around)
    if (up or down or reader.has("most")) and not single_day and len(etfs) == 1:
        reader.take("most", "big", "small", "best_word", "rank_one", "above_word", "below_word")
        count, _ = limit(reader, 1)
        if up and down:
            return Plan("price_extremes", lambda: _both_extremes_steps(asked, count or 1))
        return Plan("price_extreme", lambda: _extreme_steps(asked, not down, count or 1))
    compare = (up or down or reader.has("most")) and len(etfs) > 1
    reader.take("most", "big", "small", "best_word", "above_word", "below_word")
    reader.take("trend", "period_word")
    if asked.period is None or single_day:
        return Plan("price_on", lambda: _day_steps(asked, compare, not down))
    return Plan("price_history", lambda: _history_steps(asked))


def _measures(reader: Reader) -> list[str]:
    """The measures named; `얼마였` beside another measure is no price."""
    named = [token for token in reader.find(*MEASURES)]
    others = [token.kind for token in named if not token.text.startswith(("얼마", "how much"))]
    return list(dict.fromkeys(others or [token.kind for token in named]))


def _asks_how_much(reader: Reader) -> bool:
    """`KODEX 200 7월 25일에 얼마였어`: nothing but the ETF, a date and how much."""
    rest = {token.kind for token in reader.tokens} - {"etf", "date", "how_much", "average", "how_is", "filler"}
    return not rest and reader.has("how_much")


def one_period(reader: Reader) -> Period | None:
    periods = reader.periods()
    if len(periods) > 1:
        raise Unclear("날짜는 하루나 기간 하나로 물어봐 주세요. 예: 6월 1일부터 7월 8일까지")
    if periods and periods[0].problem:
        raise Unclear(f"‘{periods[0].text.strip()}’은 달력에 없는 날짜입니다. 날짜를 다시 확인해 주세요.",
                      f"“{periods[0].text.strip()}” is no day of the calendar.")  # fmt: skip
    return periods[0] if periods else None


def _priced(etf: Subject, where: list[str]) -> str:
    return "MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\nWHERE " + "\n  AND ".join([f"e.code = {literal(etf.key)}", *where])


def _within(period: Period | None) -> list[str]:
    if period is None:
        return []
    return [f"p.date >= {literal(period.first.isoformat())}", f"p.date <= {literal(period.last.isoformat())}"]


def _shown(measure: str, value: float | None, english: bool) -> str:
    if value is None:
        return "unknown" if english else "자료 없음"
    if measure == "premium":
        return wording.signed(value)
    if measure == "volume":
        return f"{wording.number(value)}{' shares' if english else '주'}"
    return wording.price(value, english)


def _returned(measures: list[str], english: bool) -> str:
    columns = [f"p.date AS `{'date' if english else '날짜'}`"]
    columns += [
        f"{MEASURES[measure][0]} AS `{MEASURES[measure][3] if english else MEASURES[measure][2]}`"
        for measure in measures
    ]
    if "premium" in measures:
        for measure in ("price", "nav"):
            if measure not in measures:
                columns.append(
                    f"{MEASURES[measure][0]} AS `{MEASURES[measure][3] if english else MEASURES[measure][2]}`"
                )
    return ", ".join(columns)


def _day_steps(asked: _Asked, compare: bool, descending: bool) -> Steps:
    english, period = asked.english, asked.period
    rows, sentences, found = [], [], []
    columns: list[str] = []
    for etf in asked.etfs:
        if period is None:
            where = []
        elif period.nearest:
            where = [f"p.date <= {literal(period.last.isoformat())}"]
        else:
            where = [f"p.date = {literal(period.last.isoformat())}"]
        result = yield Query(
            f"{_priced(etf, where)}\nRETURN {_returned(asked.measures, english)}\nORDER BY p.date DESC\nLIMIT 1",
            HISTORY,
        )
        columns = list(result.columns)
        if not result.rows:
            reply = yield from day_without_data(etf, period.last if period else None, asked.as_of, english)
            if len(asked.etfs) == 1:
                return reply
            sentences.append(reply.text)
            continue
        row = list(result.rows[0])
        rows.append([etf.name, etf.key, *row])
        found.append((row[1], etf))
        said = [f"{MEASURES[m][3] if english else wording.with_particle(MEASURES[m][1], '은는')} **{_shown(m, row[1 + i], english)}**"
                for i, m in enumerate(asked.measures)]  # fmt: skip
        sentences.append(
            f"{etf.name} on {row[0]}: {', '.join(said)}."
            if english
            else f"{etf.name}의 {row[0]} {', '.join(said)}입니다."
        )
    known = [(value, etf) for value, etf in found if value is not None]
    if compare and len(known) > 1:
        best = (max if descending else min)(known, key=lambda pair: pair[0])
        name = MEASURES[asked.measures[0]]
        sentences.insert(0, f"{wording.with_particle(name[1], '이가')} 가장 {'높은' if descending else '낮은'} 것은 **{best[1].name}**입니다."
                         if not english else f"**{best[1].name}** has the {'highest' if descending else 'lowest'} {name[3]}.")  # fmt: skip
    status = (
        "answered" if any(cell is not None for row in rows for cell in row[3 : 3 + len(asked.measures)]) else "refused"
    )
    shown = (
        [Table("시세" if not english else "prices", ["ETF", "code" if english else "코드", *columns], rows)]
        if rows
        else []
    )
    return Reply(" ".join(sentences), shown, status=status)


def _history_steps(asked: _Asked) -> Steps:
    etf, english = asked.etfs[0], asked.english
    if len(asked.etfs) > 1:
        raise Unclear("기간의 시세는 ETF 하나씩 물어봐 주세요.")
    result = yield Query(
        f"{_priced(etf, _within(asked.period))}\nRETURN {_returned(asked.measures, english)}\nORDER BY p.date", HISTORY
    )
    if not result.rows:
        return (yield from period_without_data(etf, asked.period, english))
    first, last = result.rows[0], result.rows[-1]
    name = MEASURES[asked.measures[0]]
    start, end = _shown(asked.measures[0], first[1], english), _shown(asked.measures[0], last[1], english)
    if english:
        text = f"{etf.name} {name[3]} on {len(result.rows)} days: **{start}** ({first[0]}) to **{end}** ({last[0]})."
    else:
        text = (f"{etf.name}의 {name[1]}는 {first[0]} **{start}**에서 {last[0]} **{end}**가 되었습니다({len(result.rows)}거래일)."
                if name[1] == "종가" else f"{etf.name}의 {name[1]}: {first[0]} **{start}** → {last[0]} **{end}** ({len(result.rows)}거래일).")  # fmt: skip
    return Reply(text, [table(f"{etf.name} {name[1]}", result)])


def _extreme_steps(asked: _Asked, highest: bool, count: int) -> Steps:
    etf, english, measure = asked.etfs[0], asked.english, asked.measures[0]
    if len(asked.measures) > 1:
        raise Unclear("가장 높거나 낮은 값은 한 번에 하나만 물어봐 주세요.")
    expression = MEASURES[measure][0]
    result = yield Query(
        f"{_priced(etf, [*_within(asked.period), f'{expression} IS NOT NULL'])}\nRETURN {_returned([measure], english)}\n"
        f"ORDER BY {expression} {'DESC' if highest else 'ASC'}, p.date\nLIMIT {count}",
        HISTORY,
    )
    if not result.rows:
        return (yield from period_without_data(etf, asked.period, english))
    day, value = result.rows[0][:2]
    name = MEASURES[measure]
    covered = _covered(asked)
    if english:
        text = f"{etf.name}: the {'highest' if highest else 'lowest'} {name[3]}{covered} was **{_shown(measure, value, True)}** on **{day}**."
    else:
        text = f"{etf.name}의 {name[1]}{'가' if name[1][-1] == '가' else '이'}{covered} 가장 {'높았던' if highest else '낮았던'} 날은 **{day}**이고, 값은 **{_shown(measure, value, False)}**입니다."
    return Reply(text, [table(f"{etf.name} {name[1]}", result)])


def _both_extremes_steps(asked: _Asked, count: int) -> Steps:
    """The highest and the lowest, one after the other."""
    high = yield from _extreme_steps(asked, True, count)
    if high.status != "answered":
        return high
    low = yield from _extreme_steps(asked, False, count)
    words = ("highest", "lowest") if asked.english else ("가장 높은 날", "가장 낮은 날")
    tables = [replace(table, title=f"{table.title}: {word}")
              for reply, word in zip((high, low), words, strict=True) for table in reply.tables]  # fmt: skip
    return Reply(f"{high.text} {low.text}", tables)


def _covered(asked: _Asked) -> str:
    if asked.period is None:
        return " (in all data)" if asked.english else " 자료 전체에서"
    span = wording.span(asked.period.first, min(asked.period.last, asked.as_of))
    return f" in {span}" if asked.english else f" {span}에"


def _average_steps(asked: _Asked) -> Steps:
    etf, english, measure = asked.etfs[0], asked.english, asked.measures[0]
    if len(asked.etfs) > 1:
        raise Unclear("평균은 ETF 하나씩 물어봐 주세요.")
    expression, name, column, name_en = MEASURES[measure]
    result = yield Query(
        f"{_priced(etf, [*_within(asked.period), f'{expression} IS NOT NULL'])}\n"
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
            f"{etf.name}: the average {name_en} over {days} days ({first} to {last}) is **{_shown(measure, value, True)}**.",
            [table(etf.name, result)],
        )
    shown = Table(f"{etf.name} {name} 평균", list(result.columns), [[value, days, first, last]])
    return Reply(
        f"{etf.name}의 {first}~{last} {days}거래일 {name} 평균은 **{_shown(measure, value, False)}**입니다.", [shown]
    )


def _exact(measure: str) -> str:
    return _EXACT_PREMIUM if measure == "premium" else MEASURES[measure][0]


def _threshold_steps(asked: _Asked, threshold: Condition, first_only: bool) -> Steps:
    """The days on which a measure meets a condition, or the first of them."""
    etf, english = asked.etfs[0], asked.english
    if len(asked.etfs) > 1:
        raise Unclear("날짜는 ETF 하나씩 물어봐 주세요.")
    measure = {"close": "price", "nav": "nav", "premium": "premium"}[threshold.measure]
    where = [*_within(asked.period), threshold.cypher(_exact(measure))]
    result = yield Query(
        f"{_priced(etf, where)}\nRETURN {_returned([measure], english)}\nORDER BY p.date{chr(10) + 'LIMIT 1' if first_only else ''}",
        HISTORY,
    )
    name = MEASURES[measure]
    if not result.rows:
        checked = yield Query(f"{_priced(etf, _within(asked.period))}\nRETURN count(p) AS 거래일", HISTORY)
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
            f"처음으로 그렇게 된 날은 **{day}**입니다({name[1]} {_shown(measure, value, False)})."
            if not english
            else f"The first such day is **{day}** ({_shown(measure, value, True)})."
        )
    else:
        text = (
            f"{etf.name}에서 그런 날은 **{len(result.rows)}일**입니다. 첫날은 {day}입니다."
            if not english
            else f"There are **{len(result.rows)}** such days, the first on {day}."
        )
    return Reply(text, [table(f"{etf.name} {name[1]}", result)])


def _counted(reader: Reader, asked: _Asked, moves: bool) -> Plan:
    """How many days a measure met a condition, or the price rose or fell."""
    etf = asked.etfs[0]
    if len(asked.etfs) > 1:
        raise Unclear("날 수는 ETF 하나씩 물어봐 주세요.")
    reader.take("day_count", "count", "how_much", "trading_day")
    if moves:
        up, down = reader.take("rise"), reader.take("fall")
        reader.take("return", "price", "all")
        return Plan("days_up_down", lambda: _move_steps(asked, up, down))
    threshold = conditions(reader, _CONDITIONED, {"percent": "premium", "amount": "close"})
    if not threshold and reader.has("above_word", "below_word"):
        sign = ">" if reader.take("above_word") else "<"
        reader.take("below_word")
        threshold = [Condition("premium", sign, 0)]
    if len(threshold) != 1:
        raise Unclear(f"{etf.name}에서 어떤 날을 셀지 알려 주세요. 예: 괴리율이 1% 넘은 날")
    reader.take("big", "small")
    return Plan("days_counted", lambda: _count_steps(asked, threshold[0]))


def _count_steps(asked: _Asked, threshold: Condition) -> Steps:
    etf, english = asked.etfs[0], asked.english
    measure = {"close": "price", "nav": "nav", "premium": "premium"}[threshold.measure]
    expression, name, column, name_en = MEASURES[measure]
    where = [*_within(asked.period), f"{expression} IS NOT NULL"]
    result = yield Query(
        f"{_priced(etf, where)}\nRETURN p.date AS 날짜, {expression} AS `{column}`, {_exact(measure)} AS exact\nORDER BY p.date",
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


def _move_steps(asked: _Asked, up: bool, down: bool) -> Steps:
    etf, english = asked.etfs[0], asked.english
    result = yield Query(
        f"{_priced(etf, ['p.close IS NOT NULL'])}\nRETURN p.date AS 날짜, p.close AS 종가\nORDER BY p.date", HISTORY
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
