"""What belongs to a person is shown to that person alone, by the database and by the stream of what happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from backend.accounts.signed_in import COOKIE
from backend.app import create_app
from backend.collection.load import load_sample
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import new_person
from tests.private_marks import DAY, MarkedPerson, kept_for, plant
from tests.scripted_chat import serving

STREAM = "/api/notifications/stream"
# Columns that say whose a row is.
OWNERS = ("person", "destination", "reader", "visitor", "asker")


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    database = new_database()
    load_sample(database)
    return database


@pytest.fixture(scope="module")
def client(database: Database, settings: Settings) -> Iterator[httpx.Client]:
    quiet = settings.model_copy(update={"background": False})
    with serving(create_app(database, quiet)) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def one(database: Database, client: httpx.Client, settings: Settings) -> MarkedPerson:
    """Somebody for whom everything is kept that is kept for people."""
    return plant(database, client, settings)


@pytest.fixture
def other(database: Database) -> Iterator[psycopg.Connection]:
    """A connection on which the database shows the rows of somebody else."""
    with database.connect("atlas_app") as connection:
        become(connection, str(new_person(database).id))
        yield connection


def become(connection: psycopg.Connection, person: str) -> None:
    """Make the database show a person's rows on a connection; '' is nobody."""
    connection.execute("RESET ROLE")
    connection.execute("SELECT set_config('atlas.person', %s, false)", [person])
    connection.execute("SET ROLE atlas_person")
    connection.commit()


def readable(database: Database) -> dict[str, list[str]]:
    """Return every table and view outside the catalog with the columns that atlas_person may read."""
    with database.connect() as owner:
        rows = owner.execute(
            """
            SELECT a.attrelid::regclass::text, array_agg(quote_ident(a.attname) ORDER BY a.attnum)
            FROM pg_attribute AS a
            JOIN pg_class AS c ON c.oid = a.attrelid
            WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
              AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
              AND NOT c.relnamespace::regnamespace::text LIKE 'pg_t%'
              AND a.attnum > 0
              AND NOT a.attisdropped
              AND has_schema_privilege('atlas_person', c.relnamespace, 'USAGE')
              AND has_column_privilege('atlas_person', c.oid, a.attnum, 'SELECT')
            GROUP BY 1
            """
        ).fetchall()
    return dict(rows)


def marked(connection: psycopg.Connection, tables: dict[str, list[str]], person: MarkedPerson) -> set[str]:
    """Return the tables in which a connection sees a mark of a person."""
    seen = set()
    for table, columns in tables.items():
        names = sql.SQL(", ").join(map(sql.SQL, columns))
        query = sql.SQL("SELECT to_jsonb(t)::text FROM (SELECT {} FROM {}) AS t").format(names, sql.SQL(table))
        if any(person.seen_in(row) for (row,) in connection.execute(query)):
            seen.add(table)
    return seen


def test_something_is_planted_wherever_something_is_kept_for_people(database: Database, one: MarkedPerson) -> None:
    with database.connect() as owner:
        tables = owner.execute(
            """
            SELECT DISTINCT attrelid::regclass::text
            FROM pg_attribute
            JOIN pg_class ON pg_class.oid = attrelid
            WHERE relkind = 'r'
              AND relnamespace = 'public'::regnamespace
              AND attname = ANY (%s)
            """,
            [list(OWNERS)],
        ).fetchall()
    # In the audit log administrators are named.
    empty = {table for (table,) in tables} - set(kept_for(database, one)) - {"audit_log"}
    assert empty == set(), "plant something there in tests/private_marks.py"


def test_the_database_shows_one_person_nothing_of_another(
    database: Database, one: MarkedPerson, other: psycopg.Connection
) -> None:
    tables = readable(database)
    assert {"users", "watchlist", "notifications", "login_sessions", "api_tokens"} <= set(tables)
    assert marked(other, tables, one) == set()
    # The same look does find them where they are one's own.
    become(other, one.ids["account"])
    assert {"users", "watchlist", "notifications", "login_sessions", "api_tokens", "discord_posts"} <= marked(
        other, tables, one
    )


