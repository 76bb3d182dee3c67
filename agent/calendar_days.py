"""Days, months and weeks of the calendar, and a date as a question mentions it.

A day or month without a year is the latest one that is not after the data date. Weeks run Monday to Sunday, and the first week of a
month is the one with its first Thursday. "Yesterday" is the business day before the data date.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

_COUNTS = {
    "한": 1, "일": 1, "두": 2, "이": 2, "세": 3, "석": 3, "삼": 3, "네": 4, "넉": 4, "사": 4, "다섯": 5, "오": 5, "여섯": 6, "육": 6,
    "일곱": 7, "칠": 7, "여덟": 8, "팔": 8, "아홉": 9, "구": 9, "열": 10, "십": 10,
    "첫째": 1, "첫": 1, "첫번째": 1, "둘째": 2, "두번째": 2, "셋째": 3, "세번째": 3, "넷째": 4, "네번째": 4, "다섯째": 5,
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "first": 1, "second": 2, "third": 3, "fourth": 4,
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class DateMention:
    """A day (`first` == `last`, `is_day`) or a period, both ends inclusive, found at `start`..`end` of the text.

    `nearest`: the end of a year or month was meant, so the last trading day on or before it serves. `between`: two days were
    compared, so the change runs from the first to the last. `trading_days`: a number of trading days that end on the data date.
    `problem`: the words name no day there is.
    """

    start: int
    end: int
    text: str
    first: date
    last: date
    is_day: bool = False
    nearest: bool = False
    between: bool = False
    trading_days: int | None = None
    problem: str = ""
    year_given: bool = True

    def after(self, as_of: date) -> bool:
        """Whether it begins later than the data date."""
        return not self.problem and self.first > as_of


class NoSuchDay(ValueError):
    """The words name a day that does not exist."""


def day_of(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NoSuchDay(f"{year}-{month}-{day}") from error


def written_year(text: str) -> int:
    number = int(text)
    return number if number >= 100 else 2000 + number


def month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def months_back(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last day where it is shorter."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def business_day_before(day: date, count: int = 1) -> date:
    while count:
        day -= timedelta(days=1)
        count -= day.weekday() < 5
    return day


def latest_day(month: int, day: int, as_of: date) -> date:
    """The latest such day not after the data date; 29 February finds its leap year."""
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(2024, month)[1]:
        raise NoSuchDay(f"{month}-{day}")
    for year in range(as_of.year, as_of.year - 8, -1):
        if day <= monthrange(year, month)[1] and date(year, month, day) <= as_of:
            return date(year, month, day)
    raise NoSuchDay(f"{month}-{day}")


def month_year(month: int, as_of: date) -> int:
    if not 1 <= month <= 12:
        raise NoSuchDay(f"month {month}")
    return as_of.year if month <= as_of.month else as_of.year - 1


def week_of_month(year: int, month: int, number: int) -> tuple[date, date]:
    """Monday and Sunday of a month's n-th week, the first being the one that holds its first Thursday."""
    first = date(year, month, 1)
    thursday = first + timedelta(days=(3 - first.weekday()) % 7 + 7 * (number - 1))
    if thursday.month != month:
        raise NoSuchDay(f"{year}-{month} week {number}")
    return thursday - timedelta(days=3), thursday + timedelta(days=3)


def last_week_of_month(year: int, month: int) -> tuple[date, date]:
    for number in (5, 4):
        try:
            return week_of_month(year, month, number)
        except NoSuchDay:
            continue
    raise AssertionError("every month has four Thursdays")


def spoken_count(text: str) -> int:
    text = re.sub(r"\s", "", text.lower())
    return int(text) if text.isdigit() else _COUNTS[text]


def english_month(text: str) -> int:
    return _MONTHS.index(text[:3].lower()) + 1
