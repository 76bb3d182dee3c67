"""search subjects: how each thing was written when its names were last computed

A load then computes the names of what is new or written otherwise, and of nothing else.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE search_subjects (
            kind text NOT NULL,
            key text NOT NULL,
            signature text NOT NULL,
            PRIMARY KEY (kind, key)
        )
        """
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON search_subjects TO atlas_loader")


def downgrade() -> None:
    op.execute("DROP TABLE search_subjects")
