"""A sender that is killed in the middle of thousands of alerts: none comes twice, and each is accounted for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.settings import Settings
from tests.personal_posts import add_alerts, add_people, await_, code, rows, states, told
from tests.stub_discord import Answer, StubDiscord

ROOT = Path(__file__).resolve().parents[3]
SENDER = """
import sys
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
def sender_process(database: Database, settings: Settings, discord: StubDiscord) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "ATLAS_HOME": str(settings.home),
        "ATLAS_DISCORD_WEBHOOK_URL": "",
        "ATLAS_DISCORD_API_URL": discord.api_url,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, database.url()],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "begun\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


@pytest.mark.slow
def test_nothing_comes_twice_when_senders_are_killed(empty_database: Database, settings: Settings) -> None:
    etfs = [code(number) for number in range(20)]
    with StubDiscord() as discord:
        discord.answer_of = lambda _webhook: Answer(delay=0.3)
        people = add_people(empty_database, settings, 200)
        add_alerts(empty_database, [person for person, _ in people], etfs)
        for stop_at in (30, 80):
            with sender_process(empty_database, settings, discord) as process:
                discord.await_posts(stop_at, 60)
                process.kill()
        with sender_process(empty_database, settings, discord), sender_process(empty_database, settings, discord):
            await_(
                lambda: states(empty_database)["sent"] + states(empty_database)["in_doubt"] == 200 * 20,
                lambda: states(empty_database),
                timeout_s=90,
            )
        came = Counter((post.webhook, name) for post in discord.posts for name in told(post.message))
    found = states(empty_database)
    assert set(found) <= {"sent", "in_doubt"}
    assert found["in_doubt"] > 0, "the kill met no message under way"
    assert set(came.values()) == {1}
    missing = 0
    for person, webhook in people:
        for row in rows(empty_database, person):
            arrived = (webhook, row.content["etf"]["name"]) in came
            assert arrived or row.state == "in_doubt"
            missing += not arrived
    print(f"{found}, {missing} in doubt did not arrive")
