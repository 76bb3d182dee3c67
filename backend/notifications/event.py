"""One event as it is told to a browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson


@dataclass(frozen=True, slots=True)
class Event:
    """One row of `notifications`. `person` is None for what everybody may see; ids grow in the order of commits."""

    id: int
    kind: str
    date: date
    subject: str
    content: dict[str, Any]
    created_at: datetime
    person: UUID | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the event as JSON values, as the list and the stream tell it; whose it is, is left out."""
        return {
            "id": self.id,
            "kind": self.kind,
            "date": self.date.isoformat(),
            "subject": self.subject,
            "content": self.content,
            "created_at": self.created_at.isoformat(timespec="milliseconds"),
        }

    def frame(self) -> bytes:
        """Return the event as one message of an event stream: its id, and one line of JSON."""
        return b"id: %d\ndata: %s\n\n" % (self.id, orjson.dumps(self.as_dict()))


def read_frame(read_until: int, unread: int) -> bytes:
    """Return what tells a person's other pages that something was read; without an id, for it is no event of the table."""
    return b"event: read\ndata: %s\n\n" % orjson.dumps({"read_until": read_until, "unread": unread})
