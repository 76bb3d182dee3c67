"""What a text says: its figures, amounts of won and dates, in the forms people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_FIGURE = r"\d[\d,]*(?:\.\d+)?"
_NUMBER = re.compile(rf"[-+−]?{_FIGURE}")
_UNITS = {"조": 1e12, "억": 1e8, "만": 1e4, "trillion": 1e12, "billion": 1e9, "million": 1e6}
_AMOUNT = re.compile(rf"[-+−]?{_FIGURE}\s*(?:[조억만](?:\s*{_FIGURE}\s*[억만])*|trillion|billion|million)")
_PART = re.compile(rf"({_FIGURE})\s*({'|'.join(_UNITS)})")
_KOREAN_DATE = re.compile(r"(?:(\d{4})년\s*)?(\d{1,2})월\s*(\d{1,2})일")
_COLUMN_UNIT = re.compile(r"(조|억|만)\s*원|(trillion|billion|million)", re.IGNORECASE)
# How far a figure of the data may be rounded: to two decimals.
_MOST_ROUNDING = 0.00501


@dataclass(frozen=True)
class Figure:
    """A number with how far rounding may have moved it: half of the last digit that is said."""

    value: float
    rounding: float

    @classmethod
    def of(cls, value: float) -> Figure:
        """A number as it stands in a table, right to half of its last digit, at most to two decimals."""
        return cls(value, _rounding(value))

    def means(self, expected: float) -> bool:
        """Whether this is the expected number, where either may have been rounded."""
        allowed = max(self.rounding, _rounding(expected), 1e-6 * abs(expected))
        return abs(self.value - expected) <= allowed


def _rounding(value: float) -> float:
    exponent = Decimal(repr(value)).as_tuple().exponent
    return min(_MOST_ROUNDING, 0.501 * 10.0**exponent) if isinstance(exponent, int) else 0.0


def figures(text: str) -> Iterator[Figure]:
    """Every number of a text; `15조 2,802억` is one of them, right to half of its last unit."""
    for found in _AMOUNT.finditer(text):
        yield _amount(found[0])
    for found in _NUMBER.finditer(text):
        digits = found[0].replace(",", "").replace("−", "-")
        yield Figure(float(digits), min(_MOST_ROUNDING, 0.501 * 10.0 ** -len(digits.partition(".")[2])))


def _amount(text: str) -> Figure:
    parts = [(number.replace(",", ""), _UNITS[unit]) for number, unit in _PART.findall(text)]
    total = sum(float(number) * unit for number, unit in parts)
    number, unit = parts[-1]
    decimals = len(number.partition(".")[2])
    return Figure(-total if text[0] in "-−" else total, unit * 10**-decimals / 2)


def in_unit(value: float, unit: float) -> Figure:
    """A cell of a column that counts in a unit, such as 152802 in 억원: right to half a unit of its last digit."""
    decimals = len(f"{value:f}".rstrip("0").partition(".")[2])
    return Figure(value * unit, unit * 10**-decimals * 0.501)


def column_unit(column: str) -> float:
    """What a cell of a column counts, by the column's name: 1e8 for `순자산 (억원)`, else 1."""
    found = _COLUMN_UNIT.search(column)
    return 1.0 if found is None else _UNITS[(found[1] or found[2]).lower()]


def with_iso_dates(text: str, year: int) -> str:
    """The text with `2026년 7월 3일` and `7월 3일` as ISO dates; where no year is said it is `year`."""
    return _KOREAN_DATE.sub(lambda day: f"{int(day[1] or year):04d}-{int(day[2]):02d}-{int(day[3]):02d}", text)
