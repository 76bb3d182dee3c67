"""A process that holds thousands of event streams and notes when what arrives: cheap, so that it measures the server.

The bench talks to it in lines of JSON. Bytes are read as they come and looked into only when the report is asked for.
"""

from __future__ import annotations

import json
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

READ_BYTES = 1 << 18
CONNECTING = 200
"""How many connections are being made at a time."""
PER_ADDRESS = 20_000
EVENT = re.compile(rb'data: \{"id":(\d+),[^\n]*\}\n')
IP_BIND_ADDRESS_NO_PORT = 24


class Clients:
    """The process, as the bench sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()

    def connect(self, port: int, path: str, count: int) -> None:
        """Open `count` streams and wait for the first bytes of each."""
        self._ask({"do": "connect", "port": port, "path": path, "count": count})

    def await_events(self, total: int, within_s: float) -> int:
        """Wait until all streams together have been sent `total` events; return how many they have been sent."""
        return self._ask({"do": "await", "total": total, "within_s": within_s})

    def report(self, expected: Sequence[int]) -> dict[str, Any]:
        """Return arrivals (the monotonic times in nanoseconds by event), `lost`, `doubled` and `disordered`."""
        return self._ask({"do": "report", "expected": list(expected)})

    def _ask(self, command: dict[str, Any]) -> Any:
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the process that holds the streams has ended; see its message above")
        return json.loads(answer)


class _Streams:
    """The open streams, and what was read from them: (stream, monotonic time in nanoseconds, bytes)."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}
        self._epoll = select.epoll()
        self._read: list[tuple[int, int, bytes]] = []
        self._events = 0

    def connect(self, port: int, path: str, count: int) -> int:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode()
        for first in range(0, count, CONNECTING):
            fresh = [self._open(port, request, number) for number in range(first, min(first + CONNECTING, count))]
            silent = set(fresh)
            deadline = time.monotonic() + 60
            while silent and time.monotonic() < deadline:
                seen = len(self._read)
                self._poll(0.1)
                silent -= {number for number, _, _ in self._read[seen:]}
            if silent:
                raise SystemExit(f"{len(silent)} of {count} streams were not answered within 60 s")
        return len(self._sockets)

    def _open(self, port: int, request: bytes, number: int) -> int:
        stream = socket.socket()
        # Each address has its own 28,000 ports, of which closed connections hold some for a minute.
        stream.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        stream.bind((f"127.0.0.{2 + number % 8}", 0))
        stream.connect(("127.0.0.1", port))
        stream.sendall(request)
        stream.setblocking(False)
        self._sockets[stream.fileno()] = stream
        self._epoll.register(stream.fileno(), select.EPOLLIN)
        return stream.fileno()

    def _poll(self, within_s: float) -> None:
        clock, read, sockets = time.monotonic_ns, self._read, self._sockets
        for number, _ in self._epoll.poll(within_s):
            try:
                data = sockets[number].recv(READ_BYTES)
            except BlockingIOError:
                continue
            if not data:
                raise SystemExit("the server has closed a stream")
            read.append((number, clock(), data))
            self._events += data.count(b"\ndata: ")

    def await_events(self, total: int, within_s: float) -> int:
        deadline = time.monotonic() + within_s
        while self._events < total and time.monotonic() < deadline:
            self._poll(0.1)
        # What comes twice comes late.
        quiet = time.monotonic() + 0.05
        while time.monotonic() < quiet:
            self._poll(0.01)
        return self._events

    def report(self, expected: list[int]) -> dict[str, Any]:
        arrivals: dict[int, list[int]] = {number: [] for number in expected}
        got: dict[int, list[int]] = {number: [] for number in self._sockets}
        rest: dict[int, bytes] = dict.fromkeys(self._sockets, b"")
        for number, when, data in self._read:
            text, end = rest[number] + data, 0
            for event in EVENT.finditer(text):
                got[number].append(int(event[1]))
                arrivals.setdefault(int(event[1]), []).append(when)
                end = event.end()
            rest[number] = text[end:]
        wanted = set(expected)
        return {
            "arrivals": arrivals,
            "lost": sum(len(wanted - set(ids)) for ids in got.values()),
            "doubled": sum(len(ids) - len(set(ids)) for ids in got.values()),
            "disordered": sum(ids != sorted(ids) for ids in got.values()),
        }


def _serve_the_bench() -> None:
    streams = _Streams()
    for line in sys.stdin:
        command = json.loads(line)
        match command.pop("do"):
            case "connect":
                answer = streams.connect(**command)
            case "await":
                answer = streams.await_events(**command)
            case "report":
                answer = streams.report(**command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    _serve_the_bench()
