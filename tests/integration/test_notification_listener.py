"""The listening connection: hears of each event once and within milliseconds, and of what it missed when it was away."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql
from psycopg.types.json import Jsonb
from structlog.testing import capture_logs

from backend.app import create_app
from backend.db.engine import Database
from backend.db.migrate import grant_on_database
from backend.db.private_server import PrivateServer
from backend.notifications.event import Event
from backend.notifications.listener import Listener
from backend.notifications.store import Notifications
from backend.settings import Settings
from tests.conftest import TEMPLATE
from tests.unreliable_server import UnreliableServer


class Heard:
    """What a listener has told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.calls = 0
        self.begins: list[int] = []
        self.takes_s = 0.0

    def hear(self, events: list[Event]) -> None:
        time.sleep(self.takes_s)
        self.calls += 1
        self.events += events

    @property
    def ids(self) -> list[int]:
        return [event.id for event in self.events]

    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"heard {self.ids[-20:]}, begun {self.begins}"
            await asyncio.sleep(0.002)


@asynccontextmanager
async def listening(database: Database, **options: float):
    """Listen while the block lasts; gives what is heard and the listener."""
    heard, store = Heard(), Notifications(database)
    listener = Listener(database, store, heard.hear, on_begin=heard.begins.append, **options)
    listener.start()
    try:
        assert await listener.begun(20)
        yield heard, listener
    finally:
        started = time.monotonic()
        await listener.stop()
        store.close()
        assert time.monotonic() - started < 1.5


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run in an event loop of its own: other tests leave one behind in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def add(connection: psycopg.Connection, subject: object) -> int | None:
    return connection.execute(
        "SELECT add_notification('collection', NULL, '2026-07-08', %s, %s)", (str(subject), Jsonb({}))
    ).fetchone()[0]


@pytest.fixture
def writing(empty_database: Database) -> Iterator[psycopg.Connection]:
    with empty_database.connect("atlas_app", autocommit=True) as connection:
        yield connection


@pytest.fixture
def unreliable(
    empty_database: Database, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[UnreliableServer, Database]]:
    """A way to the database that can fail, and the database over that way."""
    parts = urlsplit(empty_database.url())
    query = parse_qs(parts.query)
    folder = tmp_path_factory.mktemp("way")
    with UnreliableServer(folder, Path(query["host"][0]), int(query["port"][0])) as way:
        database = Database(f"postgresql://postgres@{parts.path}?host={folder}&port={query['port'][0]}", settings)
        yield way, database
        database.dispose()


def test_a_commit_is_heard_of_within_milliseconds(empty_database: Database, writing: psycopg.Connection) -> None:
    async def work() -> None:
        async with listening(empty_database) as (heard, _):
            took = []
            for number in range(100):
                add(writing, number)
                committed = time.perf_counter()
                await heard.until(lambda wanted=number: len(heard.events) > wanted)
                took.append(time.perf_counter() - committed)
        assert heard.ids == list(range(1, 101))
        assert statistics.median(took) < 0.05

    run(work())


def test_what_was_there_before_is_known_and_not_told(empty_database: Database, writing: psycopg.Connection) -> None:
    for number in range(3):
        add(writing, number)

    async def work() -> None:
        async with listening(empty_database) as (heard, listener):
            add(writing, "later")
            await heard.until(lambda: heard.ids == [4])
            assert heard.begins == [3]
            assert [event.id for event in await listener._store.since(0, None, 10)] == [1, 2, 3, 4]

    run(work())


def test_what_is_rolled_back_or_there_already_is_never_told(
    empty_database: Database, writing: psycopg.Connection
) -> None:
    async def work() -> None:
        async with listening(empty_database) as (heard, _):
            with writing.transaction(force_rollback=True):
                add(writing, "taken back")
            add(writing, "kept")
            assert add(writing, "kept") is None
            last = add(writing, "last")
            await heard.until(lambda: bool(heard.ids) and heard.ids[-1] == last)
            assert [event.subject for event in heard.events] == ["kept", "last"]

    run(work())


