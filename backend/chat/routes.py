"""`POST /api/chat`: a question in, its answer as a stream of AG-UI events."""

from __future__ import annotations

from typing import Annotated

from ag_ui.core import RunAgentInput
from fastapi import APIRouter, Depends, Request
from sse_starlette import EventSourceResponse

from backend import problems
from backend.chat.schemas import chat_request
from backend.chat.stream import ChatRuns

router = APIRouter(prefix="/api", tags=["chat"])


def chat_runs(request: Request) -> ChatRuns:
    """Return the runs of this application."""
    return request.app.state.chat_runs


@router.post(
    "/chat",
    response_class=EventSourceResponse,
    summary="Ask a question",
    responses={
        200: {"description": "AG-UI events, one JSON object a `data:` line", "content": {"text/event-stream": {}}},
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
