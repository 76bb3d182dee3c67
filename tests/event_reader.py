"""Reading an event stream as a browser's EventSource does: it comes back by itself and names the last id it knows."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

PATH = "/api/notifications/stream"


class EventReader:
    """One reader, in a thread of its own while the `with` block lasts.

    It goes to one address after the other, a moment after each connection ended; `leave_after` makes it end a connection
    itself after so many events. `cookie` and `authorization` say who it is. `events` are the objects it was told, in the order
    of their telling; `words` are the names and objects of what was said beside them.
    """

    def __init__(
        self,
        *addresses: str,
        last_id: int | None = None,
        leave_after: int | None = None,
        wait_s: float = 0.02,
        cookie: str | None = None,
        authorization: str | None = None,
    ) -> None:
        self.words: list[tuple[str, dict[str, Any]]] = []
        self.events: list[dict[str, Any]] = []
        self.arrived: list[float] = []
        self.connections = 0
        self.last_id = last_id
        self._addresses = addresses
        self._leave_after = leave_after
        self._wait_s = wait_s
        self._headers = {"Cookie": cookie} if cookie else {}
        if authorization:
            self._headers["Authorization"] = authorization
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def ids(self) -> list[int]:
        """The ids it was told, in the order of their telling."""
        return [event["id"] for event in self.events]

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for(lambda: self.connections > 0, "the stream did not open")
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def wait_for_ids(self, ids: list[int], seconds: float = 30) -> None:
        """Wait until the last of the ids has come, then see that all have, once and in order."""
        if ids:
            self.wait_for(
                lambda: bool(self.events) and self.events[-1]["id"] >= ids[-1], "the last event did not come", seconds
            )
        told = self.ids
        assert told == ids, f"lost {sorted(set(ids) - set(told))[:20]}, told twice {len(told) - len(set(told))}"

    def wait_for(self, condition: Any, otherwise: str, seconds: float = 30) -> None:
        """Wait until something holds of what was read."""
        with self._changed:
            assert self._changed.wait_for(condition, seconds), (
                f"{otherwise}; {len(self.events)} came, last {self.last_id}"
            )

    def _run(self) -> None:
        turn = 0
        while not self._stopped.is_set():
            address = self._addresses[turn % len(self._addresses)]
            turn += 1
            with suppress(OSError, http.client.HTTPException, ValueError):
                self._read(address)
            self._stopped.wait(self._wait_s)

    def _read(self, address: str) -> None:
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        connection.connect()
        self._socket = connection.sock
        try:
            headers = self._headers if self.last_id is None else self._headers | {"Last-Event-ID": str(self.last_id)}
            connection.request("GET", PATH, headers=headers)
            answer = connection.getresponse()
            if answer.status != 200:
                return
            self._read_blocks(answer)
        finally:
            connection.close()

    def _read_blocks(self, answer: http.client.HTTPResponse) -> None:
        last_id, data, name, told = self.last_id, b"", "", 0
        opened = False
        while line := answer.readline():
            if line.startswith(b"id:"):
                last_id = int(line[3:])
            elif line.startswith(b"event:"):
                name = line[6:].decode().strip()
            elif line.startswith(b"data:"):
                data += line[5:]
            elif line == b"\n":
                # Only a whole block counts: the id of one that was cut off is forgotten with it.
                with self._changed:
                    self.last_id = last_id
                    if data and name:
                        self.words.append((name, json.loads(data)))
                        data = b""
                    if data:
                        self.events.append(json.loads(data))
                        self.arrived.append(time.perf_counter())
                        told, data = told + 1, b""
                    name = ""
                    if not opened:
                        self.connections, opened = self.connections + 1, True
                    self._changed.notify_all()
                if told == self._leave_after:
                    return