def test_ids_are_told_in_the_order_of_commits(empty_database: Database) -> None:
    """The second transaction waits for the first, so that no smaller id appears after a larger one."""

    async def work() -> None:
        async with listening(empty_database) as (heard, _):
            with (
                empty_database.connect("atlas_app") as first,
                empty_database.connect("atlas_app") as second,
                ThreadPoolExecutor(1) as thread,
            ):
                add(first, "first")
                later = thread.submit(lambda: (add(second, "second"), second.commit()))
                await asyncio.sleep(0.1)
                assert not later.done()
                first.commit()
                later.result(10)
            await heard.until(lambda: len(heard.ids) == 2)
            assert [event.subject for event in heard.events] == ["first", "second"]

    run(work())


def test_the_clock_of_the_database_does_not_matter(empty_database: Database) -> None:
    async def work() -> None:
        async with listening(empty_database) as (heard, _):
            with empty_database.connect(autocommit=True) as administrator:
                for hours in (48, -48, 0, 24 * 365 * 20, -24 * 365 * 20):
                    administrator.execute(
                        "INSERT INTO notifications (kind, date, subject, content, created_at) "
                        "VALUES ('collection', '2026-07-08', %s, '{}', now() + make_interval(hours => %s))",
                        (str(hours), hours),
                    )
                    administrator.execute("NOTIFY notifications")
            await heard.until(lambda: len(heard.ids) == 5)
            assert heard.ids == [1, 2, 3, 4, 5]

    run(work())


def test_a_burst_is_told_in_few_calls(empty_database: Database, writing: psycopg.Connection) -> None:
    async def work() -> None:
        async with listening(empty_database) as (heard, _):
            heard.takes_s = 0.1
            await asyncio.to_thread(lambda: [add(writing, number) for number in range(300)])
            await heard.until(lambda: len(heard.events) == 300)
            assert heard.ids == list(range(1, 301))
            assert heard.calls < 60

    run(work())


def test_what_nobody_announces_is_found_at_the_next_heartbeat(
    empty_database: Database, writing: psycopg.Connection
) -> None:
    async def work() -> None:
        async with listening(empty_database, heartbeat_s=0.2) as (heard, listener):
            writing.execute("INSERT INTO notifications (kind, date, content) VALUES ('collection', '2026-07-08', '{}')")
            await heard.until(lambda: heard.ids == [1])
            assert listener.lag_s < 5

    run(work())


def test_a_server_that_falls_silent_is_found_and_left(
    empty_database: Database, writing: psycopg.Connection, unreliable: tuple[UnreliableServer, Database]
) -> None:
    way, database = unreliable

    async def work() -> None:
        async with listening(database, heartbeat_s=0.2, deadline_s=0.2) as (heard, listener):
            add(writing, "before")
            await heard.until(lambda: heard.ids == [1])
            way.silence()
            add(writing, "meanwhile")
            await heard.until(lambda: not listener.connected)
            assert heard.ids == [1]
            way.allow()
            await heard.until(lambda: heard.ids == [1, 2])

    run(work())


def test_an_outage_is_logged_once_however_many_tries_it_takes(
    empty_database: Database, writing: psycopg.Connection, unreliable: tuple[UnreliableServer, Database]
) -> None:
    way, database = unreliable

    async def work() -> None:
        async with listening(database) as (heard, listener):
            with capture_logs() as logs:
                way.refuse()
                await heard.until(lambda: not listener.connected)
                add(writing, "meanwhile")
                await asyncio.sleep(1)
                assert listener._tries > 2
                way.allow()
                await heard.until(lambda: heard.ids == [1])
            assert [entry["log_level"] for entry in logs] == ["warning", "info"]

    run(work())


