"""What an answer's tables name: the ETFs, stocks, managers, themes and indexes of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.answer import Table
from agent.linking import NameIndex
from agent.reading.question import Subject

_CODES = ("종목코드", "코드", "ETF 코드", "code", "ETF code")
# What a column holds, by its head.
_NAMES = {
    "운용사": "company", "manager": "company", "테마": "tag", "theme": "tag", "기초지수": "index", "지수": "index", "index": "index",
}  # fmt: skip
_CODED = ("etf", "stock")


@dataclass(frozen=True)
class Row:
    """What one row of a table names, and its cells by column."""

    subject: Subject
    cells: dict[str, object]


def rows_of(table: Table, kind: str, names: NameIndex) -> list[Row]:
    """The rows of a table that name something of a kind, in order, each thing once."""
    found: dict[str, Row] = {}
    for position in _columns(table, kind):
        for row in table.rows:
            subject = _subject(row[position], kind, names)
            if subject is not None and subject.key not in found:
                found[subject.key] = Row(subject, dict(zip(table.columns, row, strict=True)))
        if found:
            break
    return list(found.values())


def named_in(tables: Sequence[Table], kind: str, names: NameIndex) -> tuple[Table | None, list[Row]]:
    """The first table that names something of a kind, and its rows."""
    for table in tables:
        rows = rows_of(table, kind, names)
        if rows:
            return table, rows
    return None, []


def _columns(table: Table, kind: str) -> list[int]:
    if kind in _CODED:
        return [position for position, column in enumerate(table.columns) if column in _CODES]
    return [position for position, column in enumerate(table.columns) if _NAMES.get(column) == kind]


def _subject(cell: object, kind: str, names: NameIndex) -> Subject | None:
    if not isinstance(cell, str) or not cell:
        return None
    sources = ("code", "other_code") if kind in _CODED else ("name",)
    options = [named for named in names.find(cell) if named.kind == kind and named.source in sources]
    keys = dict.fromkeys(option.key for option in options)
    if len(keys) != 1:
        return None
    return Subject(kind, tuple(keys), options[0].name, options[0].name)
