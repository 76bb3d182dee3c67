"""The SQL of the outbox. `:operator` says whether the operator's own webhook is this process's to serve."""

from __future__ import annotations

from sqlalchemy import text

TOO_OLD = "2 days"
KEPT = "7 days"
"""How long posts that are done with are kept for people, who have the same under the bell."""
_SERVED = "(destination <> 'operator' OR :operator)"
# When it is silence for a person now, in Seoul; over midnight where `quiet_from` is the later one.
_QUIET = """
    CASE
        WHEN q.quiet_from < q.quiet_until THEN seoul.clock >= q.quiet_from AND seoul.clock < q.quiet_until
        ELSE coalesce(seoul.clock >= q.quiet_from OR seoul.clock < q.quiet_until, false)
    END
"""
# What a person is told for the first time waits for the end of the quiet hours that they have now, not of those they had when
# it was written; what is tried again waits for its time.
_DUE = """
    (p.next_attempt_at <= clock_timestamp() OR (p.attempts = 0 AND p.destination <> 'operator'))
"""

REGISTER = text("""
    INSERT INTO discord_destinations (destination, address_hash) VALUES ('operator', :hash)
    ON CONFLICT (destination) DO UPDATE
        SET address_hash = excluded.address_hash, switched_off_at = NULL, switched_off_by = NULL, paused_until = NULL, reason = NULL
        WHERE discord_destinations.address_hash <> excluded.address_hash
""")
OPERATOR = text("SELECT address_hash, switched_off_at, reason FROM discord_destinations WHERE destination = 'operator'")
# The rows may have gone with a database that was restored.
REGISTER_OPERATOR = text("""
    INSERT INTO discord_destinations (destination, address_hash) VALUES ('operator', :hash)
    ON CONFLICT (destination) DO NOTHING
""")
REGISTER_PEOPLE = text("""
    INSERT INTO discord_destinations (destination, address_hash)
    SELECT 'person:' || w.person, w.address_hash
    FROM discord_webhooks AS w
    WHERE NOT EXISTS (SELECT FROM discord_destinations AS d WHERE d.destination = 'person:' || w.person)
    ON CONFLICT (destination) DO NOTHING
""")
# That a message is about to leave must outlast a crash of the database, however it is set up, or the message would be sent twice.
DURABLY = text("SET LOCAL synchronous_commit = on")
ANYTHING_OPEN = text(f"SELECT EXISTS (SELECT FROM discord_posts WHERE state IN ('waiting', 'sending') AND {_SERVED})")
# A load that replaces the market deletes posts and takes a while; it is not waited for.
GIVE_UP_SENDING = text(f"""
    UPDATE discord_posts SET state = 'in_doubt', reason = 'the process that sent it ended before it knew what came of it'
    WHERE id IN (
        SELECT id FROM discord_posts
        WHERE state = 'sending' AND next_attempt_at <= clock_timestamp() AND {_SERVED}
        FOR UPDATE SKIP LOCKED
    )
""")
EXPIRE = text(f"""
    UPDATE discord_posts SET state = 'expired', reason = concat_ws(': ', 'older than {TOO_OLD}', reason)
    WHERE id IN (
        SELECT id FROM discord_posts
        WHERE state = 'waiting' AND created_at < clock_timestamp() - interval '{TOO_OLD}' AND {_SERVED}
        FOR UPDATE SKIP LOCKED
    )
""")
# Whoever was served longest ago comes first, so that nobody's many posts or slow webhook hold up anybody else's.
CHOOSE = text(f"""
    SELECT d.destination, d.address_hash, w.person, w.sealed_address
    FROM discord_destinations AS d
    CROSS JOIN (SELECT (clock_timestamp() AT TIME ZONE 'Asia/Seoul')::time AS clock) AS seoul
    LEFT JOIN discord_webhooks AS w ON d.destination = 'person:' || w.person
    LEFT JOIN users AS u ON u.id = w.person
    LEFT JOIN delivery_preferences AS q ON q.person = w.person
    WHERE d.switched_off_at IS NULL
      AND coalesce(d.paused_until <= clock_timestamp(), true)
      AND CASE
            WHEN d.destination = 'operator' THEN :operator
            ELSE w.person IS NOT NULL AND u.disabled_at IS NULL AND NOT {_QUIET}
          END
      AND EXISTS (SELECT FROM discord_posts AS p WHERE p.destination = d.destination AND p.state = 'waiting' AND {_DUE})
      AND NOT EXISTS (SELECT FROM discord_posts AS p WHERE p.destination = d.destination AND p.state = 'sending')
    ORDER BY d.served_at NULLS FIRST, d.destination
    LIMIT :room
    FOR UPDATE OF d SKIP LOCKED
""")
# Kinds of which so many messages have come lately that the next ones are gathered for a while.
GATHERING = text("""
    SELECT waiting.destination, waiting.kind
    FROM discord_posts AS waiting
    WHERE waiting.destination = ANY (:destinations) AND waiting.state = 'waiting'
    GROUP BY waiting.destination, waiting.kind
    HAVING min(waiting.created_at) > clock_timestamp() - interval '5 minutes' AND :burst <= (
        SELECT count(DISTINCT told.sent_at)
        FROM discord_posts AS told
        WHERE told.destination = waiting.destination AND told.kind = waiting.kind AND told.state = 'sent'
            AND told.sent_at > clock_timestamp() - interval '10 minutes'
    )
""")
# Asked once the destinations are locked: what another process has begun to send since they were chosen is seen here.
TAKE = text(f"""
    SELECT p.destination, p.id, p.kind, p.content, p.created_at, p.attempts
    FROM unnest(CAST(:destinations AS text[])) AS chosen (destination)
    CROSS JOIN LATERAL (
        SELECT p.kind
        FROM discord_posts AS p
        WHERE p.destination = chosen.destination AND p.state = 'waiting' AND {_DUE}
          AND p.destination || ' ' || p.kind <> ALL (CAST(:gathering AS text[]))
        ORDER BY p.id
        LIMIT 1
    ) AS first
    CROSS JOIN LATERAL (
        SELECT p.*
        FROM discord_posts AS p
        WHERE p.destination = chosen.destination AND p.kind = first.kind AND p.state = 'waiting' AND {_DUE}
        ORDER BY p.id
        LIMIT :most
        FOR UPDATE SKIP LOCKED
    ) AS p
    WHERE NOT EXISTS (
        SELECT FROM discord_posts AS s WHERE s.destination = chosen.destination AND s.state = 'sending'
    )
""")
SENDING = text("""
    UPDATE discord_posts
    SET state = 'sending', attempts = attempts + 1, next_attempt_at = clock_timestamp() + make_interval(secs => :deadline)
    WHERE id = ANY (:ids)
""")
SERVED = text(
    "UPDATE discord_destinations SET served_at = clock_timestamp() WHERE destination = ANY (CAST(:destinations AS text[]))"
)
# In one order, so that two processes never wait for each other.
LOCK = text("""
    SELECT destination FROM discord_destinations
    WHERE :everywhere OR destination = ANY (CAST(:destinations AS text[]))
    ORDER BY destination
    FOR UPDATE
""")
# Only who sent a row knows what came of it, also when it was given up meanwhile or a standby that took over had not heard of it.
SETTLE = text("""
    UPDATE discord_posts
    SET state = :state, reason = :reason, sent_at = CASE WHEN :state = 'sent' THEN now() END,
        next_attempt_at = clock_timestamp() + make_interval(secs => :wait)
    WHERE id = ANY (:ids) AND state IN ('waiting', 'sending', 'in_doubt')
""")
PAUSE = text("""
    UPDATE discord_destinations
    SET paused_until = greatest(paused_until, clock_timestamp() + make_interval(secs => :wait))
    WHERE :everywhere OR destination = :destination
""")
SWITCH_OFF = text("""
    UPDATE discord_destinations
    SET switched_off_at = clock_timestamp(), switched_off_by = :by, reason = :reason
    WHERE destination = :destination AND address_hash = :hash AND switched_off_at IS NULL
""")
SWITCH_ON = text("""
    UPDATE discord_destinations
    SET switched_off_at = NULL, switched_off_by = NULL, reason = NULL
    WHERE destination = 'operator' AND address_hash = :hash AND switched_off_at IS NOT NULL
""")
# Once a day at most, under the bell of whoever's webhook it is.
TELL_PERSON = text("""
    SELECT add_notification(
        'discord_off', w.person, (clock_timestamp() AT TIME ZONE 'Asia/Seoul')::date, '',
        jsonb_build_object('address_hint', w.address_hint, 'reason', CAST(:told AS text))
    )
    FROM discord_webhooks AS w
    WHERE w.person = :person
""")
FORGET = text(f"""
    DELETE FROM discord_posts
    WHERE id IN (
        SELECT id FROM discord_posts
        WHERE destination <> 'operator' AND state NOT IN ('waiting', 'sending')
          AND created_at < clock_timestamp() - interval '{KEPT}'
        LIMIT 20000
        FOR UPDATE SKIP LOCKED
    )
""")
