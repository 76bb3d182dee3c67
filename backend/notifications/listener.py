"""The one connection of this process on which PostgreSQL says that something has happened.

NOTIFY only says "look": what there is, is read from the table by id, and ids are in the order of commits. So nothing is
lost while the connection is away, and nothing is told twice.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

import orjson
import psycopg
import structlog
from prometheus_client import Counter, Gauge, Histogram
from psycopg.types.json import set_json_loads

from backend.db.engine import Database
from backend.notifications.event import Event
from backend.notifications.store import Notifications

CHANNELS = ("notifications", "new_collection")
"""What says "look"; channels that say something themselves are given to the listener."""
HEARTBEAT_S = 10.0
DEADLINE_S = 5.0
"""How often the table is looked at when nobody says anything, and how long any answer may take, seconds."""
LONGEST_PAUSE_S = 2.0
STEADY_AFTER_S = 5.0
"""A connection that lasted this long is missed only by accident: the next one is tried at once."""
BATCH = 100
"""Rows that are read at a time. Between two readings others get their turn: a load may tell twenty thousand alerts at once."""
# A dead network is found by the kernel too; a Unix socket ignores these.
KEEP_ALIVE = {
    "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 10_000,
}  # fmt: skip

CONNECTED = Gauge("atlas_notification_listener_connected", "Whether the listening connection stands: 1 or 0")
RECONNECTS = Counter("atlas_notification_listener_reconnects_total", "How often the listening connection was made anew")
LOOKED = Gauge(
    "atlas_notification_listener_lag_seconds", "Time since the table of notifications was last read in full, seconds"
)
DELAY = Histogram(
    "atlas_notification_delay_seconds",
    "From the writing of a notification until this process had it, by the database's clock, seconds",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 300),
)

_SINCE = """
    SELECT id, kind, date, subject, content, created_at, person,
           extract(epoch FROM clock_timestamp() - created_at)::float8
    FROM notifications
    WHERE id > %s
    ORDER BY id
    LIMIT %s
"""
# Everybody's newest rows, and the newest of all where that is somebody's own.
_NEWEST_ROWS = """
    SELECT * FROM (
        (SELECT id, kind, date, subject, content, created_at, person
         FROM notifications
         WHERE person IS NULL
         ORDER BY id DESC
         LIMIT %s)
        UNION ALL
        (SELECT * FROM (
            SELECT id, kind, date, subject, content, created_at, person FROM notifications ORDER BY id DESC LIMIT 1
         ) AS newest
         WHERE person IS NOT NULL)
    ) AS rows
    ORDER BY id DESC
"""
_STILL_THE_SAME = """
    SELECT (SELECT coalesce(max(id), 0) FROM notifications) >= %(id)s
       AND NOT EXISTS (SELECT FROM notifications WHERE id = %(id)s AND created_at <> %(created_at)s)
