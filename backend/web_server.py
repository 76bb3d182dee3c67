"""The web server's process: uvicorn, made for thousands of open streams, which end as soon as it is told to stop."""

from __future__ import annotations

import gc
import resource
import socket

import uvicorn
from fastapi import FastAPI


class WebServer(uvicorn.Server):
    """Serves the application.

    uvicorn waits for open answers before it tells the application that it stops, and a stream of notifications never
    ends by itself. Its readers come back by themselves, wherever the next server is.
    """

    def __init__(self, application: FastAPI, *, trusted_proxies: str = "") -> None:
        super().__init__(
            uvicorn.Config(
                application,
                log_config=None,
                access_log=False,
                # Longer than clients and proxies keep an idle connection: none is closed just as its next question comes.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=3,
                # Nobody by default, not even this machine: what a client says of itself would count as its address.
                forwarded_allow_ips=trusted_proxies,
            )
        )
        self._application = application

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application and take connections, as many as the system allows this account."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        await super().startup(sockets)
        # What stands after the start stays; looking through it again and again would hold up ten thousand streams.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 1_000)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no further connection, end the streams, finish what is being answered, then stop the application."""
        for server in self.servers:
            server.close()
        if hub := getattr(self._application.state, "hub", None):
            await hub.close()
        await super().shutdown(sockets)
        # At its end Python looks through all of its memory for what is unreachable, a second and more: nobody needs it.
        gc.freeze()
