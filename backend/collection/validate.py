"""Text becomes typed tables here, and every bad row is found with its file, line, column and reason.

A row of holdings or prices that is bad takes its whole date out: half a date is worse than none. A bad row of a
reference table (ETFs, stocks, names) is left out alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from backend.collection.checks import (
    Check,
    Found,
    Issue,
    conflicting,
    day_of,
    missing,
    negative,
    no_day,
    no_etf_code,
    no_number,
    number,
    positive,
    with_days,
)
from backend.collection.feed import ORIGIN, Feed

KINDS = ("stock", "etf", "bond", "cash", "derivative", "other")
BASES = ("R", "C", "P", "U")
EARLIEST = date(1990, 1, 1)
# KRX writes this where it knows no listing date.
UNKNOWN_LISTING = date(1900, 1, 1)
# The notional amount a basket is set up with. It stands for the whole basket, so it is no position in it.
NOTIONAL = "CASH_NOTIONAL"
# Futures and the cash beside them can each weigh thousands of times the net assets of a nearly empty basket.
LARGEST_WEIGHT = 1e7
# A security can weigh more than the fund only where short legs bring the sum back to about 100 %.
LARGEST_UNHEDGED_WEIGHT = 105
HEDGED_SUM = (90, 110)
LARGEST_QUANTITY = 1e15


@dataclass
class Market:
    """A feed after validation: typed tables without the bad rows, the issues, and the dates they take out.

    holdings: date, etf, code, name, kind, shares (per creation unit), value (KRW), weight (%), basis, file, line.
    prices: date, etf, open, high, low, close, nav (KRW per share), volume (shares), value_krw, aum_krw.
    """

    etfs: pl.DataFrame
    stocks: pl.DataFrame
    holdings: pl.DataFrame
    prices: pl.DataFrame
    renames: pl.DataFrame
    equivalents: pl.DataFrame
    issues: list[Issue] = field(default_factory=list)

    @property
    def rejected_dates(self) -> set[date]:
        return {day for issue in self.issues for day in issue.dates}

    def accepted(self, until: date | None = None, without: Iterable[date] = ()) -> Market:
        """Return the market without the rejected dates, those after `until`, and those of `without`."""
        wanted = ~pl.col("date").is_in(sorted(self.rejected_dates.union(without)))
        if until:
            wanted &= pl.col("date") <= until
        return replace(self, holdings=self.holdings.filter(wanted), prices=self.prices.filter(wanted))


def validate(feed: Feed, known_etfs: set[str], *, today: date | None = None) -> Market:
    """Type and check every row of the feed.

    `known_etfs` are the codes that the database knows; where neither it nor the feed lists any ETF, every well-formed
    code is taken. `today` (in Seoul) is the last date that can have figures.
    """
    today = today or datetime.now(ZoneInfo("Asia/Seoul")).date()
    found = Found()
    etfs = _etfs(feed["etfs"], found, today)
    stocks = _stocks(feed["stocks"], found)
    # An ETF whose row is bad is listed all the same.
    listed = known_etfs | set(feed["etfs"]["etf_code"].drop_nulls())
    holdings = _holdings(feed["holdings"], found, today, listed)
    prices = _prices(feed["prices"], found, today)
    renames = found.drop(feed["renames"], missing("etf_code"))
    equivalents = found.drop(feed["equivalents"], missing("code_a"), missing("code_b"))
    return Market(etfs, stocks, holdings, prices, renames, equivalents, found.issues)


def _etfs(raw: pl.DataFrame, found: Found, today: date) -> pl.DataFrame:
    fee = "total_fee_pct_per_year"
    good = found.drop(
        raw,
        *no_etf_code(),
        missing("name_ko"),
        *no_day("listing_date", today)[:1],
        *no_day("aum_date", today),
        no_number("cu_qty_shares"),
        negative("cu_qty_shares"),
        no_number(fee, 100),
        negative(fee),
        no_number("net_asset_krw"),
        negative("net_asset_krw"),
        Check("is_active", ~pl.col("is_active").is_in(["Y", "N"]), "is neither Y nor N"),
        conflicting(raw, ["etf_code"], "has rows that contradict each other"),
    )
    listed = day_of("listing_date")
    aum = number("net_asset_krw")
    return good.unique("etf_code", keep="first", maintain_order=True).select(
        pl.col("etf_code").alias("code"),
        "isin",
        pl.col("name_ko").alias("name"),
        "name_en",
        "brand",
        pl.col("manager_ko").alias("company"),
        pl.col("underlying_index").alias("index_name"),
        pl.col("leverage_type").alias("leverage"),
        "replication",
        (pl.col("is_active") == "Y").alias("active"),
        "index_market",
        "asset_class",
        pl.col("provider_category").alias("category"),
        pl.when(listed > UNKNOWN_LISTING).then(listed).alias("listed"),
        number("cu_qty_shares").cast(pl.Int64).alias("creation_unit"),
        number(fee).alias("fee_pct"),
        "tax_type",
        pl.when(aum > 0).then(aum).cast(pl.Int64).alias("aum_krw"),
        pl.when(aum > 0).then(day_of("aum_date")).alias("aum_date"),
    )


def _stocks(raw: pl.DataFrame, found: Found) -> pl.DataFrame:
    good = found.drop(
        raw,
        missing("stock_code"),
        missing("name"),
        conflicting(raw, ["stock_code"], "has rows that contradict each other"),
    )
    return good.unique("stock_code", keep="first", maintain_order=True).select(
        pl.col("stock_code").alias("code"),
        "isin",
        "name",
        pl.col("name_ko_for_foreign").alias("name_ko"),
        "market",
        pl.col("industry_ksic").alias("industry"),
    )


def _holdings(raw: pl.DataFrame, found: Found, today: date, listed: set[str]) -> pl.DataFrame:
    frame = with_days(raw)
    code, weight = pl.col("constituent_code"), number("weight_pct")
    security = pl.col("kind").is_in(["stock", "etf", "bond"])
    basket_sum = weight.filter(code != NOTIONAL).sum().over("file", "date", "etf_code")
    unhedged = security & (weight.abs() > LARGEST_UNHEDGED_WEIGHT) & ~basket_sum.is_between(*HEDGED_SUM)
    unlisted = [Check("etf_code", ~pl.col("etf_code").is_in(sorted(listed)), "is in no list of ETFs")] if listed else []
    bad = found.report(
        frame,
        missing("date"),
        *no_day("date", today),
        Check("date", day_of("date") < EARLIEST, f"is before {EARLIEST}"),
        *no_etf_code(),
        *unlisted,
        missing("constituent_code"),
        missing("kind"),
        Check("kind", ~pl.col("kind").is_in(KINDS), f"is none of {', '.join(KINDS)}"),
        no_number("qty_per_cu", LARGEST_QUANTITY),
        no_number("valuation_krw_per_cu"),
        no_number("weight_pct", LARGEST_WEIGHT),
        Check("weight_pct", unhedged, f"is beyond {LARGEST_UNHEDGED_WEIGHT} % and no short position offsets it"),
        Check(
            "qty_per_cu",
            pl.col("qty_per_cu").is_null() & pl.col("weight_pct").is_null(),
            "is missing, and so is the weight",
        ),
        Check("weight_basis", ~pl.col("weight_basis").is_in(BASES), f"is none of {', '.join(BASES)}"),
        dated=True,
    )
    return frame.filter(~bad).select(
        pl.col("day").alias("date"),
        pl.col("etf_code").alias("etf"),
        code.alias("code"),
        pl.col("constituent_name").fill_null(code).alias("name"),
        "kind",
        number("qty_per_cu").alias("shares"),
        number("valuation_krw_per_cu").alias("value"),
        weight.alias("weight"),
        pl.col("weight_basis").alias("basis"),
        *ORIGIN,
    )


def _prices(raw: pl.DataFrame, found: Found, today: date) -> pl.DataFrame:
    frame = with_days(raw)
    numbers = ("open", "high", "low", "close", "nav", "volume_shares", "value_krw", "net_asset_krw")
    bad = found.report(
        frame,
        missing("date"),
        *no_day("date", today),
        Check("date", day_of("date") < EARLIEST, f"is before {EARLIEST}"),
        *no_etf_code(),
        *(no_number(column) for column in numbers),
        *(negative(column) for column in numbers),
        Check("close", pl.col("close").is_null() & pl.col("nav").is_null(), "is missing, and so is the NAV"),
        Check("high", positive("high") < positive("low"), "is below the low"),
        conflicting(raw, ["date", "etf_code"], "has several prices on that date that contradict each other"),
        dated=True,
    )
    # A day without trades comes with 0 as open, high and low: no price was made.
    return (
        frame.filter(~bad)
        .unique(["day", "etf_code"], keep="first", maintain_order=True)
        .select(
            pl.col("day").alias("date"),
            pl.col("etf_code").alias("etf"),
            *(positive(column).alias(column) for column in ("open", "high", "low", "close", "nav")),
            number("volume_shares").cast(pl.Int64).alias("volume"),
            number("value_krw").cast(pl.Int64).alias("value_krw"),
            positive("net_asset_krw").cast(pl.Int64).alias("aum_krw"),
        )
    )
