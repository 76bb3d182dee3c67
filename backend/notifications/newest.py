"""The newest rows of the table in memory, so that ten thousand readers who come back at once ask no database."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from operator import attrgetter
from uuid import UUID

from backend.notifications.event import Event

KEPT = 1_000
_by_id = attrgetter("id")


class NewestEvents:
    """Every event with an id above `floor` and up to `id`; older ones are in the table only.

    `id` is None until the table has been read for the first time.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self.floor = 0
        self.id: int | None = None
        self._order: deque[Event] = deque()
        self._of: dict[UUID | None, list[Event]] = {}

    @property
    def last(self) -> Event | None:
        """The newest event that is remembered."""
        return self._order[-1] if self._order else None

    def begin(self, events: Sequence[Event]) -> int:
        """Start anew with the newest rows, ids ascending: all there are if fewer than `kept`; returns the newest id."""
        self._order.clear()
        self._of.clear()
        self.floor = events[0].id - 1 if len(events) >= self.kept else 0
        self.id = self.floor
        self.add(events)
        return self.id

    def add(self, events: Iterable[Event]) -> list[Event]:
        """Remember those events that are newer than all before; returns them."""
        added = [event for event in events if self.id is None or event.id > self.id]
        for event in added:
            self._order.append(event)
            self._of.setdefault(event.person, []).append(event)
            self.id = event.id
        while len(self._order) > self.kept:
            self._forget(self._order.popleft())
        return added

    def after(self, id: int, person: UUID | None, limit: int) -> list[Event]:
        """Return what everybody and this person may see above an id that is not below `floor`, oldest first."""
        found = self._slice(None, id, limit)
        if person is not None:
            found = sorted([*found, *self._slice(person, id, limit)], key=_by_id)[:limit]
        return found

    def _slice(self, person: UUID | None, id: int, limit: int) -> list[Event]:
        events = self._of.get(person, [])
        start = bisect_right(events, id, key=_by_id)
        return events[start : start + limit]

    def _forget(self, event: Event) -> None:
        events = self._of[event.person]
        del events[0]
        if not events:
            del self._of[event.person]
        self.floor = event.id
