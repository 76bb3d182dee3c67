"""What the database holds already: the loaded market's name, its snapshots, prices and positions."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl
from psycopg import Cursor, sql

from backend.collection.label_tables import Nodes, copy_rows
from backend.graph.labels import HISTORY, MARKET

# Tables and labels that belong to a market; the sample's are emptied when real data comes.
MARKET_TABLES = (
    "datasets",
    "etfs",
    "securities",
    "security_codes",
    "etf_former_names",
    "daily_prices",
    "etf_snapshots",
    "collection_runs",
)
POSITIONS = {
    "date": pl.Date,
    "etf": pl.String,
    "label": pl.String,
    "code": pl.String,
    "weight": pl.Float64,
    "shares": pl.Float64,
}


@dataclass
class Stored:
    """The state that a load starts from, as far as it concerns the dates of the load.

    `hashes` and `constituents` go by ETF and date, gaps have no constituents: all snapshots since the first of the
    dates, and the last whole one of each ETF before it. `prices` are those of the dates, `traded` the edges of the
    market graph that will be too old at the last of them. `runs` are all loaded dates by source, `run_dates` those of
    any source, and `positions` says about how many rows of baskets there are.
    """

    dataset: str | None = None
    as_of: date | None = None
    etfs: set[str] = field(default_factory=set)
    codes: list[tuple[str, str, str]] = field(default_factory=list)
    hashes: dict[tuple[str, date], str] = field(default_factory=dict)
    constituents: dict[str, dict[date, int]] = field(default_factory=lambda: defaultdict(dict))
    prices: dict[tuple[str, date], tuple] = field(default_factory=dict)
    traded: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    runs: set[tuple[str, date]] = field(default_factory=set)
    positions: int = 0

    @property
    def run_dates(self) -> set[date]:
        return {day for _, day in self.runs}

    @classmethod
    def load(cls, cursor: Cursor, span: tuple[date, date] | None, kept: timedelta) -> Stored:
        """Read what concerns the dates of `span`; `kept` is how long trades stay in the market graph."""
        first, last = span or (date.max, date.min)
        stored = cls()
        cursor.execute("SELECT name, as_of FROM datasets")
        row = cursor.fetchone()
        stored.dataset, stored.as_of = row or (None, None)
        cursor.execute("SELECT code FROM etfs")
        stored.etfs = {code for (code,) in cursor}
        cursor.execute("SELECT code, kind, canonical FROM security_codes")
        stored.codes = cursor.fetchall()
        cursor.execute(
            """
            SELECT code, date, status, constituents, content_hash
            FROM etf_snapshots
            WHERE date >= %(first)s
            UNION ALL
            SELECT b.*
            FROM (SELECT DISTINCT code FROM etf_snapshots) AS e
            CROSS JOIN LATERAL (
                SELECT code, date, status, constituents, content_hash
                FROM etf_snapshots
                WHERE code = e.code AND date < %(first)s AND status <> 'gap'
                ORDER BY date DESC
                LIMIT 1
            ) AS b
            """,
            {"first": first},
        )
        for code, day, status, constituents, content_hash in cursor:
            stored.hashes[code, day] = content_hash
            if status != "gap":
                stored.constituents[code][day] = constituents
        cursor.execute(
            """
            SELECT code, date, open::float8, high::float8, low::float8, close::float8, nav::float8,
                   volume, value_krw, aum_krw
            FROM daily_prices
            WHERE date BETWEEN %s AND %s
            """,
            (first, last),
        )
        stored.prices = {(code, day): tuple(values) for code, day, *values in cursor}
        cursor.execute(
            sql.SQL(
                """
                SELECT id::text, ag_catalog.agtype_access_operator(properties, '"date"'::ag_catalog.agtype)::text
                FROM {}
                WHERE ag_catalog.agtype_access_operator(properties, '"date"'::ag_catalog.agtype) <= %s
                """
            ).format(sql.Identifier(MARKET, "TRADED")),
            (json.dumps(_before(max(last, stored.as_of or last), kept).isoformat()),),
        )
        for edge, day in cursor:
            stored.traded[date.fromisoformat(day.strip('"'))].append(int(edge))
        cursor.execute("SELECT source, date FROM collection_runs WHERE status = 'loaded'")
        stored.runs = set(cursor)
        cursor.execute("SELECT coalesce(sum(constituents), 0) FROM etf_snapshots")
        (stored.positions,) = cursor.fetchone()
        return stored


def _before(day: date, kept: timedelta) -> date:
    return day - kept if day - date.min > kept else date.min


def clear(cursor: Cursor) -> None:
    """Empty both graphs and every table of the market, and take back what was told of its dates."""
    cursor.execute(
        """
        SELECT g.name::text, l.name::text
        FROM ag_catalog.ag_label AS l
        JOIN ag_catalog.ag_graph AS g ON g.graphid = l.graph
        WHERE g.name = ANY(%s::name[]) AND l.name NOT LIKE '\\_ag\\_%%'
        """,
        ([MARKET, HISTORY],),
    )
    labels = [sql.Identifier(graph, label) for graph, label in cursor.fetchall()]
    cursor.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(labels)))
    for table in MARKET_TABLES:
        cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    cursor.execute("DELETE FROM etf_changes")
    cursor.execute("DELETE FROM notifications WHERE kind IN ('collection', 'alert')")
    cursor.execute("DELETE FROM discord_posts WHERE kind IN ('collection', 'alert')")


def touch(cursor: Cursor) -> None:
    """Say that the market is another one from here on: what was read of it is kept for as long as `loaded_at` stays."""
    cursor.execute("UPDATE datasets SET loaded_at = clock_timestamp()")


def positions(cursor: Cursor, wanted: set[tuple[str, date]], nodes: dict[tuple[str, str], Nodes]) -> pl.DataFrame:
    """Return the stored positions of the wanted snapshots (ETF and date): `POSITIONS`."""
    etfs = nodes[HISTORY, "ETF"]
    keys = [(etfs.ids[etf], json.dumps(day.isoformat())) for etf, day in sorted(wanted) if etf in etfs.ids]
    if not keys:
        return pl.DataFrame(schema=POSITIONS)
    ends = {
        node: (label, code) for (graph, label), ns in nodes.items() if graph == HISTORY for code, node in ns.ids.items()
    }
    copy_rows(cursor, sql.Identifier("snapshot_feed"), ("start_id", "date"), keys)
    cursor.execute("ANALYZE snapshot_feed")
    cursor.execute(
        sql.SQL(
            """
            SELECT h.start_id::text, h.end_id::text, h.properties::text
            FROM snapshot_feed AS f
            JOIN {} AS h
              ON h.start_id = f.start_id
             AND ag_catalog.agtype_access_operator(h.properties, '"date"'::ag_catalog.agtype) = f.date
            """
        ).format(sql.Identifier(HISTORY, "HELD"))
    )
    rows = []
    for start, end, text in cursor.fetchall():
        values = json.loads(text)
        etf = ends[int(start)][1]
        label, code = ends[int(end)]
        rows.append((date.fromisoformat(values["date"]), etf, label, code, values.get("weight"), values.get("shares")))
    cursor.execute("DELETE FROM snapshot_feed")
    return pl.DataFrame(rows, schema=POSITIONS, orient="row")