def test_the_database_shows_nobody_where_no_person_is_said(
    database: Database, one: MarkedPerson, other: psycopg.Connection
) -> None:
    become(other, "")
    assert marked(other, readable(database), one) == set()


def test_one_person_cannot_change_or_remove_what_is_anothers(
    database: Database, one: MarkedPerson, other: psycopg.Connection
) -> None:
    kept = kept_for(database, one)
    for table, columns in readable(database).items():
        statements = [f"DELETE FROM {table}", *(f"UPDATE {table} SET {column} = {column}" for column in columns)]
        for statement in statements:
            try:
                with other.transaction():
                    other.execute(statement)
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways):
                continue
    other.commit()
    assert kept_for(database, one) == kept


@pytest.mark.parametrize("table", ["watchlist", "delivery_preferences", "discord_webhooks", "api_tokens"])
def test_one_person_cannot_put_something_into_anothers_name(
    one: MarkedPerson, other: psycopg.Connection, table: str
) -> None:
    values = {
        "watchlist": {"etf": "102110"},
        "delivery_preferences": {},
        "discord_webhooks": {"sealed_address": b"x", "address_hash": "x", "address_hint": "x"},
        "api_tokens": {"name": "x", "code_hash": b"x"},
    }[table]
    names = ["person", *values]
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        other.execute(statement, [one.ids["account"], *values.values()])


def tell(database: Database, person: str | None, mark: str) -> None:
    with database.connect("atlas_loader", autocommit=True) as connection:
        connection.execute(
            "SELECT add_notification(%s, %s, %s, %s, %s)",
            ["alert" if person else "collection", person, DAY, uuid4().hex, Jsonb({"label": mark})],
        )


def test_the_stream_tells_personal_events_to_their_person_alone(
    database: Database, client: httpx.Client, settings: Settings, one: MarkedPerson
) -> None:
    owner = one.somebody
    callers = {
        "nobody": {},
        "expired session": {"Cookie": f"{COOKIE}={one.expired}"},
        "other": {"Cookie": f"{COOKIE}={new_person(database).code}"},
        "administrator": {"Cookie": f"{COOKIE}={new_person(database, role='admin').code}"},
        "owner's token": owner.headers,
        "owner": {"Cookie": f"{COOKIE}={owner.code}"},
    }
    for token in (one.revoked, admin_token(settings)):
        refused = client.get(STREAM, headers={"Authorization": f"Bearer {token}"})
        assert (refused.status_code, one.seen_in(refused.text)) == (401, set())
    person = one.ids["account"]
    missed, live = uuid4().hex, uuid4().hex
    after_missed, after_live = uuid4().hex, uuid4().hex
    tell(database, person, missed)
    tell(database, None, after_missed)
    replayed = threading.Barrier(len(callers) + 1)

    def listen(headers: dict[str, str]) -> str:
        told = ""
        with httpx.stream(
            "GET", f"{client.base_url}{STREAM}", params={"last_event_id": 0}, headers=headers, timeout=20
        ) as stream:
            for chunk in stream.iter_text():
                first = after_missed not in told
                told += chunk
                if first and after_missed in told:
                    replayed.wait(20)
                if after_live in told:
                    break
        return told

    with ThreadPoolExecutor(len(callers)) as threads:
        listening = {caller: threads.submit(listen, headers) for caller, headers in callers.items()}
        replayed.wait(20)
        tell(database, person, live)
        tell(database, None, after_live)
        told = {caller: future.result(30) for caller, future in listening.items()}
    for caller, text in told.items():
        seen = {mark for mark in (missed, live, one.marks["alert"]) if mark in text}
        assert seen == ({missed, live, one.marks["alert"]} if caller.startswith("owner") else set()), caller
