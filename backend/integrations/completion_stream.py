"""One run told in the chunks of a chat completion, in place of AG-UI's events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import RootModel

from agent.answer import Answer
from agent.events import AnswerDelta, Event, StepFinished
from backend.integrations import markdown
from backend.integrations.chat_completions import Completion, error


class Chunk(RootModel[dict[str, Any]]):
    """One chunk, ready to be written."""


class CompletionNarrator:
    """Tells a run as chunks: its steps as reasoning, its text as content, and below that its tables and evidence.

    `page` is the address of our page, for links into it. A run that fails ends in an error object, which OpenAI's clients raise.
    """

    def __init__(self, completion: Completion, *, include_usage: bool, page: str = "") -> None:
        self._completion = completion
        self._page = page
        self._include_usage = include_usage
        self._told_text = False

    def started(self) -> Iterator[Chunk]:
        """Open the assistant's message."""
        yield Chunk(self._completion.chunk({"role": "assistant", "content": ""}))

    def told(self, event: Event) -> Iterator[Chunk]:
        """Tell one event of the agent; tables come at the end."""
        match event:
            case StepFinished(_, _, text_ko):
                yield Chunk(self._completion.chunk({"reasoning_content": f"{text_ko}\n"}))
            case AnswerDelta(text):
                self._told_text = True
                yield Chunk(self._completion.chunk({"content": markdown.linked(text, self._page)}))

    def finished(self, answer: Answer) -> Iterator[Chunk]:
        """Tell what the text did not, and end."""
        if answer.status == "failed":
            yield from self.failed(answer.answer, "failed")
            return
        rest = markdown.appendix(answer, self._page) if self._told_text else markdown.whole(answer, self._page)
        if rest:
            yield Chunk(self._completion.chunk({"content": rest}))
        yield Chunk(self._completion.chunk({}, "stop"))
        if self._include_usage:
            yield Chunk(self._completion.usage_chunk(answer))

    def failed(self, message_ko: str, code: str) -> Iterator[Chunk]:
        """End with an error that people can read."""
        yield Chunk(error(message_ko, "server_error", code))
