"""Running a verified example: its lookups, then its query, then its answer in words."""

from collections.abc import Callable, Mapping, Sequence
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


def run_example(
    example: Example, values: Mapping[str, SlotValue], run: Runner, as_of: str | None = None
) -> ExampleAnswer:
    """Answer by the example with these slot values; `run` carries the queries out.

    Examples that refuse or ask back run nothing. KeyError names a slot that has neither a value nor a default, ValueError
    a number that is out of bounds; what `run` raises comes through.
    """
    if not example.cypher:
        return ExampleAnswer(choose(example.answer, example.context(values, (), (), as_of)), "", (), (), ())
    parameters = example.parameters(values)
    found: dict[str, Any] = {}
    for lookup in example.lookups:
        rows = run(lookup.graph, lookup.cypher, asked_for(lookup.cypher, {**parameters, **found})).rows
        if lookup.single:
            found[lookup.name] = rows[0][0] if rows else None
        else:
            found[lookup.name] = [row[0] for row in rows]
    result = run(example.graph, example.cypher, asked_for(example.cypher, {**parameters, **found}))
    context = example.context(values, result.columns, result.rows, as_of, found)
    text = choose(example.answer if result.rows else example.answer_empty, context)
    queries = (*(lookup.cypher for lookup in example.lookups), example.cypher)
    return ExampleAnswer(text, render(example.title, context), result.columns, result.rows, queries)


def asked_for(cypher: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a query names."""
    return {name: value for name, value in parameters.items() if f"${name}" in cypher}
