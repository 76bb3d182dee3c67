"""Whether a streaming replica may be read: it answers, and has replayed what the primary wrote a moment ago.

The primary is asked for its place in the log about once a second, and the replica for its own. The lag is the age of the
oldest place that the replica has not reached. So a primary that writes nothing makes no lag, a cut connection between the
two shows as soon as something is written, and no two clocks are compared. While the primary itself is gone nothing is
written, and the replica goes on serving what there is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import psycopg
import structlog

from backend.errors import AtlasError

LOOK_EVERY_S = 1.0
_PRIMARY = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() - '0/0'::pg_lsn END"
_REPLICA = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() - '0/0'::pg_lsn END"
log = structlog.get_logger(__name__)

Connect = Callable[[], psycopg.Connection]


class ReplicaWatch:
    """Watches a replica in a thread of its own, which the first question starts; until it has looked, the answer is no."""

    def __init__(
        self,
        connect_primary: Connect,
        connect_replica: Connect,
        most_lag_s: float,
        *,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._primary = _Probe(connect_primary, _PRIMARY)
        self._replica = _Probe(connect_replica, _REPLICA)
        self._most_lag_s = most_lag_s
        self._look_every_s = look_every_s
        self._written: deque[tuple[float, int]] = deque()
        self._good = False
        self._reason = "not looked yet"
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def keeps_up(self) -> bool:
        """Say whether the replica may be read at this moment; never waits."""
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._stopped.is_set():
                    self._thread = threading.Thread(target=self._run, name="replica-watch", daemon=True)
                    self._thread.start()
        return self._good

    def failed(self, error: Exception) -> None:
        """Be told that the replica refused a connection: it is left alone until the next look."""
        self._judge(False, f"no connection: {str(error).splitlines()[0]}")

    def stop(self) -> None:
        """End the thread and its two connections."""
        self._stopped.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(2 * self._look_every_s)
        self._good = False

    def look(self) -> None:
        """Compare the two places in the log once."""
        now = time.monotonic()
        try:
            written = self._primary.place()
        except (psycopg.Error, AtlasError):
            written = None
        if written is not None and (not self._written or written > self._written[-1][1]):
            self._written.append((now, written))
        try:
            replayed = self._replica.place()
        except (psycopg.Error, AtlasError) as error:
            self._judge(False, f"it does not answer: {str(error).splitlines()[0]}")
            return
        if replayed is None:
            self._judge(False, "it is no replica")
            return
        while self._written and self._written[0][1] <= replayed:
            self._written.popleft()
        lag = now - self._written[0][0] if self._written else 0.0
        self._judge(lag <= self._most_lag_s, f"it is {lag:.0f} s behind")

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                self.look()
                self._stopped.wait(self._look_every_s)
        finally:
            self._primary.close()
            self._replica.close()

    def _judge(self, good: bool, reason: str) -> None:
        changed, self._good, self._reason = good != self._good, good, reason
        if changed and good:
            log.info("the replica serves market queries")
        elif changed:
            log.warning("the primary serves market queries instead of the replica", reason=reason)


class _Probe:
    """One connection that is asked for a place in the log, opened again whenever it is lost."""

    def __init__(self, connect: Connect, query: str) -> None:
        self._connect = connect
        self._query = query
        self._connection: psycopg.Connection | None = None

    def place(self) -> int | None:
        """Return the bytes of log up to where the server is, None where it is the other kind of server."""
        if self._connection is None:
            self._connection = self._connect()
            self._connection.execute("SET statement_timeout = '2s'")
        try:
            row = self._connection.execute(self._query).fetchone()
        except psycopg.Error:
            self.close()
            raise
        return None if row is None or row[0] is None else int(row[0])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
