"""How bytes reach one client without anybody waiting for it.

A hub that awaited `send` would be held up by the first client that does not read. A wire takes what there is room for, says
when it has none, and tells when there is room again. Behind uvicorn the bytes go straight to the connection, as chunks that
are the same for everybody and without the way through the middleware. Anywhere else `send` is used.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Generator
from contextlib import suppress
from typing import Any, Protocol

from starlette.types import Message, Receive, Scope, Send

SEND_BUFFER_BYTES = 64 * 1024
"""What the system keeps of a stream that its client does not read; by default that grows to megabytes."""
SILENT_MS = 20_000
"""A client whose machine confirms or takes nothing for this long is cut off by the system. For these streams only: their
readers come back by themselves and miss nothing, while an answer on its way to a phone in a lift is worth waiting for."""


class Wire(Protocol):
    """The way to one client."""

    chunked: bool
    """Whether `push` takes chunks of HTTP/1.1 rather than their contents."""

    def push(self, data: bytes) -> bool:
        """Take the data, or return False where the client has not taken yet what it was sent before."""
        ...

    def has_room(self) -> bool:
        """Say whether `push` takes something now."""
        ...

    async def room(self) -> None:
        """Return as soon as `push` takes something again, or the client is gone."""
        ...

    def is_gone(self) -> bool:
        """Say whether the client has left."""
        ...

    def cut(self) -> None:
        """Close the connection, if it can be reached, with all that waits in it."""
        ...


def chunk(data: bytes) -> bytes:
    """Return the data as one chunk of HTTP/1.1."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def wire_of(scope: Scope, receive: Receive, send: Send) -> Wire:
    """Return the shortest way to the client of a request."""
    # uvicorn offers no public way to its connection; `receive` is a method of the object that has it.
    cycle = getattr(receive, "__self__", None)
    transport, flow = getattr(cycle, "transport", None), getattr(cycle, "flow", None)
    if not (hasattr(transport, "abort") and hasattr(flow, "write_paused") and hasattr(flow, "drain")):
        return SendWire(send, None)
    _bound(transport)
    return ConnectionWire(transport, flow) if scope["http_version"] == "1.1" else SendWire(send, transport)


def _bound(transport: asyncio.Transport) -> None:
    """Let the system keep little for a connection, and give it up when nothing moves."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):  # it has gone already
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)


class ConnectionWire:
    """Writes chunks to uvicorn's connection, whose flow control says when it has enough."""

    __slots__ = ("_flow", "_transport")
    chunked = True

    def __init__(self, transport: asyncio.Transport, flow: Any) -> None:
        self._transport = transport
        self._flow = flow

    def push(self, data: bytes) -> bool:
        if self._flow.write_paused:
            return False
        if not self._transport.is_closing():
            self._transport.write(data)
        return True

    def has_room(self) -> bool:
        return not self._flow.write_paused

    async def room(self) -> None:
        await self._flow.drain()

    def is_gone(self) -> bool:
        return self._transport.is_closing()

    def cut(self) -> None:
        # Closing politely would wait for what the client does not take.
        self._transport.abort()


class SendWire:
    """Steps a server's `send` by hand: what has to wait goes on in a task, and meanwhile there is no room."""

    __slots__ = ("_gone", "_rest", "_send", "_transport")
    chunked = False

    def __init__(self, send: Send, transport: asyncio.Transport | None) -> None:
        self._send = send
        self._transport = transport
        self._rest: asyncio.Task[None] | None = None
        self._gone = False

    def push(self, data: bytes) -> bool:
        if self._rest is not None:
            return False
        if self._gone:
            return True
        message: Message = {"type": "http.response.body", "body": data, "more_body": True}
        sending = self._send(message)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return True
        except OSError:  # what servers raise once the client has left
            self._gone = True
            return True
        self._rest = asyncio.ensure_future(self._finish(_Started(sending, waits_for)))
        return True

    async def _finish(self, started: _Started) -> None:
        try:
            await started
        except OSError:
            self._gone = True
        finally:
            self._rest = None

    def has_room(self) -> bool:
        return self._rest is None

    async def room(self) -> None:
        if self._rest is not None:
            await asyncio.wait([self._rest])

    def is_gone(self) -> bool:
        return self._gone

    def cut(self) -> None:
        self._gone = True
        if self._rest is not None:
            self._rest.cancel()
        if self._transport is not None:
            self._transport.abort()


class _Started:
    """The rest of a coroutine that has run until it had to wait for something."""

    __slots__ = ("_coroutine", "_waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        while True:
            try:
                try:
                    value = yield waits_for
                except BaseException as error:  # noqa: BLE001 - cancelling, too, belongs to the coroutine
                    waits_for = self._coroutine.throw(error)
                else:
                    waits_for = self._coroutine.send(value)
            except StopIteration:
                return
