"""A model's message as it grows out of chunks, whatever the manner of the server: text without the model's thoughts, calls, tokens."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.spending import estimated_tokens

_OPENING = re.compile(r"\s*<(think|thinking|thought|reasoning|seed:think)>", re.I)
_TAGS = ("<think>", "<thinking>", "<thought>", "<reasoning>", "<seed:think>")
_CLOSING = re.compile(r"</(?:think|thinking|thought|reasoning|seed:think)>\s*", re.I)
# Models whose template opens the thoughts already, so that only their end is written.
_OPENED_ALREADY = re.compile(r"deepseek-?r1|(?:^|/)r1|qwq|thinking|reason", re.I)
LONGEST_TAG = 16


@dataclass
class Call:
    """A tool call: its name and the arguments as text, as far as they have come."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    @property
    def complete(self) -> bool:
        """Whether the arguments are one whole JSON value."""
        if not self.arguments.rstrip().endswith("}"):
            return False
        try:
            json.loads(self.arguments, strict=False)
        except ValueError:
            return False
        return True


class WithoutThoughts:
    """Passes on text but for what stands in `<think>…</think>` at its beginning."""

    def __init__(self, model: str = "") -> None:
        self._held = ""
        self._state = "thinking" if _OPENED_ALREADY.search(model) else "beginning"
        self._unopened = self._state == "thinking"

    def __call__(self, piece: str) -> str:
        """What can be told of the text with this piece."""
        if self._state == "telling":
            return piece
        self._held += piece
        if self._state == "beginning":
            begun = self._held.lstrip().lower()
            if _OPENING.match(self._held):
                self._state = "thinking"
            elif not begun or any(tag.startswith(begun) for tag in _TAGS):
                return ""
            else:
                return self._tell(self._held)
        closing = _CLOSING.search(self._held)
        if closing is None or closing.end() == len(self._held):
            # The end of the tag, or blank lines after it, may still be on their way.
            if not self._unopened:
                self._held = self._held[-LONGEST_TAG * 2 :] if closing is None else self._held
            return ""
        return self._tell(self._held[closing.end() :])

    def _tell(self, text: str) -> str:
        self._state, self._held = "telling", ""
        return text

    def rest(self) -> str:
        """What was held back and is no thought after all, at the end of the text."""
        held, self._held = self._held, ""
        if self._state == "telling" or not held:
            return ""
        closing = _CLOSING.search(held)
        if closing is not None:
            return held[closing.end() :]
        return held if self._unopened or self._state == "beginning" else ""


def without_thoughts(text: str) -> str:
    """A whole text without the thoughts at its beginning."""
    passing = WithoutThoughts()
    return passing(text) + passing.rest()


class Reply:
    """One message. `on_text` and `on_call` hear what is new in it: a piece of text; a call's number, the call, and what was added."""

    def __init__(self, model: str, on_text: Callable[[str], None], on_call: Callable[[int, Call, str], None]) -> None:
        self.text = ""
        self.calls: list[Call] = []
        self.finish: str | None = None
        self.usage: tuple[int, int] | None = None
        self._estimated = 0.0
        self._by_index: dict[int, int] = {}
        self._thoughts = WithoutThoughts(model)
        self._on_text, self._on_call = on_text, on_call

    def add(self, chunk: dict[str, Any]) -> None:
        """Take in one chunk of the stream."""
        usage = chunk.get("usage")
        if usage:
            # Servers that report usage with every chunk report the sum so far.
            self.usage = (int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
        for choice in (chunk.get("choices") or [])[:1]:
            self.finish = choice.get("finish_reason") or self.finish
            delta = choice.get("delta") or {}
            self._estimate(delta.get("reasoning_content") or delta.get("reasoning"))
            self._add_text(_plain(delta.get("content")))
            for piece in delta.get("tool_calls") or []:
                self._add_call(piece)

    @property
    def tokens(self) -> int:
        """About how many tokens have been written, thoughts included, for servers that do not say."""
        return math.ceil(self._estimated)

    def _estimate(self, piece: Any) -> None:
        if isinstance(piece, str):
            self._estimated += estimated_tokens(piece)

    def end(self) -> None:
        """Tell what was held back."""
        self._tell(self._thoughts.rest())

    def _add_text(self, piece: str) -> None:
        self._estimate(piece)
        if piece:
            self._tell(self._thoughts(piece))

    def _tell(self, text: str) -> None:
        if text:
            self.text += text
            self._on_text(text)

    def _add_call(self, piece: dict[str, Any]) -> None:
        function = piece.get("function") or {}
        name, arguments = function.get("name") or "", function.get("arguments")
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
        number = self._number(piece.get("index"), piece.get("id") or "", name, arguments)
        call = self.calls[number]
        call.name = call.name or name
        call.arguments += arguments
        self._estimate(arguments)
        self._on_call(number, call, arguments)

    def _number(self, index: int | None, given: str, name: str, arguments: str) -> int:
        """Which call a piece belongs to: the one of its index, else the last; unless it plainly begins another."""
        number = len(self.calls) - 1 if index is None else self._by_index.get(index, -1)
        if number >= 0:
            call = self.calls[number]
            another_id = bool(given and call.id and given != call.id)
            another_call = bool(name and call.name and arguments.lstrip().startswith("{") and call.complete)
            another_name = bool(name and call.name and name != call.name)
            if not (another_id or another_call or another_name):
                call.id = call.id or given
                return number
        self.calls.append(Call(given))
        number = len(self.calls) - 1
        if index is not None:
            self._by_index[index] = number
        return number


def _plain(content: Any) -> str:
    """The text of a message's content, which some servers send as a list of parts."""
    if isinstance(content, list):
        return "".join(
            part.get("text") or "" for part in content if isinstance(part, dict) and part.get("type") == "text"
        )
    return content or ""
