"""The first wall around Cypher that a language model or a person wrote: only a plain read of the market passes.

The text is cut into tokens as Apache AGE cuts it, so that comments, quotes, backticks and odd spacing hide nothing and
a keyword within a string means nothing. The refusal tells what to write instead. The database's own walls stand behind.
"""

from __future__ import annotations

from agent.cypher.bounds import check_bounds
from agent.cypher.call_corrections import call_correction
from agent.cypher.comparisons import check_comparisons, null_comparisons, whole_divisions
from agent.cypher.dialect import (
    COMMAND_WORDS,
    FIRST_WORDS,
    FUNCTIONS,
    INSTEAD_OF_FUNCTION,
    INSTEAD_OF_OPERATOR,
    WORDS_BEFORE_PARENTHESIS,
    WRITE_WORDS,
)
from agent.cypher.order import unknown_first
from agent.cypher.patterns import check_patterns
from agent.cypher.text import Bracket, CypherText, around, refuse, refuse_at
from backend.errors import QueryRefused
from backend.graph.labels import GRAPHS
from backend.graph.tokens import Kind, Token


def check(cypher: str, graph: str) -> None:
    """Return if the Cypher text may run in `graph`.

    Raises QueryRefused with `advice` (how to write it instead) and `position` (1 is the first character) for anything
    but a single read of known labels, edge types and properties through known functions.
    """
    try:
        _check(cypher, graph)
    except QueryRefused as refusal:
        position = refusal.extra.get("position")
        if isinstance(position, int):
            refusal.extra["near"] = around(cypher, position)
        raise


def _check(cypher: str, graph: str) -> None:
    if graph not in GRAPHS:
        refuse(f"there is no graph {graph!r}", "그런 그래프가 없습니다.", f"Ask one of {', '.join(GRAPHS)}.")
    text = CypherText(cypher, GRAPHS[graph])
    for index, token in enumerate(text.tokens):
        _check_quoting(token)
        _check_operator(token)
        _check_keyword(text, index, token)
        _check_call(text, index, token)
    _check_statement(text)
    check_patterns(text)
    check_comparisons(text)
    check_bounds(text)


def warnings(cypher: str, graph: str, *, missing_on_top: bool = True) -> list[str]:
    """Return what the author of a query that passed should know about its rows.

    That missing values come on top (unless they are known not to), that a comparison with NULL is never true, that a division dropped its remainder.
    """
    text = CypherText(cypher, GRAPHS[graph])
    return list(
        dict.fromkeys(
            [*(unknown_first(text) if missing_on_top else ()), *null_comparisons(text), *whole_divisions(text)]
        )
    )


def _check_statement(text: CypherText) -> None:
    tokens = text.tokens
    if not tokens:
        refuse("the query is empty", "질의가 비어 있습니다.", "Write MATCH … RETURN ….")
    for index, token in enumerate(tokens):
        if token.is_symbol(";") and index < len(tokens) - 1:
            refuse_at(
                token, "there is more than one statement", "한 번에 한 문장만 실행합니다.", "Send one query at a time."
            )
    starts, returns = [0], [False]
    for index, token in enumerate(tokens):
        if text.inside[index] != -1 or text.is_word(index):
            continue
        if token.keyword == "UNION":
            starts.append(index + (2 if text.keyword(index + 1) in ("ALL", "DISTINCT") else 1))
            returns.append(False)
        returns[-1] = returns[-1] or token.keyword == "RETURN"
    for start, returned in zip(starts, returns, strict=True):
        first = tokens[min(start, len(tokens) - 1)]
        if first.keyword in FIRST_WORDS and not returned:
            refuse_at(first, "a query must end with RETURN", "RETURN 절이 없습니다.", "End the query with RETURN ….")
        if first.keyword not in FIRST_WORDS:
            refuse_at(
                first,
                f"a query cannot begin with {first.text}",
                f"질의를 {first.text}(으)로 시작할 수 없습니다.",
                f"Begin with {', '.join(sorted(FIRST_WORDS))}.",
            )


def _check_quoting(token: Token) -> None:
    if "$$" in token.text or (token.kind is not Kind.STRING and "$" in token.text[1:]):
        refuse_at(
            token,
            "$$ and $tag$ are not allowed",
            "$ 기호를 이렇게 쓸 수 없습니다.",
            "Use $ only before a parameter's name; pass texts that contain it as a parameter.",
        )
    # To Apache AGE a no-break space is a letter; to whoever reads the query it is none.
    if token.kind in (Kind.NAME, Kind.PARAMETER) and not token.value.isprintable():
        refuse_at(
            token,
            "a name contains a character that cannot be seen",
            "보이지 않는 문자가 들어 있습니다.",
            "Write plain spaces between words, and a name that needs other characters in backticks.",
        )


def _check_operator(token: Token) -> None:
    if token.is_symbol(*INSTEAD_OF_OPERATOR):
        refuse_at(
            token,
            f"the operator {token.text} is not allowed",
            f"{token.text} 연산자는 쓸 수 없습니다.",
            INSTEAD_OF_OPERATOR[token.text],
        )


def _check_keyword(text: CypherText, index: int, token: Token) -> None:
    word = token.keyword
    if text.is_word(index):
        return
    if word in WRITE_WORDS:
        refuse_at(
            token, f"{word} would write", "데이터를 바꾸는 질의입니다.", "Only read: MATCH, WITH, UNWIND, RETURN."
        )
    if word not in COMMAND_WORDS:
        return
    if word == "CALL" and text.is_symbol(index + 1, "{"):
        refuse_at(
            token,
            "CALL { } is not known to this database",
            "CALL { }은 지원하지 않습니다.",
            "Write the steps one after the other with WITH, or use EXISTS { } and COUNT { }.",
        )
    if word == "FOREACH" or (word == "LOAD" and text.keyword(index + 1) == "CSV"):
        refuse_at(
            token, f"{word} would write", "데이터를 바꾸는 질의입니다.", "Use UNWIND … AS item to go through a list."
        )
    following = text.token(index + 1)
    if (
        word in ("CALL", "YIELD")
        or index == 0
        or (following is not None and following.kind in (Kind.NAME, Kind.STRING))
    ):
        refuse_at(
            token, f"{word} is not allowed", f"{word}은(는) 쓸 수 없습니다.", "Only read: MATCH, WITH, UNWIND, RETURN."
        )


def _check_call(text: CypherText, index: int, token: Token) -> None:
    if not token.is_name or not text.is_symbol(index + 1, "("):
        return
    if text.is_symbol(index - 1, "."):
        refuse_at(
            token,
            f"qualified calls such as {token.value}() with a dot before are not allowed",
            "점이 붙은 함수 호출은 쓸 수 없습니다.",
            "Call Cypher's own functions by their plain names; there is no apoc here.",
        )
    if text.brackets[index + 1] is not Bracket.CALL or token.keyword in WORDS_BEFORE_PARENTHESIS:
        return
    name = token.value.lower()
    if token.kind is Kind.QUOTED_NAME or name not in FUNCTIONS:
        advice = INSTEAD_OF_FUNCTION.get(name, f"These functions are known: {', '.join(sorted(FUNCTIONS))}.")
        refuse_at(
            token,
            f"the function {token.value}() is not allowed",
            f"{token.value}() 함수는 쓸 수 없습니다.",
            advice,
            call_correction(text, index),
        )
