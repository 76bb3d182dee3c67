"""what language models were asked, by asker and day"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE model_usage (
        asker text NOT NULL,
        day date NOT NULL,
        requests integer NOT NULL DEFAULT 0,
        prompt_tokens bigint NOT NULL DEFAULT 0,
        completion_tokens bigint NOT NULL DEFAULT 0,
        cost_usd numeric(12, 6) NOT NULL DEFAULT 0,
        PRIMARY KEY (day, asker)
    )
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON model_usage TO atlas_app",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
