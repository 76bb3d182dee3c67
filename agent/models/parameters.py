"""What each server and model wants to be asked differently, learnt from its refusals.

OpenAI-compatible servers know different parts of OpenAI's request: reasoning models refuse `temperature` and `max_tokens`, some
servers know `tool_choice` "auto" only or no tools at all. A refusal (400 or 422) names the part; it is left out or replaced from then
on, for as long as the process lives.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import openai

Arguments = dict[str, Any]

# What no request can do without.
_NEEDED = {"model", "messages", "stream"}
_NO_TOOLS = re.compile(
    r"function.?call|enable-auto-tool-choice|support tool|tool use|\btools?\b.*not (?:be )?support", re.I
)
_NO_SYSTEM = re.compile(
    r"messages\[0\]\.role|system (?:role|message|prompt)|role.{0,20}system|developer instruction", re.I
)
_REASONING_MODEL = re.compile(r"(?:^|/)(?:o\d|gpt-5)", re.I)
_WRITTEN_CALLS = (
    "You can call these tools:\n{tools}\nTo call one, reply with nothing but JSON: "
    '{{"name": "query_graph", "arguments": {{"cypher": "…", "graph": "etf_graph"}}}}. Tool results come back as “Observation”.'
)


def _without(name: str) -> Callable[[Arguments], Arguments]:
    return lambda arguments: {key: value for key, value in arguments.items() if key != name}


def _renamed(arguments: Arguments) -> Arguments:
    kept = _without("max_tokens")(arguments)
    return {**kept, "max_completion_tokens": arguments["max_tokens"]} if "max_tokens" in arguments else kept


def _tools_in_words(arguments: Arguments) -> Arguments:
    """The tools described in the system prompt, for models that are given none; they write their calls as JSON."""
    kept = _without("tool_choice")(_without("tools")(arguments))
    if "tools" not in arguments:
        return kept
    tools = "\n".join(json.dumps(tool["function"], ensure_ascii=False) for tool in arguments["tools"])
    first, *rest = arguments["messages"]
    told = {**first, "content": f"{first['content']}\n\n{_WRITTEN_CALLS.format(tools=tools)}"}
    return {**kept, "messages": [told, *rest]}


def _without_system(arguments: Arguments) -> Arguments:
    """The system prompt as the beginning of the first user message."""
    first, *rest = arguments["messages"]
    if first["role"] != "system":
        return arguments
    if rest and rest[0]["role"] == "user":
        return {
            **arguments,
            "messages": [{"role": "user", "content": f"{first['content']}\n\n{rest[0]['content']}"}, *rest[1:]],
        }
    return {**arguments, "messages": [{**first, "role": "user"}, *rest]}


# What a refusal is remembered as, and what it does to a request. Any other name is the name of a parameter to leave out.
_CHANGES: dict[str, Callable[[Arguments], Arguments]] = {
    "max_tokens, renamed": _renamed,
    "tool_choice, auto": lambda arguments: {**arguments, "tool_choice": "auto"} if "tools" in arguments else arguments,
    "tools": _tools_in_words,
    "system": _without_system,
}


class Manners:
    """How one server wants one model to be asked. Shared by the threads that ask it."""

    def __init__(self, model: str) -> None:
        self._lock = threading.Lock()
        # Known beforehand, to save the refused request.
        known = ("temperature", "max_tokens, renamed") if _REASONING_MODEL.search(model) else ()
        self._learnt: tuple[str, ...] = known

    @property
    def learnt(self) -> tuple[str, ...]:
        return self._learnt

    def applied(self, arguments: Arguments) -> Arguments:
        """The request as this server takes it."""
        for name in self._learnt:
            arguments = _CHANGES.get(name, _without(name))(arguments)
        return arguments

    def learn(self, refusal: openai.APIStatusError, sent: Arguments) -> bool:
        """Learn from a refusal of a request as it was sent; False when it names nothing that could be asked differently."""
        lesson = _lesson(refusal, sent)
        if lesson is None:
            return False
        with self._lock:
            if lesson not in self._learnt:
                self._learnt = (*self._learnt, lesson)
        return True


def _lesson(refusal: openai.APIStatusError, sent: Arguments) -> str | None:
    said = str(refusal)
    named = [name for name in sent if name not in _NEEDED and _names(name, refusal.param, said)]
    if "max_tokens" in named and "max_completion_tokens" in said and "too large" not in said:
        return "max_tokens, renamed"
    if "tools" in sent and ("tools" in named or _NO_TOOLS.search(said)) and "tool_choice" not in named:
        return "tools"
    if "tool_choice" in named:
        return "tool_choice, auto" if sent["tool_choice"] != "auto" else "tools"
    if named:
        return named[0]
    if sent["messages"][0]["role"] == "system" and _NO_SYSTEM.search(said):
        return "system"
    return None


def _names(name: str, param: str | None, said: str) -> bool:
    if param:
        return re.split(r"[.\[]", param)[0] == name
    return re.search(rf"\b{name}\b", said) is not None


_MANNERS: dict[tuple[str | None, str], Manners] = {}
_LOCK = threading.Lock()


def manners(server: str | None, model: str) -> Manners:
    """Return what is known about a model of a server."""
    with _LOCK:
        return _MANNERS.setdefault((server, model), Manners(model))
