"""Text becomes typed tables here, and every bad row is found with its file, line, column and reason.

A row of holdings or prices that is bad takes its whole date out: half a date is worse than none. A bad row of a
reference table (ETFs, stocks, names) is left out alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from backend.collection.feed import ORIGIN, Feed

KINDS = ("stock", "etf", "bond", "cash", "derivative", "other")
BASES = ("R", "C", "P", "U")
ETF_CODE = r"^[0-9A-Z]{6}$"
ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
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


@dataclass(frozen=True)
class Issue:
    """One bad cell. `date` is the trading day that it takes out, None for a reference table."""

    file: str
    line: int
    column: str
    value: str | None
    reason: str
    date: date | None = None

    def as_dict(self) -> dict:
        issue = {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "reason": self.reason,
        }
        return issue | ({"date": self.date.isoformat()} if self.date else {})

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.column} = {self.value!r}: {self.reason}"


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
        return {issue.date for issue in self.issues if issue.date}

    def accepted(self, until: date | None = None) -> Market:
        """Return the market without the rejected dates and those after `until`."""
        wanted = ~pl.col("date").is_in(sorted(self.rejected_dates))
        if until:
            wanted &= pl.col("date") <= until
        return replace(self, holdings=self.holdings.filter(wanted), prices=self.prices.filter(wanted))


def validate(feed: Feed, known_etfs: set[str], *, today: date | None = None) -> Market:
    """Type and check every row of the feed.

    `known_etfs` are the codes that the database knows; where neither it nor the feed lists any ETF, every well-formed
    code is taken. `today` (in Seoul) is the last date that can have figures.
    """
    today = today or datetime.now(ZoneInfo("Asia/Seoul")).date()
    found = _Found()
    etfs = _etfs(feed["etfs"], found, today)
    stocks = _stocks(feed["stocks"], found)
    listed = known_etfs | set(etfs["code"])
    holdings = _holdings(feed["holdings"], found, today, listed)
    prices = _prices(feed["prices"], found, today)
    renames = found.drop(feed["renames"], _missing("etf_code"))
    equivalents = found.drop(feed["equivalents"], _missing("code_a"), _missing("code_b"))
    return Market(etfs, stocks, holdings, prices, renames, equivalents, found.issues)


@dataclass(frozen=True)
class _Check:
    column: str
    bad: pl.Expr
    reason: str


class _Found:
    """The issues found so far."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def report(self, frame: pl.DataFrame, *checks: _Check, dated: bool = False) -> pl.Series:
        """Record each row that fails a check, and return which rows failed any."""
        failed = frame.select(check.bad.fill_null(False).alias(str(n)) for n, check in enumerate(checks))
        for n, check in enumerate(checks):
            rows = frame.filter(failed[str(n)])
            days = rows["day"] if dated else [None] * len(rows)
            origin = rows.select(*ORIGIN, check.column).iter_rows()
            self.issues.extend(
                Issue(file, line, check.column, value, check.reason, day)
                for (file, line, value), day in zip(origin, days, strict=True)
            )
        return failed.select(pl.any_horizontal(pl.all())).to_series()

    def drop(self, frame: pl.DataFrame, *checks: _Check) -> pl.DataFrame:
        """Record the bad rows of a reference table and return the others."""
        return frame.filter(~self.report(frame, *checks))


def _missing(column: str) -> _Check:
    return _Check(column, pl.col(column).is_null(), "is missing")


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)


def _no_number(column: str, largest: float = 1e18) -> _Check:
    number = _number(column)
    unusable = number.is_null() | ~number.is_finite() | (number.abs() > largest)
    return _Check(
        column, pl.col(column).is_not_null() & unusable, f"is no number between -{largest:.0e} and {largest:.0e}"
    )


def _negative(column: str) -> _Check:
    return _Check(column, _number(column) < 0, "is negative")


def _day(column: str) -> pl.Expr:
    text = pl.col(column)
    return pl.when(text.str.contains(ISO_DATE)).then(text).str.to_date("%Y-%m-%d", strict=False)


def _no_day(column: str, today: date) -> list[_Check]:
    day = _day(column)
    return [
        _Check(column, pl.col(column).is_not_null() & day.is_null(), "is no date (YYYY-MM-DD)"),
        _Check(column, day > today, f"is in the future (today is {today})"),
    ]


def _no_etf_code() -> list[_Check]:
    code = pl.col("etf_code")
    return [_missing("etf_code"), _Check("etf_code", ~code.str.contains(ETF_CODE), "is no ETF code (6 of 0-9, A-Z)")]


def _conflicting(frame: pl.DataFrame, key: list[str], reason: str) -> _Check:
    """Return the check that a key comes once only; rows that agree in everything are one."""
    distinct = frame.drop(ORIGIN).unique()
    twice = (
        distinct.filter(pl.struct(key).is_duplicated()).select(key).unique().with_columns(pl.lit(True).alias("twice"))
    )
    flags = frame.join(twice, on=key, how="left", maintain_order="left")["twice"].fill_null(False)
    return _Check(key[-1], pl.lit(flags), reason)


