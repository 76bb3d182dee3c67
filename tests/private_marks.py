"""A person whose data carries marks: words found nowhere else, planted wherever something is kept for them."""

from __future__ import annotations

import hashlib
import random
import string
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from backend.accounts.codes import TOKEN_PREFIX, hash_code, new_code
from backend.accounts.sessions import open_session
from backend.accounts.signed_in import COOKIE
from backend.db.engine import Database
from backend.notifications.discord.address import Webhook
from backend.notifications.discord.personal import store_webhook
from backend.notifications.discord.sealed_address import Seal
from backend.settings import Settings
from tests.people import Somebody, new_person

DAY = date(2026, 7, 8)
# What other people's requests may end: an expired session is nobody's any more.
_ENDED = "SELECT id FROM login_sessions WHERE expires_at < now()"
# What a person's own requests change.
_OF_USE = "{used_at,seen_at,expires_at,renewed_at,code_hash,previous_hash,previous_until}"


@dataclass(frozen=True)
class MarkedPerson:
    """Somebody with `marks` (by what they were planted in) and the `ids` by which others may try to get at them."""

    somebody: Somebody
    marks: dict[str, str]
    ids: dict[str, str]
    expired: str = field(repr=False)
    revoked: str = field(repr=False)

    def seen_in(self, told: str) -> set[str]:
        """Return the kinds of marks that a text contains."""
        return {kind for kind, mark in self.marks.items() if mark in told}


def _mark() -> str:
    return "".join(random.choices("bcdfghjklmnpqrstvwxz", k=16))


def plant(database: Database, client: httpx.Client, settings: Settings) -> MarkedPerson:
    """Make a person, with everything that can be kept for one; `client` is a client of the application, signed in as nobody."""
    kinds = ("name", "email", "device", "token", "alert", "post", "thread", "run", "question", "reason", "proposal")
    marks = {kind: _mark() for kind in kinds}
    marks["webhook"], marks["webhook id"] = _mark(), "".join(random.choices("123456789", k=19))
    marks["etf"] = "0Q" + "".join(random.choices(string.ascii_uppercase + string.digits, k=4))
    somebody = new_person(database, email=f"{marks['email']}@example.com", name=marks["name"])
    marks["account"] = str(somebody.id)
    revoked = new_code(TOKEN_PREFIX)
    with database.engine("atlas_app").begin() as connection:
        expired = open_session(connection, somebody.id, "expired")
        ids = _plant_rows(connection, somebody, marks, Seal(settings), expired, revoked)
    _converse(client, somebody, marks)
    with database.engine("atlas_app").begin() as connection:
        connection.execute(
            text("INSERT INTO alert_proposals (turn_id, proposal) SELECT id, :proposal FROM turns WHERE run_id = :run"),
            {"proposal": Jsonb(_proposal(marks["proposal"])), "run": marks["run"]},
        )
    ids |= {"account": marks["account"], "thread": marks["thread"], "run": marks["run"], "etf": marks["etf"]}
    return MarkedPerson(somebody, marks, ids, expired, revoked)


