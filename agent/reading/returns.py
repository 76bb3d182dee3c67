"""Questions about returns: unadjusted last close in a period over the last close before it, for named ETFs or ranked over many."""

from __future__ import annotations

from datetime import date, timedelta

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Condition, Unclear, conditions, direction, limit, meets, rank
from agent.reading.days import closed, future, period_without_data
from agent.reading.filters import select
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, literal, literals
from agent.reading.question import Reader, Subject
from agent.reading.quotes import one_period
from agent.reading.selection import Selection

_TOP = 10


def read(reader: Reader) -> Plan | None:
    """Returns of named ETFs, or the ETFs with the highest or lowest return; None for other questions."""
    signed = reader.has("above_word", "below_word") and reader.has("date") and reader.has("etf_word")
    if not (signed or reader.has("return", "rise", "fall", "earn")) or reader.has(
        "stock_price", "hold", "holdings", "day_count", "fee", "buy", "sell"
    ):
        return None
    if reader.find("stock") or reader.has("nav", "premium", "volume"):
        return None
    amounts = reader.quantities("amount")
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    english, as_of = reader.question.english, reader.question.as_of
    period = one_period(reader)
    if period is not None and period.after(as_of):
        return Plan.saying("refuse_future", future(as_of, english))
    rising, falling = reader.has("rise"), reader.has("fall")
    days = reader.has("when", "day")
    descending = direction(reader)
    if descending is None and reader.has("good", "bad"):
        descending = reader.has("good")
    if reader.has("bad") and not falling:
        falling, descending = True, True
    reader.take(
        "return",
        "rise",
        "fall",
        "price",
        "percent_word",
        "good",
        "bad",
        "most",
        "earn",
        "profit_word",
        "compare",
        "now",
        "exist",
        "period_word",
        "day",
        "when",
        "how_is",
        "list",
        "both",
        "together",
        "either",
        "average_no",
    )
    if etfs:
        reader.subjects("etf")
        reader.take("etf_word", "all")
        if days and descending is not None and len(etfs) == 1:
            return Plan(
                "daily_change", lambda: _best_day(etfs[0], period, not falling and descending is not False, english)
            )
        if period is None:
            raise _which_period(etfs[0], english)
        if amounts and reader.has("invest", "earn"):
            return _invested(reader, etfs, period)
        ranked = descending is not None and len(etfs) > 1
        return Plan(
            "return", lambda: _return_steps(etfs, period, ranked, (descending is not False) != falling, as_of, english)
        )
    if not reader.has("etf_word") and not reader.find("company", "tag", "index", "active", "leverage", "inverse"):
        return None
    if period is None:
        raise Unclear(
            "어느 기간의 수익률인지 알려 주세요. 예: 올해, 최근 한 달, 2026년 6월",
            "Which period? For example this year or June 2026.",
        )
    limits = _limits(reader, falling)
    place = rank(reader)
    count, said = limit(reader, _TOP)
    counted = reader.take("count")
    chosen = select(reader, held=False)
    reader.take("etf_word", "all", "rank")
    high = not falling if descending is None or (rising or falling) else descending
    if limits and descending is None and limits[0].operator in ("<", "<="):
        high = False
    rows = count if said or not limits else len(limits) * 1_000
    return Plan(
        "return_ranking", lambda: _ranking(chosen, period, high, rows or _TOP, place or 1, english, limits, counted)
    )


def _limits(reader: Reader, falling: bool) -> list[Condition]:
    """`5% 넘게 오른`, `수익률이 마이너스인`: what the returns have to be. A fall of 5 % or more is a return of -5 % or less."""
    found = conditions(reader, {"return": "return", "rise": "return", "fall": "return"}, {"percent": "return"})
    if falling and not reader.has("return"):
        turned = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "="}
        if any(one.high is not None for one in found):
            raise Unclear("하락 폭은 한쪽만 정해 주세요. 예: 5% 넘게 내린 ETF", "Please give one bound.")
        found = [Condition("return", turned[one.operator], -abs(one.value)) for one in found]
        if len(found) == 1 and found[0].operator in (">", ">="):
            found.append(Condition("return", "<", 0))
    signs = [(">", "above_word"), ("<", "below_word")]
    found += [Condition("return", sign, 0) for sign, word in signs if not found and reader.has(word)]
    reader.take("above_word", "below_word", "exceed", "undercut")
    return found


