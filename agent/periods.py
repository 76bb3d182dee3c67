"""Dates of a question as the periods they make: from A to B, between A and B, since A, until B, around D."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from agent.dates import DateMention, single_dates

# How far behind the data date a day without a year is still taken for the coming one.
_JUST_AHEAD = timedelta(days=31)
_EARLIEST = date(1990, 1, 1)
_FROM_TO = re.compile(r"\s*(?:부터|~|∼|～|–|—|-|에서부터|to\b|until\b|through\b|till\b)\s*", re.IGNORECASE)
_PAIR = re.compile(r"\s*(?:와|과|하고|랑|이랑|및|,|에서|에서\s*부터|vs\.?|→|->|대비|and\b)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:까지\s*)?(?:의\s*)?(?:사이|새에|비교|를\s*비교|을\s*비교)(?:에|의)?")
_UNTIL = re.compile(r"\s*(?:까지)")
_SINCE = re.compile(r"\s*(?:부터|이후|이래|들어서|들어|지나서|\bonwards?\b)(?:로|에)?", re.IGNORECASE)
_BEFORE = re.compile(r"\s*(?:이전|전)(?:에|까지)?(?=\s|$|[,.?])")
_COMPARED = re.compile(r"\s*(?:에\s*)?(?:대비|비해서?|비교해서?)(?=\s|$|[,.?])")
_AROUND = re.compile(r"\s*(?:전후|앞뒤|즈음|무렵)")
_FROM_BEFORE = re.compile(r"(?:from|between|since|after|before|until)\s+$", re.IGNORECASE)
_SPAN_WORDS = re.compile(
    r"\s*(?:한\s*달\s*(?:동안|간|내내)?|동안|사이|한\s*해|기간|중에|중|내내|간)(?:에|의)?(?![가-힣])"
)
_BARE_DAY = re.compile(r"(\d{1,2})\s*일(?!\s*(?:간|동안|치))")


@dataclass(frozen=True)
class Period(DateMention):
    """A date or period as the question means it. `around`: the change across that day. `until_given`: its start was left open."""

    around: bool = False
    open_start: bool = False
    open_end: bool = False


def find_dates(text: str, as_of: date) -> list[Period]:
    """Every date and period of a question, in order; two dates that are the ends of one period come back as that period."""
    found = [Period(**vars(mention)) for mention in single_dates(text, as_of)]
    joined: list[Period] = []
    index = 0
    while index < len(found):
        current = found[index]
        pair = _pair_with_bare_day(text, current)
        if pair is None and index + 1 < len(found):
            pair = _pair(text, current, found[index + 1], as_of)
        if pair is not None:
            joined.append(pair)
            index += 1
            while index < len(found) and found[index].start < pair.end:
                index += 1
            continue
        joined.append(_opened(text, _not_a_year_ago(current, as_of), as_of))
        index += 1
    return joined


def _not_a_year_ago(day: Period, as_of: date) -> Period:
    """A day without a year that comes just after the data date is that day, not the one a year before."""
    if day.problem or not day.is_day or day.year_given or (day.first.month, day.first.day) == (2, 29):
        return day
    ahead = day.first.replace(year=day.first.year + 1)
    return replace(day, first=ahead, last=ahead) if as_of < ahead <= as_of + _JUST_AHEAD else day


def _pair(text: str, one: Period, other: Period, as_of: date) -> Period | None:
    if one.problem or other.problem:
        return None
    gap = text[one.end : other.start]
    preceding = _FROM_BEFORE.search(text[: one.start])
    if _FROM_TO.fullmatch(gap):
        tail = _UNTIL.match(text, other.end)
        return _period(text, one, other, preceding, tail.end() if tail else other.end, between=False)
    if re.fullmatch(r"\s*(?:종가\s*)?(?:대비|에\s*비해)\s*", gap):
        return _period(text, one, other, preceding, other.end, between=True)
    if _PAIR.fullmatch(gap):
        if tail := _BETWEEN.match(text, other.end):
            return _period(text, one, other, preceding, tail.end(), between=True)
        if (tail := _UNTIL.match(text, other.end)) and gap.strip() in ("에서", "에서부터"):
            return _period(text, one, other, preceding, tail.end(), between=False)
        if preceding and preceding[0].strip().lower() == "between":
            return _period(text, one, other, preceding, other.end, between=True)
    return None


def _period(
    text: str, one: Period, other: Period, preceding: re.Match[str] | None, end: int, *, between: bool
) -> Period:
    start = preceding.start() if preceding else one.start
    if not one.year_given and other.year_given and one.first > other.first:
        one = _moved(one, other)
    first, last = one.first, other.last
    if one.year_given and not other.year_given:
        # `2025년 1월부터 3월까지`: the year holds until the next one is named.
        other = _moved(other, one)
        last = (
            other.last
            if other.last >= first
            else _moved(other, replace(one, first=first.replace(year=first.year + 1))).last
        )
    elif not other.year_given and last < first:
        last = last.replace(year=first.year)
    problem = f"{first} > {last}" if last < first else ""
    if tail := _SPAN_WORDS.match(text, end):
        end = tail.end()
    return Period(start, end, text[start:end], first, last, between=between, nearest=one.nearest, problem=problem)


def _moved(one: Period, other: Period) -> Period:
    """The same month and day in the other's year: 7월 1일부터 2025년 7월 8일까지."""
    year = other.first.year
    return replace(one, first=_in_year(one.first, year), last=_in_year(one.last, year))


