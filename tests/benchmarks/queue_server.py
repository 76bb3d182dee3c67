"""The peer that most Python services are: one queue a client, emptied by a generator of sse-starlette.

`python -m tests.benchmarks.queue_server URL PORT` listens to the database at URL like the application does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import psycopg
import uvicorn
from fastapi import FastAPI
from sse_starlette import EventSourceResponse

from backend.installation import listening_socket
from backend.notifications.event import Event

ROWS = "SELECT id, kind, date, subject, content, created_at, person FROM notifications WHERE id > %s ORDER BY id"


def application(url: str) -> FastAPI:
    """Return an application that streams rows of `notifications` at /stream."""
    queues: set[asyncio.Queue[dict[str, str]]] = set()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(listen())
        yield
        task.cancel()

    app = FastAPI(lifespan=lifespan)

    async def listen() -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("LISTEN notifications")
            newest = await (await connection.execute("SELECT coalesce(max(id), 0) FROM notifications")).fetchone()
            last = newest[0]
            while True:
                async for _ in connection.notifies(timeout=10, stop_after=1):
                    pass
                cursor = await connection.execute(ROWS, (last,))
                for row in await cursor.fetchall():
                    event = Event(*row)
                    last = event.id
                    message = {"id": str(event.id), "data": orjson.dumps(event.as_dict()).decode()}
                    for queue in queues:
                        queue.put_nowait(message)

    @app.get("/stream")
    async def stream() -> EventSourceResponse:
        queue: asyncio.Queue[dict[str, str]] = asyncio.Queue()

        async def events() -> AsyncIterator[dict[str, str]]:
            queues.add(queue)
            try:
                yield {"comment": "open"}
                while True:
                    yield await queue.get()
            finally:
                queues.discard(queue)

        return EventSourceResponse(events(), sep="\n")

    return app


if __name__ == "__main__":
    with listening_socket("127.0.0.1", int(sys.argv[2])) as listener:
        uvicorn.Server(uvicorn.Config(application(sys.argv[1]), log_level="warning")).run(sockets=[listener])
