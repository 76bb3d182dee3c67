"""The sender over real PostgreSQL and a Discord over a real socket: at once, once, and with patience."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from backend.db.engine import Database
from backend.notifications.discord.sender import DiscordSender
from backend.settings import Settings
from tests.stub_discord import ID, TOKEN, Answer, StubDiscord

ROOT = Path(__file__).resolve().parents[2]
CONTENT: dict[str, Any] = {
    "source": "krx",
    "label": "KRX",
    "date": "2026-07-08",
    "compared_with": "2026-07-07",
    "etfs": 921,
    "holdings": 59_012,
    "prices": 1_001,
    "trades": 812,
    "gaps": 0,
    "new": [{"code": "005930", "name": "삼성전자", "etfs": 4, "active": 2}],
    "out": [],
    "bought": [],
    "sold": [],
    "missing": [],
}


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


@pytest.fixture
def told(settings: Settings, discord: StubDiscord) -> Settings:
    return with_webhook(settings, discord)


def with_webhook(settings: Settings, discord: StubDiscord, address: str | None = None) -> Settings:
    chosen = SecretStr(address or discord.address)
    return settings.model_copy(update={"discord_webhook_url": chosen, "discord_api_url": discord.api_url})


@contextmanager
def sending(database: Database, settings: Settings) -> Iterator[DiscordSender]:
    sender = DiscordSender(database, settings)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def add(
    database: Database, *days: date, kind: str = "collection", age: timedelta = timedelta(), **changes: Any
) -> None:
    """Put posts into the outbox as a load does: in one transaction, with the NOTIFY that wakes everybody."""
    with database.engine("atlas_loader").begin() as connection:
        for day in days or (date(2026, 7, 8),):
            connection.execute(
                text("""
                    INSERT INTO discord_posts (key, kind, content, created_at)
                    VALUES (:key, :kind, CAST(:content AS jsonb), clock_timestamp() - :age)
                """),
                {
                    "key": f"{kind}:{day}",
                    "kind": kind,
                    "content": json.dumps({**CONTENT, "date": day.isoformat(), **changes}),
                    "age": age,
                },
            )
        connection.execute(text("NOTIFY new_collection, '2026-07-08'"))


def rows(database: Database) -> list[Any]:
    with database.engine("atlas_app").connect() as connection:
        return list(connection.execute(text("SELECT * FROM discord_posts ORDER BY id")))


def await_states(database: Database, *states: str, timeout_s: float = 8.0) -> list[Any]:
    """Wait until the posts are in these states, in the order in which they were added."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = rows(database)
        if [row.state for row in found] == list(states):
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{[(row.state, row.reason) for row in found]} instead of {states}")
        time.sleep(0.02)


def titles(discord: StubDiscord) -> list[str]:
    return [post.message["embeds"][0]["title"] for post in discord.posts]


def execute(database: Database, statement: str, **values: Any) -> Any:
    with database.engine("atlas_app").begin() as connection:
        return connection.execute(text(statement), values)


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
        with sending(empty_database, settings.model_copy(update=changed)) as sender:
            assert not sender._thread.is_alive()
    assert [row.state for row in rows(empty_database)] == ["waiting"]


