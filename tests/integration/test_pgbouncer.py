"""Requests through a real PgBouncer that gives every transaction another session, and what has to go past it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from agent.sandbox import run_as_reader, run_guarded
from backend.app import create_app
from backend.db.engine import ROLES, Database
from backend.db.private_server import PrivateServer
from backend.graph.client import QueryTimeout
from backend.settings import Settings
from tests.debian_programs import unpacked

SESSIONS = 2
"""Of each role, for everybody together."""
CONFIGURATION = """
    [databases]
    * = host={sockets} port={port}
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = {own}
    unix_socket_dir =
    auth_type = trust
    auth_file = {folder}/users.txt
    pool_mode = transaction
    default_pool_size = {sessions}
    max_client_conn = 200
    pidfile = {folder}/pid
    logfile = {folder}/log
"""


@pytest.fixture(scope="module")
def pgbouncer(
    server: PrivateServer, session_folder: Path, test_home: Path, free_port: Callable[[], int]
) -> Iterator[int]:
    """The port of a PgBouncer in transaction mode before the session's server."""
    program = unpacked(test_home, "pgbouncer").command("usr/sbin/pgbouncer")
    port = free_port()
    folder = server.account.own(session_folder / "pgbouncer", 0o755)
    sockets = psycopg.conninfo.conninfo_to_dict(server.url())["host"]
    settings = CONFIGURATION.format(sockets=sockets, port=server.port, own=port, folder=folder, sessions=SESSIONS)
    (folder / "pgbouncer.ini").write_text(settings.replace("\n    ", "\n"), encoding="ascii")
    (folder / "users.txt").write_text("".join(f'"{role}" ""\n' for role in ROLES), encoding="ascii")
    process = subprocess.Popen(
        [*program, "-q", str(folder / "pgbouncer.ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **server.account.process_options(),
    )
    try:
        await_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://atlas_app@127.0.0.1:{port}/template1", connect_timeout=2).close()
            return
        time.sleep(0.05)
    pytest.fail("pgbouncer does not answer")


@pytest.fixture(scope="module")
def pooled(chat_database: Database, pgbouncer: int) -> Iterator[Database]:
    name = psycopg.conninfo.conninfo_to_dict(chat_database.url())["dbname"]
    settings = chat_database.settings.model_copy(update={"pool_url": f"postgresql://127.0.0.1:{pgbouncer}/{name}"})
    database = Database(chat_database.url(), settings)
    yield database
    database.dispose()


def sessions(database: Database) -> dict[str, int]:
    """How many sessions each role has in the server that are not made by tests past PgBouncer."""
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT usename, count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY usename"
        ).fetchall()
    return dict(rows)


def test_many_requests_at_once_share_few_sessions_and_get_the_same_answers(
    pooled: Database, chat_database: Database
) -> None:
    chat_database.dispose()
    paths = ["/api/search?q=삼전", "/api/etfs/069500", "/api/etfs/069500/holdings", "/api/stocks/005930/holders"]
    with TestClient(create_app(pooled, pooled.settings)) as client:
        expected = {path: client.get(path).json() for path in paths}

        def ask(number: int) -> bool:
            path = paths[number % len(paths)]
            return client.get(path).json() == expected[path]

        with ThreadPoolExecutor(16) as threads:
            assert all(threads.map(ask, range(120)))
        # For notifications, and for what Discord has to be told.
        listening = 2
        assert sessions(pooled)["atlas_app"] <= SESSIONS + listening
    with TestClient(create_app(chat_database, chat_database.settings)) as client:
        assert {path: client.get(path).json() for path in paths} == expected


def test_a_question_is_answered_and_stored(pooled: Database) -> None:
    ask = {"model": "etf-atlas", "messages": [{"role": "user", "content": "삼성전자를 가장 많이 담은 ETF는?"}]}
    with TestClient(create_app(pooled, pooled.settings)) as client:
        answer = client.post("/v1/chat/completions", json=ask).json()
    assert "삼성전자" in answer["choices"][0]["message"]["content"]


def test_the_agents_cypher_keeps_its_parameters_its_search_path_and_its_limits(pooled: Database) -> None:
    holders = "MATCH (e:ETF)-[h:HOLDS]->(s:Stock) WHERE s.code = $code RETURN e.code AS code ORDER BY code"

    def run(code: str) -> list[tuple[object, ...]]:
        return run_guarded(pooled, "etf_graph", holders, {"code": code}, timeout_ms=3_000, row_limit=500).rows

    codes = ["005930", "000660", "035420", "nothing"]
    expected = {code: run(code) for code in codes}
    assert expected["005930"] != expected["000660"]
    assert expected["nothing"] == []
    with ThreadPoolExecutor(8) as threads:
        for code, rows in zip(codes * 20, threads.map(run, codes * 20), strict=True):
            assert rows == expected[code]
    for _ in range(2 * SESSIONS):
        with pooled.reading("atlas_reader") as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "5s", "SET LOCAL must not stay"
            assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"
            assert connection.exec_driver_sql("SHOW search_path").scalar_one() == "public, ag_catalog"


def test_a_query_that_takes_too_long_is_stopped_in_the_server(pooled: Database) -> None:
    endless = "UNWIND range(1, 3000) AS a UNWIND range(1, 3000) AS b WITH a + b AS c WHERE c < 0 RETURN count(c) AS n"
    with pytest.raises(QueryTimeout):
        run_as_reader(pooled, "etf_graph", endless, timeout_ms=200, row_limit=10)
    running = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'atlas_reader' AND state = 'active'"
    with pooled.connect() as connection:
        assert connection.execute(running).fetchone() == (0,)


def test_what_needs_a_session_of_its_own_goes_past_it(pooled: Database, pgbouncer: int) -> None:
    for role in ROLES:
        with pooled.connect(role) as connection:
            assert connection.info.host.startswith("/"), "LISTEN, locks of a session and migrations"
    with pooled.engine("atlas_loader").connect() as connection:
        assert connection.connection.driver_connection.info.host.startswith("/")
    for role in ("atlas_app", "atlas_reader"):
        with pooled.engine(role).connect() as connection:
            assert connection.connection.driver_connection.info.port == pgbouncer


def test_without_it_nothing_is_answered_by_another_way(chat_database: Database, free_port: Callable[[], int]) -> None:
    gone = {"pool_url": f"postgresql://127.0.0.1:{free_port()}/atlas"}
    settings: Settings = chat_database.settings.model_copy(update=gone)
    with pytest.raises(OperationalError):
        Database(chat_database.url(), settings).engine("atlas_app").connect()
