"""One real trading day loaded for 1,000 people who watch 20 ETFs each, beside the same load without watchers.

For comparison the watches are evaluated one by one, as one would write it first: a few queries for each watch, the rules
in Python, one insert for each alert. That is done for a sample and scaled up, and has to find the same alerts.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from psycopg import Connection
from psycopg.types.json import Jsonb
from rich.console import Console
from rich.table import Table

from backend.collection import load as loading
from backend.collection import watched
from backend.db.engine import Database
from tests.benchmarks.bench_day import DAY, _cut_out
from tests.benchmarks.scratch import real_data, scratch_copy, scratch_database
from tests.watchers import add_people, add_watches

PEOPLE, ETFS_EACH, SAMPLE, ROUNDS = 1_000, 20, 300, 3
TARGET_SECONDS, TARGET_IDLE_MS = 10, 20
KINDS = ["new", "out", "more", "less", "weight", "fee", "name"]


def run() -> dict[str, Any]:
    """Return the seconds of loading the day with and without watchers, and of evaluating watch by watch."""
    plain, watching, evaluating, idle = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="atlas-bench-alerts-") as name:
        folder = Path(name)
        _cut_out(folder)
        with scratch_database("atlas_bench_alerts") as base:
            loading.load_files(base, real_data(), until=DAY - timedelta(days=1))
            for _ in range(ROUNDS):
                with scratch_copy(base, "atlas_bench_alerts_none") as database, _timed() as spent:
                    plain.append(loading.load_files(database, folder).seconds)
                    idle.append(sum(spent.values()))
                with scratch_copy(base, "atlas_bench_alerts_some") as database, _timed() as spent:
                    watches = _watch(database)
                    summary = loading.load_files(database, folder)
                    watching.append(summary.seconds)
                    evaluating.append(sum(spent.values()))
                    one_by_one, agree = _one_by_one(database, watches)
    figures = {
        "day": DAY.isoformat(),
        "watches": len(watches),
        "alerts": summary.alerts,
        "seconds": round(statistics.median(watching), 2),
        "seconds_least": round(min(watching), 2),
        "seconds_most": round(max(watching), 2),
        "target_seconds": TARGET_SECONDS,
        "seconds_without_watchers": round(statistics.median(plain), 2),
        "ratio": round(statistics.median(w / p for w, p in zip(watching, plain, strict=True)), 2),
        "seconds_of_the_alerts": round(statistics.median(evaluating), 2),
        "milliseconds_without_watchers": round(statistics.median(idle) * 1000, 1),
        "seconds_watch_by_watch": round(one_by_one, 1),
        "times_faster_than_watch_by_watch": round(one_by_one / statistics.median(evaluating), 1),
        "same_alerts": agree,
    }
    figures["met"] = (
        figures["seconds"] < TARGET_SECONDS and figures["milliseconds_without_watchers"] < TARGET_IDLE_MS and agree
    )
    _show(figures)
    return figures


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    """Add up the seconds that a load spends for watchers, by function."""
    spent: dict[str, float] = {}

    def wrap(owner: object, name: str) -> tuple[object, str, Callable]:
        original = getattr(owner, name)

        def timed(*arguments: Any, **more: Any) -> Any:
            started = time.perf_counter()
            try:
                return original(*arguments, **more)
            finally:
                spent[name] = spent.get(name, 0.0) + time.perf_counter() - started

        setattr(owner, name, timed)
        return owner, name, original

    wrapped = [
        wrap(watched, "watched_etfs"),
        wrap(watched.Watched, "__init__"),
        wrap(watched.Watched, "tell"),
        wrap(loading, "forget"),
    ]
    try:
        yield spent
    finally:
        for owner, name, original in wrapped:
            setattr(owner, name, original)


def _watch(database: Database) -> list[tuple]:
    """Let the people watch ETFs of chance, with the default threshold or another one."""
    with database.connect() as connection:
        etfs = [code for (code,) in connection.execute("SELECT DISTINCT code FROM etf_snapshots ORDER BY code")]
    chance = random.Random(1)
    rows = [
        (person, etf, KINDS, chance.choice((0.3, 0.5, 0.5, 1, 2)), 1, True, False)
        for person in add_people(database, PEOPLE)
        for etf in chance.sample(etfs, ETFS_EACH)
    ]
    add_watches(database, rows)
    return rows


def _one_by_one(database: Database, watches: list[tuple]) -> tuple[float, bool]:
    """Return the seconds that all watches would take one by one, and whether the sample's alerts are those of the load."""
    sample = random.Random(2).sample(watches, SAMPLE)
    with database.connect() as connection:
        found = dict(
            connection.execute(
                "SELECT (person, subject)::text, (content ->> 'trades_total')::int + (content ->> 'drift_total')::int "
                "FROM notifications WHERE kind = 'alert'"
            ).fetchall()
        )
        connection.execute("DELETE FROM notifications WHERE kind = 'alert'")
        started = time.perf_counter()
        told = {
            f"({person},{etf})": _evaluate(connection, person, etf, kinds, limit)
            for person, etf, kinds, limit, *_ in sample
        }
        seconds = time.perf_counter() - started
        connection.rollback()
    agree = all(found.get(key, 0) == count for key, count in told.items())
    return seconds / SAMPLE * len(watches), agree


