"""Cypher in, Python values out: the one place that calls AGE's `cypher()`."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from backend.errors import InvalidInput, QueryFailed, Unavailable
from backend.graph.agtype import decode, encode
from backend.graph.columns import column_names
from backend.graph.tokens import tokenize

_GRAPH_NAME = re.compile(r"[a-z][a-z0-9_]{2,62}")
_TAG_KEY = secrets.token_bytes(32)


class QueryTimeout(QueryFailed):
    """The query took longer than its time limit."""

    slug = "query-timeout"
    title_ko = "시간 초과"


@dataclass(frozen=True)
class Result:
    """What a query returned. `truncated` says that a row or size limit cut it."""

    columns: list[str]
    rows: list[tuple] = field(default_factory=list)
    truncated: bool = False

    def dicts(self) -> list[dict[str, Any]]:
        """Return each row as a dict by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def run_cypher(
    connection: Connection,
    graph: str,
    cypher: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    limit: int | None = None,
    byte_limit: int | None = None,
) -> Result:
    """Run one Cypher query in `graph` and return its rows as Python values (see backend.graph.agtype).

    `parameters` are what the query calls `$name`; they go to the server beside the query, never into its text. At most
    `limit` rows and about `byte_limit` bytes come back; `truncated` tells whether there was more. The connection's
    transaction is the caller's; a failed query leaves it aborted.

    Raises CypherSyntaxError for text that cannot be read, InvalidInput for parameters that cannot be sent,
    QueryTimeout, Unavailable, and QueryFailed with the database's own words, `hint`, `detail`, `sqlstate` and
    `position` (1 is the first character of the Cypher text).
    """
    call = _Call(graph, cypher, byte_limit)
    arguments: list[Any] = [encode(parameters or {})]
    if limit is not None:
        arguments.append(limit + 1)
    try:
        cursor = connection.exec_driver_sql(call.statement(limited=limit is not None), tuple(arguments))
        fetched = cursor.fetchall() if cursor.returns_rows else []
    except DBAPIError as error:
        raise call.failure(error) from error
    truncated = limit is not None and len(fetched) > limit
    fetched = fetched[:limit]
    if byte_limit is not None:
        within = [row for row in fetched if row[-1] <= byte_limit]
        truncated = truncated or len(within) < len(fetched)
        fetched = within
    width = len(call.columns)
    return Result(call.columns, [tuple(decode(value) for value in row[:width]) for row in fetched], truncated)


def explain(connection: Connection, graph: str, cypher: str, parameters: Mapping[str, Any] | None = None) -> list[str]:
    """Return PostgreSQL's plan of a Cypher query, line by line, without running it. Raises what run_cypher raises."""
    call = _Call(graph, cypher, None)
    try:
        rows = connection.exec_driver_sql(call.statement(verb="EXPLAIN "), (encode(parameters or {}),)).fetchall()
    except DBAPIError as error:
        raise call.failure(error) from error
    return [row[0] for row in rows]


def explain_json(
    connection: Connection, graph: str, cypher: str, parameters: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return PostgreSQL's plan of a Cypher query as its JSON has it, without running it. Raises what run_cypher raises."""
    call = _Call(graph, cypher, None)
    statement = call.statement(verb="EXPLAIN (FORMAT JSON) ")
    try:
        return connection.exec_driver_sql(statement, (encode(parameters or {}),)).scalar_one()[0]["Plan"]
    except DBAPIError as error:
        raise call.failure(error) from error


class _Call:
    """The SQL statement around one Cypher text."""

    def __init__(self, graph: str, cypher: str, byte_limit: int | None) -> None:
        if not _GRAPH_NAME.fullmatch(graph):
            raise InvalidInput(f"no graph can be called {graph!r}", ko=f"그래프 이름이 올바르지 않습니다: {graph}")
        tokens = tokenize(cypher)
        if tokens and tokens[-1].is_symbol(";"):
            # AGE does not know the semicolon that people end a query with.
            cypher, tokens = cypher[: tokens[-1].start], tokens[:-1]
        self.graph, self.cypher, self.byte_limit = graph, cypher, byte_limit
        self.columns = column_names(cypher, tokens)
        # The same text gets the same tag, so that psycopg prepares it; the key keeps the tag a secret of this process.
        self.tag = f"$c{blake2b(cypher.encode(), key=_TAG_KEY, digest_size=16).hexdigest()}$"
        if self.tag in cypher:
            raise InvalidInput("the query contains its own quoting", ko="질의문에 쓸 수 없는 문자열이 있습니다.")

    def statement(self, *, limited: bool = False, verb: str = "") -> str:
        self.sent = verb + self._select(limited)
        return self.sent

    def _select(self, limited: bool) -> str:
        # Percent signs are doubled because psycopg looks for placeholders in the whole statement.
        count = max(1, len(self.columns))
        names = [f"c{number}" for number in range(count)]
        definition = ", ".join(f"{name} agtype" for name in names)
        text = self.cypher.replace("%", "%%")
        source = f"cypher('{self.graph}', {self.tag}{text}{self.tag}, %s) AS ({definition})"
        limit = " LIMIT %s" if limited else ""
        if self.byte_limit is None:
            return f"SELECT * FROM {source}{limit}"
        # A running total of the bytes, so that what is past the limit never leaves the server.
        sizes = " + ".join(f"coalesce(pg_column_size({name}), 0)" for name in names)
        kept = ", ".join(f"CASE WHEN bytes <= {self.byte_limit} THEN {name} END" for name in names)
        return (
            f"SELECT {kept}, bytes FROM (SELECT *, sum({sizes}) OVER (ROWS UNBOUNDED PRECEDING) AS bytes"
            f" FROM (SELECT * FROM {source}{limit}) AS rows) AS sized"
        )

    def failure(self, error: DBAPIError) -> Exception:
        """Return our error for the database's, with positions counted in the Cypher text."""
        cause = error.orig
        lost = not isinstance(cause, psycopg.Error) or error.connection_invalidated or cause.sqlstate is None
        if lost or cause.sqlstate.startswith(("08", "57P")):
            return Unavailable(f"the database does not answer: {cause}", ko="데이터베이스가 응답하지 않습니다.")
        diagnosis = cause.diag
        message = diagnosis.message_primary or str(cause)
        extra: dict[str, Any] = {
            "sqlstate": cause.sqlstate,
            "hint": diagnosis.message_hint,
            "detail": diagnosis.message_detail,
        }
        if diagnosis.statement_position:
            start = self.sent.index(self.tag) + len(self.tag)
            position = int(diagnosis.statement_position) - start
            if 1 <= position <= len(self.cypher) + 1:
                extra["position"] = position
        given = {key: value for key, value in extra.items() if value is not None}
        if cause.sqlstate == "57014":
            return QueryTimeout(message, ko="질의가 제한 시간 안에 끝나지 않았습니다.", **given)
        return QueryFailed(message, ko=f"데이터베이스가 질의를 실행하지 못했습니다: {message}", **given)
