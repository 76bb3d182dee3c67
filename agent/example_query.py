"""Running a verified example: its lookups, then its query, then its answer in words."""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.templates import choose, render
from agent.verified_example import Example, SlotValue
from backend.graph.client import Result

# Runs one Cypher query: graph, text, parameters.
Runner = Callable[[str, str, Mapping[str, Any]], Result]


@dataclass(frozen=True)
class ExampleAnswer:
    """What an example says to a question: the answer (Markdown), the table's title and rows, and every query that ran."""

    text: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    cypher: tuple[str, ...]
    truncated: bool = False


@dataclass(frozen=True)
class ExampleQuery:
    """One query of an example, with the parameters it names."""

    graph: str
    cypher: str
    parameters: Mapping[str, Any]


def answering(
    example: Example, values: Mapping[str, SlotValue], as_of: str | None = None
) -> Generator[ExampleQuery, Result, ExampleAnswer]:
    """Answer by the example with these slot values: every yielded query is to be sent its result.

    Examples that refuse or ask back yield nothing. KeyError names a slot that has neither a value nor a default,
    ValueError a number that is out of bounds.
    """
    if not example.cypher:
        return ExampleAnswer(choose(example.answer, example.context(values, (), (), as_of)), "", (), (), ())
    parameters = example.parameters(values)
    found: dict[str, Any] = {}
    for lookup in example.lookups:
        rows = (yield _query(lookup.graph, lookup.cypher, {**parameters, **found})).rows
        if lookup.single:
            found[lookup.name] = rows[0][0] if rows else None
        else:
            found[lookup.name] = [row[0] for row in rows]
    result = yield _query(example.graph, example.cypher, {**parameters, **found})
    context = example.context(values, result.columns, result.rows, as_of, found)
    text = choose(example.answer if result.rows else example.answer_empty, context)
    queries = (*(lookup.cypher for lookup in example.lookups), example.cypher)
    return ExampleAnswer(text, render(example.title, context), result.columns, result.rows, queries, result.truncated)


def run_example(
    example: Example, values: Mapping[str, SlotValue], run: Runner, as_of: str | None = None
) -> ExampleAnswer:
    """Answer by the example; `run` carries the queries out, and what it raises comes through."""
    steps = answering(example, values, as_of)
    try:
        query = next(steps)
        while True:
            query = steps.send(run(query.graph, query.cypher, query.parameters))
    except StopIteration as finished:
        return finished.value


def _query(graph: str, cypher: str, parameters: Mapping[str, Any]) -> ExampleQuery:
    named = {name: value for name, value in parameters.items() if re.search(rf"\${name}\b", cypher)}
    return ExampleQuery(graph, cypher, named)
