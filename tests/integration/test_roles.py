"""What each role of the database may do."""

from __future__ import annotations

import psycopg
import pytest

from backend.db.engine import ROLES, Database


@pytest.mark.parametrize("role", ROLES)
def test_every_role_can_log_in_with_the_search_path_of_apache_age(empty_database: Database, role: str) -> None:
    with empty_database.connect(role) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ("public, ag_catalog",)
        assert connection.execute("SHOW age.enable_containment").fetchone() == ("off",)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_is_an_administrator(empty_database: Database, role: str) -> None:
    with empty_database.connect() as connection:
        row = connection.execute(
            "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = %s", [role]
        ).fetchone()
    assert row == (False,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_catalog.set_config('statement_timeout', '0', false)",
        "SELECT pg_sleep(0)",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock(1)",
        "SELECT pg_notify('new_collection', 'x')",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_cancel_backend(1)",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT ts_stat('SELECT 1')",
        "SELECT lo_create(0)",
        "SELECT ag_catalog.create_graph('mine')",
        "SELECT ag_catalog.drop_graph('etf_graph', true)",
        "SELECT ag_catalog.create_vlabel('etf_graph', 'Mine')",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_the_reader_may_not_call_what_a_query_could_misuse(empty_database: Database, statement: str) -> None:
    with empty_database.connect("atlas_reader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE mine (x int)", "CREATE TABLE public.mine (x int)", "CREATE SCHEMA mine"]
)
@pytest.mark.parametrize("role", ["atlas_app", "atlas_loader", "atlas_reader"])
def test_only_the_owner_may_create(empty_database: Database, role: str, statement: str) -> None:
    with empty_database.connect(role) as connection, pytest.raises(psycopg.Error, match=r"permission denied|read-only"):
        connection.execute(statement)


def test_the_reader_is_read_only_and_bounded_unless_it_is_told_otherwise(empty_database: Database) -> None:
    with empty_database.connect("atlas_reader") as connection:
        assert connection.execute("SHOW transaction_read_only").fetchone() == ("on",)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("5s",)


def test_the_backend_may_notify_and_lock(empty_database: Database) -> None:
    for role in ("atlas_app", "atlas_loader"):
        with empty_database.connect(role) as connection:
            connection.execute("SELECT pg_notify('new_collection', '2026-02-19')")
            connection.execute("SELECT pg_advisory_xact_lock(1)")


def test_tables_belong_to_the_owner_role(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        owners = connection.execute(
            """
            SELECT DISTINCT pg_get_userbyid(relowner)
            FROM pg_class
            JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN ('public', 'etf_graph', 'etf_history')
            AND relkind IN ('r', 'S', 'p')
            """
        ).fetchall()
    assert owners == [("atlas_owner",)]
