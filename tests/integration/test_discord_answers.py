"""What the sender makes of each of Discord's answers: try again, wait, refuse, doubt, or switch off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise

import pytest
from pydantic import SecretStr

from backend.db.engine import Database
from backend.settings import Settings
from tests.discord_outbox import add, await_states, execute, rows, sending, with_webhook
from tests.stub_discord import ID, TOKEN, Answer, StubDiscord


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


@pytest.fixture
def told(settings: Settings, discord: StubDiscord) -> Settings:
    return with_webhook(settings, discord)


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
