"""What is in a database's graphs and market tables, read past AGE: plain rows, for tests to compare."""

from __future__ import annotations

import json
from typing import Any

from psycopg import sql

from backend.db.engine import Database
from backend.graph.labels import GRAPHS

# Columns that say when or in which order something was written, not what.
INCIDENTAL = ("loaded_at", "started_at", "finished_at", "notified_at", "duration_ms", "id")
TABLES = (
    "datasets",
    "etfs",
    "securities",
    "security_codes",
    "etf_former_names",
    "daily_prices",
    "etf_snapshots",
    "collection_runs",
)


def nodes(database: Database, graph: str, label: str) -> list[dict[str, Any]]:
    """Return the properties of a label's nodes, in the order of their keys."""
    query = sql.SQL("SELECT properties::text FROM {}").format(sql.Identifier(graph, label))
    with database.connect() as connection:
        found = [json.loads(text) for (text,) in connection.execute(query)]
    return sorted(found, key=lambda values: [str(values[key]) for key in GRAPHS[graph].node(label).key])


def edges(database: Database, graph: str, edge: str) -> list[tuple[str | None, str | None, dict[str, Any]]]:
    """Return start and end (code or name; None where the node is missing) and properties of a type's edges, sorted."""
    query = sql.SQL(
        """
        SELECT s.properties::text, t.properties::text, e.properties::text
        FROM {edge} AS e
        LEFT JOIN {nodes} AS s ON s.id = e.start_id
        LEFT JOIN {nodes} AS t ON t.id = e.end_id
        """
    ).format(edge=sql.Identifier(graph, edge), nodes=sql.Identifier(graph, "_ag_label_vertex"))
    with database.connect() as connection:
        rows = connection.execute(query).fetchall()
    found = [(_key(start), _key(end), json.loads(properties)) for start, end, properties in rows]
    return sorted(found, key=lambda row: (str(row[0]), str(row[1]), json.dumps(row[2], sort_keys=True)))


def dangling(database: Database) -> int:
    """Return how many edges of both graphs lack one of their nodes."""
    count = 0
    with database.connect() as connection:
        for graph in GRAPHS:
            query = sql.SQL(
                """
                SELECT count(*)
                FROM {edges} AS e
                WHERE NOT EXISTS (SELECT FROM {nodes} AS n WHERE n.id = e.start_id)
                   OR NOT EXISTS (SELECT FROM {nodes} AS n WHERE n.id = e.end_id)
                """
            ).format(edges=sql.Identifier(graph, "_ag_label_edge"), nodes=sql.Identifier(graph, "_ag_label_vertex"))
            count += connection.execute(query).fetchone()[0]
    return count


def everything(database: Database) -> dict[str, list]:
    """Return all that a load writes, without ids and times, so that two databases can be compared."""
    contents: dict[str, list] = {}
    for name, graph in GRAPHS.items():
        for node in graph.nodes:
            contents[f"{name}.{node.name}"] = nodes(database, name, node.name)
        for edge in graph.edges:
            contents[f"{name}.{edge.name}"] = edges(database, name, edge.name)
    with database.connect() as connection:
        for table in TABLES:
            cursor = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            keep = [n for n, column in enumerate(cursor.description) if column.name not in INCIDENTAL]
            contents[table] = sorted(([row[n] for n in keep] for row in cursor), key=str)
    return contents


def _key(properties: str | None) -> str | None:
    if properties is None:
        return None
    values = json.loads(properties)
    return values.get("code", values.get("name"))
