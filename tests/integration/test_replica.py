"""Market queries on a real streaming replica, and on the primary whenever the replica is gone or lags."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.db.engine import Database
from backend.db.opening import open_database
from backend.db.private_server import PrivateServer
from backend.settings import Settings

MOST_LAG_S = 0.5
WITHIN_S = 20.0


@dataclass
class Pair:
    """A primary with the sample market, and its replica; both on sockets in the session's folder."""

    primary: PrivateServer
    replica: PrivateServer
    settings: Settings


@pytest.fixture(scope="module")
def pair(session_folder: Path, prefix: Path) -> Iterator[Pair]:
    from agent.examples import bring_up_to_date
    from backend.collection.load import load_sample

    streaming = {"wal_level": "replica", "max_wal_senders": "4", "fsync": "off", "shared_buffers": "64MB"}
    primary = PrivateServer(session_folder / "primary", prefix=prefix, options=streaming)
    primary.start()
    with (primary.data / "pg_hba.conf").open("a", encoding="ascii") as file:
        file.write("local replication all trust\n")
    with psycopg.connect(primary.url(), autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
    replica = PrivateServer(session_folder / "replica", prefix=prefix, options=streaming | {"hot_standby": "on"})
    replica.account.own(replica.base)
    backup(primary, replica)
    replica.start()
    settings = Settings(
        home=session_folder / "primary",
        database_url=primary.url(),
        replica_url=replica.url().replace("postgres@", ""),
        replica_max_lag_s=MOST_LAG_S,
        model="offline",
        chat_workers=0,
    )
    database = open_database(settings)
    load_sample(database)
    bring_up_to_date(database)
    database.dispose()
    yield Pair(primary, replica, settings)
    replica.stop()
    primary.stop()


def backup(primary: PrivateServer, replica: PrivateServer) -> None:
    """Copy the primary's data folder to the replica's, which is to follow it."""
    sockets = psycopg.conninfo.conninfo_to_dict(primary.url())
    subprocess.run(
        [
            *(str(primary.programs / "pg_basebackup"), "-D", str(replica.data), "-h", str(sockets["host"])),
            *("-p", str(primary.port), "-U", "postgres", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        cwd="/",
        env=primary.environment(),
        **primary.account.process_options(),
    )


@pytest.fixture
def database(pair: Pair) -> Iterator[Database]:
    opened = open_database(pair.settings)
    yield opened
    opened.dispose()


def reads_from(database: Database, role: str = "atlas_app") -> str:
    """Where a market query is answered at this moment."""
    with database.reading(role) as connection:
        return "replica" if connection.exec_driver_sql("SHOW in_hot_standby").scalar_one() == "on" else "primary"


def await_that(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def test_market_queries_go_to_the_replica_and_everything_else_to_the_primary(database: Database) -> None:
    await_that(lambda: reads_from(database) == "replica")
    assert reads_from(database, "atlas_reader") == "replica"
    for role in ("atlas_app", "atlas_loader"):
        with database.engine(role).connect() as connection:
            assert connection.exec_driver_sql("SHOW in_hot_standby").scalar_one() == "off"


def test_the_api_and_the_agent_answer_from_the_replica_as_from_the_primary(pair: Pair, database: Database) -> None:
    plain = pair.settings.model_copy(update={"replica_url": None})
    questions = ["삼성전자를 가장 많이 담은 ETF는?", "KODEX 200과 TIGER 200은 얼마나 겹쳐?", "지난주 KODEX 200 수익률"]
    paths = ["/api/search?q=삼전", "/api/etfs/069500", "/api/etfs/069500/similar", "/api/stocks/005930/holders"]
    with TestClient(create_app(settings=plain)) as primary, TestClient(create_app(settings=pair.settings)) as client:
        await_that(lambda: reads_from(client.app.state.database) == "replica")
        for path in paths:
            assert (client.get(path).status_code, client.get(path).json()) == (200, primary.get(path).json())
        for question in questions:
            ask = {"model": "etf-atlas", "messages": [{"role": "user", "content": question}]}
            answers = [one.post("/v1/chat/completions", json=ask).json() for one in (client, primary)]
            assert answers[0]["choices"] == answers[1]["choices"]
        # The pools keep what they have opened.
        sessions = "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'etf-atlas'"
        with psycopg.connect(pair.replica.url()) as connection:
            assert {row[0] for row in connection.execute(sessions)} == {"atlas_app", "atlas_reader"}


def test_a_walk_through_the_graph_runs_on_the_replica(database: Database) -> None:
    from agent.sandbox import run_guarded

    await_that(lambda: reads_from(database, "atlas_reader") == "replica")
    walk = "MATCH p = (a:ETF {code: '069500'})-[:HOLDS*1..2]->(b) RETURN count(p) AS paths"
    on_replica = run_guarded(database, "etf_graph", walk, timeout_ms=5_000, row_limit=10)
    plain = Database(database.bare_url(), database.settings.model_copy(update={"replica_url": None}))
    assert on_replica.rows == run_guarded(plain, "etf_graph", walk, timeout_ms=5_000, row_limit=10).rows
    assert on_replica.rows[0][0] > 0
    plain.dispose()


def test_what_was_just_committed_is_soon_read_from_the_replica(database: Database) -> None:
    await_that(lambda: reads_from(database) == "replica")
    with database.engine("atlas_loader").begin() as connection:
        connection.exec_driver_sql("UPDATE datasets SET label = 'written on the primary'")

    def label() -> tuple[str, str]:
        with database.reading() as connection:
            return tuple(
                connection.exec_driver_sql(
                    "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END, label FROM datasets"
                ).one()
            )

    await_that(lambda: label() == ("replica", "written on the primary"))


def test_a_replica_that_lags_is_left_alone_until_it_has_caught_up(pair: Pair, database: Database) -> None:
    await_that(lambda: reads_from(database) == "replica")
    with psycopg.connect(pair.replica.url(), autocommit=True) as replica:
        replica.execute("SELECT pg_wal_replay_pause()")
        try:
            with database.engine("atlas_loader").begin() as connection:
                connection.exec_driver_sql("UPDATE datasets SET label = 'not on the replica'")
            await_that(lambda: reads_from(database) == "primary")
            with database.reading() as connection:
                assert connection.exec_driver_sql("SELECT label FROM datasets").scalar_one() == "not on the replica"
        finally:
            replica.execute("SELECT pg_wal_replay_resume()")
    await_that(lambda: reads_from(database) == "replica")


def test_a_replica_that_is_gone_costs_no_answer_and_is_used_again_when_it_is_back(pair: Pair) -> None:
    with TestClient(create_app(settings=pair.settings)) as client:
        await_that(lambda: reads_from(client.app.state.database) == "replica")
        assert client.get("/api/etfs/069500").status_code == 200
        pair.replica.kill()
        try:
            assert [client.get("/api/etfs/069500").status_code for _ in range(20)] == [200] * 20
            assert reads_from(client.app.state.database) == "primary"
        finally:
            pair.replica.start()
        await_that(lambda: reads_from(client.app.state.database) == "replica")


def test_the_replica_goes_on_answering_while_the_primary_is_gone(pair: Pair) -> None:
    with TestClient(create_app(settings=pair.settings)) as client:
        await_that(lambda: reads_from(client.app.state.database) == "replica")
        pair.primary.kill()
        try:
            assert client.get("/api/etfs/069500").status_code == 200
            assert client.get("/api/ready").status_code == 503
        finally:
            pair.primary.start()
