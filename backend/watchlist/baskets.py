"""What changed in baskets between two snapshots: the trades, and the weights that moved without one.

Trades are found as a load and `/api/etfs/{code}/changes` find them, so that all three tell the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812
from typing import Any, Literal, NamedTuple

import polars as pl
from sqlalchemy import Connection, text

from backend.market import trades
from backend.market.kept import Kept
from backend.market.schemas import Action

KEPT_PAIRS = 5_000


class Pair(NamedTuple):
    """Two snapshots of an ETF."""

    etf: str
    first: Date
    last: Date


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between the snapshots of a pair; without `weights` theirs are not comparable, and only trades are told."""

    changes: list[Change]
    weights: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """A stock or ETF whose quantity or weight is another in the later snapshot.

    `shares_change_pct` is what remains after the basket's rescaling, −100 for `out` and None for `new`. Weights are in %,
    0 where it was not held and None where the source gave none. `weight_change_pp` is in percentage points, signed, and
    None where a weight is unknown or the two baskets' weights are not of one kind.
    """

    code: str
    name: str
    label: Literal["Stock", "ETF"]
    action: Action | None
    shares_change_pct: float | None
    weight_before: float | None
    weight_after: float | None
    weight_change_pp: float | None

    @property
    def size_pp(self) -> float | None:
        """How much of the basket was traded, percentage points: the whole position, or the part of it that was."""
        if self.action == "new":
            return self.weight_after if self.weight_after is None else round(self.weight_after, 4)
        if self.weight_before is None or self.shares_change_pct is None:
            return None
        return round(abs(self.weight_before * self.shares_change_pct / 100), 4)


class Baskets:
    """Comparisons, kept while the same data is loaded."""

    def __init__(self) -> None:
        self._kept: Kept[Pair, Comparison] = Kept(KEPT_PAIRS)

    def compare(self, connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, Comparison]:
        """Return what changed in each pair; a pair of which a snapshot is missing has no changes."""
        return self._kept.get(connection, pairs, lambda missing: read_comparisons(connection, missing))


_POSITIONS = """
    SELECT w.etf, w.date::text AS date, h.end_id::text AS code,
        CASE WHEN s.id IS NULL THEN 'ETF' ELSE 'Stock' END AS label,
        (h.properties ->> 'weight'::text)::float8 AS weight,
        (h.properties ->> 'shares'::text)::float8 AS shares
    FROM unnest(CAST(:etfs AS text[]), CAST(:dates AS text[])) AS w (etf, date)
    JOIN etf_history."ETF" AS e
        ON ag_catalog.agtype_access_operator(e.properties, '"code"'::ag_catalog.agtype)
            = ('"' || w.etf || '"')::ag_catalog.agtype
    JOIN etf_history."HELD" AS h
        ON h.start_id = e.id
        AND ag_catalog.agtype_access_operator(h.properties, '"date"'::ag_catalog.agtype)
            = ('"' || w.date || '"')::ag_catalog.agtype
    LEFT JOIN etf_history."Stock" AS s ON s.id = h.end_id
    LEFT JOIN etf_history."ETF" AS held ON held.id = h.end_id
    WHERE s.id IS NOT NULL OR held.id IS NOT NULL
"""
_NAMES = """
    SELECT id::text AS id, properties ->> 'code'::text AS code, properties ->> 'name'::text AS name
    FROM etf_history."Stock"
    WHERE id::text = ANY(:ids)
    UNION ALL
    SELECT id::text, properties ->> 'code'::text, properties ->> 'name'::text
    FROM etf_history."ETF"
    WHERE id::text = ANY(:ids)
"""
_SCHEMA = {
    "etf": pl.String, "date": pl.String, "code": pl.String, "label": pl.String,
    "weight": pl.Float64, "shares": pl.Float64,
}  # fmt: skip


def read_comparisons(connection: Connection, pairs: list[Pair]) -> dict[Pair, Comparison]:
    """Read both snapshots of each pair and compare them: a few queries for all pairs."""
    asked = sorted({(pair.etf, day) for pair in pairs for day in (pair.first, pair.last)})
    rows = connection.execute(
        text(_POSITIONS), {"etfs": [etf for etf, _ in asked], "dates": [day.isoformat() for _, day in asked]}
    ).all()
    positions = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(pl.col("date").str.to_date())
    frame = pl.DataFrame(
        {"etf": [p.etf for p in pairs], "previous": [p.first for p in pairs], "date": [p.last for p in pairs]}
    )
    traded = trades.derive(positions, frame)
    moved = _moved(positions, frame).join(traded, on=["etf", "previous", "date", "code"], how="anti")
    changed = pl.concat([traded.select(moved.columns), moved]).to_dicts()
    names = {
        row.id: (row.code, row.name)
        for row in connection.execute(text(_NAMES), {"ids": sorted({row["code"] for row in changed})})
    }
    comparable = _comparable(connection, pairs)
    found: dict[Pair, list[Change]] = {pair: [] for pair in pairs}
    for row in changed:
        pair = Pair(row["etf"], row["previous"], row["date"])
        if row["action"] or pair in comparable:
            found[pair].append(_change(row, *names[row["code"]], comparable=pair in comparable))
    return {pair: Comparison(changes, pair in comparable) for pair, changes in found.items()}


def _comparable(connection: Connection, pairs: list[Pair]) -> set[Pair]:
    """Return the pairs whose weights are of one kind, as the alerts of a load judge it."""
    rows = connection.execute(
        text(
            """
            SELECT etf, first, last
            FROM unnest(CAST(:etfs AS text[]), CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS pair (etf, first, last)
            WHERE weights_comparable(etf, first, last)
            """
        ),
        {"etfs": [p.etf for p in pairs], "firsts": [p.first for p in pairs], "lasts": [p.last for p in pairs]},
    )
    return {Pair(*row) for row in rows}


def _change(row: dict[str, Any], code: str, name: str, *, comparable: bool) -> Change:
    before, after = row["weight_before"], row["weight_after"]
    if not comparable and row["action"] not in ("new", "out"):
        after = None
    known = comparable and before is not None and after is not None
    return Change(
        code,
        name,
        row["label"],
        row["action"],
        row["shares_change"],
        before,
        after,
        round(after - before, 4) if known else None,
    )


def _moved(positions: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return what is in both snapshots of a pair with another weight."""
    side = positions.select("etf", "date", "label", "code", "weight")
    before = pairs.join(side.rename({"date": "previous", "weight": "weight_before"}), on=["etf", "previous"])
    after = side.rename({"weight": "weight_after"})
    return (
        before.join(after, on=["etf", "date", "label", "code"])
        .filter(pl.col("weight_before") != pl.col("weight_after"))
        .with_columns(pl.lit(None, pl.String).alias("action"), pl.lit(None, pl.Float64).alias("shares_change"))
        .select(trades.COLUMNS)
    )
