"""A Cypher query as the guard sees it: its tokens, and what each of its brackets is for."""

from __future__ import annotations

from enum import StrEnum
from typing import NoReturn

from agent.cypher.dialect import INSTEAD_OF_CHARACTER, WORDS_BEFORE_PARENTHESIS
from backend.errors import QueryRefused
from backend.graph.labels import Graph
from backend.graph.tokens import CypherSyntaxError, Token, tokenize

MOST_CHARACTERS = 10_000
DEEPEST_BRACKETS = 40


class Bracket(StrEnum):
    """What an opening bracket opens. A group may be a node of a pattern or just parentheses: both look alike."""

    CALL = "call"
    GROUP = "group"
    EDGE = "edge"
    LIST = "list"
    MAP = "map"
    SUBQUERY = "subquery"


class CypherText:
    """Tokens of one query, with brackets matched.

    `inside[i]` is the index of the bracket that token i stands in (-1 outside all), `closing[i]` the index of the
    bracket that closes i, `opening` the reverse, `brackets[i]` what the bracket at i opens.
    """

    def __init__(self, cypher: str, graph: Graph) -> None:
        self.cypher, self.graph = cypher, graph
        if len(cypher) > MOST_CHARACTERS:
            refuse(
                f"the query has more than {MOST_CHARACTERS} characters",
                "질의문이 너무 깁니다.",
                "Ask for less at once, and pass long lists as parameters.",
            )
        try:
            self.tokens = tokenize(cypher)
        except CypherSyntaxError as error:
            position = int(str(error.extra["position"]))
            advice = INSTEAD_OF_CHARACTER.get(cypher[position - 1], "Leave that character out.")
            unequal = cypher.startswith("!=", position - 1)
            correction = {"instead_of": "!=", "write": "<>"} if unequal else {}
            raise QueryRefused(error.message, ko=error.ko, advice=advice, position=position, **correction) from error
        self.inside: list[int] = []
        self.closing: dict[int, int] = {}
        self.opening: dict[int, int] = {}
        self.brackets: dict[int, Bracket] = {}
        self._match_brackets()

    def token(self, index: int) -> Token | None:
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def is_symbol(self, index: int, *symbols: str) -> bool:
        token = self.token(index)
        return token is not None and token.is_symbol(*symbols)

    def is_name(self, index: int) -> bool:
        token = self.token(index)
        return token is not None and token.is_name

    def keyword(self, index: int) -> str:
        token = self.token(index)
        return token.keyword if token is not None else ""

    def piece(self, first: int, last: int) -> str:
        """Return the query's text from token `first` to token `last`, both included."""
        return self.cypher[self.tokens[first].start : self.tokens[last].end]

    def within(self, index: int) -> Bracket | None:
        """Return what the bracket around token `index` is for; None outside all brackets."""
        return self.brackets.get(self.inside[index])

    def is_word(self, index: int) -> bool:
        """Say whether a keyword at `index` is only a name there: an alias, a property or a map's key."""
        return (
            self.keyword(index - 1) == "AS"
            or self.is_symbol(index - 1, ".")
            or (self.within(index) is Bracket.MAP and self.is_symbol(index + 1, ":"))
        )

    def _match_brackets(self) -> None:
        pairs = {")": "(", "]": "[", "}": "{"}
        stack: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.is_symbol(*pairs):
                if not stack or self.tokens[stack[-1]].text != pairs[token.text]:
                    refuse_at(
                        token, f"{token.text} closes nothing", f"{token.text}의 짝이 없습니다.", "Balance the brackets."
                    )
                opener = stack.pop()
                self.closing[opener], self.opening[index] = index, opener
            self.inside.append(stack[-1] if stack else -1)
            if token.is_symbol("(", "[", "{"):
                self.brackets[index] = self._purpose(index, token)
                stack.append(index)
                if len(stack) > DEEPEST_BRACKETS:
                    refuse_at(
                        token, "brackets are nested too deep", "괄호가 너무 깊습니다.", "Split the query into steps."
                    )
        if stack:
            token = self.tokens[stack[-1]]
            refuse_at(
                token, f"{token.text} is not closed", f"{token.text}가 닫히지 않았습니다.", "Balance the brackets."
            )

    def _purpose(self, index: int, token: Token) -> Bracket:
        before = self.token(index - 1)
        if token.text == "(":
            called = before is not None and before.is_name and before.keyword not in WORDS_BEFORE_PARENTHESIS
            return Bracket.CALL if called else Bracket.GROUP
        if token.text == "[":
            dash = self.is_symbol(index - 1, "-")
            # (a)-[…  or  (a)<-[…
            edge = dash and (
                self.is_symbol(index - 2, ")") or (self.is_symbol(index - 2, "<") and self.is_symbol(index - 3, ")"))
            )
            return Bracket.EDGE if edge else Bracket.LIST
        return Bracket.SUBQUERY if self.keyword(index - 1) in ("EXISTS", "COUNT", "CALL") else Bracket.MAP


def around(cypher: str, position: int, width: int = 30) -> str:
    """Return the piece of a query that begins at `position` (1 is the first character), with a little before it."""
    start = max(0, position - 1 - width // 3)
    return cypher[start : position - 1 + width].strip()


def refuse(message: str, ko: str, advice: str, **extra: object) -> NoReturn:
    """Raise QueryRefused: what is wrong in English and Korean, and how to write it instead."""
    raise QueryRefused(message, ko=f"이 질의는 실행할 수 없습니다. {ko}", advice=advice, **extra)


def refuse_at(token: Token, message: str, ko: str, advice: str, correction: tuple[str, str] | None = None) -> NoReturn:
    """Raise QueryRefused for what stands at a token; `position` 1 is the first character.

    A correction is a piece of the query and what to write there: `instead_of` and `write`.
    """
    extra = {"instead_of": correction[0], "write": correction[1]} if correction else {}
    refuse(message, ko, advice, position=token.start + 1, **extra)
