"""A database of its own for a benchmark, beside the one in use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from backend.db.engine import Database
from backend.db.migrate import grant_on_database, upgrade
from backend.db.opening import open_database
from backend.errors import NotFound
from backend.settings import get_settings


def real_data() -> Path:
    """Return the folder of the real market data. Raises NotFound where it is missing."""
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("ATLAS_TEST_DATA") or root.parent / "shared" / "data")
    if not (data / "etfs.csv").is_file():
        raise NotFound(f"the real market data is missing: there is no {data / 'etfs.csv'}; set ATLAS_TEST_DATA")
    return data


@contextmanager
def scratch_database(name: str) -> Iterator[Database]:
    """Lend a migrated, empty database on the server in use, and drop it afterwards."""
    settings = get_settings()
    server = open_database(settings)
    identifier = sql.Identifier(name)
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        used = psycopg.conninfo.conninfo_to_dict(server.url())["dbname"]
        database = Database(server.url().replace(f"/{used}", f"/{name}", 1), settings)
        try:
            upgrade(database)
            yield database
        finally:
            database.dispose()
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
            server.dispose()


@contextmanager
def scratch_copy(original: Database, name: str) -> Iterator[Database]:
    """Lend a copy of a scratch database, and drop it afterwards. Nobody may be connected to the original."""
    original.dispose()
    source = psycopg.conninfo.conninfo_to_dict(original.url())["dbname"]
    identifier = sql.Identifier(name)
    server_url = original.url().replace(f"/{source}", "/postgres", 1)
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, sql.Identifier(source)))
        database = Database(original.url().replace(f"/{source}", f"/{name}", 1), original.settings)
        try:
            with database.connect(autocommit=True) as connection:
                grant_on_database(connection)
            yield database
        finally:
            database.dispose()
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
