"""Rows straight into AGE's label tables.

Cypher's MERGE writes some two thousand edges a second; a label table is a table, and COPY writes hundreds of
thousands. What Cypher would do for us is done here: ids (the label's number and the next number of its sequence),
keys that stay unique (an index), and no edge without both of its ends (every id comes from the node tables).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import polars as pl
from psycopg import Cursor, sql

from backend.graph.labels import GRAPHS

# An id is the label's number and, below it, the number within the label.
ENTRY_BITS = 48


def table(graph: str, label: str) -> sql.Identifier:
    """Return the name of a label's table."""
    return sql.Identifier(graph, label)


def label_numbers(cursor: Cursor) -> dict[tuple[str, str], int]:
    """Return the number of every label by graph and label."""
    cursor.execute(
        """
        SELECT g.name::text, l.name::text, l.id
        FROM ag_catalog.ag_label AS l
        JOIN ag_catalog.ag_graph AS g ON g.graphid = l.graph
        WHERE g.name = ANY(%s::name[])
        """,
        (list(GRAPHS),),
    )
    return {(graph, label): number for graph, label, number in cursor}


def reserve(cursor: Cursor, graph: str, label: str, number: int, count: int) -> int:
    """Take `count` consecutive ids of a label and return the first. Loaders do this one at a time."""
    name = f"{label}_id_seq"
    sequence = sql.Identifier(graph, name)
    cursor.execute(
        sql.SQL("SELECT setval({}::regclass, last_value + %s - CASE WHEN is_called THEN 0 ELSE 1 END) FROM {}").format(
            sql.Literal(f'{graph}."{name}"'), sequence
        ),
        (count,),
    )
    last = cursor.fetchone()[0]
    return (number << ENTRY_BITS) + last - count + 1


def as_lines(rows: pl.DataFrame) -> bytes:
    """Return rows in PostgreSQL's text format. Their texts hold no tab, line break or backslash."""
    return rows.write_csv(include_header=False, separator="\t", quote_style="never").encode()


def copy_lines(cursor: Cursor, target: sql.Composable, columns: Sequence[str], lines: bytes) -> None:
    """COPY ready lines of PostgreSQL's text format into a table."""
    if not lines:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(target, names)) as copy:
        copy.write(lines)