@pytest.mark.slow
def test_an_error_of_discords_is_tried_again_until_it_is_over(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    discord.answers(Answer(status=500), Answer(status=502, body="<html>"), Answer(status=503))
    with sending(empty_database, told):
        add(empty_database)
        (row,) = await_states(empty_database, "sent", timeout_s=20)
    assert row.attempts == 4
    assert [what for _, what in discord.requests] == [500, 502, 503, 200]
    times = [at for at, _ in discord.requests]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits[0] >= 0.7
    assert waits[2] > waits[0]


def test_nobody_listening_is_tried_again(
    empty_database: Database, settings: Settings, free_port: Callable[[], int]
) -> None:
    port = free_port()
    changed = {
        "discord_webhook_url": SecretStr(f"https://discord.com/api/webhooks/{ID}/{TOKEN}"),
        "discord_api_url": f"http://127.0.0.1:{port}/api",
    }
    with sending(empty_database, settings.model_copy(update=changed)):
        add(empty_database)
        deadline = time.monotonic() + 10
        while not rows(empty_database)[0].reason:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert rows(empty_database)[0].state == "waiting"
        assert "ConnectError" in rows(empty_database)[0].reason
        with StubDiscord(port=port) as discord:
            discord.await_posts(1, 10)
            await_states(empty_database, "sent")


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_rate_limit_is_waited_for(
    empty_database: Database, told: Settings, discord: StubDiscord, everywhere: bool
) -> None:
    discord.answers(Answer(status=429, retry_after=1.7, global_=everywhere))
    with sending(empty_database, told):
        add(empty_database)
        discord.await_requests(1)
        add(empty_database, date(2026, 7, 9))
        await_states(empty_database, "sent", "sent")
    limited, first, _second = (at for at, _ in discord.requests)
    assert 1.7 <= first - limited < 3.5


def test_a_limit_that_is_used_up_is_not_run_into(empty_database: Database, settings: Settings) -> None:
    with StubDiscord(limit=(2, 1.0)) as discord, sending(empty_database, with_webhook(settings, discord)):
        for day in range(1, 7):
            add(empty_database, date(2026, 6, day))
            time.sleep(0.05)
        await_states(empty_database, *["sent"] * 6, timeout_s=15)
        assert [what for _, what in discord.requests if what != 200] == []


def test_a_webhook_that_is_gone_is_switched_off_and_another_address_switches_on(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    discord.gone.add(ID)
    with sending(empty_database, told):
        add(empty_database)
        (row,) = await_states(empty_database, "refused")
        assert row.reason == "HTTP 404 Unknown Webhook (code 10015)"
        add(empty_database, date(2026, 7, 9))
        time.sleep(1.5)
    with sending(empty_database, told):
        time.sleep(1.5)
        assert [row.state for row in rows(empty_database)] == ["refused", "waiting"]
    assert len(discord.requests) == 1

    another = f"https://discord.com/api/webhooks/{int(ID) + 1}/{TOKEN}"
    with sending(empty_database, with_webhook(told, discord, another)):
        await_states(empty_database, "refused", "sent")
    assert [post.webhook for post in discord.posts] == [str(int(ID) + 1)]


@pytest.mark.parametrize("status", [401, 403])
def test_a_webhook_that_does_not_let_us_in_is_switched_off(
    empty_database: Database, told: Settings, discord: StubDiscord, status: int
) -> None:
    discord.answers(Answer(status=status))
    with sending(empty_database, told):
        add(empty_database)
        await_states(empty_database, "refused")
    assert execute(empty_database, "SELECT switched_off_at IS NOT NULL FROM discord_destinations").scalar_one()


def test_a_bar_before_discord_is_waited_for(empty_database: Database, told: Settings, discord: StubDiscord) -> None:
    discord.answers(Answer(status=403, body="<html>Attention Required! | Cloudflare</html>"))
    with sending(empty_database, told):
        add(empty_database)
        discord.await_requests(1)
        await_states(empty_database, "waiting")
    assert execute(empty_database, "SELECT switched_off_at IS NULL FROM discord_destinations").scalar_one()
    assert execute(empty_database, "SELECT paused_until > now() FROM discord_destinations").scalar_one()


def test_a_message_that_discord_refuses_is_not_sent_again(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    fault = {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}]}
    body = {"message": "Invalid Form Body", "code": 50035, "errors": {"embeds": {"0": {"title": fault}}}}
    discord.answers(Answer(status=400, body=body))
    with sending(empty_database, told):
        add(empty_database)
        (row,) = await_states(empty_database, "refused")
        assert row.reason == (
            "HTTP 400 Invalid Form Body (code 50035) embeds.0.title: Must be 256 or fewer in length. [BASE_TYPE_MAX_LENGTH]"
        )
        add(empty_database, date(2026, 7, 9))
        await_states(empty_database, "refused", "sent")


def test_what_cannot_be_told_is_refused_and_holds_nothing_up(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    add(empty_database, date(2026, 7, 6), new="x")
    add(empty_database, date(2026, 7, 7), kind="poem")
    add(empty_database, date(2026, 7, 8))
    with sending(empty_database, told):
        found = await_states(empty_database, "refused", "refused", "sent")
    assert "new is not a list" in found[0].reason
    assert "poem" in found[1].reason


@pytest.mark.parametrize("answer", [Answer(cut="after"), Answer(cut="before"), Answer(status=504)])
def test_what_may_have_arrived_is_not_sent_again(
    empty_database: Database, told: Settings, discord: StubDiscord, answer: Answer
) -> None:
    discord.answers(answer)
    with sending(empty_database, told):
        add(empty_database)
        (row,) = await_states(empty_database, "in_doubt")
        assert row.reason
        add(empty_database, date(2026, 7, 9))
        await_states(empty_database, "in_doubt", "sent")
    assert len(discord.requests) == 2


def test_an_answer_that_drips_is_no_reason_to_doubt(
    empty_database: Database, told: Settings, discord: StubDiscord
) -> None:
    discord.answers(Answer(drip=0.5))
    with sending(empty_database, told):
        add(empty_database)
        await_states(empty_database, "sent", timeout_s=2)


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
