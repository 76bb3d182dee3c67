"""Posting to Discord while PostgreSQL goes away: nothing is lost and nothing comes twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.db.private_server import PrivateServer
from backend.notifications.discord.sender import DiscordSender
from backend.settings import Settings
from tests.stub_discord import Answer, StubDiscord


@pytest.fixture(scope="module")
def second_server(session_folder: Path, server: PrivateServer, prefix: Path) -> Iterator[PrivateServer]:
    """A server that a test may stop."""
    private = PrivateServer(session_folder / "discord", prefix=prefix, options=server.options)
    private.start()
    yield private
    private.stop()


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


@pytest.fixture
def database(second_server: PrivateServer, settings: Settings) -> Iterator[Database]:
    made = Database(second_server.url(), settings)
    upgrade(made)
    with made.connect("atlas_app", autocommit=True) as connection:
        connection.execute("DELETE FROM discord_posts")
        connection.execute("DELETE FROM discord_destinations")
    yield made
    made.dispose()


@pytest.fixture
def sender(database: Database, settings: Settings, discord: StubDiscord) -> Iterator[DiscordSender]:
    told = {"discord_webhook_url": SecretStr(discord.address), "discord_api_url": discord.api_url}
    made = DiscordSender(database, settings.model_copy(update=told))
    made.start()
    yield made
    made.stop()


def add(database: Database, number: int) -> None:
    with database.connect("atlas_loader", autocommit=True) as connection:
        content = json.dumps({"source": "krx", "date": "2026-07-08", "reason": f"Nr. {number}."})
        connection.execute(
            "INSERT INTO discord_posts (key, kind, content) VALUES (%s, 'collection_failed', %s)",
            [str(number), content],
        )


def await_states(database: Database, *states: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        with database.connect("atlas_app", autocommit=True) as connection:
            found = [state for (state,) in connection.execute("SELECT state FROM discord_posts ORDER BY id")]
        if found == list(states):
            return
        assert time.monotonic() < deadline, f"{found} instead of {states}"
        time.sleep(0.05)


def told(discord: StubDiscord) -> list[str]:
    return [post.message["embeds"][0]["description"].split("\n")[0] for post in discord.posts]


@pytest.mark.slow
def test_a_database_that_restarts_is_waited_for(
    database: Database, second_server: PrivateServer, sender: DiscordSender, discord: StubDiscord
) -> None:
    add(database, 1)
    discord.await_posts(1)
    await_states(database, "sent")
    database.dispose()
    second_server.stop()
    time.sleep(1.5)
    second_server.start()
    add(database, 2)
    discord.await_posts(2, 20)
    await_states(database, "sent", "sent")
    assert told(discord) == ["> Nr. 1.", "> Nr. 2."]


@pytest.mark.slow
def test_a_database_that_goes_away_while_discord_answers_hears_of_it_later(
    database: Database, second_server: PrivateServer, sender: DiscordSender, discord: StubDiscord
) -> None:
    discord.answers(Answer(delay=3))
    add(database, 1)
    discord.await_posts(1)
    second_server.kill()
    time.sleep(4)
    second_server.start()
    await_states(database, "sent")
    time.sleep(1.5)
    assert told(discord) == ["> Nr. 1."]


@pytest.mark.slow
def test_it_stops_while_the_database_is_away(
    database: Database, second_server: PrivateServer, sender: DiscordSender
) -> None:
    add(database, 1)
    await_states(database, "sent")
    second_server.kill()
    try:
        begun = time.monotonic()
        sender.stop()
        assert time.monotonic() - begun < 2.5
        assert not sender._thread.is_alive()
    finally:
        second_server.start()
