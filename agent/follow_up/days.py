"""The day, week or month before or after the one that was asked about: `그 다음날은?`, `전날은?`, `그 다음 주는?`."""

from __future__ import annotations

import re
from datetime import date, timedelta

from agent.calendar_days import month_end
from agent.composition.sub_questions import SubQuestions
from agent.follow_up.resolved import AskBack, Resolved, resolved_as, unclear
from agent.follow_up.turns import Turn
from agent.follow_up.words import opening
from agent.periods import Period
from agent.reading.days import closed
from agent.reading.question import Question

# `다음 주` by itself is the week to come, and `그 다음 주` the one after.
_BESIDE = re.compile(
    r"^(?:(?:바로\s*)?(?:그\s*)?(?:바로\s*)?(?P<day>다음|전|이전)\s*(?:날|거래일)|그\s*(?:바로\s*)?(?P<long>다음|전|이전)\s*(?P<unit>주|달))"
    r"(?:에)?(?:은|는|엔|도)?(?:요)?(?:\s*(?:어때|어땠어|알려줘|보여줘)(?:요)?)?\s*[?!.]*$"
)
_WEEK = timedelta(days=7)


def asks_for_another_day(question: Question) -> bool:
    """Whether a question says nothing but that the day, week or month beside the last one is meant."""
    return _BESIDE.match(question.text[opening(question.text) :].strip()) is not None


def by_another_day(asking: SubQuestions, question: Question, turn: Turn | None) -> Resolved | AskBack:
    """The last question with the day, week or month beside its own; asked back where it has none of that length."""
    found = _BESIDE.match(question.text[opening(question.text) :].strip())
    dates = [] if turn is None else [token for token in turn.question.tokens if token.kind == "date"]
    if turn is None or found is None or len(dates) != 1:
        return unclear(question, turn)
    beside = _beside(dates[0].value, found["unit"] or "", forward=(found["day"] or found["long"]) == "다음")
    if beside is None:
        return unclear(question, turn)
    first, last = beside
    words = first.isoformat() if first == last else f"{first.isoformat()}~{last.isoformat()}"
    text = turn.text.replaced(dates[0].start, dates[0].end, words)
    return resolved_as(asking, text) or unclear(question, turn)


def _beside(period: Period, unit: str, *, forward: bool) -> tuple[date, date] | None:
    """The first and last day; trading days only where a day is beside a day."""
    if period.problem or period.open_start or period.open_end or period.around:
        return None
    if unit == "주":
        monday = period.first - timedelta(days=period.first.weekday())
        if period.last > monday + _WEEK - timedelta(days=1):
            return None
        monday += _WEEK if forward else -_WEEK
        return monday, monday + _WEEK - timedelta(days=1)
    if unit == "달":
        if (period.first.year, period.first.month) != (period.last.year, period.last.month):
            return None
        day = month_end(period.first.year, period.first.month) + timedelta(days=1)
        day = day if forward else period.first.replace(day=1) - timedelta(days=1)
        return day.replace(day=1), month_end(day.year, day.month)
    if not period.is_day:
        return None
    step = timedelta(days=1 if forward else -1)
    day = period.first + step
    while closed(day):
        day += step
    return day, day
