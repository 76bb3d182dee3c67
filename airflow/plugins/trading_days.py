"""A schedule on KRX trading days: a cron expression without the days on which KRX is closed."""

from __future__ import annotations

import csv
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.trigger import CronTriggerTimetable

if TYPE_CHECKING:
    from pendulum import DateTime

HOLIDAYS = Path(__file__).resolve().parents[2] / "seeds" / "krx_holidays.csv"
SEOUL = "Asia/Seoul"
# After-hours trading ends at 18:00 and settles the day's figures; an hour later they have been published.
EVENING = "0 19 * * 1-5"


@lru_cache
def _holidays(_modified_ns: int) -> frozenset[date]:
    with HOLIDAYS.open(encoding="utf-8", newline="") as file:
        return frozenset(date.fromisoformat(row["date"]) for row in csv.DictReader(file))


def is_closed(day: date) -> bool:
    """Return whether KRX is known to be closed on a day.

    In a year that the list of holidays does not know, every weekday has a run: its command says that the list ends, and
    that reaches the operator, where a schedule that stops in silence would not.
    """
    return day.weekday() >= 5 or day in _holidays(HOLIDAYS.stat().st_mtime_ns)


class TradingDayTimetable(CronTriggerTimetable):
    """Runs whenever the cron expression says so, in Asia/Seoul, on KRX trading days."""

    def __init__(self, cron: str = EVENING, *, timezone: str = SEOUL, **options: object) -> None:
        super().__init__(cron, timezone=timezone, **options)
        self.description = f"{self.description}, on KRX trading days"

    @property
    def summary(self) -> str:
        """The schedule as the list of DAGs shows it."""
        return f"{self._expression} (KRX)"

    def collected_day(self, moment: datetime) -> date:
        """Return the trading day of the last run at or before a moment: what a run at that moment has to collect."""
        from airflow.sdk.timezone import coerce_datetime

        return self._align_to_prev(coerce_datetime(moment)).in_timezone(self._timezone).date()

    def _get_next(self, current: DateTime) -> DateTime:
        moment = super()._get_next(current)
        while self._is_closed(moment):
            moment = super()._get_next(moment)
        return moment

    def _get_prev(self, current: DateTime) -> DateTime:
        moment = super()._get_prev(current)
        while self._is_closed(moment):
            moment = super()._get_prev(moment)
        return moment

    def _is_closed(self, moment: DateTime) -> bool:
        return is_closed(moment.in_timezone(self._timezone).date())


class TradingDays(AirflowPlugin):
    """Makes the timetable known to Airflow."""

    name = "trading_days"
    timetables = (TradingDayTimetable,)
