"""From a question's text to a settled `Question`: names linked, dates and quantities found, the rest cut into words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from sqlalchemy import Connection

from agent.linking import Link, NameIndex, codes, name_index, reordered, resolve_unknown
from agent.periods import find_dates
from agent.quantities import find_quantities
from agent.reading.question import Question
from agent.reading.settling import settle
from agent.reading.tokens import ENTITY_KINDS, Piece, Token, tokenise
from agent.reading.typing_errors import corrected
from backend.market.hangul import is_syllable

_QUOTES = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " ", "％": "%", "～": "~", "？": "?", "，": ","}
)


def understand(
    connection: Connection, question: str, as_of: date, dataset: str, given: Sequence[Piece] = ()
) -> Question:
    """Read a question against the market that `connection` sees; dates count from `as_of`.

    `given` are names whose meaning is settled already (see agent.given_names), at their places in the `plain` text.
    """
    text = plain(question)
    index = name_index(connection)
    names = [*_whole(text, index.pieces(text)), *given]
    unknown_codes = _unknown_codes(text, names)
    pieces = [*names, *unknown_codes]
    blanked = _blank(text, tokenise(text, [*pieces, *_outside(names, find_dates_and_quantities(text, as_of))]))
    pieces += _outside(names, find_dates_and_quantities(blanked, as_of))
    tokens = tokenise(text, pieces)
    more = reordered(index, text, tokens)
    if any(token.kind == "unknown" for token in tokens):
        words = corrected(text, tokens)
        if words:
            pieces += words
            tokens = tokenise(text, pieces)
        more += resolve_unknown(connection, text, tokens)
    more += [*_preferred(index, text, tokens), *_no_products(tokens)]
    if more:
        tokens = tokenise(text, [*pieces, *more])
    return settle(text, tokens, as_of, dataset)


def plain(question: str) -> str:
    """The question with simple quotes and single blanks, as the places of its tokens count."""
    return re.sub(r"\s+", " ", question.translate(_QUOTES)).strip()


_PREFERRED_LINES = ("우", "우B", "1우", "2우", "2우B", "3우B", "4우", "우(전환)")


def _preferred(index: NameIndex, text: str, tokens: list[Token]) -> list[Piece]:
    """`LG화학 우선주`: the preferred shares of that company; where there are none, the words name nothing."""
    pieces = []
    for token in tokens:
        behind = re.compile(r"의?\s*우선주").match(text, token.end)
        if behind is None or token.kind != "entity" or "stock" not in token.value.kinds:
            continue
        names = dict.fromkeys([token.text, *(named.name for named in token.value.of("stock"))])
        lines = [found for name in names for line in _PREFERRED_LINES for found in index.find(name + line)]
        stocks = {found.key: found for found in lines if found.kind == "stock"}
        mention = text[token.start : behind.end()]
        if stocks:
            pieces.append(Piece(token.start, behind.end(), "entity", Link(mention, tuple(stocks.values())), 0.3))
        else:
            pieces.append(Piece(token.start, behind.end(), "unknown", cost=0.3))
    return pieces


def _no_products(tokens: list[Token]) -> list[Piece]:
    """`TIGER 반도체TOP30`: what is written in one behind a brand is one name, and if there is no such ETF, no filter either."""
    pieces = [
        Piece(name.start, behind.end, "unknown", cost=0.3)
        for name, behind in pairwise(tokens)
        if name.kind == "entity"
        and name.end == behind.start
        and behind.text.lower().startswith("top")
        and is_syllable(name.text[-1])
    ]
    if pieces or any(token.kind == "etf_word" for token in tokens):
        return pieces
    for place, brand in enumerate(tokens[:-1]):
        if (
            brand.kind != "entity"
            or brand.particle
            or not any(one.source == "brand" for one in brand.value.of("company"))
        ):
            continue
        last = place + 1
        while last + 1 < len(tokens) and tokens[last + 1].start == tokens[last].end and tokens[last + 1].kind in _PARTS:
            last += 1
        written = tokens[place + 1 : last + 1]
        glued = bool(written) and written[0].start == brand.end
        joined = (len(written) > 1 or glued) and all(token.kind in _PARTS for token in written)
        if joined and written[0].start - brand.end <= 1:
            pieces.append(Piece(brand.start, tokens[last].end, "unknown", cost=0.3))
    return pieces


_PARTS = ("entity", "quantity", "unknown")


def _unknown_codes(text: str, names: list[Piece]) -> list[Piece]:
    known = {(piece.start, piece.end) for piece in names}
    return [
        Piece(found.start(), found.end(), "unknown_code", found[0], 0.9)
        for found in codes(text)
        if found.span() not in known and not _is_compact_date(found[0])
    ]


def _is_compact_date(text: str) -> bool:
    return len(text) == 8 and text.isdigit()


def find_dates_and_quantities(text: str, as_of: date) -> list[Piece]:
    """What a text's dates and numbers could be, as candidate tokens."""
    periods = find_dates(text, as_of)
    pieces = [
        Piece(period.start, period.end, "date", period, 0.9 - 0.01 * (period.end - period.start)) for period in periods
    ]
    characters = list(text)
    for period in periods:
        characters[period.start : period.end] = " " * (period.end - period.start)
    for quantity in find_quantities("".join(characters)):
        # A bare number is more often a part of something else: `KODEX 200보다 저렴한`.
        cost = (1.3 if quantity.kind == "number" else 1.0) - 0.01 * (quantity.end - quantity.start)
        pieces.append(Piece(quantity.start, quantity.end, "quantity", quantity, cost))
    return pieces


_COUNTED_ONE = re.compile(r"하나(?:만|요)?(?=\s|$|[.,?!])")


def _whole(text: str, names: list[Piece]) -> list[Piece]:
    """Without names that end inside a word behind a blank (`에코프로 비|중`), and without a number taken for a name (`ETF 하나`)."""
    kept = []
    for name in names:
        mention, behind = text[name.start : name.end], text[name.end : name.end + 1]
        tail = re.split(r"\s+", mention)
        cut = len(tail) > 1 and len(tail[-1]) == 1 and is_syllable(tail[-1]) and bool(behind) and is_syllable(behind)
        counted = (
            mention == "하나"
            and _COUNTED_ONE.match(text, name.start)
            and not re.match(r"하나\s*(?:ETF|etf)", text[name.start :])
        )
        if not cut and not counted:
            kept.append(name)
    return kept


def _outside(names: list[Piece], found: list[Piece]) -> list[Piece]:
    """Without the bare numbers inside a name: `TIGER 200보다 싸` is a name and a comparison, and no 200."""
    return [
        piece
        for piece in found
        if piece.kind != "quantity"
        or piece.value.kind != "number"
        or not any(name.start < piece.start < name.end for name in names)
    ]


def _blank(text: str, tokens: list[Token]) -> str:
    """The text with its names blanked out, so that their digits are no dates."""
    characters = list(text)
    for token in tokens:
        if token.kind == "entity" or token.kind in ENTITY_KINDS:
            characters[token.start : token.end] = "\0" * (token.end - token.start)
    return "".join(characters).replace("\0", "□")
