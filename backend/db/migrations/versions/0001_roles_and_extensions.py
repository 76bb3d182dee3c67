"""roles and extensions

The roles exist before the first migration (backend/db/roles.py); this is what they find in a new database.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Functions that everybody may call by default and that a read-only query could misuse: lift its own limits, hold
# locks, sleep, signal, run SQL of its own, or stop another query. Apache AGE's typecasts reach them from Cypher.
MISUSABLE = r"""
    ^(set_config|pg_sleep|pg_sleep_for|pg_sleep_until|pg_notify|pg_cancel_backend|pg_terminate_backend
    |pg_(try_)?advisory_.*|pg_logical_emit_message|query_to_xml.*|cursor_to_xml.*|table_to_xml.*|schema_to_xml.*
    |database_to_xml.*|ts_stat|ts_rewrite|lo_.*|pg_export_snapshot|nextval|setval|pg_stat_get_activity)$
"""
# Apache AGE's own functions that change graphs.
GRAPH_CHANGING = (
    "^(create_graph.*|create_subgraph|drop_graph|alter_graph|create_vlabel|create_elabel|drop_label|load_.*_from_file"
    "|(age_)?create_.*_graph|age_.*_pg_upgrade.*|age_delete_global_graphs)$"
)


def upgrade() -> None:
    op.execute("RESET ROLE")
    for statement in ("vector SCHEMA public", "pg_trgm SCHEMA public", "age"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {statement}")
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA public TO atlas_app, atlas_loader, atlas_reader")
    op.execute("GRANT USAGE ON SCHEMA ag_catalog TO atlas_owner, atlas_app, atlas_loader, atlas_reader")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ag_catalog.ag_graph, ag_catalog.ag_label TO atlas_owner")
    op.execute("GRANT SELECT ON ag_catalog.ag_graph, ag_catalog.ag_label TO atlas_app, atlas_loader, atlas_reader")
    _reserve("pg_catalog", "".join(MISUSABLE.split()), "atlas_owner, atlas_app, atlas_loader")
    _reserve("ag_catalog", GRAPH_CHANGING, "atlas_owner")
    op.execute("SET ROLE atlas_owner")


def _reserve(schema: str, pattern: str, grantees: str) -> None:
    """Take the functions whose name matches away from everybody but the grantees."""
    op.execute(f"""
        DO $reserve$
        DECLARE routine regprocedure;
        BEGIN
            FOR routine IN
                SELECT oid::regprocedure
                FROM pg_proc
                WHERE pronamespace = '{schema}'::regnamespace
                AND prokind = 'f'
                AND proname ~ '{pattern}'
            LOOP
                EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
                EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {grantees}', routine);
            END LOOP;
        END
        $reserve$
    """)
