"""The daily run: plan a date, fetch its baskets, load it.

Each step goes on where a killed one stopped, and several processes may work on one date. Single ETFs whose basket does
not come are gaps; a source that refuses, has no calls left or answers for less than half of the market fails the date,
which is recorded with its reason and loads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl
import structlog
from psycopg import OperationalError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError as EngineError

from backend.collection import calendar, runs, staging
from backend.collection.baskets import Fetched, fetch
from backend.collection.load import Summary, load
from backend.collection.sources import krx
from backend.collection.staging import LISTING, PRICES, Rows, Staging
from backend.db.engine import Database
from backend.errors import AtlasError, InvalidInput, LoadError, Unavailable

SOURCE = "krx"
# Where fewer baskets than this share of the market came, the source is at fault, not the ETFs: a load would show most
# of the market as a day old, and would tell everybody about the rest.
LEAST_SHARE = 0.5

Progress = Callable[[str, int, int], None]
log = structlog.get_logger()


class NotPublished(Unavailable):
    """KRX has not published the figures of that date yet."""

    slug = "not-published"


class TooFewAnswers(Unavailable):
    """The source answered for too small a part of the market."""

    slug = "too-few-answers"


class NotPlanned(InvalidInput):
    """The date has no plan."""

    slug = "not-planned"


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


@dataclass(frozen=True)
class Collected:
    """What came of a date: `loaded`, or a `holiday`, with the reason where nothing was done."""

    day: date
    status: str
    reason: str | None = None
    etfs: int = 0
    fetched: Fetched = field(default_factory=Fetched)
    summary: Summary | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what came of the date as JSON values; `load` is the load's own summary."""
        return {
            "date": self.day.isoformat(),
            "status": self.status,
            "reason": self.reason,
            "etfs": self.etfs,
            **self.fetched.as_dict(),
            "load": loaded(self.summary) if self.summary else None,
        }

    def __str__(self) -> str:
        if self.status == "holiday":
            return f"{self.day}: KRX was closed ({self.reason})"
        if self.summary is None:
            return f"{self.day}: {self.reason}"
        return f"{self.day}: {self.fetched}; {self.summary}"


def loaded(summary: Summary) -> dict[str, Any]:
    """Return the summary of one date's load as JSON values, with whether it was the first to tell of the date."""
    return summary.as_dict() | {"notified": bool(summary.notified_dates)}


def collect(
    database: Database,
    source: krx.Krx,
    day: date,
    etfs: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
) -> Collected:
    """Plan, fetch and load a date, or only some ETFs of it. Raises AtlasError, which is recorded as the date's failure.

    A date that was loaded so long ago that its answers are pruned is left alone.
    """
    check_day(day)
    if not etfs and _was_collected(database, day):
        return Collected(day, "loaded", "loaded before; `fill` asks again for its gaps")
    planned = plan(database, source, day, progress=progress)
    if planned.closed:
        return Collected(day, "holiday", planned.closed)
    fetched = fetch_baskets(database, source, planned, etfs, progress=progress)
    summary = load_day(database, day, etfs, progress=progress)
    return Collected(day, "loaded", None, len(etfs or planned.etfs), fetched, summary)


def plan(database: Database, source: krx.Krx, day: date, *, progress: Progress | None = None) -> DayPlan:
    """Fetch the listing and the prices of a date, and return the ETFs whose baskets it takes.

    A holiday is recorded. Raises InvalidInput for a date that cannot have figures, NotPublished, and the source's errors.
    """
    say = progress or _silent
    check_day(day)
    closed = calendar.closed_because(day)
    if closed:
        runs.record_holiday(database, SOURCE, day, closed)
        return DayPlan(day, closed)
    staged = Staging(database, SOURCE, day)
    with _failure_recorded(database, day), staged.fetching() as claims:
        staging.prune(database)
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
    market = krx.feed(day, *_market(Staging(database, SOURCE, day)), {}, {})
    return DayPlan(day, etfs=sorted(market["prices"]["etf_code"]))


