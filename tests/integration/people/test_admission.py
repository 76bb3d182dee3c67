"""Many requests at once, more than there are threads and connections, all get their answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

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
