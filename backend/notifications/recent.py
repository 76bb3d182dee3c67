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


class _Frames:
    """The frames for everybody or for one person: all there have been above `forgotten`, ids ascending."""

    __slots__ = ("forgotten", "frames")

    def __init__(self, forgotten: int) -> None:
        self.forgotten = forgotten
        self.frames: list[Frame] = []

    def after(self, last: int) -> Iterator[Frame]:
        return islice(self.frames, bisect_right(self.frames, last, key=_BY_ID), None)


class _Order:
    """Frames in the order in which they are thrown away, at most so many and so many bytes."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._bytes = 0
        self._frames: deque[Frame] = deque()

    def add(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._bytes += len(frame.data)

    def beyond(self) -> Iterator[Frame]:
        while len(self._frames) > self._most or self._bytes > self._most_bytes:
            frame = self._frames.popleft()
            self._bytes -= len(frame.data)
            yield frame


class Recent:
    """Frames in the order of their ids: everybody's, and those of each person who is followed.

    The two are bounded apart, by the same figures, so that thousands of alerts for single people push nothing of
    everybody's out. What is for a person whom nobody follows is not even encoded.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._bounds = (most, most_bytes)
        self._own: dict[UUID, _Frames] = {}
        self.clear(0)

    def clear(self, newest: int) -> None:
        """Forget every frame; `newest` is the id after which the next ones come."""
        self.newest = newest
        self._everybodys, self._order, self._own_order = _Frames(newest), _Order(*self._bounds), _Order(*self._bounds)
        self._own = {person: _Frames(newest) for person in self._own}
        self._forget_batches()

    def follow(self, person: UUID) -> None:
        """Keep what comes for a person from here on."""
        self._own.setdefault(person, _Frames(self.newest))

    def unfollow(self, person: UUID) -> None:
        """Keep nothing more for a person."""
        self._own.pop(person, None)

    def forgotten(self, person: UUID | None) -> int:
        """Return the id up to which frames for everybody or this person may be missing; who stands before it reads the table."""
        own = None if person is None else self._own.get(person)
        return self._everybodys.forgotten if own is None else max(own.forgotten, self._everybodys.forgotten)

    def add(self, event: Event) -> None:
        """Keep an event whose id is larger than `newest`."""
        self.newest = event.id
        self._forget_batches()
        kept = self._everybodys if event.person is None else self._own.get(event.person)
        if kept is not None:
            frame = Frame(event.id, event.person, event.frame())
            kept.frames.append(frame)
            (self._order if event.person is None else self._own_order).add(frame)

    def trim(self) -> None:
        """Throw away the oldest frames beyond the bounds."""
        dropped: dict[UUID | None, Frame] = {frame.person: frame for frame in self._order.beyond()}
        dropped |= {frame.person: frame for frame in self._own_order.beyond()}
        if None in dropped:
            self._tails.clear()
        for person, last in dropped.items():
            # Whoever was unfollowed meanwhile has begun anew without the frame, if at all.
            kept = self._everybodys if person is None else self._own.get(person)
            if kept is not None and last.id > kept.forgotten:
                kept.forgotten = last.id
                del kept.frames[: bisect_right(kept.frames, last.id, key=_BY_ID)]

    def after(self, last: int, person: UUID | None) -> Batch:
        """Return the next frames after the id `last` that are for everybody or for `person`, some 64 KB at most."""
        own = None if person is None else self._own.get(person)
        if own is not None and (not own.frames or own.frames[-1].id <= last):
            own = None
        key = (last, None if own is None else person)
        batch = self._batches.get(key)
        if batch is None:
            batch = self._tail(last) if own is None else self._merged(last, own)
            if len(self._batches) >= MOST_BATCHES:
                self._batches.clear()
            self._batches[key] = batch
        return batch

    def _tail(self, last: int) -> Batch:
        """Gather everybody's frames once for all who lack the same ones, wherever each of them stands."""
        start = bisect_right(self._everybodys.frames, last, key=_BY_ID)
        if start not in self._tails:
            self._tails[start] = gathered(islice(self._everybodys.frames, start, None), self.newest)
        return self._tails[start]

    def _merged(self, last: int, own: _Frames) -> Batch:
        return gathered(merge(self._everybodys.after(last), own.after(last), key=_BY_ID), self.newest)

    def _forget_batches(self) -> None:
        self._batches: dict[tuple[int, UUID | None], Batch] = {}
        self._tails: dict[int, Batch] = {}


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


def told(data: bytes) -> Batch:
    """Return something that is no event, as one piece of bytes."""
    return Batch(0, 0, data, chunk(data))
