"""A question cut into tokens: names, dates, quantities, words of the vocabulary, and what is none of these.

Among all ways to cut it, the one with the fewest and longest known pieces is taken (a shortest path over the characters), so that
`KODEX 200` is one name and not a brand and a number, and Korean without spaces is cut as well as Korean with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.reading.vocabulary import FILLER, load_vocabulary

# ETFs that were found before, kept or left out: they are given to a text, and no name says so.
ETF_SETS = ("etf_set", "etf_left_out")
_NAMES = ("entity", "etf", "stock", "company", "tag", "index", "unknown_code")
ENTITY_KINDS = ("etf", "stock", "company", "tag", "index", "group", "unknown_code", *ETF_SETS)
_PARTICLE = re.compile(
    r"(?:에선|에겐|엔|에서의|에서는|에서도|에서|에게서|에게|에는|에도|에만|에|으로는|으로도|으로|로는|로도|로|이랑은|이랑|랑은|랑|하고는|하고|과의|와의|"
    r"과는|와는|과|와|까지는|까지|부터|이라는|라는|이라고|라고|이란|란|이나|나|이든|든|이라도|라도|께서|보다는|보다|만의|만을|만|"
    r"들이|들은|들을|들의|들|의|을|를|은|는|이|가|도|야|요|들중에|들중|중에서|중에|중)",
)
# What makes a predicate of a noun, and the endings of a sentence: 차지|함, 추종|해, 미만|인.
_ENDING = re.compile(
    r"(?:(?:하|함|한|할|해|했|됨|된|되|돼|됐|임|인|일|이었|였|이던|던|이네|네|입니|이야|예요|이에요|에요|죠|지|냐|니|나요|음|군|구나)"
    r"(?:(?![않못없])[가-힣]){0,4})(?![가-힣])"
)
# A name takes the copula alone: what follows it otherwise belongs to another name (삼전|하닉) or to a mistyped one (SK|하이닉쓰).
_COPULA = re.compile(
    r"(?:인|임|이?야|이?에요|예요|이?죠|이?지|이?냐|이?니|이?네|인가|인지|인데|이고|이며|이면|이?었?던|입니|이었|였|이다|이랑은)"
    r"(?:[요가다까고는은데어나면지만며서]{0,3})(?![가-힣])"
)
_PUNCTUATION = re.compile(r"[\s.,!?~…·:;\"'“”‘’()\[\]/|&+*<>=\-–—→\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff]+")
_CHUNK = re.compile(r"[0-9A-Za-z]+|[^\s0-9A-Za-z.,!?~…·:;\"'“”‘’()\[\]/|&+*<>=\-–—→]+")


@dataclass(frozen=True)
class Piece:
    """A candidate token: what a stretch of the text could be. `value` is a link, a period or a quantity."""

    start: int
    end: int
    kind: str
    value: Any = None
    cost: float = 1.0


@dataclass
class Token:
    """One token. `kind` is an entity kind, `date`, `quantity`, `unknown`, `filler`, or a concept of the vocabulary.

    `particle` is what follows the token directly (를, 에서, 와 …); `negative` and `used` are set while the question is read.
    """

    start: int
    end: int
    kind: str
    text: str
    value: Any = None
    particle: str = ""
    negative: bool = False
    used: bool = field(default=False, compare=False)

    @property
    def is_entity(self) -> bool:
        return self.kind in ENTITY_KINDS


def tokenise(text: str, candidates: Sequence[Piece]) -> list[Token]:
    """Cut a question, given what its names, dates and quantities could be. Particles and punctuation are not tokens."""
    path = _shortest_path(text, candidates)
    tokens: list[Token] = []
    for piece in path:
        if piece.kind == "particle":
            if tokens and tokens[-1].end == piece.start:
                tokens[-1].particle += text[piece.start : piece.end]
        elif piece.kind not in ("space", FILLER):
            tokens.append(Token(piece.start, piece.end, piece.kind, text[piece.start : piece.end], piece.value))
    return tokens


def _shortest_path(text: str, candidates: Sequence[Piece]) -> list[Piece]:
    vocabulary = load_vocabulary()
    lowered = text.lower()
    by_start: dict[int, list[Piece]] = {}
    for piece in candidates:
        by_start.setdefault(piece.start, []).append(piece)
    infinity = float("inf")
    size = len(text)
    cost = [infinity] * (size + 1)
    arrived: list[Piece | None] = [None] * (size + 1)
    cost[0] = 0.0
    for position in range(size):
        if cost[position] == infinity:
            continue
        for piece in _pieces_at(text, lowered, position, arrived[position], by_start.get(position, ()), vocabulary):
            total = cost[position] + piece.cost
            if total < cost[piece.end] - 1e-9:
                cost[piece.end], arrived[piece.end] = total, piece
    path: list[Piece] = []
    position = size
    while position > 0:
        piece = arrived[position]
        assert piece is not None
        path.append(piece)
        position = piece.start
    return path[::-1]


def _pieces_at(
    text: str, lowered: str, position: int, before: Piece | None, candidates: Iterable[Piece], vocabulary: Any
) -> Iterable[Piece]:
    if found := _PUNCTUATION.match(text, position):
        yield Piece(position, found.end(), "space", cost=0.0)
        if found.end() > position + 1:
            # A number may begin with its sign.
            yield Piece(position, position + 1, "space", cost=0.0)
    yield from candidates
    begins_word = position == 0 or not _same_script(text[position - 1], text[position])
    for word in vocabulary.words_at(lowered, position):
        length = word.end - word.start
        if length == 1 and not begins_word and (before is None or before.kind in ("unknown", "particle", "filler")):
            continue
        # A one-syllable word inside a run of syllables is more often a part of something else.
        inside = 0.0 if begins_word or (before and before.kind not in ("unknown",)) else 1.5
        light = 0.1 if word.concept == FILLER else 0.0
        yield Piece(
            position, word.end, word.concept, cost=1.0 + light + inside + (0.3 if length == 1 else 0.0) - 0.01 * length
        )
    after_token = before is not None and before.kind not in ("space", "unknown")
    if after_token and (found := _PARTICLE.match(text, position)):
        for end in range(position + 1, found.end() + 1):
            if _PARTICLE.fullmatch(text, position, end):
                followed = end == len(text) or not ("가" <= text[end] <= "힣")
                yield Piece(position, end, "particle", cost=0.2 if followed else 0.5)
    ending = _COPULA if before is not None and before.kind in _NAMES else _ENDING
    if after_token and before.kind != "particle" and (found := ending.match(text, position)):
        yield Piece(position, found.end(), "particle", cost=0.6)
    if not after_token and before is not None and before.kind == "space" and (found := _PARTICLE.match(text, position)):
        end = found.end()
        if end == len(text) or text[end].isspace():
            yield Piece(position, end, "particle", cost=1.5)
    if found := _CHUNK.match(text, position):
        # One unknown stretch: the whole rest of the run, or up to any point where something known may begin.
        for end in range(position + 1, found.end() + 1):
            yield Piece(position, end, "unknown", cost=5.0 + 0.9 * (end - position))
    elif not _PUNCTUATION.match(text, position):
        yield Piece(position, position + 1, "unknown", cost=6.0)


def _same_script(one: str, other: str) -> bool:
    def script(character: str) -> str:
        if "가" <= character <= "힣" or "ㄱ" <= character <= "ㅣ":
            return "hangul"
        return "latin" if character.isalpha() else "digit" if character.isdigit() else character

    return script(one) == script(other)