def test_a_database_that_is_made_anew_starts_over(
    empty_database: Database, server: PrivateServer, writing: psycopg.Connection
) -> None:
    for number in range(5):
        add(writing, number)
    writing.close()
    name = sql.Identifier(urlsplit(empty_database.url()).path.lstrip("/"))

    async def work() -> None:
        async with listening(empty_database) as (heard, listener):
            with psycopg.connect(server.url("postgres"), autocommit=True) as administrator:
                administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
                await heard.until(lambda: not listener.connected)
                administrator.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(TEMPLATE)))
            with empty_database.connect(autocommit=True) as connection:
                grant_on_database(connection)
            await heard.until(lambda: heard.begins == [5, 0])
            with empty_database.connect("atlas_app", autocommit=True) as connection:
                assert add(connection, "anew") == 1
            await heard.until(lambda: heard.ids == [1])

    run(work())


def test_ids_that_were_given_out_again_are_noticed(empty_database: Database, writing: psycopg.Connection) -> None:
    for number in range(5):
        add(writing, number)

    async def work() -> None:
        async with listening(empty_database) as (heard, listener):
            with empty_database.connect() as administrator:
                administrator.execute("TRUNCATE notifications RESTART IDENTITY")
                for number in range(7):
                    add(administrator, f"anew {number}")
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'etf-atlas-listener' AND datname = current_database()"
                )
                await heard.until(lambda: not listener.connected)
                administrator.commit()
            await heard.until(lambda: heard.begins == [5, 7])
            assert add(writing, "later") == 8
            await heard.until(lambda: heard.ids == [8])

    run(work())


def test_removed_rows_are_no_new_beginning_for_anybody(empty_database: Database, writing: psycopg.Connection) -> None:
    for number in range(5):
        add(writing, number)

    async def work() -> None:
        async with listening(empty_database) as (heard, listener):
            writing.execute("DELETE FROM notifications WHERE id IN (2, 5)")
            listener_ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            with empty_database.connect(autocommit=True) as administrator:
                administrator.execute(f"{listener_ends} AND application_name = 'etf-atlas-listener'")
            await heard.until(lambda: len(heard.begins) == 2)
            add(writing, "later")
            await heard.until(lambda: heard.ids == [6])
            assert [event.id for event in await listener._store.since(0, None, 10)] == [1, 3, 4, 6]

    run(work())


def test_a_reader_of_events_that_fails_does_not_end_the_listening(
    empty_database: Database, writing: psycopg.Connection
) -> None:
    async def work() -> None:
        async with listening(empty_database) as (heard, listener):
            listener._on_events = lambda _events: 1 / 0
            with capture_logs() as logs:
                add(writing, "fails")
                await heard.until(lambda: bool(logs))
            assert logs[0]["event"] == "notification_listener_failed"
            listener._on_events = heard.hear
            add(writing, "told")
            await heard.until(lambda: heard.ids == [2])

    run(work())


def test_listening_begins_as_soon_as_the_database_is_there(
    empty_database: Database, writing: psycopg.Connection, unreliable: tuple[UnreliableServer, Database]
) -> None:
    way, database = unreliable
    way.refuse()

    async def work() -> None:
        heard, store = Heard(), Notifications(database)
        listener = Listener(database, store, heard.hear, on_begin=heard.begins.append)
        listener.start()
        assert not await listener.begun(0.3)
        waiting = asyncio.ensure_future(store.since(0, None, 10))
        add(writing, "before")
        way.allow()
        assert await listener.begun(20)
        assert [event.id for event in await waiting] == [1]
        add(writing, "after")
        await heard.until(lambda: heard.ids == [2])
        await listener.stop()

    run(work())


def test_the_application_serves_before_its_database_is_there(
    empty_database: Database, settings: Settings, unreliable: tuple[UnreliableServer, Database]
) -> None:
    way, database = unreliable
    way.refuse()
    application = create_app(database, settings.model_copy(update={"background": False}))

    def work() -> None:
        with TestClient(application) as client:
            assert client.get("/api/health").status_code == 200
            assert client.get("/api/notifications").status_code == 503
            way.allow()
            answered = lambda: client.get("/api/notifications").status_code == 200  # noqa: E731
            deadline = time.monotonic() + 20
            while not (answered() and "listener_connected 1.0" in client.get("/metrics").text):
                assert time.monotonic() < deadline
                time.sleep(0.05)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()
