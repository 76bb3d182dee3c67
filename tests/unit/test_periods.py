"""Dates and periods of questions, read against a data date that is a Wednesday."""

from __future__ import annotations

from datetime import date

import pytest

from agent.periods import Period, find_dates

AS_OF = date(2026, 7, 8)


def _one(text: str) -> Period:
    [period] = find_dates(text, AS_OF)
    return period


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026년 7월 8일 괴리율은?", "2026-07-08"),
        ("'26년 7월 8일", "2026-07-08"),
        ("26년 1월 2일", "2026-01-02"),
        ("20260708 종가", "2026-07-08"),
        ("2026.7.6 종가", "2026-07-06"),
        ("7/6 종가", "2026-07-06"),
        ("7월6일 종가", "2026-07-06"),
        ("12월 30일 종가", "2025-12-30"),
        ("2월 29일", "2024-02-29"),
        ("8일에 산 종목", "2026-07-08"),
        ("오늘", "2026-07-08"),
        ("어제 종가", "2026-07-07"),
        ("그저께", "2026-07-06"),
        ("지난주 금요일", "2026-07-03"),
        ("July 6, 2026", "2026-07-06"),
        ("6 July 2026", "2026-07-06"),
        ("yesterday", "2026-07-07"),
    ],
)
def test_a_day(text: str, day: str) -> None:
    period = _one(text)
    assert (period.first.isoformat(), period.is_day) == (day, True)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("3월 수익률", "2026-03-01", "2026-03-31"),
        ("9월 수익률", "2025-09-01", "2025-09-30"),
        ("이번 달", "2026-07-01", "2026-07-31"),
        ("지난달에 산 종목", "2026-06-01", "2026-06-30"),
        ("지난주에 산 종목", "2026-06-29", "2026-07-05"),
        ("6월 한 달 동안", "2026-06-01", "2026-06-30"),
        ("최근 한 달", "2026-06-09", "2026-07-08"),
        ("최근 3개월 수익률", "2026-04-09", "2026-07-08"),
        ("3개월 수익률", "2026-04-09", "2026-07-08"),
        ("올해 들어", "2026-01-01", "2026-07-08"),
        ("연초 이후 수익률", "2026-01-01", "2026-07-08"),
        ("작년 수익률", "2025-01-01", "2025-12-31"),
        ("2025년 하반기", "2025-07-01", "2025-12-31"),
        ("2026년 1분기", "2026-01-01", "2026-03-31"),
        ("6월 1일부터 6월 30일까지", "2026-06-01", "2026-06-30"),
        ("7월 6일~8일", "2026-07-06", "2026-07-08"),
        ("2025년 이후 상장", "2025-01-01", "2026-07-08"),
        ("from June 1 to June 30", "2026-06-01", "2026-06-30"),
        ("past 3 months", "2026-04-09", "2026-07-08"),
        ("in 2025", "2025-01-01", "2025-12-31"),
    ],
)
def test_a_period(text: str, first: str, last: str) -> None:
    period = _one(text)
    assert (period.first.isoformat(), period.last.isoformat(), period.is_day) == (first, last, False)


def test_the_first_week_of_a_month_holds_its_first_thursday() -> None:
    assert (_one("7월 첫째 주").first, _one("7월 첫째 주").last) == (date(2026, 6, 29), date(2026, 7, 5))
    assert _one("6월 마지막 주").last == date(2026, 6, 28)


@pytest.mark.parametrize("text", ["7월 7일에서 8일 사이", "7월 7일과 7월 8일 사이", "between July 7 and July 8"])
def test_between_two_days_the_first_is_what_is_compared_with(text: str) -> None:
    period = _one(text)
    assert period.between
    assert (period.first, period.last) == (date(2026, 7, 7), date(2026, 7, 8))


def test_the_end_of_a_year_is_its_last_trading_day() -> None:
    assert _one("작년 말 종가").nearest


@pytest.mark.parametrize("text", ["2월 30일", "13월 5일", "2026년 6월 31일"])
def test_a_day_that_does_not_exist_is_a_problem(text: str) -> None:
    assert _one(text).problem


@pytest.mark.parametrize("text", ["10년 넣어두면", "3월배당 ETF", "8일 동안", "상위 10개", "국고채 3년"])
def test_what_only_looks_like_a_date(text: str) -> None:
    assert find_dates(text, AS_OF) == []


def test_a_later_day_is_after_the_data_date() -> None:
    assert _one("2026년 12월 1일").after(AS_OF)


@pytest.mark.parametrize("text", ["지난 6월에 산 종목", "지난 6월 한 달간", "지난6월"])
def test_the_past_sixth_month_is_june_and_no_six_months(text: str):
    period = _one(text)
    assert (period.first, period.last) == (date(2026, 6, 1), date(2026, 6, 30))
    assert _one("지난 6개월").first < date(2026, 2, 1)
