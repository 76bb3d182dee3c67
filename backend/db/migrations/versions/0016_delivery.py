"""delivery: personal events on their way"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STATEMENTS = (
    # The hash tells one address from another, the hint lets its person recognise it; neither lets anybody post.
    """
    ALTER TABLE discord_webhooks
        ADD COLUMN address_hash text NOT NULL DEFAULT '',
        ADD COLUMN address_hint text NOT NULL DEFAULT '',
        ADD COLUMN tested_at timestamptz
    """,
    # Who switched it off decides who may switch it on. Whoever was served longest ago is served first.
    """
    ALTER TABLE discord_destinations
        ADD COLUMN switched_off_by text CHECK (switched_off_by IN ('discord', 'admin', 'secret')),
        ADD COLUMN served_at timestamptz
    """,
    "UPDATE discord_destinations SET switched_off_by = 'discord' WHERE switched_off_at IS NOT NULL",
    "DROP INDEX discord_posts_due",
    "CREATE INDEX discord_posts_open ON discord_posts (destination, id) WHERE state IN ('waiting', 'sending')",
    "GRANT INSERT, UPDATE ON discord_destinations TO atlas_person",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
