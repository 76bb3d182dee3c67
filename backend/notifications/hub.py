"""Every open notification stream of this process, and the one place that writes to them.

The publisher drives the writing: an event is encoded once and put on one connection after the other, with a breath between
slices, so that other requests are answered meanwhile. A stream that takes nothing is passed over, caught up from memory when
it takes again, and cut off when it stays behind: its reader comes back with the last id it saw and is sent the rest from the table.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

import structlog
from starlette.types import Receive, Scope, Send

from backend.errors import AtlasError
from backend.metrics import EVENTS_DELIVERED, EVENTS_REPLAYED, STREAMS_DROPPED, STREAMS_OPEN
from backend.notifications.event import Event, read_frame
from backend.notifications.open_stream import PING_TURNS, OpenStream, turn_away
from backend.notifications.recent import Batch, Frame, Recent, gathered, told
from backend.notifications.wire import wire_of

log = structlog.get_logger(__name__)

Replay = Callable[[int, UUID | None, int], Awaitable[list[Event]]]
"""Returns the events after an id for everybody and for a person, ascending, at most so many."""

STALL_S = 10.0
"""How long a stream may take nothing before it is cut off."""
SLICE_S = 0.005
"""How long streams are written to before other work of the process gets its turn."""
PAGE = 500


class Hub:
    """Tells events to streams: each event at most once to each, ids ascending.

    `ping_s`: seconds between two pings of a stream. `stall_s`: seconds after which a stream that takes nothing is cut off.
    `most_kept` events of at most `most_kept_bytes` are remembered for streams that are behind, and as many again of what
    is for single people who have a stream here.
    """

    def __init__(
        self, ping_s: float = 15, *, stall_s: float = STALL_S, most_kept: int = 1_000, most_kept_bytes: int = 8_000_000
    ) -> None:
        self._ping_s = ping_s
        self._stall_s = stall_s
        self._recent = Recent(most_kept, most_kept_bytes)
        self._begun = asyncio.Event()
        self._closed = False
        self._streams: set[OpenStream] = set()
        self._behind: set[OpenStream] = set()
        self._of_person: dict[UUID, set[OpenStream]] = {}
        self._of_session: dict[UUID, set[OpenStream]] = {}
        self._due: deque[OpenStream] = deque()
        self._pumping = False
        self._ping_turns: list[set[OpenStream]] = [set() for _ in range(PING_TURNS)]
        self._ping_turn = 0
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

    @property
    def sessions(self) -> list[UUID]:
        """The login sessions and bearer tokens with which people have streams open."""
        return list(self._of_session)

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

    def say(self, person: UUID, data: bytes) -> None:
        """Tell a person's streams something that is no event; of what they cannot take yet, only the last."""
        word = told(data)
        streams = self._of_person.get(person, ())
        for stream in streams:
            stream.word = word
        self._enqueue(streams)

    def hear_read(self, mark: str) -> None:
        """Tell a person's streams what they have read elsewhere: `mark` is their id, up to where, and how much is left."""
        person, read_until, unread = mark.split()
        self.say(UUID(person), read_frame(int(read_until), int(unread)))

    def end(self, *, session: UUID | None = None, person: UUID | None = None) -> None:
        """End the streams of a login session or bearer token, or all of a person's."""
        for stream in [*self._of_session.get(session, ()), *self._of_person.get(person, ())]:
            stream.live = False
            stream.end()

    async def serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        person: UUID | None,
        session: UUID | None = None,
        last_id: int | None,
        replay: Replay,
    ) -> None:
        """Answer a request with a stream until its client leaves, stays too far behind, or the stream is ended from here.

        `session` is the login session or bearer token that shows who the person is. `last_id` is the last event that the
        client knows; it is first sent what came after it, through `replay`. Without it the stream starts with what comes
        from now on.
        """
        if self._closed:
            await turn_away(send)
            return
        start = self.newest_id if last_id is None else last_id
        stream = OpenStream(person, session, start, wire_of(scope, receive, send))
        place = stream.last if self._begun.is_set() or last_id is not None else None
        self._add(stream)
        try:
            await stream.open(send, place)
            if last_id is None or await self._replay(stream, replay):
                await self._live(stream, receive)
        except asyncio.CancelledError:
            if not stream.ended:
                raise
            stream.task.uncancel()
        except OSError:  # what some servers raise once the client has left
            return
        finally:
            self._remove(stream)
        await stream.finish(send)

    async def _live(self, stream: OpenStream, receive: Receive) -> None:
        stream.live = True
        if stream.last < self.newest_id or stream.word:
            self._enqueue([stream])
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _replay(self, stream: OpenStream, replay: Replay) -> bool:
        """Send what the stream has missed and memory no longer has; return False where the stream has to end.

        The stream is subscribed already. When the table has no more, all that was published before that reading has been
        sent, and what has been published since is in memory, or else the table is read once more.
        """
        await self._begun.wait()
        while stream.last < self._recent.forgotten(stream.person):
            published = self.newest_id
            try:
                events = await replay(stream.last, stream.person, PAGE)
            except AtlasError as error:
                log.warning("a notification stream cannot be replayed to", reason=error.message)
                return False
            # Encoded a few at a time: thousands may come back at once.
            frames = (Frame(event.id, event.person, event.frame()) for event in events if event.id > stream.last)
            while (batch := gathered(frames, 0)).count:
                if not await self._push(stream, batch):
                    return False
                EVENTS_REPLAYED.inc(batch.count)
            stream.last = max(stream.last, events[-1].id if events else 0)
            if len(events) < PAGE:
                stream.last = max(stream.last, published)
        return True

    async def _push(self, stream: OpenStream, batch: Batch) -> bool:
        """Push as soon as there is room; return False where the stream has ended."""
        while not stream.ended and not stream.push(batch):
            try:
                async with asyncio.timeout(self._stall_s):
                    await stream.wire.room()
            except TimeoutError:
                self._cut(stream)
        return not stream.ended and not stream.wire.is_gone()

    def _enqueue(self, streams: Iterable[OpenStream]) -> None:
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
                try:
                    delivered += self._catch_up(stream, recent)
                except Exception:
                    # One connection that cannot be written to must not silence all the others.
                    log.exception("a notification stream failed")
                    self._cut(stream)
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
        for stream in [each for each in self._behind if each.last < self._recent.forgotten(each.person)]:
            self._cut(stream)

    def _catch_up(self, stream: OpenStream, recent: Recent) -> int:
        """Write what the stream has not been sent; return how many events that were."""
        delivered = 0
        while stream.last < recent.newest:
            batch = recent.after(stream.last, stream.person)
            if batch.count and not stream.push(batch):
                self._fall_behind(stream)
                break
            stream.last = batch.until
            delivered += batch.count
        if stream.word and not stream.behind:
            if stream.push(stream.word):
                stream.word = None
            else:
                self._fall_behind(stream)
        return delivered

    def _fall_behind(self, stream: OpenStream) -> None:
        stream.behind = True
        self._behind.add(stream)
        recovery = asyncio.ensure_future(self._recover(stream))
        self._recoveries.add(recovery)
        recovery.add_done_callback(self._recoveries.discard)

    async def _recover(self, stream: OpenStream) -> None:
        try:
            async with asyncio.timeout(self._stall_s):
                await stream.wire.room()
        except TimeoutError:
            self._cut(stream)
        else:
            stream.behind = False
            self._behind.discard(stream)
            self._enqueue([stream])

    def _cut(self, stream: OpenStream) -> None:
        """End a stream that takes nothing, with all that waits for it."""
        if stream in self._streams and not stream.ended:
            STREAMS_DROPPED.inc()
            stream.live = False
            stream.wire.cut()
            stream.end()

    def _add(self, stream: OpenStream) -> None:
        self._streams.add(stream)
        self._ping_turns[stream.ping_turn].add(stream)
        STREAMS_OPEN.inc()
        if stream.person is not None:
            self._recent.follow(stream.person)
            self._of_person.setdefault(stream.person, set()).add(stream)
        if stream.session is not None:
            self._of_session.setdefault(stream.session, set()).add(stream)
        if self._ping_timer is None:
            self._ping_timer = asyncio.get_running_loop().call_later(self._ping_s / PING_TURNS, self._ping)

    def _remove(self, stream: OpenStream) -> None:
        stream.live = False
        self._streams.discard(stream)
        self._ping_turns[stream.ping_turn].discard(stream)
        self._behind.discard(stream)
        STREAMS_OPEN.dec()
        if _leave(self._of_person, stream.person, stream):
            self._recent.unfollow(stream.person)
        _leave(self._of_session, stream.session, stream)

    def _ping(self) -> None:
        """Ping the streams whose turn it is, and the next ones a little later."""
        self._ping_timer = None
        if not self._streams:
            return
        self._ping_turn = (self._ping_turn + 1) % PING_TURNS
        for stream in self._ping_turns[self._ping_turn]:
            if stream.live and not stream.behind and not stream.ping():
                self._fall_behind(stream)
        self._ping_timer = asyncio.get_running_loop().call_later(self._ping_s / PING_TURNS, self._ping)

    async def close(self) -> None:
        """End every stream, and each that comes later at once. Returns when all are gone, after a second at the latest."""
        self._closed = True
        if self._ping_timer is not None:
            self._ping_timer.cancel()
            self._ping_timer = None
        streams = list(self._streams)
        for stream in streams:
            stream.end()
        if streams:
            await asyncio.wait([stream.task for stream in streams], timeout=1)


def _leave(groups: dict[UUID, set[OpenStream]], key: UUID | None, stream: OpenStream) -> bool:
    """Take a stream out of its group; returns whether it was the last one."""
    if key is None:
        return False
    groups[key].discard(stream)
    if groups[key]:
        return False
    del groups[key]
    return True
