"""conversations and their turns

A turn is one question with its answer and how the answer came about. Personal data is masked before anything is stored.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE conversations (
        id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
        visitor text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "COMMENT ON COLUMN conversations.visitor IS 'whose browser it was asked in: nobody else may read it'",
    """
    CREATE TABLE turns (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        conversation_id text NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        run_id text NOT NULL UNIQUE CHECK (length(run_id) BETWEEN 1 AND 200),
        question text NOT NULL,
        masked text NOT NULL DEFAULT '',
        status text NOT NULL CHECK (status IN ('answered', 'refused', 'clarify', 'failed', 'cancelled')),
        source text CHECK (source IN ('verified', 'reading', 'model')),
        answer text NOT NULL,
        tables jsonb NOT NULL DEFAULT '[]',
        cypher text[] NOT NULL DEFAULT '{}',
        suggestions text[] NOT NULL DEFAULT '{}',
        example text,
        examples jsonb NOT NULL DEFAULT '[]',
        dataset text,
        as_of date,
        model text NOT NULL,
        prompt_version integer,
        elapsed_ms integer NOT NULL CHECK (elapsed_ms >= 0),
        stages_ms jsonb NOT NULL DEFAULT '{}',
        prompt_tokens integer NOT NULL DEFAULT 0,
        completion_tokens integer NOT NULL DEFAULT 0,
        cost_usd numeric(12, 6) NOT NULL DEFAULT 0,
        tries integer NOT NULL DEFAULT 0,
        errors text[] NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "COMMENT ON COLUMN turns.examples IS 'ids of the nearest examples with their cosine similarity, best first'",
    "CREATE INDEX turns_conversation ON turns (conversation_id, id)",
    """
    CREATE TABLE feedback (
        turn_id bigint PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
        verdict text NOT NULL CHECK (verdict IN ('up', 'down')),
        reason text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    # Where a promoted example came from.
    "ALTER TABLE cypher_examples ADD COLUMN turn_id bigint REFERENCES turns (id) ON DELETE SET NULL",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON conversations, turns, feedback TO atlas_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
