"""One open notification stream: whose, up to where it has been sent everything, and what it says besides events."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from uuid import UUID

from starlette.types import Send

from backend.notifications.recent import Batch
from backend.notifications.wire import Wire, chunk

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
PING = b": ping\n\n"
PING_CHUNK = chunk(PING)
PING_TURNS = 20
"""Streams are pinged in turns, so that thousands are not pinged at the same moment."""
RETRY_MS = (2_000, 4_000)
"""When a reader comes back, milliseconds: not all of them at the same moment after a restart."""


class OpenStream:
    """A stream that is being served by the current task.

    `last` is the id up to which its client has been sent everything, `live` that the publisher may write to it, `due`
    that it is about to, `behind` that the client takes nothing at the moment, `ended` that the stream is being ended.
    `session` is the login session or bearer token with which the person came, `word` what is to be said beside events.
    """

    __slots__ = (
        "behind", "due", "ended", "last", "live", "person", "ping_turn", "session", "task", "wire", "word",
    )  # fmt: skip

    def __init__(self, person: UUID | None, session: UUID | None, last: int, wire: Wire) -> None:
        self.person = person
        self.session = session
        self.word: Batch | None = None
        self.last = last
        self.wire = wire
        self.task = asyncio.current_task()
        self.ping_turn = random.randrange(PING_TURNS)
        self.live = False
        self.due = False
        self.behind = False
        self.ended = False

    async def open(self, send: Send, place: int | None) -> None:
        """Send the head of the answer, and `place` as the id with which to come back."""
        headers = [*HEADERS, (b"transfer-encoding", b"chunked")] if self.wire.chunked else HEADERS
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _hint(place), "more_body": True})

    def push(self, batch: Batch) -> bool:
        """Take a batch, or return False where the client has not taken yet what it was sent before."""
        return self.wire.push(batch.chunk if self.wire.chunked else batch.data)

    def ping(self) -> bool:
        """Take a ping, as `push` does."""
        return self.wire.push(PING_CHUNK if self.wire.chunked else PING)

    def end(self) -> None:
        """Let the task that serves it finish."""
        if not self.ended:
            self.ended = True
            if self.task is not asyncio.current_task():
                self.task.cancel()

    async def finish(self, send: Send) -> None:
        """Send the end of the answer, or cut off a client that would keep us waiting."""
        if self.wire.has_room():
            with suppress(OSError):  # the client may have left
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            self.wire.cut()
            await asyncio.sleep(0)  # the server learns of it before we return


def _hint(place: int | None = None) -> bytes:
    """Say when to come back after an interruption, and with which id.

    So even a reader that is cut off before its first event misses nothing.
    """
    return b"retry: %d\n%b\n" % (random.randint(*RETRY_MS), b"" if place is None else b"id: %d\n" % place)


async def turn_away(send: Send) -> None:
    """Answer with a stream that ends at once: its reader comes back, as it would not after an error."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": _hint(), "more_body": False})
