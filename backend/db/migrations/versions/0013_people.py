"""people: who has an account, what they watch, and where they want to hear of it

What belongs to a person is read and written as `atlas_person`, a role that nobody logs in as: atlas_app takes it on for a
transaction and says for whom (`atlas.person`), and row-level security shows that person's rows alone. Codes that are
secrets are stored as hashes, addresses that are secrets are sealed.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PERSON = "nullif(current_setting('atlas.person', true), '')::uuid"
KINDS = "ARRAY['new', 'out', 'more', 'less', 'weight', 'premium', 'fee', 'name']"
STATEMENTS = (
    # `email` is normalised and in lower case.
    """
    CREATE TABLE users (
        id uuid PRIMARY KEY DEFAULT uuidv7(),
        email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) <= 254),
        name text NOT NULL DEFAULT '' CHECK (length(name) <= 60),
        password_hash text NOT NULL,
        role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
        disabled_at timestamptz,
        watchlist_seen_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    # `code_hash` is the SHA-256 of the cookie's value; `id` names a session to its person.
    """
    CREATE TABLE login_sessions (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        person uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        code_hash bytea NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        seen_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        device text NOT NULL DEFAULT '' CHECK (length(device) <= 200)
    )
    """,
    "CREATE INDEX login_sessions_person ON login_sessions (person)",
    "CREATE INDEX login_sessions_expires ON login_sessions (expires_at)",
    """
    CREATE TABLE api_tokens (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        person uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
        code_hash bytea NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz,
        expires_at timestamptz
    )
    """,
    "CREATE INDEX api_tokens_person ON api_tokens (person)",
    # `threshold_pp` is in percentage points, `premium_pct` in %. Who is muted keeps the ETF on the list and hears nothing of it.
    f"""
    CREATE TABLE watchlist (
        person uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        etf text NOT NULL CHECK (etf ~ '^[0-9A-Z]{{6}}$'),
        kinds text[] NOT NULL DEFAULT '{{new,out,more,less,weight,fee,name}}' CHECK (kinds <@ {KINDS}),
        threshold_pp numeric(5, 2) NOT NULL DEFAULT 0.5 CHECK (threshold_pp BETWEEN 0 AND 100),
        premium_pct numeric(5, 2) NOT NULL DEFAULT 1 CHECK (premium_pct BETWEEN 0 AND 100),
        discord boolean NOT NULL DEFAULT true,
        muted boolean NOT NULL DEFAULT false,
        added_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (person, etf)
    )
    """,
    "CREATE INDEX watchlist_etf ON watchlist (etf)",
    # Between these hours (Asia/Seoul; over midnight where `quiet_from` is the later one) Discord keeps silent.
    """
    CREATE TABLE delivery_preferences (
        person uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        quiet_from time,
        quiet_until time,
        CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
        CHECK (quiet_from <> quiet_until)
    )
    """,
    # A person's own webhook. What became of its posts is in discord_destinations, as 'person:' and the person's id.
    """
    CREATE TABLE discord_webhooks (
        person uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        sealed_address bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    # What an ETF's fee and name were before a load changed them; `date` is the trading day whose alerts told of it.
    """
    CREATE TABLE etf_changes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        etf text NOT NULL,
        field text NOT NULL CHECK (field IN ('fee', 'name')),
        before text NOT NULL,
        after text NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        date date
    )
    """,
    "CREATE INDEX etf_changes_untold ON etf_changes (etf) WHERE date IS NULL",
    "CREATE INDEX etf_changes_etf ON etf_changes (etf, changed_at)",
    """
    CREATE FUNCTION note_etf_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.name <> NEW.name THEN
            INSERT INTO etf_changes (etf, field, before, after) VALUES (NEW.code, 'name', OLD.name, NEW.name);
        END IF;
        IF OLD.fee_pct <> NEW.fee_pct THEN
            INSERT INTO etf_changes (etf, field, before, after)
            VALUES (NEW.code, 'fee', trim_scale(OLD.fee_pct)::text, trim_scale(NEW.fee_pct)::text);
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER etf_changed AFTER UPDATE OF name, fee_pct ON etfs
    FOR EACH ROW WHEN (OLD.name <> NEW.name OR OLD.fee_pct <> NEW.fee_pct)
    EXECUTE FUNCTION note_etf_change()
    """,
    # What administrators do. Rows are only ever added; whoever did it is named here as well, for accounts come and go.
    """
    CREATE TABLE audit_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        person uuid,
        actor text NOT NULL,
        action text NOT NULL CHECK (action ~ '^[a-z_.]+$'),
        subject text NOT NULL DEFAULT '',
        detail jsonb NOT NULL DEFAULT '{}'
    )
    """,
    # With an account goes all that was kept for it, wherever it lies.
    """
    CREATE FUNCTION forget_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
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
    "REVOKE ALL ON FUNCTION forget_person(), note_etf_change() FROM PUBLIC",
    "CREATE TRIGGER user_deleted AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION forget_person()",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON users, login_sessions, api_tokens, watchlist, delivery_preferences, discord_webhooks TO atlas_app",
    "GRANT SELECT, INSERT ON audit_log TO atlas_app",
    "GRANT SELECT ON etf_changes TO atlas_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON etf_changes TO atlas_loader",
    "GRANT SELECT ON watchlist, delivery_preferences TO atlas_loader",
    "GRANT SELECT (person) ON discord_webhooks TO atlas_loader",
    # What a person may do with their own.
    "GRANT USAGE ON SCHEMA public TO atlas_person",
    "GRANT SELECT (id, email, name, role, watchlist_seen_at, created_at), UPDATE (name, watchlist_seen_at) ON users TO atlas_person",
    "GRANT SELECT (id, person, created_at, seen_at, expires_at, device), DELETE ON login_sessions TO atlas_person",
    "GRANT SELECT (id, person, name, created_at, used_at, expires_at), INSERT, DELETE ON api_tokens TO atlas_person",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON watchlist, delivery_preferences, discord_webhooks TO atlas_person",
    "GRANT SELECT ON notifications TO atlas_person",
    "GRANT SELECT, DELETE ON discord_posts, discord_destinations TO atlas_person",
    "GRANT SELECT ON datasets, etfs, securities, security_codes, etf_former_names, daily_prices, etf_snapshots, etf_changes TO atlas_person",
)  # fmt: skip
OWN = {
    "users": f"id = {PERSON}",
    **dict.fromkeys(
        ("login_sessions", "api_tokens", "watchlist", "delivery_preferences", "discord_webhooks"), f"person = {PERSON}"
    ),
    "notifications": f"person IS NULL OR person = {PERSON}",
    **dict.fromkeys(("discord_posts", "discord_destinations"), f"destination = 'person:' || {PERSON}"),
}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table, condition in OWN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY serving ON {table} TO atlas_app, atlas_loader USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY own ON {table} TO atlas_person USING ({condition}) WITH CHECK ({condition})")
