"""Who looks at notifications: what they have read is counted for `reader`, what is theirs alone belongs to `person`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from backend.visitor import Visitor


@dataclass(frozen=True)
class Viewer:
    """Somebody with a browser. `person` is None for whoever has not signed in, and then only public events are shown."""

    reader: str
    person: UUID | None = None


async def person_of(_connection: HTTPConnection) -> UUID | None:
    """Return the person who is signed in, of a request or of a stream. Nobody can sign in as yet, so it is nobody."""
    return None


async def viewer(request: Request, visitor: Visitor) -> Viewer:
    """Return who looks, within a VisitorRoute."""
    person = await person_of(request)
    return Viewer(f"person:{person}" if person else f"visitor:{visitor}", person)


Viewing = Annotated[Viewer, Depends(viewer)]
