"""GET /api/notifications/stream: the events of this moment as server-sent events, as a raw ASGI endpoint."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from backend.errors import Unavailable
from backend.notifications.open_stream import turn_away
from backend.notifications.viewer import person_of

log = structlog.get_logger(__name__)

PATH = "/api/notifications/stream"


class NotificationStream:
    """Serves streams from `app.state.hub`, what they have missed from `app.state.notifications`, while `app.state.sessions` last.

    Middleware that reads or wraps bodies has no business on this path: it would cost something for each event and client.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            raise HTTPException(405, headers={"Allow": "GET"})
        state = scope["app"].state
        since, last_id = asyncio.get_running_loop().time(), last_event_id(scope)
        try:
            person = await person_of(HTTPConnection(scope))
            if last_id is not None:
                last_id = await state.notifications.position(last_id)
        except Unavailable as error:
            # An error would keep a browser from coming back.
            log.warning("a notification stream cannot be placed", reason=error.message)
            await turn_away(send)
            return
        if person is None:
            await state.hub.serve(scope, receive, send, person=None, last_id=last_id, replay=state.notifications.since)
        elif state.sessions.has_ended(person, since):
            await turn_away(send)
        else:
            session, replay = person.session or person.token, state.notifications.since
            await state.hub.serve(
                scope, receive, send, person=person.id, session=session, last_id=last_id, replay=replay
            )


def last_event_id(scope: Scope) -> int | None:
    """Return the id that a client names as the last one it knows; None where it names none, or none of ours.

    A browser that comes back by itself names it in the header, and repeats the address with which it once started.
    """
    named = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1")
    if not named:
        named = parse_qs(scope["query_string"].decode("latin-1")).get("last_event_id", [""])[0]
    return int(named) if named.isascii() and named.isdigit() and len(named) <= 18 else None
