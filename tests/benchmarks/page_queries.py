"""The SQL of the pages' requests, recorded once and asked again by plain psycopg: what the database alone takes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from fastapi.testclient import TestClient
from sqlalchemy import event

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import get_settings

Statement = tuple[str, Any]


@dataclass
class Recorded:
    """The transactions of one request, each a list of statements with their parameters."""

    route: str
    transactions: list[list[Statement]] = field(default_factory=list)


def record(database: Database, cookie: str, paths: list[tuple[str, str]]) -> list[Recorded]:
    """Ask for each path once in this process, and return what was sent to the database for it."""
    settings = get_settings().model_copy(update={"chat_workers": 0, "model": "offline", "background": False})
    recorded = []
    client = TestClient(create_app(database, settings), cookies={"atlas_session": cookie})
    for route, path in paths:
        client.get(path)
        with _recording(database) as transactions:
            client.get(path)
        recorded.append(Recorded(route, [statements for statements in transactions if statements]))
    return recorded


@contextmanager
def _recording(database: Database) -> Iterator[list[list[Statement]]]:
    transactions: list[list[Statement]] = [[]]
    engine = database.engine("atlas_app")

    def sent(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        transactions[-1].append((statement, parameters or None))

    def ended(_connection: Any) -> None:
        transactions.append([])

    listeners = (("before_cursor_execute", sent), ("commit", ended), ("rollback", ended))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield transactions
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)


def replay(
    url: str, recorded: list[Recorded], connections: int, seconds: float, requests_per_second: float
) -> dict[str, list[float]]:
    """Ask the recorded requests in random order, as many a second from as many connections; milliseconds by route."""
    taken: dict[str, list[float]] = {one.route: [] for one in recorded}
    until = time.monotonic() + seconds
    pause_s = connections / requests_per_second

    def one_connection(seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            while time.monotonic() < until:
                time.sleep(chance.expovariate(1 / pause_s))
                request = chance.choice(recorded)
                started = time.perf_counter()
                for statements in request.transactions:
                    for statement, parameters in statements:
                        cursor = connection.execute(statement, parameters)
                        if cursor.description:
                            cursor.fetchall()
                    connection.commit()
                taken[request.route].append((time.perf_counter() - started) * 1000)

    threads = [threading.Thread(target=one_connection, args=(seed,)) for seed in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken
