"""What a request brings is read to its end before anything is done for it, and no further than a limit.

Whoever sends a body slowly, or without end, holds a connection of their own and nothing that others wait for.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend import problems
from backend.errors import InvalidInput

MOST_BYTES = 1_000_000
"""Most bytes of a body: a pasted list of the greatest length takes a tenth."""
BOUNDED_THERE = frozenset({"/api/chat", "/v1/chat/completions", "/mcp"})
"""Where whole conversations are sent: these have limits of their own, and say in their own words that one was reached."""


class BodyTooLarge(InvalidInput):
    """The request is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "request-too-large"
    title_ko = "너무 큰 요청"


class RequestBody:
    """Pure ASGI middleware; what comes without a body, as streams do, passes through it untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in BOUNDED_THERE or not _brings_one(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MOST_BYTES:
                too_large = BodyTooLarge(
                    f"a body has at most {MOST_BYTES} bytes",
                    ko=f"보낸 내용이 너무 큽니다. {MOST_BYTES:,}바이트까지 받습니다.",
                )
                await problems.document(Request(scope), too_large)(scope, receive, send)
                return
        await self.app(scope, _told_again(bytes(body), receive), send)


def _brings_one(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _told_again(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
