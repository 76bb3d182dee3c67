"""./atlas serve: the web server alone, without any set-up."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(port: Annotated[int | None, typer.Option(help="Port; by default ATLAS_PORT or 8000")] = None) -> None:
    """Serve the web application on what is there; `up` also does the set-up."""
    import uvicorn

    from backend.app import create_app
    from backend.settings import get_settings

    settings = get_settings()
    uvicorn.run(
        create_app(settings=settings),
        host=settings.host,
        port=settings.port if port is None else port,
        timeout_graceful_shutdown=3,
        access_log=False,
    )
