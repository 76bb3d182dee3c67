"""./atlas worker: what goes on beside answering, in a process of its own."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import typer

ALIVE = "worker.alive"
ALIVE_EVERY_S = 5.0


def register(app: typer.Typer) -> None:
    """Add the command `worker`."""
    app.command()(worker)


def worker() -> None:
    """Embed examples and post to Discord until Ctrl-C, so that web servers need not (ATLAS_BACKGROUND=false)."""
    from backend.background import Background
    from backend.db.opening import open_database
    from backend.logs import configure
    from backend.settings import get_settings

    settings = get_settings()
    configure(settings.log_level)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stopped.set())
    database = open_database(settings)
    background = Background(database, settings)
    background.start()
    typer.echo("the worker has begun", err=True)
    alive = settings.home / ALIVE
    _touch(alive)
    while not stopped.wait(ALIVE_EVERY_S):
        _touch(alive)
    background.stop()
    database.dispose()
    alive.unlink(missing_ok=True)
    typer.echo("the worker has stopped", err=True)


def _touch(alive: Path) -> None:
    """Show, by the age of a file, that the process goes on; a container's health check looks at it."""
    alive.parent.mkdir(parents=True, exist_ok=True)
    alive.touch()
