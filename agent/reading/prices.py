"""Questions about prices of named ETFs: close, NAV, premium and volume on a day, their extremes, averages and day counts."""

from __future__ import annotations

from dataclasses import replace

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Unclear, conditions, limit
from agent.reading.days import day_without_data, future, period_without_data
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, literal, table
from agent.reading.price_days import average_steps, counted, threshold_steps
from agent.reading.question import Reader
from agent.reading.quotes import CONDITIONED, MEASURES, Asked, one_period, priced, returned, shown_value, within


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
        and _asks_for_a_day_beyond(reader)
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
        "how_is",
        "where",
    )
    days = _several_days(reader)
    if days and len(etfs) == 1:
        each = [Asked(etfs, measures or ["price"], day, reader.question.english, reader.question.as_of) for day in days]
        return Plan("prices_on", lambda: _each_day_steps(each))
    asked = Asked(etfs, measures or ["price"], one_period(reader), reader.question.english, reader.question.as_of)
    if asked.period and asked.period.after(asked.as_of):
        return Plan.saying("refuse_future", future(asked.as_of, asked.english))
    if counts_days:
        return counted(reader, asked, moves)
    if reader.take("average"):
        return Plan("price_average", lambda: average_steps(asked))
    firsts = reader.take("first_time")
    reader.take("all_time")
    threshold = conditions(reader, CONDITIONED, {"percent": "premium", "amount": "close"})
    if threshold:
        reader.take("big", "small")
        return Plan("price_threshold", lambda: threshold_steps(asked, threshold[0], firsts))
    if "premium" in asked.measures and asked.period is not None and asked.period.is_day:
        reader.take("big", "small", "above_word", "below_word")
    absolute = reader.take("absolute")
    up, down = reader.has("big", "best_word", "above_word") or absolute, reader.has("small", "below_word")
    up = up or any(token.text.startswith("최고") for token in reader.find("most"))
    single_day = asked.period is not None and (asked.period.is_day or asked.period.around)
    if (up or down or reader.has("most")) and not single_day and len(etfs) == 1:
        reader.take("most", "big", "small", "best_word", "rank_one", "above_word", "below_word")
        count, _ = limit(reader, 1)
        if up and down:
            return Plan("price_extremes", lambda: _both_extremes_steps(asked, count or 1))
        return Plan("price_extreme", lambda: _extreme_steps(asked, not down, count or 1, absolute))
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


def _several_days(reader: Reader) -> list[Period]:
    """`7월 30일이랑 31일 종가`: the days, explained, where nothing but their values is asked for."""
    periods = [token.value for token in reader.find("date")]
    other = reader.has(
        "big", "small", "most", "average", "compare", "trend", "first_time", "day_count", "count", "rise", "fall"
    )
    if len(periods) < 2 or other or not all(day.is_day and not day.problem for day in periods):
        return []
    return [] if any(day.after(reader.question.as_of) for day in periods) else reader.periods()


def _each_day_steps(each: list[Asked]) -> Steps:
    """The values of each day, one below the other."""
    replies = []
    for asked in each:
        replies.append((yield from _day_steps(asked, False, True)))
    known = [reply.tables[0] for reply in replies if reply.tables]
    tables = [replace(known[0], rows=[row for table in known for row in table.rows])] if known else []
    status = "answered" if any(reply.status == "answered" for reply in replies) else "refused"
    return Reply(" ".join(reply.text for reply in replies), tables, status=status)


def _asks_for_a_day_beyond(reader: Reader) -> bool:
    """`10만원을 넘은`, `10만원 넘은 첫날`: an amount that a price passed."""
    passed = any(token.value.operator for token in reader.quantities("amount"))
    return reader.has("exceed", "undercut") or (passed and reader.has("first_time", "day", "when", "day_count"))


def _asks_how_much(reader: Reader) -> bool:
    """`KODEX 200 7월 25일에 얼마였어`: nothing but the ETF, a date and how much."""
    rest = {token.kind for token in reader.tokens} - {"etf", "date", "how_much", "average", "how_is", "filler"}
    return not rest and reader.has("how_much")


