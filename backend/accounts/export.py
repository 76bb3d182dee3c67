"""Everything that is kept about a person, as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO

import orjson
from sqlalchemy import Connection, text

from backend.accounts.person import Person
from backend.accounts.transaction import app_transaction
from backend.db.engine import Database

PIECE = 64 * 1024
IN_MEMORY = 1_000_000
"""Bytes of an object above which it waits on the disk for whoever takes it."""

# Each query gives JSON objects about one person. Left out are only secrets (hashes and sealed addresses) and what repeats the
# person's own id in every row.
TABLES = {
    "users": """
        SELECT to_jsonb(t) - '{password_hash,first_visitor}'::text[]
        FROM users AS t WHERE t.id = :id
    """,
    "login_sessions": """
        SELECT to_jsonb(t) - '{person,code_hash,previous_hash}'::text[]
        FROM login_sessions AS t WHERE t.person = :id ORDER BY t.created_at
    """,
    "api_tokens": """
        SELECT to_jsonb(t) - '{person,code_hash}'::text[]
        FROM api_tokens AS t WHERE t.person = :id ORDER BY t.created_at
    """,
    "watchlist": "SELECT to_jsonb(t) - 'person' FROM watchlist AS t WHERE t.person = :id ORDER BY t.etf",
    "delivery_preferences": "SELECT to_jsonb(t) - 'person' FROM delivery_preferences AS t WHERE t.person = :id",
    "discord_webhooks": "SELECT to_jsonb(t) - '{person,sealed_address,address_hash}'::text[] FROM discord_webhooks AS t WHERE t.person = :id",
    "discord_destinations": """
        SELECT to_jsonb(t) - '{destination,address_hash}'::text[]
        FROM discord_destinations AS t WHERE t.destination = :reader
    """,
    "discord_posts": """
        SELECT to_jsonb(t) - 'destination' FROM discord_posts AS t WHERE t.destination = :reader ORDER BY t.id
    """,
    "notifications": "SELECT to_jsonb(t) - 'person' FROM notifications AS t WHERE t.person = :id ORDER BY t.id",
    "notification_reads": "SELECT to_jsonb(t) - 'reader' FROM notification_reads AS t WHERE t.reader = :reader",
    "conversations": """
        SELECT to_jsonb(t) - 'visitor' FROM conversations AS t WHERE t.visitor = :reader ORDER BY t.created_at
    """,
    "turns": "SELECT to_jsonb(t) - 'visitor' FROM turns AS t WHERE t.visitor = :reader ORDER BY t.id",
    "feedback": """
        SELECT to_jsonb(f) FROM feedback AS f JOIN turns AS t ON t.id = f.turn_id
        WHERE t.visitor = :reader ORDER BY f.turn_id
    """,
    "alert_proposals": """
        SELECT to_jsonb(p) FROM alert_proposals AS p JOIN turns AS t ON t.id = p.turn_id
        WHERE t.visitor = :reader ORDER BY p.turn_id
    """,
    "model_usage": "SELECT to_jsonb(t) - 'asker' FROM model_usage AS t WHERE t.asker = :reader ORDER BY t.day",
    "audit_log": """
        SELECT to_jsonb(t) - 'person' - CASE WHEN t.person = :id THEN '' ELSE 'actor' END
        FROM audit_log AS t WHERE t.person = :id OR t.subject = CAST(:id AS text) ORDER BY t.id
    """,
}
"""The tables with something about people; who did something to an account as its administrator is not told."""


def exported(database: Database, person: Person) -> Iterator[bytes]:
    """Read the object and return its pieces: `exported_at`, then each table with the rows about the person.

    All of it is read, into a file, before the first piece is given: whoever takes them slowly holds no connection.
    """
    kept = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by who takes the last piece, or lets go of them
    try:
        with app_transaction(database) as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            _write(connection, person, kept)
    except BaseException:
        kept.close()
        raise
    kept.seek(0)
    return _pieces(kept)


def _write(connection: Connection, person: Person, file: IO[bytes]) -> None:
    names = {"id": person.id, "reader": person.reader}
    file.write(b'{"exported_at":' + orjson.dumps(datetime.now(UTC)))
    for table, query in TABLES.items():
        file.write(f',"{table}":['.encode())
        rows = connection.execution_options(yield_per=50).execute(text(query), names).scalars()
        for number, row in enumerate(rows):
            file.write((b"," if number else b"") + orjson.dumps(row))
        file.write(b"]")
    file.write(b"}")


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
