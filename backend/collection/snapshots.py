"""One basket for each ETF and date: which file's, which rows, and whether it is whole.

- A snapshot comes from one file, never from a mix: the one whose weights are complete, then the one with more rows,
  then `holdings_full` before `holdings_small` before `holdings_active` before others by name.
- Rows that agree in every column are one row. Rows of one security are summed; where one of them weighs nothing it is a
  settlement line, whose quantity (some sources print the stock's code there) does not count.
- The notional cash of a basket is no position.
- A basket that collapsed is a gap, never a sale: `find_gaps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from backend.collection.validate import NOTIONAL
from backend.market.trades import TRADED_LABELS

FILE_ORDER = ("holdings_full", "holdings_small", "holdings_active")
# What "adds up" means for the weights of a basket, %.
WHOLE = (98.5, 101.5)
# A basket with fewer constituents than this can halve in an ordinary rebalancing.
FEWEST_TO_JUDGE = 4
WEIGHS_NOTHING = 0.001
DECIMALS = 6


def choose(holdings: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of one file for each ETF and date, without notional cash and without repeated rows."""
    rows = holdings.filter(pl.col("code") != NOTIONAL)
    stem = pl.col("file").str.replace(r"\.csv(\.gz)?$", "")
    preference = stem.replace_strict({name: n for n, name in enumerate(FILE_ORDER)}, default=len(FILE_ORDER))
    offers = (
        rows.group_by("date", "etf", "file")
        .agg(
            pl.col("weight").sum().is_between(*WHOLE).alias("whole"),
            (pl.col("basis").first() == "P").fill_null(False).alias("partial"),
            pl.len().alias("rows"),
        )
        .with_columns((pl.col("whole") & ~pl.col("partial")).alias("complete"), preference.alias("preference"))
        .sort("complete", "rows", "preference", "file", descending=[True, True, False, False])
        .unique(["date", "etf"], keep="first", maintain_order=True)
    )
    chosen = rows.join(offers.select("date", "etf", "file"), on=["date", "etf", "file"], how="semi")
    return chosen.unique([column for column in chosen.columns if column != "line"], maintain_order=True)


def merge(chosen: pl.DataFrame, resolved: pl.DataFrame) -> pl.DataFrame:
    """Return the positions: date, etf, label, code (canonical), weight (%), shares, one row for each security of a
    basket.

    A weight or quantity that no row gives is null.
    """
    rows = chosen.join(resolved, on=["code", "kind", "name"])
    security = ("date", "etf", "label", "canonical")
    weightless = pl.col("weight").fill_null(0).abs() < WEIGHS_NOTHING
    settlement = weightless & ((~weightless).sum().over(security) > 0)
    return (
        rows.with_columns(pl.when(~settlement).then("shares").alias("shares"))
        .group_by(security, maintain_order=True)
        .agg(_sum("weight"), _sum("shares"))
        .rename({"canonical": "code"})
        .sort("date", "etf", "label", "code")
    )


def _sum(column: str) -> pl.Expr:
    values = pl.col(column)
    return pl.when(values.count() > 0).then(values.sum().round(DECIMALS)).alias(column)


@dataclass(frozen=True)
class Basket:
    """One snapshot's figures: `constituents` counts all but cash, `holdings` the stocks.

    `weight_sum` is the weight of everything, `traded_weight` that of stocks and ETFs, both in %.
    """

    constituents: int
    holdings: int
    weight_sum: float | None
    basis: str | None
    traded_weight: float | None = None

    @property
    def adds_up(self) -> bool:
        """Whether the source itself reports weights that add up (recomputed ones always do)."""
        return self.basis in ("R", None) and self.weight_sum is not None and WHOLE[0] <= self.weight_sum <= WHOLE[1]

    @property
    def status(self) -> str:
        whole = self.weight_sum is not None and WHOLE[0] <= self.weight_sum <= WHOLE[1]
        return "complete" if whole and self.basis != "P" else "partial"


# A basket that did not come.
NOTHING = Basket(0, 0, None, None)


def baskets(chosen: pl.DataFrame, resolved: pl.DataFrame) -> dict[tuple[str, date], Basket]:
    """Return each snapshot's figures by ETF and date."""
    rows = chosen.join(resolved, on=["code", "kind", "name"])
    figures = rows.group_by("etf", "date").agg(
        pl.col("canonical").filter(pl.col("canonical_kind") != "cash").n_unique().alias("constituents"),
        pl.col("canonical").filter(pl.col("label") == "Stock").n_unique().alias("holdings"),
        _sum("weight"),
        pl.col("basis").first(),
        pl.col("weight").filter(pl.col("label").is_in(TRADED_LABELS)).sum().round(DECIMALS).alias("traded_weight"),
    )
    return {(etf, day): Basket(*values) for etf, day, *values in figures.iter_rows()}


def find_gaps(
    found: Mapping[tuple[str, date], Basket], stored: Mapping[str, Mapping[date, int]]
) -> dict[tuple[str, date], str]:
    """Return the snapshots that are gaps, with the reason.

    A basket is a gap when it has no constituent but cash, or fewer than half as many as the last whole one (of at
    least `FEWEST_TO_JUDGE`) while its source reports no weights that add up. `stored` gives the number of
    constituents by ETF and date for the snapshots in the database.
    """
    gaps: dict[tuple[str, date], str] = {}
    days_of: dict[str, list[date]] = {}
    for etf, day in found:
        days_of.setdefault(etf, []).append(day)
    for etf, days in days_of.items():
        counts = dict(stored.get(etf, {}))
        for day in sorted(days):
            basket = found[etf, day]
            before = max((d for d in counts if d < day), default=None)
            last = counts[before] if before else 0
            if last > 0 and basket.constituents == 0:
                gaps[etf, day] = f"nothing but cash, {last} constituents on {before}"
            elif last >= FEWEST_TO_JUDGE and 2 * basket.constituents < last and not basket.adds_up:
                gaps[etf, day] = (
                    f"{basket.constituents} of {last} constituents of {before}, and weights that do not add up"
                )
            else:
                counts[day] = basket.constituents
                continue
            counts.pop(day, None)
    return gaps
