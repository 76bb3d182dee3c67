"""What the tests share: a PostgreSQL server of their own, databases on it, and the web application."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from browser import browser, built_page, open_page  # noqa: F401 (fixtures)
from psycopg import sql

from backend.db.engine import Database
from backend.db.migrate import grant_on_database, upgrade
from backend.db.private_account import Account
from backend.db.private_server import PrivateServer
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = Path(os.environ.get("ATLAS_TEST_DATA") or ROOT.parent / "shared" / "data")
REAL_DATA_UNTIL = date(2026, 7, 8)
SESSION_PREFIX = "atlas-test-"
TEMPLATE = "atlas_template"
# Durability is worth nothing to a database that ends with the session.
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "max_connections": "200",
    "log_min_error_statement": "panic",
}


@pytest.fixture(scope="session")
def test_home() -> Path:
    """The folder that outlives a session, so that packages are not fetched for each run."""
    chosen = os.environ.get("ATLAS_TEST_HOME")
    if chosen:
        return Path(chosen).absolute()
    caches = Path("/var/cache") if os.geteuid() == 0 else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return caches.expanduser().absolute() / "etf-atlas-tests"


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """A folder with a short path that the server's account can enter, gone after the session."""
    _remove_abandoned_sessions()
    folder = Path(tempfile.mkdtemp(prefix=SESSION_PREFIX))
    folder.chmod(0o755)
    (folder / "pid").write_text(str(os.getpid()), encoding="ascii")
    yield folder
    shutil.rmtree(folder)


def _remove_abandoned_sessions() -> None:
    """Stop and remove the servers of sessions that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SESSION_PREFIX}*"):
        pid = folder / "pid"
        try:
            ours = folder.owner() == Path("/proc/self").owner()
            running = ours and Path("/proc", pid.read_text(encoding="ascii")).exists()
        except FileNotFoundError:
            # Another session begins or ends at this moment.
            continue
        if ours and not running:
            _server(folder / "home", None).kill()
            shutil.rmtree(folder)


def _server(home: Path, prefix: Path | None) -> PrivateServer:
    return PrivateServer(home, prefix=prefix, options=THROWAWAY)


@pytest.fixture(scope="session")
def prefix(test_home: Path) -> Path:
    """Where PostgreSQL's programs lie, fetched by the first test session on this machine."""
    test_home.mkdir(parents=True, exist_ok=True)
    if not Account.current().can_enter(test_home):
        pytest.fail(f"the account that runs PostgreSQL cannot enter {test_home}: set ATLAS_TEST_HOME to another folder")
    return test_home / "postgresql-18"


@pytest.fixture(scope="session")
def server(session_folder: Path, prefix: Path) -> Iterator[PrivateServer]:
    """A running PostgreSQL with Apache AGE, pgvector and pg_trgm."""
    private = _server(session_folder / "home", prefix)
    private.start()
    yield private
    private.stop()


@pytest.fixture(scope="session")
def settings(session_folder: Path) -> Settings:
    """Settings of an installation below the session's folder, whatever the environment says."""
    home = session_folder / "home"
    return Settings(home=home, database_url=None, model="offline", chat_workers=0, discord_webhook_url=None)


@pytest.fixture(scope="session")
def _template(server: PrivateServer, settings: Settings) -> str:
    with _database(server, settings, name=TEMPLATE, template="template1") as database:
        upgrade(database)
    return TEMPLATE


@contextmanager
def _database(server: PrivateServer, settings: Settings, *, name: str, template: str) -> Iterator[Database]:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    database = Database(server.url(name), settings)
    if template == TEMPLATE:
        # A copy has what is in a database, but not the rights on the database itself.
        with database.connect(autocommit=True) as connection:
            grant_on_database(connection)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def new_database(server: PrivateServer, settings: Settings, _template: str) -> Iterator[Callable[[], Database]]:
    """A function that makes one more migrated, empty database; all are dropped at the end of the session."""
    databases: list[Database] = []

    def make() -> Database:
        name = f"test_{len(databases)}"
        with _database(server, settings, name=name, template=_template) as database:
            databases.append(database)
        return database

    yield make
    for database in databases:
        database.dispose()


