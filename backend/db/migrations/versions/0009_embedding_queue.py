"""which examples wait for a vector of which model

A trigger fills the queue whenever the wordings of an example change; a worker takes jobs with SKIP LOCKED. The vectors that
are there keep serving meanwhile.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE embedding_models (
        model text PRIMARY KEY,
        ready boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE embedding_queue (
        example_id text NOT NULL REFERENCES cypher_examples (id) ON DELETE CASCADE,
        model text NOT NULL REFERENCES embedding_models (model) ON DELETE CASCADE,
        content_hash text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        error text,
        PRIMARY KEY (model, example_id)
    )
    """,
    "CREATE INDEX embedding_queue_due ON embedding_queue (due_at)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON embedding_models, embedding_queue TO atlas_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
