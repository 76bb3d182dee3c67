"""What a language model is told: the prompt of prompts/graph_agent.yaml with the schema, the linked names and the nearest examples.

Names and words from people or from the data are put in as JSON strings, cut to LONGEST_NAME, so that none of them can pass for an
instruction or a new line of the prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from smolagents.memory import MemoryStep
from smolagents.models import ChatMessage, MessageRole

from agent.answer import Message
from agent.cypher.dialect import DIALECT
from agent.reading.question import Question
from agent.reading.tokens import Token
from agent.verified_example import Example
from backend.graph.labels import schema_text

PROMPT_FILE = Path(__file__).parent / "prompts" / "graph_agent.yaml"
MOST_MESSAGES = 10
LONGEST_MESSAGE = 2_000
SHOWN_EXAMPLES = 3
LONGEST_NAME = 80
# Control characters and line ends that JSON leaves as they are.
_UNESCAPED = re.compile("[\x7f-\x9f\u2028\u2029]")
_SHOWN_NAMES = 20
_SHOWN_OPTIONS = 5


@cache
def _prompt() -> dict[str, Any]:
    return yaml.safe_load(PROMPT_FILE.read_text(encoding="utf-8"))


def prompt_version() -> int:
    """The version of the prompt, kept with every turn that it was used for."""
    return _prompt()["version"]


@cache
def _schema() -> str:
    return schema_text().strip()


def instructions(question: Question, near: Sequence[Example]) -> str:
    """Return the system prompt for a question and the verified examples near it, best first."""
    prompt = _prompt()
    shown = [_shown(example) for example in near[:SHOWN_EXAMPLES]]
    return prompt["system"].format(
        dataset_note=prompt["sample_note"] if question.dataset == "sample" else "",
        as_of=question.as_of.isoformat(),
        rules=prompt["rules"].strip(),
        schema=_schema(),
        dialect=DIALECT.strip(),
        names=_names(question.tokens) or "none",
        examples="\n".join(shown) or "none",
    )


def _names(tokens: Sequence[Token]) -> str:
    lines = [line for token in tokens if (line := _named(token))]
    return "\n".join(list(dict.fromkeys(lines))[:_SHOWN_NAMES])


def _named(token: Token) -> str:
    value = token.value
    if token.is_entity and hasattr(value, "keys"):
        keys = ", ".join(quoted(key) for key in value.keys)
        return f"- {quoted(token.text)} = {value.kind} {quoted(value.name)}, key {keys}"
    if token.kind == "ambiguous":
        options = value.options[:_SHOWN_OPTIONS]
        means = "; ".join(f"{named.kind} {quoted(named.name)}, key {quoted(named.key)}" for named in options)
        return f"- {quoted(token.text)} can mean: {means}"
    if token.kind == "date" and not value.problem:
        return f"- {quoted(token.text)} = {value.first.isoformat()} to {value.last.isoformat()}"
    return ""


def quoted(text: str) -> str:
    """A text as a JSON string of at most LONGEST_NAME characters: data, whatever it says."""
    cut = text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + "…"
    return _UNESCAPED.sub(" ", json.dumps(cut, ensure_ascii=False))


def _shown(example: Example) -> str:
    kind = {"answered": "answered", "refused": "refused"}.get(example.outcome, "clarified")
    return _prompt()["examples"][kind].format(
        question=quoted(example.question), graph=example.graph, cypher=example.cypher.strip()
    )


@dataclass
class Said(MemoryStep):
    """An earlier message of the conversation, as the agent's memory holds it."""

    role: MessageRole
    text: str

    def to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:
        """Return it as the chat message that it was."""
        return [ChatMessage(role=self.role, content=[{"type": "text", "text": self.text}])]


def earlier(history: Sequence[Message]) -> list[Said]:
    """The last messages of a conversation for the agent's memory, cut to LONGEST_MESSAGE characters.

    They begin with a person's message, because some models refuse a conversation that does not.
    """
    roles = {"user": MessageRole.USER, "assistant": MessageRole.ASSISTANT}
    said = [
        Said(roles[message.role], _cut(message.content))
        for message in history[-MOST_MESSAGES:]
        if message.content.strip()
    ]
    while said and said[0].role == MessageRole.ASSISTANT:
        said.pop(0)
    return said


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + " …"
