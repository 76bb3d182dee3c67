"""What a PostgreSQL server must offer before anything is created in it."""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from backend.db import roles
from backend.errors import DatabaseSetupError

MINIMUM_AGE = (1, 7)
EXTENSIONS = ("age", "vector", "pg_trgm")


def check_server(connection: psycopg.Connection) -> None:
    """Raise DatabaseSetupError with one sentence if the server or the database cannot be used."""
    offered = dict(connection.execute("SELECT name, default_version FROM pg_available_extensions").fetchall())
    installed = dict(connection.execute("SELECT extname, extversion FROM pg_extension").fetchall())
    versions = {**offered, **installed}
    missing = [name for name in EXTENSIONS if name not in versions]
    if missing:
        raise DatabaseSetupError(
            f"This PostgreSQL server lacks the extension{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            ko=f"PostgreSQL 서버에 {', '.join(missing)} 확장이 없습니다.",
        )
    check_age_version(versions["age"])
    row = connection.execute(
        "SELECT datctype, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    character_classes, encoding = row or ("", "")
    if character_classes in ("C", "POSIX"):
        raise DatabaseSetupError(
            "This database has LC_CTYPE C, under which Korean words have no letters for pg_trgm and every similarity "
            "is 0: create it with LC_CTYPE C.UTF-8.",
            ko="데이터베이스의 LC_CTYPE이 C라서 한글 검색을 할 수 없습니다. C.UTF-8로 만들어 주세요.",
        )
    if encoding != "UTF8":
        raise DatabaseSetupError(f"This database has the encoding {encoding}: create it with UTF8.")


def check_age_version(version: str) -> None:
    """Raise DatabaseSetupError for an Apache AGE whose read-only roles can write (before 1.7)."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < MINIMUM_AGE:
        raise DatabaseSetupError(
            f"This server has Apache AGE {version}, which lets a read-only role change a graph: use 1.7 or newer.",
            ko=f"Apache AGE {version}은(는) 읽기 전용 역할의 쓰기를 막지 못합니다. 1.7 이상이 필요합니다.",
        )


def preload_age(connection: psycopg.Connection) -> None:
    """Have each new session of ours load Apache AGE on a server that does not do so for all."""
    libraries = " ".join(
        row[0]
        for row in connection.execute(
            "SELECT setting FROM pg_settings WHERE name IN ('shared_preload_libraries', 'session_preload_libraries')"
        ).fetchall()
    )
    if re.search(r"\bage\b", libraries):
        return
    name = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("ALTER DATABASE {} SET session_preload_libraries = 'age'").format(name))
    for role in roles.ROLES:
        connection.execute(sql.SQL("ALTER ROLE {} SET session_preload_libraries = 'age'").format(sql.Identifier(role)))
