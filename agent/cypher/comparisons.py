"""Comparisons that could never be true: a text with a number, a date in another form, an action that there is not.

Such a query runs and finds nothing, which would read as "no such fund".
"""

from __future__ import annotations

import re

from agent.cypher.text import CypherText, refuse_at
from backend.graph.labels import Graph
from backend.graph.tokens import Kind, Token

_COMPARING = ("=", "<>", "<", ">", "<=", ">=")
_ISO_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_ACTIONS = ("new", "more", "less", "out")


def check_comparisons(text: CypherText) -> None:
    """Raise QueryRefused where a property is compared with what it never is."""
    for index, token in enumerate(text.tokens):
        if not token.is_symbol(*_COMPARING):
            continue
        value = text.token(index + 1)
        if value is None:
            continue
        # A property on the left, a literal that stands alone on the right.
        ends = text.token(index + 2)
        alone = ends is None or not ends.is_symbol("+", "-", "*", "/", "%", "^", ".", "[", "||")
        if text.is_symbol(index - 2, ".") and text.is_name(index - 3) and text.is_name(index - 1) and alone:
            before = text.token(index - 4)
            if before is None or not before.is_symbol("+", "-", "*", "/", "%", "^", "."):
                _check_value(text, index, value)


def _check_value(text: CypherText, index: int, value: Token) -> None:
    name = text.tokens[index - 1].value
    kinds = _kinds(text.graph, name)
    if len(kinds) != 1:
        return
    [kind] = kinds
    left = text.piece(index - 3, index)
    piece = text.piece(index - 3, index + 1)
    if value.kind is Kind.NUMBER and kind in ("string", "date"):
        shown = (
            f"{value.text[:4]}-{value.text[4:6]}-{value.text[6:]}"
            if kind == "date" and len(value.text) == 8
            else value.text
        )
        if name == "code" and value.text.isdecimal():
            shown = value.text.zfill(6)
        _refuse(text, index, f"{name} is a text, not a number", f"{left} '{shown}'", piece)
    if value.kind is Kind.STRING and kind in ("integer", "float"):
        number = value.value if re.fullmatch(r"-?\d+(\.\d+)?", value.value) else "0.1"
        _refuse(text, index, f"{name} is a number, not a text", f"{left} {number}", piece)
    if kind == "boolean" and (value.kind is Kind.STRING or value.kind is Kind.NUMBER):
        _refuse(text, index, f"{name} is true or false", f"{left} true", piece)
    if value.kind is Kind.STRING and kind == "date" and not _ISO_DATE.fullmatch(value.value):
        digits = "".join(re.findall(r"\d", value.value))
        shown = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 else "2026-01-31"
        _refuse(text, index, f"{name} is an ISO date such as '2026-01-31'", f"{left} '{shown}'", piece)
    if name == "action" and value.kind is Kind.STRING and value.value not in _ACTIONS:
        _refuse(text, index, f"action is one of {', '.join(_ACTIONS)}", f"{left} 'new'", piece)


def _kinds(graph: Graph, name: str) -> set[str]:
    return {prop.kind for entity in (*graph.nodes, *graph.edges) for prop in entity.properties if prop.name == name}


def _refuse(text: CypherText, index: int, message: str, write: str, piece: str) -> None:
    refuse_at(
        text.tokens[index],
        f"this can never be true: {message}",
        "값의 종류가 맞지 않는 조건입니다.",
        f"Write {write}.",
        (piece, write),
    )


def null_comparisons(text: CypherText) -> list[str]:
    """Return advice for comparisons with NULL, which are legal and never true."""
    return [
        f"A comparison with NULL is never true: write IS {'NOT ' * text.is_symbol(i - 1, '<>')}NULL."
        for i, token in enumerate(text.tokens)
        if token.keyword == "NULL" and text.is_symbol(i - 1, "=", "<>")
    ]


def whole_divisions(text: CypherText) -> list[str]:
    """Return advice for divisions of whole numbers by whole numbers, which drop the remainder."""
    advice = []
    for index, token in enumerate(text.tokens):
        divisor, dividend = text.token(index + 1), text.token(index - 1)
        if not token.is_symbol("/") or divisor is None or dividend is None:
            continue
        whole = divisor.kind is Kind.NUMBER and divisor.text.isdecimal()
        counted = text.keyword(index + 1) == "COUNT"
        property_ = text.is_symbol(index - 2, ".") and _kinds(text.graph, dividend.value) == {"integer"}
        called = token.is_symbol("/") and text.is_symbol(index - 1, ")") and text.opening[index - 1] > 0
        count = called and text.keyword(text.opening[index - 1] - 1) in ("COUNT", "SIZE")
        if (whole or counted) and (property_ or count):
            advice.append("Dividing whole numbers drops the remainder: write 1.0 * before the division.")
    return advice
