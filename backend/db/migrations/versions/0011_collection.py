"""collection: what was fetched, what came of it, and who has to hear of it

`notifications` are the truth; NOTIFY only says "look". Dates are trading days in Asia/Seoul.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE datasets DROP CONSTRAINT datasets_name_check",
    "ALTER TABLE datasets ADD CONSTRAINT datasets_name_check CHECK (name IN ('sample', 'files', 'krx'))",
    "ALTER TABLE collection_runs DROP CONSTRAINT collection_runs_status_check",
    """
    ALTER TABLE collection_runs
        ADD CONSTRAINT collection_runs_status_check CHECK (status IN ('loaded', 'rejected', 'failed', 'holiday')),
        ADD COLUMN duration_ms integer,
        ADD COLUMN reason text
    """,
    # What was loaded before anybody could be told is no news when it is corrected.
    "UPDATE collection_runs SET notified_at = coalesce(finished_at, started_at) WHERE status = 'loaded'",
    # Each answer of a source as it came, so that a collection that was killed goes on where it stopped. `subject` is
    # 'listing', 'prices' or an ETF's code; an answer that did not come has its reason and no rows.
    """
    CREATE TABLE source_answers (
        source text NOT NULL,
        date date NOT NULL,
        subject text NOT NULL,
        status text NOT NULL CHECK (status IN ('fetched', 'missing', 'failed')),
        reason text,
        rows jsonb,
        attempts integer NOT NULL DEFAULT 1,
        fetched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (source, date, subject),
        CHECK ((status = 'fetched') = (rows IS NOT NULL))
    )
    """,
    # How often a service was called on a day in Seoul, and from when on it may be called again.
    """
    CREATE TABLE source_calls (
        service text NOT NULL,
        day date NOT NULL,
        calls integer NOT NULL DEFAULT 0,
        free_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (service, day)
    )
    """,
    # One row for everybody (person is null) or for one person. `subject` tells events of one kind, person and date apart.
    # Rows come only through add_notification, which gives out ids in the order of commits.
    """
    CREATE TABLE notifications (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL CHECK (kind ~ '^[a-z_]+$'),
        person uuid,
        date date NOT NULL,
        subject text NOT NULL DEFAULT '',
        content jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        UNIQUE NULLS NOT DISTINCT (kind, person, date, subject)
    )
    """,
    "CREATE INDEX notifications_person ON notifications (person, id)",
    # Up to where a reader has read: 'visitor:…' for the hash of a cookie, later 'person:…'.
    """
    CREATE TABLE notification_reads (
        reader text PRIMARY KEY,
        read_until bigint NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    # What Discord has to be told. `destination` is 'operator', later a person's webhook.
    """
    CREATE TABLE discord_posts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        destination text NOT NULL DEFAULT 'operator',
        key text NOT NULL,
        kind text NOT NULL CHECK (kind ~ '^[a-z_]+$'),
        content jsonb NOT NULL,
        state text NOT NULL DEFAULT 'waiting'
            CHECK (state IN ('waiting', 'sending', 'sent', 'refused', 'in_doubt', 'expired')),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        reason text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        sent_at timestamptz,
        UNIQUE (destination, key)
    )
    """,
    "CREATE INDEX discord_posts_due ON discord_posts (next_attempt_at) WHERE state = 'waiting'",
    # A destination that Discord no longer knows is switched off, and one whose rate limit is used up is left alone for a while, by
    # every process; the address itself is never stored here.
    """
    CREATE TABLE discord_destinations (
        destination text PRIMARY KEY,
        address_hash text NOT NULL,
        switched_off_at timestamptz,
        paused_until timestamptz,
        reason text
    )
    """,
    # The advisory lock is kept until the transaction ends, so ids grow in the order of commits and a reader that has seen
    # an id will never see a smaller one appear. Returns null where the event is there already.
    """
    CREATE FUNCTION add_notification(of_kind text, for_person uuid, on_date date, about text, with_content jsonb)
    RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        added bigint;
    BEGIN
        PERFORM pg_advisory_xact_lock(84030011);
        INSERT INTO notifications (kind, person, date, subject, content)
        VALUES (of_kind, for_person, on_date, about, with_content)
        ON CONFLICT DO NOTHING
        RETURNING id INTO added;
        IF added IS NOT NULL THEN
            PERFORM pg_notify('notifications', '');
        END IF;
        RETURN added;
    END
    $$
    """,
    "REVOKE ALL ON FUNCTION add_notification FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION add_notification TO atlas_app, atlas_loader",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON source_answers, source_calls TO atlas_loader",
    "GRANT SELECT ON source_answers, source_calls TO atlas_app",
    "GRANT SELECT, INSERT, DELETE ON notifications TO atlas_app, atlas_loader",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON notification_reads TO atlas_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON discord_posts, discord_destinations TO atlas_app",
    "GRANT SELECT, INSERT, DELETE ON discord_posts TO atlas_loader",
    # A process without an administrator sees whether the schema is the one that it works with.
    "GRANT SELECT ON alembic_version TO atlas_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
