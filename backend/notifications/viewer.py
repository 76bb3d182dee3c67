"""Who looks at notifications: what they have read is counted for `reader`, what is theirs alone belongs to `person`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from backend.accounts.signed_in import find_person
from backend.visitor import Visitor


@dataclass(frozen=True)
class Viewer:
    """Somebody with a browser. `person` is None for whoever has not signed in, and then only public events are shown.

    Whoever is not `known` came without a cookie: nothing that is kept for them would be found again.
    """

    reader: str
    person: UUID | None = None
    known: bool = True


async def person_of(connection: HTTPConnection) -> UUID | None:
    """Return the person who is signed in, of a request or of a stream. Raises Unavailable."""
    person = await find_person(connection)
    return person.id if person else None


async def viewer(request: Request, visitor: Visitor) -> Viewer:
    """Return who looks, within a VisitorRoute."""
    person = await find_person(request)
    if person:
        return Viewer(person.reader, person.id)
    return Viewer(f"visitor:{visitor}", known=request.state.returning)


Viewing = Annotated[Viewer, Depends(viewer)]
