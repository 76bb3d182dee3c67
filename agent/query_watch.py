"""A time limit that a query cannot lift, and a way to cancel it: both work from this side of the connection."""

from __future__ import annotations

import os
import socket
import threading
import time

import psycopg
import structlog
from sqlalchemy import Connection

from backend.errors import QueryFailed, Unavailable
from backend.graph.client import QueryTimeout

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


class QueryWatch:
    """Stops the queries that a connection runs within this context when `seconds` are over or `cancelled` is set.

    The query's error becomes QueryTimeout or QueryCancelled, and the connection is not used again.
    """

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
            self._hang_up()

    def _hang_up(self) -> None:
        """Close the line to a server that does not listen, so that at least this side goes on."""
        try:
            with socket.socket(fileno=os.dup(self._driver.pgconn.socket)) as line:
                line.shutdown(socket.SHUT_RDWR)
        except (psycopg.Error, OSError) as error:
            log.warning("connection_already_gone", error=str(error))
