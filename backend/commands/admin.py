"""./atlas admin: what an administrator of this installation needs."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command group `admin`."""
    group = typer.Typer(no_args_is_help=True)
    group.command()(token)
    group.callback()(admin)
    app.add_typer(group, name="admin")


def admin() -> None:
    """What an administrator of this installation needs."""


def token() -> None:
    """Print the token for the administration page and /api/admin."""
    from backend.curation.access import admin_token
    from backend.settings import get_settings

    typer.echo(admin_token(get_settings()))
