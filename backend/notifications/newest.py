"""The newest events for everybody in memory, so that ten thousand readers who come back at once ask no database.

What is one person's alone is left in the table: thousands of alerts of one load would push everybody's events out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter

from backend.notifications.event import Event

KEPT = 1_000
_by_id = attrgetter("id")


class NewestEvents:
    """Everybody's events with an id above `floor` and up to `id`, which counts the events of single people too.

    `id` is None until the table has been read for the first time; `last` is the newest event that was added, anybody's.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self.floor = 0
        self.id: int | None = None
        self.last: Event | None = None
        self._events: list[Event] = []

    def begin(self, events: Sequence[Event]) -> int:
        """Start anew with everybody's newest rows and the newest row of all, ids ascending; returns the newest id.

        Fewer than `kept` of everybody's are all that there are.
        """
        everybodys = [event for event in events if event.person is None]
        self._events.clear()
        self.last = None
        self.floor = everybodys[0].id - 1 if len(everybodys) >= self.kept else 0
        self.id = self.floor
        self.add(events)
        return self.id

    def add(self, events: Iterable[Event]) -> list[Event]:
        """Remember those events that are newer than all before; returns them."""
        added = [event for event in events if self.id is None or event.id > self.id]
        if added:
            self._events += [event for event in added if event.person is None]
            self.last = added[-1]
            self.id = self.last.id
        too_many = len(self._events) - self.kept
        if too_many > 0:
            self.floor = self._events[too_many - 1].id
            del self._events[:too_many]
        return added

    def after(self, id: int, limit: int) -> list[Event]:
        """Return what everybody may see above an id that is not below `floor`, oldest first."""
        start = bisect_right(self._events, id, key=_by_id)
        return self._events[start : start + limit]
