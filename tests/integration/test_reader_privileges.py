"""What the database lets atlas_reader read, change and call: held to lists, so that something new fails until somebody has thought about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from backend.db.engine import Database
from backend.graph.labels import GRAPHS

# Volatile, and without effect: they tell the time, draw a number, or are the machinery of types, indexes and Cypher.
HARMLESS_FUNCTIONS = {
    *(f"pg_catalog.{name}" for name in (
        "array_sample", "array_shuffle", "clock_timestamp", "gen_random_uuid", "random", "random_normal", "timeofday",
        "uuidv4", "uuidv7",
    )),
    *(f"ag_catalog.{name}" for name in (
        "_agehash_self_test", "age_pg_upgrade_status", "age_rand", "age_reduce_transfn", "agtype_volatile_wrapper", "cypher",
        "graph_exists",
    )),
    *(f"public.{name}" for name in (
        "hnsw_bit_support", "hnsw_halfvec_support", "hnsw_sparsevec_support", "hnswhandler", "ivfflat_bit_support",
        "ivfflat_halfvec_support", "ivfflathandler",
    )),
}  # fmt: skip


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def reader(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect("atlas_reader", autocommit=True) as connection:
        yield connection


def test_the_reader_may_read_labels_and_nothing_else(database: Database) -> None:
    with database.connect() as administrator:
        readable = administrator.execute(
            """
            SELECT n.nspname, c.relname
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
              AND n.nspname NOT IN ('pg_catalog', 'information_schema')
              AND has_schema_privilege('atlas_reader', n.oid, 'USAGE')
              AND CASE c.relkind
                    WHEN 'S' THEN has_sequence_privilege('atlas_reader', c.oid, 'SELECT, USAGE, UPDATE')
                    ELSE has_any_column_privilege('atlas_reader', c.oid, 'SELECT')
                  END
            """
        ).fetchall()
    expected = {("ag_catalog", "ag_graph"), ("ag_catalog", "ag_label")}
    for graph in GRAPHS.values():
        labels = {*graph.labels, *graph.edge_types, "_ag_label_vertex", "_ag_label_edge"}
        expected |= {(graph.name, label) for label in labels}
    assert set(readable) == expected


def test_the_reader_may_change_no_table_and_make_nothing(database: Database) -> None:
    with database.connect() as administrator:
        changeable = administrator.execute(
            """
            SELECT c.oid::regclass::text
            FROM pg_class AS c
            WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
              AND (
                has_table_privilege('atlas_reader', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, MAINTAIN')
                OR has_any_column_privilege('atlas_reader', c.oid, 'INSERT, UPDATE, REFERENCES')
              )
              AND c.oid::regclass::text NOT IN ('pg_settings')
            """
        ).fetchall()
        schemas = administrator.execute(
            "SELECT nspname FROM pg_namespace WHERE has_schema_privilege('atlas_reader', oid, 'CREATE')"
        ).fetchall()
        in_database = administrator.execute(
            "SELECT has_database_privilege('atlas_reader', current_database(), 'CREATE, TEMPORARY')"
        ).fetchone()
        memberships = administrator.execute(
            """
            SELECT rolname
            FROM pg_roles
            WHERE rolname <> 'atlas_reader'
              AND pg_has_role('atlas_reader', oid, 'MEMBER')
            """
        ).fetchall()
    assert (changeable, schemas, in_database, memberships) == ([], [], (False,), [])


def test_the_reader_may_call_no_function_with_an_effect(database: Database) -> None:
    """Volatile functions are those that may do something; a future one fails here until somebody has thought about it."""
    with database.connect() as administrator:
        callable_ = administrator.execute(
            """
            SELECT n.nspname || '.' || p.proname
            FROM pg_proc AS p
            JOIN pg_namespace AS n ON n.oid = p.pronamespace
            WHERE p.provolatile = 'v'
              AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
              AND has_schema_privilege('atlas_reader', n.oid, 'USAGE')
              AND has_function_privilege('atlas_reader', p.oid, 'EXECUTE')
            """
        ).fetchall()
    assert {name for (name,) in callable_} == HARMLESS_FUNCTIONS


def test_of_this_programs_own_functions_the_reader_may_call_none(database: Database) -> None:
    with database.connect() as administrator:
        own = administrator.execute(
            """
            SELECT p.oid::regprocedure::text
            FROM pg_proc AS p
            LEFT JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
            WHERE d.objid IS NULL
              AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
              AND p.prorettype <> 'trigger'::regtype
              AND has_function_privilege('atlas_reader', p.oid, 'EXECUTE')
            """
        ).fetchall()
    assert own == []


def test_no_function_runs_with_the_rights_of_its_owner_for_the_reader(database: Database) -> None:
    with database.connect() as administrator:
        lending = administrator.execute(
            """
            SELECT oid::regprocedure::text
            FROM pg_proc
            WHERE prosecdef
              AND has_function_privilege('atlas_reader', oid, 'EXECUTE')
            """
        ).fetchall()
    assert lending == []


def test_every_table_about_people_refuses_the_reader(database: Database, reader: psycopg.Connection) -> None:
    with database.connect() as administrator:
        tables = administrator.execute(
            """
            SELECT c.oid::regclass::text
            FROM pg_class AS c
            WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
              AND c.relnamespace = 'public'::regnamespace
            """
        ).fetchall()
    assert {"conversations", "turns", "feedback", "model_usage"} <= {table for (table,) in tables}
    for (table,) in tables:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"SELECT * FROM {table} LIMIT 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"SELECT count(*) FROM {table}")
