"""What fifty people at once wait for: the data of the watchlist, ETF pages and search, with the whole real market loaded.

Each has a session and twenty watched ETFs, opens a page, looks at it for two seconds on average (exponential, at most six), and goes
on to the next; a second run lets them think for no time at all. The peer is the same SQL, asked as often by plain psycopg from as
many connections: what the database alone takes. Server, people and peer are processes of this machine.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from backend.collection.load import load_files
from backend.db.engine import Database
from tests.benchmarks import page_queries, page_visitors, timed_server
from tests.benchmarks.realtime_servers import _await_answer, _free_port
from tests.benchmarks.scratch import real_data, scratch_database
from tests.people import new_person

PEOPLE = 50
WATCHED = 20
THINK_S = 2.0
SECONDS = 40.0
WARM_UP_S = 15.0
TARGET_P95_MS = 100.0
ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


def run() -> dict[str, Any]:
    """Return the percentiles in ms in the server and at the client, by route and of all, and those of the peer."""
    with scratch_database("atlas_bench_api") as database:
        load_files(database, real_data())
        given = _people(database)
        figures = measure(database, given)
    _show(figures)
    return figures


def measure(database: Database, given: dict[str, Any]) -> dict[str, Any]:
    """Measure a loaded market with the people of `_people`."""
    before = os.getloadavg()[0]
    with _served(database) as (port, pid):
        _visit(port, WARM_UP_S, THINK_S, given)
        cpu = _cpu_s(database, pid)
        visited = _visit(port, SECONDS, THINK_S, given)
        used = [after - earlier for after, earlier in zip(_cpu_s(database, pid), cpu, strict=True)]
        hurried = _visit(port, SECONDS / 2, 0, given)
    figures = _figures(visited)
    rate = figures["requests_per_second"]
    recorded = page_queries.record(database, given["people"][0]["cookie"], _paths(given))
    asked = page_queries.replay(database.url("atlas_app"), recorded, PEOPLE, SECONDS / 2, rate)
    peer = _percentiles([ms for times in asked.values() for ms in times])
    return {
        **figures,
        "server_cores": round(used[0] / visited["seconds"], 2),
        "database_cores": round(used[1] / visited["seconds"], 2),
        "load_average_before": round(before, 1),
        "psycopg": peer,
        "times_psycopg_p95": round(figures["server"]["p95_ms"] / peer["p95_ms"], 2),
        "without_thinking": {key: value for key, value in _figures(hurried).items() if key != "routes"},
        "target_p95_ms": TARGET_P95_MS,
        "met": figures["server"]["p95_ms"] < TARGET_P95_MS and not figures["failed"],
    }


def _people(database: Database) -> dict[str, Any]:
    chance = random.Random(20260708)
    with database.engine("atlas_app").begin() as connection:
        rows = connection.execute(
            text("SELECT code, name FROM etfs WHERE holdings_date IS NOT NULL ORDER BY aum_krw DESC NULLS LAST, code")
        ).all()
    people = []
    for _ in range(PEOPLE):
        somebody = new_person(database)
        # Large ETFs are watched more often, but everybody has some that nobody else has.
        etfs = [*chance.sample(rows[:100], WATCHED // 2), *chance.sample(rows[100:], WATCHED - WATCHED // 2)]
        with database.engine("atlas_app").begin() as connection:
            connection.execute(
                text("INSERT INTO watchlist (person, etf) SELECT :person, unnest(CAST(:etfs AS text[]))"),
                {"person": somebody.id, "etfs": [row.code for row in etfs]},
            )
        people.append({"cookie": somebody.code, "etfs": [row.code for row in etfs]})
    return {"people": people, "queries": [row.name for row in chance.sample(rows, 200)]}


def _paths(given: dict[str, Any]) -> list[tuple[str, str]]:
    """The requests of a visit, in the numbers in which a person makes them; ETFs and names of many people."""
    paths: list[tuple[str, str]] = []
    for number, person in enumerate(given["people"][:15]):
        name = given["queries"][number]
        paths += [("session", "/api/auth/session"), ("watchlist", "/api/watchlist")]
        paths += [("search", f"/api/search?q={name[: letters * 2]}&limit=8") for letters in (1, 2, 3)]
        for code in person["etfs"][:2]:
            parts = ("", "/changes", "/holdings", "/holdings", "/prices?from=1990-01-01", "/similar?limit=10")
            paths += [(part.partition("?")[0] or "etf", f"/api/etfs/{code}{part}") for part in parts]
            paths += [("codes", "/api/watchlist/codes"), ("companies", "/api/companies")]
    return paths


@contextmanager
def _served(database: Database):
    port = _free_port()
    command = [sys.executable, "-m", timed_server.__name__, database.url(), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            _await_answer(port, "/api/ready", process)
            yield port, process.pid
        finally:
            process.terminate()


def _visit(port: int, seconds: float, think_s: float, given: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", page_visitors.__name__, str(port), str(seconds), str(think_s)],
        cwd=ROOT, input=json.dumps(given) + "\n", capture_output=True, text=True, timeout=seconds * 10 + 60,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the visitors have ended: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _figures(visited: dict[str, Any]) -> dict[str, Any]:
    taken = visited["taken"]
    everything = [times for of_route in taken.values() for times in of_route]
    return {
        "requests": len(everything),
        "requests_per_second": round(len(everything) / visited["seconds"], 1),
        "failed": len(visited["failed"]),
        "server": _percentiles([server for server, _ in everything]),
        "client": _percentiles([client for _, client in everything]),
        "routes": {
            route: {"requests": len(times), **_percentiles([server for server, _ in times])}
            for route, times in sorted(taken.items())
        },
    }


def _percentiles(times: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(times, n=100)
    return {f"p{percent}_ms": round(cut[percent - 1], 1) for percent in (50, 95, 99)}


def _cpu_s(database: Database, server: int) -> tuple[float, float]:
    """Return the seconds of processor time of the web server, and of PostgreSQL with all its processes."""
    with psycopg.connect(database.url()) as connection:
        backend = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    try:
        postmaster = int(_stat(backend)[1])
    except OSError:
        return _process_s(server), 0.0  # a database on another machine
    own = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    children = [pid for pid in own if _parent(pid) == postmaster]
    # What a child that has ended took is added to its parent's.
    return _process_s(server), sum(map(_process_s, children)) + _process_s(postmaster, ended=True)


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1])
    except OSError:
        return 0


def _process_s(pid: int, *, ended: bool = False) -> float:
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15] if ended else fields[11:13])) / TICKS


def _show(figures: dict[str, Any]) -> None:
    table = Table(
        title=f"{PEOPLE} people with {WATCHED} watched ETFs each: ms in the server, target p95 {TARGET_P95_MS}"
    )
    for column in ("route", "requests", "p50", "p95", "p99"):
        table.add_column(column, justify="left" if column == "route" else "right")

    def row(name: str, requests: Any, of: dict[str, float]) -> None:
        table.add_row(name, str(requests), *(f"{of[f'p{percent}_ms']}" for percent in (50, 95, 99)))

    for route, of in figures["routes"].items():
        row(route, of["requests"], of)
    table.add_section()
    row("all, in the server", figures["requests"], figures["server"])
    row("all, at the client", "", figures["client"])
    row("the same SQL by psycopg", "", figures["psycopg"])
    hurried = figures["without_thinking"]
    row(f"without thinking ({hurried['requests_per_second']}/s)", hurried["requests"], hurried["server"])
    console = Console()
    console.print(table)
    console.print(
        f"{figures['requests_per_second']} requests/s, {figures['failed']} failed; {figures['server_cores']} cores for the "
        f"web server and {figures['database_cores']} for PostgreSQL; load average {figures['load_average_before']} before"
    )
    console.print("met" if figures["met"] else "[red]NOT met[/red]")
