"""The application as `./atlas serve` serves it, without workers; each answer says in `Server-Timing` how long it took.

`python -m tests.benchmarks.timed_server DATABASE_URL PORT`; the time runs from the request's arrival in the application to
the last byte of the answer.
"""

from __future__ import annotations

import sys
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.app import create_app
from backend.logs import configure
from backend.settings import get_settings
from backend.web_server import WebServer


class ServerTiming:
    """Pure ASGI middleware: holds the start of an answer back until its body is there, and says how long that took."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        held: list[Message] = []

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
                return
            if held:
                start = held.pop()
                taken = (time.perf_counter() - started) * 1000
                timing = (b"server-timing", f"app;dur={taken:.3f}".encode())
                await send({**start, "headers": [*start["headers"], timing]})
            await send(message)

        await self.app(scope, receive, timed)


def serve(database_url: str, port: int) -> None:
    """Serve until the process is told to stop."""
    settings = get_settings().model_copy(
        update={"database_url": database_url, "chat_workers": 0, "model": "offline", "background": False}
    )
    configure("WARNING")
    server = WebServer(create_app(settings=settings))
    server.config.app = ServerTiming(server.config.app)
    server.config.port = port
    server.run()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
