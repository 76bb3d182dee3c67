"""Messages between the web server and its workers: pickles of known length over a socket that only these two hold."""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
from typing import Any

READY = 0
"""The number of no run: a worker tells it once it has all that it needs."""
_LENGTH = struct.Struct(">I")


def packed(message: Any) -> bytes:
    """Return a message as it is sent."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


async def next_message(reader: asyncio.StreamReader) -> Any:
    """Read one message in the event loop. Raises IncompleteReadError when the other end is gone."""
    [length] = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    return pickle.loads(await reader.readexactly(length))


def receive(connection: socket.socket) -> Any:
    """Read one message in a thread that may wait. Raises EOFError when the other end is gone."""
    [length] = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return pickle.loads(_exactly(connection, length))


def _exactly(connection: socket.socket, length: int) -> bytes:
    body = bytearray()
    while len(body) < length:
        piece = connection.recv(length - len(body))
        if not piece:
            raise EOFError
        body += piece
    return bytes(body)