def _etfs(raw: pl.DataFrame, found: _Found, today: date) -> pl.DataFrame:
    fee = "total_fee_pct_per_year"
    good = found.drop(
        raw,
        *_no_etf_code(),
        _missing("name_ko"),
        *_no_day("listing_date", today)[:1],
        *_no_day("aum_date", today),
        _no_number("cu_qty_shares"),
        _negative("cu_qty_shares"),
        _no_number(fee, 100),
        _negative(fee),
        _no_number("net_asset_krw"),
        _negative("net_asset_krw"),
        _Check("is_active", ~pl.col("is_active").is_in(["Y", "N"]), "is neither Y nor N"),
        _conflicting(raw, ["etf_code"], "has rows that contradict each other"),
    )
    listed = _day("listing_date")
    aum = _number("net_asset_krw")
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
        (pl.col("is_active") == "Y").fill_null(False).alias("active"),
        "index_market",
        "asset_class",
        pl.col("provider_category").alias("category"),
        pl.when(listed > UNKNOWN_LISTING).then(listed).alias("listed"),
        _number("cu_qty_shares").cast(pl.Int64).alias("creation_unit"),
        _number(fee).alias("fee_pct"),
        "tax_type",
        pl.when(aum > 0).then(aum).cast(pl.Int64).alias("aum_krw"),
        pl.when(aum > 0).then(_day("aum_date")).alias("aum_date"),
    )


def _stocks(raw: pl.DataFrame, found: _Found) -> pl.DataFrame:
    good = found.drop(
        raw,
        _missing("stock_code"),
        _missing("name"),
        _conflicting(raw, ["stock_code"], "has rows that contradict each other"),
    )
    return good.unique("stock_code", keep="first", maintain_order=True).select(
        pl.col("stock_code").alias("code"),
        "isin",
        "name",
        pl.col("name_ko_for_foreign").alias("name_ko"),
        "market",
        pl.col("industry_ksic").alias("industry"),
    )


def _holdings(raw: pl.DataFrame, found: _Found, today: date, listed: set[str]) -> pl.DataFrame:
    frame = _with_day(raw)
    code, weight = pl.col("constituent_code"), _number("weight_pct")
    security = pl.col("kind").is_in(["stock", "etf", "bond"])
    basket_sum = weight.filter(code != NOTIONAL).sum().over("file", "date", "etf_code")
    unhedged = security & (weight.abs() > LARGEST_UNHEDGED_WEIGHT) & ~basket_sum.is_between(*HEDGED_SUM)
    unlisted = (
        [_Check("etf_code", ~pl.col("etf_code").is_in(sorted(listed)), "is in no list of ETFs")] if listed else []
    )
    bad = found.report(
        frame,
        _missing("date"),
        *_no_day("date", today),
        _Check("date", _day("date") < EARLIEST, f"is before {EARLIEST}"),
        *_no_etf_code(),
        *unlisted,
        _missing("constituent_code"),
        _missing("kind"),
        _Check("kind", ~pl.col("kind").is_in(KINDS), f"is none of {', '.join(KINDS)}"),
        _no_number("qty_per_cu", LARGEST_QUANTITY),
        _no_number("valuation_krw_per_cu"),
        _no_number("weight_pct", LARGEST_WEIGHT),
        _Check("weight_pct", unhedged, f"is beyond {LARGEST_UNHEDGED_WEIGHT} % and no short position offsets it"),
        _Check(
            "qty_per_cu",
            pl.col("qty_per_cu").is_null() & pl.col("weight_pct").is_null(),
            "is missing, and so is the weight",
        ),
        _Check("weight_basis", ~pl.col("weight_basis").is_in(BASES), f"is none of {', '.join(BASES)}"),
        dated=True,
    )
    return frame.filter(~bad).select(
        pl.col("day").alias("date"),
        pl.col("etf_code").alias("etf"),
        code.alias("code"),
        pl.col("constituent_name").fill_null(code).alias("name"),
        "kind",
        _number("qty_per_cu").alias("shares"),
        _number("valuation_krw_per_cu").alias("value"),
        weight.alias("weight"),
        pl.col("weight_basis").alias("basis"),
        *ORIGIN,
    )


def _prices(raw: pl.DataFrame, found: _Found, today: date) -> pl.DataFrame:
    frame = _with_day(raw)
    numbers = ("open", "high", "low", "close", "nav", "volume_shares", "value_krw", "net_asset_krw")
    bad = found.report(
        frame,
        _missing("date"),
        *_no_day("date", today),
        _Check("date", _day("date") < EARLIEST, f"is before {EARLIEST}"),
        *_no_etf_code(),
        *(_no_number(column) for column in numbers),
        *(_negative(column) for column in numbers),
        _Check("close", pl.col("close").is_null() & pl.col("nav").is_null(), "is missing, and so is the NAV"),
        _Check("high", _positive("high") < _positive("low"), "is below the low"),
        _conflicting(raw, ["date", "etf_code"], "has several prices on that date that contradict each other"),
        dated=True,
    )
    # A day without trades comes with 0 as open, high and low: no price was made.
    return (
        frame.filter(~bad)
        .unique(["day", "etf_code"], keep="first", maintain_order=True)
        .select(
            pl.col("day").alias("date"),
            pl.col("etf_code").alias("etf"),
            *(_positive(column).alias(column) for column in ("open", "high", "low", "close", "nav")),
            _number("volume_shares").cast(pl.Int64).alias("volume"),
            _number("value_krw").cast(pl.Int64).alias("value_krw"),
            _positive("net_asset_krw").cast(pl.Int64).alias("aum_krw"),
        )
    )


def _positive(column: str) -> pl.Expr:
    return pl.when(_number(column) > 0).then(_number(column))


def _with_day(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the table with `day`: a row's date, or for one whose date cannot be read that of the rows around it."""
    day = _day("date")
    before, after = day.forward_fill().over("file"), day.backward_fill().over("file")
    return raw.with_columns(pl.coalesce(day, before, after).alias("day"))