def _plant_rows(
    connection: Connection, somebody: Somebody, marks: dict[str, str], seal: Seal, expired: str, revoked: str
) -> dict[str, str]:
    person, reader = somebody.id, f"person:{somebody.id}"
    run = connection.execute
    scalar = connection.scalar
    run(
        text("UPDATE login_sessions SET expires_at = now() - interval '1 hour' WHERE code_hash = :hash"),
        {"hash": hash_code(expired)},
    )
    run(
        text("INSERT INTO api_tokens (person, name, code_hash) VALUES (:person, 'revoked', :hash)"),
        {"person": person, "hash": hash_code(revoked)},
    )
    run(text("DELETE FROM api_tokens WHERE code_hash = :hash"), {"hash": hash_code(revoked)})
    run(
        text("INSERT INTO watchlist (person, etf) VALUES (:person, :etf), (:person, '069500')"),
        {"person": person, "etf": marks["etf"]},
    )
    run(
        text("INSERT INTO delivery_preferences (person, quiet_from, quiet_until) VALUES (:person, '22:00', '07:00')"),
        {"person": person},
    )
    content = Jsonb(_alert(marks["alert"]))
    notification = scalar(
        text("SELECT add_notification('alert', :person, :day, '069500', :content)"),
        {"person": person, "day": DAY, "content": content},
    )
    run(
        text("INSERT INTO notification_reads (reader, read_until) VALUES (:reader, 0)"),
        {"reader": reader},
    )
    run(
        text("""
            INSERT INTO discord_posts (destination, key, kind, content, state, sent_at)
            VALUES (:reader, :key, 'alert', :content, 'sent', now())
        """),
        {"reader": reader, "key": f"alert:069500:{marks['post']}", "content": Jsonb(_alert(marks["post"]))},
    )
    store_webhook(connection, person, Webhook(marks["webhook id"], marks["webhook"]), seal)
    run(
        text("INSERT INTO model_usage (asker, day, requests) VALUES (:reader, :day, 1)"), {"reader": reader, "day": DAY}
    )
    return {
        "session": str(
            scalar(
                text("UPDATE login_sessions SET device = :device WHERE code_hash = :hash RETURNING id"),
                {"device": marks["device"], "hash": hash_code(somebody.code)},
            )
        ),
        "token_id": str(
            scalar(
                text("UPDATE api_tokens SET name = :name WHERE person = :person RETURNING id"),
                {"name": marks["token"], "person": person},
            )
        ),
        "notification": str(notification),
    }


def _alert(mark: str) -> dict[str, Any]:
    """What an alert holds, with the mark as the name of an ETF."""
    return {
        "etf": {"code": "069500", "name": mark}, "date": DAY.isoformat(), "compared_with": None, "gap": [], "trades": [],
        "trades_total": 0, "drift": [], "drift_total": 0, "premium": {"before": None, "after": 1.2, "limit": 1.0},
        "fee": None, "name": None, "threshold_pp": 0.5, "sample": True,
    }  # fmt: skip


def _proposal(mark: str) -> dict[str, Any]:
    return {
        "kind": "alert", "etfs": [{"code": "069500", "name": mark}], "kinds": ["new"], "threshold_pp": 0.5,
        "premium_pct": 1.0, "discord": False, "mute": False,
    }  # fmt: skip


def _converse(client: httpx.Client, somebody: Somebody, marks: dict[str, str]) -> None:
    message = {"id": "1", "role": "user", "content": f"KODEX 200 보수는? {marks['question']}"}
    body = {
        "threadId": marks["thread"], "runId": marks["run"], "messages": [message], "state": {}, "tools": [], "context": [],
        "forwardedProps": {},
    }  # fmt: skip
    headers = {"Cookie": f"{COOKIE}={somebody.code}"}
    client.post("/api/chat", json=body, headers=headers).raise_for_status()
    verdict = {"verdict": "down", "reason": marks["reason"]}
    client.post(f"/api/chat/{marks['run']}/feedback", json=verdict, headers=headers).raise_for_status()


def kept_for(database: Database, person: MarkedPerson) -> dict[str, tuple[int, str]]:
    """Return by table how many rows carry a mark, and a digest of them; tables without such a row are left out.

    Tables that the backend cannot change are not looked at, nor when a session or token was used last.
    """
    found = {}
    with database.connect() as owner:
        tables = owner.execute(
            """
            SELECT oid::regclass::text
            FROM pg_class
            WHERE relkind = 'r'
              AND relnamespace = 'public'::regnamespace
              AND has_table_privilege('atlas_app', oid, 'INSERT, UPDATE, DELETE')
            """
        ).fetchall()
        for (table,) in tables:
            kept = f"AND id NOT IN ({_ENDED})" if table == "login_sessions" else ""
            rows = owner.execute(
                f"SELECT (to_jsonb(t) - '{_OF_USE}'::text[])::text FROM {table} AS t WHERE to_jsonb(t)::text ~ %s {kept} ORDER BY 1",
                ["|".join(person.marks.values())],
            ).fetchall()
            if rows:
                found[table] = (len(rows), hashlib.sha256("\n".join(row for (row,) in rows).encode()).hexdigest())
    return found
