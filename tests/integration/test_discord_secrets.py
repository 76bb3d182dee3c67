"""The webhook's token: in no table, no log, no error and no answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from backend.db.engine import Database
from tests.stub_discord import ID, Answer, StubDiscord

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "planted-Secret_token-0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        stub.token = TOKEN
        yield stub


@pytest.fixture
def environment(empty_database: Database, session_folder: Path, discord: StubDiscord) -> dict[str, str]:
    return {
        **os.environ,
        "ATLAS_HOME": str(session_folder / "home"),
        "ATLAS_DATABASE_URL": empty_database.url(),
        "ATLAS_DISCORD_WEBHOOK_URL": discord.address,
        "ATLAS_DISCORD_API_URL": discord.api_url,
        "ATLAS_CHAT_WORKERS": "0",
        "ATLAS_LOG_LEVEL": "DEBUG",
        "COLUMNS": "200",
    }


def atlas(environment: dict[str, str], *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "backend.cli", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**environment, **changes}, capture_output=True, text=True, timeout=60, check=False
    )


def add(database: Database, key: str) -> None:
    with database.connect("atlas_loader", autocommit=True) as connection:
        content = json.dumps({"source": "krx", "date": "2026-07-08", "reason": key})
        connection.execute(
            "INSERT INTO discord_posts (key, kind, content) VALUES (%s, 'collection_failed', %s)", [key, content]
        )


def states(database: Database) -> list[str]:
    with database.connect("atlas_app", autocommit=True) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM discord_posts ORDER BY id")]


def everything(database: Database) -> str:
    """Return the whole content of the database as text."""
    with database.connect(autocommit=True) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        told = []
        for table in tables:
            query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(*table))
            try:
                told += [str(row) for row in connection.execute(query)]
            except psycopg.Error:
                # A type of Apache AGE that has no text.
                continue
    return "\n".join(told)


def await_(condition: Callable[[], Any], what: str, timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_the_web_server_posts_and_never_shows_the_token(
    empty_database: Database,
    discord: StubDiscord,
    environment: dict[str, str],
    free_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    port, log = free_port(), tmp_path / "server.log"
    discord.answers(
        Answer(),
        Answer(status=429, retry_after=0.3),
        Answer(),
        Answer(status=400, body={"message": f"bad: /api/webhooks/{ID}/{TOKEN}", "code": 50035}),
        Answer(cut="after"),
        Answer(status=404),
    )
    with log.open("wb") as output:
        command = [sys.executable, "-m", "backend.cli", "serve", "--port", str(port)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            for number, state in enumerate(["sent", "sent", "refused", "in_doubt", "refused"], 1):
                add(empty_database, f"day-{number}")
                await_(lambda n=number, s=state: states(empty_database)[n - 1] == s, f"day-{number} {state}", 100)
            metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        finally:
            process.terminate()
            process.wait(20)
    written = log.read_text()
    assert written.count("the Discord webhook is switched off") == 1
    assert TOKEN not in written
    assert "/webhooks/" not in written.replace(f"/webhooks/{ID}/(token)", "")
    assert TOKEN not in everything(empty_database)
    assert "atlas_discord_posts_total" in metrics
    assert TOKEN not in metrics
    shown = atlas(environment, "discord", "status")
    assert "switched off since" in shown.stdout
    assert TOKEN not in shown.stdout + shown.stderr


def test_the_command_sends_a_test_message(environment: dict[str, str], discord: StubDiscord) -> None:
    done = atlas(environment, "discord", "test")
    assert (done.returncode, done.stdout) == (0, "Discord took the test message; look into the channel.\n")
    assert discord.posts[0].message["embeds"][0]["title"] == "ETF Atlas 시험 메시지"
    assert TOKEN not in done.stderr


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=404), "does not let anybody post with this webhook: HTTP 404 Unknown Webhook"),
        (Answer(status=401), "Invalid Webhook Token"),
        (Answer(status=429, retry_after=3.5), "left alone for 3.5 seconds"),
        (Answer(status=503), "Nothing was posted"),
        (Answer(cut="after"), "unclear whether the message arrived"),
        (Answer(status=400), "refused the message"),
    ],
)
def test_the_command_says_what_happened(
    environment: dict[str, str], discord: StubDiscord, answer: Answer, said: str
) -> None:
    discord.answers(answer)
    done = atlas(environment, "discord", "test")
    assert done.returncode == 1
    assert said in done.stderr
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("address", "said"),
    [("", "no webhook is set"), (f"https://evil.example/api/webhooks/{ID}/{TOKEN}", "host is not Discord's")],
)
def test_the_command_says_what_is_wrong_with_the_setting(environment: dict[str, str], address: str, said: str) -> None:
    done = atlas(environment, "discord", "test", ATLAS_DISCORD_WEBHOOK_URL=address)
    assert done.returncode == 1
    assert said in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    shown = json.loads(atlas(environment, "discord", "status", "--json", ATLAS_DISCORD_WEBHOOK_URL=address).stdout)
    assert shown["configured"] is False
    assert said in (shown["problem"] or "no webhook is set")


def test_the_status_counts_and_a_test_that_works_switches_on(
    empty_database: Database, environment: dict[str, str], discord: StubDiscord
) -> None:
    from pydantic import SecretStr

    from backend.notifications.discord.sender import DiscordSender

    told = {"discord_webhook_url": SecretStr(discord.address), "discord_api_url": discord.api_url}
    sender = DiscordSender(empty_database, empty_database.settings.model_copy(update=told))
    discord.answers(Answer(), Answer(status=404))
    sender.start()
    try:
        for number, state in enumerate(["sent", "refused"], 1):
            add(empty_database, f"day-{number}")
            await_(lambda n=number, s=state: states(empty_database)[n - 1] == s, state)
        add(empty_database, "day-3")
        found = json.loads(atlas(environment, "discord", "status", "--json").stdout)
        assert found["configured"] is True
        assert found["switched_off"]["reason"] == "HTTP 404 Unknown Webhook (code 10015)"
        assert found["posts"] == {"waiting": 1, "sending": 0, "sent": 1, "refused": 1, "in_doubt": 0, "expired": 0}
        assert found["last_error"]["key"] == "day-2"
        assert "used again" in atlas(environment, "discord", "test").stdout
        await_(lambda: states(empty_database)[2] == "sent", "day-3 sent")
    finally:
        sender.stop()
