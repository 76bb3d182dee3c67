"""Run Cypher that a language model or a person wrote: guard, read-only role, time limit, row and size limits."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from agent.guard import check
from backend.db.engine import Database
from backend.errors import QueryFailed, Unavailable
from backend.graph.client import QueryTimeout, Result, run_cypher

READER = "atlas_reader"
MOST_BYTES = 4_000_000
# Seconds: how often a watch looks whether somebody cancelled, how much longer than its own limit the database has to
# stop a query, and how long it may take to obey a cancel.
_LOOK_EVERY = 0.05
_SLACK = 0.25
_GRACE = 2.0

log = structlog.get_logger(__name__)


class QueryCancelled(QueryFailed):
    """The query was cancelled before it ended."""

    slug = "query-cancelled"
    title_ko = "취소된 질의"


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
) -> Result:
    """Check Cypher text and run it as atlas_reader in a read-only transaction.

    At most `row_limit` rows and about `byte_limit` bytes come back, and `truncated` tells whether there was more. The
    query ends after `timeout_ms` or when `cancelled` is set, even if it got rid of the database's own time limit.

    Raises QueryRefused (with `advice`) before it runs; QueryTimeout, QueryCancelled, QueryFailed or Unavailable later.
    """
    check(cypher, graph)
    return run_as_reader(
        database,
        graph,
        cypher,
        parameters,
        timeout_ms=timeout_ms,
        row_limit=row_limit,
        byte_limit=byte_limit,
        cancelled=cancelled,
    )


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
) -> Result:
    """Do what run_guarded does, without its guard: for queries that this program wrote itself."""
    try:
        connection = database.engine(READER).connect()
    except SQLAlchemyError as error:
        raise Unavailable(f"no connection for {READER}: {error}", ko="데이터베이스에 연결할 수 없습니다.") from error
    # Closing rolls back, so that whatever the query changed in its session is gone before the next one.
    with connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(timeout_ms)}")
        with _Watch(connection, timeout_ms / 1000, cancelled):
            return run_cypher(connection, graph, cypher, parameters, limit=row_limit, byte_limit=byte_limit)


class _Watch:
    """Stops a connection's query from this side when its time is up or somebody cancelled it."""

    def __init__(self, connection: Connection, seconds: float, cancelled: threading.Event | None) -> None:
        self._connection = connection
        self._driver: psycopg.Connection = connection.connection.driver_connection
        self._deadline = time.monotonic() + seconds + _SLACK
        self._cancelled = cancelled or threading.Event()
        self._look_every = _LOOK_EVERY if cancelled else None
        self._ended = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._watch, name="query-watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._stopped:
            # A cancel that came too late would hit whatever runs next on this connection.
            self._connection.invalidate()
        if self._cancelled.is_set() and isinstance(error, QueryTimeout | Unavailable):
            raise QueryCancelled(ko="질의를 취소했습니다.") from error
        if self._stopped and isinstance(error, Unavailable):
            raise QueryTimeout(ko="질의가 제한 시간 안에 끝나지 않았습니다.") from error

    def _watch(self) -> None:
        while not self._ended.wait(self._pause()):
            if self._cancelled.is_set() or time.monotonic() >= self._deadline:
                self._stop()
                return

    def _pause(self) -> float:
        remaining = max(0.0, self._deadline - time.monotonic())
        return remaining if self._look_every is None else min(remaining, self._look_every)

    def _stop(self) -> None:
        self._stopped = True
        try:
            self._driver.cancel_safe(timeout=_GRACE)
        except psycopg.Error as error:
            log.warning("query_not_cancelled", error=str(error))
        if not self._ended.wait(_GRACE):
            # The server does not listen: hang up, so that at least this side goes on.
            with socket.socket(fileno=os.dup(self._driver.pgconn.socket)) as line:
                line.shutdown(socket.SHUT_RDWR)
