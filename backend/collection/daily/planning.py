"""What a date takes: its listing, its prices, and the ETFs whose baskets are to be fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from backend.collection import calendar, runs
from backend.collection.daily.failures import NotPlanned, NotPublished, TooFewAnswers, failure_recorded
from backend.collection.daily.staging import LISTING, PRICES, Rows, Staging, prune
from backend.collection.sources import krx
from backend.db.engine import Database
from backend.errors import InvalidInput

SOURCE = "krx"
# Where fewer baskets than this share of the market came, the source is at fault, not the ETFs: a load would show most
# of the market as a day old, and would tell everybody about the rest.
LEAST_SHARE = 0.5

# Called with what is being done, and how much of how much is done.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class DayPlan:
    """What a date asks for: the codes of its ETFs in order, or why KRX was closed."""

    day: date
    closed: str | None = None
    etfs: Sequence[str] = ()

    def chunks(self, count: int) -> list[list[str]]:
        """Return the codes in at most `count` lists of about equal length."""
        size = max(1, -(-len(self.etfs) // count))
        return [list(self.etfs[start : start + size]) for start in range(0, len(self.etfs), size)]

    def as_dict(self, chunks: int = 1) -> dict[str, Any]:
        """Return the plan as JSON values, its ETFs in chunks."""
        return {
            "date": self.day.isoformat(),
            "trading_day": self.closed is None,
            "reason": self.closed,
            "etfs": len(self.etfs),
            "chunks": self.chunks(chunks),
        }

    def __str__(self) -> str:
        return f"{self.day}: KRX was closed ({self.closed})" if self.closed else f"{self.day}: {len(self.etfs):,} ETFs"


def plan(database: Database, source: krx.Krx, day: date, *, progress: Progress | None = None) -> DayPlan:
    """Fetch the listing and the prices of a date, and return the ETFs whose baskets it takes.

    A holiday is recorded. Raises InvalidInput for a date that cannot have figures, NotPublished, and the source's errors.
    """
    say = progress or silent
    check_day(day)
    closed = calendar.closed_because(day)
    if closed:
        runs.record_holiday(database, SOURCE, day, closed)
        return DayPlan(day, closed)
    staged = Staging(database, SOURCE, day)
    with failure_recorded(database, SOURCE, day), staged.fetching() as claims:
        prune(database)
        for done, (subject, ask) in enumerate({LISTING: source.listing, PRICES: lambda: source.prices(day)}.items()):
            say(f"fetching {subject}", done, 2)
            claims.wait(subject)
            try:
                if staged.has(subject):
                    continue
                rows = ask()
                if isinstance(rows, krx.Holiday):
                    return _no_figures(database, day)
                if subject == PRICES:
                    _check_whole(day, staged.many([LISTING])[LISTING], rows)
                staged.put(subject, rows)
            finally:
                claims.give_back(subject)
        return planned(database, day)


def planned(database: Database, day: date) -> DayPlan:
    """Return the plan of a date whose listing and prices are there. Raises NotPlanned."""
    tables = krx.feed(day, *market_of(Staging(database, SOURCE, day)), {}, {})
    # An ETF whose prices cannot be read is expected all the same.
    return DayPlan(day, etfs=sorted({*tables["prices"]["etf_code"], *(etf for etf, _ in tables.missing)}))


def check_day(day: date) -> None:
    """Raise InvalidInput for a date to come, NotPublished for one that is not over; UnknownYear as the calendar does."""
    newest = calendar.newest_final_day()
    today = calendar.today()
    if day > today:
        raise InvalidInput(
            f"{day} is in the future (today is {today} in Seoul).", ko=f"{day}은(는) 아직 오지 않았습니다."
        )
    if calendar.is_trading_day(day) and day > newest:
        raise NotPublished(
            f"{day} is not over: its figures are final from {calendar.FINAL_AT:%H:%M} in Seoul on.",
            ko=f"{day} 자료는 {calendar.FINAL_AT:%H:%M} 이후에 확정됩니다.",
        )


def market_of(staged: Staging) -> tuple[Rows, Rows]:
    """Return the listing and the prices of a date. Raises NotPlanned."""
    found = staged.many([LISTING, PRICES])
    if len(found) < 2:
        raise NotPlanned(
            f"Nothing was fetched of {staged.day} yet: run `./atlas collect plan --date {staged.day}` first.",
            ko=f"{staged.day}의 수집 계획이 없습니다. 먼저 plan을 실행하세요.",
        )
    return found[LISTING], found[PRICES]


def _check_whole(day: date, listing: Rows, prices: Rows) -> None:
    """Raise TooFewAnswers for a table of prices that is cut off."""
    tables = krx.feed(day, listing, prices, {}, {})
    listed = tables["etfs"].filter(pl.col("listing_date") <= day.isoformat())
    if len(tables["prices"]) < LEAST_SHARE * len(listed):
        raise TooFewAnswers(
            f"KRX gave prices of {len(tables['prices'])} ETFs on {day}, when {len(listed)} were listed: the table is "
            f"cut off, and nothing is kept of it.",
            ko=f"{day} 가격표가 잘려 왔습니다(ETF {len(tables['prices'])}/{len(listed)}개).",
        )


def _no_figures(database: Database, day: date) -> DayPlan:
    """Judge a day on which KRX has no figures though the calendar calls it a trading day.

    The Open API has them on the next morning, so the day is late until the next trading day is over.
    """
    if calendar.today() <= calendar.next_trading_day(day):
        raise NotPublished(
            f"KRX has not published {day} yet: try again later.", ko=f"KRX가 아직 {day} 자료를 내지 않았습니다."
        )
    reason = "KRX has no figures of that day"
    runs.record_holiday(database, SOURCE, day, reason)
    return DayPlan(day, reason)


def silent(_text: str, _done: int, _total: int) -> None:
    """Say nothing."""
