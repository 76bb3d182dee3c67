"""Numbers, names and lists as sentences say them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from agent.templates import krw, with_particle

__all__ = ["amount", "fee", "krw", "listed", "number", "percent", "price", "signed", "with_particle"]


def percent(value: float | None, digits: int = 2) -> str:
    """12.3 → 12.30%."""
    return "알 수 없음" if value is None else f"{value:,.{digits}f}%"


def signed(value: float | None, digits: int = 2) -> str:
    """1.5 → +1.50%."""
    return "알 수 없음" if value is None else f"{value:+,.{digits}f}%"


def fee(value: float | None) -> str:
    """Fees keep all three decimals of their source."""
    return "알 수 없음" if value is None else f"{value:.3f}%"


def number(value: float | None) -> str:
    """1234.0 → 1,234; decimals only where there are some."""
    if value is None:
        return "알 수 없음"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def price(value: float | None, english: bool = False) -> str:
    """A price per share in KRW; NAV keeps its decimals."""
    if value is None:
        return "unknown" if english else "알 수 없음"
    return f"KRW {number(value)}" if english else f"{number(value)}원"


def amount(value: float | None, english: bool = False) -> str:
    """An amount of KRW: 조 and 억 in Korean, trillions and billions in English."""
    if value is None:
        return "unknown" if english else "알 수 없음"
    if not english:
        return krw(value)
    for unit, size in (("trillion", 1e12), ("billion", 1e9), ("million", 1e6)):
        if abs(value) >= size:
            return f"KRW {value / size:,.2f} {unit}"
    return f"KRW {value:,.0f}"


def listed(names: Sequence[Any], most: int = 5, english: bool = False) -> str:
    """The first names joined by commas, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:most])
    rest = len(names) - most
    if rest <= 0:
        return shown
    return f"{shown} and {rest} more" if english else f"{shown} 외 {rest}개"


_SLOT = re.compile(r"\{(\w+)\}(?:(은|는|이|가|을|를|과|와|으로|로)(?![가-힣]))?")
_PAIRS = {
    "은": "은는",
    "는": "은는",
    "이": "이가",
    "가": "이가",
    "을": "을를",
    "를": "을를",
    "과": "과와",
    "와": "과와",
    "으로": "으로",
    "로": "으로",
}


def filled(text: str, name_of: Callable[[str], str]) -> str:
    """A text with names for its slots in braces, and with the particles that fit the names."""

    def name(slot: re.Match[str]) -> str:
        value = name_of(slot[1])
        return with_particle(value, _PAIRS[slot[2]]) if slot[2] else value

    return _SLOT.sub(name, text)


def span(first: date, last: date) -> str:
    """2026-07-01~2026-07-08, or one day."""
    return first.isoformat() if first == last else f"{first.isoformat()}~{last.isoformat()}"
