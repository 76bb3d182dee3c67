"""A date from its plan to its load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text

from backend.collection.daily.baskets import Fetched, fetch
from backend.collection.daily.failures import TooFewAnswers, failure_recorded
from backend.collection.daily.planning import (
    LEAST_SHARE,
    SOURCE,
    DayPlan,
    Progress,
    check_day,
    market_of,
    plan,
    planned,
    silent,
)
from backend.collection.daily.staging import LISTING, Rows, Staging
from backend.collection.load import Summary, load
from backend.collection.sources import krx
from backend.db.engine import Database
from backend.errors import InvalidInput, LoadError


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
    with failure_recorded(database, SOURCE, planned.day):
        return fetch(Staging(database, SOURCE, planned.day), source, wanted, again=again, progress=progress or silent)


def load_day(
    database: Database, day: date, etfs: Sequence[str] | None = None, *, progress: Progress | None = None
) -> Summary:
    """Load what was fetched of a date, all its ETFs or some; a basket that did not come is a gap.

    Raises NotPlanned; TooFewAnswers where most of the market is missing; LoadError where rows are bad.
    """
    staged = Staging(database, SOURCE, day)
    listing, prices = market_of(staged)
    codes = list(etfs or planned(database, day).etfs)
    with failure_recorded(database, SOURCE, day):
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


def _was_collected(database: Database, day: date) -> bool:
    """Return whether a date is loaded and its answers are no longer there."""
    with database.engine("atlas_loader").connect() as connection:
        query = text(
            "SELECT EXISTS (SELECT FROM collection_runs WHERE source = :source AND date = :day AND status = 'loaded')"
        )
        loaded = connection.scalar(query, {"source": SOURCE, "day": day})
    return bool(loaded) and not Staging(database, SOURCE, day).has(LISTING)


def _reasons(staged: Staging, codes: Sequence[str], baskets: Mapping[str, Rows]) -> dict[str, str]:
    """Return why each basket that is not there did not come."""
    absent = [code for code in codes if code not in baskets]
    answers = staged.answers(absent)
    return {
        code: (answers[code].reason if code in answers else None) or "its basket was not asked for" for code in absent
    }
