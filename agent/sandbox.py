"""Run Cypher that a language model or a person wrote: guard, read-only role, time limit, row and size limits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from agent.cypher.advice import advised
from agent.cypher.cost import check_cost
from agent.cypher.guard import check
from agent.cypher.watch import QueryCancelled, QueryWatch
from backend.db.engine import Database
from backend.errors import QueryFailed, Unavailable
from backend.graph import path_gate
from backend.graph.agtype import plain
from backend.graph.client import Result, run_cypher

READER = "atlas_reader"
MOST_BYTES = 4_000_000


def run_guarded(
    database: Database,
    graph: str,
    cypher: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    timeout_ms: int,
    row_limit: int,
    byte_limit: int = MOST_BYTES,
    cancelled: threading.Event | None = None,
    planned: bool = True,
) -> Result:
    """Check Cypher text and run it as atlas_reader in a read-only transaction.

    With `planned` PostgreSQL is asked first what the query would cost; queries that this program wrote need not be.
    At most `row_limit` rows and about `byte_limit` bytes come back, and `truncated` tells whether there was more;
    values are such as JSON can carry, nodes and edges are maps of their properties. The query ends after `timeout_ms`
    or when `cancelled` is set, even if it got rid of the database's own time limit.

    Raises QueryRefused before it runs; QueryTimeout, QueryCancelled, QueryTooLarge, QueryFailed or Unavailable later.
    All but the last say with `advice`, `near` and, where it can be told, `instead_of` and `write` how to repair it.
    """
    check(cypher, graph)
    try:
        return run_as_reader(
            database,
            graph,
            cypher,
            parameters,
            timeout_ms=timeout_ms,
            row_limit=row_limit,
            byte_limit=byte_limit,
            cancelled=cancelled,
            planned=planned,
        )
    except QueryCancelled:
        raise
    except QueryFailed as error:
        raise advised(error, cypher, graph) from error


def run_as_reader(
    database: Database,
    graph: str,
    cypher: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    timeout_ms: int,
    row_limit: int,
    byte_limit: int = MOST_BYTES,
    cancelled: threading.Event | None = None,
    planned: bool = False,
) -> Result:
    """Do what run_guarded does, without its guard: for queries that this program wrote itself."""
    walks = path_gate.walks_paths(cypher)
    try:
        connection = database.engine(READER).connect() if walks else database.reading(READER)
    except SQLAlchemyError as error:
        raise Unavailable(f"no connection for {READER}: {error}", ko="데이터베이스에 연결할 수 없습니다.") from error
    # Closing rolls back, so that whatever the query changed in its session is gone before the next one.
    with connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(timeout_ms)}")
        with QueryWatch(connection, timeout_ms / 1000, cancelled):
            if walks:
                path_gate.enter(connection, timeout_ms)
            if planned:
                check_cost(connection, graph, cypher, parameters)
            result = run_cypher(connection, graph, cypher, parameters, limit=row_limit, byte_limit=byte_limit)
    try:
        rows = [tuple(plain(value) for value in row) for row in result.rows]
    except RecursionError:
        raise QueryFailed("the result is nested too deep", ko="결과가 너무 깊게 중첩되어 있습니다.") from None
    return replace(result, rows=rows)
