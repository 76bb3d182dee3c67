"""How much has to change: `2%p 넘게`, `1퍼센트포인트 이상`, `0.5% 이상 변하면`, and by how much a premium."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SPOKEN = {"반": 0.5, "영점오": 0.5, "일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "십": 10, "one": 1, "two": 2, "three": 3, "five": 5, "half a": 0.5, "half": 0.5, "a": 1}  # fmt: skip
_UNIT = (
    r"(?:%\s?(?:p|포인트|point|point)?|퍼센트\s?(?:포인트)?|퍼포|퍼(?![가-힣])|프로(?![가-힣])|pp(?![a-z])|"
    r"percentage\s+points?|percent(?:age)?(?:\s+points?)?|포인트|bps?(?![a-z]))"
)
_FIGURE = re.compile(
    rf"(?P<sign>[-−±]\s?)?(?P<number>\d+(?:[.,]\d+)?|(?<![가-힣a-z])(?:반|영점오|[일이삼사오십]|one|two|three|five|"
    rf"half a|half|a)(?=\s?(?:%|퍼|프로|percent)))\s?(?P<unit>{_UNIT})"
    r"(?!\w*초단기|프리미엄)|(?P<bare>(?<![\d.,\w])\d+(?:\.\d+)?)(?=\s?(?:이상|넘게|넘|초과|만큼))",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"^\s*(?:이하|미만|밑|아래|보다\s?(?:적|작|조금)|도?\s?안\s?(?:되|넘)|\bor\s+less)|^\s*(?:or\s+less|at\s+most)",
    re.IGNORECASE,
)
_PREMIUM = re.compile(r"괴리|프리미엄|디스카운트|premium|discount|nav", re.IGNORECASE)
_OTHER = re.compile(
    r"비중|팔|파는|사면|사고|매도|매수|담|줄이|늘리|매매|거래|종목|weight|sell|buy|trade|more|less", re.IGNORECASE
)


@dataclass(frozen=True)
class Figure:
    """A figure in % or percentage points and its place. `below` says that only smaller changes were asked for."""

    start: int
    end: int
    value: float
    of_premium: bool
    below: bool
    points: bool


def figures(text: str, names: Sequence[tuple[int, int]]) -> list[Figure]:
    """The figures of a text outside of its names, each with what it is the measure of."""
    found: list[Figure] = []
    for match in _FIGURE.finditer(text):
        start, end = match.span()
        if any(first < end and start < last for first, last in names):
            continue
        number = match["bare"] or match["number"]
        value = float(_SPOKEN.get(number.lower(), 0) or number.replace(",", "."))
        unit = (match["unit"] or "").lower()
        if unit.startswith("bp"):
            value /= 100
        found.append(
            Figure(
                start, end, -value if (match["sign"] or "").strip() in ("-", "−") else value, _is_of_premium(text, start, end),
                _BELOW.match(text, end) is not None or _BELOW.match(text[end:]) is not None, "p" in unit or "포" in unit,
            )
        )  # fmt: skip
    return found


_CLAUSE = re.compile(r"거나|또는|혹은|(?<=[가-힣])고(?=\s)|,|\bor\b|\band\b", re.IGNORECASE)


def _is_of_premium(text: str, start: int, end: int) -> bool:
    """Whether a figure is a premium's: the last measure before it in its clause, else the next behind it, else any before."""
    first = max((found.end() for found in _CLAUSE.finditer(text, 0, start)), default=0)
    last = min((found.start() for found in _CLAUSE.finditer(text, end)), default=len(text))
    before, behind = _measures(text, first, start), _measures(text, end, last)
    if before or behind:
        return before[-1] if before else behind[0]
    earlier = _measures(text, 0, start)
    return bool(earlier) and earlier[-1]


def _measures(text: str, first: int, last: int) -> list[bool]:
    """The measures that are named between two places, in order: True is a premium."""
    found = [(one.start(), True) for one in _PREMIUM.finditer(text, first, last)]
    found += [(one.start(), False) for one in _OTHER.finditer(text, first, last)]
    return [of_premium for _, of_premium in sorted(found)]
