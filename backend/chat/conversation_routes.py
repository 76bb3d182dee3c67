"""HTTP: a visitor's own conversations, and what they think of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend import problems
from backend.accounts.signed_in import SignedIn
from backend.chat import proposals, turns
from backend.errors import NotFound, Unavailable
from backend.metrics import FEEDBACK
from backend.visitor import Visitor, VisitorRoute

router = APIRouter(prefix="/api", tags=["conversations"], route_class=VisitorRoute)
_UNAVAILABLE = {503: problems.response("The database does not answer")}
_PROBLEMS = {404: problems.response("This visitor has no such conversation or turn"), **_UNAVAILABLE}


class Feedback(BaseModel):
    """What somebody thinks of an answer."""

    verdict: Literal["up", "down"] = Field(description="👍 or 👎")
    reason: str | None = Field(None, description="Why, in their words")


class GivenFeedback(BaseModel):
    """A verdict to be stored; null withdraws it."""

    verdict: Literal["up", "down"] | None = Field(description="👍, 👎, or null to withdraw the verdict")
    reason: str | None = Field(None, max_length=500, pattern=r"^[^\x00]*$", description="Why, in their words")


class Turn(BaseModel):
    """One question with its answer."""

    run_id: str = Field(description="Id of the run that answered")
    question: str = Field(description="The question, personal data masked")
    answer: dict[str, Any] = Field(description="The final object of the run, tables cut to 200 rows")
    created_at: datetime
    decision: Literal["set", "dropped"] | None = Field(
        None, description="What was decided of the answer's `proposal`; null while it is not"
    )
    feedback: Feedback | None = Field(description="This visitor's verdict")


class Decision(BaseModel):
    """What became of a proposed alert."""

    decision: Literal["set", "dropped"] = Field(
        description="It was set with PUT /api/watchlist/{etf}, or is not wanted"
    )


class Conversation(BaseModel):
    """A visitor's conversation."""

    id: str = Field(description="Its thread id")
    turns: list[Turn] = Field(description="Oldest first")


class ConversationSummary(BaseModel):
    """A conversation in a list."""

    id: str = Field(description="Its thread id")
    title: str = Field(description="Its first question")
    created_at: datetime
    turns: int = Field(description="Number of questions")


class Conversations(BaseModel):
    """A visitor's newest conversations."""

    conversations: list[ConversationSummary] = Field(description="Newest first, at most 50")


def writing(request: Request) -> Iterator[Connection]:
    """Lend a connection whose work is committed when the request succeeds. Raises Unavailable."""
    try:
        opened = request.app.state.database.engine("atlas_app").connect()
    except (OperationalError, PoolTimeout) as error:
        raise Unavailable(
            f"the database does not answer: {getattr(error, 'orig', error)}", ko="데이터베이스가 응답하지 않습니다."
        ) from error
    with opened, opened.begin():
        yield opened


# Committed before the answer is sent: whoever reads next finds it.
Stored = Annotated[Connection, Depends(writing, scope="function")]
Identifier = Annotated[str, Path(max_length=200, pattern=r"^[^\x00]*$", description="Id that the client chose")]


@router.get("/conversations", summary="List the visitor's conversations", responses=_UNAVAILABLE)
def list_conversations(visitor: Visitor, connection: Stored) -> Conversations:
    """Return the newest 50 conversations of whoever the cookie says it is; none without a cookie."""
    return Conversations.model_validate({"conversations": turns.newest_conversations(connection, visitor)})


@router.get("/conversations/{thread_id}", summary="Read a conversation again", responses=_PROBLEMS)
def read_conversation(thread_id: Identifier, visitor: Visitor, connection: Stored) -> Conversation:
    """Return the questions and answers of one of the visitor's conversations."""
    found = turns.conversation(connection, visitor, thread_id)
    if not found:
        raise NotFound(f"no conversation {thread_id!r} of this visitor", ko="대화를 찾을 수 없습니다.")
    return Conversation.model_validate({"id": thread_id, "turns": found})


@router.post(
    "/conversations/{thread_id}/claim", status_code=204, summary="Take a conversation along after signing in",
    responses={401: problems.response("Nobody is signed in"), **_PROBLEMS},
)  # fmt: skip
def claim_conversation(thread_id: Identifier, person: SignedIn, request: Request, connection: Stored) -> None:
    """Give the person who is signed in a conversation that was begun in this very browser before that."""
    if not turns.claim_conversation(connection, request.state.browser, person.reader, thread_id):
        raise NotFound(f"no conversation {thread_id!r} of this browser", ko="대화를 찾을 수 없습니다.")


@router.delete("/conversations/{thread_id}", status_code=204, summary="Remove a conversation", responses=_PROBLEMS)
def remove_conversation(thread_id: Identifier, visitor: Visitor, connection: Stored) -> None:
    """Remove one of the visitor's conversations with all its turns."""
    if not turns.remove_conversation(connection, visitor, thread_id):
        raise NotFound(f"no conversation {thread_id!r} of this visitor", ko="대화를 찾을 수 없습니다.")


@router.post("/chat/{run_id}/feedback", status_code=204, summary="Judge an answer", responses=_PROBLEMS)
def judge(run_id: Identifier, given: Annotated[GivenFeedback, Body()], visitor: Visitor, connection: Stored) -> None:
    """Store the visitor's verdict on one of their answers; a later one replaces it, null withdraws it."""
    if not turns.judge(connection, visitor, run_id, given.verdict, given.reason or ""):
        raise NotFound(f"no turn {run_id!r} of this visitor", ko="평가할 답변을 찾을 수 없습니다.")
    FEEDBACK.labels(given.verdict or "withdrawn").inc()


@router.put(
    "/chat/{run_id}/proposal", status_code=204, summary="Say what became of a proposed alert", responses=_PROBLEMS
)
def settle_proposal(
    run_id: Identifier, given: Annotated[Decision, Body()], visitor: Visitor, connection: Stored
) -> None:
    """Record that the visitor has set or dropped what one of their answers proposed, so that it is not confirmed again.

    The first decision stays.
    """
    if not proposals.settle(connection, visitor, run_id, given.decision):
        raise NotFound(f"no proposal of run {run_id!r} of this visitor", ko="제안한 알림을 찾을 수 없습니다.")
