"""`POST /api/chat`: a question in, its answer as a stream of AG-UI events, which can be resumed and cancelled."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

import structlog
from ag_ui.core import RunAgentInput
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse

from backend import problems
from backend.accounts.signed_in import MaybePerson
from backend.chat.bounded import BoundedRoute
from backend.chat.consent import consents
from backend.chat.conversation_routes import Identifier
from backend.chat.conversation_routes import router as conversation_router
from backend.chat.replay import replayed
from backend.chat.schemas import ChatRequest, Consent, chat_request
from backend.chat.stream import ChatRuns
from backend.chat.turns import Turns
from backend.errors import NotFound
from backend.visitor import Asker, Visitor, VisitorRoute

log = structlog.get_logger(__name__)

LOOK_UP_WITHIN_S = 1.0
"""How long a question waits for finding out that it was answered long ago."""

router = APIRouter()


class ChatRoute(VisitorRoute, BoundedRoute):
    """A visitor's route with a bounded body."""


streams = APIRouter(prefix="/api", tags=["chat"], route_class=ChatRoute)


def chat_runs(request: Request) -> ChatRuns:
    """Return the runs of this application."""
    return request.app.state.chat_runs


def stored_turns(request: Request) -> Turns | None:
    """Return the stored turns of this application; None where nothing is stored."""
    return getattr(request.app.state, "turns", None)


Runs = Annotated[ChatRuns, Depends(chat_runs)]
Stored = Annotated[Turns | None, Depends(stored_turns)]
_EVENTS = {"description": "AG-UI events, one JSON object a `data:` line", "content": {"text/event-stream": {}}}
_UNKNOWN = {404: problems.response("This visitor has no such run")}


@streams.post(
    "/chat",
    response_class=EventSourceResponse,
    summary="Ask a question",
    responses={
        200: _EVENTS,
        413: problems.response("The conversation is too long"),
        422: problems.response("The question is missing, empty or too long"),
        503: problems.response("Too many questions are being answered"),
    },
)
async def chat(
    run: RunAgentInput, runs: Runs, turns: Stored, visitor: Visitor, asker: Asker, person: MaybePerson
) -> EventSourceResponse:
    """Answer the last message of an AG-UI `RunAgentInput`.

    Tables come as CUSTOM events named `table`, the final object (as `atlas ask --json` prints it, and `run_id`) as CUSTOM
    `answer`. An answer to a wish for an alert has a `proposal` in the final object, told as CUSTOM `proposal` before it:
    `{kind: "alert", etfs: [{code, name}], kinds, threshold_pp, premium_pct, discord, mute}`; no `etfs` are all on the
    watchlist, null leaves what is set. Nothing is set by it: its visitor confirms it with `PUT /api/watchlist/{etf}`, or,
    signed in, with a message such as `네` next; `아니요` drops it. `forwardedProps: {"answerBy": "model"}` asks the model even where a verified example would answer. The same
    `runId` again gives the same run from its beginning. A stream that ends without RUN_FINISHED or RUN_ERROR was cut: the
    run goes on for a while, and `GET /api/chat/{run_id}/events` resumes it.
    """
    request = chat_request(run, visitor, asker)
    if runs.find(visitor, request.run_id) is None:
        turn = await _stored(turns, visitor, request.run_id)
        if turn is not None:
            return _replay(turn, 0)
        request = await _consenting(request, turns, person)
    return runs.response(runs.begin(request))


@streams.get(
    "/chat/{run_id}/events",
    response_class=EventSourceResponse,
    summary="Resume or read again an answer",
    responses={200: _EVENTS, **_UNKNOWN},
)
async def events(
    run_id: Identifier,
    runs: Runs,
    turns: Stored,
    visitor: Visitor,
    last_event_id: Annotated[str | None, Header(description="Number of the last event that arrived")] = None,
    after: Annotated[int, Query(ge=0, le=1_000_000_000, description="The same, for clients that set no headers")] = 0,
) -> EventSourceResponse:
    """Give the events of one of the visitor's runs after the last one that arrived, and go on live.

    A run that ended long ago is told from what was stored of it: RUN_STARTED, tables, text, the final object.
    """
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        after = int(last_event_id[:9])
    run = runs.find(visitor, run_id)
    if run is not None:
        return runs.response(run, after)
    turn = await _stored(turns, visitor, run_id)
    if turn is None:
        raise NotFound(f"no run {run_id!r} of this visitor", ko="이어서 볼 답변을 찾을 수 없습니다.")
    return _replay(turn, after)


@streams.post("/chat/{run_id}/cancel", status_code=202, summary="Stop an answer", responses=_UNKNOWN)
async def cancel(run_id: Identifier, runs: Runs, visitor: Visitor) -> Response:
    """Stop one of the visitor's runs: its stream ends with RUN_ERROR `cancelled`. One that has ended stays as it is."""
    if not runs.cancel(visitor, run_id):
        raise NotFound(f"no run {run_id!r} of this visitor", ko="멈출 답변을 찾을 수 없습니다.")
    return Response(status_code=202)


async def _consenting(request: ChatRequest, turns: Turns | None, person: MaybePerson) -> ChatRequest:
    """The request as a word to the proposal that the last stored answer made, where it is one."""
    agrees = consents(request.question)
    if agrees is None or turns is None:
        return request
    try:
        waiting = await asyncio.wait_for(
            asyncio.to_thread(turns.waiting, request.visitor, request.thread_id), LOOK_UP_WITHIN_S
        )
    except (SQLAlchemyError, TimeoutError) as error:
        log.warning("waiting proposal not read", error=str(error), run_id=request.run_id)
        return request
    return request if waiting is None else replace(request, consent=Consent(waiting, agrees, person))


async def _stored(turns: Turns | None, visitor: str, run_id: str) -> dict[str, Any] | None:
    """Return the stored turn of a run; None where there is none or the database cannot say so in time."""
    if turns is None:
        return None
    try:
        return await asyncio.wait_for(asyncio.to_thread(turns.find, visitor, run_id), LOOK_UP_WITHIN_S)
    except (SQLAlchemyError, TimeoutError) as error:
        log.warning("stored turn not read", error=str(error), run_id=run_id)
        return None


def _replay(turn: dict[str, Any], after: int) -> EventSourceResponse:
    async def told() -> Any:
        for event in replayed(turn, after):
            yield event

    return EventSourceResponse(told(), sep="\n")


router.include_router(streams)
router.include_router(conversation_router)
