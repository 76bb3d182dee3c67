"""Requests that stop being read before they fill the memory."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message

from backend.errors import InvalidInput

BODY_LIMIT = 2_000_000
"""Most bytes of a request: clients send the whole conversation along."""


class RequestTooLarge(InvalidInput):
    """The request is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "request-too-large"
    title_ko = "너무 큰 요청"


class BoundedRoute(APIRoute):
    """A route that stops reading a request's body at BODY_LIMIT."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler behind the limit."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            body = bytearray()
            try:
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > BODY_LIMIT:
                        raise RequestTooLarge(ko="대화가 너무 깁니다. 새 대화를 시작해 주세요.")
            except ClientDisconnect:
                # Nobody is there to be answered, and nothing here failed.
                return Response(status_code=HTTPStatus.BAD_REQUEST)

            async def receive() -> Message:
                return {"type": "http.request", "body": bytes(body), "more_body": False}

            return await handle(Request(request.scope, receive))

        return bounded
