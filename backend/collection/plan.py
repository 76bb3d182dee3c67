"""What a load has to write, date by date, computed before the first row is written."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from backend.collection import snapshots
from backend.collection.snapshots import Basket
from backend.collection.stored import POSITIONS, Stored
from backend.collection.validate import Market
from backend.market import trades

PRICE_COLUMNS = ("open", "high", "low", "close", "nav", "volume", "value_krw", "aum_krw")


@dataclass
class Day:
    """The changes of one date.

    `snapshots` are the ETFs whose basket is new or different, with its hash; those in `gaps` (with the reason) leave
    the graphs alone, and those that did not come at all have no basket. `rederived` are the ETFs and dates whose
    trades are computed anew, with the date of the snapshot before. `added` are the ETFs without a whole basket until
    now. `etfs`, `holdings` and `priced` count what the feed delivers of the date, changed or not: whole baskets, their
    rows, prices.
    """

    date: date
    etfs: int = 0
    holdings: int = 0
    priced: int = 0
    snapshots: dict[str, str] = field(default_factory=dict)
    baskets: dict[str, Basket] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    prices: dict[str, tuple] = field(default_factory=dict)
    rederived: dict[tuple[str, date], date | None] = field(default_factory=dict)
    added: set[str] = field(default_factory=set)
    known: bool = False
    recorded: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.snapshots or self.prices)

    @property
    def compared_with(self) -> date | None:
        """The trading day before: the newest snapshot that one of the date's snapshots follows."""
        return max((day for (_, at), day in self.rederived.items() if at == self.date and day), default=None)

    @property
    def whole(self) -> list[str]:
        """ETFs whose changed basket is no gap."""
        return [etf for etf in self.snapshots if etf not in self.gaps]

    @property
    def content_hash(self) -> str:
        return _digest(f"{name}={value}" for name, value in sorted({**self.snapshots, **self.prices}.items()))


@dataclass
class Plan:
    """Every date to write in order, the dates that are there already, and the positions of the changed snapshots.

    `unrecorded` are those of the dates already there that this source has not delivered before, `empty` the dates of
    which no whole basket came: nothing of them is loaded. `needed` are the stored snapshots that trades are derived
    from, `offered` all snapshots of the feed, by ETF and date.
    """

    days: list[Day]
    skipped: list[date]
    unrecorded: list[Day]
    empty: list[date]
    positions: pl.DataFrame
    needed: set[tuple[str, date]]
    offered: set[tuple[str, date]]

    def contradicts(self, stored: Stored) -> bool:
        """Whether the stored market has a date otherwise, or a snapshot that the feed has not."""
        return any(day.known for day in self.days) or not stored.hashes.keys() <= self.offered

    def trades(self, stored_positions: pl.DataFrame) -> pl.DataFrame:
        """Return the trades of every pair of snapshots to derive, given the stored positions that are `needed`.

        Beside the columns of `trades.derive` there is `written`: the date with whose transaction they are written.
        """
        pairs = [
            (day.date, etf, previous, current)
            for day in self.days
            for (etf, current), previous in day.rederived.items()
            if previous
        ]
        schema = {"written": pl.Date, "etf": pl.String, "previous": pl.Date, "date": pl.Date}
        frame = pl.DataFrame(pairs, schema=schema, orient="row")
        everything = pl.concat([self.positions, stored_positions])
        own = frame.filter(pl.col("written") == pl.col("date"))
        later = frame.filter(pl.col("written") != pl.col("date"))
        derived = [
            trades.derive(everything, own).with_columns(pl.col("date").alias("written")),
            trades.derive(everything, later)
            .join(later, on=["etf", "previous", "date"])
            .select(*trades.COLUMNS, "written"),
        ]
        return pl.concat(derived)


