"""examples"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE cypher_examples (
        id text PRIMARY KEY,
        kind text NOT NULL,
        lang text NOT NULL CHECK (lang IN ('ko', 'en')),
        question text NOT NULL,
        paraphrases text[] NOT NULL DEFAULT '{}',
        masked text[] NOT NULL,
        graph text NOT NULL CHECK (graph IN ('etf_graph', 'etf_history')),
        cypher text NOT NULL,
        slots jsonb NOT NULL DEFAULT '[]',
        lookups jsonb NOT NULL DEFAULT '[]',
        title text NOT NULL DEFAULT '',
        answer jsonb NOT NULL,
        answer_empty jsonb NOT NULL DEFAULT '[]',
        suggestions text[] NOT NULL DEFAULT '{}',
        status text NOT NULL DEFAULT 'verified' CHECK (status IN ('candidate', 'verified', 'retired')),
        source text NOT NULL DEFAULT 'seed' CHECK (source IN ('seed', 'feedback')),
        content_hash text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CHECK (cardinality(masked) = cardinality(paraphrases) + 1)
    )
    """,
    "COMMENT ON COLUMN cypher_examples.masked IS 'every wording with names and numbers replaced by their kind'",
    """
    CREATE TABLE example_embeddings (
        example_id text NOT NULL REFERENCES cypher_examples (id) ON DELETE CASCADE,
        text_no integer NOT NULL CHECK (text_no >= 0),
        model text NOT NULL,
        embedding vector(1536) NOT NULL,
        PRIMARY KEY (model, example_id, text_no)
    )
    """,
    # 6 kB fit into a page; kept out of TOAST they are read by one sequential scan.
    "ALTER TABLE example_embeddings ALTER COLUMN embedding SET STORAGE PLAIN",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON cypher_examples, example_embeddings TO atlas_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
