"""./atlas mcp: the Model Context Protocol server on standard input and output."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command `mcp`."""
    app.command()(mcp)


def mcp() -> None:
    """Serve the agent's tools to an MCP client over standard input and output; `/mcp` of the web server does so over HTTP."""
    from agent.examples import bring_up_to_date
    from backend.db.opening import open_database
    from backend.integrations.mcp_server import create_mcp_server
    from backend.settings import get_settings

    settings = get_settings()
    database = open_database(settings)
    try:
        bring_up_to_date(database)
        create_mcp_server(database, settings).run("stdio")
    finally:
        database.dispose()
