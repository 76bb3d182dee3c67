"""Baskets that did not come, dates that were not collected, and filling the gaps later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import structlog
from sqlalchemy import text

from backend.collection import calendar
from backend.collection.calendar import UnknownYear
from backend.collection.daily.failures import NotPublished, TooFewAnswers
from backend.collection.daily.planning import SOURCE, Progress, market_of, plan
from backend.collection.daily.running import fetch_baskets, load_day
from backend.collection.daily.staging import PRICES, Staging
from backend.collection.sources import krx
from backend.db.engine import Database
from backend.errors import LoadError

log = structlog.get_logger()


@dataclass(frozen=True)
class Gap:
    """An ETF without a usable basket on a date, and why."""

    date: date
    code: str
    name: str | None
    reason: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the gap as JSON values."""
        return asdict(self) | {"date": self.date.isoformat()}


@dataclass(frozen=True)
class Uncollected:
    """A trading day that is not loaded: `failed` or `rejected` with the reason, or `absent`."""

    date: date
    status: str
    reason: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the date as JSON values."""
        return asdict(self) | {"date": self.date.isoformat()}


@dataclass
class Filled:
    """What asking again for gaps brought: the gaps that are filled, and those that remain."""

    filled: list[Gap]
    remaining: list[Gap]

    def as_dict(self) -> dict[str, Any]:
        """Return both lists as JSON values."""
        return {
            "filled": [gap.as_dict() for gap in self.filled],
            "remaining": [gap.as_dict() for gap in self.remaining],
        }

    def __str__(self) -> str:
        return f"{len(self.filled)} gaps filled, {len(self.remaining)} remain"


def find(database: Database, first: date | None = None, last: date | None = None) -> list[Gap]:
    """Return the gaps between two dates, both included, the newest date first."""
    with database.engine("atlas_loader").connect() as connection:
        found = connection.execute(
            text(
                """
                SELECT s.date, s.code, e.name, s.reason
                FROM etf_snapshots AS s
                LEFT JOIN etfs AS e ON e.code = s.code
                WHERE s.status = 'gap'
                  AND (CAST(:first AS date) IS NULL OR s.date >= :first)
                  AND (CAST(:last AS date) IS NULL OR s.date <= :last)
                ORDER BY s.date DESC, s.code
                """
            ),
            {"first": first, "last": last},
        )
        return [Gap(*row) for row in found]


def uncollected(database: Database, first: date | None = None, last: date | None = None) -> list[Uncollected]:
    """Return the trading days without a loaded market since the first that was collected, the newest first."""
    with database.engine("atlas_loader").connect() as connection:
        runs = connection.execute(
            text("SELECT date, source, status, reason FROM collection_runs WHERE source <> 'sample' ORDER BY date")
        ).all()
    begun = min((run.date for run in runs if run.source == SOURCE), default=None)
    if begun is None:
        return []
    settled = {run.date for run in runs if run.status in ("loaded", "holiday")}
    others = {run.date: run for run in runs if run.date not in settled}
    known, _ = calendar.years()
    days = calendar.trading_days(max(begun, first or begun, date(known, 1, 1)), last or calendar.newest_final_day())
    return [
        Uncollected(day, others[day].status, others[day].reason) if day in others else Uncollected(day, "absent", None)
        for day in reversed(days)
        if day not in settled
    ]


def fill(database: Database, source: krx.Krx, gaps: Sequence[Gap], *, progress: Progress | None = None) -> Filled:
    """Fetch the baskets of gaps again and load those that came; nobody is told of a date twice.

    A date whose answers cannot be used keeps its gaps. Raises what concerns every date: KrxRefused, KrxBudgetSpent,
    Unavailable; the dates that were filled before stay filled.
    """
    by_date: dict[date, list[str]] = defaultdict(list)
    for gap in gaps:
        by_date[gap.date].append(gap.code)
    for day, codes in sorted(by_date.items()):
        try:
            _fill_date(database, source, day, codes, progress)
        except (TooFewAnswers, NotPublished, LoadError, UnknownYear) as error:
            log.warning("gaps_not_filled", date=day.isoformat(), reason=error.message)
    open_now = {(gap.date, gap.code) for gap in find(database)}
    return Filled(
        [gap for gap in gaps if (gap.date, gap.code) not in open_now],
        [gap for gap in gaps if (gap.date, gap.code) in open_now],
    )


def _fill_date(database: Database, source: krx.Krx, day: date, codes: Sequence[str], progress: Progress | None) -> None:
    planned = plan(database, source, day, progress=progress)
    wanted = [code for code in codes if code in planned.etfs]
    if not wanted:
        return
    staged = Staging(database, SOURCE, day)
    without_prices = {code for code, _ in krx.feed(day, *market_of(staged), {}, {}).missing}
    if not without_prices.isdisjoint(wanted):
        staged.forget([PRICES])
        if plan(database, source, day, progress=progress).closed:
            return
    fetched = fetch_baskets(database, source, planned, wanted, again=True, progress=progress)
    if fetched.fetched:
        load_day(database, day, wanted, progress=progress)
