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
    """Somebody with a browser. `person` is None for whoever has not signed in, and then only public events are shown.

    Whoever is not `known` came without a cookie: nothing that is kept for them would be found again.
    """

    reader: str
    person: UUID | None = None
    known: bool = True


async def person_of(_connection: HTTPConnection) -> UUID | None:
    """Return the person who is signed in, of a request or of a stream. Nobody can sign in as yet, so it is nobody."""
    return None


async def viewer(request: Request, visitor: Visitor) -> Viewer:
    """Return who looks, within a VisitorRoute."""
    person = await person_of(request)
    if person:
        return Viewer(f"person:{person}", person)
    return Viewer(f"visitor:{visitor}", known=request.state.returning)


Viewing = Annotated[Viewer, Depends(viewer)]
