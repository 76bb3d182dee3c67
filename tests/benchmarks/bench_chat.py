"""What chats do to the rest of the server, and what a turn costs besides the model.

Of the first, /api/health is asked while none and while 50 chats stream; their agent is a script that streams for as long as the
measurement lasts, so that the figures are the server's own. The second is measured by turn_overhead.py, beside LangChain.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from tests.benchmarks import turn_overhead

CHATS = 50
REQUESTS = 300
PORT = 18_431
TARGETS = {"turn_to_first_token_p50_ms": "target: < 60"}
SCRIPT = Path(__file__).parents[1] / "scripted_chat.py"


def run() -> dict[str, float]:
    """Measure, print and return the figures: milliseconds, and events a second over all chats."""
    figures = {**_while_chats_stream(), **_turn_overhead()}
    for name, value in figures.items():
        print(f"{name:>32} {value:>10,.1f}  {TARGETS.get(name, '')}")
    return figures


def _turn_overhead() -> dict[str, float]:
    """The median and the 95th percentile of a turn with an instant model, of ours and of LangChain's graph QA chain."""
    return {
        f"{name}_p{percent}_ms": _percentile(values, percent)
        for name, values in turn_overhead.measure().items()
        for percent in (50, 95)
    }


def _while_chats_stream() -> dict[str, float]:
    server = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(PORT), str(CHATS)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{PORT}"
    try:
        _await_health(address)
        quiet = _latencies(address)
        events, stop = [0] * CHATS, threading.Event()
        chats = [threading.Thread(target=_chat, args=(address, events, number, stop)) for number in range(CHATS)]
        for chat in chats:
            chat.start()
        while not all(events):
            time.sleep(0.05)
        before, started = sum(events), time.perf_counter()
        busy = _latencies(address)
        rate = (sum(events) - before) / (time.perf_counter() - started)
        stop.set()
        for chat in chats:
            chat.join(10)
    finally:
        server.terminate()
        server.wait(10)
    return {
        "chats": CHATS,
        "events_per_second": round(rate),
        "health_quiet_p50_ms": _percentile(quiet, 50),
        "health_quiet_p99_ms": _percentile(quiet, 99),
        "health_busy_p50_ms": _percentile(busy, 50),
        "health_busy_p99_ms": _percentile(busy, 99),
    }


def _chat(address: str, events: list[int], number: int, stop: threading.Event) -> None:
    question = {"id": "q", "role": "user", "content": "느린 질문"}
    body = {"threadId": "bench", "runId": str(number), "messages": [question]}
    with httpx.stream("POST", f"{address}/api/chat", json=body, timeout=60) as reply:
        for line in reply.iter_lines():
            events[number] += line.startswith("data:")
            if stop.is_set():
                return


def _latencies(address: str) -> list[float]:
    taken = []
    with httpx.Client() as client:
        for _ in range(REQUESTS):
            started = time.perf_counter()
            client.get(f"{address}/api/health").raise_for_status()
            taken.append((time.perf_counter() - started) * 1000)
            time.sleep(0.005)
    return taken


def _percentile(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1], 2)


def _await_health(address: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{address}/api/health").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the scripted server did not start")
