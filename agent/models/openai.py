"""Language models behind OpenAI, Azure OpenAI and every OpenAI-compatible server, streamed and cancellable."""

from __future__ import annotations

import json
import math
from typing import Any

from smolagents.models import (
    ChatMessage,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    MessageRole,
    Model,
    TokenUsage,
)

from agent.models.answer_stream import AnswerStream, GrowingArgument, clean
from agent.models.connection import Server, pieces
from agent.models.failures import ModelUnavailable
from agent.models.parameters import manners
from agent.models.reply import Call, Reply, without_thoughts
from agent.models.requests import Again, Request
from agent.run_context import RunContext
from agent.spending import Spending, estimated_tokens
from agent.tools import TooManyFailures

__all__ = ["ModelUnavailable", "StreamedModel"]

# Enough for a long answer with its reasoning; a model that runs wild stops here.
MOST_TOKENS = 16_000
_BROKEN_OFF = "\n\n_(…)_"


class StreamedModel(Model):
    """A smolagents model that streams what it is told into an AnswerStream.

    `stop` is never sent, because reasoning models refuse it and tool calls do not need it. A message without a tool call counts as the
    final answer. Raises ModelUnavailable or SpendingLimit, both with a Korean sentence, and RunCancelled soon after a cancel.
    """

    def __init__(self, context: RunContext, answer: AnswerStream) -> None:
        super().__init__(model_id=context.settings.model, flatten_messages_as_text=True)
        self._context, self._answer = context, answer
        self._server = Server.of(context.settings)
        self._manners = manners(self._server.base_url, context.settings.model)
        self._spending = Spending(context)

    def generate(
        self, messages: list[ChatMessage], *_: Any, tools_to_call_from: list[Any] | None = None, **__: Any
    ) -> ChatMessage:
        """The model's next message, told on the way."""
        self._context.check()
        if isinstance(self._context.error, TooManyFailures):
            raise self._context.error
        if self._context.proposal is not None:
            # Proposed: the person has the next word, and the model none any more.
            return ChatMessage(
                role=MessageRole.ASSISTANT, content=None, tool_calls=[_call("proposed", "final_answer", {"answer": ""})]
            )
        tools = tools_to_call_from or []
        arguments = self._prepare_completion_kwargs(messages=messages, tools_to_call_from=tools, model=self.model_id)
        arguments |= {"temperature": 0, "max_tokens": MOST_TOKENS, "stream_options": {"include_usage": True}}
        with self._context.stage("think"):
            reply = self._received(arguments)
        usage = TokenUsage(*reply.usage) if reply.usage else None
        return self._message(reply, {tool.name for tool in tools}, usage)

    def _received(self, arguments: dict[str, Any]) -> Reply:
        """The whole reply. What it used is counted however it ends."""
        expected = math.ceil(estimated_tokens(_written(arguments)))
        request = Request(self._server, self._manners, arguments, self._context.settings.model_timeout_s)
        reply, billed = self._begun(), True
        self._spending.reserve(expected)
        try:
            for chunk in pieces(request.chunks, self._context.check):
                if isinstance(chunk, Again):
                    reply = self._begun()
                else:
                    reply.add(chunk)
            reply.end()
        except ModelUnavailable as error:
            billed = error.billed
            raise
        finally:
            used = reply.usage or ((expected, reply.tokens) if billed or request.arrived else (0, 0))
            self._spending.settle(*used)
        return reply

    def _begun(self) -> Reply:
        self._answer.start()
        return Reply(self.model_id or "", self._answer.on_text, self._answer.on_call)

    def _message(self, reply: Reply, tools: set[str], usage: TokenUsage | None) -> ChatMessage:
        if reply.finish == "content_filter":
            raise ModelUnavailable(
                "the content filter stopped the model", ko="언어 모델의 안전 필터가 답을 막았습니다."
            )
        calls = [
            _call(f"call-{number}", call.name, _arguments(call)) for number, call in enumerate(reply.calls) if call.name
        ]
        text = clean(reply.text).strip()
        if not calls and text:
            calls = [_written_call(text, tools) or _call("plain-text", "final_answer", {"answer": text})]
        final = bool(calls) and calls[0].function.name == "final_answer"
        if reply.finish == "length" and final:
            calls[0].function.arguments["answer"] += _BROKEN_OFF
        elif reply.finish == "length":
            raise ModelUnavailable(
                f"the model wrote more than {MOST_TOKENS} tokens",
                ko="언어 모델의 답이 길이 제한에 걸려 끝나지 않았습니다.",
                en="The language model's answer was too long to finish.",
            )
        if not calls:
            raise ModelUnavailable(
                f"the model said nothing, finish_reason {reply.finish!r}",
                ko="언어 모델이 빈 답을 보냈습니다. 다시 물어봐 주세요.",
                en="The language model sent an empty answer. Please ask again.",
            )
        # With the answer first, nothing needs to be looked up any more; after other calls, their results come first.
        others = [call for call in calls if call.function.name != "final_answer"]
        calls = calls[:1] if final else others
        return ChatMessage(role=MessageRole.ASSISTANT, content=text or None, tool_calls=calls, token_usage=usage)


def _written(arguments: dict[str, Any]) -> str:
    return json.dumps([arguments["messages"], arguments.get("tools")], ensure_ascii=False)


def _call(number: str, name: str, arguments: Any) -> ChatMessageToolCall:
    if name == "final_answer":
        arguments = _final(arguments)
    return ChatMessageToolCall(
        id=number, type="function", function=ChatMessageToolCallFunction(name=name, arguments=arguments)
    )


def _arguments(call: Call) -> Any:
    """A call's arguments as they were meant: an object; text that is no JSON stays text, and the tool complains about it."""
    try:
        read = json.loads(call.arguments or "{}", strict=False)
        # Some servers wrap the object into a string once more.
        return json.loads(read, strict=False) if isinstance(read, str) and call.name != "final_answer" else read
    except ValueError:
        if call.name == "final_answer":
            # Cut off by the length limit, or badly written: what was told of it is the answer.
            return {"answer": GrowingArgument("answer").add(call.arguments) or call.arguments}
        return call.arguments


def _final(arguments: Any) -> dict[str, Any]:
    """The arguments of the final answer, without what the tool does not know."""
    if not isinstance(arguments, dict) or "answer" not in arguments:
        answer = next(iter(arguments.values()), "") if isinstance(arguments, dict) else arguments
        return {"answer": _as_text(answer)}
    status = arguments.get("status")
    return {"answer": _as_text(arguments["answer"]), **({"status": status} if isinstance(status, str) else {})}


def _as_text(answer: Any) -> str:
    return clean(without_thoughts(answer) if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False))


def _written_call(text: str, tools: set[str]) -> ChatMessageToolCall | None:
    """A tool call that the model wrote as JSON into its text, as small models do; None for ordinary text."""
    decoder = json.JSONDecoder(strict=False)
    start = text.find("{")
    while start >= 0:
        try:
            found, _ = decoder.raw_decode(text, start)
        except ValueError:
            found = None
        if isinstance(found, dict):
            found = found.get("function") if isinstance(found.get("function"), dict) else found
            name = found.get("name") or found.get("tool") or found.get("function")
            if name in tools:
                given = next((found[key] for key in ("arguments", "parameters", "input") if key in found), {})
                return _call("written", name, _arguments(given) if isinstance(given, str) else given)
        start = text.find("{", start + 1)
    return None
