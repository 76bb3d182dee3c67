"""The tidy tables of a day, made of the rows that KRX sent.

- The weight of a position is its part of the basket's amount with cash, %, so it always adds up and is marked C
  (recomputed). KRX values nothing that is listed abroad: a basket with such positions has no weights (U), since the
  cash would seem to be all of it.
- A basket with a row that cannot be read is missing as a whole, with the reason: half a basket would read as a sale. So is
  the ETF whose prices cannot be read; the others of the day are loaded.
- The notional cash of a basket is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import polars as pl

from backend.collection.feed import Feed, columns
from backend.collection.sources.krx.kinds import Constituent, constituent
from backend.collection.sources.krx.reference_rows import etfs
from backend.collection.sources.krx.rows import ETF_CODE, HELD_FIELDS, NotANumber, Row, number, says_nothing, text
from backend.collection.validate import LARGEST_QUANTITY

SOURCE = "krx"
LABEL = "KRX"
# Where long and short amounts nearly cancel out, parts of what is left say nothing.
LEAST_NET_PART = 0.01
DECIMALS = 6
LARGEST_FIGURE = 1e18
PRICES = {
    "open": "TDD_OPNPRC",
    "high": "TDD_HGPRC",
    "low": "TDD_LWPRC",
    "close": "TDD_CLSPRC",
    "nav": "NAV",
    "volume_shares": "ACC_TRDVOL",
    "value_krw": "ACC_TRDVAL",
    "net_asset_krw": "INVSTASST_NETASST_TOTAMT",
}


def feed(
    day: date,
    listing_rows: Sequence[Row],
    price_rows: Sequence[Row],
    baskets: Mapping[str, Sequence[Row]],
    missing: Mapping[str, str],
) -> Feed:
    """Return the delivery of one trading day.

    `baskets` are rows of MDCSTAT05001 by ETF code, `missing` the reasons of the expected baskets that did not come. A
    basket that is empty, consists of dashes or cannot be read joins the missing ones.
    """
    absent = dict(missing)
    prices = _prices(day, price_rows, absent)
    held: list[tuple] = []
    for etf, rows in sorted(baskets.items()):
        if etf in absent and etf not in missing:
            continue
        try:
            held += _basket(day, etf, rows)
        except ValueError as error:
            absent[etf] = f"KRX: {error}"
        else:
            absent.pop(etf, None)
    tables = {
        "etfs": etfs(day, listing_rows, price_rows, {row[1] for row in held}),
        "holdings": _frame("holdings", held),
        "prices": _frame("prices", prices),
    }
    return Feed(SOURCE, LABEL, tables, {(etf, day): reason for etf, reason in absent.items()})


def _frame(table: str, rows: Iterable[tuple]) -> pl.DataFrame:
    schema = dict.fromkeys(columns(table), pl.String) | {"file": pl.String, "line": pl.Int64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def price_code(row: Row) -> str | None:
    """Return the ETF's code in a price row of either service; None where it is none."""
    code = text(row, "ISU_SRT_CD") or text(row, "ISU_CD")
    return code if code and ETF_CODE.fullmatch(code) else None


def _prices(day: date, rows: Sequence[Row], absent: dict[str, str]) -> list[tuple]:
    """Return the rows of `prices`, and add the ETFs whose row cannot be used to `absent`, with the reason.

    An ETF without close and NAV has no row for the day.
    """
    origin = f"KRX prices {day}"
    written: dict[str, tuple] = {}
    for line, row in enumerate(rows, 1):
        code = price_code(row)
        if code is None or says_nothing([row], ("TDD_CLSPRC", "NAV")):
            continue
        try:
            figures = {column: number(row, field) for column, field in PRICES.items()}
            _check_prices(figures)
            values = {"date": day.isoformat(), "etf_code": code} | figures
            made = tuple(values[column] for column in columns("prices"))
            if code in written and written[code][: len(made)] != made:
                raise ValueError("a second row that contradicts the first")
        except ValueError as error:
            absent[code] = f"KRX: prices, row {line}: {error}"
        else:
            written.setdefault(code, (*made, origin, line))
    return [row for code, row in written.items() if code not in absent]


