"""The record of every collected date: one row for each source and date in `collection_runs`.

A date is `loaded`, or `rejected` for its bad rows, or `failed`, or no trading day (`holiday`). What is loaded stays
so: no later rejection, failure or holiday overwrites it, and a load overwrites each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from psycopg import Cursor
from psycopg.types.json import Jsonb

from backend.collection.checks import Issue
from backend.db.engine import Database
from backend.notifications.collected import Counts

LONGEST_REASON = 1_000


def record_loaded(
    cursor: Cursor, source: str, day: date, counts: Counts, added: Counts, content_hash: str, duration_ms: int
) -> None:
    """Record that a date was loaded, in the transaction that loads it.

    `counts` is what was delivered, `added` the part of it that belongs to ETFs without a basket before: a source may
    deliver a date again in part, to fill its gaps, and the row counts all that it brought. The gaps are those that the
    date has then.
    """
    cursor.execute(
        """
        INSERT INTO collection_runs AS r (
            source, date, status, etfs, holdings, prices, trades, gaps, content_hash, started_at, finished_at, duration_ms
        )
        VALUES (
            %(source)s, %(date)s, 'loaded', %(etfs)s, %(holdings)s, %(prices)s, %(trades)s, %(gaps)s, %(hash)s,
            clock_timestamp() - %(duration)s * interval '1 millisecond', clock_timestamp(), %(duration)s
        )
        ON CONFLICT (source, date) DO UPDATE
        SET status = excluded.status, etfs = greatest(r.etfs + %(etfs_added)s, excluded.etfs),
            holdings = greatest(r.holdings + %(holdings_added)s, excluded.holdings),
            prices = greatest(r.prices, excluded.prices), 
            trades = CASE WHEN r.status = 'loaded' THEN r.trades + %(trades_added)s ELSE excluded.trades END,
            gaps = excluded.gaps, rejected = 0, reason = NULL,
            content_hash = excluded.content_hash, started_at = excluded.started_at,
            finished_at = excluded.finished_at, duration_ms = excluded.duration_ms
        """,
        {
            "source": source,
            "date": day,
            "etfs": counts.etfs,
            "holdings": counts.holdings,
            "prices": counts.prices,
            "trades": counts.trades,
            "gaps": counts.gaps,
            "etfs_added": added.etfs,
            "holdings_added": added.holdings,
            "trades_added": added.trades,
            "hash": content_hash,
            "duration": duration_ms,
        },
    )


def record_rejected(cursor: Cursor, source: str, issues: Iterable[Issue]) -> None:
    """Record the dates that bad rows took out, each with the number of its bad rows and the first of them."""
    found: dict[date, list[Issue]] = {}
    for issue in issues:
        for day in issue.dates:
            found.setdefault(day, []).append(issue)
    for day, bad in sorted(found.items()):
        _record(cursor, source, day, "rejected", str(bad[0]), rejected=len({(one.file, one.line) for one in bad}))


def record_failure(database: Database, source: str, day: date, reason: str) -> bool:
    """Record that a date could not be collected, and return whether that stands: a loaded date stays loaded.

    The operator's Discord is told once for each source and date, however often the date fails, unless whoever collects
    tells of it (ATLAS_DISCORD_FAILURES).
    """
    with database.engine("atlas_loader").begin() as connection:
        cursor = connection.connection.driver_connection.cursor()
        recorded = _record(cursor, source, day, "failed", reason)
        if recorded and database.settings.discord_failures:
            cursor.execute(
                """
                INSERT INTO discord_posts (destination, key, kind, content)
                VALUES ('operator', %s, 'collection_failed', %s)
                ON CONFLICT DO NOTHING
                """,
                (
                    f"collection_failed:{source}:{day}",
                    Jsonb({"source": source, "date": day.isoformat(), "reason": reason[:LONGEST_REASON]}),
                ),
            )
    return recorded


def record_holiday(database: Database, source: str, day: date, reason: str | None = None) -> bool:
    """Record that a date was no trading day, and return whether that stands: a loaded date stays loaded."""
    with database.engine("atlas_loader").begin() as connection:
        cursor = connection.connection.driver_connection.cursor()
        return _record(cursor, source, day, "holiday", reason)


def _record(cursor: Cursor, source: str, day: date, status: str, reason: str | None, rejected: int = 0) -> bool:
    cursor.execute(
        """
        INSERT INTO collection_runs AS r (source, date, status, rejected, reason, finished_at)
        VALUES (%s, %s, %s, %s, %s, clock_timestamp())
        ON CONFLICT (source, date) DO UPDATE
        SET status = excluded.status, rejected = excluded.rejected, reason = excluded.reason,
            started_at = excluded.started_at, finished_at = excluded.finished_at
        WHERE r.status <> 'loaded'
        RETURNING id
        """,
        (source, day, status, rejected, reason[:LONGEST_REASON] if reason else None),
    )
    return cursor.fetchone() is not None
