"""What a year of daily history costs the question "who holds this stock now"."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
from psycopg import Cursor
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import Connection

from backend.collection import label_tables
from backend.collection.load import load_files
from backend.db.engine import Database
from backend.graph.client import run_cypher
from backend.graph.labels import HISTORY, MARKET
from tests.benchmarks.scratch import real_data, scratch_database

EDGES = int(os.environ.get("ATLAS_BENCH_EDGES") or 10_000_000)
DAY = date(2026, 7, 8)
STOCK = "005930"
RUNS = 400
TARGET_MS = 5.0
TARGET_TIMES = 1.5
NOW = """
    MATCH (e:ETF)-[h:HOLDS]->(s:Stock)
    WHERE s.code = $code
    RETURN e.code, e.name, h.weight, h.date
    ORDER BY h.weight DESC
"""
THEN = """
    MATCH (e:ETF)-[h:HELD]->(s:Stock)
    WHERE s.code = $code AND h.date = $date
    RETURN e.code, e.name, h.weight
    ORDER BY h.weight DESC
"""
OVER_TIME = """
    MATCH (e:ETF)-[h:HELD]->(s:Stock)
    WHERE e.code = $etf AND s.code = $code
    RETURN h.date, h.weight
    ORDER BY h.date
"""


def run() -> dict[str, Any]:
    """Return medians in ms with one day and with a year of daily history, on the server and with the round trip."""
    with scratch_database("atlas_bench_history") as database:
        load_files(database, real_data(), until=DAY)
        _keep_one_day(database)
        one_day = _measure(database)
        edges = _add_a_year(database)
        year = _measure(database)
    figures = {
        "edges": edges,
        "holders": year["holders"],
        "one_day": one_day,
        "year": year,
        "now_p50_ms": year["now_server_ms"],
        "times_one_day": round(year["now_server_ms"] / one_day["now_server_ms"], 2),
        "target_p50_ms": TARGET_MS,
        "target_times_one_day": TARGET_TIMES,
    }
    figures["met"] = figures["now_p50_ms"] < TARGET_MS and figures["times_one_day"] <= TARGET_TIMES
    _show(figures)
    return figures


def _keep_one_day(database: Database) -> None:
    """Leave one day in the history."""
    with database.connect(autocommit=True) as connection:
        connection.execute(
            """
            DELETE FROM etf_history."HELD"
            WHERE ag_catalog.agtype_access_operator(properties, '"date"'::ag_catalog.agtype) <> %s
            """,
            (f'"{DAY}"',),
        )
        connection.execute("VACUUM FULL ANALYZE")


def _add_a_year(database: Database) -> int:
    """Repeat the one day on the business days before it until there are EDGES edges, and return their number."""
    with database.connect(autocommit=True) as connection, connection.cursor() as cursor:
        day = _one_day(cursor)
        number = label_tables.label_numbers(cursor)[HISTORY, "HELD"]
        dates = (DAY - timedelta(days=n) for n in range(1, 10_000))
        business_days = [one for one in dates if one.weekday() < 5][: -(-EDGES // len(day)) - 1]
        cursor.execute("SELECT defer_history_indexes()")
        with Progress(transient=True) as progress:
            for one in progress.track(business_days, description="adding a year of history"):
                first = label_tables.reserve(cursor, HISTORY, "HELD", number, len(day))
                rows = day.select(
                    pl.int_range(first, first + pl.len()).alias("id"),
                    "start_id",
                    "end_id",
                    pl.concat_str(pl.lit(f'{{"date": "{one}"'), "rest").alias("properties"),
                )
                target = label_tables.table(HISTORY, "HELD")
                label_tables.copy_lines(cursor, target, rows.columns, label_tables.as_lines(rows))
        cursor.execute("SELECT restore_history_indexes()")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute('SELECT count(*) FROM etf_history."HELD"')
        return cursor.fetchone()[0]


def _one_day(cursor: Cursor) -> pl.DataFrame:
    """Return start_id, end_id and what follows the date in the properties of every edge of the one day."""
    cursor.execute('SELECT start_id::text, end_id::text, properties::text FROM etf_history."HELD"')
    rows = []
    for start, end, properties in cursor:
        weight_and_shares = {name: value for name, value in json.loads(properties).items() if name != "date"}
        rows.append((int(start), int(end), ", " + json.dumps(weight_and_shares)[1:] if weight_and_shares else "}"))
    return pl.DataFrame(rows, schema={"start_id": pl.Int64, "end_id": pl.Int64, "rest": pl.String}, orient="row")


def _measure(database: Database) -> dict[str, Any]:
    """Return the medians of each question in ms: as the server counts (planning and execution), and for the caller."""
    with database.engine("atlas_app").connect() as connection:
        questions: dict[str, tuple[str, str, dict[str, str]]] = {
            "now": (MARKET, NOW, {"code": STOCK}),
            "then": (HISTORY, THEN, {"code": STOCK, "date": DAY.isoformat()}),
            "over_time": (HISTORY, OVER_TIME, {"code": STOCK, "etf": "069500"}),
        }
        figures: dict[str, Any] = {"holders": len(run_cypher(connection, MARKET, NOW, {"code": STOCK}).rows)}
        for name, (graph, cypher, parameters) in questions.items():
            figures[f"{name}_ms"] = _median_ms(lambda q=(graph, cypher, parameters): run_cypher(connection, *q))
            figures[f"{name}_server_ms"] = _server_ms(connection, graph, cypher, parameters)
    return figures


def _median_ms(ask: Callable[[], object]) -> float:
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - started)
    return round(statistics.median(seconds) * 1000, 2)


def _server_ms(connection: Connection, graph: str, cypher: str, parameters: dict[str, str]) -> float:
    """Return the median of planning plus execution time, as EXPLAIN ANALYZE gives them."""
    cursor = connection.connection.driver_connection.cursor()
    statement = (
        "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY, FORMAT JSON)"
        f" SELECT * FROM ag_catalog.cypher('{graph}', $cypher${cypher}$cypher$, %s)"
        f" AS ({', '.join(f'c{n} ag_catalog.agtype' for n in range(cypher.split('RETURN')[1].split('ORDER')[0].count(',') + 1))})"
    )
    times = []
    for _ in range(RUNS):
        cursor.execute(statement, (json.dumps(parameters),))
        plan = cursor.fetchone()[0][0]
        times.append(plan["Planning Time"] + plan["Execution Time"])
    return round(statistics.median(times), 2)


def _show(figures: dict[str, Any]) -> None:
    table = Table(title=f"Medians in ms, server (round trip): {figures['edges']:,} HELD edges against one day")
    for column in ("question", "one day", "a year"):
        table.add_column(column, justify="left" if column == "question" else "right")
    names = {
        "now": f"who holds {STOCK} now ({figures['holders']} ETFs)",
        "then": f"who held {STOCK} on {DAY}",
        "over_time": f"the weight of {STOCK} in 069500 over time",
    }
    for name, what in names.items():
        cells = [
            f"{figures[period][f'{name}_server_ms']} ({figures[period][f'{name}_ms']})"
            for period in ("one_day", "year")
        ]
        table.add_row(what, *cells)
    table.caption = (
        f"now: {figures['now_p50_ms']} ms (target < {TARGET_MS}), {figures['times_one_day']} times one day"
        f" (target ≤ {TARGET_TIMES})"
    )
    Console().print(table)
