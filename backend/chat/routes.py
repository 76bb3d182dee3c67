"""`POST /api/chat`: a question in, its answer as a stream of AG-UI events."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any

from ag_ui.core import RunAgentInput
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from sse_starlette import EventSourceResponse
from starlette.types import Message

from backend import problems
from backend.chat.schemas import chat_request
from backend.chat.stream import ChatRuns
from backend.errors import InvalidInput

BODY_LIMIT = 2_000_000
"""Most bytes of a request: clients send the whole conversation along."""


class RequestTooLarge(InvalidInput):
    """The request is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "request-too-large"
    title_ko = "너무 큰 요청"


class BoundedRoute(APIRoute):
    """A route that stops reading a request's body at BODY_LIMIT, before it fills the memory."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler behind the limit."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            body = bytearray()
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise RequestTooLarge(ko="대화가 너무 깁니다. 새 대화를 시작해 주세요.")

            async def receive() -> Message:
                return {"type": "http.request", "body": bytes(body), "more_body": False}

            return await handle(Request(request.scope, receive))

        return bounded


router = APIRouter(prefix="/api", tags=["chat"], route_class=BoundedRoute)


def chat_runs(request: Request) -> ChatRuns:
    """Return the runs of this application."""
    return request.app.state.chat_runs


@router.post(
    "/chat",
    response_class=EventSourceResponse,
    summary="Ask a question",
    responses={
        200: {"description": "AG-UI events, one JSON object a `data:` line", "content": {"text/event-stream": {}}},
        413: problems.response("The conversation is too long"),
        422: problems.response("The question is missing, empty or too long"),
        503: problems.response("Too many questions are being answered"),
    },
)
async def chat(run: RunAgentInput, runs: Annotated[ChatRuns, Depends(chat_runs)]) -> EventSourceResponse:
    """Answer the last message of an AG-UI `RunAgentInput`.

    Tables come as CUSTOM events named `table`, the final object (as `atlas ask --json` prints it) as CUSTOM `answer`.
    A stream that ends without RUN_FINISHED or RUN_ERROR was cut.
    """
    return runs.response(chat_request(run))
