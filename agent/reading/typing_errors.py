"""Words of the vocabulary that are mistyped by one letter: `구성종몫`, `순쟈산`. Names are the linker's; these are the words around them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from agent.reading.tokens import Piece, Token
from backend.market.hangul import is_syllable, letters

# Long enough that one letter of difference leaves no doubt.
_WORDS = {
    "구성종목": "holdings", "보유종목": "holdings", "편입종목": "holdings", "포트폴리오": "holdings", "수수료": "fee", "총보수": "fee", "운용보수": "fee",
    "순자산": "aum", "운용규모": "aum", "괴리율": "premium", "거래량": "volume", "수익률": "return", "상장일": "listed", "운용사": "manager",
    "기초지수": "index_word", "추종지수": "index_word", "레버리지": "leverage", "인버스": "inverse", "액티브": "active", "패시브": "passive",
    "환헤지": "hedged",
}  # fmt: skip


def corrected(text: str, tokens: Sequence[Token]) -> list[Piece]:
    """The words that unexplained stretches are mistyped for, as pieces; none where a stretch resembles no word, or two."""
    pieces = []
    for token in tokens:
        if token.kind != "unknown" or not any(map(is_syllable, token.text)):
            continue
        start, end = token.start, token.end
        while start > 0 and is_syllable(text[start - 1]):
            start -= 1
        while end < len(text) and is_syllable(text[end]):
            end += 1
        pieces += _inside(text, start, end, token)
    return pieces


def _inside(text: str, first: int, last: int, token: Token) -> list[Piece]:
    """The one mistyped word of a run of syllables that covers an unexplained token."""
    found = {}
    for word, concept in _WORDS.items():
        for start in range(first, last - len(word) + 1):
            end = start + len(word)
            if start <= token.start and token.end <= end + 1 and _one_letter_apart(text[start:end], word):
                found[concept, start, end] = Piece(start, end, concept, cost=1.2)
    return list(found.values()) if len({concept for concept, *_ in found}) == 1 else []


@cache
def _one_letter_apart(written: str, word: str) -> bool:
    one, other = letters(written), letters(word)
    if written == word or abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    short, long = sorted((one, other), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
