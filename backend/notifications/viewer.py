"""Who looks at notifications: what they have read is counted for `reader`, what is theirs alone belongs to `person`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from backend.accounts.person import Person
from backend.accounts.signed_in import NotSignedIn, find_person
from backend.visitor import Visitor


@dataclass(frozen=True)
class Viewer:
    """Somebody with a browser. `person` is None for whoever has not signed in, and then only public events are shown.

    Whoever is not `known` came without a cookie: nothing that is kept for them would be found again.
    """

    reader: str
    person: UUID | None = None
    known: bool = True


async def person_of(connection: HTTPConnection) -> Person | None:
    """Return who opens a stream; None for whoever has not signed in, or whose session is over. Raises Unavailable.

    Raises NotSignedIn for a bearer token that is not, or no longer, one of ours: a program has to hear of that, while a browser
    goes on as nobody. What an address says of tokens is not read: addresses end up in logs.
    """
    person = await find_person(connection)
    if person is None and connection.headers.get("authorization", "").partition(" ")[0].lower() == "bearer":
        raise NotSignedIn(
            "the bearer token is unknown, revoked or expired", ko="토큰이 올바르지 않거나 만료되었습니다."
        )
    return person


async def viewer(request: Request, visitor: Visitor) -> Viewer:
    """Return who looks, within a VisitorRoute."""
    person = await find_person(request)
    if person:
        return Viewer(person.reader, person.id)
    return Viewer(f"visitor:{visitor}", known=request.state.returning)


Viewing = Annotated[Viewer, Depends(viewer)]
