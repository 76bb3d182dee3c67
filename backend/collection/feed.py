"""What a source delivers: tables of text, each row with the file and line it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl

# The tidy tables: columns that must be there, and columns that are read where they are there. Others are ignored.
REQUIRED: dict[str, tuple[str, ...]] = {
    "etfs": ("etf_code", "name_ko"),
    "stocks": ("stock_code", "name"),
    "holdings": ("date", "etf_code", "constituent_code", "constituent_name", "kind", "qty_per_cu", "weight_pct"),
    "prices": ("date", "etf_code", "close"),
    "renames": ("etf_code",),
    "equivalents": ("code_a", "code_b"),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "etfs": (
        "isin",
        "name_en",
        "brand",
        "manager_ko",
        "underlying_index",
        "leverage_type",
        "replication",
        "is_active",
        "index_market",
        "asset_class",
        "provider_category",
        "listing_date",
        "cu_qty_shares",
        "total_fee_pct_per_year",
        "tax_type",
        "aum_date",
        "net_asset_krw",
    ),
    "stocks": ("isin", "name_ko_for_foreign", "market", "industry_ksic"),
    "holdings": ("valuation_krw_per_cu", "weight_basis"),
    "prices": ("open", "high", "low", "nav", "volume_shares", "value_krw", "net_asset_krw"),
    "renames": ("name_20210325", "name_20260125", "name_202607"),
    "equivalents": (),
}
ORIGIN = ("file", "line")


def columns(table: str) -> tuple[str, ...]:
    """Return the columns of a tidy table that are read."""
    return REQUIRED[table] + OPTIONAL[table]


def empty(table: str) -> pl.DataFrame:
    """Return a tidy table without rows."""
    schema = dict.fromkeys(columns(table), pl.String) | {"file": pl.String, "line": pl.Int64}
    return pl.DataFrame(schema=schema)


@dataclass
class Feed:
    """One delivery. `source` is `sample`, `files` or `krx`; `label` says for people where it came from.

    Each table has the columns of `columns(table)`, all text with null for an empty cell, and `file` and `line`.
    `missing` are the baskets that were expected and did not come, with the reason, by ETF and date.
    """

    source: str
    label: str
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    missing: dict[tuple[str, date], str] = field(default_factory=dict)

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last date of the delivery, None where it has no date; what is no date does not count."""
        found = [
            self[table]["date"].str.to_date("%Y-%m-%d", strict=False).drop_nulls() for table in ("holdings", "prices")
        ]
        dates = {day for days in found if len(days) for day in (days.min(), days.max())}
        dates |= {day for _, day in self.missing}
        return (min(dates), max(dates)) if dates else None

    def __getitem__(self, table: str) -> pl.DataFrame:
        return self.tables[table] if table in self.tables else empty(table)
