"""Whether an answer is right, wrong although it sounds sure, or not given, against expected rows.

How rows are compared is the question's `check`:

    rows    a table has exactly these rows, in any order unless the question is ranked
    top     a table begins with these rows, in this order
    value   every cell is said in the text, or stands in a short table or in the first row of a longer one
    text    every cell is said in the text

Without it, a ranked question's is `top`, one expected row is right by `top` or by `value`, and several rows are compared by `rows`.
The expected cells may be any of a table's columns. Numbers may be rounded, but not beyond two decimals or a millionth; names may be other names of the same
thing; rows with the same numbers may change places in a ranking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby, permutations
from typing import Any, Literal

from agent.answer import Answer, Table
from agent.evaluation.names import Names
from agent.evaluation.questions import Asked, Row
from agent.evaluation.said import Figure, column_unit, figures, in_unit, with_iso_dates

Verdict = Literal["right", "wrong", "refused", "asked_back", "failed"]

_SHORT_TABLE = 5
_NOT_GIVEN: dict[str, Verdict] = {"refused": "refused", "clarify": "asked_back", "failed": "failed"}


def judge(asked: Asked, answer: Answer, names: Names) -> Verdict:
    """`right`; `wrong` (an answer was given, and should have been another or none); else what was done instead of what was expected."""
    if asked.status == "not_answered":
        fits = answer.status in ("refused", "clarify")
    elif answer.status != asked.status:
        fits = False
    else:
        fits = answer.status != "answered" or asked.rows is None or _Judge(asked, answer, names).fits()
    if fits:
        return "right"
    return _NOT_GIVEN.get(answer.status, "wrong")


class _Judge:
    """One answer against the expected rows of its question."""

    def __init__(self, asked: Asked, answer: Answer, names: Names) -> None:
        self._expected = list(asked.rows or ())
        self._asked, self._answer, self._names = asked, answer, names
        year = int((answer.as_of or "2000")[:4])
        self._text = with_iso_dates(answer.answer, year)

    def fits(self) -> bool:
        if not self._expected:
            return not any(table.rows for table in self._answer.tables)
        check = self._asked.check
        if check is None:
            check = "top" if self._asked.ranked else "rows"
            if len(self._expected) == 1 and not self._asked.ranked:
                return self._in_table("top") or self._said(tables=True)
        if check in ("value", "text"):
            return self._said(tables=check == "value")
        return self._in_table(check)

    def _in_table(self, check: str) -> bool:
        return any(self._is_table(table, check) for table in self._answer.tables)

    def _is_table(self, table: Table, check: str) -> bool:
        rows = table.rows[: len(self._expected)] if check == "top" else table.rows
        width = len(self._expected[0])
        if len(rows) != len(self._expected) or width > len(table.columns):
            return False
        units = [column_unit(column) for column in table.columns]
        fitting = [
            [here for here in range(len(table.columns)) if self._could_be(rows, here, units[here], wanted)]
            for wanted in range(width)
        ]
        ordered = check == "top" or self._asked.ranked
        for columns in permutations(range(len(table.columns)), width):
            if any(here not in fitting[wanted] for wanted, here in enumerate(columns)):
                continue
            picked = [tuple((row[here], units[here]) for here in columns) for row in rows]
            if self._same_ranking(picked) if ordered else self._same_set(picked, self._expected):
                return True
        return False

    def _could_be(self, rows: Sequence[Sequence[Any]], here: int, unit: float, wanted: int) -> bool:
        """Whether every cell of a column is one of the expected ones; it spares trying most permutations."""
        expected = {row[wanted] for row in self._expected}
        return all(any(self._same(row[here], unit, value) for value in expected) for row in rows)

    def _same_ranking(self, rows: Sequence[tuple]) -> bool:
        start = 0
        for _, group in groupby(self._expected, key=_numbers):
            tied = list(group)
            if not self._same_set(rows[start : start + len(tied)], tied):
                return False
            start += len(tied)
        return True

    def _same_set(self, rows: Sequence[tuple], expected: Sequence[Row]) -> bool:
        left = list(rows)
        for wanted in expected:
            found = next((row for row in left if self._same_row(row, wanted)), None)
            if found is None:
                return False
            left.remove(found)
        return not left

    def _same_row(self, row: tuple, expected: Row) -> bool:
        return all(self._same(cell, unit, value) for (cell, unit), value in zip(row, expected, strict=True))

    def _same(self, cell: Any, unit: float, expected: Any) -> bool:
        if _is_number(expected):
            number = _number(cell)
            if number is None:
                return False
            if abs(expected) >= 1e6 and unit != 1.0:
                return in_unit(number, unit).means(float(expected))
            return Figure.of(number).means(float(expected))
        if cell is None or expected is None:
            return cell is expected
        if isinstance(cell, bool) or isinstance(expected, bool):
            return cell == expected
        return self._names.same(str(cell), str(expected))

    def _said(self, *, tables: bool) -> bool:
        cells = [cell for table in self._answer.tables for cell in _plain_cells(table)] if tables else []
        said = list(figures(self._text))
        return all(self._is_said(value, said, cells) for row in self._expected for value in row)

    def _is_said(self, value: Any, said: Sequence[Figure], cells: Sequence[tuple[Any, float]]) -> bool:
        if any(self._same(cell, unit, value) for cell, unit in cells):
            return True
        if _is_number(value):
            return any(figure.means(float(value)) for figure in said)
        return value is not None and any(
            _stands_in(name, self._text) for name in self._names.others(str(value)) if len(name) > 2 or name == value
        )


def _plain_cells(table: Table) -> list[tuple[Any, float]]:
    """The cells that are the answer's own statement, with their units: all of a short table, the first row of a longer one."""
    rows = table.rows if len(table.rows) <= _SHORT_TABLE else table.rows[:1]
    units = [column_unit(column) for column in table.columns]
    return [(cell, unit) for row in rows for cell, unit in zip(row, units, strict=False)]


def _stands_in(name: str, text: str) -> bool:
    """Whether a name stands in a text, and not as a part of another Latin word or number."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _number(cell: Any) -> float | None:
    """A cell's number, also where it is written as a text such as `1,234` or `3.20%`."""
    if _is_number(cell):
        return float(cell)
    if isinstance(cell, str):
        digits = cell.strip().rstrip("%원").replace(",", "").strip()
        try:
            return float(digits)
        except ValueError:
            return None
    return None


def _numbers(row: Row) -> Any:
    """What makes rows of a ranking tie: all their numbers; a row without any ties with none."""
    numbers = tuple(round(float(cell), 6) for cell in row if _is_number(cell))
    return numbers or (object(),)
