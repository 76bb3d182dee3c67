"""What a reading of a question comes to: queries to run one after the other, and the reply made of their rows."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from agent.answer import Status, Table
from backend.graph.client import Result
from backend.graph.labels import HISTORY, MARKET

__all__ = ["HISTORY", "MARKET", "Call", "Plan", "Query", "Reply", "Steps", "literal", "literals", "table"]


@dataclass(frozen=True)
class Query:
    """One Cypher query of a plan."""

    cypher: str
    graph: str = MARKET


@dataclass(frozen=True)
class Call:
    """One call of another tool of the agent; what comes back is the market's own object (a schema of backend.market)."""

    tool: str
    arguments: dict[str, Any]


@dataclass
class Reply:
    """What is said in the end."""

    text: str
    tables: list[Table] = field(default_factory=list)
    status: Status = "answered"
    suggestions: list[str] = field(default_factory=list)


Steps = Generator[Query | Call, Any, Reply]


@dataclass(frozen=True)
class Plan:
    """A reading of the question: its kind, and the steps that answer it. `steps()` yields queries and takes their results."""

    kind: str
    steps: Callable[[], Steps]

    @classmethod
    def saying(cls, kind: str, reply: Reply) -> Plan:
        """A plan that needs no query."""

        def steps() -> Steps:
            yield from ()
            return reply

        return cls(kind, steps)


def literal(value: Any) -> str:
    """The Cypher literal of a string, number or boolean; nothing inside a string can end it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def literals(values: Any) -> str:
    """A Cypher list of literals."""
    return "[" + ", ".join(literal(value) for value in values) + "]"


def table(title: str, result: Result, *, columns: dict[str, str] | None = None) -> Table:
    """A result as a table; `columns` picks and renames its columns, all of them by default."""
    if columns is None:
        return Table(title, list(result.columns), [list(row) for row in result.rows], result.truncated)
    positions = [result.columns.index(name) for name in columns]
    rows = [[row[position] for position in positions] for row in result.rows]
    return Table(title, list(columns.values()), rows, result.truncated)
