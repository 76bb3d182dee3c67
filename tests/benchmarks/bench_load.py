"""Loading all of the real market, and the writing of its edges against Cypher's MERGE and against a bare COPY."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any
from unittest import mock

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, text

from backend.collection import write
from backend.collection.load import load_files
from backend.db.engine import Database
from backend.graph.client import run_cypher
from backend.graph.labels import HISTORY, MARKET
from tests.benchmarks.scratch import real_data, scratch_database

TARGET_SECONDS = 60
TARGET_TIMES_MERGE = 100
TARGET_SHARE_OF_COPY = 0.25
# Row by row is slow: this many edges are enough to know how slow.
MERGED = 2_000
ROUNDS = 5
DATE = b'"date": "'
BLOCK = 20_000
PLAIN = "CREATE TABLE plain_edges (id bigint, start_id bigint, end_id bigint, properties text)"
EDGES = 'SELECT id, start_id, end_id, properties FROM etf_history."HELD" ORDER BY id'
SOME = f"""
    MATCH (e:ETF)-[h:HOLDS]->(s:Stock)
    RETURN e.code AS etf, s.code AS stock, h.weight AS weight, h.shares AS shares
    LIMIT {MERGED}
"""
MERGE = """
    MATCH (e:ETF {code: $etf}), (s:Stock {code: $stock})
    MERGE (e)-[h:HELD {date: $date}]->(s)
    SET h.weight = $weight, h.shares = $shares
"""


def run() -> dict[str, Any]:
    """Return seconds for the whole load, and edges per second by MERGE, by the loader and by a bare COPY."""
    with scratch_database("atlas_bench_load") as database:
        with _edges_timed() as timed:
            summary = load_files(database, real_data())
        assert not summary.rejected, summary.rejected[0]
        copied, copied_by_date = _copied_per_second(database)
        merged = _merged_per_second(database)
    edges = timed["edges"]
    written = edges / timed["seconds"]
    figures = {
        "load_seconds": round(summary.seconds, 1),
        "target_load_seconds": TARGET_SECONDS,
        "dates": summary.loaded_dates,
        "holdings": summary.holdings,
        "trades": summary.trades,
        "prices": summary.prices,
        "edges_written": edges,
        "edges_per_second": round(written),
        "copy_rows_per_second": round(copied),
        "copy_by_date_rows_per_second": round(copied_by_date),
        "merge_edges_per_second": round(merged),
        "share_of_copy": round(written / copied, 3),
        "share_of_copy_by_date": round(written / copied_by_date, 3),
        "target_share_of_copy": TARGET_SHARE_OF_COPY,
        "times_merge": round(written / merged, 1),
        "target_times_merge": TARGET_TIMES_MERGE,
    }
    figures["met"] = (
        figures["load_seconds"] < TARGET_SECONDS
        and figures["share_of_copy"] >= TARGET_SHARE_OF_COPY
        and figures["times_merge"] >= TARGET_TIMES_MERGE
    )
    _show(figures)
    return figures


@contextmanager
def _edges_timed() -> Iterator[dict[str, float]]:
    """Time the loader's COPYs into the HELD label: the edges alone, date by date, as the load goes."""
    timed = {"edges": 0, "seconds": 0.0}
    copy_lines = write.copy_lines
    held = write.table(HISTORY, "HELD")

    def timing(cursor: psycopg.Cursor, target: Any, columns: Any, lines: bytes) -> None:
        started = time.perf_counter()
        copy_lines(cursor, target, columns, lines)
        if target == held:
            timed["edges"] += lines.count(b"\n")
            timed["seconds"] += time.perf_counter() - started

    with mock.patch.object(write, "copy_lines", timing):
        yield timed


def _copied_per_second(database: Database) -> tuple[float, float]:
    """Return rows per second of bare COPYs of the same bytes into a plain table: all at once, and date by date.

    Medians of some rounds; the table is without indexes, and each round starts with an empty one.
    """
    with database.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        with cursor.copy(f"COPY ({EDGES}) TO STDOUT") as out:
            lines = [bytes(line) for line in out]
        blocks = [b"".join(lines[start : start + BLOCK]) for start in range(0, len(lines), BLOCK)]
        dates = [
            b"".join(day) for _, day in groupby(lines, key=lambda line: line[line.index(DATE) :][: len(DATE) + 10])
        ]
        at_once = [len(lines) / _copy(cursor, [blocks]) for _ in range(ROUNDS)]
        by_date = [len(lines) / _copy(cursor, [[day] for day in dates]) for _ in range(ROUNDS)]
    return statistics.median(at_once), statistics.median(by_date)


def _copy(cursor: psycopg.Cursor, statements: list[list[bytes]]) -> float:
    """Return the seconds of COPY statements, each given as the blocks of its bytes, into a table without indexes."""
    cursor.execute(PLAIN)
    seconds = 0.0
    for blocks in statements:
        cursor.execute("BEGIN")
        started = time.perf_counter()
        with cursor.copy("COPY plain_edges FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)
        seconds += time.perf_counter() - started
        cursor.execute("COMMIT")
    cursor.execute("DROP TABLE plain_edges")
    return seconds


def _merged_per_second(database: Database) -> float:
    """Return edges per second of Cypher's MERGE, one edge a statement, in the form and place that suit it best.

    All in one transaction, indexes in place, into an empty label: among all of the edges it is slower still.
    """
    with database.engine("atlas_loader").connect() as connection:
        rows = _some_edges(connection)
        connection.execute(text('TRUNCATE etf_history."HELD"'))
        started = time.perf_counter()
        for row in rows:
            run_cypher(connection, HISTORY, MERGE, row)
        seconds = time.perf_counter() - started
        connection.rollback()
    return len(rows) / seconds


def _some_edges(connection: Connection) -> list[dict[str, Any]]:
    found = run_cypher(
        connection,
        MARKET,
        SOME,
    )
    return [json.loads(json.dumps(row)) | {"date": "2030-01-02"} for row in found.dicts()]


def _show(figures: dict[str, Any]) -> None:
    table = Table(title=f"All of the market: {figures['holdings']:,} holdings on {figures['dates']} dates")
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    table.add_row("the whole load, s", f"{figures['load_seconds']:.1f}", f"< {TARGET_SECONDS}")
    table.add_row("edges per second, the loader", f"{figures['edges_per_second']:,}", "")
    table.add_row("edges per second, Cypher MERGE row by row", f"{figures['merge_edges_per_second']:,}", "")
    table.add_row("rows per second, bare COPY of the same bytes at once", f"{figures['copy_rows_per_second']:,}", "")
    table.add_row("the same date by date, as the loader", f"{figures['copy_by_date_rows_per_second']:,}", "")
    table.add_row("the loader, times MERGE", f"{figures['times_merge']:.0f}", f"≥ {TARGET_TIMES_MERGE}")
    table.add_row("the loader, share of COPY", f"{figures['share_of_copy']:.0%}", f"≥ {TARGET_SHARE_OF_COPY:.0%}")
    table.add_row("the loader, share of COPY date by date", f"{figures['share_of_copy_by_date']:.0%}", "")
    Console().print(table)