def copy_rows(cursor: Cursor, target: sql.Composable, columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """COPY rows of Python values into a table."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(target, names)) as copy:
        for row in rows:
            copy.write_row(row)


def properties(**values: pl.Expr) -> pl.Expr:
    """Return the expression of a properties map from those of JSON values; a null value leaves its property out."""
    parts = [pl.concat_str(pl.lit(f', "{name}": '), value).fill_null("") for name, value in values.items()]
    inner = pl.concat_str(parts)
    return pl.concat_str(pl.lit("{"), inner.str.slice(2), pl.lit("}"))


def text_value(column: str) -> pl.Expr:
    """Return the JSON value of a column of plain text or dates, without anything that JSON would escape."""
    return pl.concat_str(pl.lit('"'), pl.col(column).cast(pl.String), pl.lit('"'))


def number_value(column: str) -> pl.Expr:
    """Return the JSON value of a column of numbers."""
    return pl.col(column).cast(pl.String)


def to_agtype(values: Mapping[str, object]) -> str:
    """Return a properties map as text; None leaves its property out."""
    return json.dumps({name: value for name, value in values.items() if value is not None}, ensure_ascii=False)


class Nodes:
    """The nodes of one label: id and properties by key, kept level with the table."""

    def __init__(self, cursor: Cursor, graph: str, label: str, number: int) -> None:
        self.graph, self.label, self.number = graph, label, number
        self._key = GRAPHS[graph].node(label).key[0]
        self.ids: dict[str, int] = {}
        self.properties: dict[str, dict] = {}
        cursor.execute(sql.SQL("SELECT id::text, properties::text FROM {}").format(table(graph, label)))
        for node_id, text in cursor:
            values = json.loads(text)
            self.ids[values[self._key]] = int(node_id)
            self.properties[values[self._key]] = values

    def sync(self, cursor: Cursor, wanted: Mapping[str, Mapping[str, object]]) -> list[str]:
        """Create missing nodes, give the others the wanted properties, and return the keys that are new."""
        given = {key: {n: v for n, v in values.items() if v is not None} for key, values in wanted.items()}
        new = sorted(key for key in given if key not in self.ids)
        changed = {key: values for key, values in given.items() if key in self.ids and values != self.properties[key]}
        if new:
            first = reserve(cursor, self.graph, self.label, self.number, len(new))
            self.ids.update(zip(new, range(first, first + len(new)), strict=True))
            rows = [(self.ids[key], to_agtype(given[key])) for key in new]
            copy_rows(cursor, table(self.graph, self.label), ("id", "properties"), rows)
            self.properties.update((key, given[key]) for key in new)
        self.update(cursor, changed)
        return new

    def update(self, cursor: Cursor, changed: Mapping[str, Mapping[str, object]]) -> None:
        """Replace the properties of existing nodes."""
        if not changed:
            return
        copy_rows(
            cursor,
            sql.Identifier("node_feed"),
            ("id", "properties"),
            [(self.ids[key], to_agtype(values)) for key, values in sorted(changed.items())],
        )
        cursor.execute(
            sql.SQL(
                """
                UPDATE {} AS n
                SET properties = f.properties
                FROM node_feed AS f
                WHERE n.id = f.id
                """
            ).format(table(self.graph, self.label))
        )
        cursor.execute("DELETE FROM node_feed")
        self.properties.update((key, dict(values)) for key, values in changed.items())

    def recode(self, cursor: Cursor, old: str, new: str) -> None:
        """Give a node another key, if there is one."""
        if old not in self.ids:
            return
        self.ids[new] = self.ids.pop(old)
        self.properties[new] = self.properties.pop(old)
        self.update(cursor, {new: self.properties[new] | {self._key: new}})

    def delete(self, cursor: Cursor, key: str) -> None:
        """Delete a node and its own edges, if there is one; edges that end at it are the caller's business."""
        node = self.ids.pop(key, None)
        if node is None:
            return
        del self.properties[key]
        for name in ("_ag_label_edge", self.label):
            column = "start_id" if name == "_ag_label_edge" else "id"
            cursor.execute(
                sql.SQL("DELETE FROM {} WHERE {} = %s::text::graphid").format(
                    sql.Identifier(self.graph, name), sql.Identifier(column)
                ),
                (str(node),),
            )


def sync_edges(cursor: Cursor, graph: str, edge: str, starts: Iterable[int], wanted: set[tuple[int, int]]) -> None:
    """Make the edges of one type that leave `starts` exactly the wanted pairs; they have no properties."""
    copy_rows(cursor, sql.Identifier("pair_feed"), ("start_id", "end_id"), sorted(wanted))
    cursor.execute(
        sql.SQL(
            """
            DELETE FROM {} AS e
            WHERE e.start_id::text::bigint = ANY(%s)
              AND NOT EXISTS (SELECT FROM pair_feed AS f WHERE f.start_id = e.start_id AND f.end_id = e.end_id)
            """
        ).format(table(graph, edge)),
        (list(starts),),
    )
    cursor.execute(
        sql.SQL(
            """
            INSERT INTO {} (start_id, end_id, properties)
            SELECT start_id, end_id, '{{}}'
            FROM pair_feed
            ON CONFLICT (start_id, end_id) DO NOTHING
            """
        ).format(table(graph, edge))
    )
    cursor.execute("DELETE FROM pair_feed")


def create_feeds(cursor: Cursor) -> None:
    """Create the session's staging tables, empty at the start of each transaction."""
    for name, columns in (
        ("node_feed", "id graphid, properties agtype"),
        ("pair_feed", "start_id graphid, end_id graphid"),
        ("holds_feed", "start_id graphid, end_id graphid, properties agtype"),
        ("snapshot_feed", "start_id graphid, date agtype"),
        ("watched_feed", "etf text, has_basket boolean, has_price boolean"),
        (
            "moved_feed",
            "etf text, label text, code text, action text, shares_change numeric, weight_before numeric, weight_after numeric",
        ),
    ):
        cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({columns}) ON COMMIT DELETE ROWS")
