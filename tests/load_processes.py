"""Loads as processes of their own, which a test can kill, and what they told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.db.engine import Database

ROOT = Path(__file__).resolve().parents[1]
DEADLINE_S = 240
# The files of a folder as another source's delivery: what `./atlas load files` does, under the name of KRX.
AS_KRX = """
import sys
from pathlib import Path
from backend.collection.feed import Feed
from backend.collection.load import load
from backend.collection.sources import files
from backend.db.opening import open_database

tables = files.read(Path(sys.argv[1])).tables
print(load(open_database(), lambda: Feed("krx", "KRX", tables)))
"""


def start(database: Database, *arguments: str) -> subprocess.Popen[str]:
    """Start `./atlas load …` on a database."""
    return _start(database, "-m", "backend.cli", "load", *arguments)


def start_krx(database: Database, folder: Path) -> subprocess.Popen[str]:
    """Start a load of a folder's files as the delivery of KRX."""
    return _start(database, "-c", AS_KRX, str(folder))


def _start(database: Database, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "ATLAS_DATABASE_URL": database.url(),
        "ATLAS_HOME": str(database.settings.home),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a process and return its exit status, output and errors."""
    output, errors = process.communicate(timeout=DEADLINE_S)
    return process.returncode, output, errors


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process as `kill -9` does."""
    process.kill()
    finish(process)


def await_that(condition: Callable[[], bool], what: str, process: subprocess.Popen[str] | None = None) -> None:
    """Wait until a condition holds, while the process runs if one is given."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if process is not None and process.poll() is not None and not condition():
            pytest.fail(f"the load ended before {what}: {process.communicate()[1][-2000:]}")
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come")
        time.sleep(0.005)


def await_dates(database: Database, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until some dates are committed while the load still runs."""
    with database.connect(autocommit=True) as connection:
        query = "SELECT count(*) FROM collection_runs WHERE status = 'loaded'"
        await_that(lambda: connection.execute(query).fetchone()[0] >= count, f"date {count}", process)


def await_loaders_gone(database: Database) -> None:
    """Wait until no session of a loader is left, so that what a killed one held is free."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'atlas_loader'"
    database.engine("atlas_loader").dispose()
    with database.connect(autocommit=True) as connection:
        await_that(lambda: connection.execute(query).fetchone()[0] == 0, "the end of the loader's session")


def await_stuck(database: Database, process: subprocess.Popen[str]) -> None:
    """Wait until a load waits for a lock that somebody else holds."""
    query = """
        SELECT count(*)
        FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'atlas_loader' AND wait_event_type = 'Lock'
    """
    with database.connect(autocommit=True) as watcher:
        await_that(lambda: watcher.execute(query).fetchone()[0] > 0, "a wait for the lock", process)


def kill_at(database: Database, lock: str, begin: Callable[[], subprocess.Popen[str]]) -> None:
    """Let a load run into a lock, and kill it there. `lock` is the statement that takes the lock."""
    with database.connect() as holder:
        holder.execute(lock)
        process = begin()
        await_stuck(database, process)
        kill(process)
        holder.rollback()
    await_loaders_gone(database)


class Told:
    """Who listens to `new_collection`, and the rows that say what everybody was told."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listener = database.connect("atlas_app", autocommit=True)
        self._listener.execute("LISTEN new_collection")
        self._heard: list[str] = []

    @property
    def heard(self) -> list[str]:
        """Every date heard so far, as often as it was heard."""
        self._heard += [notice.payload for notice in self._listener.notifies(timeout=0.5)]
        return self._heard

    @property
    def rows(self) -> list[str]:
        """The dates of the notifications, as often as there are any."""
        return self._dates("SELECT date::text FROM notifications WHERE kind = 'collection' ORDER BY id")

    @property
    def posts(self) -> list[str]:
        """The dates that Discord is to be told."""
        return self._dates("SELECT content ->> 'date' FROM discord_posts WHERE kind = 'collection' ORDER BY id")

    def _dates(self, query: str) -> list[str]:
        with self._database.connect() as connection:
            return [day for (day,) in connection.execute(query)]

    def close(self) -> None:
        self._listener.close()
