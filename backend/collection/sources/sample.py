"""The sample market that ships with the project: real names and codes, invented numbers."""

from __future__ import annotations

import polars as pl

from backend.collection.feed import Feed, columns
from seeds.sample_market import generate

LABEL = "표본 시장 (이름과 코드는 실제, 수치는 지어낸 것)"


def read() -> Feed:
    """Return the sample market as a feed."""
    market = generate()
    tables = {
        "etfs": market.etfs,
        "stocks": market.stocks,
        "holdings": market.holdings,
        "prices": market.prices,
        "renames": market.renames,
        "equivalents": market.equivalents,
    }
    return Feed("sample", LABEL, {table: _as_text(table, rows) for table, rows in tables.items()})


def _as_text(table: str, rows: list[dict]) -> pl.DataFrame:
    cells = {column: [_text(row.get(column)) for row in rows] for column in columns(table)}
    return pl.DataFrame(cells, schema=dict.fromkeys(columns(table), pl.String)).with_columns(
        pl.lit(f"sample {table}").alias("file"), pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("line")
    )


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
