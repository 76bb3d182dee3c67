"""The sender over real PostgreSQL and a Discord over a real socket: at once, once, and with patience."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from backend.db.engine import Database
from backend.settings import Settings
from tests.discord_outbox import add, await_states, execute, rows, sending, titles, with_webhook
from tests.stub_discord import ID, TOKEN, Answer, StubDiscord

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


@pytest.fixture
def told(settings: Settings, discord: StubDiscord) -> Settings:
    return with_webhook(settings, discord)


def test_a_collection_is_posted_within_a_second_of_its_commit(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    with sending(empty_database, told):
        add(empty_database)
        discord.await_posts(1)
        await_states(empty_database, "sent")
        delays = []
        for day in range(1, 8):
            add(empty_database, date(2026, 6, day))
            committed = time.monotonic()
            delays.append(discord.await_posts(1 + day)[-1].at - committed)
    assert max(delays) < 1.0, delays
    sent = rows(empty_database)[0]
    assert (sent.attempts, sent.reason) == (1, None)
    assert sent.sent_at is not None
    assert discord.posts[0].message["allowed_mentions"] == {"parse": []}
    assert discord.posts[0].query == {"wait": "true"}


def test_what_nobody_rang_for_is_found_as_well(empty_database: Database, told: Settings, discord: StubDiscord) -> None:
    with sending(empty_database, told):
        time.sleep(0.3)
        execute(
            empty_database,
            "INSERT INTO discord_posts (key, kind, content) VALUES ('f', 'collection_failed', CAST(:content AS jsonb))",
            content=json.dumps({"source": "krx", "date": "2026-07-08", "reason": "401"}),
        )
        assert discord.await_posts(1, 2.5)[0].message["embeds"][0]["title"] == "2026년 7월 8일(수) 수집 실패"


def test_without_a_webhook_nothing_happens(empty_database: Database, settings: Settings, discord: StubDiscord) -> None:
    add(empty_database)
    for address in (None, SecretStr(""), SecretStr("https://evil.example/api/webhooks/1/x")):
        changed = {"discord_webhook_url": address, "discord_api_url": discord.api_url}
        with sending(empty_database, settings.model_copy(update=changed)):
            time.sleep(1.2)
    assert discord.requests == []
    assert [row.state for row in rows(empty_database)] == ["waiting"]


def test_it_stops_while_discord_is_silent(empty_database: Database, told: Settings, discord: StubDiscord) -> None:
    discord.answers(Answer(silent=True))
    with sending(empty_database, told) as sender:
        add(empty_database)
        discord.await_requests(1)
        begun = time.monotonic()
        sender.stop()
        assert time.monotonic() - begun < 1.5
        assert not sender._thread.is_alive()
    (row,) = await_states(empty_database, "in_doubt")
    assert "no answer" in row.reason


def test_it_stops_at_once_while_nothing_waits(empty_database: Database, told: Settings) -> None:
    with sending(empty_database, told) as sender:
        time.sleep(0.5)
        begun = time.monotonic()
        sender.stop()
        assert time.monotonic() - begun < 0.7


def test_many_dates_are_one_message(empty_database: Database, told: Settings, discord: StubDiscord) -> None:
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range(439)]
    with sending(empty_database, told):
        add(empty_database, *days)
        found = await_states(empty_database, *["sent"] * 439)
    assert len({row.sent_at for row in found}) == 1
    assert titles(discord) == ["ETF 구성 변화 439일치 (2025-01-01 ~ 2026-03-15)"]


def test_dates_that_come_one_by_one_are_gathered_after_a_while(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    with sending(empty_database, told):
        for day in range(1, 15):
            add(empty_database, date(2026, 6, day))
            deadline = time.monotonic() + 2
            while day <= 10 and len(discord.posts) < day and time.monotonic() < deadline:
                time.sleep(0.01)
        await_states(empty_database, *["sent"] * 10, *["waiting"] * 4)
        time.sleep(1.2)
        await_states(empty_database, *["sent"] * 10, *["waiting"] * 4)
        execute(
            empty_database,
            "UPDATE discord_posts SET created_at = created_at - interval '5 minutes' WHERE state = 'waiting'",
        )
        await_states(empty_database, *["sent"] * 14)
    assert len(discord.posts) == 11
    assert titles(discord)[-1] == "ETF 구성 변화 4일치 (2026-06-11 ~ 2026-06-14)"


def test_a_webhook_that_is_set_later_is_not_flooded_with_old_news(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    add(empty_database, date(2026, 7, 1), age=timedelta(days=7))
    add(empty_database, date(2026, 7, 7), age=timedelta(hours=47))
    with sending(empty_database, told):
        found = await_states(empty_database, "expired", "sent")
    assert found[0].reason == "older than 2 days"
    assert found[0].attempts == 0


def test_it_is_not_tried_for_ever(empty_database: Database, told: Settings, discord: StubDiscord) -> None:
    add(empty_database, age=timedelta(hours=47, minutes=59, seconds=59))
    discord.answers(*[Answer(status=503)] * 20)
    with sending(empty_database, told):
        (row,) = await_states(empty_database, "expired", timeout_s=15)
    assert row.reason == "older than 2 days: HTTP 503 503: stub"


def test_a_database_that_was_restored_under_a_running_sender_is_used(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    with sending(empty_database, told):
        add(empty_database)
        await_states(empty_database, "sent")
        execute(empty_database, "DELETE FROM discord_destinations")
        add(empty_database, date(2026, 7, 9))
        await_states(empty_database, "sent", "sent")


def test_a_webhook_that_began_later_takes_over(empty_database: Database, told: Settings, discord: StubDiscord) -> None:
    another = f"https://discord.com/api/webhooks/{int(ID) + 1}/{TOKEN}"
    with sending(empty_database, told):
        add(empty_database)
        await_states(empty_database, "sent")
        ours = execute(empty_database, "SELECT address_hash FROM discord_destinations").scalar_one()
        with sending(empty_database, with_webhook(told, discord, another)):
            deadline = time.monotonic() + 10
            while execute(empty_database, "SELECT address_hash FROM discord_destinations").scalar_one() == ours:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            for day in range(1, 5):
                add(empty_database, date(2026, 6, day))
                await_states(empty_database, *["sent"] * (1 + day))
    assert [post.webhook for post in discord.posts] == [ID] + [str(int(ID) + 1)] * 4


def test_a_long_load_that_replaces_the_market_holds_nothing_up(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    add(empty_database, date(2026, 7, 1), age=timedelta(days=7))
    add(empty_database, date(2026, 7, 2))
    with empty_database.engine("atlas_loader").begin() as load:
        load.execute(text("DELETE FROM discord_posts"))
        add(empty_database, date(2026, 7, 3))
        with sending(empty_database, told):
            discord.await_posts(1)
            await_states(empty_database, "waiting", "waiting", "sent")
    await_states(empty_database, "sent")


SENDER = """
import sys, time
from pydantic import SecretStr
from backend.db.engine import Database
from backend.notifications.discord.sender import DiscordSender
from backend.settings import get_settings
settings = get_settings()
sender = DiscordSender(Database(sys.argv[1], settings), settings)
sender.start()
print("begun", flush=True)
sys.stdin.read()
sender.stop()
"""


@contextmanager
def sender_process(database: Database, told: Settings) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "ATLAS_HOME": str(told.home),
        "ATLAS_DISCORD_WEBHOOK_URL": told.discord_webhook_url.get_secret_value(),
        "ATLAS_DISCORD_API_URL": told.discord_api_url,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, database.url()],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "begun\n"
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.mark.slow
def test_two_processes_tell_each_date_once(empty_database: Database, told: Settings, discord: StubDiscord) -> None:
    with sender_process(empty_database, told), sender_process(empty_database, told), sending(empty_database, told):
        for day in range(1, 26):
            add(empty_database, date(2026, 6, day), kind="collection_failed", reason=f"Nr. {day}.")
            time.sleep(0.05 if day % 5 else 0.6)
        execute(empty_database, "UPDATE discord_posts SET created_at = created_at - interval '5 minutes'")
        await_states(empty_database, *["sent"] * 25, timeout_s=15)
    said = " ".join(post.message["embeds"][0]["description"] for post in discord.posts)
    assert [said.count(f"Nr. {day}.") for day in range(1, 26)] == [1] * 25


@pytest.mark.slow
def test_a_sender_that_is_killed_leaves_nothing_doubled(
    empty_database: Database, told: Settings, discord: StubDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord.answers(Answer(silent=True))
    with sender_process(empty_database, told) as process:
        add(empty_database)
        discord.await_requests(1)
        await_states(empty_database, "sending")
        process.send_signal(signal.SIGKILL)
        process.wait()
        with sending(empty_database, told):
            add(empty_database, date(2026, 7, 9))
            time.sleep(1.5)
            assert [row.state for row in rows(empty_database)] == ["sending", "waiting"]
            found = await_states(empty_database, "in_doubt", "sent", timeout_s=25)
    assert "ended before it knew" in found[0].reason
    assert titles(discord) == ["2026년 7월 8일(수) ETF 구성 변화", "2026년 7월 9일(목) ETF 구성 변화"]
    assert datetime.now(UTC) - found[0].created_at < timedelta(seconds=25)