def _day_steps(asked: Asked, compare: bool, descending: bool) -> Steps:
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
            f"{priced(etf, where)}\nRETURN {returned(asked.measures, english)}\nORDER BY p.date DESC\nLIMIT 1",
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
        said = [f"{MEASURES[m][3] if english else wording.with_particle(MEASURES[m][1], '은는')} **{shown_value(m, row[1 + i], english)}**"
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


def _history_steps(asked: Asked) -> Steps:
    etf, english = asked.etfs[0], asked.english
    if len(asked.etfs) > 1:
        raise Unclear("기간의 시세는 ETF 하나씩 물어봐 주세요.")
    result = yield Query(
        f"{priced(etf, within(asked.period))}\nRETURN {returned(asked.measures, english)}\nORDER BY p.date", HISTORY
    )
    if not result.rows:
        return (yield from period_without_data(etf, asked.period, english))
    first, last = result.rows[0], result.rows[-1]
    name = MEASURES[asked.measures[0]]
    start, end = shown_value(asked.measures[0], first[1], english), shown_value(asked.measures[0], last[1], english)
    if english:
        text = f"{etf.name} {name[3]} on {len(result.rows)} days: **{start}** ({first[0]}) to **{end}** ({last[0]})."
    else:
        text = (f"{etf.name}의 {name[1]}는 {first[0]} **{start}**에서 {last[0]} **{end}**가 되었습니다({len(result.rows)}거래일)."
                if name[1] == "종가" else f"{etf.name}의 {name[1]}: {first[0]} **{start}** → {last[0]} **{end}** ({len(result.rows)}거래일).")  # fmt: skip
    return Reply(text, [table(f"{etf.name} {name[1]}", result)])


def _extreme_steps(asked: Asked, highest: bool, count: int, absolute: bool = False) -> Steps:
    etf, english, measure = asked.etfs[0], asked.english, asked.measures[0]
    if len(asked.measures) > 1:
        raise Unclear("가장 높거나 낮은 값은 한 번에 하나만 물어봐 주세요.")
    expression = MEASURES[measure][0]
    result = yield Query(
        f"{priced(etf, [*within(asked.period), f'{expression} IS NOT NULL'])}\nRETURN {returned([measure], english)}\n"
        f"ORDER BY {f'abs({expression})' if absolute else expression} {'DESC' if highest else 'ASC'}, p.date\nLIMIT {count}",
        HISTORY,
    )
    if not result.rows:
        return (yield from period_without_data(etf, asked.period, english))
    day, value = result.rows[0][:2]
    name = MEASURES[measure]
    covered = _covered(asked)
    if english:
        text = f"{etf.name}: the {'highest' if highest else 'lowest'} {name[3]}{covered} was **{shown_value(measure, value, True)}** on **{day}**."
    else:
        what = f"{name[1]} 절댓값" if absolute else name[1]
        which = f"{wording.with_particle(what, '이가')}{covered} 가장 {'높았던' if highest else '낮았던'} 날은"
        text = f"{etf.name}의 {which} **{day}**이고, 값은 **{shown_value(measure, value, False)}**입니다."
    return Reply(text, [table(f"{etf.name} {name[1]}", result)])


def _both_extremes_steps(asked: Asked, count: int) -> Steps:
    """The highest and the lowest, one after the other."""
    high = yield from _extreme_steps(asked, True, count)
    if high.status != "answered":
        return high
    low = yield from _extreme_steps(asked, False, count)
    words = ("highest", "lowest") if asked.english else ("가장 높은 날", "가장 낮은 날")
    tables = [replace(table, title=f"{table.title}: {word}")
              for reply, word in zip((high, low), words, strict=True) for table in reply.tables]  # fmt: skip
    return Reply(f"{high.text} {low.text}", tables)


def _covered(asked: Asked) -> str:
    if asked.period is None:
        return " (in all data)" if asked.english else " 자료 전체에서"
    span = wording.span(asked.period.first, min(asked.period.last, asked.as_of))
    return f" in {span}" if asked.english else f" {span}에"
