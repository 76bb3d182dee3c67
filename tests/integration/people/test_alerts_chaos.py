"""Whatever falls over during a load: nobody lacks an alert, nobody gets one twice, and Discord is told exactly those."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from backend.collection.load import load_files
from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.db.private_server import PrivateServer
from backend.settings import Settings
from tests import market_files as market
from tests.load_processes import await_dates, await_stuck, await_that, finish, kill, kill_at, start, start_krx
from tests.watchers import KINDS, add_people, add_watches, alerts, give_webhook, posts

DAYS = [f"2026-01-{day:02}" for day in (*range(5, 10), *range(12, 17), *range(19, 24))]
ETFS = [f"CHA{n:03}" for n in range(6)]
STOCKS = [f"{n:06}" for n in range(1, 41)]
PEOPLE = 12
# What waits for these has written some or all of a date, and has not committed.
LOCKS = (
    "LOCK TABLE etfs IN SHARE MODE",
    'LOCK TABLE etf_history."HELD" IN SHARE MODE',
    "LOCK TABLE collection_runs IN SHARE MODE",
    "LOCK TABLE watchlist IN ACCESS EXCLUSIVE MODE",
    "SELECT FROM users FOR UPDATE",
    "SELECT pg_advisory_xact_lock(84030011)",
    "LOCK TABLE notifications IN SHARE MODE",
    "LOCK TABLE discord_posts IN SHARE MODE",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Fifteen dates on which six ETFs trade and their prices leave their NAV."""
    rows, prices = [], []
    for place, day in enumerate(DAYS):
        for n, etf in enumerate(ETFS):
            held = [STOCKS[(place + n + m) % len(STOCKS)] for m in range(20)]
            weights = [5 + (place * (m + 1)) % 3 - 1 for m in range(20)]
            rows += market.basket(day, etf, {s: (100 + (place * (m + n)) % 7, weights[m]) for m, s in enumerate(held)})
            prices.append(market.price(day, etf, 10_000 + (place * n * 37) % 300, 10_000))
    etfs = [market.etf(code) for code in ETFS]
    return market.folder(tmp_path_factory.mktemp("alerts"), etfs=etfs, holdings=rows, prices=prices)


def gather(database: Database) -> list[UUID]:
    """Let people watch, each in another way; every second one has a webhook."""
    chance, people = random.Random(5), add_people(database, PEOPLE)
    add_watches(
        database,
        [
            (person, etf, chance.sample(KINDS, 6), chance.choice((0, 0.5, 1, 2)), 1, chance.random() < 0.7, False)
            for person in people
            for etf in chance.sample(ETFS, 4)
        ],
    )
    for person in people[::2]:
        give_webhook(database, person)
    return people


def told(database: Database, people: list[UUID]) -> tuple[list, list]:
    """Return what people and Discord were told, with people by number."""
    number = {person: n for n, person in enumerate(people)}
    posted = {f"person:{person}": n for person, n in number.items()}
    of_people = sorted(((number[person], *rest) for person, *rest in alerts(database)), key=str)
    return of_people, sorted(((posted[destination], *rest) for destination, *rest in posts(database)), key=str)


@pytest.fixture(scope="module")
def undisturbed(new_database: Callable[[], Database], folder: Path) -> tuple[list, list]:
    """What everybody is told by the load that nothing disturbs."""
    database = new_database()
    people = gather(database)
    load_files(database, folder)
    of_people, of_discord = told(database, people)
    assert len(of_people) > 300
    assert len(of_discord) > 100
    return of_people, of_discord


@pytest.fixture
def people(empty_database: Database) -> list[UUID]:
    return gather(empty_database)


def await_end(database: Database, folder: Path) -> None:
    code, _, errors = finish(start(database, "files", "--dir", str(folder)))
    assert code == 0, errors


def assert_whole_dates(database: Database, people: list[UUID], undisturbed: tuple[list, list]) -> None:
    """Of every date that is there everybody has been told all, and of no other anything."""
    with database.connect() as connection:
        there = {day for (day,) in connection.execute("SELECT date::text FROM collection_runs WHERE status = 'loaded'")}
    expected = tuple([row for row in rows if row[-1]["date"] in there] for rows in undisturbed)
    assert told(database, people) == expected


def test_a_load_killed_at_any_point_of_a_date_has_told_nobody_of_it(empty_database, people, folder, undisturbed):
    load_files(empty_database, folder, until=date.fromisoformat(DAYS[2]))
    before = told(empty_database, people)
    for lock in LOCKS:
        kill_at(empty_database, lock, lambda: start(empty_database, "files", "--dir", str(folder)))
        assert told(empty_database, people) == before, lock
    await_end(empty_database, folder)
    assert told(empty_database, people) == undisturbed


def test_loads_killed_at_random_tell_everybody_once(empty_database, people, folder, undisturbed):
    chance = random.Random(int(os.environ.get("ATLAS_TEST_SEED", "20260121")))
    for _ in range(4):
        there = len(alerts(empty_database))
        process = start(empty_database, "files", "--dir", str(folder))
        await_that(
            lambda p=process, n=there: len(alerts(empty_database)) > n or p.poll() is not None, "the next alerts"
        )
        threading.Event().wait(chance.uniform(0, 0.2))
        kill(process)
        assert_whole_dates(empty_database, people, undisturbed)
    await_end(empty_database, folder)
    assert told(empty_database, people) == undisturbed


def test_loads_of_several_sources_at_once_tell_everybody_once(empty_database, people, folder, undisturbed):
    loads = [
        start(empty_database, "files", "--dir", str(folder)),
        start_krx(empty_database, folder),
        start(empty_database, "files", "--dir", str(folder)),
    ]
    for code, _, errors in map(finish, loads):
        assert code == 0, errors
    assert told(empty_database, people) == undisturbed


@pytest.fixture
def own_server(session_folder: Path, prefix: Path, settings: Settings) -> Iterator[tuple[PrivateServer, Database]]:
    """A PostgreSQL of the test's own, which it may kill, with a migrated database that is safe on its disk."""
    options = {"shared_buffers": "64MB", "max_connections": "40", "log_min_error_statement": "panic"}
    private = PrivateServer(session_folder / "alerts", prefix=prefix, options=options)
    private.start()
    database = Database(private.url(), settings)
    upgrade(database)
    yield private, database
    database.dispose()
    private.kill()


def test_a_database_that_is_killed_during_a_load_loses_no_alert_and_doubles_none(own_server, folder, undisturbed):
    private, database = own_server
    people = gather(database)
    for lock in ("SELECT pg_advisory_xact_lock(84030011)", "LOCK TABLE discord_posts IN SHARE MODE"):
        with database.connect() as connection:
            (there,) = connection.execute("SELECT count(*) FROM collection_runs WHERE status = 'loaded'").fetchone()
        process = start(database, "files", "--dir", str(folder))
        await_dates(database, there + 2, process)
        holder = database.connect()
        holder.execute(lock)
        await_stuck(database, process)
        private.kill()
        holder.close()
        assert finish(process)[0] == 1
        database.dispose()
        private.start()
        assert_whole_dates(database, people, undisturbed)
    await_end(database, folder)
    assert told(database, people) == undisturbed
