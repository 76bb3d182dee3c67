"""Alerts on their way: ids in the order of commits, one NOTIFY, posts for Discord out of quiet hours, accounts that go meanwhile."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from backend.db.engine import Database
from tests import market_files as market
from tests.load_processes import await_stuck, await_that, finish, start
from tests.watched_market import D1, D2, D3, ETF, FLAT, WatchedMarket
from tests.watchers import add_people, alerts, give_webhook, posts, watch

SEOUL = ZoneInfo("Asia/Seoul")
SOLD = {code: position for code, position in FLAT.items() if code != "000004"}


@pytest.fixture
def small(empty_database: Database, tmp_path: Path) -> WatchedMarket:
    return WatchedMarket(empty_database, tmp_path)


def test_discord_is_told_what_the_page_is_told_of_those_who_want_it_there(small):
    wants, wants_not, has_none = add_people(small.database, 3)
    for person in (wants, wants_not):
        give_webhook(small.database, person)
    watch(small.database, wants, ETF)
    watch(small.database, wants_not, ETF, discord=False)
    watch(small.database, has_none, ETF)
    small.days({D1: FLAT, D2: SOLD})
    told = {person: content for person, _, _, content in alerts(small.database)}
    assert told.keys() == {wants, wants_not, has_none}
    assert posts(small.database) == [(f"person:{wants}", f"alert:{ETF}:{D2}", told[wants])]


@pytest.mark.parametrize(
    ("quiet", "clock", "wait"),
    [
        (("22:00", "07:00"), "23:30", "7:30"),
        (("22:00", "07:00"), "06:59", "0:01"),
        (("22:00", "07:00"), "07:00", "0:00"),
        (("22:00", "07:00"), "21:59", "0:00"),
        (("22:00", "07:00"), "22:00", "9:00"),
        (("12:00", "13:30"), "12:30", "1:00"),
        (("12:00", "13:30"), "13:30", "0:00"),
        (("00:00", "06:00"), "00:00", "6:00"),
        ((None, None), "03:00", "0:00"),
    ],
)
def test_quiet_hours_are_those_of_seoul_and_go_over_midnight(small, quiet, clock, wait):
    moment = datetime.fromisoformat(f"2026-07-08T{clock}").replace(tzinfo=SEOUL)
    hours, minutes = map(int, wait.split(":"))
    with small.database.connect("atlas_loader") as connection:
        (end,) = connection.execute("SELECT end_of_quiet(%s, %s, %s)", (moment, *quiet)).fetchone()
    assert end - moment == timedelta(hours=hours, minutes=minutes)


def test_a_post_waits_for_the_end_of_the_quiet_hours(small):
    now = datetime.now(SEOUL)
    (hushed,) = add_people(small.database, 1)
    quiet = (now - timedelta(hours=1)).strftime("%H:%M"), (now + timedelta(hours=2)).strftime("%H:%M")
    give_webhook(small.database, hushed, quiet)
    give_webhook(small.database, small.person)
    watch(small.database, hushed, ETF)
    small.watch()
    small.days({D1: FLAT, D2: SOLD})
    with small.database.connect() as connection:
        due = dict(connection.execute("SELECT destination, next_attempt_at FROM discord_posts WHERE kind = 'alert'"))
    assert due[f"person:{small.person}"] <= datetime.now(SEOUL)
    assert timedelta(hours=1, minutes=55) < due[f"person:{hushed}"] - now < timedelta(hours=2, minutes=1)


def test_who_listens_is_woken_after_the_commit_and_ids_follow_the_commits(small):
    people = add_people(small.database, 3)
    for person in people:
        watch(small.database, person, ETF)
    with small.database.connect("atlas_app", autocommit=True) as listener:
        listener.execute("LISTEN notifications")
        small.days({D1: FLAT, D2: SOLD, D3: FLAT})
        heard = len(list(listener.notifies(timeout=0.5)))
        rows = listener.execute("SELECT date::text, kind, person FROM notifications ORDER BY id").fetchall()
    # NOTIFY with one payload comes once for each commit.
    assert heard == 3
    assert [(day, kind) for day, kind, _ in rows] == [
        (D1, "collection"), *[(D2, "alert")] * 3, (D2, "collection"), *[(D3, "alert")] * 3, (D3, "collection")
    ]  # fmt: skip
    assert [person for _, _, person in rows if person] == [*people, *people]


def leave(database: Database, person: object) -> None:
    with database.connect() as connection:
        connection.execute("DELETE FROM users WHERE id = %s", (person,))
        connection.commit()


def await_blocked(database: Database) -> None:
    """Wait until the deletion waits for the load, and the load for whoever holds it."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
    with database.connect(autocommit=True) as watcher:
        await_that(lambda: watcher.execute(query).fetchone()[0] == 2, "the deletion's wait")


def deliver(small: WatchedMarket, day: str, basket: dict) -> Path:
    return market.folder(small.folder / day, etfs=[market.etf(ETF)], holdings=market.basket(day, ETF, basket))


def test_an_account_deleted_during_a_load_leaves_nothing(small):
    stays, goes = add_people(small.database, 2)
    for person in (stays, goes):
        give_webhook(small.database, person)
        watch(small.database, person, ETF)
    small.days({D1: FLAT})
    folder = deliver(small, D2, SOLD)
    with small.database.connect() as leaving:
        # The deletion has the account's row and has not committed: the load waits for it, and goes on without this person.
        leaving.execute("SELECT FROM users WHERE id = %s FOR UPDATE", (goes,))
        process = start(small.database, "files", "--dir", str(folder))
        await_stuck(small.database, process)
        leaving.execute("DELETE FROM users WHERE id = %s", (goes,))
        leaving.commit()
    assert finish(process)[0] == 0
    assert [person for person, *_ in alerts(small.database)] == [stays]
    assert [destination for destination, _, _ in posts(small.database)] == [f"person:{stays}"]


def test_an_account_deleted_after_its_alert_was_written_takes_the_alert_along(small):
    stays, goes = add_people(small.database, 2)
    for person in (stays, goes):
        give_webhook(small.database, person)
        watch(small.database, person, ETF)
    small.days({D1: FLAT})
    folder = deliver(small, D2, SOLD)
    with small.database.connect() as holder:
        # The load has written its alerts and waits where it announces the date.
        holder.execute(
            "INSERT INTO discord_posts (key, kind, content) VALUES (%s, 'collection', '{}')", (f"collection:{D2}",)
        )
        process = start(small.database, "files", "--dir", str(folder))
        await_stuck(small.database, process)
        left = threading.Thread(target=leave, args=(small.database, goes))
        left.start()
        await_blocked(small.database)
        holder.rollback()
    assert finish(process)[0] == 0
    left.join(60)
    assert [person for person, *_ in alerts(small.database)] == [stays]
    assert [destination for destination, _, _ in posts(small.database)] == [f"person:{stays}"]