def make(
    market: Market,
    resolved: pl.DataFrame,
    stored: Stored,
    source: str = "files",
    missing: Mapping[tuple[str, date], str] | None = None,
) -> Plan:
    """Compare the feed of a source with what is stored; `missing` are the baskets that did not come, with the reason."""
    missing = missing or {}
    chosen = snapshots.choose(market.holdings)
    positions = snapshots.merge(chosen, resolved).select(*POSITIONS)
    found = snapshots.baskets(chosen, resolved)

    days: dict[date, Day] = {}
    for day in sorted({d for _, d in found} | set(market.prices["date"]) | {d for _, d in missing}):
        days[day] = Day(day, known=day in stored.run_dates, recorded=(source, day) in stored.runs)
    for (etf, day), content_hash in _hashes(positions).items():
        if stored.hashes.get((etf, day)) != content_hash:
            days[day].snapshots[etf] = content_hash
            days[day].baskets[etf] = found[etf, day]
    for day, etf, *values in market.prices.select("date", "etf", *PRICE_COLUMNS).iter_rows():
        if stored.prices.get((etf, day)) != tuple(values):
            days[day].prices[etf] = tuple(values)

    changed = {(etf, day.date): day.baskets[etf] for day in days.values() for etf in day.snapshots}
    gaps = snapshots.find_gaps(changed, stored.constituents)
    _count(days, positions, market.prices, stored, changed.keys(), gaps.keys())
    for (etf, day), reason in gaps.items():
        del changed[etf, day]
        if day in stored.constituents.get(etf, ()):
            # A basket that collapsed since it was stored whole corrects nothing.
            del days[day].snapshots[etf]
        else:
            days[day].gaps[etf] = reason
    _leave_gaps(days, {key: reason for key, reason in missing.items() if key not in found}, stored)
    empty = _without_baskets(days, missing, stored)
    for day in empty:
        del days[day]
    for etf, day in changed:
        if day in days and day not in stored.constituents.get(etf, ()):
            days[day].added.add(etf)
    needed = _pair_up(days, set(changed), stored)
    skipped = [day for day in days.values() if not day.changed]
    due = [day for day in days.values() if day.changed]
    keys = pl.DataFrame(sorted(changed), schema={"etf": pl.String, "date": pl.Date}, orient="row")
    return Plan(
        days=due,
        skipped=[day.date for day in skipped],
        unrecorded=[day for day in skipped if not day.recorded],
        empty=empty,
        positions=positions.join(keys, on=["etf", "date"], how="semi"),
        needed=needed,
        offered=set(found),
    )


def _count(
    days: dict[date, Day],
    positions: pl.DataFrame,
    prices: pl.DataFrame,
    stored: Stored,
    changed: Set[tuple[str, date]],
    gaps: Set[tuple[str, date]],
) -> None:
    """Enter how much of each date the feed delivers."""
    for etf, day, rows in positions.group_by("etf", "date").len().iter_rows():
        is_gap = (etf, day) in gaps if (etf, day) in changed else day not in stored.constituents.get(etf, ())
        if not is_gap:
            days[day].etfs += 1
            days[day].holdings += rows
    for day, rows in prices.group_by("date").len().iter_rows():
        days[day].priced = rows


def _leave_gaps(days: dict[date, Day], missing: Mapping[tuple[str, date], str], stored: Stored) -> None:
    """Enter the baskets that did not come as gaps, unless they are there from before or are such gaps already."""
    for (etf, day), reason in missing.items():
        mark = _digest(["missing", reason])
        if day not in stored.constituents.get(etf, ()) and stored.hashes.get((etf, day)) != mark:
            days[day].snapshots[etf] = mark
            days[day].gaps[etf] = reason


def _without_baskets(days: dict[date, Day], missing: Iterable[tuple[str, date]], stored: Stored) -> list[date]:
    """Return the dates of which baskets were expected and not one came, now or before."""
    expected = {day for _, day in missing if not days[day].etfs}
    there = {day for dates in stored.constituents.values() for day in dates} if expected else set()
    return sorted(expected - there)


def _pair_up(days: dict[date, Day], changed: set[tuple[str, date]], stored: Stored) -> set[tuple[str, date]]:
    """Enter the pairs of consecutive snapshots to compare, and return the stored snapshots that this takes."""
    dates_of: dict[str, set[date]] = defaultdict(set)
    for etf, day in changed:
        dates_of[etf].add(day)
    needed: set[tuple[str, date]] = set()
    for etf, dates in dates_of.items():
        old = sorted(stored.constituents.get(etf, ()))
        timeline = sorted(dates.union(old))
        for day in sorted(dates):
            place = bisect_left(timeline, day)
            pairs = {day: timeline[place - 1] if place else None}
            following = bisect_right(old, day)
            if following < len(old):
                # The next snapshot is there already: until it is written itself, its trades start from this one.
                pairs[old[following]] = day
            for current, previous in pairs.items():
                days[day].rederived[etf, current] = previous
                if previous:
                    needed |= {(etf, current), (etf, previous)}
    return needed - changed


def _hashes(positions: pl.DataFrame) -> dict[tuple[str, date], str]:
    """Return a hash of each snapshot's positions by ETF and date."""
    line = pl.concat_str(
        "label",
        "code",
        pl.col("weight").cast(pl.String).fill_null(""),
        pl.col("shares").cast(pl.String).fill_null(""),
        separator="|",
    )
    texts = positions.group_by("etf", "date").agg(line.sort().str.join("\n").alias("text"))
    return {(etf, day): _digest([text]) for etf, day, text in texts.iter_rows()}


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
