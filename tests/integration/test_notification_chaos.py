"""Whatever falls over between a commit and a reader: every event comes once, in the order of commits, and none is lost."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from signal import SIGKILL
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.db.private_server import PrivateServer
from backend.settings import Settings
from tests.event_reader import PATH, EventReader
from tests.web_process import WebProcess, serving

ADD = "SELECT add_notification('collection', NULL, '2026-07-08', %s, %s)"
# What is committed must survive a crash of the server, though not one of the machine.
DURABLE = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "60", "log_min_error_statement": "panic"}


@pytest.fixture(scope="module")
def own_server(session_folder: Path, prefix: Path) -> Iterator[PrivateServer]:
    """A PostgreSQL that a test may crash."""
    private = PrivateServer(session_folder / "chaos", prefix=prefix, options=DURABLE)
    private.start()
    yield private
    private.stop()


@pytest.fixture(scope="module")
def database(own_server: PrivateServer, settings: Settings) -> Iterator[Database]:
    opened = Database(own_server.url(), settings)
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def start_web(
    database: Database, session_folder: Path, free_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], WebProcess]:
    """A function that makes one more web server process on the database."""

    def make() -> WebProcess:
        log = tmp_path_factory.mktemp("web") / "server.log"
        return WebProcess(session_folder / "home", database.url(), free_port(), log, ATLAS_NOTIFICATION_PING_S="1")

    return make


@pytest.fixture(scope="module")
def web(start_web: Callable[[], WebProcess]) -> Iterator[WebProcess]:
    with serving(start_web()) as process:
        yield process


@pytest.fixture(scope="module")
def other_web(start_web: Callable[[], WebProcess]) -> Iterator[WebProcess]:
    with serving(start_web()) as process:
        yield process


class Writer:
    """Commits one event after the other in a thread until the `with` block ends, through every outage."""

    def __init__(self, database: Database, pause_s: float = 0.005) -> None:
        self._database = database
        self._pause_s = pause_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.written = 0

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(30)

    def await_more(self, events: int) -> None:
        """Wait until so many more events are committed."""
        wanted, deadline = self.written + events, time.monotonic() + 30
        while self.written < wanted:
            assert time.monotonic() < deadline, "nothing is committed any more"
            time.sleep(0.005)

    def _run(self) -> None:
        number = 0
        name = f"{time.monotonic_ns()}"
        while not self._stopped.is_set():
            try:
                with self._database.connect("atlas_app", autocommit=True) as connection:
                    while not self._stopped.is_set():
                        # Whether the last one was committed is not always known: it is told again, and stored once.
                        connection.execute(ADD, (f"{name}-{number}", Jsonb({"n": number})))
                        number += 1
                        self.written += 1
                        self._stopped.wait(self._pause_s)
            except psycopg.OperationalError:
                self._stopped.wait(0.05)


def stored_after(database: Database, id: int) -> list[int]:
    """Return the ids that are in the table, which is the truth."""
    with database.connect("atlas_app") as connection:
        rows = connection.execute("SELECT id FROM notifications WHERE id > %s ORDER BY id", (id,)).fetchall()
    return [row[0] for row in rows]


def newest(database: Database) -> int:
    return (stored_after(database, 0) or [0])[-1]


def terminate_listeners(connection: psycopg.Connection) -> int:
    """End the listening connections of all processes; returns how many there were."""
    rows = connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'etf-atlas-listener'"
    ).fetchall()
    return len(rows)


def test_the_listening_connection_is_terminated_again_and_again(web: WebProcess, database: Database) -> None:
    start = newest(database)
    with EventReader(web.address) as reader, database.connect(autocommit=True) as administrator:
        with Writer(database) as writer:
            for _ in range(20):
                writer.await_more(random.randint(1, 20))
                web.wait_for(lambda: terminate_listeners(administrator) > 0, "nobody listens any more", seconds=10)
        reader.wait_for_ids(stored_after(database, start))
        assert reader.connections == 1


@pytest.mark.parametrize("crash", [False, True], ids=["restarted", "crashed"])
def test_the_database_goes_and_comes_back(
    web: WebProcess, database: Database, own_server: PrivateServer, crash: bool
) -> None:
    start = newest(database)
    with EventReader(web.address) as reader:
        with Writer(database) as writer:
            for _ in range(2):
                writer.await_more(100)
                if crash:
                    own_server.kill()
                else:
                    own_server.stop()
                own_server.start()
            writer.await_more(100)
        reader.wait_for_ids(stored_after(database, start))
        assert reader.connections == 1


def test_the_web_server_is_killed_and_started_again(other_web: WebProcess, database: Database) -> None:
    start = newest(database)
    with EventReader(other_web.address) as reader:
        with Writer(database, pause_s=0.02) as writer:
            writer.await_more(50)
            other_web.end(SIGKILL)
            writer.await_more(50)
            other_web.start()
            other_web.ready()
            writer.await_more(50)
        reader.wait_for_ids(stored_after(database, start))
        assert reader.connections == 2


def test_a_reader_that_was_away_for_more_events_than_are_kept_in_memory(web: WebProcess, database: Database) -> None:
    start = newest(database)
    with EventReader(web.address) as reader, database.connect("atlas_app", autocommit=True) as connection:
        connection.execute(ADD, ("before", Jsonb({})))
        reader.wait_for_ids([start + 1])
    with database.connect("atlas_app") as connection, connection.cursor() as cursor:
        cursor.executemany(ADD, [(f"away-{number}", Jsonb({"n": number})) for number in range(1_200)])
    with Writer(database) as writer, EventReader(web.address, last_id=start + 1) as back:
        writer.await_more(100)
        # Half of them while it is being told of the others.
    with EventReader(web.address, last_id=start + 1) as later:
        later.wait_for_ids(stored_after(database, start + 1))
    assert back.ids == stored_after(database, start + 1)[: len(back.ids)]


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_a_reader_that_never_reads_harms_nobody(web: WebProcess, database: Database) -> None:
    start = newest(database)
    large = Jsonb({"text": random.Random(1).randbytes(20_000).hex()})
    parts = urlsplit(web.address)
    with socket.socket() as mute, EventReader(web.address) as reader:
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        mute.connect((parts.hostname, parts.port))
        mute.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        web.wait_for(lambda: web.metric("atlas_notification_streams_open") >= 2, "the stream did not open")
        before, dropped = resident_mb(web.pid), web.metric("atlas_notification_streams_dropped_total")
        slowest = 0.0
        with database.connect("atlas_app", autocommit=True) as connection:
            for number in range(500):
                committed = time.perf_counter()
                connection.execute(ADD, (f"large-{number}", large))
                if number % 50 == 0:
                    reader.wait_for(lambda wanted=number: len(reader.events) > wanted, "held up")
                    slowest = max(slowest, reader.arrived[number] - committed)
        reader.wait_for_ids(stored_after(database, start))
        web.wait_for(
            lambda: web.metric("atlas_notification_streams_dropped_total") > dropped, "it was not dropped", seconds=30
        )
        after = resident_mb(web.pid)
    assert slowest < 2
    # 20 MB went out twice, and the newest events stay in memory.
    assert after - before < 120, f"{before:.0f} MB became {after:.0f} MB"


def test_a_reader_that_changes_between_two_servers(web: WebProcess, other_web: WebProcess, database: Database) -> None:
    start = newest(database)
    readers = [EventReader(web.address, other_web.address, leave_after=7, wait_s=0) for _ in range(5)]
    with ExitStack() as reading:
        for reader in readers:
            reading.enter_context(reader)
        with Writer(database, pause_s=0) as writer:
            writer.await_more(500)
        for reader in readers:
            reader.wait_for_ids(stored_after(database, start))
            assert reader.connections > 20


def test_many_writers_at_once_of_which_some_take_it_back(web: WebProcess, database: Database) -> None:
    start = newest(database)

    def write(writer: int) -> None:
        chance = random.Random(writer)
        with database.connect("atlas_app") as connection:
            for number in range(60):
                connection.execute("SELECT pg_sleep(%s)", (chance.random() / 500,))
                connection.execute(ADD, (f"burst-{writer}-{number}", Jsonb({})))
                if chance.random() < 0.3:
                    connection.rollback()
                else:
                    connection.commit()

    with EventReader(web.address) as reader:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(write, range(8)))
        ids = stored_after(database, start)
        reader.wait_for_ids(ids)
    assert len(ids) < ids[-1] - start, "nothing was taken back"


def test_what_is_one_persons_reaches_nobody_else(web: WebProcess, database: Database) -> None:
    start = newest(database)
    mine = "SELECT add_notification('collection', %s, '2026-07-08', %s, '{}')"
    with EventReader(web.address) as live:
        with database.connect("atlas_app", autocommit=True) as connection:
            for number in range(10):
                connection.execute(mine, (UUID(int=number), "mine"))
                connection.execute(ADD, (f"between-{number}", Jsonb({})))
        public = stored_after(database, start)[1::2]
        live.wait_for_ids(public)
    with EventReader(web.address, last_id=start) as later:
        later.wait_for_ids(public)
