"""One real trading day (921 ETFs, about 59,000 rows) onto the real market: changes, names and notification included.

The market is loaded up to the day before, then the day. The same rows are copied into a plain table for comparison.
"""

from __future__ import annotations

import csv
import gzip
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from backend.collection.load import load_files
from backend.db.engine import Database
from tests.benchmarks.scratch import real_data, scratch_database

DAY = date(2026, 7, 8)
TARGET_SECONDS = 6
ROUNDS = 3
REFERENCE = ("etfs.csv", "stocks.csv", "etf_renames.csv", "ticker_equivalents.csv")
DATED = ("holdings_full.csv.gz", "holdings_active.csv.gz", "prices.csv")


def run() -> dict[str, Any]:
    """Return the seconds of loading the day: from a folder of its own, by stage, and out of the folder of all dates."""
    with tempfile.TemporaryDirectory(prefix="atlas-bench-day-") as folder:
        alone = Path(folder)
        rows = _cut_out(alone)
        seconds, stages = [], []
        for _ in range(ROUNDS):
            with scratch_database("atlas_bench_day") as database:
                load_files(database, real_data(), until=DAY - timedelta(days=1))
                watch = _Stages()
                summary = load_files(database, alone, progress=watch)
                watch("", 0, 0)
                seconds.append(summary.seconds)
                stages.append(watch.seconds)
                copied = _copied(database, alone)
                told = _told(database)
        with scratch_database("atlas_bench_day") as database:
            load_files(database, real_data(), until=DAY - timedelta(days=1))
            out_of_all = load_files(database, real_data(), until=DAY).seconds
    best = seconds.index(min(seconds))
    figures = {
        "day": DAY.isoformat(),
        "rows_read": rows,
        "holdings": summary.holdings,
        "trades": summary.trades,
        "notifications_of_the_day": told,
        "seconds": round(statistics.median(seconds), 2),
        "seconds_least": round(min(seconds), 2),
        "seconds_most": round(max(seconds), 2),
        "target_seconds": TARGET_SECONDS,
        "seconds_out_of_all_dates": round(out_of_all, 2),
        "seconds_of_a_plain_copy": round(copied, 2),
        "stages_of_the_least": {stage: round(part, 2) for stage, part in stages[best].items()},
    }
    figures["met"] = figures["seconds"] < TARGET_SECONDS and told == 1
    _show(figures)
    return figures


class _Stages:
    """Adds up the seconds of each stage that a load reports."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()

    def __call__(self, stage: str, _done: int, _total: int) -> None:
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now


def _cut_out(folder: Path) -> int:
    """Write the files of the day alone into a folder, and return how many rows they have."""
    for name in REFERENCE:
        (folder / name).symlink_to(real_data() / name)
    count = 0
    for name in DATED:
        source, target = real_data() / name, folder / name
        opener = gzip.open if name.endswith(".gz") else open
        with (
            opener(source, "rt", encoding="utf-8", newline="") as old,
            opener(target, "wt", encoding="utf-8", newline="") as new,
        ):
            rows, writer = csv.reader(old), csv.writer(new)
            header = next(rows)
            writer.writerow(header)
            wanted = [row for row in rows if row[header.index("date")] == DAY.isoformat()]
            writer.writerows(wanted)
            count += len(wanted)
    return count


def _copied(database: Database, folder: Path) -> float:
    """Return the seconds that COPY takes for the day's baskets into a plain table of text, without index or check."""
    with gzip.open(folder / "holdings_full.csv.gz", "rb") as file:
        content = file.read()
    columns = ", ".join(f"{name} text" for name in content.split(b"\n", 1)[0].decode().strip().split(","))
    with database.connect(autocommit=True) as connection:
        connection.execute(f"CREATE TABLE plain_rows ({columns})")
        started = time.perf_counter()
        with connection.cursor().copy("COPY plain_rows FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(content)
        return time.perf_counter() - started


def _told(database: Database) -> int:
    with database.connect() as connection:
        query = "SELECT count(*) FROM notifications WHERE kind = 'collection' AND date = %s"
        return connection.execute(query, (DAY,)).fetchone()[0]


def _show(figures: dict[str, Any]) -> None:
    table = Table(title=f"The real day {figures['day']}: {figures['holdings']:,} rows of baskets")
    table.add_column("what")
    table.add_column("seconds", justify="right")
    table.add_column("target", justify="right")
    spread = f"{figures['seconds']:.2f} ({figures['seconds_least']:.2f}–{figures['seconds_most']:.2f})"
    table.add_row("loading the day, median of 3", spread, f"< {TARGET_SECONDS}")
    for stage, part in figures["stages_of_the_least"].items():
        table.add_row(f"  {stage}", f"{part:.2f}", "")
    table.add_row("the same out of the folder of all dates", f"{figures['seconds_out_of_all_dates']:.2f}", "")
    table.add_row("bare COPY of the day's rows into a plain table", f"{figures['seconds_of_a_plain_copy']:.2f}", "")
    Console().print(table)
