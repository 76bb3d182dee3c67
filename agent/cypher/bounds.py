"""What a query may multiply: lists, texts, patterns.

PostgreSQL bounds a query's time and the files it spills to, but not the memory in which Apache AGE builds lists and texts, and its
planner does not see how far these grow. So what grows by multiplication is refused from the text of the query.
"""

from __future__ import annotations

from agent.cypher.growth import check_growth
from agent.cypher.text import Bracket, CypherText, refuse_at
from backend.graph.tokens import Kind, Token

LONGEST_RANGE = 1_000
MOST_RANGES = 2
MOST_EDGES = 16
MOST_UNIONS = 10
MOST_UNWINDS = 4
LONGEST_UNDIRECTED = 2
LONGEST_REPLACEMENT = 100
LONGEST_EXPRESSION = 100


def check_bounds(text: CypherText) -> None:
    """Raise QueryRefused where the query could grow beyond reason."""
    ranges = 0
    for index, token in enumerate(text.tokens):
        if token.is_name and text.brackets.get(index + 1) is Bracket.CALL:
            name = token.value.lower()
            if name == "range":
                ranges += 1
                _check_range(text, index, ranges)
            elif name == "reduce":
                _check_reduce(text, index)
            elif name == "replace":
                _check_replace(text, index)
        elif token.is_symbol("=~"):
            _check_expression(text, index)
        if text.brackets.get(index) is Bracket.LIST and _loops(text, index):
            _check_nesting(text, index)
    _check_patterns(text)
    check_growth(text)


def _check_range(text: CypherText, index: int, number: int) -> None:
    token = text.tokens[index]
    if number > MOST_RANGES:
        refuse_at(
            token, f"range() may be called {MOST_RANGES} times at most", "range()가 너무 많습니다.",
            "Each range multiplies the rows: keep one, and MATCH what you need instead of generating it.",
        )  # fmt: skip
    for position in range(index + 2, text.closing[index + 1]):
        inner = text.tokens[position]
        whole = inner.kind is Kind.NUMBER and inner.text.isdecimal() and int(inner.text) <= LONGEST_RANGE
        of_list = inner.value.lower() in ("size", "length") and text.is_symbol(position + 1, "(")
        listed = inner.is_name and text.is_symbol(position - 1, "(") and text.is_symbol(position + 1, ")")
        if not (whole or of_list or listed or inner.kind is Kind.PARAMETER or inner.is_symbol(",", "+", "-", "(", ")")):
            refuse_at(
                inner, f"range() must have bounds of {LONGEST_RANGE} at most that stand in the query",
                "range()의 범위가 너무 크거나 정해져 있지 않습니다.",
                f"Write whole numbers up to {LONGEST_RANGE}, such as range(1, 10), or range(0, size(list) - 1).",
            )  # fmt: skip


def _check_reduce(text: CypherText, index: int) -> None:
    """Let a number be summed up, and nothing be joined: every step would copy all that came before."""
    first, last = index + 2, text.closing[index + 1]
    bar = next((i for i in range(first, last) if text.tokens[i].is_symbol("|")), last)
    comma = next((i for i in range(first, bar) if text.tokens[i].is_symbol(",")), bar)
    start = text.tokens[first + 2 : comma]
    number = start and all(token.kind is Kind.NUMBER or token.is_symbol("-", ".") for token in start)
    name, body = text.tokens[first].value, text.tokens[bar + 1 : last]
    joined = any(token.kind is Kind.STRING or token.is_symbol("[", "{") for token in body)
    twice = sum(token.is_name and token.value == name for token in body) > 1 and any(t.is_symbol("+") for t in body)
    nested = any(text.inside[i] != index + 1 and _loops(text, i) for i in range(first, last))
    if not number or joined or twice or nested:
        refuse_at(
            text.tokens[index], "reduce() may only add up a number", "reduce()로는 숫자만 더할 수 있습니다.",
            "Write reduce(total = 0.0, w IN weights | total + w): a number to begin with, the total once. "
            "Return a list as it is instead of joining its texts.",
        )  # fmt: skip


def _check_replace(text: CypherText, index: int) -> None:
    last = text.closing[index + 1]
    by = text.tokens[last - 1]
    alone = text.is_symbol(last - 2, ",")
    short = by.kind is Kind.PARAMETER or (by.kind is Kind.STRING and len(by.value) <= LONGEST_REPLACEMENT)
    inner = any(
        text.keyword(i) == "REPLACE" and text.is_symbol(i + 1, "(") and len(by.value) > 1
        for i in range(index + 2, last)
    )
    if not (alone and short) or inner:
        refuse_at(
            text.tokens[index], "replace() must put in one short text that stands in the query",
            "replace()에는 짧은 문자열만 넣을 수 있습니다.", "Write replace(name, 'a', 'b'), not within another replace().",
        )  # fmt: skip


