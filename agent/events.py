"""What happens while a question is answered, told as it happens.

A step has a stable English `name` for programs and a Korean sentence for people. The sink that `ask` is given receives
these in order; a sink that raises ends the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.answer import Table


@dataclass(frozen=True)
class StepStarted:
    """A stage began: `link`, `examples`, `think`, `query` or `answer`."""

    id: str
    name: str
    text_ko: str


@dataclass(frozen=True)
class StepFinished:
    """A stage ended; `text_ko` says what came of it."""

    id: str
    name: str
    text_ko: str


@dataclass(frozen=True)
class ToolStarted:
    """The model called a tool."""

    id: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolFinished:
    """A tool returned, or its error went back to the model as text."""

    id: str
    name: str
    result_text: str


@dataclass(frozen=True)
class TableReady:
    """Rows that can already be shown."""

    table: Table


@dataclass(frozen=True)
class AnswerDelta:
    """The next piece of the answer's Markdown; the pieces joined are the answer."""

    text: str


Event = StepStarted | StepFinished | ToolStarted | ToolFinished | TableReady | AnswerDelta
Sink = Callable[[Event], None]
