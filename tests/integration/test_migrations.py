"""The schema: from nothing to the newest revision, and again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from backend.db.engine import Database
from backend.db.migrate import current_revision, newest_revision, recreate, upgrade
from backend.db.private_server import PrivateServer
from backend.errors import DatabaseSetupError
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
# Everything that a migration can make: tables, columns, indexes, constraints, functions, grants and graph labels.
FINGERPRINT = """
    SELECT 'relation', oid::regclass::text, relkind::text, relacl::text
    FROM pg_class
    WHERE relnamespace::regnamespace::text IN ('public', 'etf_graph', 'etf_history', 'ag_catalog')
    UNION ALL
    SELECT 'column', attrelid::regclass::text, attname, atttypid::regtype::text || attnotnull
    FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace::regnamespace::text IN ('public', 'etf_graph', 'etf_history')
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef
    FROM pg_indexes
    WHERE schemaname IN ('public', 'etf_graph', 'etf_history')
    UNION ALL
    SELECT 'function', oid::regprocedure::text, proacl::text, ''
    FROM pg_proc
    WHERE proacl IS NOT NULL
    UNION ALL
    SELECT 'schema', nspname, nspacl::text, ''
    FROM pg_namespace
    WHERE nspname !~ '^pg_(toast|temp)'
    ORDER BY 1, 2, 3, 4
"""


@pytest.fixture
def bare_database(server: PrivateServer, settings: Settings) -> Database:
    """A database in which nothing has been made."""
    database = Database(server.url("bare"), settings)
    recreate(database)
    return database


def fingerprint(database: Database) -> list[tuple[str, ...]]:
    with database.connect() as connection:
        return connection.execute(FINGERPRINT).fetchall()


def test_an_empty_database_gets_the_newest_schema_and_a_second_run_changes_nothing(bare_database: Database) -> None:
    upgrade(bare_database)
    first = fingerprint(bare_database)
    with bare_database.connect() as connection:
        assert current_revision(connection) == newest_revision()
    upgrade(bare_database)
    assert fingerprint(bare_database) == first


def test_a_second_database_of_the_server_gets_the_same_schema(
    bare_database: Database, empty_database: Database
) -> None:
    upgrade(bare_database)
    assert fingerprint(bare_database) == fingerprint(empty_database)


def test_several_processes_may_upgrade_at_once(bare_database: Database, settings: Settings) -> None:
    code = "import sys; from backend.db.engine import Database; from backend.db.migrate import upgrade;"
    command = [sys.executable, "-c", code + "upgrade(Database(sys.argv[1]))", bare_database.url()]
    upgrades = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [one.communicate(timeout=60)[1] for one in upgrades] == ["", "", ""]
    with bare_database.connect() as connection:
        assert current_revision(connection) == newest_revision()


def test_a_migration_that_fails_changes_nothing(bare_database: Database) -> None:
    with bare_database.connect() as connection:
        # In the way of a later migration, in a fresh database of a server that is otherwise fine.
        connection.execute("CREATE TABLE etfs (in_the_way text)")
    with pytest.raises(Exception, match="already exists"):
        upgrade(bare_database)
    with bare_database.connect() as connection:
        connection.execute("DROP TABLE etfs")
    upgrade(bare_database)
    with bare_database.connect() as connection:
        assert current_revision(connection) == newest_revision()


def test_a_database_newer_than_the_program_is_refused(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseSetupError, match="use the newer program"):
        upgrade(empty_database)


def test_an_administrator_without_the_rights_is_told_what_is_needed(
    bare_database: Database, server: PrivateServer, settings: Settings
) -> None:
    with bare_database.connect(autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS half_admin")
        connection.execute("CREATE ROLE half_admin LOGIN")
    half = Database(server.url("bare").replace("postgres@", "half_admin@"), settings)
    with pytest.raises(DatabaseSetupError, match=r"'half_admin' may not set up .* superuser"):
        upgrade(half)


def test_a_copy_of_a_database_keeps_what_a_role_may_not_call(empty_database: Database) -> None:
    """Tests and restores copy databases; the rights on system functions have to come along."""
    with empty_database.connect("atlas_reader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT set_config('statement_timeout', '0', false)")
