"""A question with its names, dates and numbers replaced by what they are, so that its neighbours share its intent and not its names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.quantities import Quantity
from agent.reading.question import Question
from agent.reading.tokens import Token
from agent.verified_example import SLOT_MASKS

_ENTITY_SLOTS = ("etf", "stock", "company", "tag", "index", "industry")
_PARTS = ("stock", "tag", "index", "industry")
_LEADING_NUMBER = re.compile(r"[\d,.]+|[가-힣]{1,3}(?=\s*(?:개|가지|종목|곳|위|건|종|대))|(?<=\s)[가-힣]{1,3}$")
_PERCENT = re.compile(r"[-−]?[\d,.]+\s*(?:%|퍼센트|프로|퍼)|[가-힣]{1,2}\s*(?:퍼센트|프로|퍼)")
_AMOUNT = re.compile(r"[\d,.\s일이삼사오육칠팔구십백천만억조]+원?")


# What ETFs are told apart by as they are by themes.
_TRAITS = (
    "leverage", "inverse", "inverse2", "synthetic", "hedged", "unhedged", "equity_class", "bond_class", "mixed_class",
    "commodity_class", "realestate_class", "currency_class", "domestic", "overseas",
)  # fmt: skip
# A word behind a brand, or one in capital letters in front of "ETF", is meant as the name of an ETF.
_BRANDED = re.compile(r"[A-Z][A-Za-z]{2,}\s+\S.*")
_TICKER = re.compile(r"[A-Z]{3,5}")


def masked(question: Question) -> str:
    """The question's text with every name, date and number as the mask of its slot type.

    Names that nobody knows are masked where their place says what they are meant for, and traits of ETFs (인버스, 채권형) are
    masked as themes where no ETF is named.
    """
    text, end = question.text, len(question.text)
    tokens = sorted(question.tokens, key=lambda token: token.start)
    names_etf = any(token.kind == "etf" for token in tokens)
    for place in reversed(range(len(tokens))):
        token = tokens[place]
        if token.start >= end:
            continue
        if token.kind == "unknown":
            mask, start = _unknown_name(tokens, place)
        else:
            mask, start = _mask(token), token.start
            if mask is None and token.kind in _TRAITS and not names_etf:
                mask = SLOT_MASKS["tag"]
        if mask is not None:
            behind = text[token.end :]
            gap = " " if text[token.end - 1].isspace() and not behind.startswith(" ") else ""
            text, end = text[:start] + mask + gap + behind, start
    return text


def _unknown_name(tokens: Sequence[Token], place: int) -> tuple[str | None, int]:
    """The mask of a word that nobody knows, where it can be told what it is meant for, and where it starts."""
    token, start = tokens[place], tokens[place].start
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    while place and tokens[place - 1].kind in _PARTS and tokens[place - 1].end == start:
        # A word of which a part is known is still another word.
        place, start = place - 1, tokens[place - 1].start
    before = tokens[place - 1] if place else None
    if before is not None and before.kind == "company":
        return SLOT_MASKS["etf"], before.start
    if _BRANDED.match(token.text) or (_is_etf_word(after) and _TICKER.fullmatch(token.text.strip())):
        return SLOT_MASKS["etf"], start
    holds = any(beside is not None and beside.kind == "hold" for beside in (before, after))
    return (SLOT_MASKS["stock"], start) if holds else (None, token.start)


def _is_etf_word(token: Token | None) -> bool:
    return token is not None and token.kind == "etf_word"


def _mask(token: Token) -> str | None:
    if token.kind in _ENTITY_SLOTS:
        return SLOT_MASKS[token.kind]
    if token.kind in ("ambiguous", "unknown_code"):
        return SLOT_MASKS["etf"] if token.kind == "unknown_code" else SLOT_MASKS["stock"]
    if token.kind == "date":
        return SLOT_MASKS["date" if token.value.is_day else "period"]
    if token.kind == "quantity" and token.value.kind != "rank":
        # The n-th is no number that an example takes.
        return _masked_quantity(token.value)
    return None


def _masked_quantity(quantity: Quantity) -> str:
    pattern, mask = {
        "percent": (_PERCENT, SLOT_MASKS["percent"]),
        "amount": (_AMOUNT, SLOT_MASKS["amount_krw"]),
    }.get(quantity.kind, (_LEADING_NUMBER, SLOT_MASKS["n"]))
    return pattern.sub(mask, quantity.text, count=1)
