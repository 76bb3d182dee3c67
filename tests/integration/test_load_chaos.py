"""Whatever falls over during a load: each date is told once, and the market is that of an undisturbed load."""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from agent.sandbox import run_guarded
from backend.collection.load import load_files
from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.db.private_server import PrivateServer
from backend.errors import AtlasError, Unavailable
from backend.market.search import search
from backend.settings import Settings
from tests import graph_contents as contents
from tests import market_files as market
from tests.load_processes import (
    Told,
    await_dates,
    await_stuck,
    await_that,
    finish,
    kill,
    kill_at,
    start,
    start_krx,
)

DAYS = [f"2026-01-{day:02}" for day in range(5, 25)]
ETFS = [f"CHA{n:03}" for n in range(6)]
STOCKS = [f"{n:06}" for n in range(1, 41)]
# What an agent may ask at any time; the second makes Apache AGE read the whole graph.
QUERIES = (
    ("etf_graph", "MATCH (e:ETF)-[h:HOLDS]->(s:Stock) RETURN count(*) AS n"),
    ("etf_graph", "MATCH p = (e:ETF)-[:HOLDS*1..2]->(s) RETURN count(p) AS n"),
    ("etf_history", "MATCH (e:ETF)-[t:TRADED]->(s) WHERE e.code = 'CHA001' RETURN count(t) AS n"),
)
# The lock that add_notification takes: what waits for it has written all of a date and has not committed.
TELLING = "SELECT pg_advisory_xact_lock(84030011)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Twenty dates on which six ETFs trade, with prices."""
    rows, prices = [], []
    for place, day in enumerate(DAYS):
        for n, etf in enumerate(ETFS):
            held = [STOCKS[(place + n + m) % len(STOCKS)] for m in range(20)]
            positions = {code: (100 + (place * (m + n)) % 7, 5.0) for m, code in enumerate(held)}
            rows += market.basket(day, etf, positions)
            prices.append(market.price(day, etf, 10_000 + place, 10_000.0))
    etfs = [market.etf(code, is_active="Y" if n % 2 else "N") for n, code in enumerate(ETFS)]
    return market.folder(tmp_path_factory.mktemp("chaos"), etfs=etfs, holdings=rows, prices=prices)


@pytest.fixture(scope="module")
def undisturbed(new_database: Callable[[], Database], folder: Path) -> dict[str, list]:
    """What a database holds after the load that nothing disturbs."""
    database = new_database()
    load_files(database, folder)
    return contents.everything(database)


@pytest.fixture
def told(empty_database: Database) -> Iterator[Told]:
    listener = Told(empty_database)
    yield listener
    listener.close()


def assert_as_undisturbed(database: Database, undisturbed: dict[str, list], told: Told) -> None:
    found = contents.everything(database)
    for part, rows in undisturbed.items():
        assert found[part] == rows, part
    assert contents.dangling(database) == 0
    assert told.rows == told.posts == DAYS


def await_end(database: Database, folder: Path) -> None:
    code, _, errors = finish(start(database, "files", "--dir", str(folder)))
    assert code == 0, errors


def test_a_load_killed_at_any_point_of_a_date_leaves_nothing_of_it(empty_database, folder, undisturbed, told):
    load_files(empty_database, folder, until=date.fromisoformat(DAYS[2]))
    before = contents.everything(empty_database)
    for lock in (
        "LOCK TABLE etfs IN SHARE MODE",
        'LOCK TABLE etf_history."HELD" IN SHARE MODE',
        'LOCK TABLE etf_graph."HOLDS" IN SHARE MODE',
        "LOCK TABLE daily_prices IN SHARE MODE",
        "LOCK TABLE collection_runs IN SHARE MODE",
        TELLING,
    ):
        kill_at(empty_database, lock, lambda: start(empty_database, "files", "--dir", str(folder)))
        assert contents.everything(empty_database) == before, lock
        assert told.rows == told.posts == told.heard == DAYS[:3], lock
    await_end(empty_database, folder)
    assert_as_undisturbed(empty_database, undisturbed, told)
    assert told.heard == DAYS


def test_loads_killed_at_random_tell_each_date_once(empty_database, folder, undisturbed, told):
    chance = random.Random(int(os.environ.get("ATLAS_TEST_SEED", "20260121")))
    for _ in range(4):
        there = len(told.rows)
        process = start(empty_database, "files", "--dir", str(folder))
        await_that(lambda p=process, n=there: len(told.rows) > n or p.poll() is not None, "the next date")
        threading.Event().wait(chance.uniform(0, 0.1))
        kill(process)
        assert told.heard == told.rows == DAYS[: len(told.rows)]
    await_end(empty_database, folder)
    assert_as_undisturbed(empty_database, undisturbed, told)
    assert told.heard == DAYS