def fetch_baskets(
    database: Database,
    source: krx.Krx,
    planned: DayPlan,
    etfs: Sequence[str] | None = None,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch the baskets of a planned date, of all its ETFs or of some; `again` also those that are there.

    Raises InvalidInput for an ETF that is not in the plan, and the source's errors.
    """
    unknown = sorted(set(etfs or ()) - set(planned.etfs))
    if unknown:
        raise InvalidInput(
            f"No such ETF on {planned.day}: {', '.join(unknown)}.", ko=f"{planned.day}에 없는 ETF: {', '.join(unknown)}"
        )
    wanted = sorted(set(etfs or planned.etfs))
    with _failure_recorded(database, planned.day):
        return fetch(Staging(database, SOURCE, planned.day), source, wanted, again=again, progress=progress or _silent)


def load_day(
    database: Database, day: date, etfs: Sequence[str] | None = None, *, progress: Progress | None = None
) -> Summary:
    """Load what was fetched of a date, all its ETFs or some; a basket that did not come is a gap.

    Raises NotPlanned; TooFewAnswers where most of the market is missing; LoadError where rows are bad.
    """
    staged = Staging(database, SOURCE, day)
    listing, prices = _market(staged)
    codes = list(etfs or planned(database, day).etfs)
    with _failure_recorded(database, day):
        baskets = staged.many(codes)
        if not etfs and len(baskets) < LEAST_SHARE * len(codes):
            raise TooFewAnswers(
                f"Only {len(baskets)} of {len(codes)} baskets of {day} came: nothing is loaded. What came is kept; "
                f"collect the date again to go on.",
                ko=f"{day} 구성종목이 {len(codes)}개 중 {len(baskets)}개만 와서 적재하지 않았습니다. 다시 수집하면 이어집니다.",
            )
        feed = krx.feed(day, listing, prices, baskets, _reasons(staged, codes, baskets))
        summary = load(database, lambda: feed, progress=progress)
        if day in summary.empty_dates:
            raise TooFewAnswers(
                f"Not one whole basket of {day} came: nothing is loaded. Collect the date again.",
                ko=f"{day} 구성종목이 하나도 온전히 오지 않아 적재하지 않았습니다. 다시 수집해 주세요.",
            )
    if day in summary.rejected_dates:
        # Whatever was wrong is asked for again by the next run.
        staged.forget()
        first = next(issue for issue in summary.rejected if day in issue.dates)
        raise LoadError(
            f"{day} was rejected: {first}.", ko=f"{day} 자료에 잘못된 행이 있어 적재하지 않았습니다: {first}"
        )
    return summary


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


def _was_collected(database: Database, day: date) -> bool:
    """Return whether a date is loaded and its answers are no longer there."""
    with database.engine("atlas_loader").connect() as connection:
        query = text(
            "SELECT EXISTS (SELECT FROM collection_runs WHERE source = :source AND date = :day AND status = 'loaded')"
        )
        loaded = connection.scalar(query, {"source": SOURCE, "day": day})
    return bool(loaded) and not Staging(database, SOURCE, day).has(LISTING)


def _check_whole(day: date, listing: Rows, prices: Rows) -> None:
    """Raise TooFewAnswers for a table of prices that is cut off."""
    market = krx.feed(day, listing, prices, {}, {})
    listed = market["etfs"].filter(pl.col("listing_date") <= day.isoformat())
    if len(market["prices"]) < LEAST_SHARE * len(listed):
        raise TooFewAnswers(
            f"KRX gave prices of {len(market['prices'])} ETFs on {day}, when {len(listed)} were listed: the table is "
            f"cut off, and nothing is kept of it.",
            ko=f"{day} 가격표가 잘려 왔습니다(ETF {len(market['prices'])}/{len(listed)}개).",
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


def _market(staged: Staging) -> tuple[Rows, Rows]:
    found = staged.many([LISTING, PRICES])
    if len(found) < 2:
        raise NotPlanned(
            f"Nothing was fetched of {staged.day} yet: run `./atlas collect plan --date {staged.day}` first.",
            ko=f"{staged.day}의 수집 계획이 없습니다. 먼저 plan을 실행하세요.",
        )
    return found[LISTING], found[PRICES]


def _reasons(staged: Staging, codes: Sequence[str], baskets: Mapping[str, Rows]) -> dict[str, str]:
    """Return why each basket that is not there did not come."""
    absent = [code for code in codes if code not in baskets]
    answers = staged.answers(absent)
    return {
        code: (answers[code].reason if code in answers else None) or "its basket was not asked for" for code in absent
    }


@contextmanager
def _failure_recorded(database: Database, day: date) -> Iterator[None]:
    """Record why a date failed; what is only late or asked wrongly is no failure of the date."""
    try:
        yield
    except (NotPublished, InvalidInput):
        raise
    except (OperationalError, EngineError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unavailable(
            f"The database went away ({reason}). What came is kept: collect the date again to go on.",
            ko="데이터베이스 연결이 끊겼습니다. 다시 수집하면 이어집니다.",
        ) from error
    except AtlasError as error:
        try:
            runs.record_failure(database, SOURCE, day, error.message)
        except (OperationalError, EngineError) as gone:
            log.warning("failure_not_recorded", date=day.isoformat(), reason=str(gone).splitlines()[0])
        raise


def _silent(_text: str, _done: int, _total: int) -> None:
    """Say nothing."""
