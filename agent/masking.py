"""A question with its names, dates and numbers replaced by what they are, so that its neighbours share its intent and not its names."""

from __future__ import annotations

import re

from agent.quantities import Quantity
from agent.reading.question import Question
from agent.reading.tokens import Token
from agent.verified_example import SLOT_MASKS

_ENTITY_SLOTS = ("etf", "stock", "company", "tag", "index", "industry")
_LEADING_NUMBER = re.compile(r"[\d,.]+|[가-힣]{1,3}(?=\s*(?:개|가지|종목|곳|위|건|종|대))|(?<=\s)[가-힣]{1,3}$")
_PERCENT = re.compile(r"[\d,.]+\s*(?:%|퍼센트|프로|퍼)|[가-힣]{1,2}\s*(?:퍼센트|프로|퍼)")
_AMOUNT = re.compile(r"[\d,.\s일이삼사오육칠팔구십백천만억조]+원?")


def masked(question: Question) -> str:
    """The question's text with every name, date and number as the mask of its slot type."""
    text = question.text
    for token in sorted(question.tokens, key=lambda token: -token.start):
        mask = _mask(token)
        if mask is not None:
            text = text[: token.start] + mask + text[token.end :]
    return text


def _mask(token: Token) -> str | None:
    if token.kind in _ENTITY_SLOTS:
        return SLOT_MASKS[token.kind]
    if token.kind in ("ambiguous", "unknown_code"):
        return SLOT_MASKS["etf"] if token.kind == "unknown_code" else SLOT_MASKS["stock"]
    if token.kind == "date":
        return SLOT_MASKS["date" if token.value.is_day else "period"]
    if token.kind == "quantity":
        return _masked_quantity(token.value)
    return None


def _masked_quantity(quantity: Quantity) -> str:
    pattern, mask = {
        "percent": (_PERCENT, SLOT_MASKS["percent"]),
        "amount": (_AMOUNT, SLOT_MASKS["amount_krw"]),
    }.get(quantity.kind, (_LEADING_NUMBER, SLOT_MASKS["n"]))
    return pattern.sub(mask, quantity.text, count=1)
