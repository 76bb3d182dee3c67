"""What a pasted list of names and codes means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Row, text

from backend.market.matching import Hit, exact, exact_hits
from backend.market.readings import readings
from backend.market.search import settle
from backend.watchlist.nearest import NOTHING, Etf, Near, NearestNames
from backend.watchlist.pasted import Cell, Line, read_lines
from backend.watchlist.schemas import AmbiguousLine, FoundInList, FoundLine, Named

MOST_CANDIDATES = 8
_TRIED_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a piece of a list is: the ETF, or those it may be, or unknown, or no name at all."""

    number: int
    line: str
    status: Literal["found", "ambiguous", "unknown", "ignored"]
    etfs: tuple[Etf, ...] = ()


def find_in_list(connection: Connection, pasted: str) -> FoundInList:
    """Say what each piece of a pasted list means. Raises InvalidInput for a list that is too long."""
    outcomes = outcomes_of(connection, pasted)
    return FoundInList(
        found=[
            FoundLine(number=one.number, line=one.line, etf=_named(one.etfs[0]))
            for one in outcomes
            if one.status == "found"
        ],
        ambiguous=[
            AmbiguousLine(number=one.number, line=one.line, candidates=[_named(etf) for etf in one.etfs])
            for one in outcomes
            if one.status == "ambiguous"
        ],
        unknown=[one.line for one in outcomes if one.status == "unknown"],
        ignored=[one.line for one in outcomes if one.status == "ignored"],
    )


def outcomes_of(connection: Connection, pasted: str) -> list[Outcome]:
    """Return the pieces of a list in its order; each line that is not blank has at least one."""
    lines = read_lines(pasted)
    known = _Known(connection, [cell for line in lines for cell in line.cells])
    return [outcome for line in lines for outcome in _read(line, known)]


class _Known:
    """What the market knows of the cells of a list."""

    def __init__(self, connection: Connection, cells: Iterable[Cell]) -> None:
        self._connection = connection
        codes = {code for cell in cells for code in cell.codes}
        names = {name for cell in cells for name in cell.names}
        self._readings = {name: readings(name) for name in names}
        forms = sorted({reading.form for meant in self._readings.values() for reading in meant})
        self._rows: dict[str, list[Row]] = {}
        for row in exact(connection, forms, ["etf", "stock"]) if forms else []:
            self._rows.setdefault(row.form, []).append(row)
        rows = connection.execute(
            text("SELECT code, name FROM etfs WHERE code = ANY(:codes)"), {"codes": sorted(codes)}
        )
        self._by_code: dict[str, Etf] = {row.code: (row.code, row.name) for row in rows}
        self._nearest: NearestNames | None = None
        self._near: dict[str, Near] = {}

    def by_code(self, cell: Cell) -> Etf | None:
        """Return the ETF whose code is in the cell."""
        return next((self._by_code[code] for code in cell.codes if code in self._by_code), None)

    def whole(self, cell: Cell) -> tuple[Etf, ...]:
        """Return the ETFs whose name the cell is: one, or several that share it."""
        for name in cell.names:
            hits = self._settled(name)
            if hits and hits[0].kind == "etf":
                return _etfs(hits)
        return ()

    def near(self, cell: Cell) -> Near:
        """Return the ETFs that the cell may mean; none where it is the name of a stock."""
        # Of the ways to read it, the one without what is an amount for sure.
        name = next((n for n in reversed(cell.names) if not n.isdigit() and len(n) > 1), cell.names[0])
        if name not in self._near:
            self._nearest = self._nearest or NearestNames(self._connection)
            self._near[name] = NOTHING if self._settled(name) else self._nearest.near(name)
        return self._near[name]

    def _settled(self, name: str) -> list[Hit]:
        meant = self._readings[name]
        rows = [row for reading in meant for row in self._rows.get(reading.form, [])]
        return settle(list(exact_hits(rows, meant).values())).hits if rows else []


def _read(line: Line, known: _Known) -> list[Outcome]:
    if any(cell.codes or cell.amount for cell in line.cells) and not all(cell.code_only for cell in line.cells):
        return _read_row(line, known)
    return [_read_cell(line, cell, known) for cell in line.cells] or [Outcome(line.number, line.text, "ignored")]


def _read_cell(line: Line, cell: Cell, known: _Known) -> Outcome:
    """Read a cell that stands for itself: a name or a code in a list of such."""
    if etf := known.by_code(cell):
        return Outcome(line.number, cell.text, "found", (etf,))
    if not cell.names:
        return Outcome(line.number, cell.text, "unknown" if cell.codes else "ignored")
    return _outcome(line.number, cell.text, _alike(known.whole(cell)) or known.near(cell))


def _read_row(line: Line, known: _Known) -> list[Outcome]:
    """Read a row of a table: one ETF, of which columns tell the code, the name, amounts and more."""
    sure: dict[Etf, str] = {}
    shared: tuple[Etf, ...] = ()
    for cell in line.cells:
        if etf := known.by_code(cell):
            sure.setdefault(etf, cell.text)
        elif len(whole := known.whole(cell)) == 1:
            sure.setdefault(whole[0], cell.text)
        else:
            shared = shared or whole
    if len(sure) == 1:
        return [Outcome(line.number, line.text, "found", tuple(sure))]
    if sure:
        return [Outcome(line.number, written, "found", (etf,)) for etf, written in sure.items()]
    named = [cell for cell in line.cells if cell.names]
    if not (named or any(cell.codes and not cell.amount for cell in line.cells)):
        # A number of six digits that is no ETF's code is an amount, unless nothing else is there.
        lonely = len(line.cells) == 1 and line.cells[0].codes
        return [Outcome(line.number, line.text, "unknown" if lonely else "ignored")]
    columns = [_alike(shared)] if shared else [known.near(cell) for cell in named[:_TRIED_COLUMNS]]
    likeliest = min((near for near in columns if near and near.etfs), key=lambda near: len(near.etfs), default=NOTHING)
    return [_outcome(line.number, line.text, likeliest)]


def _outcome(number: int, line: str, near: Near) -> Outcome:
    status = "found" if near.sure else "ambiguous" if near.etfs else "unknown"
    return Outcome(number, line, status, near.etfs[:MOST_CANDIDATES])


def _alike(etfs: tuple[Etf, ...]) -> Near | None:
    """Return ETFs that have the very name; one alone is meant."""
    return Near(etfs, sure=len(etfs) == 1) if etfs else None


def _etfs(hits: Iterable[Hit]) -> tuple[Etf, ...]:
    return tuple(dict.fromkeys((hit.code, hit.name) for hit in hits if hit.kind == "etf"))


def _named(etf: Etf) -> Named:
    return Named(code=etf[0], name=etf[1])
