"""OpenAI's chat completions: what clients send, and an answer in the shape that they expect.

The shapes are those of the API reference, "Create chat completion". Whatever sets how a model samples is accepted and
has no effect; instructions of clients (system, developer and tool messages) are not trusted and left out.
"""

from __future__ import annotations

import time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.answer import Answer, Message
from backend.chat.schemas import HISTORY_LIMIT, HISTORY_MESSAGE_LIMIT, QUESTION_LIMIT
from backend.errors import InvalidInput, NotFound
from backend.settings import Settings

VERIFIED_FIRST = "etf-atlas"
ALWAYS_MODEL = "etf-atlas-llm"
MESSAGE_LIMIT = 2_000


class UnknownModel(NotFound):
    """There is no such model."""

    slug = "model_not_found"
    title_ko = "없는 모델"


class ContentPart(BaseModel):
    """One part of a message; only texts are read."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str | None = None


class ChatMessage(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """What was said, without what cannot be stored."""
        content = self.content or ""
        if not isinstance(content, str):
            content = "\n".join(part.text or "" for part in content if part.type in ("text", "input_text"))
        return content.replace("\x00", "").strip()


class StreamOptions(BaseModel):
    """What a stream holds besides the answer."""

    model_config = ConfigDict(extra="allow")

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """The body of `POST /v1/chat/completions`; further fields are accepted and have no effect."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1, max_length=200, examples=[VERIFIED_FIRST])
    messages: list[ChatMessage] = Field(min_length=1, max_length=MESSAGE_LIMIT)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(1, ge=1)

    def question(self) -> str:
        """Return the last message, which must be the user's. Raises InvalidInput."""
        if self.n not in (None, 1):
            raise InvalidInput("`n` must be 1: there is one answer to a question.", ko="답은 하나만 만들 수 있습니다.")
        if self.messages[-1].role != "user" or not self.messages[-1].text:
            raise InvalidInput("The last message must be the user's question.", ko="질문이 없습니다.")
        if len(self.messages[-1].text) > QUESTION_LIMIT:
            raise InvalidInput(
                f"The question is too long: at most {QUESTION_LIMIT} characters are accepted.",
                ko=f"질문이 너무 깁니다. {QUESTION_LIMIT:,}자까지 입력할 수 있습니다.",
            )
        return self.messages[-1].text

    def history(self) -> tuple[Message, ...]:
        """Return what the user and the assistant said before, the oldest first."""
        earlier = [
            Message(message.role, message.text[:HISTORY_MESSAGE_LIMIT])  # type: ignore[arg-type]
            for message in self.messages[:-1]
            if message.role in ("user", "assistant") and message.text
        ]
        return tuple(earlier[-HISTORY_LIMIT:])


def models(settings: Settings) -> list[dict[str, Any]]:
    """List the models: verified answers first, and the language model alone where one is configured."""
    names = [VERIFIED_FIRST] if settings.model == "offline" else [VERIFIED_FIRST, ALWAYS_MODEL]
    return [{"id": name, "object": "model", "created": 0, "owned_by": "etf-atlas"} for name in names]


def check_model(name: str, settings: Settings) -> None:
    """Raise UnknownModel that lists what there is."""
    known = [model["id"] for model in models(settings)]
    if name not in known:
        raise UnknownModel(
            f"The model {name!r} does not exist; there are: {', '.join(known)}.",
            ko=f"‘{name}’ 모델은 없습니다. {', '.join(known)} 중에서 고르세요.",
        )


class Completion:
    """Writes one completion, whole or in chunks. `id` names it; times are seconds since 1970."""

    def __init__(self, run_id: str, model: str) -> None:
        self._head = {"id": f"chatcmpl-{run_id}", "created": int(time.time()), "model": model}

    def whole(self, text: str, answer: Answer) -> dict[str, Any]:
        """Return the completion as one object."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": usage(answer)}

    def chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        """Return one chunk of a stream."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}

    def usage_chunk(self, answer: Answer) -> dict[str, Any]:
        """Return the last chunk of a stream whose client asked for its usage."""
        return {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": usage(answer)}


def usage(answer: Answer) -> dict[str, int]:
    """Return the tokens of the language model behind an answer: none where a verified query answered."""
    used = answer.trace.usage
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.prompt_tokens + used.completion_tokens,
    }


def error(message: str, kind: str, code: str | None) -> dict[str, Any]:
    """Return an error in OpenAI's shape."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
