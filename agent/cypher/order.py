"""Orders that put what is unknown on top.

In descending order Cypher puts missing values first, so "the largest fund" would be one whose size nobody knows. Such a
query is legal and often meant well, so it is not refused: its author is told.
"""

from __future__ import annotations

from agent.cypher.text import CypherText
from backend.graph.labels import GRAPHS

_AFTER_ORDER = frozenset({"SKIP", "LIMIT", "RETURN", "WITH", "MATCH", "OPTIONAL", "UNWIND", "UNION", "WHERE"})
_DESCENDING = frozenset({"DESC", "DESCENDING"})
_OPTIONAL = frozenset(
    prop.name
    for graph in GRAPHS.values()
    for entity in (*graph.nodes, *graph.edges)
    for prop in entity.properties
    if prop.optional
)


def unknown_first(text: CypherText) -> list[str]:
    """Return advice for each property that can be missing and that the query orders by, descending, untested."""
    advice: list[str] = []
    for index in range(len(text.tokens)):
        if text.keyword(index) == "BY" and text.keyword(index - 1) == "ORDER":
            for first, last in _items(text, index + 1):
                shown = _property(text, first, last - 1) if text.keyword(last) in _DESCENDING else ""
                if shown:
                    advice.append(
                        f"{shown} can be missing, and missing values come first in descending order: "
                        f"add WHERE {shown} IS NOT NULL."
                    )
    return advice


def _items(text: CypherText, start: int) -> list[tuple[int, int]]:
    """Return the first and last token of each item of the ORDER BY whose items begin at `start`."""
    around = text.inside[start - 1]
    items: list[tuple[int, int]] = []
    first = index = start
    while index < len(text.tokens) and index != text.closing.get(around) and not text.is_symbol(index, ";"):
        if text.inside[index] == around:
            if text.keyword(index) in _AFTER_ORDER:
                break
            if text.is_symbol(index, ","):
                items.append((first, index - 1))
                first = index + 1
        index += 1
    items.append((first, index - 1))
    return [(first, last) for first, last in items if first <= last]


def _property(text: CypherText, first: int, last: int) -> str:
    """Return `e.aum` if the item is that, or an alias of it, and it can be missing untested; else an empty string."""
    if first == last and text.is_name(first):
        first, last = _aliased(text, text.tokens[first].value)
    if last - first != 2 or not text.is_symbol(first + 1, "."):
        return ""
    name = text.tokens[last].value
    if name not in _OPTIONAL or _is_tested(text, name):
        return ""
    return f"{text.tokens[first].text}.{text.tokens[last].text}"


def _aliased(text: CypherText, alias: str) -> tuple[int, int]:
    """Return the first and last token of the property that an alias stands for, (0, 0) if it stands for none."""
    for index in range(5, len(text.tokens)):
        named = text.is_name(index) and text.tokens[index].value == alias and text.keyword(index - 1) == "AS"
        alone = text.is_symbol(index - 5, ",") or text.keyword(index - 5) in ("RETURN", "WITH", "DISTINCT")
        if named and alone and text.is_symbol(index - 3, "."):
            return index - 4, index - 2
    return 0, 0


def _is_tested(text: CypherText, name: str) -> bool:
    """Say whether the query asks if that property is missing, or compares it, which a missing one fails."""
    return any(
        token.is_name
        and token.value == name
        and text.is_symbol(index - 1, ".")
        and (text.keyword(index + 1) == "IS" or text.is_symbol(index + 1, "<", ">", "<=", ">=", "="))
        for index, token in enumerate(text.tokens)
    )
