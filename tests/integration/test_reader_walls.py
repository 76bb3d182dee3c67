"""What atlas_reader cannot do even when nothing stands before the database.

Everything here goes straight to the database as the agent's role, without the guard and without the client's quoting,
as if both had been outwitted; and it is the database that refuses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from agent.cypher.watch import QueryWatch
from backend.db.engine import Database
from backend.graph.client import QueryTimeout, run_cypher
from backend.graph.labels import GRAPHS, MARKET

READER = "atlas_reader"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    """Both graphs with one ETF that holds one stock."""
    database = new_database()
    with database.engine("atlas_loader").begin() as connection:
        for graph, edge in (("etf_graph", "HOLDS"), ("etf_history", "HELD")):
            run_cypher(
                connection,
                graph,
                f"CREATE (:ETF {{code: '069500'}})-[:{edge} {{weight: 25}}]->(:Stock {{code: '005930'}})",
            )
    return database


@pytest.fixture
def reader(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(READER, autocommit=True) as connection:
        yield connection


def naive(graph: str, cypher: str) -> str:
    """Return SQL as somebody would write it who trusts the Cypher text."""
    return f"SELECT * FROM cypher('{graph}', $$ {cypher} $$) AS (a agtype)"


def contents(database: Database) -> list[tuple]:
    """Return every node and edge of both graphs, and the names of all labels."""
    with database.connect() as administrator:
        rows: list[tuple] = administrator.execute("SELECT name::text FROM ag_catalog.ag_label ORDER BY 1").fetchall()
        for graph in GRAPHS:
            rows += administrator.execute(f"SELECT id::text, properties::text FROM {graph}._ag_label_vertex").fetchall()
            rows += administrator.execute(f"SELECT id::text, properties::text FROM {graph}._ag_label_edge").fetchall()
    return rows


@pytest.mark.parametrize("graph", ["etf_graph", "etf_history"])
@pytest.mark.parametrize("read_only", [True, False], ids=["read only", "read write"])
@pytest.mark.parametrize(
    "cypher",
    [
        "CREATE (:ETF {code: 'x'})",
        "CREATE (:Fund {code: 'x'})",
        "MATCH (e:ETF), (s:Stock) CREATE (s)-[:OWNS]->(e)",
        "MATCH (e:ETF), (s:Stock) CREATE (e)-[:TRADED]->(s)",
        "MERGE (e:ETF {code: 'x'}) RETURN e",
        "MERGE (e:ETF {code: '069500'}) SET e.name = 'x'",
        "MATCH (e:ETF) SET e.name = 'x'",
        "MATCH (e:ETF) SET e += {name: 'x'} RETURN e",
        "MATCH (e:ETF)-[h]->() SET h.weight = 0 RETURN h",
        "MATCH (s:Stock) REMOVE s.name RETURN s",
        "MATCH ()-[h]->() DELETE h",
        "MATCH (e:ETF) DETACH DELETE e",
        "MATCH (e:ETF) DETACH DELETE e RETURN 1",
    ],
)
def test_every_write_clause_is_refused(database: Database, graph: str, cypher: str, read_only: bool) -> None:
    before = contents(database)
    with database.connect(READER) as connection:
        connection.execute(f"SET TRANSACTION READ {'ONLY' if read_only else 'WRITE'}")
        refusal = psycopg.errors.InsufficientPrivilege
        with pytest.raises((refusal, psycopg.errors.ReadOnlySqlTransaction) if read_only else refusal):
            connection.execute(naive(graph, cypher))
    assert contents(database) == before


def test_a_break_out_of_the_quoting_reads_no_table(database: Database, reader: psycopg.Connection) -> None:
    with database.connect() as administrator:
        tables = administrator.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall()
    assert {"etfs", "securities", "daily_prices", "cypher_examples"} <= {table for (table,) in tables}
    for table in [*(table for (table,) in tables), "pg_authid", "pg_largeobject", "pg_statistic"]:
        stolen = f"SELECT to_json(t)::text::agtype FROM {table} AS t"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(naive(MARKET, f"RETURN 1 $$) AS (a agtype) UNION ALL {stolen} --"))


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE atlas_owner",
        "SET ROLE atlas_app",
        "SET ROLE atlas_loader",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "GRANT atlas_owner TO atlas_reader",
        "ALTER ROLE atlas_reader SUPERUSER",
        "ALTER ROLE atlas_reader SET statement_timeout = 0",
        "ALTER ROLE atlas_reader PASSWORD 'x'",
        "ALTER ROLE atlas_reader SET default_transaction_read_only = off",
        "CREATE TEMP TABLE mine (x int)",
        "CREATE TABLE mine (x int)",
        "CREATE TABLE etf_graph.mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION file_fdw",
        "INSERT INTO etf_graph.\"ETF\" (properties) VALUES ('{}')",
        'UPDATE etf_graph."ETF" SET properties = properties',
        'DELETE FROM etf_graph."ETF"',
        'TRUNCATE etf_graph."ETF"',
        'DROP TABLE etf_graph."ETF" CASCADE',
        "DROP SCHEMA etf_graph CASCADE",
        'LOCK TABLE etf_graph."ETF" IN EXCLUSIVE MODE',
        'ALTER TABLE etf_graph."ETF" ADD COLUMN x int',
        'CREATE TRIGGER t BEFORE INSERT ON etf_graph."ETF" EXECUTE FUNCTION suppress_redundant_updates_trigger()',
        "INSERT INTO ag_catalog.ag_label SELECT * FROM ag_catalog.ag_label",
        "DELETE FROM ag_catalog.ag_graph",
        "COPY etfs TO STDOUT",
        'COPY etf_graph."ETF" FROM STDIN',
        "COPY (SELECT 1) TO '/tmp/stolen'",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT lo_create(0)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_get(1)",
        "SELECT pg_reload_conf()",
        "ALTER SYSTEM SET jit = off",
        "DO $do$ BEGIN EXECUTE 'DELETE FROM etf_graph.\"ETF\"'; END $do$",
        "PREPARE TRANSACTION 'x'",
        "SELECT * FROM pg_stat_get_activity(NULL)",
    ],
)
def test_a_second_statement_after_a_break_out_is_refused(database: Database, statement: str) -> None:
    before = contents(database)
    with database.connect(READER, autocommit=True) as connection, pytest.raises(psycopg.Error) as refusal:
        connection.execute(naive(MARKET, f"RETURN 1 $$) AS (a agtype); {statement} --"))
    assert isinstance(
        refusal.value,
        psycopg.errors.InsufficientPrivilege
        | psycopg.errors.ReadOnlySqlTransaction
        | psycopg.errors.ActiveSqlTransaction
        | psycopg.errors.ObjectNotInPrerequisiteState,
    ), refusal.value
    assert contents(database) == before


def test_a_statement_with_parameters_takes_no_second_statement(reader: psycopg.Connection) -> None:
    statement = "SELECT * FROM cypher('etf_graph', $$ RETURN 1 $$, %s) AS (a agtype); SET statement_timeout = 0"
    with pytest.raises(psycopg.errors.SyntaxError, match="multiple commands"):
        reader.execute(statement, ["{}"])


@pytest.mark.parametrize("statement", ["SET TRANSACTION READ WRITE", "SET LOCAL transaction_read_only = off"])
def test_a_read_only_transaction_stays_one(reader: psycopg.Connection, statement: str) -> None:
    with reader.transaction():
        reader.execute("SET TRANSACTION READ ONLY")
        reader.execute(naive(MARKET, "RETURN 1"))
        with pytest.raises(psycopg.errors.ActiveSqlTransaction):
            reader.execute(statement)
        raise psycopg.Rollback


@pytest.mark.parametrize(
    "call",
    [
        # Lifting limits and settings.
        "pg_catalog.set_config('statement_timeout'::text, '0'::text, false::bool)",
        "pg_catalog . set_config ('statement_timeout'::text, '0'::text, false::bool)",
        "pg_catalog/**/./**/set_config('statement_timeout'::text, '0'::text, false::bool)",
        "`pg_catalog`.`set_config`('role'::text, 'atlas_owner'::text, false::bool)",
        # Holding the server up.
        "pg_catalog.pg_sleep('60'::pg_float8)",
        "pg_catalog.pg_sleep_for('1 minute'::interval)",
        "pg_catalog.pg_advisory_lock(1::pg_bigint)",
        "pg_catalog.pg_advisory_lock_shared(1::pg_bigint)",
        "pg_catalog.pg_advisory_xact_lock(1::pg_bigint)",
        "pg_catalog.pg_try_advisory_lock(1::pg_bigint)",
        "pg_catalog.pg_try_advisory_xact_lock(1::int4, 1::int4)",
        # Other sessions.
        "pg_catalog.pg_notify('new_collection'::text, '2026-01-01'::text)",
        "pg_catalog.pg_terminate_backend(1::int4, 1::int8)",
        "pg_catalog.pg_cancel_backend(1::int4)",
        "pg_catalog.pg_stat_get_activity(1::int4)",
        "pg_catalog.pg_export_snapshot()",
        # SQL handed over as text.
        "pg_catalog.query_to_xml('SELECT 1'::text, true::bool, true::bool, ''::text)",
        "pg_catalog.table_to_xml('etfs'::regclass, true::bool, true::bool, ''::text)",
        "pg_catalog.database_to_xml(true::bool, true::bool, ''::text)",
        "pg_catalog.ts_rewrite('a'::tsquery, 'SELECT 1'::text)",
        # Files and large objects.
        "pg_catalog.pg_read_file('/etc/passwd'::text)",
        "pg_catalog.pg_read_binary_file('/etc/passwd'::text)",
        "pg_catalog.pg_ls_dir('/'::text)",
        "pg_catalog.pg_stat_file('/etc/passwd'::text)",
        "pg_catalog.lo_create('0'::oid)",
        "pg_catalog.lo_get('1'::oid)",
        "pg_catalog.lo_import('/etc/passwd'::text)",
        "pg_catalog.lo_export('1'::oid, '/tmp/stolen'::text)",
        "pg_catalog.lo_unlink('1'::oid)",
        # Sequences, the log, the configuration.
        "pg_catalog.nextval('etf_graph.\\\"ETF_id_seq\\\"'::regclass)",
        "pg_catalog.setval('etf_graph.\\\"ETF_id_seq\\\"'::regclass, 1::int8)",
        "pg_catalog.pg_logical_emit_message(false::bool, 'a'::text, 'b'::text, false::bool)",
        "pg_catalog.pg_reload_conf()",
        "pg_catalog.pg_rotate_logfile()",
        "pg_catalog.pg_switch_wal()",
        # Apache AGE's own ways of changing a graph.
        "ag_catalog.create_graph('mine'::name)",
        "ag_catalog.drop_graph('etf_graph'::name, true::bool)",
        "ag_catalog.alter_graph('etf_graph'::name, 'RENAME'::cstring, 'gone'::name)",
        "ag_catalog.create_vlabel('etf_graph'::cstring, 'Mine'::cstring)",
        "ag_catalog.create_elabel('etf_graph'::cstring, 'Mine'::cstring)",
        "ag_catalog.drop_label('etf_graph'::name, 'ETF'::name, true::bool)",
        "ag_catalog.load_labels_from_file('etf_graph'::name, 'ETF'::name, '/etc/passwd'::text, true::bool, true::bool)",
        "ag_catalog.create_complete_graph('mine'::name, 3::int4, 'E'::name, 'V'::name)",
        "ag_catalog.age_prepare_pg_upgrade()",
        "delete_global_graphs('etf_graph')",
    ],
)
def test_a_typecast_reaches_no_function_that_does_something(reader: psycopg.Connection, call: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        reader.execute(naive(MARKET, f"RETURN {call} IS NULL"))


@pytest.mark.parametrize(
    "call",
    ["pg_catalog.dblink('dbname=atlas'::text, 'SELECT 1'::text)", "public.dblink_exec('x'::text)", "pg_sleep(60)"],
)
def test_what_is_not_there_cannot_be_called(reader: psycopg.Connection, call: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedFunction):
        reader.execute(naive(MARKET, f"RETURN {call} IS NULL"))


def test_call_reaches_nothing_more_than_return(reader: psycopg.Connection) -> None:
    call = "CALL pg_catalog.set_config('role'::text, 'x'::text, false::bool) YIELD set_config RETURN set_config"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(naive(MARKET, call))


def test_a_query_ends_in_time_even_if_the_databases_limit_is_gone_and_sleeping_allowed(
    empty_database: Database,
) -> None:
    with empty_database.connect(autocommit=True) as administrator:
        administrator.execute("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO atlas_reader")
        administrator.execute("GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO atlas_reader")
    started = time.monotonic()
    with empty_database.engine(READER).connect() as connection:
        lifted = "RETURN pg_catalog.set_config('statement_timeout'::text, '0'::text, false::bool)"
        assert run_cypher(connection, MARKET, lifted).rows == [(0,)]
        with pytest.raises(QueryTimeout), QueryWatch(connection, 0.2, None):
            run_cypher(connection, MARKET, "RETURN pg_catalog.pg_sleep('60'::pg_float8) IS NULL")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM pg_prepared_statements",
        "SELECT * FROM pg_locks",
        "SELECT query FROM pg_stat_activity",
        "SELECT setseed(0.5)",
        "SELECT set_limit(0.1)",
        "SELECT rolpassword FROM pg_authid",
        "SELECT * FROM pg_file_settings",
        "SELECT * FROM pg_hba_file_rules",
        "SELECT stavalues1 FROM pg_statistic",
        "UPDATE pg_settings SET setting = '0' WHERE name = 'statement_timeout'",
    ],
)
def test_what_other_sessions_do_is_hidden_and_no_setting_changes(reader: psycopg.Connection, statement: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
        reader.execute(statement)
