"""What the tests of the collection share: a source on a stub, and what the database holds of a date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import pytest

from backend.collection import calendar
from backend.collection.calendar import SEOUL
from backend.collection.sources.krx import Budget, Krx, Patience
from backend.db.engine import Database
from tests.krx_markets import invented
from tests.stub_krx import StubKrx

DAY1, DAY2, DAY3 = date(2026, 7, 7), date(2026, 7, 8), date(2026, 7, 9)
ETFS = 12
# Failures in passing are not what these tests are about: they should pass quickly.
HASTE = Patience(attempts=2, wait_initial_s=0.01, wait_max_s=0.02)


def stub_of(*days: date, etfs: int = ETFS, **how: Any) -> StubKrx:
    """Return a running stub of an invented market on some days."""
    return StubKrx(invented(days or (DAY1, DAY2, DAY3), etfs), **how)


@contextmanager
def source_of(
    database: Database,
    stub: StubKrx,
    *,
    daily_calls: int = 10_000,
    clock: Callable[[], datetime] = lambda: datetime.now(SEOUL),
    patience: Patience = HASTE,
    **settings: Any,
) -> Iterator[Krx]:
    """Open KRX as the stub plays it."""
    chosen = database.settings.model_copy(update=_secrets(database, stub.settings() | settings))
    budget = Budget(database, daily_calls=daily_calls, calls_per_s=1_000, clock=clock)
    with Krx(chosen, budget, patience=patience) as source:
        yield source


def _secrets(database: Database, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values as the settings hold them."""
    return type(database.settings)(**values).model_dump(include=set(values))


def run_of(database: Database, day: date) -> dict[str, Any] | None:
    """Return what `collection_runs` says of a date."""
    with database.connect() as connection:
        row = connection.execute(
            """
            SELECT status, reason, etfs, holdings, prices, gaps, notified_at IS NOT NULL AS notified
            FROM collection_runs
            WHERE source = 'krx' AND date = %s
            """,
            (day,),
        )
        values = row.fetchone()
        return dict(zip([column.name for column in row.description], values, strict=True)) if values else None


def told(database: Database, kind: str = "collection") -> list[tuple[str, str]]:
    """Return every notification and Discord post of a kind: where, and for which date."""
    with database.connect() as connection:
        found = connection.execute(
            """
            SELECT 'page' AS place, date::text
            FROM notifications
            WHERE kind = %(kind)s
            UNION ALL
            SELECT 'discord', content ->> 'date'
            FROM discord_posts
            WHERE kind = %(kind)s
            ORDER BY place DESC, date
            """,
            {"kind": kind},
        )
        return found.fetchall()


def gaps_of(database: Database, day: date) -> dict[str, str]:
    """Return the reason of each gap of a date by ETF."""
    with database.connect() as connection:
        found = connection.execute(
            "SELECT code, reason FROM etf_snapshots WHERE status = 'gap' AND date = %s ORDER BY code", (day,)
        )
        return dict(found.fetchall())


def staged(database: Database, day: date) -> dict[str, str]:
    """Return the status of each staged basket of a date by ETF."""
    with database.connect() as connection:
        found = connection.execute(
            "SELECT subject, status FROM source_answers WHERE date = %s AND subject NOT IN ('listing', 'prices')",
            (day,),
        )
        return dict(found.fetchall())


def at(monkeypatch: pytest.MonkeyPatch, *moment: int) -> None:
    """Make it that moment in Seoul for the calendar."""
    monkeypatch.setattr(calendar, "now", lambda: datetime(*moment, tzinfo=SEOUL))
