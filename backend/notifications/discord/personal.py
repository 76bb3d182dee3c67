"""Personal webhooks: table `discord_webhooks`, and how each one stands in `discord_destinations`.

Functions that take a `person` work on a connection of `atlas_app` as well as on one that shows that person's rows alone.
None of them returns an address.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from backend.notifications.discord.address import Webhook
from backend.notifications.discord.request import Outcome
from backend.notifications.discord.sealed_address import Seal

TEST_EVERY_S = 10
"""How long a person waits between two test messages, seconds."""

_STORE = text("""
    INSERT INTO discord_webhooks (person, sealed_address, address_hash, address_hint)
    VALUES (:person, :sealed, :hash, :hint)
    ON CONFLICT (person) DO UPDATE
    SET sealed_address = excluded.sealed_address, address_hash = excluded.address_hash,
        address_hint = excluded.address_hint, created_at = now()
""")
# What Discord or a lost secret switched off, an address that is given anew switches on; what an administrator did stays.
_REGISTER = text("""
    INSERT INTO discord_destinations AS known (destination, address_hash)
    VALUES (:destination, :hash)
    ON CONFLICT (destination) DO UPDATE
    SET address_hash = excluded.address_hash,
        paused_until = NULL,
        switched_off_at = CASE WHEN known.switched_off_by = 'admin' THEN known.switched_off_at END,
        reason = CASE WHEN known.switched_off_by = 'admin' THEN known.reason END,
        switched_off_by = CASE WHEN known.switched_off_by = 'admin' THEN 'admin' END
""")
_STANDING = text("""
    SELECT w.address_hint, d.switched_off_at, d.switched_off_by, d.reason, d.paused_until,
           (SELECT count(*) FROM discord_posts AS p
            WHERE p.destination = :destination AND p.state IN ('waiting', 'sending')) AS waiting,
           (SELECT max(p.sent_at) FROM discord_posts AS p WHERE p.destination = :destination) AS last_sent_at
    FROM discord_webhooks AS w
    LEFT JOIN discord_destinations AS d ON d.destination = :destination
    WHERE w.person = :person
""")
_LIST = text("""
    SELECT w.person, u.email, w.address_hint, w.created_at,
           d.switched_off_at, d.switched_off_by, d.reason, d.paused_until, coalesce(p.posts, '{}') AS posts, p.last_sent_at
    FROM discord_webhooks AS w
    JOIN users AS u ON u.id = w.person
    LEFT JOIN discord_destinations AS d ON d.destination = 'person:' || w.person
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(state, posts) AS posts, max(last_sent_at) AS last_sent_at
        FROM (
            SELECT state, count(*) AS posts, max(sent_at) AS last_sent_at
            FROM discord_posts
            WHERE destination = 'person:' || w.person
            GROUP BY state
        ) AS by_state
    ) AS p ON true
    ORDER BY d.switched_off_at DESC NULLS LAST, w.created_at DESC, w.person
    LIMIT :limit OFFSET :offset
""")
_SWITCH_OFF = text("""
    INSERT INTO discord_destinations AS known (destination, address_hash, switched_off_at, switched_off_by, reason)
    SELECT 'person:' || person, address_hash, clock_timestamp(), 'admin', :reason
    FROM discord_webhooks
    WHERE person = :person
    ON CONFLICT (destination) DO UPDATE
    SET switched_off_at = excluded.switched_off_at, switched_off_by = 'admin', reason = excluded.reason
""")
_SWITCH_ON = text("""
    UPDATE discord_destinations
    SET switched_off_at = NULL, switched_off_by = NULL, reason = NULL
    WHERE destination = :destination AND EXISTS (SELECT FROM discord_webhooks WHERE person = :person)
""")
_MAY_TEST = text("""
    UPDATE discord_webhooks
    SET tested_at = clock_timestamp()
    WHERE person = :person AND coalesce(tested_at < clock_timestamp() - make_interval(secs => :every), true)
    RETURNING person
""")
_GONE = text("""
    UPDATE discord_destinations
    SET switched_off_at = clock_timestamp(), switched_off_by = 'discord', reason = :reason
    WHERE destination = :destination AND address_hash = :hash AND switched_off_at IS NULL
""")
_WORKS = text("""
    UPDATE discord_destinations
    SET switched_off_at = NULL, switched_off_by = NULL, reason = NULL
    WHERE destination = :destination AND address_hash = :hash AND switched_off_by IN ('discord', 'secret')
""")
_PAUSE = text("""
    UPDATE discord_destinations
    SET paused_until = greatest(paused_until, clock_timestamp() + make_interval(secs => :wait))
    WHERE destination = :destination AND address_hash = :hash
""")
_SEALED = text("SELECT sealed_address, address_hash FROM discord_webhooks WHERE person = :person")


def destination(person: UUID) -> str:
    """Return the name of a person's webhook among the destinations of `discord_posts`."""
    return f"person:{person}"