def _check_prices(figures: Mapping[str, str | None]) -> None:
    """Raise ValueError for prices that cannot be right."""
    known = {column: float(figure) for column, figure in figures.items() if figure is not None}
    wrong = next((column for column, figure in known.items() if not 0 <= figure <= LARGEST_FIGURE), None)
    if wrong:
        raise ValueError(f"{PRICES[wrong]} = {figures[wrong]} is not between 0 and {LARGEST_FIGURE:.0e}")
    if 0 < known.get("high", 0) < known.get("low", 0):
        raise ValueError(f"the high {figures['high']} is below the low {figures['low']}")


class _Position(NamedTuple):
    """A row of a basket, read. `amount` is what it adds to the basket, `value` what it is worth by itself, KRW."""

    line: int
    kind: str
    code: str
    name: str | None
    shares: str | None
    amount: str | None
    value: str | None
    unvalued: bool


def _basket(day: date, etf: str, rows: Sequence[Row]) -> list[tuple]:
    """Return the rows of `holdings` for one basket. Raises ValueError with the reason where it cannot be used."""
    if not rows:
        raise ValueError("an empty basket")
    if says_nothing(rows, HELD_FIELDS):
        raise ValueError("a basket of dashes, as on a holiday")
    read = [(line, row, constituent(row)) for line, row in enumerate(rows, 1)]
    positions = [_position(line, row, what) for line, row, what in read if not what.notional]
    weights = _weights(positions)
    when, origin, basis = day.isoformat(), f"KRX MDCSTAT05001 {etf} {day}", "C" if weights else "U"
    written = [
        (when, etf, p.code, p.name, p.kind, p.shares, weight, p.amount or p.value, basis, origin, p.line)
        for p, weight in zip(positions, weights or [None] * len(positions), strict=True)
        # Neither how much nor how heavy: a line for the record, such as an account without a balance.
        if not (p.shares is None and weight is None)
    ]
    if not written:
        raise ValueError("a basket without any quantity or amount")
    return written


def _position(line: int, row: Row, what: Constituent) -> _Position:
    if what.code == "0" and what.name is None:
        raise ValueError(f"row {line} has neither code nor name")
    try:
        shares, amount, value = (number(row, field) for field in HELD_FIELDS)
    except NotANumber as error:
        raise ValueError(f"row {line}: {error}") from None
    if what.kind == "cash" and not _nonzero(shares):
        # A deposit has no quantity. It is given as many as there are KRW in it, as managers' own files do.
        shares = amount
    if any(figure and abs(float(figure)) > LARGEST_QUANTITY for figure in (shares, amount, value)):
        raise ValueError(f"row {line} has a figure beyond {LARGEST_QUANTITY:.0e}")
    unvalued = not what.valued and _nonzero(shares) and not _nonzero(amount)
    return _Position(line, what.kind, what.code, what.name, shares, amount, value, unvalued)


def _weights(positions: Sequence[_Position]) -> list[str | None] | None:
    """Return each position's weight, None where KRX does not value all of the basket."""
    if any(p.unvalued for p in positions):
        return None
    # A future adds nothing to the basket: its value is that of the contract.
    amounts = [
        None if p.amount is None or (p.kind == "derivative" and not _nonzero(p.amount)) else float(p.amount)
        for p in positions
    ]
    known = [amount for amount in amounts if amount is not None]
    total, turnover = sum(known), sum(map(abs, known))
    if not known or total <= LEAST_NET_PART * turnover:
        return None
    return [None if amount is None else f"{amount / total * 100:.{DECIMALS}f}" for amount in amounts]


def _nonzero(figure: str | None) -> bool:
    return figure is not None and float(figure) != 0
