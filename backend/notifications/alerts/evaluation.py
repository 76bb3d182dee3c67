"""Evaluating the watches of a date in the transaction that loads it, and forgetting alerts of long ago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from psycopg import Cursor

from backend.notifications.alerts.rules import ALERT, MOVED

KEPT_DAYS = 400


def watched_etfs(cursor: Cursor) -> tuple[set[str], datetime]:
    """Return the codes of the ETFs that somebody watches, and the database's time: only watches before it count."""
    cursor.execute("SELECT clock_timestamp(), array(SELECT DISTINCT etf FROM watchlist)")
    began, etfs = cursor.fetchone()
    return set(etfs), began


def evaluate(
    cursor: Cursor,
    day: date,
    *,
    baskets: set[str],
    prices: set[str],
    moved: bytes,
    trading_days: Iterable[date] | None,
    began: datetime,
    sample: bool,
) -> int:
    """Write the alerts of a date, and their posts for Discord, and return how many alerts there are.

    baskets: watched ETFs whose basket of the date is new and their newest. prices: watched ETFs whose price of the date
    is new and their newest. moved: what moved in the former, in CSV, with the columns of `rules.MOVED`. trading_days: the days of trade up to the date
    since the oldest basket that is compared, None where the calendar does not know them. Called after the date is
    written; from here to the commit the transaction holds the lock that keeps ids in the order of commits.
    """
    etfs = sorted(baskets | prices)
    if not etfs:
        return 0
    with cursor.copy("COPY watched_feed (etf, has_basket, has_price) FROM STDIN") as copy:
        for etf in etfs:
            copy.write_row((etf, etf in baskets, etf in prices))
    with cursor.copy(f"COPY moved_feed ({', '.join(MOVED)}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(moved)
    cursor.execute("ANALYZE watched_feed, moved_feed")
    cursor.execute(
        ALERT,
        {
            "day": day,
            "began": began,
            "sample": sample,
            "trading_days": None if trading_days is None else list(trading_days),
        },
    )
    (count,) = cursor.fetchone()
    cursor.execute("DELETE FROM watched_feed")
    cursor.execute("DELETE FROM moved_feed")
    return count


def forget(cursor: Cursor) -> int:
    """Delete alerts older than `KEPT_DAYS`, as the marks of who read them are, and return how many."""
    cursor.execute(
        "DELETE FROM notifications WHERE kind = 'alert' AND created_at < now() - %s * interval '1 day'", (KEPT_DAYS,)
    )
    return cursor.rowcount
