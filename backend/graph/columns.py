"""Which columns a Cypher query returns: AGE must be told their number, and people want their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from backend.graph.tokens import Token

_CLAUSES = {
    "MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "WHERE", "CREATE", "MERGE", "SET", "REMOVE", "DELETE", "DETACH",
    "CALL", "YIELD", "UNION", "ORDER", "SKIP", "LIMIT",
}  # fmt: skip
_PATTERN_CLAUSES = {"MATCH", "CREATE", "MERGE"}


def column_names(cypher: str, tokens: Sequence[Token]) -> list[str]:
    """Return the names of the columns, in order and made unique (`a`, `a_2`); empty for a query that returns nothing.

    `RETURN e.name AS 이름` is called 이름, `RETURN e.name` is called `e.name`. For a UNION the first part decides.
    """
    scope: list[str] = []
    for keyword, clause in _clauses(tokens):
        if keyword == "RETURN":
            return _unique(_item_names(cypher, clause, scope))
        if keyword == "WITH":
            scope = _item_names(cypher, clause, scope)
        elif keyword in ("UNWIND", "YIELD"):
            scope = _extended(
                scope, _introduced_by_as(clause) if keyword == "UNWIND" else _item_names(cypher, clause, [])
            )
        elif keyword in _PATTERN_CLAUSES:
            scope = _extended(scope, _pattern_variables(clause))
    return []


def _clauses(tokens: Sequence[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Yield each clause's keyword and the tokens after it; what stands within brackets starts no clause."""
    keyword, clause, depth = "", [], 0
    previous: Token | None = None
    for token in tokens:
        if token.is_symbol("(", "[", "{"):
            depth += 1
        elif token.is_symbol(")", "]", "}"):
            depth -= 1
        if depth == 0 and token.keyword in _CLAUSES and not _is_within_clause(token, previous):
            if keyword:
                yield keyword, clause
            keyword, clause = token.keyword, []
        else:
            clause.append(token)
        previous = token
    if keyword:
        yield keyword, clause


def _is_within_clause(token: Token, previous: Token | None) -> bool:
    """Say whether a keyword begins no clause where it stands: `AS limit`, STARTS WITH, ENDS WITH."""
    if previous is None:
        return False
    return previous.keyword == "AS" or (token.keyword == "WITH" and previous.keyword in ("STARTS", "ENDS"))


def _split(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the parts between commas that stand outside brackets."""
    part: list[Token] = []
    depth = 0
    for token in tokens:
        if token.is_symbol("(", "[", "{"):
            depth += 1
        elif token.is_symbol(")", "]", "}"):
            depth -= 1
        if depth == 0 and token.is_symbol(","):
            yield part
            part = []
        elif not token.is_symbol(";"):
            part.append(token)
    if part:
        yield part


def _item_names(cypher: str, clause: list[Token], scope: list[str]) -> list[str]:
    if clause and clause[0].keyword == "DISTINCT":
        clause = clause[1:]
    names: list[str] = []
    for item in _split(clause):
        if len(item) == 1 and item[0].is_symbol("*"):
            names += scope
        elif len(item) >= 3 and item[-2].keyword == "AS" and item[-1].is_name:
            names.append(item[-1].value)
        elif len(item) == 1 and item[0].is_name:
            names.append(item[0].value)
        else:
            names.append(_source(cypher, item))
    return names


def _source(cypher: str, item: list[Token]) -> str:
    """Return the item as written, with white space and comments between two tokens folded to one space."""
    text = ""
    end = None
    for token in item:
        text += " " if end is not None and token.start > end else ""
        text += token.text
        end = token.end
    return text


def _introduced_by_as(clause: list[Token]) -> list[str]:
    return [clause[-1].value] if len(clause) >= 2 and clause[-2].keyword == "AS" else []


def _pattern_variables(clause: list[Token]) -> list[str]:
    """Return a pattern's variables in AGE's order: those of nodes and edges as they stand, then the path's own."""
    variables: list[str] = []
    for path in _split(clause):
        named = len(path) > 2 and path[0].is_name and path[1].is_symbol("=")
        inner = path[2:] if named else path
        braces = 0
        for before, token in pairwise(inner):
            braces += before.is_symbol("{") - before.is_symbol("}")
            if braces == 0 and before.is_symbol("(", "[") and token.is_name:
                variables.append(token.value)
        if named:
            variables.append(path[0].value)
    return variables


def _extended(scope: list[str], variables: list[str]) -> list[str]:
    return list(dict.fromkeys([*scope, *variables]))


def _unique(names: list[str]) -> list[str]:
    taken: set[str] = set()
    unique: list[str] = []
    for name in names:
        candidate, number = name, 2
        while candidate in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.add(candidate)
        unique.append(candidate)
    return unique
