"""market tables

What is known about the market beside the two graphs. Dates are trading days in Asia/Seoul, money is KRW, fees are % per year.
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
    # Every code a source has used, and the security it means. Kind is part of the key: a bond is never joined to a stock.
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
    for statement in TABLES:
        op.execute(statement)
    tables = ", ".join(NAMES)
    op.execute(f"GRANT SELECT ON {tables} TO atlas_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON {tables} TO atlas_loader")


def downgrade() -> None:
    for name in reversed(NAMES):
        op.execute(f"DROP TABLE {name}")
