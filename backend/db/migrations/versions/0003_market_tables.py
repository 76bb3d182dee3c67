"""market tables

What is known about the market beside the two graphs. Dates are trading days in Asia/Seoul, money is KRW, fees are % per
year.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = [
    # Which market is loaded: the sample that ships with the project, or somebody's files. At most one row.
    """
    CREATE TABLE datasets (
        singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        name text NOT NULL CHECK (name IN ('sample', 'files')),
        label text NOT NULL,
        as_of date NOT NULL,
        loaded_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE etfs (
        code text PRIMARY KEY CHECK (code ~ '^[0-9A-Z]{6}$'),
        isin text,
        name text NOT NULL,
        name_en text,
        brand text,
        company text,
        index_name text,
        leverage text,
        replication text,
        active boolean NOT NULL DEFAULT false,
        index_market text,
        asset_class text,
        category text,
        listed date,
        creation_unit bigint,
        fee_pct numeric,
        tax_type text,
        aum_krw bigint CHECK (aum_krw > 0),
        aum_date date,
        holdings_date date
    )
    """,
    # Everything an ETF holds that is no Korean ETF, under its canonical code.
    """
    CREATE TABLE securities (
        code text PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('stock', 'bond', 'cash', 'derivative', 'other')),
        name text NOT NULL,
        name_ko text,
        name_en text,
        isin text,
        market text,
        industry text
    )
    """,
    # Every code a source has used, and the security it means. Kind is in the key: a bond is never joined to a stock.
    """
    CREATE TABLE security_codes (
        code text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('stock', 'etf', 'bond', 'cash', 'derivative', 'other')),
        canonical text NOT NULL,
        PRIMARY KEY (code, kind)
    )
    """,
    "CREATE INDEX security_codes_canonical ON security_codes (canonical)",
    """
    CREATE TABLE etf_former_names (
        code text NOT NULL,
        name text NOT NULL,
        until date,
        PRIMARY KEY (code, name)
    )
    """,
    """
    CREATE TABLE daily_prices (
        code text NOT NULL,
        date date NOT NULL,
        open numeric,
        high numeric,
        low numeric,
        close numeric,
        nav numeric,
        volume bigint,
        value_krw bigint,
        aum_krw bigint,
        PRIMARY KEY (code, date)
    )
    """,
    "CREATE INDEX daily_prices_date ON daily_prices (date)",
    # One row for each basket that a source delivered. Gaps are recorded here alone, the others are in the graphs too.
    # `holdings` counts stocks, `constituents` everything but cash.
    """
    CREATE TABLE etf_snapshots (
        code text NOT NULL,
        date date NOT NULL,
        status text NOT NULL CHECK (status IN ('complete', 'partial', 'gap')),
        holdings integer NOT NULL,
        constituents integer NOT NULL,
        weight_sum numeric,
        reason text,
        content_hash text NOT NULL,
        PRIMARY KEY (code, date)
    )
    """,
    "CREATE INDEX etf_snapshots_date ON etf_snapshots (date)",
    """
    CREATE TABLE collection_runs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        source text NOT NULL CHECK (source IN ('sample', 'files', 'krx')),
        date date NOT NULL,
        status text NOT NULL CHECK (status IN ('loaded', 'rejected')),
        etfs integer NOT NULL DEFAULT 0,
        holdings integer NOT NULL DEFAULT 0,
        prices integer NOT NULL DEFAULT 0,
        trades integer NOT NULL DEFAULT 0,
        gaps integer NOT NULL DEFAULT 0,
        rejected integer NOT NULL DEFAULT 0,
        content_hash text,
        started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        finished_at timestamptz,
        notified_at timestamptz,
        UNIQUE (source, date)
    )
    """,
]

# Filling a table with indexes on it takes several times as long as filling it first. The loader owns no table, so it may
# take the indexes of etf_history."HELD" off and put them back through these two functions alone; what is off is remembered.
INDEX_FUNCTIONS = [
    """
    CREATE TABLE deferred_indexes (
        name text PRIMARY KEY,
        definition text NOT NULL
    )
    """,
    """
    CREATE FUNCTION defer_history_indexes() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $function$
    DECLARE
        index record;
    BEGIN
        FOR index IN
            SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
            FROM pg_index AS i
            JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE i.indrelid = 'etf_history."HELD"'::regclass
              AND NOT i.indisunique
        LOOP
            INSERT INTO public.deferred_indexes (name, definition)
            VALUES (index.name, index.definition)
            ON CONFLICT (name) DO UPDATE
            SET definition = excluded.definition;
            EXECUTE format('DROP INDEX etf_history.%I', index.name);
        END LOOP;
    END
    $function$
    """,
    """
    CREATE FUNCTION restore_history_indexes() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $function$
    DECLARE
        index record;
        restored integer := 0;
    BEGIN
        FOR index IN DELETE FROM public.deferred_indexes RETURNING name, definition LOOP
            IF to_regclass(format('etf_history.%I', index.name)) IS NULL THEN
                EXECUTE index.definition;
                restored := restored + 1;
            END IF;
        END LOOP;
        RETURN restored;
    END
    $function$
    """,
    "REVOKE ALL ON FUNCTION defer_history_indexes(), restore_history_indexes() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION defer_history_indexes(), restore_history_indexes() TO atlas_loader",
]

NAMES = (
    "datasets",
    "etfs",
    "securities",
    "security_codes",
    "etf_former_names",
    "daily_prices",
    "etf_snapshots",
    "collection_runs",
)


def upgrade() -> None:
    for statement in TABLES + INDEX_FUNCTIONS:
        op.execute(statement)
    tables = ", ".join(NAMES)
    op.execute(f"GRANT SELECT ON {tables} TO atlas_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON {tables} TO atlas_loader")


def downgrade() -> None:
    op.execute("DROP FUNCTION defer_history_indexes(), restore_history_indexes()")
    op.execute("DROP TABLE deferred_indexes")
    for name in reversed(NAMES):
        op.execute(f"DROP TABLE {name}")
