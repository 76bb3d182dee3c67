"""graphs: labels, keys, indexes and who may read and write them

Names are written out here on purpose: a migration must keep doing what it did when `backend.graph.labels` moves on.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Node labels and the properties that identify one node.
NODES: dict[str, dict[str, tuple[str, ...]]] = {
    "etf_graph": {
        "ETF": ("code",),
        "Stock": ("code",),
        "Asset": ("code",),
        "Company": ("name",),
        "Tag": ("name",),
        "Index": ("name",),
        "Industry": ("name",),
    },
    "etf_history": {"ETF": ("code",), "Stock": ("code",), "Asset": ("code",), "Price": ("code", "date")},
}
# Edge types whose every pair of nodes has one edge at most, and those that have one a date.
EDGES_ONE_A_PAIR = {
    "etf_graph": ("HOLDS", "MANAGED_BY", "TAGGED", "TRACKS", "IN_INDUSTRY"),
    "etf_history": ("HAS_PRICE",),
}
EDGES_DATED = {"etf_graph": ("TRADED",), "etf_history": ("HELD", "TRADED")}
# Further properties that questions filter by.
SEARCHED = {"etf_graph": {"ETF": ("name",), "Stock": ("name",), "Tag": ("theme",)}, "etf_history": {}}


def upgrade() -> None:
    _create_operator_class()
    for graph in NODES:
        _create_graph(graph)
        for label, key in NODES[graph].items():
            _create_node_label(graph, label, key)
        for edge in EDGES_ONE_A_PAIR[graph]:
            _create_edge_type(graph, edge, dated=False)
        for edge in EDGES_DATED[graph]:
            _create_edge_type(graph, edge, dated=True)
        _grant(graph)
    # HOLDS is refreshed every day: room in each page keeps its updates from bloating it.
    op.execute('ALTER TABLE etf_graph."HOLDS" SET (fillfactor = 50)')


def _create_operator_class() -> None:
    """Order agtype in an index as its operators say.

    AGE's own class for btrees has > and >= in each other's place, so that through its indexes `n.date >= x` leaves out
    x itself and `n.date > x` lets it in. Only the administrator may make an operator class.
    """
    op.execute("RESET ROLE")
    op.execute(
        """
        DO $do$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_catalog.pg_opclass WHERE opcname = 'agtype_range_ops') THEN
            CREATE OPERATOR CLASS public.agtype_range_ops FOR TYPE ag_catalog.agtype USING btree AS
              OPERATOR 1 ag_catalog.<,
              OPERATOR 2 ag_catalog.<=,
              OPERATOR 3 ag_catalog.=,
              OPERATOR 4 ag_catalog.>=,
              OPERATOR 5 ag_catalog.>,
              FUNCTION 1 ag_catalog.agtype_btree_cmp(ag_catalog.agtype, ag_catalog.agtype);
          END IF;
        END $do$
        """
    )
    op.execute("SET ROLE atlas_owner")


def _create_graph(graph: str) -> None:
    op.execute(
        f"""
        DO $do$ BEGIN
          IF NOT EXISTS (SELECT FROM ag_catalog.ag_graph WHERE name = '{graph}') THEN
            PERFORM ag_catalog.create_graph('{graph}');
          END IF;
        END $do$
        """
    )


def _create_label(graph: str, label: str, create: str) -> None:
    op.execute(
        f"""
        DO $do$ BEGIN
          IF NOT EXISTS (
            SELECT FROM ag_catalog.ag_label AS l
            JOIN ag_catalog.ag_graph AS g ON g.graphid = l.graph
            WHERE g.name = '{graph}' AND l.name = '{label}'
          ) THEN
            PERFORM ag_catalog.{create}('{graph}', '{label}');
          END IF;
        END $do$
        """
    )
    # A load asks for thousands of ids at once.
    op.execute(f'ALTER SEQUENCE {graph}."{label}_id_seq" CACHE 1000')


def _create_node_label(graph: str, label: str, key: tuple[str, ...]) -> None:
    _create_label(graph, label, "create_vlabel")
    table = f'{graph}."{label}"'
    name = f"{graph}_{label}".lower()
    expressions = ", ".join(_indexed(prop) for prop in key)
    present = " AND ".join(f"{_property(prop)} IS NOT NULL" for prop in key)
    # Concurrent MERGE would make twins, and a unique index alone lets nodes without the key in.
    op.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_key ON {table} ({expressions})")
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}_key_present")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name}_key_present CHECK ({present})")
    # With age.enable_containment on, an inline map such as {code: '005930'} is a test that GIN alone serves. Prices are
    # too many to pay for that at every load, and are always reached through their key.
    if label != "Price":
        op.execute(f"CREATE INDEX IF NOT EXISTS {name}_properties ON {table} USING gin (properties)")
    for prop in SEARCHED[graph].get(label, ()):
        op.execute(f"CREATE INDEX IF NOT EXISTS {name}_{prop} ON {table} ({_indexed(prop)})")


def _create_edge_type(graph: str, edge: str, *, dated: bool) -> None:
    _create_label(graph, edge, "create_elabel")
    table = f'{graph}."{edge}"'
    name = f"{graph}_{edge}".lower()
    # A plain index that a composite one begins with serves nothing, and each further index slows every load.
    if not dated:
        op.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_pair ON {table} (start_id, end_id)")
        op.execute(f'DROP INDEX IF EXISTS {graph}."{edge}_start_id_idx"')
        return
    date = _indexed("date")
    op.execute(f"CREATE INDEX IF NOT EXISTS {name}_end_date ON {table} (end_id, {date})")
    op.execute(f"CREATE INDEX IF NOT EXISTS {name}_start_date ON {table} (start_id, {date})")
    op.execute(f"CREATE INDEX IF NOT EXISTS {name}_pair ON {table} (start_id, end_id)")
    op.execute(f'DROP INDEX IF EXISTS {graph}."{edge}_start_id_idx"')
    op.execute(f'DROP INDEX IF EXISTS {graph}."{edge}_end_id_idx"')


def _property(name: str) -> str:
    """Return the expression that AGE itself makes of `n.name` in a WHERE clause, so that an index on it is found."""
    return f"""ag_catalog.agtype_access_operator(properties, '"{name}"'::ag_catalog.agtype)"""


def _indexed(name: str) -> str:
    return f"{_property(name)} public.agtype_range_ops"


def _grant(graph: str) -> None:
    op.execute(f"GRANT USAGE ON SCHEMA {graph} TO atlas_app, atlas_loader, atlas_reader")
    op.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {graph} TO atlas_app, atlas_loader, atlas_reader")
    op.execute(f"GRANT INSERT, UPDATE, DELETE, TRUNCATE, MAINTAIN ON ALL TABLES IN SCHEMA {graph} TO atlas_loader")
    op.execute(f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {graph} TO atlas_loader")
