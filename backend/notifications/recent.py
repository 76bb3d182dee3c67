"""The newest events in memory, ready to be written: what streams that are at most a little behind are sent from."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from operator import attrgetter
from uuid import UUID

from backend.notifications.event import Event
from backend.notifications.wire import chunk

BATCH_BYTES = 64 * 1024
MOST_BATCHES = 64
_BY_ID = attrgetter("id")


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as bytes of an event stream."""

    id: int
    person: UUID | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames as one piece of bytes, as it is and as a chunk; `until` is the id up to which nothing is left out."""

    until: int
    count: int
    data: bytes
    chunk: bytes


class Recent:
    """Frames in the order of their ids: everybody's in one list, each person's in one of their own.

    `forgotten` is the largest id that has been thrown away; whoever stands before it has to read the table.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self.clear(0)

    def clear(self, newest: int) -> None:
        """Forget every frame; `newest` is the id after which the next ones come."""
        self.newest = self.forgotten = newest
        self._bytes = 0
        self._order: deque[Frame] = deque()
        self._public: list[Frame] = []
        self._own: dict[UUID, list[Frame]] = {}
        self._batches: dict[tuple[int, UUID | None], Batch] = {}

    def add(self, event: Event) -> None:
        """Keep an event whose id is larger than `newest`."""
        frame = Frame(event.id, event.person, event.frame())
        self.newest = frame.id
        self._bytes += len(frame.data)
        self._order.append(frame)
        self._of(frame.person).append(frame)
        self._batches.clear()

    def _of(self, person: UUID | None) -> list[Frame]:
        return self._public if person is None else self._own.setdefault(person, [])

    def trim(self) -> None:
        """Throw away the oldest frames beyond the bounds."""
        dropped: dict[UUID | None, int] = {}
        while len(self._order) > self._most or self._bytes > self._most_bytes:
            frame = self._order.popleft()
            self._bytes -= len(frame.data)
            self.forgotten = frame.id
            dropped[frame.person] = dropped.get(frame.person, 0) + 1
        for person, count in dropped.items():
            frames = self._of(person)
            del frames[:count]
            if person is not None and not frames:
                del self._own[person]

    def after(self, last: int, person: UUID | None) -> Batch:
        """Return the next frames after the id `last` that are for everybody or for `person`, some 64 KB at most."""
        own = self._own.get(person) if person is not None else None
        if own is None or own[-1].id <= last:
            own, person = [], None
        key = (last, person)
        batch = self._batches.get(key)
        if batch is None:
            batch = gathered(merge(_from(self._public, last), _from(own, last), key=_BY_ID), self.newest)
            if len(self._batches) >= MOST_BATCHES:
                self._batches.clear()
            self._batches[key] = batch
        return batch


def _from(frames: list[Frame], last: int) -> Iterator[Frame]:
    return islice(frames, bisect_right(frames, last, key=_BY_ID), None)


def gathered(frames: Iterator[Frame], newest: int) -> Batch:
    """Return frames as one batch; it reaches up to `newest` unless it is full before."""
    parts: list[bytes] = []
    size, until = 0, newest
    for frame in frames:
        parts.append(frame.data)
        size += len(frame.data)
        if size >= BATCH_BYTES:
            until = frame.id
            break
    data = b"".join(parts)
    return Batch(until, len(parts), data, chunk(data) if data else b"")
