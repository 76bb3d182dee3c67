"""sign-in: its limits, codes that are renewed, and the end of sessions told to every process

A session's code is renewed while it is used. The code before it stays valid until the new one has been seen, and a little
longer, because a page asks several things at once and an answer can get lost (`previous_hash`, `previous_until`).
`expires_at` is the earlier of the session's absolute end and the end of the time that it may lie unused.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE login_sessions
        ADD COLUMN previous_hash bytea UNIQUE,
        ADD COLUMN previous_until timestamptz,
        ADD COLUMN renewed_at timestamptz NOT NULL DEFAULT now()
    """,
    # `first_visitor` is the browser (conversations.visitor) that the account was made in, until somebody signs in to it.
    # `watchlist_seen_date` is the newest date of the market that the person's last visit to the watchlist showed.
    "ALTER TABLE users ADD COLUMN first_visitor text, ADD COLUMN watchlist_seen_date date",
    "GRANT SELECT (watchlist_seen_date), UPDATE (watchlist_seen_date) ON users TO atlas_person",
    # What was asked before there was an account goes over to it with its turns.
    "ALTER TABLE turns DROP CONSTRAINT turns_visitor_conversation_id_fkey",
    """
    ALTER TABLE turns ADD FOREIGN KEY (visitor, conversation_id)
        REFERENCES conversations (visitor, id) ON DELETE CASCADE ON UPDATE CASCADE
    """,
    # How often something was tried since its window began. `key` is a keyed hash of what the tries have in common, such as an
    # address; nobody can read from it whose tries they are.
    """
    CREATE TABLE sign_in_tries (
        key bytea PRIMARY KEY,
        tries integer NOT NULL CHECK (tries >= 0),
        ends_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX sign_in_tries_ends ON sign_in_tries (ends_at)",
    # Counts one try under every key, unless one of them has had its most: then nothing is counted, and what comes back is how
    # long to wait. Rows are locked in the order of their keys, so tries at once neither slip through nor block each other for
    # good. A flood that is refused only reads. Nobody waits for the disk: a crash may forget the last tries.
    """
    CREATE FUNCTION take_try(keys bytea[], mosts integer[], lasts interval[]) RETURNS interval LANGUAGE plpgsql AS $$
    DECLARE
        wait interval;
    BEGIN
        FOR phase IN 1..2 LOOP
            IF phase = 2 THEN
                PERFORM set_config('synchronous_commit', 'off', true);
                INSERT INTO sign_in_tries AS t (key, tries, ends_at)
                SELECT wanted.key, 0, clock_timestamp() + wanted.last
                FROM unnest(keys, lasts) AS wanted (key, last)
                ORDER BY wanted.key
                ON CONFLICT (key) DO UPDATE SET
                    tries = CASE WHEN t.ends_at > clock_timestamp() THEN t.tries ELSE 0 END,
                    ends_at = CASE WHEN t.ends_at > clock_timestamp() THEN t.ends_at ELSE excluded.ends_at END;
            END IF;
            SELECT max(t.ends_at) - clock_timestamp() INTO wait
            FROM unnest(keys, mosts) AS wanted (key, most)
            JOIN sign_in_tries AS t ON t.key = wanted.key
            WHERE t.tries >= wanted.most
              AND t.ends_at > clock_timestamp();
            IF wait IS NOT NULL THEN
                RETURN wait;
            END IF;
        END LOOP;
        UPDATE sign_in_tries SET tries = tries + 1 WHERE key = ANY (keys);
        DELETE FROM sign_in_tries WHERE key IN (
            SELECT key FROM sign_in_tries WHERE ends_at < clock_timestamp() - interval '1 second'
            ORDER BY ends_at LIMIT 20 FOR UPDATE SKIP LOCKED
        );
        RETURN NULL;
    END
    $$
    """,
    # A try that succeeded is no failure.
    """
    CREATE FUNCTION give_try_back(keys bytea[]) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM set_config('synchronous_commit', 'off', true);
        PERFORM FROM sign_in_tries WHERE key = ANY (keys) ORDER BY key FOR UPDATE;
        UPDATE sign_in_tries SET tries = tries - 1 WHERE key = ANY (keys) AND tries > 0;
    END
    $$
    """,
    "REVOKE ALL ON FUNCTION take_try, give_try_back FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION take_try, give_try_back TO atlas_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_tries TO atlas_app",
    # Whatever ends a session or a bearer token, every process hears of it: its id, or 'person:' and the id of somebody all of
    # whose streams have to end.
    """
    CREATE FUNCTION tell_end_of_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        PERFORM pg_notify('sessions', OLD.id::text);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION tell_end_of_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        PERFORM pg_notify('sessions', 'person:' || OLD.id);
        RETURN NULL;
    END
    $$
    """,
    "REVOKE ALL ON FUNCTION tell_end_of_session(), tell_end_of_person() FROM PUBLIC",
    """
    CREATE TRIGGER session_ended AFTER DELETE ON login_sessions FOR EACH ROW EXECUTE FUNCTION tell_end_of_session()
    """,
    "CREATE TRIGGER token_ended AFTER DELETE ON api_tokens FOR EACH ROW EXECUTE FUNCTION tell_end_of_session()",
    "CREATE TRIGGER person_left AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION tell_end_of_person()",
    """
    CREATE TRIGGER person_disabled AFTER UPDATE OF disabled_at ON users
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL)
    EXECUTE FUNCTION tell_end_of_person()
    """,
    # Who deletes an account while a load writes its alerts, or while an answer is being made, leaves nothing behind: the deletion
    # waits for the load (the lock of add_notification), and what comes later finds nobody to be kept for.
    """
    CREATE OR REPLACE FUNCTION forget_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(84030011);
        DELETE FROM public.notifications WHERE person = OLD.id;
        DELETE FROM public.notification_reads WHERE reader = 'person:' || OLD.id;
        DELETE FROM public.discord_posts WHERE destination = 'person:' || OLD.id;
        DELETE FROM public.discord_destinations WHERE destination = 'person:' || OLD.id;
        DELETE FROM public.conversations WHERE visitor = 'person:' || OLD.id;
        DELETE FROM public.model_usage WHERE asker = 'person:' || OLD.id;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION keep_nothing_for_who_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        PERFORM FROM public.users
        WHERE id = substr(to_jsonb(NEW) ->> TG_ARGV[0], 8)::uuid
        FOR KEY SHARE;
        RETURN CASE WHEN FOUND THEN NEW END;
    END
    $$
    """,
    "REVOKE ALL ON FUNCTION keep_nothing_for_who_left() FROM PUBLIC",
    *(
        f"""
        CREATE TRIGGER nothing_for_who_left BEFORE INSERT ON {table}
        FOR EACH ROW WHEN (NEW.{column} ~ '^person:[0-9a-f-]{{36}}$')
        EXECUTE FUNCTION keep_nothing_for_who_left('{column}')
        """
        for table, column in (("conversations", "visitor"), ("turns", "visitor"), ("model_usage", "asker"))
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