def _which_period(etf: Subject, english: bool) -> Unclear:
    asked = [f"{etf.name} 올해 수익률은?", f"{etf.name} 최근 한 달 수익률은?", f"{etf.name} 최근 1년 수익률은?"]
    return Unclear("어느 기간의 수익률인지 알려 주세요.", "Which period do you mean?", tuple(asked))


def _closes(etf: str, period: Period) -> Query:
    """The closes that decide a return: the last one before the period, and those within it."""
    if period.around or (period.is_day and not period.nearest):
        first, last = period.first, period.last
    else:
        first, last = period.first, period.last
    comparison = "<=" if period.between or period.nearest else "<"
    return Query(
        "MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\n"
        f"WHERE e.code = {literal(etf)}\n  AND p.close IS NOT NULL\n  AND p.date <= {literal(last.isoformat())}\n"
        f"WITH p, CASE WHEN p.date {comparison} {literal(first.isoformat())} THEN p.date ELSE null END AS before\n"
        "WITH max(before) AS base, collect({date: p.date, close: p.close}) AS prices\n"
        f"RETURN [x IN prices WHERE x.date = base | x] AS base, [x IN prices WHERE x.date >= {literal(first.isoformat())} | x] AS within",
        HISTORY,
    )


def _return_of(base: list[dict], within: list[dict], first: date) -> tuple[float, dict, dict, bool] | None:
    """The return in %, its two closes, and whether the first close of the period had to serve as the base."""
    within = sorted(within or [], key=lambda price: price["date"])
    if not within:
        return None
    served = not base or _gap(base[0]["date"], first)
    start = within[0] if served else base[0]
    end = within[-1]
    if served and len(within) < 2:
        return None
    return (end["close"] / start["close"] - 1) * 100, start, end, served


def _gap(base: str, first: date) -> bool:
    """Whether closes are missing between the base close and the period: more than two trading days lie between them."""
    day, missing = date.fromisoformat(base) + timedelta(days=1), 0
    if (first - day).days > 30:
        return True
    while day < first:
        missing += not closed(day)
        day += timedelta(days=1)
    return missing > 2


def _as_period(period: Period, as_of: date) -> Period:
    if period.nearest:
        return Period(period.start, period.end, period.text, period.first, as_of, between=True)
    return period


def _return_steps(
    etfs: list[Subject], period: Period, ranked: bool, highest: bool, as_of: date, english: bool
) -> Steps:
    rows, sentences, known = [], [], []
    for etf in etfs:
        result = yield _closes(etf.key, period)
        found = _return_of(*result.rows[0], period.first) if result.rows else None
        if found is None:
            reply = yield from period_without_data(etf, period, english)
            if len(etfs) == 1:
                return reply
            sentences.append(reply.text)
            continue
        value, start, end, served = found
        rows.append([etf.name, etf.key, round(value, 2), start["date"], start["close"], end["date"], end["close"]])
        known.append((value, etf))
        note = " 기간 직전 종가가 자료에 없어 기간의 첫 종가를 썼습니다." if served else ""
        if end["date"] < (min(period.last, as_of) - timedelta(days=7)).isoformat():
            note += f" 이 ETF의 시세는 {end['date']}까지만 자료에 있습니다."
        if english:
            note = " (no close before the period is known, so its first close served)" if served else ""
            sentences.append(
                f"{etf.name} returned **{value:+.2f}%** ({start['date']} {start['close']:,} → {end['date']} {end['close']:,}){note}."
            )
        else:
            sentences.append(
                f"{etf.name}의 수익률은 **{value:+.2f}%**입니다({start['date']} 종가 {start['close']:,}원 → {end['date']} {end['close']:,}원).{note}"
            )
    if len(known) > 1:
        best = (max if highest else min)(known, key=lambda pair: pair[0])
        lead = "높은" if highest else "낮은"
        sentences.insert(
            0,
            f"수익률이 더 {lead} 쪽은 **{best[1].name}**({best[0]:+.2f}%)입니다."
            if not english
            else f"**{best[1].name}** did {'better' if highest else 'worse'} ({best[0]:+.2f}%).",
        )
    columns = ["ETF", "코드", "수익률(%)", "기준일", "기준 종가(원)", "마지막 날", "마지막 종가(원)"]
    if english:
        columns = ["ETF", "code", "return (%)", "base date", "base close", "last date", "last close"]
    return Reply(
        " ".join(sentences),
        [Table("수익률" if not english else "returns", columns, rows)] if rows else [],
        status="answered" if rows else "refused",
    )


