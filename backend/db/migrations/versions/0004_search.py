"""search names

Every spelling under which something of the market can be found. The forms are computed by `backend.market.spelling` and
`backend.market.hangul`; columns that hold them compare by code point, so that a prefix is a range of the index.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = [
    # Half of each page stays free, so that new sizes after a load are written beside the old without touching an index.
    """
    CREATE TABLE search_names (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('etf', 'stock', 'company', 'tag', 'index', 'group')),
        key text NOT NULL,
        name text NOT NULL,
        source text NOT NULL,
        spelling text NOT NULL,
        form text COLLATE "C" NOT NULL CHECK (form <> ''),
        letters text COLLATE "C",
        initials text COLLATE "C",
        bigrams text[],
        size real NOT NULL,
        UNIQUE (kind, key, form)
    ) WITH (fillfactor = 45)
    """,
    "CREATE INDEX search_names_form ON search_names (form)",
    "CREATE INDEX search_names_letters ON search_names (letters)",
    "CREATE INDEX search_names_initials ON search_names (initials)",
    # Codes have no letters: they are looked up whole or by their beginning. Long forms whose core has a row of its own
    # have no bigrams: they are found by their beginning, but not by a fragment or with a typing error.
    # A list of pending entries would be searched one by one, and a rebuild fills all at once: no fastupdate.
    """
    CREATE INDEX search_names_letters_trigrams ON search_names USING gin (letters gin_trgm_ops)
    WITH (fastupdate = off)
    WHERE bigrams IS NOT NULL
    """,
    """
    CREATE INDEX search_names_initials_trigrams ON search_names USING gin (initials gin_trgm_ops)
    WITH (fastupdate = off)
    """,
    "CREATE INDEX search_names_bigrams ON search_names USING gin (bigrams) WITH (fastupdate = off)",
    # What the names were last built from, so that a load which changes no name leaves them alone. At most one row.
    """
    CREATE TABLE search_builds (
        singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        content_hash text NOT NULL,
        names integer NOT NULL,
        built_at timestamptz NOT NULL DEFAULT now()
    )
    """,
]


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    op.execute("GRANT SELECT ON search_names, search_builds TO atlas_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON search_names, search_builds TO atlas_loader")


def downgrade() -> None:
    op.execute("DROP TABLE search_builds")
    op.execute("DROP TABLE search_names")
