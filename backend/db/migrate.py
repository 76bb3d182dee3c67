"""Bring a database to the newest schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import psycopg.conninfo
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from backend.db import roles
from backend.db.engine import Database
from backend.db.private_server import Progress, silent
from backend.db.server_check import check_server, preload_age
from backend.errors import DatabaseSetupError

MIGRATIONS = Path(__file__).parent / "migrations"
# Any fixed number: one upgrade at a time in a database.
UPGRADE_LOCK = 0x45_54_46_41


def newest_revision() -> str:
    """Return the revision that the code expects: the last of the numbered files."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current_revision(connection: psycopg.Connection) -> str | None:
    """Return the revision of a database, None when it has never been migrated."""
    table = connection.execute("SELECT to_regclass('public.alembic_version')").fetchone()
    if table is None or table[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
    return row[0] if row else None


def upgrade(database: Database, *, progress: Progress = silent) -> None:
    """Create the roles and run the missing migrations; running it again changes nothing.

    Runs as the administrator; tables and graphs belong to atlas_owner. Raises DatabaseSetupError when the server
    cannot serve (no Apache AGE, wrong character classes) or the database is newer than the code.
    """
    try:
        connection = database.connect(autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseSetupError(
            f"The database cannot be reached: {error}", ko="데이터베이스에 연결할 수 없습니다."
        ) from error
    with connection:
        newest = newest_revision()
        if current_revision(connection) == newest:
            return
        connection.execute("SELECT pg_advisory_lock(%s)", [UPGRADE_LOCK])
        current = current_revision(connection)
        if current == newest:
            return
        if current is not None and current > newest:
            raise DatabaseSetupError(
                f"The database has revision {current}, this program knows only {newest}: use the newer program.",
                ko="데이터베이스가 이 프로그램보다 새 버전입니다.",
            )
        progress(f"upgrading the schema to revision {newest}")
        check_server(connection)
        with _explained(connection):
            ensure_roles(database, connection)
            preload_age(connection)
            grant_on_database(connection)
            _run_alembic(database)


def ensure_roles(database: Database, connection: psycopg.Connection) -> None:
    """Give the roles their settings and, where they need one, the passwords that this installation has for them."""
    settings = database.settings
    roles.ensure_roles(connection, partial(roles.password, settings) if database.needs_password else None)


@contextmanager
def _explained(connection: psycopg.Connection) -> Iterator[None]:
    """Turn a refusal for lack of rights into advice."""
    try:
        yield
    except (psycopg.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise
        raise DatabaseSetupError(
            f"{connection.info.user!r} may not set up this database ({str(cause).splitlines()[0]}): "
            "ATLAS_DATABASE_URL has to name a superuser, who makes the roles and the extensions.",
            ko="데이터베이스를 준비할 권한이 없습니다. 슈퍼유저로 연결하세요.",
        ) from error


def recreate(database: Database) -> None:
    """Drop the database with all that is in it and create it empty; its other connections are cut."""
    database.dispose()
    name = psycopg.conninfo.conninfo_to_dict(database.url())["dbname"]
    maintenance = psycopg.conninfo.make_conninfo(database.url(), dbname="postgres")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def grant_on_database(connection: psycopg.Connection) -> None:
    """Let atlas_owner make tables in `public` and a schema for each graph, and all but the reader temporary tables."""
    name = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("GRANT CONNECT, CREATE ON DATABASE {} TO atlas_owner").format(name))
    # The administrator has no settings of its own, so its queries take the indexes that the roles' take by this.
    connection.execute(sql.SQL("ALTER DATABASE {} SET age.enable_containment = off").format(name))
    # A read-only transaction may still fill temporary tables, so the reader may make none.
    connection.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO atlas_owner, atlas_app, atlas_loader").format(name))
    connection.execute("GRANT USAGE, CREATE ON SCHEMA public TO atlas_owner")


def _run_alembic(database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    configuration.set_main_option("path_separator", "newline")
    configuration.attributes["engine"] = database.engine(None)
    command.upgrade(configuration, "head")
