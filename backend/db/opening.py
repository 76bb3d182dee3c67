"""Opening the database that the settings name: found or started, and its schema up to date."""

from __future__ import annotations

from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.db.private_server import PrivateServer, Progress, silent
from backend.settings import Settings, get_settings


def open_database(settings: Settings | None = None, *, progress: Progress = silent) -> Database:
    """Return the migrated database of the settings: ATLAS_DATABASE_URL, else the private server, started if need be.

    Raises DatabaseSetupError when it cannot be had.
    """
    settings = settings or get_settings()
    if settings.database_url:
        database = Database(settings.database_url, settings)
    else:
        server = PrivateServer.of(settings, progress)
        server.start()
        database = Database(server.url(), settings)
    upgrade(database, progress=progress)
    return database
