"""What fifty conversations at once do to the rest of the API.

Fifty visitors ask real questions of the sample market, each again 1.5 s after its answer, while another process asks for health and for
the holdings of an ETF: once with the answers worked out in a process of their own, and once, as the peer, in threads of the web server.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from agent.examples import store
from backend.collection.load import load_sample
from backend.db.engine import Database
from tests.benchmarks import visitors
from tests.benchmarks.scratch import scratch_database

SECONDS = 12.0
WARM_UP_S = 3.0
PORT = 18_433
PATHS = {"health": "/api/health", "holdings": "/api/etfs/069500/holdings"}


def run() -> dict[str, float]:
    """Measure, print and return the figures: milliseconds, and turns a second."""
    with scratch_database("bench_conversations") as database:
        load_sample(database)
        with database.engine("atlas_app").begin() as connection:
            store(connection)
        figures = {**_measured(database, workers=1), **_measured(database, workers=0)}
    for name, value in figures.items():
        print(f"{name:>36} {value:>10,.1f}")
    return figures


def _measured(database: Database, *, workers: int) -> dict[str, float]:
    kind = "own_process" if workers else "threads"
    with _served(database, workers) as address:
        quiet = _latencies(address, SECONDS / 3)
        talking = subprocess.Popen(
            [sys.executable, "-m", visitors.__name__, address, str(SECONDS + WARM_UP_S)], stdout=subprocess.PIPE
        )
        time.sleep(WARM_UP_S)
        busy = _latencies(address, SECONDS)
        turns = json.loads(talking.communicate(timeout=120)[0])
    figures = {
        f"{kind}_turns_per_second": len(turns) / (SECONDS + WARM_UP_S),
        f"{kind}_turn_p50_ms": statistics.median(turns),
    }
    for state, taken in (("quiet", quiet), ("busy", busy)):
        for path, values in taken.items():
            percentiles = statistics.quantiles(values, n=100)
            figures |= {f"{kind}_{state}_{path}_p{percent}_ms": percentiles[percent - 1] for percent in (50, 95, 99)}
    return {name: round(value, 2) for name, value in figures.items()}


def _latencies(address: str, seconds: float) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in PATHS}
    until = time.monotonic() + seconds
    with httpx.Client(base_url=address, timeout=30) as client:
        while time.monotonic() < until:
            for name, path in PATHS.items():
                started = time.perf_counter()
                client.get(path).raise_for_status()
                taken[name].append((time.perf_counter() - started) * 1000)
                time.sleep(0.01)
    return taken


@contextmanager
def _served(database: Database, workers: int) -> Iterator[str]:
    environment = {
        **os.environ,
        "ATLAS_DATABASE_URL": database.url(),
        "ATLAS_CHAT_WORKERS": str(workers),
        "ATLAS_MODEL": "offline",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "serve", "--port", str(PORT)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{PORT}"
    try:
        _await_ready(address)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _await_ready(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/api/ready").is_success:
                # A process of its own needs a moment more before it takes questions.
                time.sleep(WARM_UP_S)
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the server did not start")
