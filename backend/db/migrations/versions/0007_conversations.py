"""conversations and their turns

A turn is one question with its answer and how the answer came about. Personal data is masked before anything is stored.
Browsers choose the ids of conversations and runs, so both are told apart within one visitor only: whoever guesses an id
that another visitor uses finds nothing and disturbs nothing.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE conversations (
        visitor text NOT NULL,
        id text NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (visitor, id)
    )
    """,
    "COMMENT ON COLUMN conversations.visitor IS 'hash of the cookie of the browser it was asked in; nobody else may read it'",
    "CREATE INDEX conversations_newest ON conversations (visitor, created_at DESC)",
    """
    CREATE TABLE turns (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        visitor text NOT NULL,
        conversation_id text NOT NULL,
        run_id text NOT NULL CHECK (length(run_id) BETWEEN 1 AND 200),
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
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (visitor, run_id),
        FOREIGN KEY (visitor, conversation_id) REFERENCES conversations (visitor, id) ON DELETE CASCADE
    )
    """,
    "COMMENT ON COLUMN turns.examples IS 'ids of the nearest examples with their cosine similarity, best first'",
    "CREATE INDEX turns_conversation ON turns (visitor, conversation_id, id)",
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
    "ALTER TABLE cypher_examples ADD COLUMN trial text NOT NULL DEFAULT ''",
    "COMMENT ON COLUMN cypher_examples.trial IS 'somebody''s question that the example has to answer before it is promoted'",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON conversations, turns, feedback TO atlas_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
