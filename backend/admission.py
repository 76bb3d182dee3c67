"""How many requests for data are worked on at once; the others wait their turn without holding a thread or a connection.

A route that is lent a connection holds it between its steps, each of which takes a thread. Were all threads taken by requests that
wait for a connection, those that hold one could not go on: so fewer are let in than there are connections. On few cores
that is also the fastest: what is begun is finished, and does not share the processor with all that came after it.

A place is held for work alone, never for a client: its body has been read by then (`request_body`), and the place is free again
before the first byte of the answer leaves, which somebody may take as slowly as they like.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 12
"""Less than the connections of a pool (20): sign-in and background work need some too."""
DATA = ("/api/search", "/api/etfs", "/api/stocks", "/api/companies", "/api/watchlist", "/api/me", "/api/admin")


class Admission:
    """Pure ASGI middleware; streams and everything else but the data pass through it untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # A semaphore belongs to an event loop, and an application in a test may see several.
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(DATA):
            await self.app(scope, receive, send)
            return
        places = self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
        await places.acquire()
        held = True

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                places.release()

        async def leaving(message: Message) -> None:
            leave()
            await send(message)

        try:
            await self.app(scope, receive, leaving)
        finally:
            leave()
