"""./atlas up: everything that is needed, then the web server."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import socket

    from backend.db.engine import Database
    from backend.installation import OwnedDatabase
    from backend.settings import Settings
    from backend.terminal import Steps

# How often the database is looked after, seconds.
WATCH_SECONDS = 2.0


def register(app: typer.Typer) -> None:
    """Add the commands `up` and `serve`."""
    app.command()(up)
    app.command()(serve)


def up(
    port: Annotated[int | None, typer.Option(help="Port of the web server; by default ATLAS_PORT or 8000")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of market data to load instead of the sample")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser")] = False,
) -> None:
    """Set up all that is needed, serve the web application and open it; Ctrl-C stops everything."""
    from backend.installation import OwnedDatabase, listening_socket, only_one
    from backend.logs import configure
    from backend.terminal import Steps, ignore_signals, stop_on_signals

    settings = _settings(port)
    configure(settings.log_level)
    stop_on_signals()
    with only_one(settings.home) as announce, listening_socket(settings.host, settings.port) as listener:
        address = _address(settings, listener)
        announce(address)
        owned, serving = None, False
        try:
            steps = Steps()
            if settings.database_url is None:
                owned = OwnedDatabase(_private_server(settings, steps.say))
            database = _set_up(settings, owned, data, steps)
            typer.echo(f"\nETF Atlas: {address}  (Ctrl-C stops it)", err=True)
            if not no_browser:
                _open_browser(address)
            serving = True
            _serve(settings, database, listener, owned)
            database.dispose()
        except KeyboardInterrupt:
            typer.echo("\nstopping", err=True)
            if not serving:
                raise typer.Exit(130) from None
        finally:
            ignore_signals()
            if owned:
                owned.stop()


def serve(
    port: Annotated[int | None, typer.Option(help="Port of the web server; by default ATLAS_PORT or 8000")] = None,
) -> None:
    """Serve the web application on what is there; `up` also does the set-up."""
    from agent.examples import bring_up_to_date
    from backend.db.opening import open_database
    from backend.installation import listening_socket
    from backend.logs import configure
    from backend.terminal import stop_on_signals

    settings = _settings(port)
    configure(settings.log_level)
    stop_on_signals()
    try:
        with listening_socket(settings.host, settings.port) as listener:
            database = open_database(settings)
            bring_up_to_date(database)
            typer.echo(f"ETF Atlas: {_address(settings, listener)}", err=True)
            _serve(settings, database, listener, None)
            database.dispose()
    except KeyboardInterrupt:
        typer.echo("\nstopped", err=True)


def _settings(port: int | None) -> Settings:
    from backend.settings import get_settings

    settings = get_settings()
    return settings if port is None else settings.model_copy(update={"port": port})


def _address(settings: Settings, listener: socket.socket) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://{host}:{listener.getsockname()[1]}"


def _private_server(settings: Settings, say: Callable[[str], None]) -> Any:
    from backend.db.private_server import PrivateServer

    return PrivateServer.of(settings, say)


def _set_up(settings: Settings, owned: OwnedDatabase | None, data: Path | None, steps: Steps) -> Database:
    from backend.db.engine import Database

    with steps.step("Database"):
        if owned:
            owned.start()
        database = Database(owned.server.url() if owned else str(settings.database_url), settings)
    with steps.step("Schema"):
        from backend.db.opening import ensure_schema

        ensure_schema(database, progress=steps.say)
    with steps.step("Market data"):
        _load_market(database, data, steps)
    with steps.step("Example questions"):
        from agent.examples import bring_up_to_date

        bring_up_to_date(database)
    if importlib.util.find_spec("backend.web_build"):
        with steps.step("Web page"):
            from backend.web_build import build

            build(steps.say)
    return database


def _load_market(database: Database, data: Path | None, steps: Steps) -> None:
    from backend.collection.load import load_files, make_ready

    if data is None:
        make_ready(database, progress=steps.say)
        return
    summary = load_files(database, data, progress=steps.say)
    steps.say(str(summary))
    for issue in summary.rejected:
        typer.echo(f"  {issue}", err=True)


def _serve(settings: Settings, database: Database, listener: socket.socket, owned: OwnedDatabase | None) -> None:
    from backend.app import create_app
    from backend.web_server import WebServer

    stopped = threading.Event()
    watch = threading.Thread(target=_watch, args=(owned, stopped), name="database-watch")
    if owned:
        watch.start()
    try:
        server = WebServer(create_app(database, settings), trusted_proxies=settings.trusted_proxies)
        server.run(sockets=[listener])
        if not server.started:
            raise typer.Exit(3)  # uvicorn has logged why
    finally:
        stopped.set()
        if owned:
            watch.join()


def _watch(owned: OwnedDatabase, stopped: threading.Event) -> None:
    """Start the database again whenever it has died while we serve."""
    import structlog

    from backend.errors import DatabaseSetupError

    log = structlog.get_logger(__name__)
    while not stopped.wait(WATCH_SECONDS):
        try:
            if owned.revive():
                log.warning("the database had died and was started again")
        except DatabaseSetupError as error:
            log.error("the database cannot be started", error=error.message)


def _open_browser(address: str) -> None:
    """Open the page once the server answers; where there is no screen the printed address must do."""
    import webbrowser

    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    threading.Timer(1.0, webbrowser.open, args=(address,)).start()