def _best_day(etf: Subject, period: Period | None, highest: bool, english: bool) -> Steps:
    result = yield Query(
        f"MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\nWHERE e.code = {literal(etf.key)} AND p.close IS NOT NULL\nRETURN p.date AS 날짜, p.close AS 종가\nORDER BY p.date",
        HISTORY,
    )
    rows = result.rows
    moves = [[day, close, round((close / rows[i - 1][1] - 1) * 100, 2)] for i, (day, close) in enumerate(rows) if i]
    if period is not None:
        moves = [move for move in moves if period.first.isoformat() <= move[0] <= period.last.isoformat()]
    if not moves:
        return (yield from period_without_data(etf, period, english))
    moves.sort(key=lambda move: move[2], reverse=highest)
    day, _, change = moves[0]
    if english:
        return Reply(
            f"{etf.name} {'rose' if highest else 'fell'} most on **{day}**: **{change:+.2f}%**.",
            [Table(etf.name, ["date", "close", "change (%)"], moves[:10])],
        )
    return Reply(f"{etf.name}의 종가가 하루에 가장 많이 {'오른' if highest else '내린'} 날은 **{day}**({change:+.2f}%)입니다.",
                 [Table(f"{etf.name} 일간 등락", ["날짜", "종가(원)", "등락률(%)"], moves[:10])])  # fmt: skip


def _invested(reader: Reader, etfs: list[Subject], period: Period) -> Plan | None:
    amounts = reader.quantities("amount")
    if len(etfs) != 1 or len(amounts) != 1 or amounts[0].value.foreign:
        return None
    amounts[0].used = True
    reader.take("invest", "earn", "cost", "buy")
    start = _as_period(period, reader.question.as_of) if period.is_day else period
    if period.is_day and not period.nearest:
        start = Period(period.start, period.end, period.text, period.first, reader.question.as_of, between=True)
    return Plan("invested", lambda: _invested_steps(etfs[0], start, amounts[0].value.value))


def _invested_steps(etf: Subject, period: Period, amount: float) -> Steps:
    result = yield _closes(etf.key, period)
    found = _return_of(*result.rows[0], period.first) if result.rows else None
    if found is None:
        return (yield from period_without_data(etf, period, False))
    value, start, end, _ = found
    grown = amount * (1 + value / 100)
    rows = [[etf.name, etf.key, round(value, 2), start["date"], end["date"], round(grown)]]
    return Reply(
        f"{start['date']} 종가로 {wording.krw(amount)}을 샀다면 {end['date']}에는 약 **{round(grown):,}원**({value:+.2f}%)입니다. 분배금과 비용은 넣지 않은 값입니다.",
        [Table("투자 결과", ["ETF", "코드", "수익률(%)", "시작일", "마지막 날", "금액(원)"], rows)],
    )


