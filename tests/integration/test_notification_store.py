"""What came after an id: from memory where it is new, from the table where it is old, from both without a seam."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import event as sqlalchemy_event

from backend.db.engine import Database
from backend.errors import Unavailable
from backend.notifications import store as store_module
from backend.notifications.event import Event
from backend.notifications.store import CONNECTIONS, Notifications
from backend.settings import Settings

ONE, TWO = UUID(int=1), UUID(int=2)
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run in an event loop of its own: other tests leave one behind in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def fill(database: Database, people: list[UUID | None]) -> list[Event]:
    """Store one event for each person, None for everybody; returns all rows."""
    with database.connect("atlas_app") as connection:
        for number, person in enumerate(people):
            connection.execute(
                "SELECT add_notification('collection', %s, '2026-07-08', %s, %s)", (person, str(number), Jsonb({}))
            )
        rows = connection.execute(
            "SELECT id, kind, date, subject, content, created_at, person FROM notifications ORDER BY id"
        ).fetchall()
    return [Event(*row) for row in rows]


def invented(id: int, person: UUID | None = None) -> Event:
    return Event(id, "collection", date(2026, 7, 8), str(id), {}, datetime.now(UTC), person)


def opened(database: Database, rows: list[Event], kept: int) -> Notifications:
    """Return a store as the listener leaves it after the first reading."""
    store = Notifications(database, kept=kept)
    everybodys = [row for row in rows if row.person is None][-kept:]
    store.begin(everybodys if rows[-1].person is None else [*everybodys, rows[-1]])
    return store


def ids(events: list[Event]) -> list[int]:
    return [event.id for event in events]


@pytest.fixture
def away(settings: Settings) -> Database:
    """A database that does not answer."""
    return Database("postgresql://postgres@/nowhere?host=/nonexistent", settings)


def test_what_is_in_memory_is_told_without_the_database(away: Database) -> None:
    async def work() -> None:
        store = opened(away, [invented(1), invented(2)], kept=10)
        store.known.add([invented(5)])
        assert ids(await store.since(0, None, 10)) == [1, 2, 5]
        assert ids(await store.since(1, None, 10)) == [2, 5]
        assert ids(await store.since(1, None, 1)) == [2]
        assert await store.since(5, None, 10) == []
        assert await store.position(4) == 4

    run(work())


def test_old_and_new_join_without_a_seam(empty_database: Database) -> None:
    rows = fill(empty_database, [None] * 25)

    async def work() -> None:
        store = opened(empty_database, rows[:20], kept=5)
        store.known.add(rows[20:])
        assert store.known.floor == 20
        for after in range(25):
            assert ids(await store.since(after, None, 100)) == list(range(after + 1, 26))
        after, pages = 0, []
        while page := await store.since(after, None, 7):
            pages.append(ids(page))
            after = page[-1].id
        assert [len(page) for page in pages] == [7, 7, 7, 4]
        assert [id for page in pages for id in page] == list(range(1, 26))

    run(work())


def test_events_that_leave_memory_during_a_query_are_not_missed(empty_database: Database) -> None:
    rows = fill(empty_database, [None] * 30)

    async def work() -> None:
        store = opened(empty_database, rows[:20], kept=5)
        answer = asyncio.ensure_future(store.since(0, None, 100))
        await asyncio.sleep(0)
        store.known.add(rows[20:])
        assert ids(await answer) == list(range(1, 31))

    run(work())


@pytest.mark.parametrize("kept", [100, 4], ids=["from memory", "from the table"])
def test_what_is_one_persons_is_told_to_nobody_else(empty_database: Database, kept: int) -> None:
    rows = fill(empty_database, [None, ONE, TWO, ONE, None, TWO, None, ONE])

    async def work() -> None:
        store = opened(empty_database, rows, kept)
        assert ids(await store.since(0, None, 100)) == [1, 5, 7]
        assert ids(await store.since(0, ONE, 100)) == [1, 2, 4, 5, 7, 8]
        assert ids(await store.since(0, TWO, 2)) == [1, 3]
        assert ids(await store.since(4, TWO, 2)) == [5, 6]
        assert ids((await store.page("person:1", ONE, limit=2)).items) == [8, 7]
        assert ids((await store.page("visitor:x")).items) == [7, 5, 1]
        assert (await store.mark_read("person:one", 2, ONE)).unread == 4
        assert await store.unread("person:one", ONE) == 4
        assert await store.unread("visitor:x") == 0

    run(work())


def test_ten_thousand_who_come_back_at_once_are_a_handful_of_queries(empty_database: Database) -> None:
    rows = fill(empty_database, [None] * 50)
    queries: list[str] = []
    most_open = 0
    engine = empty_database.engine("atlas_app")

    def observe(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal most_open
        queries.append(statement)
        most_open = max(most_open, engine.pool.checkedout())

    async def work() -> None:
        store = opened(empty_database, rows, kept=10)
        told = await asyncio.gather(*[store.since(number % 20, None, 100) for number in range(10_000)])
        assert all(ids(events) == list(range(number % 20 + 1, 51)) for number, events in enumerate(told))
        places = await asyncio.gather(*[store.position(10_000) for _ in range(10_000)])
        assert set(places) == {50}

    sqlalchemy_event.listen(engine, "before_cursor_execute", observe)
    run(work())
    asked = [statement for statement in queries if "notifications" in statement]
    assert len(asked) <= 24
    assert 0 < most_open <= CONNECTIONS


def test_an_id_that_another_process_has_told_is_believed(empty_database: Database) -> None:
    rows = fill(empty_database, [None] * 3)

    async def work() -> None:
        store = opened(empty_database, rows[:2], kept=10)
        assert await store.position(3) == 3
        assert await store.position(4) == 3
        assert await store.position(2**62) == 3

    run(work())


def test_an_outage_is_told_apart_from_nothing(away: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BEGUN_WITHIN_S", 0.05)

    async def work() -> None:
        with pytest.raises(Unavailable):
            await Notifications(away).since(0, None, 10)
        store = opened(away, [invented(id) for id in range(1, 6)], kept=2)
        for question in (store.since(0, None, 10), store.position(9), store.page("visitor:x")):
            with pytest.raises(Unavailable):
                await question
        assert ids(await store.since(4, None, 10)) == [5]
        store.close()
        with pytest.raises(Unavailable):
            await store.newest_id()

    run(work())


def test_a_reader_who_leaves_takes_no_answer_from_the_others(empty_database: Database) -> None:
    rows = fill(empty_database, [None] * 20)

    async def work() -> None:
        store = opened(empty_database, rows, kept=5)
        first, second = (asyncio.ensure_future(store.since(0, None, 100)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert len(await second) == 20

    run(work())
