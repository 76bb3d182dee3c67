"""What a load has for those who watch an ETF: whose baskets and prices are news on a date, and what moved in them.

News is what is newest of its ETF and was not there: a basket that is corrected or filled in later alerts nobody. The
rules themselves are in backend/notifications/alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from psycopg import Cursor

from backend.collection import calendar
from backend.collection.plan import Day, Plan
from backend.collection.stored import Stored
from backend.market.trades import TRADED_LABELS
from backend.notifications.alerts.evaluation import evaluate, watched_etfs
from backend.notifications.alerts.rules import MOVED

PAIR = ("etf", "previous", "date")
POSITION = (*PAIR, "label", "code")


@dataclass(frozen=True)
class Watches:
    """The ETFs that somebody watched when the load began, and when that was by the database's clock."""

    etfs: frozenset[str] = frozenset()
    began: datetime | None = None

    @classmethod
    def load(cls, cursor: Cursor) -> Watches:
        """Read which ETFs are watched."""
        etfs, began = watched_etfs(cursor)
        return cls(frozenset(etfs), began)


class Watched:
    """The news of the watched ETFs on every day of a plan. Where nobody watches anything, there are none."""

    def __init__(
        self, watches: Watches, plan: Plan, stored: Stored, stored_positions: pl.DataFrame, trades: pl.DataFrame
    ) -> None:
        """Find the news; `stored` is what was there before the load, `trades` what `Plan.trades` derived."""
        self._began = watches.began
        self._baskets: dict[date, set[str]] = {}
        self._prices: dict[date, set[str]] = {}
        self._since: dict[date, date] = {}
        self._moved: dict[date, pl.DataFrame] = {}
        if watches.etfs:
            self._find(watches, plan, stored)
            self._compare(plan, stored_positions, trades)

    def _find(self, watches: Watches, plan: Plan, stored: Stored) -> None:
        whole = {etf: set(stored.constituents.get(etf, ())) for etf in watches.etfs}
        for day in plan.days:
            earlier = {etf: max((d for d in dates if d < day.date), default=None) for etf, dates in whole.items()}
            newest = {etf for etf, dates in whole.items() if max(dates, default=day.date) <= day.date}
            baskets = day.added & newest
            there = {etf for etf in newest if day.date in whole[etf] or not whole[etf]}
            new_prices = {etf for etf in day.prices if (etf, day.date) not in stored.prices}
            self._baskets[day.date] = baskets
            self._prices[day.date] = new_prices & (baskets | there)
            previous = [earlier[etf] for etf in baskets | self._prices[day.date] if earlier[etf]]
            self._since[day.date] = min(previous, default=day.date)
            for etf in day.added & watches.etfs:
                whole[etf].add(day.date)

    def _compare(self, plan: Plan, stored_positions: pl.DataFrame, trades: pl.DataFrame) -> None:
        """Find what was traded, and whose weight is another one, in every new basket that has one before it."""
        pairs = [
            (etf, previous, day.date)
            for day in plan.days
            for etf in self._baskets[day.date]
            if (previous := day.rederived.get((etf, day.date)))
        ]
        if not pairs:
            return
        frame = pl.DataFrame(pairs, schema=dict.fromkeys(PAIR, pl.Date) | {"etf": pl.String}, orient="row")
        held = (
            pl.concat([plan.positions, stored_positions])
            .filter(pl.col("label").is_in(TRADED_LABELS))
            .select("etf", "date", "label", "code", "weight", pl.lit(True).alias("held"))
        )
        before = frame.join(held.rename({"date": "previous"}), on=["etf", "previous"])
        after = frame.join(held, on=["etf", "date"])
        traded = trades.filter(pl.col("written") == pl.col("date")).select(*POSITION, "action", "shares_change")
        moved = (
            before.join(after, on=POSITION, how="full", coalesce=True, suffix="_after")
            .join(traded, on=POSITION, how="left")
            .with_columns(
                pl.when("held").then("weight").otherwise(0.0).alias("weight_before"),
                pl.when("held_after").then("weight_after").otherwise(0.0).alias("weight_after"),
            )
            .filter(pl.col("action").is_not_null() | (pl.col("weight_before") != pl.col("weight_after")))
        )
        self._moved = {day: rows for (day,), rows in moved.partition_by("date", as_dict=True).items()}

    def tell(self, cursor: Cursor, day: Day, source: str) -> int:
        """Write the alerts of a day that has been written, and return how many. Called once, last but for `announce`."""
        baskets, prices = self._baskets.pop(day.date, set()), self._prices.pop(day.date, set())
        if not baskets and not prices:
            return 0
        moved = self._moved.pop(day.date, None)
        return evaluate(
            cursor,
            day.date,
            baskets=baskets,
            prices=prices,
            moved=b"" if moved is None else moved.select(MOVED).write_csv(include_header=False).encode(),
            trading_days=_trading_days(self._since[day.date], day.date),
            began=self._began,
            sample=source == "sample",
        )


def _trading_days(first: date, last: date) -> list[date] | None:
    try:
        return calendar.trading_days(first, last)
    except calendar.UnknownYear:
        return None
