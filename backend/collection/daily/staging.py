"""What a source answered, kept until it is loaded, so that a collection that was killed goes on where it stopped.

An answer is `fetched` with its rows, or `missing` (the source has none) or `failed`, both with a reason. What was
fetched is not fetched again, and nothing that fails later takes its place.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import text

from backend.db.engine import Database

Rows = list[dict[str, Any]]

# Subjects beside the codes of ETFs.
LISTING, PRICES = "listing", "prices"
KEPT_DAYS = 30
# Any fixed number: the first half of the advisory locks of this table.
FETCH_LOCK = 0x45_54_46


@dataclass(frozen=True)
class Answer:
    """How far the fetching of one subject got; `attempts` counts the tries."""

    status: str
    reason: str | None
    attempts: int


class Staging:
    """The answers of one source on one date."""

    def __init__(self, database: Database, source: str, day: date) -> None:
        self._engine = database.engine("atlas_loader")
        self.source, self.day = source, day

    def answers(self, subjects: Sequence[str] | None = None) -> dict[str, Answer]:
        """Return what is known of the subjects asked for, by default of all."""
        with self._engine.begin() as connection:
            found = connection.execute(
                text(
                    """
                    SELECT subject, status, reason, attempts
                    FROM source_answers
                    WHERE source = :source
                      AND date = :day
                      AND (CAST(:subjects AS text[]) IS NULL OR subject = ANY(:subjects))
                    """
                ),
                self._key | {"subjects": list(subjects) if subjects is not None else None},
            )
            return {subject: Answer(*values) for subject, *values in found}

    def has(self, subject: str) -> bool:
        """Return whether a subject was fetched."""
        answer = self.answers([subject]).get(subject)
        return answer is not None and answer.status == "fetched"

    def many(self, subjects: Sequence[str]) -> dict[str, Rows]:
        """Return the rows of those subjects that were fetched."""
        with self._engine.begin() as connection:
            found = connection.execute(
                text(
                    """
                    SELECT subject, rows::text
                    FROM source_answers
                    WHERE source = :source
                      AND date = :day
                      AND status = 'fetched'
                      AND subject = ANY(:subjects)
                    """
                ),
                self._key | {"subjects": list(subjects)},
            )
            return {subject: orjson.loads(rows) for subject, rows in found}

    def put(self, subject: str, rows: Rows) -> None:
        """Keep an answer."""
        self._write(subject, "fetched", None, rows)

    def put_absent(self, subject: str, status: str, reason: str) -> None:
        """Note that an answer is `missing` or `failed`, unless there is one."""
        self._write(subject, status, reason, None)

    def forget(self, subjects: Sequence[str] | None = None) -> None:
        """Drop the answers to some subjects, by default every answer of the date."""
        with self._engine.begin() as connection:
            connection.execute(
                text(
                    """
                    DELETE FROM source_answers
                    WHERE source = :source
                      AND date = :day
                      AND (CAST(:subjects AS text[]) IS NULL OR subject = ANY(:subjects))
                    """
                ),
                self._key | {"subjects": list(subjects) if subjects is not None else None},
            )

    def _write(self, subject: str, status: str, reason: str | None, rows: Rows | None) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                text(
                    """
                    INSERT INTO source_answers AS a (source, date, subject, status, reason, rows)
                    VALUES (:source, :day, :subject, :status, :reason, :rows)
                    ON CONFLICT (source, date, subject) DO UPDATE
                    SET status = excluded.status, reason = excluded.reason, rows = excluded.rows,
                        attempts = a.attempts + 1, fetched_at = excluded.fetched_at
                    WHERE a.status <> 'fetched' OR excluded.status = 'fetched'
                    """
                ),
                self._key
                | {
                    "subject": subject,
                    "status": status,
                    "reason": reason,
                    "rows": Jsonb(rows, dumps=orjson.dumps) if rows is not None else None,
                },
            )

    @contextmanager
    def fetching(self) -> Iterator[Claims]:
        """Open the claims of one process on what it fetches: one connection, whose end gives them all back."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            driver = connection.connection.driver_connection
            try:
                yield Claims(driver, f"{self.source} {self.day}")
            finally:
                if driver.closed:
                    connection.invalidate()
                else:
                    driver.execute("SELECT pg_advisory_unlock_all()")

    @property
    def _key(self) -> dict[str, object]:
        return {"source": self.source, "day": self.day}


class Claims:
    """Which subjects this process fetches right now: nothing is fetched by two at once. Safe for threads.

    A process takes a claim without waiting, or waits while it has none, so none can wait for each other.
    """

    def __init__(self, connection: psycopg.Connection, name: str) -> None:
        self._connection, self._name, self._lock = connection, name, threading.Lock()

    def take(self, subject: str) -> bool:
        """Claim a subject; False where another process fetches it."""
        return bool(self._call("SELECT pg_try_advisory_lock(%s, hashtext(%s))", subject))

    def wait(self, subject: str) -> None:
        """Claim a subject as soon as no other process fetches it."""
        self._call("SELECT pg_advisory_lock(%s, hashtext(%s))", subject)

    def give_back(self, subject: str) -> None:
        """Give a claim back."""
        self._call("SELECT pg_advisory_unlock(%s, hashtext(%s))", subject)

    def _call(self, query: str, subject: str) -> Any:
        with self._lock:
            return self._connection.execute(query, (FETCH_LOCK, f"{self._name} {subject}")).fetchone()[0]


def prune(database: Database) -> int:
    """Drop the answers fetched more than KEPT_DAYS ago, and return how many those were."""
    with database.engine("atlas_loader").begin() as connection:
        return connection.execute(
            text("DELETE FROM source_answers WHERE fetched_at < now() - :days * interval '1 day'"), {"days": KEPT_DAYS}
        ).rowcount
