"""Language models behind an OpenAI-compatible server, streamed and cancellable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import httpx
import openai
from smolagents import OpenAIModel
from smolagents.models import (
    REMOVE_PARAMETER,
    ChatMessage,
    ChatMessageStreamDelta,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    ChatMessageToolCallStreamDelta,
    MessageRole,
    agglomerate_stream_deltas,
)

from agent.run_context import RunContext
from agent.tools import TooManyFailures
from backend.errors import Unavailable
from backend.settings import Settings

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
MOST_RETRIES = 1

DeltaSink = Callable[[ChatMessageStreamDelta], None]


class ModelUnavailable(Unavailable):
    """The language model does not answer."""

    slug = "model-unavailable"
    title_ko = "언어 모델 사용 불가"


@lru_cache(maxsize=4)
def _client(base_url: str | None, api_key: str) -> openai.OpenAI:
    """One client, with its connections, for each server and key."""
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    return openai.OpenAI(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=MOST_RETRIES)


class StreamedModel(OpenAIModel):
    """smolagents' OpenAIModel with every delta handed to a sink as it arrives.

    `stop` is never sent, because reasoning models refuse it and tool calls do not need it. An answer without a tool call
    counts as the final answer. Raises ModelUnavailable with a Korean sentence for what goes wrong on the way.
    """

    def __init__(self, settings: Settings, context: RunContext, sink: DeltaSink) -> None:
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
        super().__init__(
            settings.model, client=_client(settings.openai_base_url, key), retry=False, stop=REMOVE_PARAMETER
        )
        self._context, self._sink = context, sink

    def generate(
        self, messages: list[ChatMessage], *_: Any, tools_to_call_from: list[Any] | None = None, **__: Any
    ) -> ChatMessage:
        """The model's next message, streamed to the sink on the way."""
        self._context.check()
        if isinstance(self._context.error, TooManyFailures):
            raise self._context.error
        arguments = self._prepare_completion_kwargs(
            messages=messages,
            tools_to_call_from=tools_to_call_from,
            model=self.model_id,
            custom_role_conversions=self.custom_role_conversions,
        )
        try:
            deltas = list(self._deltas(arguments))
        except openai.BadRequestError as error:
            if "tool_choice" not in str(error) or "tool_choice" not in arguments:
                raise _unavailable(error) from error
            # Some servers know `auto` only.
            try:
                deltas = list(self._deltas({**arguments, "tool_choice": "auto"}))
            except (openai.OpenAIError, httpx.HTTPError) as second:
                raise _unavailable(second) from second
        except (openai.OpenAIError, httpx.HTTPError) as error:
            raise _unavailable(error) from error
        return self._message(agglomerate_stream_deltas(deltas), tools_to_call_from or [])

    def _deltas(self, arguments: dict[str, Any]) -> Iterator[ChatMessageStreamDelta]:
        finished = False
        stream = self.client.chat.completions.create(**arguments, stream=True)
        try:
            for chunk in stream:
                self._context.check()
                for choice in chunk.choices[:1]:
                    finished = finished or choice.finish_reason is not None
                    delta = ChatMessageStreamDelta(
                        content=choice.delta.content,
                        tool_calls=[
                            ChatMessageToolCallStreamDelta(index=call.index, id=call.id, type=call.type, function=call.function)
                            for call in choice.delta.tool_calls or []
                        ] or None,
                    )  # fmt: skip
                    self._sink(delta)
                    yield delta
        finally:
            # Hanging up tells the server to stop.
            stream.close()
        if not finished:
            raise ModelUnavailable(
                "the stream ended before the message", ko="언어 모델의 답이 중간에 끊겼습니다. 다시 물어봐 주세요."
            )

    def _message(self, message: ChatMessage, tools: list[Any]) -> ChatMessage:
        if message.tool_calls:
            return message
        text = (message.content or "").strip()
        if not text:
            raise ModelUnavailable("the model said nothing", ko="언어 모델이 빈 답을 보냈습니다. 다시 물어봐 주세요.")
        written = self._written_call(message, {tool.name for tool in tools})
        if written is not None:
            return written
        function = ChatMessageToolCallFunction(name="final_answer", arguments={"answer": text})
        call = ChatMessageToolCall(id="plain-text", type="function", function=function)
        return ChatMessage(
            role=MessageRole.ASSISTANT, content=message.content, tool_calls=[call], token_usage=message.token_usage
        )

    def _written_call(self, message: ChatMessage, names: set[str]) -> ChatMessage | None:
        """A tool call that the model wrote as JSON into its text, as small models do; None for ordinary text."""
        if '"name"' not in (message.content or ""):
            return None
        try:
            parsed = self.parse_tool_calls(
                ChatMessage(role=message.role, content=message.content, token_usage=message.token_usage)
            )
        except (ValueError, KeyError, AssertionError):
            return None
        return parsed if parsed.tool_calls and parsed.tool_calls[0].function.name in names else None


def _unavailable(error: Exception) -> ModelUnavailable:
    """What went wrong as one Korean sentence. The key never appears: openai's messages do not hold it."""
    if isinstance(error, openai.RateLimitError):
        ko = "언어 모델에 요청이 너무 많습니다. 잠시 뒤에 다시 물어봐 주세요."
    elif isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        ko = "언어 모델의 키가 올바르지 않습니다. ATLAS_OPENAI_API_KEY를 확인해 주세요."
    elif isinstance(error, openai.NotFoundError):
        ko = "언어 모델을 찾을 수 없습니다. ATLAS_MODEL과 ATLAS_OPENAI_BASE_URL을 확인해 주세요."
    elif isinstance(error, openai.APITimeoutError | httpx.TimeoutException):
        ko = "언어 모델이 제한 시간 안에 답하지 않았습니다."
    elif isinstance(error, openai.APIConnectionError | httpx.TransportError):
        ko = "언어 모델에 연결할 수 없거나 연결이 끊겼습니다."
    else:
        ko = "언어 모델이 요청을 처리하지 못했습니다."
    return ModelUnavailable(f"{type(error).__name__}: {error}", ko=ko)
