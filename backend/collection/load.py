"""Load a market: read, validate, resolve, compare, and write each date in a transaction of its own.

A date is there as a whole or not at all, and a load that was killed goes on where it stopped. Loads queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl
import psycopg
from psycopg import Cursor
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from backend.collection import plan as planning
from backend.collection import prices, reference, resolve, runs, stored
from backend.collection.checks import Issue
from backend.collection.feed import Feed
from backend.collection.label_tables import create_feeds
from backend.collection.sources import files, sample
from backend.collection.stored import Stored
from backend.collection.validate import Market, validate
from backend.collection.watched import Watched, Watches
from backend.collection.write import TRADES_KEPT, Writer
from backend.db.engine import Database
from backend.errors import Conflict, Unavailable
from backend.graph import path_gate
from backend.graph.labels import HISTORY
from backend.market import search_index
from backend.notifications.alerts.evaluation import forget

# Any fixed number: one load at a time in a database.
LOAD_LOCK = 0x45_54_46_4C
# From this many new rows on, the planner's statistics are renewed at once.
MANY_ROWS = 10_000
# From this many new positions on, and where they outnumber the stored ones, the indexes on them are built afterwards.
BULK_ROWS = 100_000
ANALYZED = (
    'etf_graph."ETF"',
    'etf_graph."Stock"',
    'etf_graph."HOLDS"',
    'etf_graph."TRADED"',
    'etf_history."ETF"',
    'etf_history."Stock"',
    'etf_history."Price"',
    'etf_history."HELD"',
    'etf_history."TRADED"',
    'etf_history."HAS_PRICE"',
    "daily_prices",
    "etf_snapshots",
)

# Called with what is being done, and how many dates of how many are done.
Progress = Callable[[str, int, int], None]


@dataclass
class Summary:
    """What a load did. Dates are counted: new ones, corrected ones, and those that were there already.

    `empty_dates` are those of which not one of the expected baskets came: nothing of them is loaded. `notified_dates`
    are those that were told of as news.
    """

    dataset: str
    loaded_dates: int = 0
    corrected_dates: int = 0
    skipped_dates: int = 0
    rejected_dates: list[date] = field(default_factory=list)
    empty_dates: list[date] = field(default_factory=list)
    notified_dates: list[date] = field(default_factory=list)
    etfs: int = 0
    holdings: int = 0
    prices: int = 0
    trades: int = 0
    gaps: int = 0
    alerts: int = 0
    rejected: list[Issue] = field(default_factory=list)
    as_of: date | None = None
    seconds: float = 0.0

    @property
    def notified(self) -> bool:
        """Whether anything was news."""
        return bool(self.notified_dates)

    def as_dict(self) -> dict:
        """Return the summary as JSON values. `etfs` counts those in the market, the other counts are of this load."""
        return {
            "dataset": self.dataset,
            "loaded_dates": self.loaded_dates,
            "corrected_dates": self.corrected_dates,
            "skipped_dates": self.skipped_dates,
            "rejected_dates": [day.isoformat() for day in self.rejected_dates],
            "empty_dates": [day.isoformat() for day in self.empty_dates],
            "notified_dates": [day.isoformat() for day in self.notified_dates],
            "etfs": self.etfs,
            "holdings": self.holdings,
            "prices": self.prices,
            "trades": self.trades,
            "gaps": self.gaps,
            "alerts": self.alerts,
            "notified": self.notified,
            "rejected": [issue.as_dict() for issue in self.rejected],
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "seconds": round(self.seconds, 2),
        }

    def __str__(self) -> str:
        return (
            f"{self.dataset}: {self.loaded_dates} dates loaded, {self.corrected_dates} corrected, "
            f"{self.skipped_dates} already there, {len(self.rejected_dates)} rejected; "
            f"{self.holdings:,} holdings, {self.trades:,} trades, {self.prices:,} prices, {self.gaps} gaps "
            f"in {self.seconds:.1f} s; data as of {self.as_of}"
        )


def make_ready(database: Database, *, progress: Progress | None = None) -> None:
    """Load the sample market where there is no market, and finish what a killed load left: sample dates, indexes."""
    with database.engine("atlas_loader").begin() as connection:
        loaded = connection.scalar(text("SELECT name FROM datasets"))
        if connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOAD_LOCK}):
            connection.execute(text("SELECT restore_history_indexes()"))
    if loaded in (None, "sample"):
        load_sample(database, progress=progress)


def load_sample(database: Database, *, progress: Progress | None = None) -> Summary:
    """Load the sample market. Raises Conflict where real data is loaded."""
    return load(database, sample.read, progress=progress)


def load_files(
    database: Database, directory: Path, *, until: date | None = None, progress: Progress | None = None
) -> Summary:
    """Load the tidy CSV files of a folder, dates up to and including `until`.

    The sample market makes room for them. Raises LoadError where a file cannot be read at all; bad rows are in the
    summary.
    """
    return load(database, lambda: files.read(directory), until=until, progress=progress)


def load(
    database: Database, read: Callable[[], Feed], *, until: date | None = None, progress: Progress | None = None
) -> Summary:
    """Load what a source delivers and return what that changed."""
    started = time.monotonic()
    say = progress or (lambda _text, _done, _total: None)
    say("reading", 0, 0)
    feed = read()
    try:
        with database.engine("atlas_loader").connect() as connection, _one_at_a_time(connection, say):
            summary = _load(connection, feed, until, say, started)
    except (psycopg.OperationalError, OperationalError) as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause).splitlines()[0]
        if isinstance(cause, psycopg.errors.DiskFull):
            raise Unavailable(
                f"The database's disk is full ({reason}). Each date is there as a whole or not at all: make room, then "
                "load again to go on.",
                ko="데이터베이스 디스크가 가득 찼습니다. 공간을 확보한 뒤 다시 적재하면 이어집니다.",
            ) from error
        raise Unavailable(
            f"The database went away ({reason}). Each date is there as a whole or not at all: load again to go on.",
            ko="데이터베이스 연결이 끊겼습니다. 다시 적재하면 이어집니다.",
        ) from error
    summary.seconds = time.monotonic() - started
    return summary


@contextmanager
def _one_at_a_time(connection: Connection, say: Progress):
    with connection.begin():
        taken = connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOAD_LOCK})
    if not taken:
        say("waiting for another load", 0, 0)
        with connection.begin():
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOAD_LOCK})
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.rollback()
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOAD_LOCK})


def _load(connection: Connection, feed: Feed, until: date | None, say: Progress, started: float) -> Summary:
    say("validating", 0, 0)
    with connection.begin():
        cursor = _cursor(connection)
        # A load that was killed may have left them off.
        cursor.execute("SELECT restore_history_indexes()")
        create_feeds(cursor)
        # Two versions of the sample are compared as wholes.
        span = (date.min, date.max) if feed.source == "sample" else feed.span
        before = Stored.load(cursor, span, TRADES_KEPT)
        watches = Watches.load(cursor)
    if before.dataset not in (None, "sample") and feed.source == "sample":
        raise Conflict(
            "Real data is loaded; the sample market would mix with it.",
            ko="실제 데이터가 적재되어 있어 표본 시장을 적재하지 않습니다.",
        )
    # The sample makes room for real data; real data of several sources is one market.
    replaces = before.dataset == "sample" != feed.source
    state = Stored() if replaces else before
    market = validate(feed, state.etfs)
    summary = Summary(feed.source, rejected=market.issues, rejected_dates=sorted(market.rejected_dates))
    missing = {
        (etf, day): reason
        for (etf, day), reason in feed.missing.items()
        if day not in market.rejected_dates and (until is None or day <= until)
    }
    say("resolving securities", 0, 0)
    market, resolved, plan = _plan(market.accepted(until), state, feed.source, missing)
    if feed.source == "sample" and plan.contradicts(state):
        # Another version of the sample market: what the two do not share must not stay.
        # What it tells again is no news.
        replaces, state, watches = True, Stored(), Watches()
        plan = planning.make(market, resolved, state, feed.source, missing)
    summary.skipped_dates, summary.empty_dates = len(plan.skipped), plan.empty
    with connection.begin():
        runs.record_rejected(_cursor(connection), feed.source, market.issues)
    if plan.days or not replaces:
        try:
            _write_days(connection, feed, market, resolved, plan, state, watches, replaces, summary, say, started)
        finally:
            if not connection.invalidated:
                connection.rollback()
                with connection.begin():
                    say("indexing", len(plan.days), len(plan.days))
                    connection.execute(text("SELECT restore_history_indexes()"))
        _tidy_up(connection, summary, state.positions, say)
    with connection.begin():
        summary.etfs = connection.scalar(text("SELECT count(*) FROM etfs"))
        summary.as_of = connection.scalar(text("SELECT as_of FROM datasets"))
    return summary


def _plan(
    market: Market, state: Stored, source: str, missing: dict[tuple[str, date], str]
) -> tuple[Market, pl.DataFrame, planning.Plan]:
    """Return the market without the dates of which no basket came, its securities, and what there is to write."""
    resolved = resolve.resolve(market.holdings, market.etfs, market.stocks, market.equivalents, state.codes)
    plan = planning.make(market, resolved, state, source, missing)
    if not plan.empty:
        return market, resolved, plan
    there = {key: reason for key, reason in missing.items() if key[1] not in plan.empty}
    market, resolved, rest = _plan(market.accepted(without=plan.empty), state, source, there)
    rest.empty = plan.empty
    return market, resolved, rest


def _write_days(
    connection: Connection,
    feed: Feed,
    market: Market,
    resolved: pl.DataFrame,
    plan: planning.Plan,
    state: Stored,
    watches: Watches,
    replaces: bool,
    summary: Summary,
    say: Progress,
    started: float,
) -> None:
    """Write the reference data together with the first date, and each further date in a transaction of its own."""
    with connection.begin():
        cursor = _cursor(connection)
        path_gate.close(cursor)
        if replaces:
            stored.clear(cursor)
        graph = reference.Graph.load(cursor)
        etfs = graph.nodes[HISTORY, "ETF"].ids
        earlier = set(etfs)
        changed = reference.write(cursor, market, resolved, graph, feed.source)
        if changed:
            prices.adopt(cursor, graph, etfs.keys() - earlier)
            stored.touch(cursor)
        if changed and len(plan.days) != 1:
            # What takes long to load can be found meanwhile.
            say("collecting names", 0, len(plan.days))
            search_index.rebuild(connection)
        if not plan.days and not plan.unrecorded:
            return
        say("deriving trades", 0, len(plan.days))
        positions = stored.positions(cursor, plan.needed, graph.nodes)
        trades = plan.trades(positions)
        watched = Watched(watches, plan, state, positions, trades)
        writer = Writer(cursor, graph, state, plan, trades, watched, started)
        if len(plan.positions) > max(BULK_ROWS, state.positions):
            cursor.execute("SELECT defer_history_indexes()")
        if plan.days:
            _write(writer, plan.days[0], feed, summary)
        if len(plan.days) == 1:
            say("ranking names", 0, 1)
            search_index.rebuild(connection)
        for day in plan.unrecorded:
            writer.record(day, feed.source, feed.label)
        if plan.days:
            _record(writer, plan.days[0], feed, summary)
    for done, day in enumerate(plan.days[1:], start=2):
        say("loading", done - 1, len(plan.days))
        with connection.begin():
            path_gate.close(_cursor(connection))
            _write(writer, day, feed, summary)
            _record(writer, day, feed, summary)


def _tidy_up(connection: Connection, summary: Summary, stored_before: int, say: Progress) -> None:
    """Forget old alerts, and renew the planner's statistics and the names, ranked by how much each is held.

    Few new rows among many are left to PostgreSQL's own renewal. One date alone ranked the names with its rows.
    """
    with connection.begin():
        forget(_cursor(connection))
    if summary.holdings > max(MANY_ROWS, stored_before / 4):
        say("renewing statistics", 0, 0)
        with connection.begin():
            _cursor(connection).execute(f"ANALYZE {', '.join(ANALYZED)}")
    if summary.loaded_dates + summary.corrected_dates != 1:
        say("ranking names", 0, 0)
        with connection.begin():
            search_index.rebuild(connection)
            stored.touch(_cursor(connection))


def _write(writer: Writer, day: planning.Day, feed: Feed, summary: Summary) -> None:
    written = writer.write(day, feed.source, feed.label)
    summary.holdings += written.holdings
    summary.prices += written.prices
    summary.trades += written.trades
    summary.gaps += written.gaps
    if day.known:
        summary.corrected_dates += 1
    else:
        summary.loaded_dates += 1


def _record(writer: Writer, day: planning.Day, feed: Feed, summary: Summary) -> None:
    if writer.record(day, feed.source, feed.label):
        summary.notified_dates.append(day.date)
    summary.alerts = writer.alerts


def _cursor(connection: Connection) -> Cursor:
    """Return a cursor of the driver's connection, inside SQLAlchemy's transaction."""
    return connection.connection.driver_connection.cursor()