def _check_expression(text: CypherText, index: int) -> None:
    """Let a plain regular expression pass: one that stands in the query, is short and refers to no group."""
    pattern, after = text.token(index + 1), text.token(index + 2)
    plain = pattern is not None and pattern.kind in (Kind.STRING, Kind.PARAMETER)
    joined = after is not None and after.is_symbol("+", "[", ".", "||")
    value = pattern.value if plain else ""
    back = any(f"\\{digit}" in value for digit in "123456789")
    if not plain or joined or back or len(value) > LONGEST_EXPRESSION or value.count("{") > 1 or _heaped(value):
        refuse_at(
            text.tokens[index], "a regular expression must be one short, plain string",
            "정규식은 짧고 단순한 문자열이어야 합니다.",
            "Write e.name CONTAINS '반도체', STARTS WITH or ENDS WITH; or e.name =~ '.*200.*' without groups that repeat.",
        )  # fmt: skip


def _heaped(pattern: str) -> bool:
    """Say whether a group that is repeated has a repetition within, or looks around."""
    return "(?" in pattern.replace("(?i)", "") or any(mark in pattern for mark in (")*", ")+", "){"))


def _loops(text: CypherText, index: int) -> bool:
    """Say whether the bracket at `index` opens a list comprehension, or a reduce or a range begins there."""
    if text.brackets.get(index) is Bracket.LIST:
        return text.is_name(index + 1) and text.keyword(index + 2) == "IN"
    return text.brackets.get(index) is Bracket.CALL and text.keyword(index - 1) == "REDUCE"


def _check_nesting(text: CypherText, index: int) -> None:
    around = text.inside[index]
    while around != -1:
        if _loops(text, around):
            refuse_at(
                text.tokens[index], "a list comprehension cannot stand within another",
                "리스트 컴프리헨션은 중첩할 수 없습니다.",
                "Write UNWIND list AS item first, then one comprehension; for a test use any(x IN list WHERE …) or x IN list.",
            )  # fmt: skip
        around = text.inside[around]


def _check_patterns(text: CypherText) -> None:
    """Bound what the planner has to join, and the paths of variable length."""
    edges, unions, unwinds, length = 0, 0, 0, 0
    for index, token in enumerate(text.tokens):
        bare = token.is_symbol("-") and text.is_symbol(index + 1, "-") and text.is_symbol(index - 1, ")", "<")
        edges += bare or text.brackets.get(index) is Bracket.EDGE
        unions += token.keyword == "UNION" and not text.is_word(index)
        unwinds += token.keyword == "UNWIND" and not text.is_word(index)
        if text.brackets.get(index) is Bracket.EDGE:
            length += _path_length(text, index)
        if edges > MOST_EDGES or unions > MOST_UNIONS or unwinds > MOST_UNWINDS:
            refuse_at(
                token, f"a query may have {MOST_EDGES} edges, {MOST_UNIONS} UNIONs and {MOST_UNWINDS} UNWINDs at most",
                "질의의 패턴이 너무 많습니다.", "Ask in several smaller queries, one after the other.",
            )  # fmt: skip
        if length > text.graph.longest_path:
            refuse_at(
                token, f"all paths of a query may be {text.graph.longest_path} edges long at most together",
                "경로가 모두 합해 너무 깁니다.", "Keep one path of variable length, and write the other steps as single edges.",
            )  # fmt: skip


def _path_length(text: CypherText, index: int) -> int:
    """Return the upper bound of the edge's length if that is variable, else 0; its presence is checked elsewhere."""
    star = next((i for i in range(index + 1, text.closing[index]) if text.tokens[i].is_symbol("*")), None)
    if star is None or text.within(star) is not Bracket.EDGE:
        return 0
    numbers = [t for t in text.tokens[star + 1 : star + 4] if t.kind is Kind.NUMBER and t.text.isdecimal()]
    upper = int(numbers[-1].text) if numbers else 0
    end = text.closing[index]
    directed = text.is_symbol(index - 2, "<") or text.is_symbol(end + 2, ">")
    if not directed and upper > LONGEST_UNDIRECTED:
        _refuse_undirected(text.tokens[star])
    return upper


def _refuse_undirected(star: Token) -> None:
    refuse_at(
        star, f"a path without direction may be {LONGEST_UNDIRECTED} edges long at most",
        "방향 없는 경로는 너무 많은 것을 찾습니다.", "Write the arrow, as in (e:ETF)-[:HOLDS*1..3]->(s), or *1..2.",
    )  # fmt: skip
