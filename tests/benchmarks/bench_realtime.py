"""From the commit of a notification to the open browsers, beside nginx with nchan and beside a queue a client.

An event is a row as a collection writes it, through `add_notification` in a database of its own. Time starts before the
statement that commits, and ends when the stream's bytes have been read by another process. All take turns, round after round.
"""

from __future__ import annotations

import datetime
import random
import statistics
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from backend.db.engine import Database
from backend.errors import AtlasError
from backend.settings import get_settings
from tests.benchmarks import nchan
from tests.benchmarks.realtime_servers import FILES, Server, nginx, ours, queues
from tests.benchmarks.scratch import scratch_database
from tests.benchmarks.sse_clients import Clients

CLIENTS = (1_000, 10_000)
EVENTS = 20
WARM_UP = 2
ROUNDS = 3
"""A queue a client takes part in the first one only: it is slow, and its figure is processor time, which varies little."""
LATEST_S = 30
TARGET_TIMES_NCHAN = 1.3
TARGET_TIMES_CHEAPER = 3
OURS, NCHAN, QUEUES = "ours", "nginx + nchan", "a queue a client"
NAMES = ("삼성전자", "SK하이닉스", "LG에너지솔루션", "현대차", "NAVER", "카카오", "셀트리온", "한화에어로스페이스", "HD현대일렉트릭", "두산에너빌리티")  # fmt: skip

Figures = dict[str, float]


def run() -> dict[str, Any]:
    """Return the figures by number of clients and server, each the median of the rounds; lost and doubled are sums."""
    with scratch_database("atlas_bench_realtime") as database:
        contestants = _contestants(database.url("atlas_app"), database)
        measured: dict[int, dict[str, list[Figures]]] = {}
        for count in CLIENTS:
            if count + 500 > FILES:
                Console(stderr=True).print(
                    f"{count:,} clients need more open files than {FILES:,} (ulimit -Hn): left out"
                )
                continue
            measured[count] = {name: [] for name in contestants}
            for number in range(ROUNDS):
                for name, start in contestants.items():
                    if name == QUEUES and number:
                        continue
                    with start() as server:
                        measured[count][name].append(_measure(server, count, database))
    figures: dict[str, Any] = {
        f"{count}_clients": {name: _median(rounds) for name, rounds in by_name.items()}
        for count, by_name in measured.items()
    }
    for by_name in figures.values():
        _compare(by_name)
    complete = len(measured) == len(CLIENTS) and NCHAN in contestants
    figures["met"] = complete and all(_met(by_name) for by_name in figures.values())
    _show(figures)
    return figures


def _contestants(url: str, database: Database) -> dict[str, Callable[[], AbstractContextManager[Server]]]:
    contestants: dict[str, Callable[[], AbstractContextManager[Server]]] = {OURS: lambda: ours(database.url())}
    prefix = get_settings().home / "nchan"
    try:
        nchan.install(prefix)
        contestants[NCHAN] = lambda: nginx(url, prefix)
    except (AtlasError, OSError, subprocess.CalledProcessError) as error:
        Console(stderr=True).print(f"nginx with nchan cannot be installed here, so it is left out: {error}")
    contestants[QUEUES] = lambda: queues(url)
    return contestants


def _measure(server: Server, count: int, database: Database) -> Figures:
    """Open `count` streams and commit events one after the other, each when all streams have got the one before."""
    server.settle()
    empty = server.memory_bytes()
    with Clients() as clients, psycopg.connect(database.url("atlas_loader"), autocommit=True) as connection:
        clients.connect(server.port, server.path, count)
        server.settle()
        sent: dict[int, int] = {}
        _commit_and_wait(connection, clients, count, WARM_UP, sent)
        warm = dict(sent)
        before, started = server.cpu_s(), time.monotonic()
        _commit_and_wait(connection, clients, count, EVENTS, sent)
        cpu_s, wall_s = server.cpu_s() - before, time.monotonic() - started
        full = server.memory_bytes()
        report = clients.report(list(sent))
    taken = [
        (when - sent[int(number)]) / 1e6
        for number, times in report["arrivals"].items()
        if int(number) not in warm and int(number) in sent
        for when in times
    ]
    percentiles = statistics.quantiles(taken, n=100)
    return {
        "p50_ms": percentiles[49],
        "p99_ms": percentiles[98],
        "slowest_ms": max(taken),
        "cpu_us_per_message": cpu_s / (EVENTS * count) * 1e6,
        "kb_per_client": (full - empty) / count / 1024,
        "seconds": wall_s,
        "lost": report["lost"],
        "doubled": report["doubled"],
        "disordered": report["disordered"],
    }


