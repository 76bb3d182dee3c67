"""Pieces of a query and how they should read: each function looks at the token where the database stumbled.

A correction is a piece exactly as it stands in the query, and what to put there; None where that cannot be told.
"""

from __future__ import annotations

from agent.cypher.text import CypherText

_ENDS = frozenset(
    {"MATCH", "OPTIONAL", "WITH", "WHERE", "RETURN", "ORDER", "SKIP", "LIMIT", "UNWIND", "UNION", "AND", "OR"}
)


def lost_name(text: CypherText, index: int) -> tuple[str, str] | None:
    """Correct the use of a name that an earlier WITH did not pass on, or of a property without its owner."""
    token = text.tokens[index]
    alias = _alias_of(text, token.value, index)
    if alias and not text.is_symbol(index + 1, "."):
        before = text.tokens[index - 1]
        return text.piece(index - 1, index), f"{text.cypher[before.start : token.start]}{alias}"
    if text.is_symbol(index + 1, "."):
        prop = text.token(index + 2)
        known = _alias_of(text, prop.value, index) if prop is not None else ""
        if known and _is_projected(text, token.value, prop.value, index):
            return text.piece(index, index + 2), known
        clause = _last(text, "WITH", index)
        if clause is not None:
            end = _item_end(text, clause + 1)
            piece = text.piece(clause, end)
            return piece, f"{piece[:4]} {token.text},{piece[4:]}"
    owner = _owner(text, token.value)
    return (
        (text.piece(index - 1, index), f"{text.cypher[text.tokens[index - 1].start : token.start]}{owner}.{token.text}")
        if owner
        else None
    )


def aggregated_order(text: CypherText, index: int) -> tuple[str, str] | None:
    """Correct `ORDER BY e.aum` after an aggregation to `ORDER BY max(e.aum)`."""
    if not text.is_symbol(index + 1, ".") or not text.is_name(index + 2):
        return None
    order = _last(text, "ORDER", index)
    if order is None:
        return None
    piece = text.piece(order, index + 2)
    item = text.piece(index, index + 2)
    return piece, piece.removesuffix(item) + f"max({item})"


def aliased(text: CypherText, index: int) -> tuple[str, str] | None:
    """Correct `WITH e.name` to `WITH e.name AS name`."""
    end = _item_end(text, index)
    first = index
    while first > 0 and text.keyword(first - 1) not in ("WITH", "DISTINCT") and not text.is_symbol(first - 1, ","):
        first -= 1
    names = [text.tokens[i].value for i in range(first, end + 1) if text.is_name(i)]
    piece = text.piece(first - 1, end) if first else text.piece(first, end)
    return piece, f"{piece} AS {names[-1] if names else 'value'}"


def plain_match(text: CypherText, index: int) -> tuple[str, str] | None:
    """Correct `LIKE '%200%'` to `CONTAINS '200'`."""
    pattern = text.token(index + 1)
    if pattern is None or not pattern.text.startswith(("'", '"')):
        return None
    quote, value = pattern.text[0], pattern.value
    start, end = value.startswith("%"), value.endswith("%")
    verb = "CONTAINS" if start == end and start else "ENDS WITH" if start else "STARTS WITH" if end else "="
    return text.piece(index, index + 1), f"{verb} {quote}{value.strip('%')}{quote}"


def between(text: CypherText, index: int) -> tuple[str, str] | None:
    """Correct `e.fee BETWEEN 1 AND 2` to `e.fee >= 1 AND e.fee <= 2`."""
    if not text.is_symbol(index - 2, ".") or text.keyword(index + 2) != "AND":
        return None
    subject = text.piece(index - 3, index - 1)
    low, high = text.piece(index + 1, index + 1), text.piece(index + 3, index + 3)
    return text.piece(index - 3, index + 3), f"{subject} >= {low} AND {subject} <= {high}"


def missing_last(text: CypherText, index: int) -> tuple[str, str] | None:
    """Correct `ORDER BY n DESC NULLS LAST` to `ORDER BY n IS NULL, n DESC`."""
    order = _last(text, "ORDER", index)
    if order is None:
        return None
    piece = text.piece(order, index + 1)
    item = text.piece(order + 2, index - 1)
    key = item.rsplit(" ", 1)[0] if text.keyword(index - 1) in ("DESC", "ASC", "DESCENDING", "ASCENDING") else item
    return piece, f"ORDER BY {key} IS NULL, {item}"


def negated_list(text: CypherText, index: int) -> tuple[str, str] | None:
    """Correct `e.code NOT IN [...]` to `NOT e.code IN [...]`."""
    if text.keyword(index + 1) not in ("IN", "CONTAINS", "STARTS", "ENDS"):
        return None
    first = index - 3 if text.is_symbol(index - 2, ".") else index - 1
    subject = text.piece(first, index - 1)
    return text.piece(first, index + 1), f"NOT {subject} {text.tokens[index + 1].text}"


def list_brackets(text: CypherText, index: int) -> tuple[str, str] | None:
    """Correct `IN ('a', 'b')` to `IN ['a', 'b']`."""
    opener = text.inside[index]
    if opener < 1 or text.keyword(opener - 1) != "IN" or not text.is_symbol(opener, "("):
        return None
    piece = text.piece(opener, text.closing[opener])
    return piece, f"[{piece[1:-1]}]"


def _last(text: CypherText, keyword: str, index: int) -> int | None:
    return next((i for i in range(index, -1, -1) if text.keyword(i) == keyword and not text.is_word(i)), None)


def _item_end(text: CypherText, start: int) -> int:
    """Return the last token of the item of a clause in which token `start` stands."""
    around, index = text.inside[start], start
    while index + 1 < len(text.tokens):
        after = index + 1
        if text.inside[after] == around and (text.is_symbol(after, ",", ";") or text.keyword(after) in _ENDS):
            break
        if text.is_symbol(after, ")", "}", "]") and text.inside[after] == around and text.opening[after] == around:
            break
        index = after
    return index


def _alias_of(text: CypherText, name: str, before: int) -> str:
    """Return the alias that the property `name` was last given ahead of a token, or an empty string."""
    for index in range(before - 1, 3, -1):
        named = text.keyword(index - 1) == "AS" and text.is_symbol(index - 3, ".")
        if named and text.tokens[index - 2].value == name:
            return text.tokens[index].text
    return ""


def _is_projected(text: CypherText, owner: str, prop: str, before: int) -> bool:
    """Say whether `owner.prop AS …` stands ahead of a token."""
    return any(
        text.tokens[i].value == owner
        and text.is_symbol(i + 1, ".")
        and text.tokens[i + 2].value == prop
        and text.keyword(i + 3) == "AS"
        for i in range(max(0, before - 3))
    )


def _owner(text: CypherText, prop: str) -> str:
    """Return the first variable of the query whose label or edge type has such a property, or an empty string."""
    for index, token in enumerate(text.tokens):
        if token.is_name and text.is_symbol(index + 1, ":") and text.is_name(index + 2):
            kind = text.tokens[index + 2].value
            for entity in (*text.graph.nodes, *text.graph.edges):
                if entity.name == kind and prop in {known.name for known in entity.properties}:
                    return token.text
    return ""
