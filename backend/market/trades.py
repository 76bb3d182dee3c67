"""What an ETF bought and sold between two snapshots.

Quantities are compared, never weights: a price move is no trade. The quantities of a basket are per creation unit,
and the manager rescales the whole basket now and then, so each quantity's ratio is divided by the median ratio of the
basket. What is then more than `THRESHOLD` away from 1 is `more` or `less`; what appears is `new`, what disappears
`out`.

Only stocks and ETFs are traded here: bonds, cash and derivatives roll over all the time. A quantity of 0 means that
the source gave none, so nothing is said about its change. Where the two snapshots are printed with different
precision (whole shares in one source, hundredths in another), a difference within the coarser rounding is no trade
either.
"""

from __future__ import annotations

import polars as pl

THRESHOLD = 0.01
TRADED_LABELS = ("Stock", "ETF")
# Quantities are printed with at most this many decimals; what is finer is noise of the summing.
MOST_DECIMALS = 6

COLUMNS = ("etf", "date", "previous", "label", "code", "action", "shares_change", "weight_before", "weight_after")


def derive(positions: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the trades of each pair of snapshots, with `COLUMNS`.

    positions: date, etf, label, code, weight (%), shares (per creation unit), every snapshot that a pair names.
    pairs: etf, previous, date. shares_change is in % after rescaling (-100 for `out`, null for `new`); a weight is 0
    where the security was not held and null where the source gave none.
    """
    held = positions.filter(pl.col("label").is_in(TRADED_LABELS)).with_columns(_rounding().alias("rounding"))
    side = held.select("etf", "date", "label", "code", "weight", "shares", "rounding")
    before = pairs.join(side.rename({"date": "previous"}), on=["etf", "previous"])
    after = pairs.join(side, on=["etf", "date"])
    both = before.join(
        after, on=["etf", "previous", "date", "label", "code"], how="full", coalesce=True, suffix="_after"
    ).with_columns(
        pl.col("rounding").is_not_null().alias("was_held"),
        pl.col("rounding_after").is_not_null().alias("is_held"),
    )
    ratio = pl.when((pl.col("shares") > 0) & (pl.col("shares_after") > 0)).then(
        pl.col("shares_after") / pl.col("shares")
    )
    pair = ("etf", "previous", "date")
    scaled = both.with_columns(ratio.alias("ratio")).with_columns(pl.col("ratio").median().over(pair).alias("scale"))
    change = pl.col("ratio") / pl.col("scale") - 1
    moved = (change.abs() > THRESHOLD) & ~_within_rounding()
    action = (
        pl.when(~pl.col("was_held"))
        .then(pl.lit("new"))
        .when(~pl.col("is_held"))
        .then(pl.lit("out"))
        .when(moved & (change > 0))
        .then(pl.lit("more"))
        .when(moved)
        .then(pl.lit("less"))
    )
    percent = pl.when(pl.col("is_held")).then((change * 100).round(4)).otherwise(-100.0)
    return (
        scaled.with_columns(action.alias("action"), percent.alias("shares_change"))
        .filter(pl.col("action").is_not_null())
        .with_columns(
            pl.when("was_held").then("weight").otherwise(0.0).alias("weight_before"),
            pl.when("is_held").then("weight_after").otherwise(0.0).alias("weight_after"),
        )
        .select(COLUMNS)
        .sort("etf", "date", "label", "code")
    )


def _rounding() -> pl.Expr:
    """Return half a unit of the last decimal with which a snapshot prints its quantities."""
    shares = pl.col("shares").fill_null(0)
    finest = pl.lit(0.5)
    for decimals in range(MOST_DECIMALS):
        has_more = ((shares.round(decimals) - shares).abs() > 10.0**-MOST_DECIMALS / 2).any().over("etf", "date")
        finest = pl.when(has_more).then(0.5 * 10.0 ** -(decimals + 1)).otherwise(finest)
    return finest


def _within_rounding() -> pl.Expr:
    before, after, scale = pl.col("rounding"), pl.col("rounding_after"), pl.col("scale")
    difference = (pl.col("shares_after") - pl.col("shares") * scale).abs()
    return (before != after) & (difference <= after + before * scale + 10.0**-MOST_DECIMALS)
