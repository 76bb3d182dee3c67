"""The hub told in any order of commits, readings, pauses and departures: each event once to each, ascending, none left out."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from unittest import mock
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.errors import Unavailable
from backend.notifications import hub as hub_module
from backend.notifications.event import Event
from backend.notifications.hub import Hub

ANNA, BERT = UUID(int=1), UUID(int=2)
PEOPLE = (None, None, ANNA, BERT)
SCOPE = {"type": "http", "http_version": "1.1", "method": "GET"}
ID = re.compile(rb"^id: (\d+)$", re.MULTILINE)
TOLD = re.compile(rb"^id: (\d+)\ndata: ", re.MULTILINE)


def event(number: int, person: UUID | None = None) -> Event:
    return Event(number, "collection", date(2026, 7, 8), str(number), {}, datetime(2026, 7, 8, 16, tzinfo=UTC), person)


class Market:
    """A table whose rows are published some time after their commit, and whose readings take a while."""

    def __init__(self, chance: random.Random) -> None:
        self.rows: list[Event] = []
        self.published = 0
        self.hub = Hub(ping_s=60, stall_s=60, most_kept=4)
        self.hub.begin(0)
        self._chance = chance

    def commit(self, person: UUID | None) -> None:
        self.rows.append(event(len(self.rows) + 1, person))

    def publish(self) -> None:
        self.hub.publish(self.rows[self.published :])
        self.published = len(self.rows)

    async def since(self, after: int, person: UUID | None, limit: int) -> list[Event]:
        await self._wait()
        found = [row for row in self.rows if row.id > after and row.person in (None, person)][:limit]
        await self._wait()
        return found

    async def _wait(self) -> None:
        for _ in range(self._chance.randrange(6)):
            await asyncio.sleep(0)


class Reader:
    """A client that comes back whenever its stream ends, with the last id it was told."""

    def __init__(self, market: Market, person: UUID | None, last_id: int | None) -> None:
        self.told: list[int] = []
        self.after = market.hub.newest_id if last_id is None else last_id
        self.person = person
        self._market = market
        self._last_id = last_id
        self._takes = asyncio.Event()
        self._takes.set()
        self._leaves = asyncio.Event()
        self._over = False
        self._task = asyncio.ensure_future(self._come_and_go())

    async def _come_and_go(self) -> None:
        while not self._over:
            self._leaves.clear()
            await self._market.hub.serve(
                SCOPE, self._receive, self._send, person=self.person, last_id=self._last_id, replay=self._market.since
            )

    async def _receive(self) -> dict[str, str]:
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, bytes]) -> None:
        await self._takes.wait()
        if self._leaves.is_set():
            raise OSError("the client has left")
        data = message.get("body", b"")
        self.told += [int(number) for number in TOLD.findall(data)]
        for number in ID.findall(data):
            self._last_id = int(number)

    def pause(self) -> None:
        self._takes.clear()

    def resume(self) -> None:
        self._takes.set()

    def leave(self) -> None:
        self._leaves.set()
        self._takes.set()

    async def end(self) -> None:
        self._over = True
        self.leave()
        await asyncio.wait([self._task], timeout=5)
        assert self._task.done()
        assert self._task.exception() is None

    def expected(self) -> list[int]:
        return [row.id for row in self._market.rows if row.id > self.after and row.person in (None, self.person)]


STEPS = st.one_of(
    st.tuples(st.sampled_from(("commit", "tell")), st.tuples(st.sampled_from(PEOPLE), st.integers(1, 6))),
    st.tuples(st.just("publish"), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 12)),
    st.tuples(st.just("join"), st.tuples(st.sampled_from((None, ANNA, BERT)), st.none() | st.integers(0, 30))),
    st.tuples(st.sampled_from(("pause", "resume", "leave")), st.integers(0, 5)),
)


async def settled(condition: Callable[[], bool]) -> None:
    for _ in range(5_000):
        if condition():
            return
        await asyncio.sleep(0)


async def play(steps: list[tuple[str, object]], seed: int) -> None:
    market, readers = Market(random.Random(seed)), []
    for step, what in steps:
        match step:
            case "commit" | "tell":
                person, count = what
                for _ in range(count):
                    market.commit(person)
                if step == "tell":
                    market.publish()
            case "publish":
                market.publish()
            case "wait":
                for _ in range(what):
                    await asyncio.sleep(0)
            case "join":
                person, last_id = what
                readers.append(Reader(market, person, last_id and min(last_id, len(market.rows))))
                await asyncio.sleep(0)
            case _ if readers:
                getattr(readers[what % len(readers)], step)()
    market.publish()
    for reader in readers:
        reader.resume()
    await settled(lambda: all(len(reader.told) >= len(reader.expected()) for reader in readers))
    for reader in readers:
        assert reader.told == reader.expected()
        await reader.end()
    assert market.hub.clients == 0


def in_a_loop(work: Callable[[], Awaitable[None]]) -> None:
    # Browser tests leave a loop in the main thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work()).result()


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=60), st.integers(0, 1000))
def test_every_reader_is_told_everything_once_and_in_order(steps: list[tuple[str, object]], seed: int) -> None:
    with mock.patch.object(hub_module, "PAGE", 3):
        in_a_loop(lambda: play(steps, seed))


def test_what_is_published_during_a_replay_comes_after_it_and_once() -> None:
    async def work() -> None:
        market = Market(random.Random(1))
        for _ in range(1_200):
            market.commit(None)
        market.publish()
        reader = Reader(market, None, 0)
        while len(reader.told) < 1_500:
            market.commit(None)
            market.publish()
            await asyncio.sleep(0)
        await settled(lambda: len(reader.told) == len(market.rows))
        assert reader.told == list(range(1, len(market.rows) + 1))
        await reader.end()

    in_a_loop(work)


def test_who_stays_behind_by_more_than_is_remembered_is_cut_off_and_misses_nothing() -> None:
    async def work() -> None:
        market = Market(random.Random(1))
        slow, quick = Reader(market, None, None), Reader(market, None, None)
        await asyncio.sleep(0)
        slow.pause()
        for number in range(1, 31):
            market.commit(None)
            market.publish()
            await settled(lambda number=number: len(quick.told) == number)
        assert market.hub.clients == 1
        assert slow.told == []
        slow.resume()
        await settled(lambda: len(slow.told) == 30)
        assert slow.told == quick.told == list(range(1, 31))
        for reader in (slow, quick):
            await reader.end()

    in_a_loop(work)


def test_a_personal_event_reaches_only_its_person() -> None:
    async def work() -> None:
        market = Market(random.Random(1))
        readers = {person: Reader(market, person, None) for person in (None, ANNA, BERT)}
        await asyncio.sleep(0)
        for person in (ANNA, None, BERT, ANNA):
            market.commit(person)
        market.publish()
        await settled(lambda: len(readers[ANNA].told) == 3)
        assert {person: reader.told for person, reader in readers.items()} == {None: [2], ANNA: [1, 2, 4], BERT: [2, 3]}
        for reader in readers.values():
            await reader.end()

    in_a_loop(work)


def test_streams_that_open_before_the_first_reading_hear_what_comes_after_it() -> None:
    async def work() -> None:
        market = Market(random.Random(1))
        market.hub = Hub()
        for _ in range(5):
            market.commit(None)
        new, back = Reader(market, None, None), Reader(market, None, 3)
        await asyncio.sleep(0)
        market.published = 5
        market.hub.begin(5)
        market.commit(None)
        market.publish()
        await settled(lambda: len(back.told) == 3)
        assert (new.told, back.told) == ([6], [4, 5, 6])
        await new.end()
        await back.end()

    in_a_loop(work)


def test_streams_go_on_when_the_ids_have_started_over() -> None:
    async def work() -> None:
        market = Market(random.Random(1))
        for _ in range(9):
            market.commit(None)
        market.publish()
        reader = Reader(market, None, None)
        await asyncio.sleep(0)
        market.hub.begin(2)
        market.hub.publish([event(3), event(4)])
        await settled(lambda: len(reader.told) == 2)
        assert reader.told == [3, 4]
        await reader.end()

    in_a_loop(work)


def test_a_stream_that_cannot_be_replayed_to_ends_so_that_its_reader_comes_back() -> None:
    async def work() -> None:
        hub, sent = Hub(), []
        hub.begin(7)

        async def fails(*_: object) -> list[Event]:
            raise Unavailable("the database does not answer")

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await hub.serve(SCOPE, asyncio.Event().wait, send, person=None, last_id=3, replay=fails)
        assert sent[0]["status"] == 200
        assert b"id: 3\n" in sent[1]["body"]
        assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
        assert hub.clients == 0

    in_a_loop(work)


def test_a_request_that_is_cancelled_leaves_nothing_behind() -> None:
    async def work() -> None:
        market = Market(random.Random(1))
        reader = Reader(market, ANNA, None)
        await asyncio.sleep(0)
        assert market.hub.clients == 1
        reader._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader._task
        assert market.hub.clients == 0

    in_a_loop(work)
