"""What the description of the HTTP interface says of the event stream, which is no function that FastAPI could describe."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from backend import problems
from backend.notifications.stream import PATH

_ID = {"type": "string", "pattern": "^[0-9]{1,18}$"}
OPERATION: dict[str, Any] = {
    "tags": ["notifications"],
    "operationId": "stream_notifications",
    "summary": "What happens from here on, live",
    "description": (
        "Server-sent events, each an `id:` and a `data:` line with the JSON of a Notification, as `new EventSource(...)` "
        "reads them. Whoever names the last id they know is first told what came after it, then what happens: every "
        "event once, ids ascending. Without one the stream starts with what comes next. A block with an `id:` and no "
        "`data:` says where the reader stands, comments are pings. Whoever is signed in, by cookie or bearer token, is told "
        "their own events as well, and `event: read` (without an id) with `read_until` and `unread` when they mark something read "
        "anywhere. The stream ends when the server stops, the session ends or the reader takes nothing for long; reconnect with the "
        "last id, after the milliseconds of the `retry:` line. A token in the address is ignored."
    ),
    "parameters": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "Id of the last event that is known; browsers send it when they reconnect. Wins over the query",
            "schema": _ID,
        },
        {
            "name": "last_event_id",
            "in": "query",
            "description": "The same, for a first connection: `newest` of the list",
            "schema": _ID,
        },
    ],
    "security": [{}, {"session": []}, {"token": []}],
    "responses": {
        "401": {
            "description": "The bearer token is unknown, revoked or expired",
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
        "200": {
            "description": "The stream; it does not end by itself",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 7\ndata: {"id":7,"kind":"collection","date":"2026-07-08","subject":"","content":{}}\n\n',
                }
            },
        },
    },
}


def describe_stream(app: FastAPI) -> None:
    """Add the stream to the application's OpenAPI document."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        document["paths"].setdefault(PATH, {"get": OPERATION})
        return document

    app.openapi = openapi
