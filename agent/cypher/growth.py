"""How far texts and lists can grow from clause to clause: `WITH s + s AS s`, written thirty times, fills any memory."""

from __future__ import annotations

from collections.abc import Iterator

from agent.cypher.text import Bracket, CypherText, refuse_at
from backend.graph.tokens import Kind

# The longest text that could come out, in characters, and what a text of the graph is taken for.
MOST_GROWTH = 5_000_000
_STORED = 100

_CLAUSES = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "WHERE", "UNION", "ORDER", "SKIP", "LIMIT"})


def check_growth(text: CypherText) -> None:
    """Raise QueryRefused where texts or lists could be multiplied beyond reason."""
    longest = max((len(token.value) for token in text.tokens if token.kind is Kind.STRING), default=0)
    growth = max(longest, _STORED)
    for index, _ in enumerate(text.tokens):
        if text.keyword(index) in ("WITH", "RETURN", "UNWIND") and not text.is_word(index):
            growth *= max((_uses(text, first, last) for first, last in _items(text, index + 1)), default=1)
        if growth > MOST_GROWTH:
            refuse_at(
                text.tokens[index],
                "texts or lists could grow without bounds from clause to clause",
                "문자열이나 목록이 너무 커질 수 있습니다.",
                "Do not add a value to itself; name each value once in a WITH, and return values rather than joined texts.",
            )


def _items(text: CypherText, start: int) -> Iterator[tuple[int, int]]:
    """Yield the first token of each item of a clause, and the one after its last."""
    around, first, index = text.inside[start - 1], start, start
    while index < len(text.tokens) and index != text.closing.get(around):
        if text.inside[index] == around:
            starts_with = text.keyword(index) == "WITH" and text.keyword(index - 1) in ("STARTS", "ENDS")
            if text.keyword(index) in _CLAUSES and not text.is_word(index) and not starts_with:
                break
            if text.is_symbol(index, ","):
                yield first, index
                first = index + 1
        index += 1
    yield first, index


def _uses(text: CypherText, first: int, last: int) -> int:
    """Return how many values an item can put together: those that `+`, a list or a map join."""
    if not any(_joins(text, index) for index in range(first, last)):
        return 1
    return max(1, sum(_is_value(text, index) for index in range(first, last)))


def _joins(text: CypherText, index: int) -> bool:
    return text.is_symbol(index, "+", "||") or text.brackets.get(index) in (Bracket.LIST, Bracket.MAP)


def _is_value(text: CypherText, index: int) -> bool:
    """Say whether the token is a variable or the owner of a property: no function, key, alias or keyword."""
    token = text.tokens[index]
    return (
        token.is_name
        and not text.is_symbol(index + 1, "(", ":")
        and not text.is_symbol(index - 1, ".")
        and (not text.is_symbol(index - 1, ":") or text.within(index) is Bracket.MAP)
        and text.keyword(index - 1) != "AS"
        and token.keyword not in _WORDS
    )


_WORDS = frozenset(
    {"AND", "OR", "XOR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "CASE", "WHEN", "THEN", "ELSE", "END", "AS", "DISTINCT",
     "CONTAINS", "STARTS", "ENDS", "WITH", "WHERE", "MATCH", "RETURN", "EXISTS", "COUNT", "BY", "ASC", "DESC"}
)  # fmt: skip