def _evaluate(connection: Connection, person: object, etf: str, kinds: list[str], threshold: float) -> int:
    """Evaluate one watch, write its alert, and return how many rows that has."""
    days = connection.execute(
        "SELECT date FROM etf_snapshots WHERE code = %s AND date <= %s AND status <> 'gap' ORDER BY date DESC LIMIT 2",
        (etf, DAY),
    ).fetchall()
    if len(days) < 2 or days[0][0] != DAY:
        return 0
    before, after = (_basket(connection, etf, day) for (day,) in reversed(days))
    (comparable,) = connection.execute("SELECT weights_comparable(%s, %s, %s)", (etf, days[1][0], DAY)).fetchone()
    trades = _edges(connection, etf, "TRADED", DAY)
    limit, rows = Decimal(str(threshold)), []
    for code in before.keys() | after.keys() | trades.keys():
        was, now = (side.get(code, {"weight": 0}).get("weight") for side in (before, after))
        was, now = (None if w is None or abs(w) > 100 else Decimal(str(w)) for w in (was, now))
        change = round(now - was, 4) if comparable and was is not None and now is not None else Decimal(0)
        trade = trades.get(code)
        action = trade and trade["action"]
        size = Decimal(0)
        if action in ("more", "less") and was is not None:
            size = round(abs(was * Decimal(str(trade["shares_change"])) / 100), 4)
        by_trade = action in kinds and (action in ("new", "out") or size >= limit)
        if by_trade or (change and abs(change) >= limit):
            rows.append({"code": code, "action": action, "change_pp": float(change), "size_pp": float(size)})
    if rows:
        connection.execute(
            "SELECT add_notification('alert', %s, %s, %s, %s)", (person, DAY, etf, Jsonb({"rows": rows[:10]}))
        )
    return len(rows)


def _basket(connection: Connection, etf: str, day: date) -> dict[int, dict]:
    return _edges(connection, etf, "HELD", day)


def _edges(connection: Connection, etf: str, edge: str, day: date) -> dict[int, dict]:
    """Return the properties of an ETF's dated edges to stocks and ETFs, by the node they end at."""
    rows = connection.execute(
        f"""
        SELECT h.end_id::text, h.properties::text
        FROM etf_history."ETF" AS e
        JOIN etf_history."{edge}" AS h
          ON h.start_id = e.id
         AND ag_catalog.agtype_access_operator(h.properties, '"date"'::ag_catalog.agtype) = %s::text::ag_catalog.agtype
        WHERE ag_catalog.agtype_access_operator(e.properties, '"code"'::ag_catalog.agtype) = %s::text::ag_catalog.agtype
          AND NOT EXISTS (SELECT FROM etf_history."Asset" AS a WHERE a.id = h.end_id)
        """,
        (f'"{day}"', f'"{etf}"'),
    ).fetchall()
    return {int(end): orjson.loads(properties) for end, properties in rows}


def _show(figures: dict[str, Any]) -> None:
    table = Table(
        title=f"The real day {figures['day']} for {figures['watches']:,} watches: {figures['alerts']:,} alerts"
    )
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    spread = f"{figures['seconds']:.2f} s ({figures['seconds_least']:.2f}–{figures['seconds_most']:.2f})"
    table.add_row("loading the day with the watchers, median of 3", spread, f"< {TARGET_SECONDS} s")
    table.add_row("  of which for the watchers", f"{figures['seconds_of_the_alerts']:.2f} s", "")
    table.add_row("the same without watchers", f"{figures['seconds_without_watchers']:.2f} s", "")
    table.add_row(
        "  of which for watchers who are not there",
        f"{figures['milliseconds_without_watchers']:.1f} ms",
        f"< {TARGET_IDLE_MS} ms",
    )
    table.add_row("with over without", f"{figures['ratio']:.2f}", "")
    same = "the same alerts" if figures["same_alerts"] else "OTHER ALERTS"
    table.add_row(
        f"watch by watch ({SAMPLE} watches, scaled; {same})", f"{figures['seconds_watch_by_watch']:.1f} s", ""
    )
    Console().print(table)
