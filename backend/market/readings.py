"""The ways in which a query may have been meant, from as typed to typed on the wrong keyboard layout."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.market import hangul, spelling

_A_CODE = re.compile(r"a(\d{4}[0-9a-z]\d)")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a query: the form to look for, what was assumed to get it, and how much that costs (0 … 1)."""

    form: str
    note: str = ""
    cost: float = 0.0


def readings(query: str) -> list[Reading]:
    """List the readings of a query, the most literal first, without repeats. Empty if it has no letter or digit."""
    plain, folded = spelling.normalise(query), spelling.fold(query)
    if not plain:
        return []
    found = [Reading(folded), Reading(plain)]
    trimmed = spelling.without_noise(folded)
    found.append(Reading(trimmed, cost=0.01))
    if code := _A_CODE.fullmatch(plain):
        found.append(Reading(code[1], "종목코드 앞의 A를 뗌"))
    if not hangul.is_syllable(folded[-1]):
        found.append(Reading(spelling.issuer(query), cost=0.01))
    for form in dict.fromkeys((folded, trimmed)):
        for old, new, current in spelling.current_brands(form):
            found.append(Reading(current, f"옛 브랜드 {old.upper()}는 지금 {new.upper()}", 0.03))
    found.extend(_other_keyboard(query, plain))
    if (branded := by_brand_initials(plain)) and not any(map(hangul.is_letter, branded)):
        found.append(Reading(spelling.fold(branded), f"초성으로 읽음: {branded.upper()}", 0.06))
    unique: dict[str, Reading] = {}
    for reading in found:
        unique.setdefault(reading.form, reading)
    return list(unique.values())


def _other_keyboard(query: str, plain: str) -> list[Reading]:
    """Read text that was typed with the keyboard left on the other script."""
    if plain.isascii() and not plain.isdigit():
        typed = hangul.from_latin_keys("".join(_WORD.findall(query)))
        if all(hangul.is_syllable(c) or c.isdigit() for c in typed):
            return [Reading(spelling.fold(typed), f"한글 자판으로 읽음: {typed}", 0.06)]
    elif any(map(hangul.is_letter, plain)) and not hangul.is_initials(plain):
        typed = spelling.fold(hangul.to_latin_keys(plain))
        return [Reading(typed, f"영문 자판으로 읽음: {typed}", 0.06)]
    return []


def by_brand_initials(plain: str) -> str | None:
    """Read a brand by the initials of its spoken name, before more that was typed: ㅋㄷㅅ200 → kodex200.

    Names are kept with their brands in Latin letters, which have no initials.
    """
    return next(
        (
            brand + rest
            for spoken, brand in _BRANDS_BY_INITIALS
            if plain.startswith(spoken) and (rest := plain.removeprefix(spoken))
        ),
        None,
    )


def words(query: str) -> list[str]:
    """Fold each word of a query, with a brand that is stuck to what follows taken off; noise words are left out."""
    found: list[str] = []
    for word in _WORD.findall(query):
        form = spelling.fold(word)
        if word.casefold() in LEGAL_FORMS:
            continue
        for old, new, current in spelling.current_brands(form):
            form = current if form != old else new
        brand = next((b for b in BRANDS if form.startswith(b) and form != b), "")
        rest = form.removeprefix(brand)
        found.extend(part for part in (brand, rest) if part and part not in spelling.NOISE)
    return list(dict.fromkeys(found))


LEGAL_FORMS = frozenset(
    ("inc", "corp", "co", "ltd", "plc", "llc", "sa", "se", "ag", "nv", "group", "holdings", "the", "company", "limited")
)
BRANDS = ("kodex", "tiger", "rise", "hanaro", "koact", "kiwoom", "ace", "plus", "sol", "time", "1q", "won", "unicorn")
# The longest first: ㅋㅇㅌ is 코액트, not 키움 and a ㅌ.
_BRANDS_BY_INITIALS = sorted(
    (
        (hangul.initials(spoken), brand)
        for spoken, brand in spelling.TRANSLITERATIONS.items()
        if brand in BRANDS and len(spoken) > 1 and all(map(hangul.is_syllable, spoken))
    ),
    key=lambda pair: -len(pair[0]),
)
