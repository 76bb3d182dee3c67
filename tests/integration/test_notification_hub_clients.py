"""The hub behind the web server, over real sockets: slow clients, many clients, pings, and what a stream looks like."""

from __future__ import annotations

import asyncio
import re
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.routing import Route

from backend import problems
from backend.installation import listening_socket
from backend.metrics import RequestMetrics
from backend.notifications.event import Event
from backend.notifications.hub import Hub
from backend.notifications.stream import PATH, NotificationStream, last_event_id
from backend.notifications.wire import SEND_BUFFER_BYTES, SILENT_MS, ConnectionWire, SendWire, wire_of
from backend.web_server import WebServer

TOLD = re.compile(rb"id: (\d+)\ndata: ")


class Table:
    """Rows as the table has them; `known` like the store that has published them."""

    def __init__(self) -> None:
        self.rows: list[Event] = []

    async def position(self, last_id: int) -> int:
        return min(last_id, len(self.rows))

    async def since(self, after: int, person: UUID | None, limit: int) -> list[Event]:
        await asyncio.sleep(0)
        return self.rows[after : after + limit]


@dataclass
class Place:
    """A web server with a hub in the running event loop."""

    hub: Hub
    table: Table
    port: int

    def tell(self, count: int = 1, size: int = 1_000) -> None:
        """Commit and publish events of about `size` bytes."""
        first = len(self.table.rows) + 1
        content = {"text": "x" * size}
        events = [
            Event(number, "collection", date(2026, 7, 8), str(number), content, datetime.now(UTC))
            for number in range(first, first + count)
        ]
        self.table.rows += events
        self.hub.publish(events)

    async def open(self, query: str = "", *, version: str = "1.1", headers: Sequence[str] = ()) -> Client:
        """Open a stream and return it once its first bytes have come."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"GET {PATH}{query} HTTP/{version}", "Host: x", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        client = Client(reader, writer)
        await client.until(lambda: b"retry:" in client.data)
        return client

    async def open_unread(self, version: str = "1.1") -> socket.socket:
        """Open a stream that nobody reads, with as little room as there can be on the client's side."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop, before = asyncio.get_running_loop(), self.hub.clients
        await loop.sock_connect(client, ("127.0.0.1", self.port))
        await loop.sock_sendall(client, f"GET {PATH} HTTP/{version}\r\nHost: x\r\n\r\n".encode())
        await until(lambda: self.hub.clients > before)
        return client


class Client:
    """A stream as its reader sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.data = b""
        self._reader = reader
        self._writer = writer

    @property
    def ids(self) -> list[int]:
        """The ids of the events that have come."""
        return [int(number) for number in TOLD.findall(self.data)]

    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Read until the condition holds or the stream has ended."""
        async with asyncio.timeout(seconds):
            while not condition():
                more = await self._reader.read(1 << 20)
                if not more:
                    return
                self.data += more

    async def until_id(self, number: int) -> None:
        await self.until(lambda: b"\nid: %d\n" % number in self.data or b"id: %d\ndata" % number in self.data)

    def leave(self) -> None:
        self._writer.transport.abort()


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(hub: Hub, *routes: Route) -> AsyncIterator[Place]:
    """Serve a hub as the application does, its middleware included."""
    app, table = FastAPI(), Table()
    app.state.hub, app.state.notifications = hub, table
    problems.install(app)
    app.router.routes += [Route(PATH, endpoint=NotificationStream()), *routes]
    app.add_middleware(RequestMetrics)
    hub.begin(0)
    with listening_socket("127.0.0.1", 0) as listener:
        server = WebServer(app)
        running = asyncio.ensure_future(server.serve([listener]))
        await until(lambda: server.started)
        try:
            yield Place(hub, table, listener.getsockname()[1])
        finally:
            server.should_exit = True
            await running


def in_a_loop(work: Callable[[], Awaitable[None]]) -> None:
    # Browser tests leave a loop in the main thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work()).result()


def test_a_stream_says_what_it_is_and_where_it_begins() -> None:
    async def work() -> None:
        async with serving(Hub()) as place:
            place.tell(3)
            client = await place.open()
            assert client.data.startswith(b"HTTP/1.1 200 OK\r\n")
            for line in (
                b"content-type: text/event-stream; charset=utf-8",
                b"cache-control: no-cache, no-transform",
                b"x-accel-buffering: no",
            ):
                assert line in client.data
            assert re.search(rb"retry: [2-4]\d{3}\nid: 3\n\n", client.data)
            place.tell()
            await client.until_id(4)
            assert client.ids == [4]
            assert b"\r\n" not in client.data.split(b"id: 4\n", 1)[1].split(b"\n\n", 1)[0]

    in_a_loop(work)


def test_who_was_away_for_more_than_a_thousand_events_gets_them_all_in_order() -> None:
    async def work() -> None:
        async with serving(Hub(most_kept=100)) as place:
            place.tell(2_500)
            client = await place.open(headers=["Last-Event-ID: 1200"])
            place.tell(100)
            await client.until_id(2_600)
            assert client.ids == list(range(1_201, 2_601))

    in_a_loop(work)