def _drop(server: PrivateServer, database: Database) -> None:
    database.dispose()
    name = psycopg.conninfo.conninfo_to_dict(database.url())["dbname"]
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def empty_database(server: PrivateServer, new_database: Callable[[], Database]) -> Iterator[Database]:
    """A migrated database without a market, fresh for each test."""
    database = new_database()
    yield database
    _drop(server, database)


@pytest.fixture(scope="session")
def sample_database(new_database: Callable[[], Database]) -> Database:
    """The sample market with the verified examples stored. Shared by all tests: treat it as read-only."""
    from backend.collection.load import load_sample

    database = new_database()
    load_sample(database)
    _store_examples(database)
    return database


@pytest.fixture(scope="session")
def chat_database(new_database: Callable[[], Database]) -> Database:
    """A sample market of its own, in which chats may be stored and examples promoted."""
    from backend.collection.load import load_sample

    database = new_database()
    load_sample(database)
    _store_examples(database)
    return database


@pytest.fixture(scope="session")
def real_database(new_database: Callable[[], Database], real_data: Path, tmp_path_factory: Any) -> Database:
    """The real market with the holdings of 12 ETFs on three dates, until 2026-07-08. Treat it as read-only."""
    folder = tmp_path_factory.mktemp("small")
    for path in real_data.glob("*.csv"):
        (folder / path.name).symlink_to(path)
    return _loaded(new_database(), folder)


@pytest.fixture(scope="session")
def full_real_database(new_database: Callable[[], Database], real_data: Path, tmp_path_factory: Any) -> Database:
    """All of the real market until 2026-07-08; loading it takes most of a minute. Treat it as read-only."""
    folder = tmp_path_factory.mktemp("full")
    for path in [*real_data.glob("*.csv"), *real_data.glob("*.csv.gz")]:
        if path.name != "holdings_small.csv":
            (folder / path.name).symlink_to(path)
    return _loaded(new_database(), folder)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real market data; ATLAS_TEST_DATA says where it lies."""
    if not (REAL_DATA / "etfs.csv").is_file():
        message = f"THE REAL MARKET DATA IS MISSING: there is no {REAL_DATA / 'etfs.csv'}; set ATLAS_TEST_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return REAL_DATA


def _loaded(database: Database, folder: Path) -> Database:
    from backend.collection.load import load_files

    load_files(database, folder, until=REAL_DATA_UNTIL)
    _store_examples(database)
    return database


def _store_examples(database: Database) -> None:
    from agent.examples import store

    with database.engine("atlas_app").begin() as connection:
        store(connection)


@pytest.fixture(scope="session")
def client(sample_database: Database, settings: Settings) -> Iterator[Any]:
    """A client of the web application on the sample market, in this process."""
    from fastapi.testclient import TestClient

    from backend.app import create_app

    with TestClient(create_app(sample_database, settings)) as test_client:
        yield test_client


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that finds a port nobody listens on."""

    def find() -> int:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            return listener.getsockname()[1]

    return find


@pytest.fixture(scope="session")
def live_server(
    sample_database: Database, session_folder: Path, free_port: Callable[[], int], tmp_path_factory: Any
) -> Iterator[str]:
    """The address of a web server process on the sample market."""
    port = free_port()
    log = tmp_path_factory.mktemp("live") / "server.log"
    environment = {
        **os.environ,
        "ATLAS_HOME": str(session_folder / "home"),
        "ATLAS_DATABASE_URL": sample_database.url(),
        "ATLAS_MODEL": "offline",
        "ATLAS_DISCORD_WEBHOOK_URL": "",
    }
    command = [sys.executable, "-m", "backend.cli", "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _await_health(process, address, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _await_health(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{address}/api/health", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the web server did not come up:\n{log.read_text(errors='replace')[-3000:]}")
