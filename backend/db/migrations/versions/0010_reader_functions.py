"""only functions without any effect for the reader

0001 took away what was known to be misusable. This leaves atlas_reader none of PostgreSQL's volatile functions but those
that tell the time or draw a number, so that a function which nobody thought of is refused as well, and none of those that
show what other sessions, or this one before, did.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HARMLESS = "^(random|random_normal|gen_random_uuid|uuidv4|uuidv7|clock_timestamp|timeofday|array_sample|array_shuffle)$"
# Not volatile, but they tell about sessions, their statements and the server.
TELLING = (
    "^(pg_stat_get_.*|pg_prepared_statement|pg_cursor|pg_lock_status|pg_hba_file_rules|pg_show_all_file_settings)$"
)
# What Cypher's writing clauses call; the reader may not write to a label either.
WRITING_CLAUSES = "^_cypher_(create|delete|merge|set)_clause$"
# pg_trgm keeps a threshold in the session.
SESSION_SETTINGS = "^set_limit$"


def upgrade() -> None:
    op.execute("RESET ROLE")
    _reserve("pg_catalog", f"(provolatile = 'v' AND proname !~ '{HARMLESS}') OR proname ~ '{TELLING}'", "pg_monitor")
    _reserve("ag_catalog", f"proname ~ '{WRITING_CLAUSES}'")
    _reserve("public", f"proname ~ '{SESSION_SETTINGS}'")
    op.execute("SET ROLE atlas_owner")


def _reserve(schema: str, condition: str, *others: str) -> None:
    """Take a schema's functions that fulfil the condition away from everybody but the roles that are not the reader.

    What only a superuser may call by default stays so.
    """
    grantees = ", ".join(("atlas_owner", "atlas_app", "atlas_loader", *others))
    op.execute(f"""
        DO $reserve$
        DECLARE routine regprocedure;
        BEGIN
            FOR routine IN
                SELECT oid::regprocedure
                FROM pg_proc
                WHERE pronamespace = '{schema}'::regnamespace
                AND prokind = 'f'
                AND has_function_privilege('atlas_reader', oid, 'EXECUTE')
                AND ({condition})
            LOOP
                EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
                EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {grantees}', routine);
            END LOOP;
        END
        $reserve$
    """)
