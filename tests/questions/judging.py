"""Whether an answer of the agent is right, wrong although it sounds sure, or not given, against expected rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

from agent.answer import Answer, Table

FOLDER = Path(__file__).parent
TOLERANCE = 0.0051
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Asked:
    """One question. `check`: `rows` (the same rows in any order), `top` (the table begins with these rows in this order), `value` (every
    expected cell is said in the text or a table). `status` is what is expected; only answered questions have rows.
    """

    id: str
    kind: str
    question: str
    status: Literal["answered", "refused", "clarify", "not_answered"] = "answered"
    check: Literal["rows", "top", "value"] = "value"
    sql: str = ""


def read(name: str) -> list[Asked]:
    """The questions of one file."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [Asked(**json.loads(line)) for line in lines if line.strip()]


def judge(asked: Asked, answer: Answer, expected: Sequence[tuple]) -> str:
    """`right`, `wrong` (answered, but not so), or `not answered` (refused, asked back or failed where an answer was expected)."""
    if asked.status == "not_answered":
        return "right" if answer.status in ("refused", "clarify") else "wrong"
    if asked.status != "answered":
        if answer.status == asked.status:
            return "right"
        return "wrong" if answer.status == "answered" else "not answered"
    if answer.status != "answered":
        return "not answered"
    if asked.check == "value":
        return "right" if _says_all(answer, expected) else "wrong"
    fits = any(
        _fits(table, expected, prefix=asked.check == "top", ordered=asked.check == "top") for table in answer.tables
    )
    if not expected and not any(table.rows for table in answer.tables):
        fits = True
    return "right" if fits else "wrong"


def _fits(table: Table, expected: Sequence[tuple], *, prefix: bool, ordered: bool) -> bool:
    rows = table.rows[: len(expected)] if prefix else table.rows
    if len(rows) != len(expected):
        return False
    if not expected:
        return True
    width = len(expected[0])
    for columns in permutations(range(len(table.columns)), width):
        picked = [tuple(row[column] for column in columns) for row in rows]
        if ordered and all(_same_row(one, other) for one, other in zip(picked, expected, strict=True)):
            return True
        if not ordered and _same_rows(picked, expected):
            return True
    return False


def _same_rows(rows: Sequence[tuple], expected: Sequence[tuple]) -> bool:
    left = sorted(rows, key=_sortable)
    right = sorted(expected, key=_sortable)
    return all(_same_row(one, other) for one, other in zip(left, right, strict=True))


def _sortable(row: tuple) -> tuple:
    return tuple(f"{float(cell):020.1f}" if _is_number(cell) else str(cell) for cell in row)


def _same_row(one: tuple, other: tuple) -> bool:
    return all(_same(a, b) for a, b in zip(one, other, strict=True))


def _same(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return abs(float(one) - float(other)) <= max(TOLERANCE, 1e-6 * abs(float(other)))
    return str(one) == str(other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _says_all(answer: Answer, expected: Sequence[tuple]) -> bool:
    cells = [cell for table in answer.tables for row in table.rows for cell in row]
    numbers = [float(text.replace(",", "")) for text in _NUMBER.findall(answer.answer) if text.strip(",")]
    numbers += [float(cell) for cell in cells if _is_number(cell)]
    return all(_is_said(value, answer.answer, cells, numbers) for row in expected for value in row)


def _is_said(value: Any, text: str, cells: Sequence[Any], numbers: Sequence[float]) -> bool:
    if _is_number(value):
        return any(_same(number, value) for number in numbers)
    return str(value) in text or any(str(value) == str(cell) for cell in cells)
