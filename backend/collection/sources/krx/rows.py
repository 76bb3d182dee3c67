"""The rows that KRX sends: which fields they have, how numbers are written, and what says "nothing"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from backend.collection.sources.krx.errors import KrxUnavailable

Row = Mapping[str, str]

LISTING_FIELDS = ("ISU_CD", "ISU_SRT_CD", "ISU_ABBRV")
PRICE_FIELDS = ("ISU_CD", "TDD_CLSPRC", "NAV")
BASKET_FIELDS = ("COMPST_ISU_CD", "COMPST_ISU_NM", "COMPST_ISU_CU1_SHRS", "COMPST_AMT")
# What a price row says of the day; the number of listed shares is there on holidays as well.
TRADED_FIELDS = ("TDD_CLSPRC", "NAV", "ACC_TRDVOL")
# Quantity, what the row adds to the basket, what the security is worth.
HELD_FIELDS = ("COMPST_ISU_CU1_SHRS", "COMPST_AMT", "VALU_AMT")

NOTHING = ("", "-")
NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?|[+-]?\.\d+")
ETF_CODE = re.compile(r"[0-9A-Z]{6}")
ISIN = re.compile(r"[A-Z]{2}[0-9A-Z]{9}[0-9]")


@dataclass(frozen=True)
class Holiday:
    """KRX has no prices for a date: a holiday, or a trading day whose figures are not out yet."""

    date: date


class NotANumber(ValueError):
    """A cell that should hold a number holds something else."""


def text(row: Row, field: str) -> str | None:
    """Return a cell without the space around it, None where it says nothing."""
    value = row.get(field)
    value = "" if value is None else str(value).strip()
    return None if value in NOTHING else value


def number(row: Row, field: str) -> str | None:
    """Return a number as plain text (`1,234.50` → `1234.50`), None where the cell says nothing. Raises NotANumber."""
    value = text(row, field)
    if value is None:
        return None
    if not NUMBER.fullmatch(value):
        raise NotANumber(f"{field} = {value!r} is no number")
    return value.replace(",", "").removeprefix("+")


def says_nothing(rows: Sequence[Row], fields: Sequence[str]) -> bool:
    """Whether none of the fields has a value in any row, which is how the data service answers for a holiday."""
    return all(text(row, field) is None for row in rows for field in fields)


def check_fields(rows: Sequence[Row], fields: Sequence[str], what: str) -> None:
    """Raise KrxUnavailable where a row lacks a field: KRX has changed its answers, and nothing of it can be trusted."""
    for row in rows:
        absent = [field for field in fields if field not in row] if isinstance(row, Mapping) else list(fields)
        if absent:
            raise KrxUnavailable(
                f"KRX sent {what} without the field {', '.join(absent)}: its answers have changed, "
                "so this version of ETF Atlas cannot read them. Look for a newer version.",
                ko=f"KRX가 보낸 {what} 자료의 형식이 바뀌어 읽을 수 없습니다. ETF Atlas를 새 버전으로 바꿔 주세요.",
            )


def isin_of(code: str) -> str:
    """Return the ISIN of an ETF listed in Korea: KR7, its code of six characters, 00, check digit."""
    stem = f"KR7{code}00"
    return stem + check_digit(stem)


def check_digit(stem: str) -> str:
    """Return the last character of an ISIN (ISO 6166: Luhn over the letters as numbers from 10 on)."""
    digits = "".join(str(int(character, 36)) for character in stem)
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)
