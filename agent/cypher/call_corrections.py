"""How a call that Apache AGE does not know should read: `date('2026-01-01')` is `'2026-01-01'`."""

from __future__ import annotations

from agent.cypher.text import CypherText
from backend.graph.tokens import Kind

_DATES = frozenset({"date", "datetime", "localdatetime", "timestamp"})
_NAMES = {
    "lower": "toLower", "upper": "toUpper", "len": "size", "length_of": "size", "mean": "avg", "average": "avg",
    "ceiling": "ceil", "int": "toInteger", "float": "toFloat", "str": "toString", "string": "toString", "array_agg": "collect",
    "group_concat": "collect", "ifnull": "coalesce", "nvl": "coalesce", "substr": "substring", "tointegerornull": "toInteger",
    "tofloatornull": "toFloat", "tostringornull": "toString", "pow": "exp", "list": "collect",
}  # fmt: skip


def call_correction(text: CypherText, index: int) -> tuple[str, str] | None:
    """Return the call at token `index` and what to write there, None where that cannot be told."""
    name = text.tokens[index].value.lower()
    opener = index + 1
    last = text.closing[opener]
    if name in _DATES:
        argument = text.token(opener + 1)
        if last == opener + 2 and argument is not None and argument.kind in (Kind.STRING, Kind.PARAMETER):
            day = argument.text[:11] + argument.text[0] if argument.kind is Kind.STRING else argument.text
            return text.piece(index, last), day
        if last == opener + 4 and text.is_symbol(opener + 2, "."):
            return text.piece(index, last), text.piece(opener + 1, last - 1)
        return None
    if name in _NAMES and name != "pow":
        return text.piece(index, opener), f"{_NAMES[name]}("
    if name in ("shortestpath", "allshortestpaths") and last > opener + 1:
        return text.piece(index, last), text.piece(opener + 1, last - 1)
    return None