def _in_year(day: date, year: int) -> date:
    """The same day of another year; 29 February becomes the 28th where there is none, and a month's end stays its end."""
    if day.month == 2 and day.day >= 28:
        return date(year, 3, 1) - timedelta(days=1) if (day + timedelta(days=1)).day == 1 else date(year, 2, 28)
    return day.replace(year=year)


def _pair_with_bare_day(text: str, one: Period) -> Period | None:
    """`7월 7일에서 8일 사이`: the second day borrows the month of the first."""
    if not one.is_day or one.problem:
        return None
    gap = re.compile(r"\s*(?:부터|~|∼|～|–|-|에서|와|과|하고|랑|이랑|,)\s*").match(text, one.end)
    day = _BARE_DAY.match(text, gap.end()) if gap else None
    if not gap or not day:
        return None
    try:
        last = one.first.replace(day=int(day[1]))
    except ValueError:
        return None
    other = Period(day.start(), day.end(), day[0], last, last, is_day=True)
    between = _BETWEEN.match(text, day.end())
    until = _UNTIL.match(text, day.end())
    if between:
        return _period(text, one, other, None, between.end(), between=True)
    if until or gap[0].strip() in ("부터", "~", "∼", "～", "–", "-"):
        return _period(text, one, other, None, until.end() if until else day.end(), between=False)
    return None


def _opened(text: str, one: Period, as_of: date) -> Period:
    """A single date with `부터`, `이후`, `까지`, `이전` or `전후` behind it, or `since` before it."""
    if one.problem:
        return one
    word = _FROM_BEFORE.search(text[: one.start])
    before = word[0].strip().lower() if word else ""
    if tail := _COMPARED.match(text, one.end):
        # From that day (the end of a year or month) until the data date.
        start = one.last if one.is_day else one.first
        end = tail.end()
        return replace(
            one, end=end, text=text[one.start : end], first=start, last=as_of, is_day=False, between=one.is_day
        )
    if tail := _AROUND.match(text, one.end):
        return replace(one, end=tail.end(), text=text[one.start : tail.end()], around=True)
    tail = _SINCE.match(text, one.end)
    if tail or before in ("since", "after", "from"):
        first = one.first if before != "after" else one.last + timedelta(days=1)
        return _ended(text, one, tail, word if before else None, first, max(as_of, one.first), open_end=True)
    if before in ("before", "until") or (tail := _BEFORE.match(text, one.end)):
        last = one.last if before == "until" else one.first - timedelta(days=1)
        return _ended(text, one, tail, word if before else None, _EARLIEST, last, open_start=True)
    if tail := _UNTIL.match(text, one.end):
        return _ended(text, one, tail, None, _EARLIEST, one.last, open_start=True)
    if not one.is_day and (tail := _SPAN_WORDS.match(text, one.end)):
        return replace(one, end=tail.end(), text=text[one.start : tail.end()])
    return one


def _ended(
    text: str,
    one: Period,
    tail: re.Match[str] | None,
    word: re.Match[str] | None,
    first: date,
    last: date,
    **marks: bool,
) -> Period:
    start, end = (word.start() if word else one.start), (tail.end() if tail else one.end)
    marks_given = {"is_day": False, "nearest": False, **marks}
    return replace(one, start=start, end=end, text=text[start:end], first=first, last=last, **marks_given)
