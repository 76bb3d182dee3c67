"""Finding out who asks: one query for many, never a wrong person, and the database away is told as such."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from backend.accounts.codes import hash_code
from backend.accounts.lookup import MOST_AT_ONCE, Lookup
from backend.db.engine import Database
from backend.errors import Unavailable
from tests.accounts import execute
from tests.people import Somebody, new_person


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture(scope="module")
def people(database: Database) -> list[Somebody]:
    return [new_person(database) for _ in range(20)]


def in_a_loop(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run in an event loop of a thread of its own, as another one may run in this thread."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(asyncio.run(work()))
        except BaseException as error:  # noqa: BLE001 - raised again below
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def statements(database: Database) -> list[str]:
    """Return the list that every statement of atlas_app is added to from here on."""
    seen: list[str] = []
    event.listen(database.engine("atlas_app"), "before_cursor_execute", lambda *told: seen.append(told[2]))
    return seen


def test_ten_thousand_who_come_back_at_once_cost_a_few_queries_and_each_is_who_they_are(
    database: Database, people: list[Somebody]
) -> None:
    seen = statements(database)
    strangers = [uuid4().hex for _ in range(5_000)]

    async def all_at_once() -> list[Any]:
        lookup = Lookup(database)
        wanted = [(person.code, False) for person in people] + [(person.token, True) for person in people]
        many = [*(wanted * 125), *((code, False) for code in strangers)]
        return await asyncio.gather(*(lookup.find(code, token=token) for code, token in many))

    found = in_a_loop(all_at_once)
    ids = [person.id for person in people] * 2 * 125
    assert [each.person.id for each in found[: len(ids)]] == ids
    assert [each.person.session is None for each in found[:40]] == [False] * 20 + [True] * 20
    assert found[len(ids) :] == [None] * len(strangers)
    looked_up = [statement for statement in seen if "UNION ALL" in statement]
    assert len(looked_up) <= 5_040 / MOST_AT_ONCE + 3


def test_a_token_is_no_session_and_a_session_no_token(database: Database, people: list[Somebody]) -> None:
    async def swapped() -> list[Any]:
        lookup = Lookup(database)
        return [await lookup.find(people[0].token, token=False), await lookup.find(people[0].code, token=True)]

    assert in_a_loop(swapped) == [None, None]


def test_a_session_that_has_ended_is_not_remembered(database: Database) -> None:
    somebody = new_person(database)

    async def before_and_after() -> list[bool]:
        lookup = Lookup(database)
        before = await lookup.find(somebody.code, token=False)
        await asyncio.to_thread(
            execute, database, "DELETE FROM login_sessions WHERE code_hash = :hash", hash=hash_code(somebody.code)
        )
        return [before is not None, await lookup.find(somebody.code, token=False) is not None]

    assert in_a_loop(before_and_after) == [True, False]


def test_who_leaves_while_it_is_looked_up_disturbs_nobody(database: Database, people: list[Somebody]) -> None:
    async def one_leaves() -> Any:
        lookup = Lookup(database)
        staying = asyncio.create_task(lookup.find(people[1].code, token=False))
        leaving = asyncio.create_task(lookup.find(people[1].code, token=False))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert in_a_loop(one_leaves).person.id == people[1].id


def test_a_database_that_is_away_is_told_to_everybody_who_waits_and_found_again(
    database: Database, people: list[Somebody], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing", database.settings)

    async def while_away() -> list[Any]:
        lookup = Lookup(away)
        failed = await asyncio.gather(
            *(lookup.find(person.code, token=False) for person in people), return_exceptions=True
        )
        lookup._database = database
        return [*failed, await lookup.find(people[0].code, token=False)]

    *failed, found = in_a_loop(while_away)
    assert all(isinstance(error, Unavailable) for error in failed)
    assert found.person.id == people[0].id


def test_finding_somebody_uses_indexes_only(database: Database) -> None:
    from backend.accounts import lookup

    with database.engine("atlas_app").connect() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explained = lookup._FIND.text
        for name in ("every", "seen", "overlap"):
            explained = explained.replace(f":{name}", "interval '1 hour'")
        for name in ("codes", "tokens"):
            explained = explained.replace(f":{name}", "ARRAY['\\x00'::bytea]")
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {explained}"))
    assert "Seq Scan" not in plan
    for index in ("login_sessions_code_hash_key", "login_sessions_previous_hash_key", "api_tokens_code_hash_key"):
        assert index in plan
