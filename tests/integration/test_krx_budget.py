"""The calls that KRX may be sent: counted exactly, whoever counts, and spread over time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.collection.sources.krx import Budget, KrxBudgetSpent
from backend.collection.sources.krx.budget import SEOUL

EVENING = datetime(2026, 7, 8, 23, 59, 30, tzinfo=SEOUL)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        return self.now


def test_a_day_has_so_many_calls_and_no_more(empty_database: Any) -> None:
    budget = Budget(empty_database, daily_calls=3, calls_per_s=1_000, clock=Clock())
    assert [budget.take("a") for _ in range(3)] == [1, 2, 3]
    with pytest.raises(KrxBudgetSpent, match=r"All 3 calls of 2026-07-08 to a .* 2026-07-09 00:00 in") as caught:
        budget.take("a")
    assert caught.value.resets_at == EVENING + timedelta(seconds=30)
    assert "2026-07-09 00:00" in caught.value.ko
    assert budget.used("a") == 3


def test_services_have_budgets_of_their_own(empty_database: Any) -> None:
    budget = Budget(empty_database, daily_calls=1, calls_per_s=1_000)
    budget.take("a")
    assert budget.take("b") == 1


def test_the_count_begins_again_at_midnight_in_seoul(empty_database: Any) -> None:
    clock = Clock()
    budget = Budget(empty_database, daily_calls=1, calls_per_s=1_000, clock=clock)
    budget.take("a")
    clock.now = EVENING + timedelta(seconds=30)
    assert budget.take("a") == 1


def test_the_count_outlives_the_process(empty_database: Any) -> None:
    clock = Clock()
    Budget(empty_database, daily_calls=2, calls_per_s=1_000, clock=clock).take("a")
    again = Budget(empty_database, daily_calls=2, calls_per_s=1_000, clock=clock)
    assert again.take("a") == 2
    with pytest.raises(KrxBudgetSpent):
        again.take("a")


def test_processes_and_threads_side_by_side_never_go_over(empty_database: Any) -> None:
    budgets = [Budget(empty_database, daily_calls=100, calls_per_s=100_000) for _ in range(4)]

    def take(n: int) -> int | None:
        try:
            return budgets[n % 4].take("a")
        except KrxBudgetSpent:
            return None

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(160)))
    assert sorted(n for n in taken if n is not None) == list(range(1, 101))
    assert budgets[0].used("a") == 100


def test_processes_and_threads_share_the_calls_of_a_second(empty_database: Any) -> None:
    budgets = [Budget(empty_database, calls_per_s=50) for _ in range(2)]
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: budgets[n % 2].take("a"), range(26)))
    assert 0.5 <= time.monotonic() - began < 1.5


def test_the_pace_of_one_service_does_not_slow_down_another(empty_database: Any) -> None:
    budget = Budget(empty_database, calls_per_s=2)
    budget.take("warm-up")
    began = time.monotonic()
    for service in "abcde":
        budget.take(service)
    assert time.monotonic() - began < 0.4
