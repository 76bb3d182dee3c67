"""Cypher text as tokens, cut exactly where Apache AGE's own scanner cuts it.

What AGE takes for a name, a string or a comment must be taken for the same here, or a check of the tokens would check
something else than what runs. So a no-break space is part of a name, and a doubled quote does not escape a quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from backend.errors import InvalidInput


class CypherSyntaxError(InvalidInput):
    """The Cypher text cannot be cut into tokens."""

    slug = "cypher-syntax"
    title_ko = "Cypher 문법 오류"


class Kind(StrEnum):
    """What a token is. A quoted name is one between backticks: it is never a keyword."""

    NAME = "name"
    QUOTED_NAME = "quoted name"
    PARAMETER = "parameter"
    STRING = "string"
    NUMBER = "number"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `text` as written, `value` without quotes or dollar sign, `start` and `end` its offsets."""

    kind: Kind
    text: str
    value: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The word in capitals if it could be a keyword, else an empty string."""
        return self.text.upper() if self.kind is Kind.NAME else ""

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind is Kind.SYMBOL and self.text in symbols

    @property
    def is_name(self) -> bool:
        return self.kind in (Kind.NAME, Kind.QUOTED_NAME)


_SCANNER = re.compile(
    r"""
      (?P<space>   [\t\n\v\f\r\ ]+ | /\*.*?\*/ | //[^\n\r]* )
    | (?P<number>  0[Xx][0-9A-Fa-f]+
                 | [0-9]+(?=\.\.)
                 | (?: [0-9]+\.[0-9]* | \.[0-9]+ | [0-9]+ ) (?: [Ee][+-]?[0-9]+ )? )
    | (?P<string>  "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
    | (?P<quoted>  `(?:[^`]|``)*` )
    | (?P<name>    [A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]* )
    | (?P<param>   \$[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]* )
    | (?P<symbol>  \?\| | \?& | \|\| | <> | <= | >= | \.\. | \+= | =~ | :: | @> | <@ | \#>> | \#>
                 | [?%()*+,\-./:;<=>\[\]^{|}] )
    """,
    re.VERBOSE | re.DOTALL,
)


def tokenize(cypher: str) -> list[Token]:
    """Cut Cypher text into tokens, leaving out white space and comments.

    Raises CypherSyntaxError, with `position` (1 is the first character), where a string, name or comment is not closed
    or a character has no meaning in Cypher.
    """
    unsendable = re.search("[\x00\ud800-\udfff]", cypher)
    if unsendable:
        raise _unreadable(cypher, unsendable.start())
    tokens: list[Token] = []
    position = 0
    while position < len(cypher):
        match = _SCANNER.match(cypher, position)
        # A slash that begins an unclosed comment would otherwise pass as a division.
        if match is None or (cypher.startswith("/*", position) and match.lastgroup != "space"):
            raise _unreadable(cypher, position)
        kind, text = match.lastgroup, match.group()
        position = match.end()
        if kind == "name":
            tokens.append(Token(Kind.NAME, text, text, match.start(), position))
        elif kind == "symbol":
            tokens.append(Token(Kind.SYMBOL, text, text, match.start(), position))
        elif kind == "string":
            tokens.append(Token(Kind.STRING, text, text[1:-1], match.start(), position))
        elif kind == "number":
            tokens.append(Token(Kind.NUMBER, text, text, match.start(), position))
        elif kind == "quoted":
            tokens.append(Token(Kind.QUOTED_NAME, text, text[1:-1].replace("``", "`"), match.start(), position))
        elif kind == "param":
            tokens.append(Token(Kind.PARAMETER, text, text[1:], match.start(), position))
    return tokens


def _unreadable(cypher: str, position: int) -> CypherSyntaxError:
    rest = cypher[position:]
    if rest.startswith("/*"):
        problem, problem_ko = "an unclosed comment", "닫히지 않은 주석"
    elif rest[0] in "\"'":
        problem, problem_ko = "an unclosed string", "닫히지 않은 문자열"
    elif rest[0] == "`":
        problem, problem_ko = "an unclosed `name`", "닫히지 않은 `이름`"
    else:
        problem, problem_ko = (
            f"the character {rest[0]!r}, which has no meaning in Cypher",
            f"쓸 수 없는 문자 {rest[0]!r}",
        )
    return CypherSyntaxError(
        f"Cypher text has {problem} at position {position + 1}",
        ko=f"Cypher {position + 1}번째 글자에 {problem_ko}이(가) 있습니다.",
        position=position + 1,
    )
