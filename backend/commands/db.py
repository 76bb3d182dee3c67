"""./atlas db: the database server and its schema."""

from __future__ import annotations

import os
from typing import Annotated

import typer

db = typer.Typer(help="The database server and its schema.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(db, name="db")


def _say(text: str) -> None:
    typer.echo(text, err=True)


@db.command()
def start() -> None:
    """Install the private server if need be, start it and upgrade the schema."""
    from backend.db.opening import open_database

    typer.echo(open_database(progress=_say).url())


@db.command()
def stop() -> None:
    """Stop the private server."""
    from backend.db.private_server import PrivateServer
    from backend.installation import is_held
    from backend.settings import get_settings

    settings = get_settings()
    stopped = PrivateServer.of(settings, _say).stop()
    _say("stopped" if stopped else "not running")
    if is_held(settings.home):
        _say("note: a running ./atlas up starts the database again; end it with Ctrl-C in its terminal")


@db.command()
def status() -> None:
    """Say whether the database answers and which schema it has; exit status 1 if it does not."""
    from backend.db.migrate import current_revision, newest_revision
    from backend.db.private_server import PrivateServer
    from backend.settings import get_settings

    settings = get_settings()
    server = PrivateServer.of(settings)
    if settings.database_url is None and server.running_pid() is None:
        typer.echo(f"not running ({server.base})")
        raise typer.Exit(1)
    database = _database()
    with database.connect(None if database.administered else "atlas_app") as connection:
        version = connection.info.parameter_status("server_version")
        typer.echo(f"PostgreSQL {version}, schema {current_revision(connection)} of {newest_revision()}")


@db.command()
def url(role: Annotated[str | None, typer.Option(help="One of the four roles; by default the administrator")] = None):
    """Print the URL of the database."""
    typer.echo(_database().url(role))


@db.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context, role: Annotated[str | None, typer.Option(help="Role to connect as")] = None) -> None:
    """Open psql on the database; further arguments go to psql."""
    import shutil

    from backend.db.private_packages import is_complete
    from backend.db.private_server import PrivateServer
    from backend.errors import DatabaseSetupError
    from backend.settings import get_settings

    server = PrivateServer.of(get_settings())
    environment = dict(os.environ)
    own = server.programs / "psql"
    if is_complete(server.programs_folder):
        program: str | None = str(own)
        environment = {**environment, "LOCPATH": server.environment()["LOCPATH"]}
    else:
        program = shutil.which("psql")
    if program is None:
        raise DatabaseSetupError("There is no psql on this machine.")
    os.execve(program, ["psql", _database().url(role), *context.args], environment)


@db.command()
def upgrade() -> None:
    """Run the missing migrations, and give the roles their settings and passwords anew."""
    from backend.db.migrate import ensure_roles, upgrade

    database = _database(start=True)
    upgrade(database, progress=_say)
    with database.connect(autocommit=True) as connection:
        ensure_roles(database, connection)


@db.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False) -> None:
    """Delete the database with all that is in it, and create it anew."""
    from backend.db.migrate import recreate
    from backend.db.opening import open_database

    database = _database(start=True)
    if not yes:
        typer.confirm(f"Delete everything in {database!r}?", abort=True)
    recreate(database)
    open_database(progress=_say)


def _database(*, start: bool = False):
    """Return the database without upgrading its schema."""
    from backend.db.engine import Database
    from backend.db.private_server import PrivateServer
    from backend.settings import get_settings

    settings = get_settings()
    if settings.database_url:
        return Database(settings.database_url, settings)
    server = PrivateServer.of(settings, _say)
    if start or server.running_pid() is None:
        server.start()
    return Database(server.url(), settings)
