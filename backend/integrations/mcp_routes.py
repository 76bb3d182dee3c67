"""The MCP server over HTTP, at /mcp of the web application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.db.engine import Database
from backend.integrations.access import KeyRequired, allowed
from backend.integrations.mcp_server import create_mcp_server
from backend.settings import Settings

PATH = "/mcp"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class McpEndpoint:
    """An ASGI endpoint that serves MCP's streamable HTTP while `serving` is open, and answers 503 otherwise.

    Each request stands for itself, so that several server processes can share the work. On loopback, requests whose
    Host or Origin is another machine's are refused, because a web page could have rebound its name to this one.
    """

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._settings: Settings | None = None

    @asynccontextmanager
    async def serving(self, database: Database, settings: Settings) -> AsyncIterator[None]:
        """Serve the tools on `database` until the context ends."""
        local = settings.host in _LOOPBACK
        app = create_mcp_server(database, settings).streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            max_request_body_size=1_000_000,
            host=settings.host,
            transport_security=None if local else TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        async with app.router.lifespan_context(app):
            self._app, self._settings = app, settings
            try:
                yield
            finally:
                self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app or PlainTextResponse("The MCP server is not running.", 503)
        if self._settings is not None and not allowed(Headers(scope=scope), self._settings):
            app = PlainTextResponse(KeyRequired().message, 401, headers={"WWW-Authenticate": "Bearer"})
        await app(scope, receive, send)
