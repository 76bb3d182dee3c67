"""KRX trading days: what the file of holidays says, and what the real data shows."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, date, datetime, timedelta

import pytest

from backend.collection import calendar
from backend.collection.calendar import UnknownYear


def test_the_holidays_are_weekdays_in_order_and_once_each():
    with calendar.HOLIDAYS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["date", "name"]
    days = [date.fromisoformat(row[0]) for row in rows[1:]]
    assert days == sorted(set(days))
    assert all(day.weekday() < 5 for day in days)
    assert all(len(row) == 2 and row[1].strip() for row in rows)


def test_every_known_year_has_what_every_year_has():
    assert calendar.years() == (2021, 2027)
    for year in range(2021, 2028):
        closed = [day for day in calendar.holidays() if day.year == year]
        assert 9 <= len(closed) <= 22, year
        last = date(year, 12, 31)
        while last.weekday() > 4:
            last -= timedelta(days=1)
        fixed = [date(year, month, day) for month, day in ((1, 1), (3, 1), (5, 1), (5, 5), (6, 6), (8, 15), (12, 25))]
        assert [day for day in [*fixed, last] if calendar.is_trading_day(day)] == []


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2022-03-09", "대통령 선거일"),
        ("2023-10-02", "임시공휴일"),
        ("2024-04-10", "국회의원 선거일"),
        ("2024-05-01", "노동절"),
        ("2024-10-01", "국군의 날"),
        ("2025-01-27", "임시공휴일"),
        ("2025-06-03", "대통령 선거일"),
        ("2025-12-31", "연말 휴장일"),
        ("2022-12-30", "연말 휴장일"),
        ("2026-02-16", "설날 전날"),
        ("2026-02-17", "설날"),
        ("2026-02-18", "설날 다음날"),
        ("2026-06-03", "지방선거일"),
        ("2026-07-17", "제헌절"),
        ("2026-08-17", "광복절 대체 휴일"),
        ("2026-11-21", "주말"),
    ],
)
def test_krx_is_closed(day, name):
    assert calendar.closed_because(date.fromisoformat(day)) == name
    assert not calendar.is_trading_day(date.fromisoformat(day))


def test_the_days_around_a_holiday():
    assert calendar.is_trading_day(date(2026, 2, 19))
    assert calendar.previous_trading_day(date(2026, 2, 19)) == date(2026, 2, 13)
    assert calendar.next_trading_day(date(2026, 2, 13)) == date(2026, 2, 19)
    assert calendar.trading_days(date(2026, 2, 12), date(2026, 2, 20)) == [
        date(2026, 2, 12),
        date(2026, 2, 13),
        date(2026, 2, 19),
        date(2026, 2, 20),
    ]
    assert calendar.trading_days(date(2026, 2, 19), date(2026, 2, 19)) == [date(2026, 2, 19)]
    assert calendar.trading_days(date(2026, 2, 20), date(2026, 2, 19)) == []


@pytest.mark.parametrize("day", [date(2020, 12, 31), date(2028, 1, 3)])
def test_beyond_its_years_the_calendar_does_not_guess(day):
    with pytest.raises(UnknownYear, match="covers 2021 to 2027"):
        calendar.is_trading_day(day)
    with pytest.raises(UnknownYear):
        calendar.previous_trading_day(date(2021, 1, 4))
    with pytest.raises(UnknownYear):
        calendar.next_trading_day(date(2027, 12, 30))
    with pytest.raises(UnknownYear):
        calendar.trading_days(date(2027, 12, 1), date(2028, 1, 1))


@pytest.mark.parametrize(
    ("utc", "newest"),
    [
        ((2026, 7, 8, 8, 59), date(2026, 7, 7)),  # 17:59 in Seoul: the day is not over
        ((2026, 7, 8, 9, 0), date(2026, 7, 8)),
        ((2026, 7, 8, 15, 30), date(2026, 7, 8)),  # 00:30 of the next day in Seoul
        ((2026, 7, 18, 12, 0), date(2026, 7, 16)),  # a Saturday after a Friday's holiday
        ((2026, 2, 19, 8, 0), date(2026, 2, 13)),
    ],
)
def test_a_day_is_final_in_the_evening_in_seoul(monkeypatch, utc, newest):
    monkeypatch.setattr(calendar, "now", lambda: datetime(*utc, tzinfo=UTC).astimezone(calendar.SEOUL))
    assert calendar.newest_final_day() == newest


@pytest.mark.real
def test_the_calendar_agrees_with_the_real_data(real_data):
    def dates(name: str) -> set[date]:
        path = real_data / name
        with gzip.open(path, "rt") if name.endswith(".gz") else path.open() as file:
            return {date.fromisoformat(row["date"]) for row in csv.DictReader(file)}

    files = (
        "holdings_full.csv.gz",
        "holdings_active.csv.gz",
        "holdings_small.csv",
        "prices.csv",
        "adj_close_daily.csv",
    )
    found = {name: dates(name) for name in files}
    everything = sorted(set.union(*found.values()))
    assert [day for day in everything if not calendar.is_trading_day(day)] == []
    # These two have every day between their first and their last.
    for name in ("holdings_active.csv.gz", "adj_close_daily.csv"):
        days = sorted(found[name])
        assert days == calendar.trading_days(days[0], days[-1])