def _ranking(
    chosen: Selection, period: Period, highest: bool, count: int, place: int, english: bool,
    limits: list[Condition], counted: bool,
) -> Steps:  # fmt: skip
    codes = None
    if not chosen.is_everything:
        found = yield Query(f"{chosen.cypher()}\nRETURN e.code AS 코드")
        codes = [row[0] for row in found.rows]
        if not codes:
            return Reply(f"자료에 {chosen.described()}는 없습니다.")
    among = f"  AND e.code IN {literals(codes)}\n" if codes is not None else ""
    comparison = "<=" if period.between or period.nearest else "<"
    result = yield Query(
        "MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\n"
        f"WHERE p.close IS NOT NULL\n{among}  AND p.date <= {literal(period.last.isoformat())}\n"
        "WITH e, collect({date: p.date, close: p.close}) AS prices\n"
        f"RETURN e.name AS ETF, e.code AS 코드, [x IN prices WHERE x.date {comparison} {literal(period.first.isoformat())} | x] AS base, "
        f"[x IN prices WHERE x.date >= {literal(period.first.isoformat())} | x] AS within",
        HISTORY,
    )
    rows = []
    for name, code, base, within in result.rows:
        before = sorted(base or [], key=lambda price: price["date"])[-1:]
        returned = _return_of(before, within, period.first)
        if returned is not None:
            rows.append([name, code, round(returned[0], 2), returned[1]["date"], returned[2]["date"]])
    if not rows:
        return Reply(f"그 기간의 시세가 있는 {chosen.described()}가 자료에 없습니다.", status="refused")
    rows.sort(key=lambda row: (-row[2] if highest else row[2], row[1]))
    total = len(rows)
    if limits or counted:
        return _those_that_met(chosen, [row for row in rows if meets(row[2], limits)], limits, count, total, english)
    rows = rows[place - 1 :]
    if not rows:
        return Reply(f"그 기간의 시세가 있는 {chosen.described()}는 {total}개뿐입니다.", status="refused")
    best = rows[0]
    which = "가장" if place == 1 else f"{place}번째로"
    note = f" 그 기간의 시세가 자료에 있는 {total}개만 비교했습니다."
    shown = [Table("수익률 순위", ["ETF", "코드", "수익률(%)", "기준일", "마지막 날"], rows[:count])]
    if english:
        return Reply(
            f"**{best[0]}** returned {'most' if highest else 'least'}: **{best[2]:+.2f}%** among the {total} {chosen.described()} with prices.",
            shown,
        )
    return Reply(
        f"{chosen.described()} 가운데 수익률이 {which} {'높은' if highest else '낮은'} 것은 **{best[0]}**({best[2]:+.2f}%)입니다.{note}",
        shown,
    )


def _those_that_met(
    chosen: Selection, rows: list[list], limits: list[Condition], count: int, total: int, english: bool
) -> Reply:
    """The ETFs whose return is as it has to be, how many there are, and the first of them."""
    described = chosen.described()
    said = " ".join(condition.words("%") for condition in limits)
    columns = ["ETF", "코드", "수익률(%)", "기준일", "마지막 날"]
    shown = [Table("수익률", columns, rows[:count])] if rows else []
    if english:
        first = f" First: **{rows[0][0]}** ({rows[0][2]:+.2f}%)." if rows else ""
        return Reply(f"**{len(rows)}** of the {total} {described} with prices in that period.{first}", shown)
    met = (
        f"{described} 가운데 수익률이 {said}인 것은"
        if said
        else f"그 기간의 시세가 있는 {wording.with_particle(described, '은는')}"
    )
    first = f" 첫째는 **{rows[0][0]}**({rows[0][2]:+.2f}%)입니다." if rows else ""
    return Reply(f"{met} **{len(rows)}개**입니다.{first} 그 기간의 시세가 자료에 있는 {total}개만 봤습니다.", shown)


__all__ = ["read"]
