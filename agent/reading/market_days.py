"""Questions about the prices of many ETFs on one day: who was traded most, whose premium was the highest, who passed a value."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Condition, Unclear, conditions, direction, limit, rank, singular
from agent.reading.days import closed, future
from agent.reading.filters import select
from agent.reading.plan import HISTORY, Plan, Query, Reply, Steps, literal, literals
from agent.reading.question import Reader
from agent.reading.quotes import MEASURES, exact, one_period, shown_value
from agent.reading.selection import Selection

_TOP = 10
_ALL = 1_000
_CONDITIONED = {"price": "close", "nav": "nav", "premium": "premium"}
_OTHERS = (
    "buy", "sell", "new", "out", "increase", "decrease", "trade", "return", "rise", "fall", "similar", "overlap", "invest", "cost", "fee", "aum",
    "listed", "trend", "first_time", "day_count", "industry_word", "undenied", "pronoun", "manager", "by_group", "turnover", "average", "sum",
)  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """Which measure of which ETFs on which day (None: the last one there is), and how many of them in which order."""

    measure: str
    chosen: Selection
    period: Period | None
    limits: list[Condition]
    absolute: bool
    descending: bool
    rows: int
    skip: int
    single: bool
    counted: bool

    @property
    def english(self) -> bool:
        return self.chosen.english

    @property
    def expression(self) -> str:
        """The measure unrounded, as the order and the conditions take it."""
        return f"abs({exact(self.measure)})" if self.absolute else f"({exact(self.measure)})"


def read(reader: Reader) -> Plan | None:
    """ETFs by a price measure of one day; None when the question is about something else."""
    if reader.find("etf", "stock") or reader.has(*_OTHERS):
        return None
    measure = _measure(reader)
    if measure is None or not (reader.has("etf_word", "etf_set", *_FILTERED) or reader.quantities("count")):
        return None
    period = one_period(reader)
    if period is None and measure in _CONDITIONED and not reader.has("absolute"):
        # The last of these figures stand with the ETFs themselves.
        return None
    if period is not None and period.after(reader.question.as_of):
        return Plan.saying("refuse_future", future(reader.question.as_of, reader.question.english))
    if period is not None and not period.is_day:
        raise Unclear(
            "여러 ETF의 시세는 하루씩만 견줄 수 있습니다. 날짜를 하나 적어 주세요. 예: 7월 10일 거래량이 가장 많은 ETF",
            "Please name one day.",
        )
    return Plan("market_day", lambda asked=_asked(reader, measure, period): _steps(asked))


_FILTERED = ("company", "tag", "index", "active", "leverage", "inverse", "inverse2", "synthetic", "bond_class")


def _measure(reader: Reader) -> str | None:
    """The one measure named; what is dear or cheap against its NAV asks for the premium."""
    named = {token.kind for token in reader.find(*MEASURES) if not token.text.startswith(("얼마", "how much"))}
    if reader.has("nav") and any("보다" in token.particle for token in reader.find("nav")):
        return "premium"
    if len(named) == 2 and "price" in named and reader.has("now"):
        # `종가 기준 괴리율`: the closes are what the premium is made of.
        named.discard("price")
    return named.pop() if len(named) == 1 else None


def _asked(reader: Reader, measure: str, period: Period | None) -> _Asked:
    limits = conditions(
        reader, _CONDITIONED | {"price": "close"}, {"percent": "premium"} if measure == "premium" else {}
    )
    one, place = singular(reader), rank(reader)
    count, said = limit(reader, None)
    ordered = direction(reader)
    absolute, counted = reader.take("absolute"), reader.take("count")
    chosen = select(reader)
    reader.take(
        *MEASURES, "etf_word", "exist", "list", "all", "rank", "recent", "now", "day", "trading_day", "compare", "where", "percent_word", "hold",
        "rank_one", "above_word", "below_word",
    )  # fmt: skip
    rows = 1 if place else count if said else _ALL if limits else _TOP
    return _Asked(
        measure, chosen, period, limits, absolute, ordered is not False, rows or _TOP, (place or 1) - 1,
        (one or place is not None) and not said, counted,
    )  # fmt: skip


def _day(period: Period | None) -> Generator[Query, Any, str]:
    """The day that is asked for, or the last one with prices."""
    if period is not None and not period.nearest:
        return period.first.isoformat()
    before = f"\nWHERE p.date <= {literal(period.last.isoformat())}" if period else ""
    found = yield Query(f"MATCH (p:Price){before}\nRETURN max(p.date) AS 날짜", HISTORY)
    return found.rows[0][0] or ""


def _steps(asked: _Asked) -> Steps:
    day = yield from _day(asked.period)
    among = ""
    if not asked.chosen.is_everything:
        found = yield Query(f"{asked.chosen.cypher()}\nRETURN e.code AS 코드")
        among = f"\n  AND e.code IN {literals(row[0] for row in found.rows)}"
    measure, english = asked.measure, asked.english
    column = MEASURES[measure][3] if english else MEASURES[measure][2]
    limits = "".join(f"\n  AND {condition.cypher(asked.expression)}" for condition in asked.limits)
    result = yield Query(
        "MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\n"
        f"WHERE p.date = {literal(day)}{among}\n  AND ({exact(measure)}) IS NOT NULL{limits}\n"
        f"RETURN e.name AS ETF, e.code AS `{'code' if english else '코드'}`, {MEASURES[measure][0]} AS `{column}`, "
        f"p.date AS `{'date' if english else '날짜'}`\n"
        f"ORDER BY {asked.expression} {'DESC' if asked.descending else 'ASC'}, e.code\n"
        + (f"SKIP {asked.skip}\n" if asked.skip else "") + f"LIMIT {_ALL if asked.counted else asked.rows}", HISTORY
    )  # fmt: skip
    if not result.rows:
        return (yield from _nothing(asked, day, among))
    described = f"{day} {asked.chosen.described()}"
    rows = [list(row) for row in result.rows]
    shown = [Table(f"{described}: {column}", list(result.columns), rows, result.truncated)]
    return Reply(_text(asked, described, rows), shown)


def _text(asked: _Asked, described: str, rows: list[list]) -> str:
    name = MEASURES[asked.measure]
    first, english = rows[0], asked.english
    value = shown_value(asked.measure, first[2], english)
    if english:
        many = f"{len(rows)} {described}. " if asked.limits or asked.counted else ""
        return f"{many}**{first[0]}** has the {'highest' if asked.descending else 'lowest'} {name[3]}: **{value}**."
    high, low = ("많은", "적은") if asked.measure == "volume" else ("높은", "낮은")
    which = f"{asked.skip + 1}번째로" if asked.skip else "가장"
    what = f"{name[1]} 절댓값" if asked.absolute else name[1]
    lead = f"{wording.with_particle(what, '이가')} {which} {high if asked.descending else low} 것은 **{first[0]}**({value})입니다."
    if asked.limits or asked.counted:
        unit = "%" if asked.measure == "premium" else "원"
        said = " ".join(condition.words(unit) for condition in asked.limits)
        met = f" 가운데 {wording.with_particle(what, '이가')} {said}인 것은" if said else "는"
        return f"{described}{met} **{len(rows)}개**입니다. {lead}"
    return f"{described} 가운데 {lead}"


def _nothing(asked: _Asked, day: str, among: str) -> Steps:
    """No ETF fits: nobody met the condition, the exchange was closed, or there are no prices of that day."""
    priced = yield Query(
        f"MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\nWHERE p.date = {literal(day)}{among}\nRETURN count(p) AS 시세, count({exact(asked.measure)}) AS 값",
        HISTORY,
    )
    described = asked.chosen.described()
    if priced.rows[0][0] and not priced.rows[0][1]:
        name = MEASURES[asked.measure]
        text = f"{day} {described}의 {wording.with_particle(name[1], '은는')} 자료에 없습니다."
        return Reply(text if not asked.english else f"The data has no {name[3]} of {day}.", status="refused")
    if priced.rows[0][0]:
        text = f"{day}에 그런 {wording.with_particle(described, '은는')} 없습니다({priced.rows[0][1]}개 확인)."
        return Reply(text if not asked.english else f"There are no such {described} on {day}.")
    last = yield Query(
        f"MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\nWHERE p.date < {literal(day)}{among}\nRETURN max(p.date) AS 날짜",
        HISTORY,
    )
    why = closed(asked.period.first) if asked.period is not None and asked.period.is_day else ""
    reason = f"{day}은 휴장일({why})이라" if why else f"{day}의"
    before = last.rows[0][0]
    said = f" 그 전 마지막 시세는 {before}에 있습니다." if before else ""
    text = f"{reason} {described} 시세가 자료에 없습니다.{said}"
    name = MEASURES[asked.measure][1]
    offered = [f"{before} {wording.with_particle(name, '이가')} 가장 높은 {described}는?"] if before else []
    en = f"There are no prices of {described} on {day}." + (f" The last before it are of {before}." if before else "")
    return Reply(en if asked.english else text, status="refused", suggestions=offered)
