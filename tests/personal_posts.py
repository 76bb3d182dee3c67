"""People with webhooks and alerts that wait for Discord, as a load leaves them; and what became of them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.db.engine import Database
from backend.notifications.discord import personal
from backend.notifications.discord.address import Webhook
from backend.notifications.discord.sealed_address import Seal
from backend.settings import Settings

TOKEN = "personal-Token_0123456789"
FIRST_ID = 1_500_000_000_000_000_000


def content(code: str, etf_name: str = "", date: str = "2026-07-08", **changes: Any) -> dict[str, Any]:
    """Return what an alert tells of an ETF."""
    return {
        "etf": {"code": code, "name": etf_name or f"ETF {code}"}, "date": date, "compared_with": "2026-07-07", "gap": [],
        "trades": [
            {"code": "005930", "name": "삼성전자", "label": "Stock", "action": "more", "shares_change_pct": 12.5,
             "weight_before": 20.1, "weight_after": 22.4, "size_pp": 2.51},
            {"code": "000660", "name": "SK하이닉스", "label": "Stock", "action": "out", "shares_change_pct": -100,
             "weight_before": 3.2, "weight_after": 0, "size_pp": 3.2},
        ],
        "trades_total": 2,
        "drift": [{"code": "035420", "name": "NAVER", "label": "Stock", "weight_before": 5.1, "weight_after": 4.3, "change_pp": -0.8}],
        "drift_total": 1, "premium": None, "fee": None, "name": None, "threshold_pp": 0.5, "weights_comparable": True,
        "sample": False, **changes,
    }  # fmt: skip


def code(number: int) -> str:
    return f"{number:06d}"


def add_people(database: Database, settings: Settings, count: int) -> list[tuple[UUID, str]]:
    """Make accounts with a webhook each; returns ids and the webhooks' numbers."""
    seal = Seal(settings)
    with database.engine("atlas_app").begin() as connection:
        people = [
            person
            for (person,) in connection.execute(
                text("""
                    INSERT INTO users (email, password_hash)
                    SELECT gen_random_uuid() || '@example.com', '!' FROM generate_series(1, :count)
                    RETURNING id
                """),
                {"count": count},
            )
        ]
        made = []
        for number, person in enumerate(people):
            webhook = Webhook(str(FIRST_ID + number), TOKEN)
            personal.store_webhook(connection, person, webhook, seal)
            made.append((person, webhook.id))
    return made


def add_alerts(database: Database, people: Sequence[UUID], etfs: Sequence[str], **changes: Any) -> None:
    """Put an alert of each ETF into the outbox for each person, in one transaction, with the NOTIFY of a load."""
    with database.engine("atlas_loader").begin() as connection:
        for etf in etfs:
            connection.execute(
                text("""
                    INSERT INTO discord_posts (destination, key, kind, content)
                    SELECT 'person:' || person, CAST(:key AS text), 'alert', CAST(:content AS jsonb)
                    FROM unnest(CAST(:people AS uuid[])) AS person
                """),
                {
                    "key": f"alert:{etf}:2026-07-08",
                    "content": json.dumps(content(etf, **changes)),
                    "people": list(people),
                },
            )
        connection.execute(text("NOTIFY notifications"))


def states(database: Database) -> Counter[str]:
    with database.engine("atlas_app").connect() as connection:
        return Counter(dict(connection.execute(text("SELECT state, count(*) FROM discord_posts GROUP BY state")).all()))


def rows(database: Database, person: UUID) -> list[Any]:
    with database.engine("atlas_app").connect() as connection:
        return list(
            connection.execute(
                text("SELECT * FROM discord_posts WHERE destination = :of ORDER BY id"),
                {"of": personal.destination(person)},
            )
        )


def await_(condition: Callable[[], Any], otherwise: Callable[[], object], timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.03)


def told(message: dict[str, Any]) -> list[str]:
    """Return the names of the ETFs that a message tells of, in its order."""
    names = []
    for embed in message["embeds"]:
        if embed["title"].startswith("관심 ETF"):
            names += [line.split("**")[1] for line in embed["description"].split("\n")]
        else:
            names.append(embed["title"].split(" · ")[0])
    return names