def test_loads_of_several_sources_at_once_tell_each_date_once(empty_database, folder, undisturbed, told):
    loads = [
        start(empty_database, "files", "--dir", str(folder)),
        start_krx(empty_database, folder),
        start(empty_database, "files", "--dir", str(folder)),
    ]
    for code, _, errors in map(finish, loads):
        assert code == 0, errors
    assert told.heard == told.rows == told.posts == DAYS
    found = contents.everything(empty_database)
    for part in undisturbed.keys() - {"datasets", "collection_runs"}:
        assert found[part] == undisturbed[part], part
    with empty_database.connect() as connection:
        found = connection.execute("SELECT source, count(*), sum(holdings) FROM collection_runs GROUP BY 1 ORDER BY 1")
        assert found.fetchall() == [("files", len(DAYS), 2400), ("krx", len(DAYS), 2400)]


def test_loads_and_queries_at_once_end_without_a_deadlock(empty_database, folder, undisturbed, told):
    load_files(empty_database, folder, until=date.fromisoformat(DAYS[0]))
    done, failures, asked = threading.Event(), [], []

    def ask() -> None:
        try:
            while not done.is_set():
                for graph, query in QUERIES:
                    asked.append(run_guarded(empty_database, graph, query, timeout_ms=60_000, row_limit=10).rows[0][0])
            with empty_database.engine("atlas_app").connect() as app:
                assert search(app, ETFS[0])
        except (AtlasError, AssertionError) as error:
            failures.append(error)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    loads = [start(empty_database, "files", "--dir", str(folder)), start_krx(empty_database, folder)]
    results = [finish(process) for process in loads]
    done.set()
    for thread in asking:
        thread.join(60)
    assert [code for code, _, _ in results] == [0, 0], results
    assert failures == []
    assert len(asked) > 10
    assert told.heard == told.rows == DAYS
    with empty_database.connect() as connection:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert connection.execute(query).fetchone() == (0,)


@pytest.fixture
def own_server(session_folder: Path, prefix: Path, settings: Settings) -> Iterator[tuple[PrivateServer, Database]]:
    """A PostgreSQL of the test's own, which it may restart, with a migrated database that is safe on its disk."""
    options = {"shared_buffers": "64MB", "max_connections": "40", "log_min_error_statement": "panic"}
    private = PrivateServer(session_folder / "restarted", prefix=prefix, options=options)
    private.start()
    database = Database(private.url(), settings)
    upgrade(database)
    yield private, database
    database.dispose()
    private.kill()


def test_a_server_that_is_restarted_during_a_load_loses_no_date_and_doubles_none(own_server, folder, undisturbed):
    private, database = own_server
    heard: list[str] = []
    for restart in (private.kill, private.stop):
        told = Told(database)
        process = start(database, "files", "--dir", str(folder))
        await_dates(database, len(told.rows) + 2, process)
        # The load is in the middle of a date when the server goes.
        holder = database.connect()
        holder.execute(TELLING)
        await_stuck(database, process)
        heard += told.heard
        told.close()
        restart()
        holder.close()
        code, _, errors = finish(process)
        assert (code, errors.split("(")[0]) == (1, "error: The database went away ")
        database.dispose()
        private.start()
    told = Told(database)
    # What was committed while nobody listened is in the table.
    assert told.rows == DAYS[: len(told.rows)]
    assert set(heard) <= set(told.rows)
    missed = len(told.rows)
    assert 4 <= missed < len(DAYS)
    await_end(database, folder)
    assert_as_undisturbed(database, undisturbed, told)
    assert told.heard == DAYS[missed:]
    assert len(heard) == len(set(heard))
    told.close()


@pytest.fixture
def small_disk(
    server: PrivateServer, new_database: Callable[[], Database], tmp_path_factory
) -> Iterator[tuple[Database, Path]]:
    """A migrated database on a disk of its own, a few MB larger than the empty database."""
    database = new_database()
    name = psycopg.conninfo.conninfo_to_dict(database.url())["dbname"]
    place = server.account.own(Path(server.base) / f"small-{name}")
    with database.connect() as connection:
        (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    database.dispose()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size + (3 << 20)}", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        message = f"NO DISK TO FILL: mounting one takes root ({mounted.stderr.strip()})"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    server.account.own(place)
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        identifier = sql.Identifier(f"small_{name}")
        admin.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(identifier, sql.Literal(str(place))))
        admin.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE {}").format(sql.Identifier(name), identifier))
        yield database, place
        database.dispose()
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("DROP TABLESPACE {}").format(identifier))
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_whole_dates_and_says_so(small_disk, folder, undisturbed):
    database, place = small_disk
    told = Told(database)
    with pytest.raises(Unavailable, match=r"The database's disk is full \(.*No space left on device"):
        load_files(database, folder)
    # A new session needs room of its own to look at what is there.
    subprocess.run(["mount", "-o", "remount,size=512m", str(place)], check=True)
    there = told.rows
    assert there == told.heard == told.posts == DAYS[: len(there)]
    assert len(there) < len(DAYS)
    dates = {values["date"] for _, _, values in contents.edges(database, "etf_history", "HELD")}
    assert sorted(dates) == there
    load_files(database, folder)
    assert_as_undisturbed(database, undisturbed, told)
    assert told.heard == DAYS
    told.close()