def _commit_and_wait(
    connection: psycopg.Connection, clients: Clients, count: int, events: int, sent: dict[int, int]
) -> None:
    """Commit events; `sent` gets the monotonic time of each by its id, nanoseconds."""
    for _ in range(events):
        started = time.monotonic_ns()
        number = _add(connection)
        sent[number] = started
        clients.await_events(len(sent) * count, LATEST_S)


def _add(connection: psycopg.Connection) -> int:
    while True:
        date = datetime.date(2000, 1, 1) + datetime.timedelta(days=random.randrange(1_000_000))
        cursor = connection.execute(
            "SELECT add_notification('collection', NULL, %s, '', %s)", (date, Jsonb(_content(date)))
        )
        if (number := cursor.fetchone()[0]) is not None:
            return number


def _content(date: datetime.date) -> dict[str, Any]:
    """Return what a collection tells of a day, some 1.6 KB."""

    def stocks(*counts: str) -> list[dict[str, Any]]:
        return [
            {"code": f"{random.randrange(1_000_000):06}", "name": name, **{key: random.randrange(40) for key in counts}}
            for name in NAMES[: random.randrange(4, 9)]
        ]

    return {
        "source": "krx", "label": "KRX", "date": date.isoformat(),
        "compared_with": (date - datetime.timedelta(days=1)).isoformat(),
        "etfs": 921, "holdings": 59_000, "prices": 1_001, "trades": 812, "gaps": 3,
        "new": stocks("etfs", "active"), "out": stocks("etfs", "active"),
        "bought": stocks("etfs"), "sold": stocks("etfs"), "new_total": 41, "out_total": 37,
        "missing": [{"code": "069500", "name": "KODEX 200", "reason": "구성종목이 비어 있습니다"}],
    }  # fmt: skip


def _median(rounds: list[Figures]) -> Figures:
    counts = ("lost", "doubled", "disordered")
    return {
        name: sum(each[name] for each in rounds)
        if name in counts
        else round(statistics.median(each[name] for each in rounds), 1)
        for name in rounds[0]
    }


def _compare(by_name: dict[str, Figures]) -> None:
    mine = by_name[OURS]
    if NCHAN in by_name:
        mine["p50_times_nchan"] = round(mine["p50_ms"] / by_name[NCHAN]["p50_ms"], 2)
    mine["times_cheaper_than_queues"] = round(by_name[QUEUES]["cpu_us_per_message"] / mine["cpu_us_per_message"], 1)


def _met(by_name: dict[str, Figures]) -> bool:
    mine = by_name[OURS]
    return (
        mine["lost"] == mine["doubled"] == mine["disordered"] == 0
        and mine.get("p50_times_nchan", 0) <= TARGET_TIMES_NCHAN
        and mine["times_cheaper_than_queues"] >= TARGET_TIMES_CHEAPER
    )


def _show(figures: dict[str, Any]) -> None:
    table = Table(
        title=f"{EVENTS} events, from before the commit to every client; medians of {ROUNDS} rounds",
        caption="µs: processor time a message; KB: memory a client",
        box=SIMPLE,
    )
    table.add_column("clients", justify="right")
    table.add_column("server")
    for title in ("p50, ms", "p99, ms", "µs", "KB", "lost", "doubled"):
        table.add_column(title, justify="right", no_wrap=True)
    for key, by_name in figures.items():
        for name, each in by_name.items() if key != "met" else ():
            row = (f"{each['p50_ms']:.1f}", f"{each['p99_ms']:.1f}", f"{each['cpu_us_per_message']:.1f}",
                   f"{each['kb_per_client']:.1f}", f"{each['lost']}", f"{each['doubled']}")  # fmt: skip
            table.add_row(f"{int(key.split('_')[0]):,}", name, *row)
    Console().print(table)
    for key, by_name in figures.items():
        if key != "met":
            mine = by_name[OURS]
            print(
                f"{int(key.split('_')[0]):,} clients: p50 {mine.get('p50_times_nchan', '–')} × nchan's "
                f"(target: ≤ {TARGET_TIMES_NCHAN}); {mine['times_cheaper_than_queues']} times cheaper than a queue "
                f"a client in CPU (target: ≥ {TARGET_TIMES_CHEAPER})"
            )
