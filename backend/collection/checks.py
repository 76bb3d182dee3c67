"""The checks that a cell of a tidy table can fail, and the issues that come of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import repeat

import polars as pl

from backend.collection.feed import ORIGIN

ETF_CODE = r"^[0-9A-Z]{6}$"
ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"


@dataclass(frozen=True)
class Issue:
    """One bad cell. `dates` are the trading days that it takes out, none for a reference table."""

    file: str
    line: int
    column: str
    value: str | None
    reason: str
    dates: tuple[date, ...] = ()

    def as_dict(self) -> dict:
        """Return the issue as JSON values."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "reason": self.reason,
            "dates": [day.isoformat() for day in self.dates],
        }

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.column} = {self.value!r}: {self.reason}"


@dataclass(frozen=True)
class Check:
    """A column, which of its cells are bad, and why."""

    column: str
    bad: pl.Expr
    reason: str


class Found:
    """The issues found so far."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def report(self, frame: pl.DataFrame, *checks: Check, dated: bool = False) -> pl.Series:
        """Record each row that fails a check, and return which rows failed any."""
        failed = frame.select(check.bad.fill_null(False).alias(str(n)) for n, check in enumerate(checks))
        reported: dict[str, pl.Series] = {}
        for n, check in enumerate(checks):
            bad = failed[str(n)]
            # One issue a cell: the first check that it fails says enough.
            rows = frame.filter(bad & ~reported[check.column]) if check.column in reported else frame.filter(bad)
            reported[check.column] = bad | reported.get(check.column, bad)
            days = rows.select("day", "day_after").iter_rows() if dated else repeat(())
            for (file, line, value), dates in zip(rows.select(*ORIGIN, check.column).iter_rows(), days, strict=False):
                taken_out = tuple(sorted({day for day in dates if day}))
                self.issues.append(Issue(file, line, check.column, value, check.reason, taken_out))
        return failed.select(pl.any_horizontal(pl.all())).to_series()

    def drop(self, frame: pl.DataFrame, *checks: Check) -> pl.DataFrame:
        """Record the bad rows of a reference table and return the others."""
        return frame.filter(~self.report(frame, *checks))


def missing(column: str) -> Check:
    """Return the check that a cell is not empty."""
    return Check(column, pl.col(column).is_null(), "is missing")


def number(column: str) -> pl.Expr:
    """Return a column of text as numbers, null where it is none."""
    return pl.col(column).cast(pl.Float64, strict=False)


def no_number(column: str, largest: float = 1e18) -> Check:
    """Return the check that a cell is empty or a finite number."""
    value = number(column)
    unusable = value.is_null() | ~value.is_finite() | (value.abs() > largest)
    return Check(
        column, pl.col(column).is_not_null() & unusable, f"is no number between -{largest:.0e} and {largest:.0e}"
    )


def negative(column: str) -> Check:
    """Return the check that a number is not below 0."""
    return Check(column, number(column) < 0, "is negative")


def day_of(column: str) -> pl.Expr:
    """Return a column of ISO dates as dates, null where it is none."""
    text = pl.col(column)
    return pl.when(text.str.contains(ISO_DATE)).then(text).str.to_date("%Y-%m-%d", strict=False)


def no_day(column: str, today: date) -> list[Check]:
    """Return the checks that a cell is empty or a date up to today."""
    day = day_of(column)
    return [
        Check(column, pl.col(column).is_not_null() & day.is_null(), "is no date (YYYY-MM-DD)"),
        Check(column, day > today, f"is in the future (today is {today})"),
    ]


def no_etf_code() -> list[Check]:
    """Return the checks that `etf_code` is a code as KRX gives them."""
    code = pl.col("etf_code")
    return [missing("etf_code"), Check("etf_code", ~code.str.contains(ETF_CODE), "is no ETF code (6 of 0-9, A-Z)")]


def conflicting(frame: pl.DataFrame, key: list[str], reason: str) -> Check:
    """Return the check that a key comes once only; rows that agree in everything are one."""
    distinct = frame.drop(ORIGIN).unique()
    twice = (
        distinct.filter(pl.struct(key).is_duplicated()).select(key).unique().with_columns(pl.lit(True).alias("twice"))
    )
    flags = frame.join(twice, on=key, how="left", maintain_order="left")["twice"].fill_null(False)
    return Check(key[-1], pl.lit(flags), reason)


def positive(column: str) -> pl.Expr:
    """Return a column of text as numbers above 0, null where it has none."""
    return pl.when(number(column) > 0).then(number(column))


def with_days(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the table with the dates that a row takes out when it is bad: `day` and `day_after`.

    Both are the row's own date; where that cannot be read they are those of the rows before and after it.
    """
    day = day_of("date")
    before, after = day.forward_fill().over("file"), day.backward_fill().over("file")
    return raw.with_columns(pl.coalesce(day, before).alias("day"), pl.coalesce(day, after).alias("day_after"))
