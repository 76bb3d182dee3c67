"""The outbox: rows of `discord_posts` that wait, are being sent, or are done with.

A row is marked `sending` and committed before its message leaves. Whoever dies in between leaves it so, and after a deadline it is
`in_doubt`: it may have arrived, and is never sent again, because a message that was lost is still under the page's bell, while one that
came twice cannot be taken back. At most one message is on its way to a destination, so they arrive in order and limits hold for every process.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from backend.db.engine import Database
from backend.notifications.discord.address import Webhook
from backend.notifications.discord.request import REQUEST_S, Outcome

# When a row that is being sent is given up, seconds: well after the request's own deadline.
SENDING_S = REQUEST_S + 5.0
# From how many rows of a kind on they are told in one message, and how many at most.
DIGEST_FROM, DIGEST_MOST = 3, 2_000
# After so many messages in ten minutes the ones that follow are gathered for five.
BURST = 10
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 600.0
TOO_OLD = "2 days"

_REGISTER = text("""
    INSERT INTO discord_destinations (destination, address_hash) VALUES (:destination, :hash)
    ON CONFLICT (destination) DO UPDATE
        SET address_hash = excluded.address_hash, switched_off_at = NULL, paused_until = NULL, reason = NULL
        WHERE discord_destinations.address_hash <> excluded.address_hash
""")
# The row may have gone with a database that was restored.
_REGISTER_MISSING = text("""
    INSERT INTO discord_destinations (destination, address_hash) VALUES (:destination, :hash)
    ON CONFLICT (destination) DO NOTHING
""")
# That a message is about to leave must outlast a crash of the database, however it is set up, or the message would be sent twice.
_DURABLY = text("SET LOCAL synchronous_commit = on")
_ANYTHING_DUE = text("""
    SELECT EXISTS (
        SELECT FROM discord_posts
        WHERE destination = :destination AND state IN ('waiting', 'sending') AND next_attempt_at <= clock_timestamp()
    )
""")
_STANDING = text("""
    SELECT address_hash = :hash AS ours, switched_off_at, reason, coalesce(paused_until > clock_timestamp(), false) AS paused
    FROM discord_destinations
    WHERE destination = :destination
    FOR UPDATE SKIP LOCKED
""")
# A load that replaces the market deletes posts and takes a while; it is not waited for.
_GIVE_UP_SENDING = text("""
    UPDATE discord_posts SET state = 'in_doubt', reason = 'the process that sent it ended before it knew what came of it'
    WHERE id IN (
        SELECT id FROM discord_posts
        WHERE destination = :destination AND state = 'sending' AND next_attempt_at <= clock_timestamp()
        FOR UPDATE SKIP LOCKED
    )
""")
_EXPIRE = text(f"""
    UPDATE discord_posts SET state = 'expired', reason = concat_ws(': ', 'older than {TOO_OLD}', reason)
    WHERE id IN (
        SELECT id FROM discord_posts
        WHERE destination = :destination AND state = 'waiting' AND created_at < clock_timestamp() - interval '{TOO_OLD}'
        FOR UPDATE SKIP LOCKED
    )
""")
_UNDER_WAY = text("SELECT EXISTS (SELECT FROM discord_posts WHERE destination = :destination AND state = 'sending')")
_FIRST = text("""
    SELECT kind FROM discord_posts
    WHERE destination = :destination AND state = 'waiting' AND next_attempt_at <= clock_timestamp() AND kind <> ALL(CAST(:gathering AS text[]))
    ORDER BY id
    LIMIT 1
""")
_GATHERING = text("""
    SELECT waiting.kind
    FROM discord_posts AS waiting
    WHERE waiting.destination = :destination AND waiting.state = 'waiting'
    GROUP BY waiting.kind
    HAVING min(waiting.created_at) > clock_timestamp() - interval '5 minutes' AND :burst <= (
        SELECT count(DISTINCT told.sent_at)
        FROM discord_posts AS told
        WHERE told.destination = :destination AND told.kind = waiting.kind AND told.state = 'sent'
            AND told.sent_at > clock_timestamp() - interval '10 minutes'
    )
""")
_DUE = text("""
    SELECT id, kind, content, created_at, attempts
    FROM discord_posts
    WHERE destination = :destination AND kind = :kind AND state = 'waiting' AND next_attempt_at <= clock_timestamp()
    ORDER BY id
    LIMIT :most
    FOR UPDATE SKIP LOCKED
""")
_SENDING = text("""
    UPDATE discord_posts
    SET state = 'sending', attempts = attempts + 1, next_attempt_at = clock_timestamp() + make_interval(secs => :deadline)
    WHERE id = ANY(:ids)
""")
# Only who sent a row knows what came of it, also when it was given up meanwhile or a standby that took over had not heard of it.
_SETTLE = text("""
    UPDATE discord_posts
    SET state = :state, reason = :reason, sent_at = CASE WHEN :state = 'sent' THEN now() END,
        next_attempt_at = clock_timestamp() + make_interval(secs => :wait)
    WHERE id = ANY(:ids) AND state IN ('waiting', 'sending', 'in_doubt')
