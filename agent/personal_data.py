"""Numbers and addresses that name a person, masked before a question is read, stored, embedded or sent to a model.

What is masked: resident and alien registration numbers, passport, driver's licence, payment card, bank account and
telephone numbers, and e-mail addresses. What a question about the market needs stays: six-character codes, ISINs,
amounts, dates and prices. Check digits decide nothing where the shape already does: resident numbers given out since
October 2020 have none, and a mistyped number is personal as well. That is also why no validating library does it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

# One character each, so that a match lies at the same place in the original.
_PLAIN = str.maketrans(
    {
        **{chr(0xFF01 + offset): chr(0x21 + offset) for offset in range(0x5E)},
        **dict.fromkeys("‐‑‒–—―−﹣ㅡ", "-"),
        **dict.fromkeys("\u00a0\u2007\u202f\u3000\t", " "),
        **dict.fromkeys("·∙", "."),
    }
)
_START, _END = r"(?<![0-9A-Za-z.,+-])", r"(?![0-9A-Za-z]|[-.,][0-9])"
_NO_AMOUNT = r"(?!\s*(?:원|주|개|좌|만|억|조|%|KRW|won))"
_BIRTH = r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_SPOKEN = "[0-9공영일이삼사오육륙칠팔구]"
_GAP = r"[-. )]{1,3}"
_MOBILE = r"(?:01[016789]|[공영]일[공영일육륙칠팔구])"
_ABROAD = r"(?:\+|00)?82[-. ]{0,2}\(?0?\)?[-. ]?"
_LANDLINE = r"(?:0(?:2|[3-6][0-9]|70|80|50[0-9]?))"
_WORD_BEFORE_ACCOUNT = r"(?:계좌|통장|은행|뱅크|농협|account)"


def _shape(pattern: str, *, flags: int = 0) -> re.Pattern[str]:
    return re.compile(f"{_START}(?P<it>{pattern}){_END}", flags)


def _is_card(text: str) -> bool:
    """Whether the digits are a payment card's: hyphens between fours say so, else the Luhn check digit."""
    digits = [int(character) for character in text if character.isdigit()]
    if "-" in text and len(digits) == 16:
        return True
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_account(text: str) -> bool:
    """Whether hyphenated groups of digits are a bank account and not dates, years or codes."""
    groups = text.split("-")
    if _is_day(groups[:3]) or _is_day([groups[0][:4], groups[0][4:6], groups[0][6:]]):
        return False
    years = all(len(group) == 4 and group[:2] in ("19", "20") for group in groups)
    return not years and 10 <= sum(map(len, groups)) <= 16


def _is_day(groups: list[str]) -> bool:
    try:
        return len(groups[0]) == 4 and 1900 <= date(*map(int, groups)).year <= 2199
    except (TypeError, ValueError):
        return False


def _always(_text: str) -> bool:
    return True


# In this order: what is longer and surer comes first.
_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    (
        "이메일",
        re.compile(
            r"(?<![A-Za-z0-9._%+-])(?P<it>[A-Za-z0-9._%+-]{1,64} ?@ ?(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})"
        ),
        _always,
    ),
    ("주민등록번호", _shape(rf"{_BIRTH} ?- ?[0-9](?:[0-9]{{6}}|[0-9*xX●]{{6}})"), _always),
    ("주민등록번호", _shape(rf"{_BIRTH} ?[1-8][0-9]{{6}}{_NO_AMOUNT}"), _always),
    ("카드번호", _shape(r"(?:2[2-7]|[3-69][0-9])[0-9]{2}([- ]?)[0-9]{4}\2[0-9]{4}\2[0-9]{4}" + _NO_AMOUNT), _is_card),
    ("카드번호", _shape(r"3[47][0-9]{2}([- ]?)[0-9]{6}\2[0-9]{5}" + _NO_AMOUNT), _is_card),
    ("면허번호", _shape(r"(?:[0-9]{2}|[가-힣]{2}) ?-? ?[0-9]{2}-[0-9]{6}-[0-9]{2}"), _always),
    (
        "전화번호",
        re.compile(
            r"(?<![0-9A-Za-z.,])(?P<it>"
            rf"(?:{_ABROAD}|\+82)1[016789][-. ]{{0,3}}[0-9]{{3,4}}[-. ]{{0,3}}[0-9]{{4}}"
            rf"|\({_MOBILE}\) ?[0-9]{{3,4}}[-. ]{{0,3}}[0-9]{{4}}"
            rf"|{_MOBILE}{_GAP}{_SPOKEN}{{3,4}}[-. ]{{0,3}}{_SPOKEN}{{4}}"
            rf"|{_MOBILE}{_SPOKEN}{{7,8}}"
            rf"|{_MOBILE}[0-9]{{4}}[- ][0-9]{{4}}"
            rf"|(?:\({_LANDLINE}\) ?|{_LANDLINE}{_GAP})[0-9]{{3,4}}[-. ]{{1,3}}[0-9]{{4}}"
            rf"|{_LANDLINE}[0-9]{{7,8}}{_NO_AMOUNT}"
            rf"|{_ABROAD}(?:2|[3-6][0-9]|70)[-. ]{{1,3}}[0-9]{{3,4}}[-. ]{{1,3}}[0-9]{{4}}"
            r"|\+[0-9]{1,3}[- ]\(?[0-9]{1,4}\)?[- ][0-9]{3,4}[- ]?[0-9]{3,4}"
            rf"){_END}"
        ),
        _always,
    ),
    ("계좌번호", _shape(r"[0-9]{2,6}(?:-[0-9]{1,8}){2,3}(?!-)"), _is_account),
    (
        "계좌번호",
        re.compile(rf"{_WORD_BEFORE_ACCOUNT}[^0-9\n]{{0,10}}(?P<it>[0-9]{{10,16}}){_END}{_NO_AMOUNT}"),
        _always,
    ),
    (
        "계좌번호",
        re.compile(rf"{_WORD_BEFORE_ACCOUNT}[^0-9\n]{{0,10}}(?P<it>[0-9]{{6,12}}-[0-9]{{1,8}}){_END}"),
        _is_account,
    ),
    ("여권번호", _shape(r"[MSRODG](?:[0-9]{8}|[0-9]{3}[A-Z][0-9]{4})"), _always),
)


def masked_personal_data(text: str) -> str:
    """Return the text with personal numbers and addresses replaced by what they are, such as ⟨전화번호⟩."""
    for kind, pattern, is_one in _KINDS:
        for start, end in _found(text, pattern, is_one):
            text = f"{text[:start]}⟨{kind}⟩{text[end:]}"
    return text


def _found(text: str, pattern: re.Pattern[str], is_one: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """Where the pattern is found, last first, so that replacing moves nothing that is still to come."""
    matches = pattern.finditer(text.translate(_PLAIN))
    return reversed([match.span("it") for match in matches if is_one(match["it"])])
