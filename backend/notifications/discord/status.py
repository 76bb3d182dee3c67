"""How posting to Discord stands: whether it is set up, switched off or waited for, and what became of the posts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from backend.notifications.discord.address import Webhook

STATES = ("waiting", "sending", "sent", "refused", "in_doubt", "expired")
_DESTINATION = text("""
    SELECT address_hash, switched_off_at, reason, paused_until
    FROM discord_destinations
    WHERE destination = 'operator'
""")
_COUNTS = text("SELECT state, count(*) FROM discord_posts WHERE destination = 'operator' GROUP BY state")
_LAST_SENT = text("SELECT max(sent_at) FROM discord_posts WHERE destination = 'operator'")
# The outcome that was noted last has the highest time at which it was, or would have been, due.
_LAST_ERROR = text("""
    SELECT key, state, attempts, reason
    FROM discord_posts
    WHERE destination = 'operator' AND reason IS NOT NULL
    ORDER BY next_attempt_at DESC, id DESC
    LIMIT 1
""")
# In numbers only: whose they are is nobody's business here.
_PEOPLE = text("""
    SELECT count(*) AS webhooks,
           count(*) FILTER (WHERE d.switched_off_at IS NOT NULL) AS switched_off,
           count(*) FILTER (WHERE d.paused_until > clock_timestamp()) AS paused
    FROM discord_webhooks AS w
    LEFT JOIN discord_destinations AS d ON d.destination = 'person:' || w.person
""")
_PEOPLES_COUNTS = text("SELECT state, count(*) FROM discord_posts WHERE destination LIKE 'person:%' GROUP BY state")


def standing_of_people(connection: Connection) -> dict[str, Any]:
    """Return how many personal webhooks there are, are switched off and are left alone, and what became of their posts."""
    counts = {state: posts for state, posts in connection.execute(_PEOPLES_COUNTS)}
    found = connection.execute(_PEOPLE).one()
    return {**found._mapping, "posts": {state: counts.get(state, 0) for state in STATES}}


def standing(connection: Connection, webhook: Webhook | None) -> dict[str, Any]:
    """Return JSON values: `switched_off` {at, reason} and `paused_until` hold for the webhook of the settings, times are ISO 8601."""
    destination = connection.execute(_DESTINATION).first()
    ours = destination is not None and webhook is not None and destination.address_hash == webhook.address_hash
    counts = {state: posts for state, posts in connection.execute(_COUNTS)}
    last_sent = connection.execute(_LAST_SENT).scalar()
    last_error = connection.execute(_LAST_ERROR).first()
    return {
        "configured": webhook is not None,
        "switched_off": {"at": _iso(destination.switched_off_at), "reason": destination.reason}
        if ours and destination.switched_off_at
        else None,
        "paused_until": _iso(destination.paused_until) if ours else None,
        "posts": {state: counts.get(state, 0) for state in STATES},
        "last_sent_at": _iso(last_sent),
        "last_error": dict(last_error._mapping) if last_error else None,
    }


def _iso(time: Any) -> str | None:
    return time.isoformat(timespec="seconds") if time else None
