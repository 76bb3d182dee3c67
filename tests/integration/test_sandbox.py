"""Foreign Cypher runs within its limits, and can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.cypher.watch import QueryCancelled, QueryTooLarge, QueryWatch
from agent.sandbox import run_as_reader, run_guarded
from backend.db.engine import Database
from backend.errors import QueryFailed, QueryRefused, Unavailable
from backend.graph.client import QueryTimeout, run_cypher
from backend.graph.labels import HISTORY, MARKET

ENDLESS = "UNWIND range(1, 100000) AS x UNWIND range(1, 100000) AS y RETURN sum(x * y)"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    """A market of one ETF."""
    database = new_database()
    with database.engine("atlas_loader").begin() as connection:
        run_cypher(connection, MARKET, "CREATE (:ETF {code: '069500', name: 'KODEX 200'})")
    return database


def test_a_read_answers_with_names_and_values(database: Database) -> None:
    cypher = "MATCH (e:ETF {code: $code}) RETURN e.name AS 이름"
    result = run_guarded(database, MARKET, cypher, {"code": "069500"}, timeout_ms=5_000, row_limit=10)
    assert (result.columns, result.rows, result.truncated) == (["이름"], [("KODEX 200",)], False)


def test_nodes_come_back_as_maps_of_their_properties(database: Database) -> None:
    cypher = "MATCH (e:ETF) RETURN e, {etf: e, share: 1.0 / 0.0}"
    etf = {"code": "069500", "name": "KODEX 200"}
    with pytest.raises(QueryFailed, match="division by zero"):
        run_guarded(database, MARKET, cypher, timeout_ms=5_000, row_limit=1)
    cypher = "MATCH (e:ETF) RETURN e, {etf: e, list: [e]}"
    rows = run_guarded(database, MARKET, cypher, timeout_ms=5_000, row_limit=1).rows
    assert rows == [(etf, {"etf": etf, "list": [etf]})]


def test_the_history_can_be_asked(database: Database) -> None:
    assert run_guarded(database, HISTORY, "MATCH (p:Price) RETURN p.close", timeout_ms=5_000, row_limit=1).rows == []


def test_a_write_is_refused_before_it_reaches_the_database(database: Database) -> None:
    with pytest.raises(QueryRefused, match="SET would write"):
        run_guarded(database, MARKET, "MATCH (e:ETF) SET e.name = 'x' RETURN e", timeout_ms=5_000, row_limit=1)


def test_rows_and_bytes_are_capped(database: Database) -> None:
    cypher = "UNWIND range(1, 1000) AS n RETURN n, 'a text of some length' AS text"
    rows = run_guarded(database, MARKET, cypher, timeout_ms=5_000, row_limit=7)
    assert (len(rows.rows), rows.truncated) == (7, True)
    small = run_guarded(database, MARKET, cypher, timeout_ms=5_000, row_limit=1_000, byte_limit=1_000)
    assert 0 < len(small.rows) < 100
    assert small.truncated


def test_a_slow_query_ends_at_its_time_limit(database: Database) -> None:
    started = time.monotonic()
    with pytest.raises(QueryTimeout):
        run_as_reader(database, MARKET, ENDLESS, timeout_ms=200, row_limit=1)
    assert time.monotonic() - started < 2


def test_a_cancelled_query_ends_at_once(database: Database) -> None:
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    started = time.monotonic()
    with pytest.raises(QueryCancelled):
        run_as_reader(database, MARKET, ENDLESS, timeout_ms=30_000, row_limit=1, cancelled=cancelled)
    assert time.monotonic() - started < 2


def test_a_query_that_is_cancelled_beforehand_does_not_run(database: Database) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(QueryCancelled):
        run_guarded(database, MARKET, "RETURN 1", timeout_ms=1_000, row_limit=1, cancelled=cancelled)


def test_a_query_without_a_time_limit_of_the_database_is_stopped_from_this_side(database: Database) -> None:
    started = time.monotonic()
    with database.engine("atlas_reader").connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        with pytest.raises(QueryTimeout), QueryWatch(connection, 0.1, None):
            run_cypher(connection, MARKET, ENDLESS)
    assert time.monotonic() - started < 2


def test_a_server_that_does_not_obey_is_hung_up_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psycopg.Connection.cancel_safe", lambda _self, **_options: None)
    monkeypatch.setattr("agent.cypher.watch._GRACE", 0.2)
    started = time.monotonic()
    with database.engine("atlas_reader").connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = '5s'")
        with pytest.raises(QueryTimeout), QueryWatch(connection, 0.1, None):
            run_cypher(connection, MARKET, ENDLESS)
    assert time.monotonic() - started < 2


def test_the_next_query_is_untouched_by_a_stopped_one(database: Database) -> None:
    with pytest.raises(QueryTimeout):
        run_as_reader(database, MARKET, ENDLESS, timeout_ms=100, row_limit=1)
    for _ in range(5):
        assert run_guarded(database, MARKET, "RETURN 1", timeout_ms=1_000, row_limit=1).rows == [(1,)]


def test_memory_beyond_reason_is_an_error_and_the_server_lives(database: Database) -> None:
    with pytest.raises(QueryFailed, match="memory"):
        run_as_reader(database, MARKET, "UNWIND range(1, 100000000) AS n RETURN n", timeout_ms=20_000, row_limit=1)
    assert run_guarded(database, MARKET, "RETURN 1", timeout_ms=1_000, row_limit=1).rows == [(1,)]


def test_a_query_that_takes_too_much_memory_is_stopped(database: Database) -> None:
    heavy = "UNWIND range(1, 10000) AS x UNWIND range(1, 3000) AS y RETURN collect('some text' + x + y)"
    with pytest.raises(QueryTooLarge) as failure:
        run_as_reader(database, MARKET, heavy, timeout_ms=30_000, row_limit=1)
    assert failure.value.ko == "질의가 메모리를 너무 많이 씁니다."
    assert run_guarded(database, MARKET, "RETURN 1", timeout_ms=1_000, row_limit=1).rows == [(1,)]


def test_a_query_that_would_explode_is_refused_before_it_runs(sample_database: Database) -> None:
    cypher = "MATCH (a:Stock), (b:Stock), (c:ETF), (d:ETF) RETURN count(*) AS n"
    with pytest.raises(QueryRefused, match="rows") as refusal:
        run_guarded(sample_database, MARKET, cypher, timeout_ms=5_000, row_limit=1)
    assert "WHERE e.code" in refusal.value.advice
    assert refusal.value.extra["rows"] > 20_000_000


def test_a_query_that_the_database_cannot_run_comes_back_with_its_words_and_a_correction(database: Database) -> None:
    with pytest.raises(QueryFailed, match='syntax error at or near "LIKE"') as failure:
        run_guarded(
            database,
            MARKET,
            "MATCH (e:ETF) WHERE e.name LIKE '%200%' RETURN e.name AS n",
            timeout_ms=1_000,
            row_limit=1,
        )
    extra = failure.value.extra
    assert (extra["instead_of"], extra["write"]) == ("LIKE '%200%'", "CONTAINS '200'")
    assert "LIKE" in extra["near"]
    assert "CONTAINS" in extra["advice"]


def test_a_database_that_is_away_is_no_answer(database: Database) -> None:
    away = Database(database.url().replace("port=5432", "port=1"), database.settings)
    with pytest.raises(Unavailable):
        run_guarded(away, MARKET, "RETURN 1", timeout_ms=1_000, row_limit=1)


PIECES = """
    MATCH (e:ETF) | OPTIONAL MATCH (e:ETF)-[h:HOLDS]->(s) | WITH e | WITH e, 1 AS s | WHERE e.code = '069500' | RETURN e.code AS a
    RETURN count(*) AS a | UNWIND range(1, 3) AS x | UNWIND [1, e] AS x | ORDER BY a DESC | LIMIT 2 | UNION | SET e.code = 'x'
    CREATE (:ETF {code: 'y'}) | DELETE e | DETACH DELETE e | REMOVE e.code | MERGE (e:ETF) | , | ( | ) | [x IN [1] | x] | {a: 1}
    $p | 'x' | `q` | pg_sleep(1) | pg_catalog.set_config('a', 'b') | :: text | -- | /* | */ | // | ; | $$ | EXISTS { (e)-[:HOLDS]->() }
"""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([p.strip() for p in PIECES.replace("\n", "|").split("|") if p.strip()]), max_size=7))
def test_whatever_passes_the_guard_neither_breaks_nor_writes(database: Database, pieces: list[str]) -> None:
    with suppress(QueryRefused, QueryFailed):
        run_guarded(database, MARKET, " ".join(pieces), timeout_ms=500, row_limit=5)
    rows = run_as_reader(database, MARKET, "MATCH (n) RETURN n.code, n.name", timeout_ms=1_000, row_limit=5).rows
    assert rows == [("069500", "KODEX 200")]
