"""What a chat request must hold, and the question and history taken from it."""

from __future__ import annotations

from dataclasses import dataclass

from ag_ui.core import AssistantMessage, RunAgentInput, TextPart, UserMessage

from agent.answer import Message
from backend.accounts.person import Person
from backend.chat.proposals import Waiting
from backend.errors import InvalidInput

QUESTION_LIMIT = 2_000
"""Most characters of one question."""
HISTORY_LIMIT = 20
"""Most earlier messages that are handed to the agent; older ones are left out."""
HISTORY_MESSAGE_LIMIT = 4_000
"""Most characters of one earlier message; the rest of a longer one is left out."""
IDENTIFIER_LIMIT = 200
"""Most characters of a thread's or run's id."""


@dataclass(frozen=True)
class Consent:
    """What somebody says to a proposal that waits for it. `person` is who is signed in; None may agree to nothing."""

    waiting: Waiting
    agrees: bool
    person: Person | None


@dataclass(frozen=True)
class ChatRequest:
    """One question in a conversation.

    `visitor` is whose conversation it is, `asker` whom a model's tokens are counted for. Without `verified_first` the
    model is asked even where a verified example would answer. `consent` is there where the question is no question, but a
    word to the proposal before it.
    """

    thread_id: str
    run_id: str
    question: str
    history: tuple[Message, ...]
    visitor: str = ""
    asker: str = "local"
    verified_first: bool = True
    consent: Consent | None = None


def chat_request(run: RunAgentInput, visitor: str = "", asker: str = "local") -> ChatRequest:
    """Read the question (the last message, which must be a user's) and what was said before.

    Only what people and the assistant wrote counts as history; system, developer, tool and reasoning messages come from
    the client and are not trusted. Raises InvalidInput, in Korean, for a missing, empty or too long question.
    """
    for name, value in (("threadId", run.thread_id), ("runId", run.run_id)):
        if not 1 <= len(value) <= IDENTIFIER_LIMIT or not value.isprintable():
            raise InvalidInput(
                f"{name} must have 1 to {IDENTIFIER_LIMIT} printable characters.", ko=f"{name} 값이 올바르지 않습니다."
            )
    if not run.messages or not isinstance(run.messages[-1], UserMessage):
        raise InvalidInput("The last message must be the user's question.", ko="질문이 없습니다.")
    question = _text(run.messages[-1])
    if not question:
        raise InvalidInput("The question is empty.", ko="질문을 입력해 주세요.")
    if len(question) > QUESTION_LIMIT:
        raise InvalidInput(
            f"The question has {len(question)} characters; at most {QUESTION_LIMIT} are accepted.",
            ko=f"질문이 너무 깁니다. {QUESTION_LIMIT:,}자까지 입력할 수 있습니다.",
        )
    earlier = [
        Message("user" if isinstance(message, UserMessage) else "assistant", text[:HISTORY_MESSAGE_LIMIT])
        for message in run.messages[:-1]
        if isinstance(message, UserMessage | AssistantMessage) and (text := _text(message))
    ]
    wishes = run.forwarded_props if isinstance(run.forwarded_props, dict) else {}
    return ChatRequest(
        run.thread_id,
        run.run_id,
        question,
        tuple(earlier[-HISTORY_LIMIT:]),
        visitor=visitor,
        asker=asker,
        verified_first=wishes.get("answerBy") != "model",
    )


def _text(message: UserMessage | AssistantMessage) -> str:
    content = message.content or ""
    if not isinstance(content, str):
        content = "\n".join(part.text for part in content if isinstance(part, TextPart))
    # Neither NUL nor half a surrogate pair can be stored in a PostgreSQL text, and nobody types them.
    return content.replace("\x00", "").encode(errors="replace").decode().strip()
