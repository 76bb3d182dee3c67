"""Opening the database that the settings name: found or started, and its schema up to date."""

from __future__ import annotations

import psycopg

from backend.db.engine import Database
from backend.db.migrate import current_revision, newest_revision, upgrade
from backend.db.private_server import PrivateServer, Progress, silent
from backend.errors import DatabaseSetupError
from backend.settings import Settings, get_settings


def open_database(settings: Settings | None = None, *, progress: Progress = silent) -> Database:
    """Return the migrated database of the settings: ATLAS_DATABASE_URL, else the private server, started if need be.

    A process that has no administrator upgrades nothing and only checks the schema. Raises DatabaseSetupError when the
    database cannot be had.
    """
    settings = settings or get_settings()
    if settings.database_url:
        database = Database(settings.database_url, settings)
    else:
        server = PrivateServer.of(settings, progress)
        server.start()
        database = Database(server.url(), settings)
    ensure_schema(database, progress=progress)
    return database


def ensure_schema(database: Database, *, progress: Progress = silent) -> None:
    """Upgrade the schema as the administrator; without one only check it. Raises DatabaseSetupError."""
    if database.administered:
        upgrade(database, progress=progress)
    else:
        check_schema(database)


def check_schema(database: Database) -> None:
    """Raise DatabaseSetupError unless the schema is the one that this program works with; needs no administrator."""
    newest = newest_revision()
    try:
        with database.connect("atlas_app") as connection:
            current = current_revision(connection)
    except psycopg.OperationalError as error:
        raise DatabaseSetupError(
            f"The database cannot be reached as atlas_app: {error}", ko="데이터베이스에 연결할 수 없습니다."
        ) from error
    except psycopg.errors.InsufficientPrivilege:
        current = None
    if current == newest:
        return
    if current is not None and current > newest:
        raise DatabaseSetupError(
            f"The database has revision {current}, this program knows only {newest}: use the newer program.",
            ko="데이터베이스가 이 프로그램보다 새 버전입니다.",
        )
    raise DatabaseSetupError(
        f"The database has revision {current or 'none'}, this program needs {newest}: run `./atlas db upgrade` where "
        "ATLAS_DATABASE_URL names an administrator.",
        ko="데이터베이스 구조가 오래되었습니다. 관리자 권한으로 `./atlas db upgrade`를 실행하세요.",
    )
