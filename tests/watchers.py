"""People who watch ETFs, for tests of alerts: written past the HTTP interface, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from backend.db.engine import Database

KINDS = ("new", "out", "more", "less", "weight", "premium", "fee", "name")


def add_people(database: Database, count: int) -> list[UUID]:
    """Make accounts that nobody signs in to, and return their ids in order."""
    with database.connect("atlas_app") as connection:
        rows = connection.execute(
            """
            INSERT INTO users (email, password_hash)
            SELECT gen_random_uuid() || '@example.com', '!'
            FROM generate_series(1, %s)
            RETURNING id
            """,
            (count,),
        ).fetchall()
        connection.commit()
    return sorted(person for (person,) in rows)


def watch(
    database: Database,
    person: UUID,
    etf: str,
    *,
    kinds: Sequence[str] = KINDS,
    threshold_pp: float = 0.5,
    premium_pct: float = 1,
    discord: bool = True,
    muted: bool = False,
) -> None:
    """Let a person watch an ETF, or change how."""
    add_watches(database, [(person, etf, list(kinds), threshold_pp, premium_pct, discord, muted)])


def add_watches(database: Database, rows: Iterable[Sequence[Any]]) -> None:
    """Write watches: person, ETF, kinds, threshold (%p), premium (%), whether Discord is told, whether it is muted."""
    with database.connect("atlas_app") as connection:
        connection.cursor().executemany(
            """
            INSERT INTO watchlist (person, etf, kinds, threshold_pp, premium_pct, discord, muted)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (person, etf) DO UPDATE
            SET (kinds, threshold_pp, premium_pct, discord, muted) = ROW (
                excluded.kinds, excluded.threshold_pp, excluded.premium_pct, excluded.discord, excluded.muted
            )
            """,
            rows,
        )
        connection.commit()


def give_webhook(database: Database, person: UUID, quiet: tuple[str, str] | None = None) -> None:
    """Give a person a webhook that nobody could open, and hours of quiet in Seoul."""
    with database.connect("atlas_app") as connection:
        connection.execute("INSERT INTO discord_webhooks (person, sealed_address) VALUES (%s, %s)", (person, b"sealed"))
        if quiet:
            connection.execute("INSERT INTO delivery_preferences VALUES (%s, %s, %s)", (person, *quiet))
        connection.commit()


def alerts(database: Database) -> list[tuple[UUID, str, str, dict[str, Any]]]:
    """Return person, ETF, date and content of all alerts, sorted."""
    with database.connect() as connection:
        return connection.execute(
            """
            SELECT person, subject, date::text, content
            FROM notifications
            WHERE kind = 'alert'
            ORDER BY date, subject, person
            """
        ).fetchall()


def posts(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    """Return destination, key and content of what Discord is to be told of alerts, sorted."""
    with database.connect() as connection:
        return connection.execute(
            "SELECT destination, key, content FROM discord_posts WHERE kind = 'alert' ORDER BY key, destination"
        ).fetchall()
