"""What the tests of the sender share: posts put into the outbox, a sender at work, and what became of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from backend.db.engine import Database
from backend.notifications.discord.sender import DiscordSender
from backend.settings import Settings
from tests.stub_discord import StubDiscord

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
