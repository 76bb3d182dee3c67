"""Limits of time and memory that a query cannot lift, and a way to cancel it: all work from this side of the connection."""

from __future__ import annotations

import os
import socket
import threading
import time

import psycopg
import structlog
from sqlalchemy import Connection

from agent.cypher.server_memory import ServerMemory
from backend.errors import QueryFailed, Unavailable
from backend.graph.client import QueryTimeout

# Seconds: how often a watch looks whether somebody cancelled, how much longer than its own limit the database has to
# stop a query, and how long it may take to obey a cancel.
_LOOK_EVERY = 0.05
_SLACK = 0.25
_GRACE = 2.0
# Bytes that a query may take in the server's memory, beyond what its session held before.
MOST_MEMORY = 512_000_000

log = structlog.get_logger(__name__)


class QueryCancelled(QueryFailed):
    """The query was cancelled before it ended."""

    slug = "query-cancelled"
    title_ko = "취소된 질의"


class QueryTooLarge(QueryFailed):
    """The query took more memory than a query may."""

    slug = "query-too-large"
    title_ko = "너무 큰 질의"


class QueryWatch:
    """Stops the queries that a connection runs within this context when `seconds` are over or `cancelled` is set.

    A query is stopped as well when the server's process takes too much memory for it, where that process runs on this
    machine. The query's error becomes QueryTimeout, QueryCancelled or QueryTooLarge, and the connection is not used again.
    """

    def __init__(self, connection: Connection, seconds: float, cancelled: threading.Event | None) -> None:
        self._connection = connection
        self._driver: psycopg.Connection = connection.connection.driver_connection
        self._deadline = time.monotonic() + seconds + _SLACK
        self._cancelled = cancelled or threading.Event()
        self._memory = ServerMemory(self._driver)
        self._too_large = False
        self._look_every = _LOOK_EVERY if cancelled or self._memory.known else None
        self._ended = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._watch, name="query-watch", daemon=True)

    def __enter__(self) -> None:
        if self._cancelled.is_set():
            raise QueryCancelled(ko="질의를 취소했습니다.")
        self._thread.start()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._stopped:
            # A cancel that came too late would hit whatever runs next on this connection.
            self._connection.invalidate()
        if self._cancelled.is_set() and isinstance(error, QueryTimeout | Unavailable):
            raise QueryCancelled(ko="질의를 취소했습니다.") from error
        if self._too_large and isinstance(error, QueryTimeout | Unavailable):
            raise QueryTooLarge(
                "the query took too much memory",
                ko="질의가 메모리를 너무 많이 씁니다.",
                advice="Aggregate with count, sum or max instead of collecting, and filter before you join.",
            ) from error
        if self._stopped and isinstance(error, Unavailable):
            raise QueryTimeout(ko="질의가 제한 시간 안에 끝나지 않았습니다.") from error

    def _watch(self) -> None:
        while not self._ended.wait(self._pause()):
            self._too_large = self._memory.taken() > MOST_MEMORY
            if self._too_large or self._cancelled.is_set() or time.monotonic() >= self._deadline:
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
            self._hang_up()

    def _hang_up(self) -> None:
        """Close the line to a server that does not listen, so that at least this side goes on."""
        try:
            with socket.socket(fileno=os.dup(self._driver.pgconn.socket)) as line:
                line.shutdown(socket.SHUT_RDWR)
        except (psycopg.Error, OSError) as error:
            log.warning("connection_already_gone", error=str(error))
