"""KRX trading days: weekdays but those of seeds/krx_holidays.csv, in the years that file knows.

All dates are dates in Seoul. Beyond those years there is no answer rather than a guess.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from backend.errors import InvalidInput

HOLIDAYS = Path(__file__).parents[2] / "seeds" / "krx_holidays.csv"
SEOUL = ZoneInfo("Asia/Seoul")
# After-hours trading ends at 18:00; until then a day's volume, net assets and baskets are not final.
FINAL_AT = time(18, 0)


class UnknownYear(InvalidInput):
    """The trading calendar does not know that year."""

    slug = "unknown-year"


@lru_cache
def holidays() -> Mapping[date, str]:
    """Return the weekdays on which KRX is closed, with their Korean names, in order."""
    with HOLIDAYS.open(encoding="utf-8", newline="") as file:
        return {date.fromisoformat(row["date"]): row["name"] for row in csv.DictReader(file)}


def years() -> tuple[int, int]:
    """Return the first and the last year that the calendar knows."""
    known = holidays()
    return min(known).year, max(known).year


def closed_because(day: date) -> str | None:
    """Return why KRX is closed on a day (a holiday's Korean name, or 주말), None on a trading day.

    Raises UnknownYear.
    """
    first, last = years()
    if not first <= day.year <= last:
        raise UnknownYear(
            f"The trading calendar covers {first} to {last}, not {day}: extend seeds/krx_holidays.csv "
            f"(CONTRIBUTING.md says how).",
            ko=f"거래일 달력은 {first}~{last}년만 알고 있습니다({day}).",
        )
    return "주말" if day.weekday() >= 5 else holidays().get(day)


def is_trading_day(day: date) -> bool:
    """Return whether KRX trades on a day. Raises UnknownYear."""
    return closed_because(day) is None


def previous_trading_day(day: date) -> date:
    """Return the last trading day before a day. Raises UnknownYear."""
    return _next(day, timedelta(days=-1))


def next_trading_day(day: date) -> date:
    """Return the first trading day after a day. Raises UnknownYear."""
    return _next(day, timedelta(days=1))


def _next(day: date, step: timedelta) -> date:
    day += step
    while not is_trading_day(day):
        day += step
    return day


def trading_days(first: date, last: date) -> list[date]:
    """Return the trading days from one day to another, both included. Raises UnknownYear."""
    count = (last - first).days + 1
    return [day for day in (first + timedelta(days=n) for n in range(count)) if is_trading_day(day)]


def now() -> datetime:
    """Return the time in Seoul."""
    return datetime.now(SEOUL)


def today() -> date:
    """Return the date in Seoul."""
    return now().date()


def newest_final_day() -> date:
    """Return the newest trading day whose figures are final: today from FINAL_AT on, else the one before."""
    moment = now()
    if is_trading_day(moment.date()) and moment.time() >= FINAL_AT:
        return moment.date()
    return previous_trading_day(moment.date())