def test_a_client_that_never_reads_is_cut_off_and_slows_nobody_down() -> None:
    async def work() -> None:
        async with serving(Hub(stall_s=3)) as place:
            stuck = [await place.open_unread(version) for version in ("1.1", "1.1", "1.0")]
            client, slowest = await place.open(), 0.0
            for number in range(1, 201):
                started = time.perf_counter()
                place.tell(size=20_000)
                await client.until_id(number)
                slowest = max(slowest, time.perf_counter() - started)
                client.data = client.data[-10:] if number < 200 else client.data
            assert slowest < 2.5  # far less than the patience with those that do not read
            await until(lambda: place.hub.clients == 1)
            for each in stuck:
                each.close()

    in_a_loop(work)


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_client_that_never_reads_takes_little_memory(version: str) -> None:
    async def work() -> None:
        async with serving(Hub(stall_s=60, most_kept_bytes=2_000_000)) as place:
            client = await place.open()
            stuck = [await place.open_unread(version) for _ in range(20)]
            tracemalloc.start()
            try:
                for number in range(1, 201):
                    place.tell(size=100_000)
                    place.table.rows[-1] = None
                    await client.until_id(number)
                    client.data = b""
                    if number == 15:
                        most = tracemalloc.get_traced_memory()[1]
                        assert place.hub.clients == 21
                # 20 MB have been told; who is behind by more than 2 MB of them is no longer waited for.
                assert place.hub.clients == 1
                assert most < 20 * 400_000 + 4_000_000
                assert tracemalloc.get_traced_memory()[0] < 6_000_000
            finally:
                tracemalloc.stop()
            for each in stuck:
                each.close()

    in_a_loop(work)


def test_a_client_that_reads_again_in_time_has_missed_nothing() -> None:
    async def work() -> None:
        async with serving(Hub(stall_s=30)) as place:
            slow = await place.open_unread()
            place.tell(150, size=10_000)
            await asyncio.sleep(0.1)
            assert place.hub.clients == 1
            data, loop = bytearray(), asyncio.get_running_loop()
            async with asyncio.timeout(20):
                while b"id: 150\ndata" not in data[-20_000:]:
                    data += await loop.sock_recv(slow, 1 << 16)
            assert [int(number) for number in TOLD.findall(data)] == list(range(1, 151))
            slow.close()

    in_a_loop(work)


def test_pings_come_while_nothing_happens() -> None:
    async def work() -> None:
        async with serving(Hub(ping_s=0.2)) as place:
            client = await place.open()
            started = time.perf_counter()
            await client.until(lambda: client.data.count(b"\n: ping\n\n") >= 4)
            assert 0.5 < time.perf_counter() - started < 5
            assert client.ids == []

    in_a_loop(work)


def test_a_thousand_streams_end_within_half_a_second_and_later_ones_at_once() -> None:
    async def work() -> None:
        async with serving(Hub()) as place:
            clients = [await place.open() for _ in range(1_000)]
            # Processor time, because a busy machine may give us little of it.
            started = time.process_time()
            await place.hub.close()
            await until(lambda: place.hub.clients == 0)
            assert time.process_time() - started < 0.5
            for client in clients:
                await client.until(lambda client=client: client.data.endswith(b"0\r\n\r\n"))
                assert client.data.endswith(b"0\r\n\r\n")
                client.leave()
            late = await place.open()
            await late.until(lambda: late.data.endswith(b"0\r\n\r\n"))
            assert late.data.startswith(b"HTTP/1.1 200 OK\r\n")
            late.leave()

    in_a_loop(work)


def test_clients_that_leave_are_forgotten() -> None:
    async def work() -> None:
        async with serving(Hub()) as place:
            clients = [await place.open() for _ in range(50)]
            assert place.hub.clients == 50
            for client in clients:
                client.leave()
            await until(lambda: place.hub.clients == 0)

    in_a_loop(work)


def test_an_old_proxy_gets_the_stream_without_chunks() -> None:
    async def work() -> None:
        async with serving(Hub()) as place:
            client = await place.open(version="1.0")
            place.tell(20)
            await client.until_id(20)
            assert b"chunked" not in client.data.lower()
            assert client.ids == list(range(1, 21))
            assert b"}\n\nid: 2\n" in client.data
            client.leave()

    in_a_loop(work)


def test_streams_are_only_read() -> None:
    async def work() -> None:
        async with serving(Hub()) as place:
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
            writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 405 " in head
            assert b"application/problem+json" in head
            writer.close()

    in_a_loop(work)


def test_behind_the_middleware_the_connection_itself_is_written_to() -> None:
    """What `wire_of` knows of uvicorn still holds; without it streams work, but cost more."""
    seen = {}

    class Probe:
        async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
            seen[scope["http_version"]] = wire_of(scope, receive, send)
            connection = receive.__self__.transport.get_extra_info("socket")
            # Linux doubles what is asked for.
            seen["buffer"] = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            seen["silent"] = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    async def work() -> None:
        async with serving(Hub(), Route("/probe", endpoint=Probe())) as place:
            for version in ("1.1", "1.0"):
                reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
                writer.write(f"GET /probe HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                assert b" 204 " in await reader.read()
                writer.close()

    in_a_loop(work)
    assert isinstance(seen["1.1"], ConnectionWire)
    assert isinstance(seen["1.0"], SendWire)
    assert seen["buffer"] == 2 * SEND_BUFFER_BYTES
    assert seen["silent"] == SILENT_MS


@pytest.mark.parametrize(
    ("header", "query", "expected"),
    [
        (b"", b"", None),
        (b"17", b"", 17),
        (b"", b"last_event_id=5", 5),
        (b"17", b"last_event_id=5", 17),
        (b"x", b"last_event_id=5", None),
        (b"-1", b"", None),
        ("²".encode("latin-1"), b"", None),
        (b"9" * 30, b"", None),
        (b"", b"last_event_id=&x=1", None),
    ],
)
def test_the_last_event_is_named_by_the_header_or_else_by_the_address(
    header: bytes, query: bytes, expected: int | None
) -> None:
    headers = [(b"last-event-id", header)] if header else []
    assert last_event_id({"headers": headers, "query_string": query}) == expected
