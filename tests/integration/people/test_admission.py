"""Many requests at once, more than there are threads and connections, all get their answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from fastapi.testclient import TestClient

from backend.admission import AT_ONCE, Admission
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import new_person

PATHS = ("/api/etfs/069500/holdings", "/api/search?q=KODEX", "/api/watchlist", "/api/watchlist/codes", "/api/me")


def test_no_request_waits_for_one_that_waits_for_it(chat_database: Database, settings: Settings) -> None:
    application, person = create_app(chat_database, settings), new_person(chat_database)

    async def all_at_once() -> Counter[int]:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=person.headers) as client:
            answers = await asyncio.gather(*(client.get(PATHS[number % len(PATHS)]) for number in range(300)))
        return Counter(answer.status_code for answer in answers)

    started = time.monotonic()
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, all_at_once()).result(timeout=120) == {200: 300}
    # A pool that is waited for in vain gives up after 30 s.
    assert time.monotonic() - started < 30


def test_only_requests_for_data_wait_their_turn() -> None:
    inside, most = 0, 0

    async def slow(scope: dict, receive: object, send: object) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1

    async def many(path: str) -> None:
        admission = Admission(slow)
        await asyncio.gather(*(admission({"type": "http", "path": path}, None, None) for _ in range(50)))

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, many("/api/etfs/069500")).result(timeout=30)
        assert most == AT_ONCE
        thread.submit(asyncio.run, many("/api/notifications/stream")).result(timeout=30)
    assert most == 50


def test_bodies_that_do_not_come_to_their_end_hold_up_nobody(chat_database: Database, settings: Settings) -> None:
    application = create_app(chat_database, settings)

    async def ask_beside_slow_ones() -> int:
        given_up = asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b"{"
            await given_up.wait()

        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            slow = [asyncio.create_task(client.post("/api/me/password", content=slowly())) for _ in range(3 * AT_ONCE)]
            await asyncio.sleep(0.2)
            answer = await asyncio.wait_for(client.get("/api/etfs?limit=1"), 10)
            given_up.set()
            await asyncio.gather(*slow)
        return answer.status_code

    assert in_a_loop_of_its_own(ask_beside_slow_ones()) == 200


def test_answers_that_are_taken_slowly_hold_up_nobody() -> None:
    started = 0

    async def answering(scope: dict, receive: object, send: object) -> None:
        nonlocal started
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def all_at_once() -> None:
        taken = asyncio.Event()

        async def slowly(message: dict) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started += 1
            else:
                await taken.wait()

        admission = Admission(answering)
        answers = [
            asyncio.create_task(admission({"type": "http", "path": "/api/etfs"}, None, slowly))
            for _ in range(3 * AT_ONCE)
        ]
        await asyncio.sleep(0.1)
        assert started == 3 * AT_ONCE
        taken.set()
        await asyncio.gather(*answers)

    in_a_loop_of_its_own(all_at_once())


@pytest.mark.parametrize("path", ["/api/etfs", "/api/ready", "/api/conversations", "/api/me"])
def test_whoever_gets_no_connection_is_told_so(
    new_database: Callable[[], Database], settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    database = new_database()
    headers, pool = new_person(database).headers, database.engine("atlas_app").pool
    client = TestClient(create_app(database, settings), headers=headers, raise_server_exceptions=False)
    monkeypatch.setattr(pool, "_timeout", 0.1)
    with ExitStack() as held:
        for _ in range(20):
            held.enter_context(database.engine("atlas_app").connect())
        refused = client.get(path)
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/unavailable")


def test_who_leaves_before_the_end_of_a_question_is_no_defect(chat_database: Database, settings: Settings) -> None:
    sent: list[dict] = []
    scope = {
        "type": "http", "method": "POST", "path": "/api/chat", "raw_path": b"/api/chat", "query_string": b"",
        "http_version": "1.1", "scheme": "http", "headers": [(b"content-length", b"100")],
    }  # fmt: skip
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> dict:
        return next(messages)

    async def send(message: dict) -> None:
        sent.append(message)

    in_a_loop_of_its_own(create_app(chat_database, settings)(scope, receive, send))
    assert sent[0]["status"] == 400


def in_a_loop_of_its_own(work: Coroutine) -> object:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result(timeout=60)
