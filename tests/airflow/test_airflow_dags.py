"""The DAGs as Airflow reads them: no errors, quickly, and with a schedule that knows when KRX trades."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
def found(run_inside: Callable[..., Any]) -> dict[str, Any]:
    """What Airflow finds in the folder of DAGs."""
    return run_inside("inside_dags.py")


def test_every_dag_can_be_read(found: dict[str, Any]) -> None:
    assert found["errors"] == {}
    assert set(found["dags"]) == {"etf_daily", "backfill", "fill_gaps", "refresh_reference", "reembed_examples"}


def test_reading_them_is_quick_and_brings_in_nothing_heavy(found: dict[str, Any]) -> None:
    own = [name for name in found["modules"] if not name.startswith("unusual_prefix")]
    assert set(own) <= {"airflow", "atlas_tasks", "trading_days"}
    assert found["seconds"] < 3


def test_a_day_is_planned_then_fetched_then_loaded(found: dict[str, Any]) -> None:
    tasks = found["dags"]["etf_daily"]["tasks"]
    assert {name: task["upstream"] for name, task in tasks.items()} == {
        "plan": [],
        "baskets": ["plan"],
        "load": ["baskets"],
    }


def test_a_chunk_that_fails_does_not_keep_back_the_others(found: dict[str, Any]) -> None:
    assert found["dags"]["etf_daily"]["tasks"]["load"]["rule"].endswith("ALL_DONE_MIN_ONE_SUCCESS")


def test_every_task_is_tried_again_and_tells_of_its_failure(found: dict[str, Any]) -> None:
    for dag in found["dags"].values():
        for task in dag["tasks"].values():
            assert task["retries"] >= 1
            assert task["alerts"] == ["alert"]


def test_a_day_that_is_late_holds_up_no_other_and_no_old_runs_are_made_up(found: dict[str, Any]) -> None:
    for name, dag in found["dags"].items():
        assert dag["max_active_runs"] == (4 if name == "etf_daily" else 1)
        assert not dag["catchup"]


def test_parameters(found: dict[str, Any]) -> None:
    assert found["dags"]["etf_daily"]["parameters"] == ["chunks", "date"]
    assert found["dags"]["backfill"]["parameters"] == ["from", "to"]


def test_evenings_skip_weekends_and_the_lunar_new_year(found: dict[str, Any]) -> None:
    assert found["evenings"] == [
        f"2026-02-{day}T19:00:00+09:00" for day in ("12", "13", "19", "20", "23", "24")
    ]  # 16–18 February 2026 were holidays


def test_mornings_skip_them_too(found: dict[str, Any]) -> None:
    assert found["mornings"] == ["2026-02-19T07:30:00+09:00", "2026-02-20T07:30:00+09:00"]


def test_the_schedule_goes_on_after_the_list_of_holidays_ends(found: dict[str, Any]) -> None:
    assert found["unknown_year"] == [f"2031-01-{day}T19:00:00+09:00" for day in ("02", "03", "06")]


@pytest.mark.parametrize(
    ("run", "day"),
    [
        ("asked for", "2026-07-01"),
        ("scheduled", "2026-07-08"),
        ("by hand in the afternoon", "2026-07-08"),
        ("by hand in the evening", "2026-07-09"),
        ("by hand on a Sunday", "2026-07-10"),
        ("by hand on a holiday", "2026-02-13"),
    ],
)
def test_the_day_that_a_run_collects(found: dict[str, Any], run: str, day: str) -> None:
    assert found["days"][run] == day
