"""The record of the collection as an operator looks through it: what came of each date, and which baskets are missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from backend.collection import calendar
from backend.collection.calendar import UnknownYear

DAILY_SOURCE = "krx"
_DATES = text("""
    SELECT DISTINCT date
    FROM collection_runs
    WHERE CAST(:before AS date) IS NULL OR date < :before
    ORDER BY date DESC
    LIMIT :limit
""")
_RUNS = text("""
    SELECT date, source, status, etfs, holdings, prices, trades, gaps, rejected, reason, duration_ms, started_at,
        finished_at, notified_at
    FROM collection_runs
    WHERE date = ANY(:dates)
    ORDER BY date DESC, source
""")
_BEGUN = text("SELECT min(date) FROM collection_runs WHERE source = :source")
_RECORDED = text("SELECT DISTINCT date FROM collection_runs WHERE date BETWEEN :first AND :last AND source <> 'sample'")
_GAPS = """
    FROM etf_snapshots AS s
    LEFT JOIN etfs AS e ON e.code = s.code
    WHERE s.status = 'gap'
      AND (CAST(:first AS date) IS NULL OR s.date >= :first)
      AND (CAST(:last AS date) IS NULL OR s.date <= :last)
"""
_GAP_COUNT = text(f"SELECT count(*) {_GAPS}")
_GAP_PAGE = text(
    f"SELECT s.date, s.code, e.name, s.reason {_GAPS} ORDER BY s.date DESC, s.code LIMIT :limit OFFSET :offset"
)


@dataclass(frozen=True)
class RunPage:
    """The runs of some dates, the newest date first.

    `absent` are the trading days among and after those dates of which there is no record. `next_before` is where older
    dates follow.
    """

    runs: list[dict[str, Any]]
    absent: list[date]
    next_before: date | None


@dataclass(frozen=True)
class GapPage:
    """Some of the ETFs without a basket, the newest date first; `total` counts all of them."""

    gaps: list[dict[str, Any]]
    total: int


def list_runs(connection: Connection, limit: int, before: date | None = None) -> RunPage:
    """Return what came of the newest `limit` dates before one, by every source."""
    dates = list(connection.execute(_DATES, {"before": before, "limit": limit + 1}).scalars())
    shown, more = dates[:limit], len(dates) > limit
    if not shown:
        return RunPage([], [], None)
    runs = [dict(row) for row in connection.execute(_RUNS, {"dates": shown}).mappings()]
    return RunPage(runs, _absent(connection, shown[-1], before), shown[-1] if more else None)


def list_gaps(connection: Connection, first: date | None, last: date | None, limit: int, offset: int) -> GapPage:
    """Return the ETFs without a basket between two dates, both included; None stands for no limit."""
    span = {"first": first, "last": last}
    total = connection.execute(_GAP_COUNT, span).scalar_one()
    found = connection.execute(_GAP_PAGE, {**span, "limit": limit, "offset": offset})
    return GapPage([dict(row) for row in found.mappings()], total)


def _absent(connection: Connection, first: date, before: date | None) -> list[date]:
    """Return the trading days from one to another, the newest first, that nobody has collected since the daily run began.

    Where the calendar knows no days there are none to be missed.
    """
    begun = connection.execute(_BEGUN, {"source": DAILY_SOURCE}).scalar()
    if begun is None:
        return []
    try:
        last = calendar.newest_final_day()
    except UnknownYear:
        last = date(calendar.years()[1], 12, 31)
    first = max(first, begun, date(calendar.years()[0], 1, 1))
    if before is not None:
        last = min(last, before - timedelta(days=1))
    if first > last:
        return []
    recorded = set(connection.execute(_RECORDED, {"first": first, "last": last}).scalars())
    return [day for day in reversed(calendar.trading_days(first, last)) if day not in recorded]
