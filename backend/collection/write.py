"""One date's changes into tables and graphs, inside the caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
from psycopg import Cursor, sql

from backend.collection import prices, runs
from backend.collection.label_tables import (
    as_lines,
    copy_lines,
    copy_rows,
    number_value,
    properties,
    reserve,
    table,
    text_value,
)
from backend.collection.plan import Day, Plan
from backend.collection.reference import Graph
from backend.collection.snapshots import NOTHING
from backend.collection.stored import Stored
from backend.collection.watched import Watched
from backend.graph.labels import HISTORY, MARKET
from backend.notifications.collected import Collected, Counts, announce

NO_TRADES = pl.DataFrame(schema={"etf": pl.String, "date": pl.Date})
EDGE = ("id", "start_id", "end_id", "properties")
# Trades stay in the market graph this long before the data date.
TRADES_KEPT = timedelta(days=90)
# An older close says nothing about the market as it stands.
PRICE_KEPT = timedelta(days=365)


@dataclass
class Written:
    """How many rows a date brought."""

    holdings: int = 0
    prices: int = 0
    trades: int = 0
    gaps: int = 0


class Writer:
    """Writes the days of a plan in order. Everything that can be computed for all days at once is, up front.

    `since` is when the work on the first of them began, by `time.monotonic`; `alerts` counts those written so far.
    """

    def __init__(
        self,
        cursor: Cursor,
        graph: Graph,
        stored: Stored,
        plan: Plan,
        trades: pl.DataFrame,
        watched: Watched,
        since: float,
    ) -> None:
        self._cursor, self._graph, self._stored, self._plan, self._since = cursor, graph, stored, plan, since
        self._watched = watched
        self.alerts = 0
        self._etf_nodes = graph.nodes[MARKET, "ETF"]
        self._collected = _collected(graph, plan, trades)
        held = plan.positions.with_columns(
            properties(date=text_value("date"), weight=number_value("weight"), shares=number_value("shares")).alias(
                "properties"
            )
        )
        self._held = {
            day: (len(rows), as_lines(rows.select(EDGE)))
            for day, rows in self._edges(HISTORY, "HELD", held, "date").items()
        }
        self._holds = {
            day: frame for (day,), frame in self._ends(MARKET, held).partition_by("date", as_dict=True).items()
        }
        traded = trades.with_columns(
            properties(
                date=text_value("date"),
                previous=text_value("previous"),
                action=text_value("action"),
                shares_change=number_value("shares_change"),
                weight_before=number_value("weight_before"),
                weight_after=number_value("weight_after"),
            ).alias("properties")
        )
        self._traded = self._edges(HISTORY, "TRADED", traded, "written")
        self._traded_now = self._edges(MARKET, "TRADED", traded, "written")

    def write(self, day: Day, source: str, label: str) -> Written:
        """Write one day: snapshots, trades, what is now, and prices. `record` is to follow, in the same transaction."""
        written = Written(gaps=len(day.gaps), prices=len(day.prices))
        as_of = self._advance(day)
        written.holdings = self._write_held(day)
        written.trades = self._write_trades(day, as_of)
        now = self._write_holds(day)
        had_price = {etf for etf in day.prices if (etf, day.date) in self._stored.prices}
        prices.write(self._cursor, self._graph, day.date, day.prices, had_price)
        self._stored.prices.update(((etf, day.date), price) for etf, price in day.prices.items())
        self._write_etfs(day, now, as_of)
        self._write_snapshots(day)
        # Who loads the data date gives the market its name.
        self._cursor.execute(
            """
            INSERT INTO datasets AS d (name, label, as_of)
            VALUES (%(source)s, %(label)s, %(as_of)s)
            ON CONFLICT (singleton) DO UPDATE
            SET name = CASE WHEN %(newest)s THEN excluded.name ELSE d.name END,
                label = CASE WHEN %(newest)s THEN excluded.label ELSE d.label END,
                as_of = excluded.as_of,
                loaded_at = now()
            """,
            {"source": source, "label": label, "as_of": as_of, "newest": day.date >= as_of},
        )
        return written

    def record(self, day: Day, source: str, label: str) -> bool:
        """Record the run of a day and tell of it, first those who watch an ETF, and return whether it was news.

        Nothing may follow but the commit.
        """
        self._cursor.execute("SELECT code, reason FROM etf_snapshots WHERE date = %s AND status = 'gap'", (day.date,))
        gaps = dict(self._cursor.fetchall())
        on_the_day = pl.col("date") == day.date
        trades = self._traded.get(day.date, NO_TRADES).filter(on_the_day)
        counts = Counts(day.etfs, day.holdings, day.priced, len(trades), len(gaps))
        added = Counts()
        if day.recorded and day.added:
            of_added = pl.col("etf").is_in(sorted(day.added))
            rows = self._plan.positions.filter(on_the_day & of_added)
            added = Counts(len(day.added), len(rows), trades=len(trades.filter(of_added)))
        duration = round((time.monotonic() - self._since) * 1000)
        self._since = time.monotonic()
        runs.record_loaded(self._cursor, source, day.date, counts, added, day.content_hash, duration)
        self.alerts += self._watched.tell(self._cursor, day, source)
        return announce(self._cursor, source, day.date, self._collected.content(day.date, source, label, counts, gaps))

    def _advance(self, day: Day) -> date:
        """Return the data date after this day: the newest snapshot's, or the newest price's where there is none."""
        if self._stored.as_of is None or (day.whole and day.date > self._stored.as_of):
            self._stored.as_of = day.date
        return self._stored.as_of

    def _ends(self, graph: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with start_id and end_id in a graph."""
        ids = self._graph.ids(graph)
        etfs = ids.filter(label="ETF").select(pl.col("code").alias("etf"), pl.col("id").alias("start_id"))
        ends = ids.rename({"id": "end_id"})
        joined = rows.join(etfs, on="etf", maintain_order="left").join(
            ends, on=["label", "code"], maintain_order="left"
        )
        if len(joined) != len(rows):
            raise RuntimeError(f"{len(rows) - len(joined)} edges of {graph} have no node")
        return joined

    def _edges(self, graph: str, edge: str, rows: pl.DataFrame, by: str) -> dict[date, pl.DataFrame]:
        """Return the rows of every edge by the date in the column `by`; ids are reserved here."""
        if rows.is_empty():
            return {}
        first = reserve(self._cursor, graph, edge, self._graph.numbers[graph, edge], len(rows))
        numbered = self._ends(graph, rows).with_columns(pl.int_range(first, first + len(rows)).alias("id"))
        return {day: frame for (day,), frame in numbered.partition_by(by, as_dict=True).items()}

    def _write_held(self, day: Day) -> int:
        again = [(etf, day.date) for etf in day.whole if (etf, day.date) in self._stored.hashes]
        self._delete(HISTORY, "HELD", again)
        count, lines = self._held.pop(day.date, (0, b""))
        copy_lines(self._cursor, table(HISTORY, "HELD"), EDGE, lines)
        return count

    def _write_trades(self, day: Day, as_of: date) -> int:
        old = self._stored.constituents
        stale = [(etf, current) for etf, current in day.rederived if current in old.get(etf, ())]
        self._delete(HISTORY, "TRADED", stale)
        self._delete(MARKET, "TRADED", stale)
        count = 0
        if day.date in self._traded:
            count = len(self._traded[day.date])
            copy_lines(self._cursor, table(HISTORY, "TRADED"), EDGE, as_lines(self._traded[day.date].select(EDGE)))
            recent = self._traded_now[day.date].filter(pl.col("date") > as_of - TRADES_KEPT)
            copy_lines(self._cursor, table(MARKET, "TRADED"), EDGE, as_lines(recent.select(EDGE)))
            for edge, traded in recent.select("id", "date").iter_rows():
                self._stored.traded[traded].append(edge)
        self._trim_trades(as_of)
        return count

    def _trim_trades(self, as_of: date) -> None:
        past = [traded for traded in self._stored.traded if traded <= as_of - TRADES_KEPT]
        edges = [edge for traded in past for edge in self._stored.traded.pop(traded)]
        if edges:
            self._cursor.execute(
                sql.SQL("DELETE FROM {} AS e USING unnest(%s::text[]) AS old (id) WHERE e.id = old.id::graphid").format(
                    table(MARKET, "TRADED")
                ),
                ([str(edge) for edge in edges],),
            )

    def _delete(self, graph: str, edge: str, snapshots: Iterable[tuple[str, date]]) -> None:
        """Delete the dated edges of some ETFs and dates."""
        ids = self._graph.nodes[graph, "ETF"].ids
        keys = [(ids[etf], f'"{day.isoformat()}"') for etf, day in snapshots]
        if not keys:
            return
        copy_rows(self._cursor, sql.Identifier("snapshot_feed"), ("start_id", "date"), keys)
        self._cursor.execute(
            sql.SQL(
                """
                DELETE FROM {} AS e
                USING snapshot_feed AS f
                WHERE e.start_id = f.start_id
                  AND ag_catalog.agtype_access_operator(e.properties, '"date"'::ag_catalog.agtype) = f.date
                """
            ).format(table(graph, edge))
        )
        self._cursor.execute("DELETE FROM snapshot_feed")

    def _write_holds(self, day: Day) -> list[str]:
        """Refresh what the day's ETFs hold now, unless a newer snapshot is there, and return those ETFs."""
        known = self._etf_nodes.properties
        now = [etf for etf in day.whole if known[etf].get("holdings_date", "") <= day.date.isoformat()]
        if not now:
            return []
        feed = self._holds[day.date].filter(pl.col("etf").is_in(now))
        copy_lines(self._cursor, sql.Identifier("holds_feed"), EDGE[1:], as_lines(feed.select(EDGE[1:])))
        starts = [str(self._etf_nodes.ids[etf]) for etf in now]
        self._cursor.execute(
            """
            DELETE FROM etf_graph."HOLDS" AS h
            USING unnest(%s::text[]) AS etf (id)
            WHERE h.start_id = etf.id::graphid
              AND NOT EXISTS (SELECT FROM holds_feed AS f WHERE f.start_id = h.start_id AND f.end_id = h.end_id)
            """,
            (starts,),
        )
        self._cursor.execute(
            """
            INSERT INTO etf_graph."HOLDS" (start_id, end_id, properties)
            SELECT start_id, end_id, properties
            FROM holds_feed
            ON CONFLICT (start_id, end_id) DO UPDATE
            SET properties = excluded.properties
            """
        )
        self._cursor.execute("DELETE FROM holds_feed")
        return now

    def _write_etfs(self, day: Day, now: list[str], as_of: date) -> None:
        """Bring the dated properties of the ETF nodes, and `etfs.holdings_date`, up to this day."""
        changed: dict[str, dict] = {}
        known = self._etf_nodes.properties
        for etf in now:
            changed[etf] = {**known[etf], "holdings_date": day.date.isoformat()}
        for etf, price in day.prices.items():
            if etf in known and known[etf].get("price_date", "") <= day.date.isoformat():
                changed[etf] = prices.on_the_etf(changed.get(etf, known[etf]), day.date, price)
        oldest = (as_of - PRICE_KEPT).isoformat()
        for etf, values in known.items():
            values = changed.get(etf, values)
            if values.get("price_date", oldest) < oldest:
                changed[etf] = prices.without(values)
        changed = {etf: values for etf, values in changed.items() if values != known[etf]}
        self._etf_nodes.update(self._cursor, changed)
        if now:
            self._cursor.execute("UPDATE etfs SET holdings_date = %s WHERE code = ANY(%s)", (day.date, now))

    def _write_snapshots(self, day: Day) -> None:
        self._cursor.executemany(
            """
            INSERT INTO etf_snapshots (
                code, date, status, holdings, constituents, weight_sum, weight_basis, traded_weight, reason, content_hash
            )
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (code, date) DO UPDATE
            SET status = excluded.status, holdings = excluded.holdings, constituents = excluded.constituents,
                weight_sum = excluded.weight_sum, weight_basis = excluded.weight_basis,
                traded_weight = excluded.traded_weight, reason = excluded.reason, content_hash = excluded.content_hash
            """,
            [
                (
                    etf,
                    day.date,
                    "gap" if etf in day.gaps else basket.status,
                    basket.holdings,
                    basket.constituents,
                    basket.weight_sum,
                    basket.basis,
                    basket.traded_weight,
                    day.gaps.get(etf),
                    day.snapshots[etf],
                )
                for etf, basket in ((etf, day.baskets.get(etf, NOTHING)) for etf in day.snapshots)
            ],
        )


def _collected(graph: Graph, plan: Plan, trades: pl.DataFrame) -> Collected:
    """Return what the days of a plan have to tell."""
    etfs, stocks = graph.nodes[MARKET, "ETF"].properties, graph.nodes[MARKET, "Stock"].properties
    return Collected(
        trades.filter(pl.col("written") == pl.col("date")),
        {day.date: before for day in plan.days if (before := day.compared_with)},
        {code for code, values in etfs.items() if values.get("active")},
        {code: values["name"] for code, values in stocks.items()},
        {code: values["name"] for code, values in etfs.items()},
    )
