"""Every open notification stream of this process, and the one place that writes to them.

The publisher drives the writing: an event is encoded once and put on one connection after the other, with a breath between
slices, so that other requests are answered meanwhile. A stream that takes nothing is passed over, caught up from memory when
it takes again, and cut off when it stays behind: its reader comes back with the last id it saw and is sent the rest from the table.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

import structlog
from starlette.types import Receive, Scope, Send

from backend.errors import AtlasError
from backend.metrics import EVENTS_DELIVERED, EVENTS_REPLAYED, STREAMS_DROPPED, STREAMS_OPEN
from backend.notifications.event import Event
from backend.notifications.recent import Frame, Recent, gathered
from backend.notifications.wire import Wire, chunk, wire_of

log = structlog.get_logger(__name__)

Replay = Callable[[int, UUID | None, int], Awaitable[list[Event]]]
"""Returns the events after an id for everybody and for a person, ascending, at most so many."""

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
CHUNKED = [*HEADERS, (b"transfer-encoding", b"chunked")]
PING = b": ping\n\n"
PING_CHUNK = chunk(PING)
RETRY_MS = (2_000, 4_000)
"""When a reader comes back, milliseconds: not all of them at the same moment after a restart."""
STALL_S = 10.0
"""How long a stream may take nothing before it is cut off."""
SLICE_S = 0.005
"""How long streams are written to before other work of the process gets its turn."""
PAGE = 500
PING_SLOTS = 20


class _Stream:
    """One open stream: whose, up to which id it has been sent everything, and the way to it."""

    __slots__ = ("behind", "due", "ended", "last", "live", "person", "slot", "task", "wire")

    def __init__(self, person: UUID | None, last: int, wire: Wire, slot: int) -> None:
        self.person = person
        self.last = last
        self.wire = wire
        self.slot = slot
        self.task = asyncio.current_task()
        self.live = False
        self.due = False
        self.behind = False
        self.ended = False


class Hub:
    """Tells events to streams: each event at most once to each, ids ascending.

    `ping_s`: seconds between two pings of a stream. `stall_s`: seconds after which a stream that takes nothing is cut off.
    `most_kept` events of at most `most_kept_bytes` are remembered for streams that are behind.
    """

    def __init__(
        self, ping_s: float = 15, *, stall_s: float = STALL_S, most_kept: int = 1_000, most_kept_bytes: int = 8_000_000
    ) -> None:
        self._ping_s = ping_s
        self._stall_s = stall_s
        self._recent = Recent(most_kept, most_kept_bytes)
        self._begun = asyncio.Event()
        self._closed = False
        self._streams: set[_Stream] = set()
        self._behind: set[_Stream] = set()
        self._of_person: dict[UUID, set[_Stream]] = {}
        self._due: deque[_Stream] = deque()
        self._pumping = False
        self._ping_slots: list[set[_Stream]] = [set() for _ in range(PING_SLOTS)]
        self._ping_slot = 0
        self._ping_timer: asyncio.TimerHandle | None = None
        self._recoveries: set[asyncio.Task[None]] = set()

    @property
    def clients(self) -> int:
        """Number of open streams."""
        return len(self._streams)

    @property
    def newest_id(self) -> int:
        """The id up to which everything has been published, 0 before `begin`."""
        return self._recent.newest

    def begin(self, newest_id: int) -> None:
        """Take `newest_id` for where the table stands: at the start, and again where its ids have started over."""
        again = self._begun.is_set()
        self._recent.clear(newest_id)
        for stream in self._streams:
            # Who is being replayed to reads on from its own place, unless there is no such place any more.
            if stream.live or (again and stream.last > newest_id):
                stream.last = newest_id
        self._begun.set()

    def publish(self, events: Sequence[Event]) -> None:
        """Tell events, ids ascending, to whom they concern. Returns at once; events told before are passed over."""
        everybody = False
        people: set[UUID] = set()
        for event in events:
            if event.id <= self._recent.newest:
                continue
            self._recent.add(event)
            if event.person is None:
                everybody = True
            else:
                people.add(event.person)
        if everybody:
            self._enqueue(self._streams)
        else:
            for person in people:
                self._enqueue(self._of_person.get(person, ()))
        if not self._pumping:
            self._forget()

    async def serve(
        self, scope: Scope, receive: Receive, send: Send, *, person: UUID | None, last_id: int | None, replay: Replay
    ) -> None:
        """Answer a request with a stream until its client leaves, stays too far behind, or `close` is called.

        `last_id` is the last event that the client knows; it is first sent what came after it, through `replay`. Without
        it the stream starts with what comes from now on.
        """
        if self._closed:
            await turn_away(send)
            return
        wire = wire_of(scope, receive, send)
        stream = _Stream(person, self.newest_id if last_id is None else last_id, wire, random.randrange(PING_SLOTS))
        # With its place from the first byte on, a reader that is cut off before the first event misses nothing either.
        place = stream.last if self._begun.is_set() or last_id is not None else None
        self._add(stream)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": CHUNKED if wire.chunked else HEADERS})
            await send({"type": "http.response.body", "body": _hint(place), "more_body": True})
            if last_id is None or await self._replay(stream, replay):
                await self._live(stream, receive)
        except asyncio.CancelledError:
            if not stream.ended:
                raise
            stream.task.uncancel()
        finally:
            self._remove(stream)
        if wire.has_room():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            wire.cut()
            await asyncio.sleep(0)  # the server learns of it before we return

    async def _live(self, stream: _Stream, receive: Receive) -> None:
        stream.live = True
        if stream.last < self.newest_id:
            self._enqueue([stream])
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _replay(self, stream: _Stream, replay: Replay) -> bool:
        """Send what the table has after the stream's place; return False where the stream has to end.

        The stream is subscribed already. When the table has no more, all that was published before that reading has been
        sent, and all that has been published since is remembered, or else the table is read once more.
        """
        await self._begun.wait()
        while True:
            published = self.newest_id
            try:
                events = await replay(stream.last, stream.person, PAGE)
            except AtlasError as error:
                log.warning("a notification stream cannot be replayed to", reason=error.message)
                return False
            frames = iter([Frame(event.id, event.person, event.frame()) for event in events if event.id > stream.last])
            while (batch := gathered(frames, 0)).count:
                if not await self._push(stream, batch.chunk if stream.wire.chunked else batch.data):
                    return False
            EVENTS_REPLAYED.inc(len(events))
            stream.last = max(stream.last, events[-1].id if events else 0)
            if len(events) < PAGE:
                stream.last = max(stream.last, published)
                if stream.last >= self._recent.forgotten:
                    return True

    async def _push(self, stream: _Stream, data: bytes) -> bool:
        """Push as soon as there is room; return False where the stream has been cut off."""
        while not stream.wire.push(data):
            try:
                async with asyncio.timeout(self._stall_s):
                    await stream.wire.room()
            except TimeoutError:
                self._cut(stream)
                return False
        return not stream.ended

    def _enqueue(self, streams: Iterable[_Stream]) -> None:
        for stream in streams:
            if stream.live and not stream.due and not stream.behind:
                stream.due = True
                self._due.append(stream)
        if self._due and not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """Write to the streams that are due, for as long as a slice lasts."""
        loop = asyncio.get_running_loop()
        pause_at = loop.time() + SLICE_S
        delivered = written = 0
        due, recent = self._due, self._recent
        while due:
            stream = due.popleft()
            stream.due = False
            if stream.live:
                delivered += self._catch_up(stream, recent)
            written += 1
            if not written & 15 and loop.time() >= pause_at:
                break
        EVENTS_DELIVERED.inc(delivered)
        if due:
            loop.call_soon(self._pump)
            return
        self._pumping = False
        self._forget()

    def _forget(self) -> None:
        """Keep memory bounded once everybody has been written to; who is behind by more than that is cut off."""
        self._recent.trim()
        for stream in [each for each in self._behind if each.last < self._recent.forgotten]:
            self._cut(stream)

    def _catch_up(self, stream: _Stream, recent: Recent) -> int:
        """Write what the stream has not been sent; return how many events that were."""
        delivered = 0
        while stream.last < recent.newest:
            batch = recent.after(stream.last, stream.person)
            if batch.count and not stream.wire.push(batch.chunk if stream.wire.chunked else batch.data):
                self._fall_behind(stream)
                break
            stream.last = batch.until
            delivered += batch.count
        return delivered

    def _fall_behind(self, stream: _Stream) -> None:
        stream.behind = True
        self._behind.add(stream)
        recovery = asyncio.ensure_future(self._recover(stream))
        self._recoveries.add(recovery)
        recovery.add_done_callback(self._recoveries.discard)

    async def _recover(self, stream: _Stream) -> None:
        try:
            async with asyncio.timeout(self._stall_s):
                await stream.wire.room()
        except TimeoutError:
            self._cut(stream)
        else:
            stream.behind = False
            self._behind.discard(stream)
            self._enqueue([stream])

    def _cut(self, stream: _Stream) -> None:
        """End a stream that takes nothing, with all that waits for it."""
        if stream in self._streams and not stream.ended:
            STREAMS_DROPPED.inc()
            stream.live = False
            stream.wire.cut()
            self._end(stream)

    def _end(self, stream: _Stream) -> None:
        if not stream.ended:
            stream.ended = True
            if stream.task is not asyncio.current_task():
                stream.task.cancel()

    def _add(self, stream: _Stream) -> None:
        self._streams.add(stream)
        STREAMS_OPEN.inc()
        self._ping_slots[stream.slot].add(stream)
        if stream.person is not None:
            self._of_person.setdefault(stream.person, set()).add(stream)
        if self._ping_timer is None:
            self._ping_timer = asyncio.get_running_loop().call_later(self._ping_s / PING_SLOTS, self._ping)

    def _remove(self, stream: _Stream) -> None:
        stream.live = False
        self._streams.discard(stream)
        self._behind.discard(stream)
        STREAMS_OPEN.dec()
        self._ping_slots[stream.slot].discard(stream)
        if stream.person is not None:
            mine = self._of_person[stream.person]
            mine.discard(stream)
            if not mine:
                del self._of_person[stream.person]

    def _ping(self) -> None:
        """Ping one slot of streams, and the next one a little later."""
        self._ping_timer = None
        if not self._streams:
            return
        self._ping_slot = (self._ping_slot + 1) % PING_SLOTS
        for stream in self._ping_slots[self._ping_slot]:
            ping = PING_CHUNK if stream.wire.chunked else PING
            if stream.live and not stream.behind and not stream.wire.push(ping):
                self._fall_behind(stream)
        self._ping_timer = asyncio.get_running_loop().call_later(self._ping_s / PING_SLOTS, self._ping)

    async def close(self) -> None:
        """End every stream, and each that comes later at once. Returns when all are gone, after a second at the latest."""
        self._closed = True
        if self._ping_timer is not None:
            self._ping_timer.cancel()
            self._ping_timer = None
        streams = list(self._streams)
        for stream in streams:
            self._end(stream)
        if streams:
            await asyncio.wait([stream.task for stream in streams], timeout=1)


def _hint(place: int | None = None) -> bytes:
    """Say when to come back after an interruption, and the id with which to do so."""
    return b"retry: %d\n%b\n" % (random.randint(*RETRY_MS), b"" if place is None else b"id: %d\n" % place)


async def turn_away(send: Send) -> None:
    """Answer with a stream that ends at once: its reader comes back, as it would not after an error."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": _hint(), "more_body": False})
