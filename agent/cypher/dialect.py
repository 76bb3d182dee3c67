"""The Cypher that may be asked: what Apache AGE knows, what is safe to run, and what to write instead of the rest."""

from __future__ import annotations

FIRST_WORDS = frozenset({"MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN"})

# AGE reserves these, so that a parenthesis after one of them opens no function's arguments.
WORDS_BEFORE_PARENTHESIS = frozenset(
    {
        "MATCH", "WHERE", "AND", "OR", "XOR", "NOT", "IN", "RETURN", "WITH", "UNWIND", "WHEN", "THEN", "ELSE", "CASE",
        "BY", "DISTINCT", "LIMIT", "SKIP", "CONTAINS",
    }
)  # fmt: skip

WRITE_WORDS = frozenset({"CREATE", "MERGE", "SET", "DELETE", "REMOVE", "DETACH"})
COMMAND_WORDS = frozenset({"CALL", "YIELD", "DROP", "LOAD", "FOREACH", "EXPLAIN", "PROFILE", "TRUNCATE", "COPY"})

FUNCTIONS = frozenset(
    {
        "count", "sum", "avg", "min", "max", "collect", "stdev", "stdevp", "percentilecont", "percentiledisc",
        "id", "properties", "label", "labels", "type", "startnode", "endnode", "keys", "nodes", "relationships",
        "length",
        "size", "head", "last", "tail", "range", "reverse", "coalesce", "exists",
        "isempty",
        "all", "any", "none", "single", "reduce",
        "tolower", "toupper", "ltrim", "rtrim", "trim", "substring", "left", "right", "replace", "split",
        "tostring", "tointeger", "tofloat", "toboolean", "tostringlist", "tointegerlist", "tofloatlist",
        "tobooleanlist",
        "abs", "ceil", "floor", "round", "sign", "sqrt", "exp", "log", "log10", "e", "pi",
    }
)  # fmt: skip

_ISO_DATES = (
    "Dates are ISO strings: compare them as text, such as h.date >= '2026-01-01', and put days you need as literals."
)
INSTEAD_OF_FUNCTION = {
    **dict.fromkeys(
        ("date", "datetime", "localdatetime", "duration", "time", "localtime", "timestamp", "now", "today"), _ISO_DATES
    ),
    **dict.fromkeys(
        ("shortestpath", "allshortestpaths"),
        "Write MATCH p = (a)-[:HOLDS*1..3]->(b) and ORDER BY length(p) LIMIT 1.",
    ),
    "lower": "Write toLower(text).",
    "upper": "Write toUpper(text).",
    "concat": "Join texts with +.",
    "tostringornull": "Write toString(value).",
    "tointegerornull": "Write toInteger(value).",
    "tofloatornull": "Write toFloat(value).",
    "elementid": "Use the code or name property instead of internal ids.",
    "point": "There are no places in this graph.",
    "operator": "Use a plain operator such as + or =.",
}

_CONTAINMENT = "Compare properties one by one, with = or IN."
INSTEAD_OF_OPERATOR = {
    "::": "There are no typecasts: use toInteger(), toFloat(), toString() or toBoolean().",
    "||": "Join texts with +; here || makes a list.",
    **dict.fromkeys(("@>", "<@", "?", "?|", "?&", "#>", "#>>"), _CONTAINMENT),
}

# What the scanner cannot read, by its first character.
INSTEAD_OF_CHARACTER = {
    "!": "Write <> for 'not equal', and NOT for negation.",
    "&": "A node has one label. Match it alone, or compare label(n).",
    "$": "Write parameters as $name; $$ has no meaning in Cypher.",
    "'": "Close the string with the quote that opened it, and write \\' for a quote within.",
    '"': 'Close the string with the quote that opened it, and write \\" for a quote within.',
    "`": "Close the name with a backtick.",
    "/": "Close the comment with */ or leave it out.",
}

DIALECT = """\
Cypher of Apache AGE, which is smaller than Neo4j's:
- Only read, in one statement: MATCH, OPTIONAL MATCH, WHERE, WITH, UNWIND, UNION, RETURN, ORDER BY, SKIP, LIMIT.
- One label a node, one type an edge: no (n:A|B), [:A|B], WHERE n:A. Use label(n) = 'ETF', type(h) IN ['HOLDS'].
- Dates are ISO strings: h.date >= '2026-01-01'. There is no date(), datetime() or duration().
- No shortestPath, CALL, FOREACH, pattern comprehension, apoc, typecasts (::) or map parameters you were not given.
- Paths of variable length need an upper bound, *1..4 at most, and exist in etf_graph only.
- Missing values come first in descending order: write WHERE e.aum IS NOT NULL before ORDER BY e.aum DESC.
- Dividing whole numbers drops the remainder: write toFloat(count(a)) / count(b).
- Collect in WITH, then use the list in a list comprehension: both in one clause fail.
- After an aggregation only what WITH or RETURN names can be ordered by; sort by the alias.
- Count edges with COUNT { (e)-[:HOLDS]->() }, not size(). Join texts with +. Say <> for not equal.
- Return values and maps with AS names, not whole nodes.
"""
