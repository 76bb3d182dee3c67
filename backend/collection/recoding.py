"""Securities whose canonical code changes after they were loaded.

An equivalence that comes late joins two codes that are nodes already, and a stock can claim the code that a bond had until now.
The positions of earlier dates move along, so that one security stays one node.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import Cursor, sql

from backend.collection.label_tables import Nodes, table
from backend.graph.labels import HISTORY, MARKET

# Edge types that end at a security, and whether a pair has one edge a date rather than one in all.
POSITIONS = ((MARKET, "HOLDS", False), (MARKET, "TRADED", True), (HISTORY, "HELD", True), (HISTORY, "TRADED", True))
DATE = """ag_catalog.agtype_access_operator({}.properties, '"date"'::ag_catalog.agtype)"""


def make_room(cursor: Cursor, stocks: Iterable[str], nodes: dict[tuple[str, str], Nodes]) -> None:
    """Give what is no stock and has a stock's code the code with its kind in brackets."""
    cursor.execute(
        """
        UPDATE securities AS s
        SET code = code || ' (' || kind || ')'
        WHERE kind <> 'stock'
          AND code = ANY(%s)
          AND NOT EXISTS (SELECT FROM securities AS x WHERE x.code = s.code || ' (' || s.kind || ')')
        RETURNING left(code, -length(kind) - 3), code
        """,
        (sorted(stocks),),
    )
    for old, new in cursor.fetchall():
        cursor.execute(
            "UPDATE security_codes SET canonical = %s WHERE canonical = %s AND kind NOT IN ('stock', 'etf')", (new, old)
        )
        for graph in (MARKET, HISTORY):
            nodes[graph, "Asset"].recode(cursor, old, new)


def follow(cursor: Cursor, nodes: dict[tuple[str, str], Nodes]) -> None:
    """Move the positions of stocks that now go by another code to that code's node, and drop the empty nodes."""
    cursor.execute(
        """
        SELECT s.code, c.canonical
        FROM securities AS s
        JOIN security_codes AS c ON c.code = s.code AND c.kind = s.kind
        WHERE s.kind = 'stock' AND c.canonical <> s.code
        """
    )
    for old, new in cursor.fetchall():
        for graph, edge, dated in POSITIONS:
            stocks = nodes[graph, "Stock"].ids
            if old in stocks and new in stocks:
                _move(cursor, graph, edge, stocks[old], stocks[new], dated)
        _drop(cursor, old, nodes)


def _move(cursor: Cursor, graph: str, edge: str, old: int, new: int, dated: bool) -> None:
    """Move the edges that end at one node to another; where the pair has its edge already, both stay."""
    same_date = sql.SQL("AND " + DATE.format("x") + " = " + DATE.format("e")) if dated else sql.SQL("")
    cursor.execute(
        sql.SQL(
            """
            UPDATE {edges} AS e
            SET end_id = %(new)s::text::graphid
            WHERE e.end_id = %(old)s::text::graphid
              AND NOT EXISTS (
                SELECT FROM {edges} AS x
                WHERE x.start_id = e.start_id AND x.end_id = %(new)s::text::graphid {same_date}
              )
            """
        ).format(edges=table(graph, edge), same_date=same_date),
        {"old": str(old), "new": str(new)},
    )


def _drop(cursor: Cursor, code: str, nodes: dict[tuple[str, str], Nodes]) -> None:
    """Delete a stock that nothing refers to any more; one that something does stays as it is."""
    for graph in (MARKET, HISTORY):
        node = nodes[graph, "Stock"].ids.get(code)
        if node is None:
            continue
        cursor.execute(
            sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE end_id = %s::text::graphid)").format(
                sql.Identifier(graph, "_ag_label_edge")
            ),
            (str(node),),
        )
        if cursor.fetchone()[0]:
            return
    for graph in (MARKET, HISTORY):
        nodes[graph, "Stock"].delete(cursor, code)
    cursor.execute("DELETE FROM securities WHERE code = %s AND kind = 'stock'", (code,))
