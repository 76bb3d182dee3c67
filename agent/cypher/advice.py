"""What to write instead, for a query that the database itself could not run.

Apache AGE's words ("could not find rte for e") name the mistake for those who know its source. Here its words stay as they are, and the
offending piece (`near`), advice, and where it can be told `instead_of` and `write`, a piece of the query and its correction, go with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.cypher.corrections import (
    aggregated_order,
    aliased,
    between,
    list_brackets,
    lost_name,
    missing_last,
    negated_list,
    plain_match,
)
from agent.cypher.text import CypherText, around
from backend.errors import QueryFailed, QueryRefused
from backend.graph.client import QueryTimeout
from backend.graph.labels import GRAPHS

# A piece of the query, and what should stand there; None where only words can tell.
Correction = tuple[str, str] | None
_Correct = Callable[[CypherText, int], Correction]

_SCOPE = "WITH and RETURN pass on only what they name: name it there, and sort by the alias after AS."
_GROUPS = (
    "Beside count(), sum() and the like only what RETURN or WITH itself names can be used: name it, or aggregate it."
)
_NUMBERS = "Only numbers can be calculated with: check the property's kind in the schema."

# The database's words, advice, and how to correct what stands at the error's position.
_RULES: tuple[tuple[str, str, _Correct | None], ...] = (
    (r"could not find rte for", _SCOPE, lost_name),
    (r"must be either part of an explicitly listed key", _GROUPS, aggregated_order),
    (r"must be aliased", "Give every value in WITH a name with AS.", aliased),
    (r'at or near "I?LIKE"', "There is no LIKE: write CONTAINS 'text', STARTS WITH or ENDS WITH.", plain_match),
    (r'at or near "BETWEEN"', "There is no BETWEEN: write x >= a AND x <= b.", between),
    (r'at or near "NULLS"', "There is no NULLS LAST: sort by x IS NULL first.", missing_last),
    (r'at or near "NOT"', "NOT stands before the whole condition: NOT e.code IN ['069500'].", negated_list),
    (r'at or near ","', "A list stands in square brackets: e.code IN ['069500', '102110'].", list_brackets),
    (r'at or near "GROUP"', "There is no GROUP BY: what RETURN or WITH names beside count() or sum() is what it groups by.", None),
    (r'at or near "HAVING"', "There is no HAVING: write WITH e, count(*) AS n WHERE n > 1.", None),
    (r'at or near "OFFSET"', "There is no OFFSET: write SKIP 10 LIMIT 5, in that order.", None),
    (r"operator does not exist: agtype == agtype", "Compare with a single =.", lambda _text, _index: ("==", "=")),
    (r"size\(\) unsupported argument", "Count a pattern with COUNT { (e)-[:HOLDS]->() }.", None),
    (r"aggregate functions are not allowed in WHERE", "Aggregate first: WITH e, count(*) AS n WHERE n > 1.", None),
    (r"aggregate function calls cannot be nested", "Aggregate in a WITH first, then once more in the next clause.", None),
    (r"unsupported SubLink", "Collect in WITH, and use the list in the next clause.", None),
    (r"ORDER BY expressions must appear in select list", "After DISTINCT sort only by what is returned, by its alias.", None),
    (r"division by zero", "Leave out the zeros: WHERE x <> 0.", None),
    (r"is ambiguous", "Give every value a name of its own with AS.", None),
    (r"each UNION query must have the same number", "Return the same number of values, with the same names, in each part.", None),
    (r"number of arguments", "Check the function's arguments, as in substring(text, 0, 3), round(x, 2), replace(text, 'a', 'b').", None),
    (r"resolve to a number|Invalid input parameter types|unsupported argument", _NUMBERS, None),
    (r"string values expected|expects? .*string", "Only texts can be searched: CONTAINS, STARTS WITH and ENDS WITH take one text.", None),
    (r"temporary file size|memory|too long", "Filter before you join, and aggregate instead of collecting.", None),
)  # fmt: skip
_OTHERWISE = (
    "Write plain Cypher: MATCH … WHERE … WITH … RETURN value AS name ORDER BY name LIMIT n. "
    "There is no SQL, no Neo4j procedure and no subquery but EXISTS { } and COUNT { }."
)
_SLOW = "Begin with what the question names, such as one ETF's code, and bound the dates; then aggregate."


def advised(error: QueryFailed, cypher: str, graph: str) -> QueryFailed:
    """Return the same error with `near`, `advice` and, where they are known, `instead_of` and `write` added."""
    extra = dict(error.extra)
    position = extra.get("position")
    advice, correct = _rule(error)
    extra.setdefault("advice", advice)
    if isinstance(position, int):
        extra["near"] = around(cypher, position)
        correction = _correction(correct, cypher, graph, position)
        if correction is not None:
            extra["instead_of"], extra["write"] = correction
    return type(error)(error.message, ko=error.ko, **extra)


def _rule(error: QueryFailed) -> tuple[str, _Correct | None]:
    if isinstance(error, QueryTimeout):
        return _SLOW, None
    for words, advice, correct in _RULES:
        if re.search(words, error.message):
            return advice, correct
    return _OTHERWISE, None


def _correction(correct: _Correct | None, cypher: str, graph: str, position: int) -> Correction:
    if correct is None:
        return None
    try:
        text = CypherText(cypher, GRAPHS[graph])
    except QueryRefused:
        return None
    index = next((i for i, token in enumerate(text.tokens) if token.end >= position), None)
    return None if index is None else correct(text, index)