def store_webhook(connection: Connection, person: UUID, webhook: Webhook, seal: Seal) -> None:
    """Make a webhook the person's, in place of the one before; what waits goes to it."""
    known = {"person": person, "destination": destination(person), "hash": webhook.address_hash}
    hint = f"웹훅 …{webhook.id[-4:]}" + (f", 스레드 …{webhook.thread[-4:]}" if webhook.thread else "")
    connection.execute(_STORE, {**known, "sealed": seal.seal(webhook, person), "hint": hint})
    connection.execute(_REGISTER, known)
    connection.execute(text("NOTIFY notifications"))


def remove_webhook(connection: Connection, person: UUID) -> None:
    """Forget a person's webhook and what waits for it; that an administrator switched it off is remembered."""
    of = {"person": person, "destination": destination(person)}
    connection.execute(text("DELETE FROM discord_webhooks WHERE person = :person"), of)
    connection.execute(text("DELETE FROM discord_posts WHERE destination = :destination AND state = 'waiting'"), of)
    connection.execute(
        text(
            "DELETE FROM discord_destinations WHERE destination = :destination AND switched_off_by IS DISTINCT FROM 'admin'"
        ),
        of,
    )


def standing_of(connection: Connection, person: UUID) -> dict[str, Any]:
    """Return how a person's webhook stands: configured, address_hint, switched_off_at, reason (Korean), waiting, last_sent_at."""
    row = connection.execute(_STANDING, {"person": person, "destination": destination(person)}).first()
    return {
        "configured": row is not None,
        "address_hint": row.address_hint if row else None,
        "switched_off_at": row.switched_off_at if row else None,
        "reason": explained(row.switched_off_by, row.reason) if row and row.switched_off_at else None,
        "waiting": row.waiting if row else 0,
        "last_sent_at": row.last_sent_at if row else None,
    }


def explained(switched_off_by: str | None, reason: str | None) -> str:
    """Say in Korean why a webhook is switched off, and what its person can do."""
    match switched_off_by:
        case "admin":
            return "관리자가 이 웹훅을 껐습니다." + (f" ({reason})" if reason else "")
        case "secret":
            return "서버의 비밀 키가 바뀌어 웹훅 주소를 읽을 수 없습니다. 주소를 다시 등록해 주세요."
        case _:
            return (
                f"Discord가 이 웹훅을 더는 받아 주지 않습니다({reason or '까닭을 알 수 없습니다'}). "
                "채널 설정에서 웹훅을 새로 만들어 주소를 다시 등록해 주세요."
            )


def sealed_webhook(connection: Connection, person: UUID) -> tuple[bytes, str] | None:
    """Return the sealed address of a person's webhook and its hash, None where there is none."""
    row = connection.execute(_SEALED, {"person": person}).first()
    return (bytes(row.sealed_address), row.address_hash) if row else None


def may_test(connection: Connection, person: UUID) -> bool:
    """Note that a person sends a test message; False where the last one was less than TEST_EVERY_S ago."""
    return connection.execute(_MAY_TEST, {"person": person, "every": TEST_EVERY_S}).first() is not None


def note_test(connection: Connection, person: UUID, webhook: Webhook, outcome: Outcome) -> None:
    """Keep what a test message showed of a webhook: that it works, is gone, or is to be left alone for a while."""
    known = {"destination": destination(person), "hash": webhook.address_hash}
    if outcome.verdict == "gone":
        connection.execute(_GONE, {**known, "reason": outcome.reason})
    elif outcome.verdict == "sent" and connection.execute(_WORKS, known).rowcount:
        connection.execute(text("NOTIFY notifications"))
    if outcome.wait_s:
        connection.execute(_PAUSE, {**known, "wait": outcome.wait_s})


def list_webhooks(connection: Connection, *, limit: int = 200, offset: int = 0) -> list[dict[str, Any]]:
    """Return personal webhooks for an administrator, those that are switched off first; `posts` counts them by state."""
    rows = connection.execute(_LIST, {"limit": limit, "offset": offset})
    return [{**row._mapping, "state": "off" if row.switched_off_at else "on", "posts": dict(row.posts)} for row in rows]


def switch_off(connection: Connection, person: UUID, reason: str = "") -> bool:
    """Post nothing more to a person's webhook until `switch_on`; returns whether they have one. For administrators."""
    return connection.execute(_SWITCH_OFF, {"person": person, "reason": reason or None}).rowcount > 0


def switch_on(connection: Connection, person: UUID) -> bool:
    """Use a person's webhook again; returns whether they have one. For administrators."""
    of = {"person": person, "destination": destination(person)}
    changed = connection.execute(_SWITCH_ON, of).rowcount > 0
    connection.execute(text("NOTIFY notifications"))
    return changed
