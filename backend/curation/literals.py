"""The literals of a Cypher query, and replacing them by parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backend.graph.tokens import Kind, Token, tokenize

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_COMPARISONS = (">", ">=", "<", "<=", "=")


@dataclass(frozen=True)
class Literal:
    """A string, number or list of them. `first` and `last` are the places of its tokens."""

    value: Any
    first: int
    last: int


class Query:
    """A query whose literals are replaced one by one; `text` is what has become of it."""

    def __init__(self, cypher: str) -> None:
        self._cypher = cypher
        self._tokens: Sequence[Token] = tokenize(cypher)
        self._edits: dict[int, tuple[int, str]] = {}

    @property
    def text(self) -> str:
        """The query with what was replaced."""
        text = self._cypher
        for start, (end, new) in sorted(self._edits.items(), reverse=True):
            text = f"{text[:start]}{new}{text[end:]}"
        return text

    def literals(self) -> Iterator[Literal]:
        """The literals that are still there, lists before what is in them."""
        found = [*self._lists(), *self._scalars()]
        for literal in found:
            if not self._is_replaced(literal):
                yield literal

    def replace(self, literal: Literal, new: str) -> None:
        """Put a text in the place of a literal."""
        self._put(literal.first, literal.last, new)

    def replace_comparison(
        self, literal: Literal, write: Callable[[str], str], *, properties: Sequence[str] = ()
    ) -> bool:
        """Put `write(operand)` in the place of `operand OP literal`, where the operand is a name or a property.

        With `properties` it must be one of these; the operand is then given without its property. Returns whether it is so.
        """
        operator = literal.first - 1
        if operator < 1 or not self._tokens[operator].is_symbol(*_COMPARISONS):
            return False
        start = self._operand(operator - 1)
        if start is None:
            return False
        operand = self._cypher[self._tokens[start].start : self._tokens[operator - 1].end]
        if properties:
            name = self._tokens[operator - 1]
            if start == operator - 1 or name.value not in properties:
                return False
            operand = self._cypher[self._tokens[start].start : self._tokens[operator - 3].end]
        self._put(start, literal.last, write(operand))
        return True

    def replace_in_map(self, literal: Literal, properties: Sequence[str], new: str) -> bool:
        """Put a text in the place of `property: literal` in a map; returns whether it stands in one."""
        first = literal.first
        if first < 2 or not self._tokens[first - 1].is_symbol(":") or self._tokens[first - 2].value not in properties:
            return False
        if first < 3 or not self._tokens[first - 3].is_symbol("{", ","):
            return False
        self._put(first - 2, literal.last, new)
        return True

    def operator_before(self, literal: Literal) -> str:
        """The comparison in front of a literal, empty where there is none."""
        before = self._tokens[literal.first - 1] if literal.first else None
        return before.text if before is not None and before.is_symbol(*_COMPARISONS) else ""

    def is_limit(self, literal: Literal) -> bool:
        """Whether a literal says how many rows are wanted."""
        return literal.first > 0 and self._tokens[literal.first - 1].keyword == "LIMIT"

    def _operand(self, last: int) -> int | None:
        """Where a name, or a chain of names with dots between, begins that ends with a token."""
        if not self._tokens[last].is_name:
            return None
        while last >= 2 and self._tokens[last - 1].is_symbol(".") and self._tokens[last - 2].is_name:
            last -= 2
        return last

    def _put(self, first: int, last: int, new: str) -> None:
        self._edits[self._tokens[first].start] = (self._tokens[last].end, new)

    def _is_replaced(self, literal: Literal) -> bool:
        place = self._tokens[literal.first].start
        return any(start <= place < end for start, (end, _) in self._edits.items())

    def _scalars(self) -> Iterator[Literal]:
        for index, token in enumerate(self._tokens):
            if token.kind is Kind.STRING:
                yield Literal(_ESCAPED.sub(r"\1", token.value), index, index)
            elif token.kind is Kind.NUMBER:
                negative = index > 0 and self._tokens[index - 1].is_symbol("-") and not self._is_operand(index - 2)
                value = float(int(token.text, 16) if token.text[:2].lower() == "0x" else token.text)
                yield Literal(-value if negative else value, index - negative, index)

    def _is_operand(self, index: int) -> bool:
        if index < 0:
            return False
        token = self._tokens[index]
        return token.is_name or token.kind is Kind.NUMBER or token.is_symbol(")", "]")

    def _lists(self) -> Iterator[Literal]:
        scalars = {literal.first: literal for literal in self._scalars()}
        for index, token in enumerate(self._tokens):
            if not token.is_symbol("["):
                continue
            values, place = [], index + 1
            while place in scalars:
                values.append(scalars[place].value)
                place = scalars[place].last + 1
                if place < len(self._tokens) and self._tokens[place].is_symbol(","):
                    place += 1
            if values and place < len(self._tokens) and self._tokens[place].is_symbol("]"):
                yield Literal(values, index, place)