"""

log = structlog.get_logger(__name__)


class Listener:
    """Tells `on_events` of every row of `notifications` once, ids ascending, on the event loop; call `start` and `stop`.

    `on_begin` is told the newest id before the first event, and again when the ids have started over because the
    database was made anew. The store knows of an event before anybody is told of it.

    `hear` is what to call with the payload of each other channel; `on_found` is told whenever the connection stands again,
    because what such channels said meanwhile is lost.
    """

    def __init__(
        self,
        database: Database,
        store: Notifications,
        on_events: Callable[[list[Event]], None],
        *,
        on_begin: Callable[[int], None] = lambda _newest: None,
        hear: Mapping[str, Callable[[str], None]] | None = None,
        on_found: Callable[[], None] = lambda: None,
        heartbeat_s: float = HEARTBEAT_S,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._database = database
        self._store = store
        self._on_events = on_events
        self._on_begin = on_begin
        self._hear = dict(hear or {})
        self._on_found = on_found
        self._heartbeat_s = heartbeat_s
        self._deadline_s = deadline_s
        self._task: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection | None = None
        self._begun = asyncio.Event()
        self._looked_at = time.monotonic()
        self._lost_at: float | None = None
        self._tries = 0

    @property
    def connected(self) -> bool:
        """Whether this process hears of events at this moment."""
        return self._connection is not None

    @property
    def lag_s(self) -> float:
        """Seconds since the table was last read in full."""
        return time.monotonic() - self._looked_at

    def start(self) -> None:
        """Begin to listen, in a task of the running event loop."""
        LOOKED.set_function(lambda: self.lag_s)
        self._task = asyncio.create_task(self._run(), name="notification-listener")

    async def begun(self, within_s: float) -> bool:
        """Wait until the table has been read for the first time; returns whether it has been."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._begun.wait(), within_s)
        return self._begun.is_set()

    async def stop(self) -> None:
        """End within a second."""
        if self._task is None:
            return
        self._task.cancel()
        if self._connection is not None:
            _cut(self._connection)
        await asyncio.wait([self._task], timeout=1)

    async def _run(self) -> None:
        while True:
            try:
                async with self._connected() as connection:
                    since = time.monotonic()
                    try:
                        await self._follow(connection)
                    finally:
                        self._tries = 0 if time.monotonic() - since >= STEADY_AFTER_S else 1
            except (psycopg.Error, OSError) as error:
                self._lost(error)
            except Exception as error:
                # A defect must not end the task: no page would hear of anything until the next restart.
                if self._lost_at is None:
                    log.exception("notification_listener_failed")
                self._lost(error)
            await asyncio.sleep(self._pause())

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """Connect, listen, and read what was missed."""
        connection = await psycopg.AsyncConnection.connect(
            self._database.url("atlas_app"),
            autocommit=True,
            application_name="etf-atlas-listener",
            connect_timeout=max(2, round(self._deadline_s)),
            **KEEP_ALIVE,
        )
        set_json_loads(orjson.loads, connection)
        try:
            with self._deadline(connection):
                for channel in (*CHANNELS, *self._hear):
                    await connection.execute(f"LISTEN {channel}")
            # Only what is committed from here on is announced: now the table.
            await self._synchronise(connection)
            self._connection = connection
            CONNECTED.set(1)
            self._found()
            self._on_found()
            yield connection
        finally:
            self._connection = None
            CONNECTED.set(0)
            # Not `await close()`: a connection that was cut has nobody to say goodbye to.
            connection.pgconn.finish()

    async def _follow(self, connection: psycopg.AsyncConnection) -> None:
        """Look whenever told, and every now and then without being told."""
        while True:
            heard = [word async for word in connection.notifies(timeout=self._heartbeat_s, stop_after=1)]
            # What a burst has said meanwhile is answered by the same look.
            heard += [word async for word in connection.notifies(timeout=0)]
            told = [word for word in heard if word.channel in self._hear]
            if len(told) == len(heard) and heard and self.lag_s < self._heartbeat_s:
                self._tell_words(told)
                continue
            await self._look(connection)
            # After the events that were committed before.
            self._tell_words(told)

    def _tell_words(self, told: list[psycopg.Notify]) -> None:
        for word in told:
            try:
                self._hear[word.channel](word.payload)
            except Exception:
                log.exception("notification_word_failed", channel=word.channel)

    async def _look(self, connection: psycopg.AsyncConnection) -> None:
        """Tell of all rows that are newer than the newest one told."""
        more = True
        while more:
            with self._deadline(connection):
                cursor = await connection.execute(_SINCE, (self._store.known.id, BATCH))
                rows = await cursor.fetchall()
            for row in rows:
                DELAY.observe(max(0, row[-1]))
            self._tell([Event(*row[:-1]) for row in rows])
            more = len(rows) == BATCH
            if more:
                await asyncio.sleep(0)
        self._looked_at = time.monotonic()

    def _tell(self, events: list[Event]) -> None:
        added = self._store.known.add(events)
        if added:
            self._on_events(added)

    async def _synchronise(self, connection: psycopg.AsyncConnection) -> None:
        if self._begun.is_set() and await self._is_the_same(connection):
            await self._look(connection)
            return
        if self._begun.is_set():
            log.warning("the database was made anew: notifications start over", seen=self._store.known.id)
        with self._deadline(connection):
            cursor = await connection.execute(_NEWEST_ROWS, (self._store.known.kept,))
            rows = await cursor.fetchall()
        self._on_begin(self._store.begin([Event(*row) for row in reversed(rows)]))
        self._looked_at = time.monotonic()
        self._begun.set()

    async def _is_the_same(self, connection: psycopg.AsyncConnection) -> bool:
        """Say whether this is still the table that was read before.

        If its newest rows were removed it does not look so; starting over at the row before them tells nothing twice.
        """
        last = self._store.known.last
        if last is None:
            return True
        with self._deadline(connection):
            cursor = await connection.execute(_STILL_THE_SAME, {"id": last.id, "created_at": last.created_at})
            row = await cursor.fetchone()
        return bool(row and row[0])

    @contextmanager
    def _deadline(self, connection: psycopg.AsyncConnection) -> Iterator[None]:
        """Cut the connection unless the query within is answered in time.

        It then fails at once. Cancelling it would first ask the server that is silent.
        """
        cut = asyncio.get_running_loop().call_later(self._deadline_s, _cut, connection)
        try:
            yield
        finally:
            cut.cancel()

    def _lost(self, error: Exception) -> None:
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            log.warning("the database does not tell of events; connecting again", error=str(error).strip()[:300])

    def _found(self) -> None:
        if self._lost_at is not None:
            RECONNECTS.inc()
            log.info("the database tells of events again", after_s=round(time.monotonic() - self._lost_at, 1))
            self._lost_at = None

    def _pause(self) -> float:
        """Return how long to wait before the next try: not at all at first, then longer each time, and never in step with others."""
        self._tries += 1
        longest = min(LONGEST_PAUSE_S, 0.05 * 2 ** min(self._tries - 2, 10))
        return 0 if self._tries == 1 else random.uniform(longest / 2, longest)


def _cut(connection: psycopg.AsyncConnection) -> None:
    """Close both directions of the connection's socket: whoever waits for it is told so at once."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
