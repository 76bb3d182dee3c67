"""Tells a model's answer while the model is still writing it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from agent.models.reply import Call, WithoutThoughts

# Text that is no more than this may be a remark before a tool call.
SHORTEST_TEXT = 40
# From here on a text may be a tool call that the model wrote down instead of making it.
_WRITTEN_CALL = re.compile(r'[{\[]\s*(?:"|$)|```|<\|?(?:tool|function)|\bAction:|Calling tools')
_WHOLE_CHARACTERS = re.compile(
    r'(?:[^"\\]|\\[^u]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*'
)
_UNTIL_QUOTE = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)


class GrowingArgument:
    """The value of one string argument out of a call's JSON, decoded as the JSON grows.

    Every character is looked at once, so that a long answer costs no more by the word than a short one.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._rest = ""
        self._state = "outside"
        self._depth = 0
        self._key = ""
        self._at_key = False

    def add(self, piece: str) -> str:
        """What this piece of JSON adds to the argument's value."""
        self._rest += piece
        told = ""
        while self._rest and self._state != "over":
            before = len(self._rest), self._state
            told += self._step()
            if (len(self._rest), self._state) == before:
                break
        return told

    def _step(self) -> str:
        if self._state == "value":
            return self._decode()
        if self._state == "string":
            self._pass_string()
        else:
            self._pass_mark()
        return ""

    def _decode(self) -> str:
        whole = _WHOLE_CHARACTERS.match(self._rest).end()
        raw, self._rest = self._rest[:whole], self._rest[whole:]
        if self._rest.startswith('"'):
            self._state = "over"
        elif len(self._rest) > 12:
            # Nothing that JSON knows: the end of the message decides what it is.
            self._state = "over"
        try:
            return json.loads(f'"{raw}"', strict=False)
        except ValueError:
            self._state = "over"
            return ""

    def _pass_string(self) -> None:
        end = _UNTIL_QUOTE.match(self._rest).end()
        if self._at_key:
            self._key += self._rest[:end]
        self._rest = self._rest[end:]
        if self._rest.startswith('"'):
            self._rest, self._state = self._rest[1:], "outside"

    def _pass_mark(self) -> None:
        mark, self._rest = self._rest[0], self._rest[1:]
        if mark in "{[":
            self._depth += 1
            self._at_key = mark == "{" and self._depth == 1
            self._key = ""
        elif mark in "}]":
            self._depth -= 1
        elif mark == "," and self._depth == 1:
            self._at_key, self._key = True, ""
        elif mark == ":" and self._depth == 1:
            self._at_key = False
        elif mark == '"':
            wanted = self._depth == 1 and not self._at_key and self._key == self._name
            self._state = "value" if wanted else "string"


class AnswerStream:
    """Hears the pieces of the model's messages and tells those of the answer; `text` is all that was told.

    The answer is the argument of a `final_answer` call that stands alone or first, or a message of plain text.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.text = ""
        self.start()

    def start(self) -> None:
        """Get ready for the next message."""
        self._argument = GrowingArgument("answer")
        self._thoughts = WithoutThoughts()
        self._plain = ""
        self._held: str | None = ""
        self._called = False

    def on_call(self, number: int, call: Call, added: str) -> None:
        """A call has grown."""
        self._called = True
        if number == 0 and call.name == "final_answer":
            self._say(self._thoughts(self._argument.add(added)))

    def on_text(self, piece: str) -> None:
        """The plain text has grown. It is told once it is too long for a remark, unless it looks like a written call."""
        if self._called or self._held is None:
            return
        self._held += piece
        if len(self._plain) + len(self._held) < SHORTEST_TEXT:
            return
        doubtful = _WRITTEN_CALL.search(self._held)
        if doubtful is not None:
            # With what stands before it already told, the end decides about the rest.
            self._say(self._held[: doubtful.start()] if self._plain else "")
            self._held = None
            return
        sure = self._held.rstrip("{[`<")
        self._held = self._held[len(sure) :]
        self._plain += sure
        self._say(sure)

    def finish(self, answer: str) -> str:
        """Tell what is missing of the final answer; returns the answer as it was told in the end."""
        told, answer = self.text, clean(answer).strip()
        if answer.startswith(told):
            self._say(answer[len(told) :])
        elif told.rstrip() != answer:
            # A remark was told before; what has been told cannot be taken back.
            self._say(f"\n\n{answer}")
        return self.text

    def _say(self, text: str) -> None:
        text = clean(text) if self.text else clean(text).lstrip()
        if text:
            self.text += text
            self._tell(text)


def clean(text: str) -> str:
    """The text without what no database and no JSON can carry: NUL, and halves of character pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
