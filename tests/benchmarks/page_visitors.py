"""A process of people who look at pages, each with a session: cheap, so that it measures the server.

`python -m tests.benchmarks.page_visitors PORT SECONDS THINK_S` reads one JSON line, `{"people": [{"cookie", "etfs"}], "queries": […]}`,
and prints one: milliseconds in the server and at the client for each answer, by route.

A person opens the watchlist, looks at it, types a name into the search box, opens an ETF's page, and one of another ETF. What
a page asks for at once goes out at once, over as many connections as a browser opens.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from contextlib import AsyncExitStack
from urllib.parse import quote

CONNECTIONS = 6
KEYS_PER_SEARCH = 3
KEY_S = 0.2
LONGEST_THINK = 3


class Connection:
    """One connection to the server, kept open; answers come with their length."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port, self._cookie = port, cookie
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> tuple[int, float, bytes]:
        """Return the status, the milliseconds that the server says it took, and the body."""
        if self._writer is None or self._writer.is_closing():
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: atlas_session={self._cookie}\r\n\r\n"
        self._writer.write(request.encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        headers = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:] if b": " in line)
        body = await self._reader.readexactly(int(headers[b"content-length"]))
        return status, float(headers[b"server-timing"].partition(b"dur=")[2]), body

    def close(self) -> None:
        if self._writer:
            self._writer.close()


class Person:
    """Somebody with a browser; `taken` collects (server ms, client ms) by route."""

    def __init__(self, port: int, cookie: str, etfs: list[str], seed: int) -> None:
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        self.connections = [Connection(port, cookie) for _ in range(CONNECTIONS)]
        for connection in self.connections:
            self._free.put_nowait(connection)
        self._etfs, self._chance = etfs, random.Random(seed)
        self.taken: dict[str, list[tuple[float, float]]] = {}
        self.failed: list[str] = []

    async def look(self, queries: list[str], until: float, think_s: float) -> None:
        """Open pages until the time is over."""
        await asyncio.sleep(self._chance.uniform(0, think_s * 3))
        while time.monotonic() < until:
            await asyncio.gather(
                self._ask("session", "/api/auth/session"),
                self._ask("notifications", "/api/notifications?limit=30"),
                self._ask("watchlist", "/api/watchlist"),
            )
            await self._think(think_s)
            name = self._chance.choice(queries)
            for letters in range(1, KEYS_PER_SEARCH + 1):
                await self._ask("search", f"/api/search?q={quote(name[: letters * 2])}&limit=8")
                await asyncio.sleep(min(KEY_S, think_s))
            for _ in range(2):
                await self._open_etf(self._chance.choice(self._etfs))
                await self._think(think_s)

    async def _open_etf(self, code: str) -> None:
        etf, changes, *_ = await asyncio.gather(
            self._ask("etf", f"/api/etfs/{code}"),
            self._ask("changes", f"/api/etfs/{code}/changes"),
            self._ask("holdings", f"/api/etfs/{code}/holdings"),
            self._ask("prices", f"/api/etfs/{code}/prices?from=1990-01-01"),
            self._ask("similar", f"/api/etfs/{code}/similar?limit=10"),
            self._ask("codes", "/api/watchlist/codes"),
            self._ask("companies", "/api/companies"),
        )
        rest = [self._ask("etfs of a manager", f"/api/etfs?company={quote(etf['company'])}&limit=13")]
        if "previous" in changes:
            rest.append(self._ask("holdings", f"/api/etfs/{code}/holdings?date={changes['previous']}"))
        await asyncio.gather(*rest)

    async def _ask(self, route: str, path: str) -> dict:
        connection = await self._free.get()
        started = time.perf_counter()
        try:
            status, server_ms, body = await connection.get(path)
        finally:
            self._free.put_nowait(connection)
        client_ms = (time.perf_counter() - started) * 1000
        # An ETF with one snapshot has no changes, which is an answer too.
        if status != 200 and not (status == 404 and route == "changes"):
            self.failed.append(f"{status} {path}")
        self.taken.setdefault(route, []).append((server_ms, client_ms))
        return json.loads(body) if route in ("etf", "changes") else {}

    async def _think(self, think_s: float) -> None:
        if think_s:
            await asyncio.sleep(min(self._chance.expovariate(1 / think_s), LONGEST_THINK * think_s))


async def visit(port: int, seconds: float, think_s: float, given: dict) -> dict:
    """Have everybody look for some seconds, and return what was measured."""
    people = [Person(port, person["cookie"], person["etfs"], seed) for seed, person in enumerate(given["people"])]
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        for person in people:
            for connection in person.connections:
                stack.callback(connection.close)
        await asyncio.gather(*(person.look(given["queries"], started + seconds, think_s) for person in people))
    taken: dict[str, list[tuple[float, float]]] = {}
    for person in people:
        for route, times in person.taken.items():
            taken.setdefault(route, []).extend(times)
    failed = [one for person in people for one in person.failed]
    return {"seconds": time.monotonic() - started, "taken": taken, "failed": failed}


if __name__ == "__main__":
    arguments = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    print(json.dumps(asyncio.run(visit(*arguments, json.loads(sys.stdin.readline())))))