""")
_PAUSE = text("""
    UPDATE discord_destinations
    SET paused_until = greatest(paused_until, clock_timestamp() + make_interval(secs => :wait))
    WHERE :everywhere OR destination = :destination
""")
_SWITCH_OFF = text("""
    UPDATE discord_destinations SET switched_off_at = clock_timestamp(), reason = :reason
    WHERE destination = :destination AND address_hash = :hash AND switched_off_at IS NULL
""")
_SWITCH_ON = text("""
    UPDATE discord_destinations SET switched_off_at = NULL, reason = NULL
    WHERE destination = :destination AND address_hash = :hash AND switched_off_at IS NOT NULL
""")


class Replaced(Exception):
    """A process that began later posts to another webhook."""


@dataclass(frozen=True)
class Post:
    """A row to be told of."""

    id: int
    kind: str
    content: dict[str, Any]
    created_at: datetime
    attempts: int


class Outbox:
    """The posts for one destination at one webhook. Every call is a transaction of its own."""

    def __init__(self, database: Database, webhook: Webhook, destination: str = "operator") -> None:
        self._database = database
        self._known = {"destination": destination, "hash": webhook.address_hash}

    def register(self) -> str | None:
        """Make this address the destination's; another one than before is switched on. Returns why it is switched off, if it is."""
        with self._begin() as connection:
            connection.execute(_REGISTER, self._known)
            standing = connection.execute(
                text("SELECT switched_off_at, reason FROM discord_destinations WHERE destination = :destination"),
                self._known,
            ).one()
            return (standing.reason or "") if standing.switched_off_at else None

    def claim(self) -> list[Post]:
        """Take the next row that is due, or many of a kind when many wait; they are then marked as being sent.

        Nothing is taken while another message is on its way, while Discord wants to be left alone, or when the webhook is
        switched off. What is too old expires, and what a dead sender left is in doubt. Raises Replaced.
        """
        with self._begin() as connection:
            if not connection.execute(_ANYTHING_DUE, self._known).scalar_one():
                return []
            connection.execute(_DURABLY)
            connection.execute(_REGISTER_MISSING, self._known)
            standing = connection.execute(_STANDING, self._known).first()
            if standing is None:
                return []
            if not standing.ours:
                raise Replaced
            connection.execute(_GIVE_UP_SENDING, self._known)
            connection.execute(_EXPIRE, self._known)
            if standing.switched_off_at or standing.paused or connection.execute(_UNDER_WAY, self._known).scalar_one():
                return []
            rows = self._due(connection)
            if rows:
                connection.execute(_SENDING, {"ids": [row.id for row in rows], "deadline": SENDING_S})
        return [Post(**{**row._mapping, "attempts": row.attempts + 1}) for row in rows]

    def settle(self, posts: Sequence[Post], outcome: Outcome) -> None:
        """Note what came of rows that were claimed."""
        states = {"again": "waiting", "gone": "refused"}
        wait = max(outcome.wait_s * random.uniform(1.0, 1.05), backoff_s(max(post.attempts for post in posts) - 1))
        # The destination first, as `claim` does, so that the two never wait for each other.
        with self._begin() as connection:
            connection.execute(_DURABLY)
            if outcome.verdict == "gone":
                connection.execute(_SWITCH_OFF, {**self._known, "reason": outcome.reason})
            if outcome.wait_s:
                connection.execute(_PAUSE, {**self._known, "wait": outcome.wait_s, "everywhere": outcome.everywhere})
            connection.execute(
                _SETTLE,
                {
                    "ids": [post.id for post in posts],
                    "state": states.get(outcome.verdict, outcome.verdict),
                    "reason": outcome.reason or None,
                    "wait": wait if outcome.verdict == "again" else 0.0,
                },
            )

    def switch_on(self) -> bool:
        """Use the webhook again, which was seen to work; returns whether it was switched off."""
        with self._begin() as connection:
            return connection.execute(_SWITCH_ON, self._known).rowcount > 0

    def _due(self, connection: Connection) -> Sequence[Row[Any]]:
        gathering = connection.execute(_GATHERING, {**self._known, "burst": BURST}).scalars().all()
        kind = connection.execute(_FIRST, {**self._known, "gathering": gathering}).scalar()
        rows = connection.execute(_DUE, {**self._known, "kind": kind, "most": DIGEST_MOST}).all()
        return rows if len(rows) >= DIGEST_FROM else rows[:1]

    def _begin(self) -> Any:
        return self._database.engine("atlas_app").begin()


def backoff_s(failures: int) -> float:
    """How long to wait after a failure that `failures` others preceded, seconds: doubling up to ten minutes, with jitter of a quarter."""
    return min(FIRST_WAIT_S * 2 ** min(failures, 20), LONGEST_WAIT_S) * random.uniform(0.75, 1.25)
