"""A web server process of a test's own: started, killed and started again on the same port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]


class WebProcess:
    """`./atlas serve` on a database, without processes that answer questions."""

    def __init__(self, home: Path, database_url: str, port: int, log: Path, **settings: str) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = log
        self._command = [sys.executable, "-m", "backend.cli", "serve", "--port", str(port)]
        self._environment = {
            **os.environ, "ATLAS_HOME": str(home), "ATLAS_DATABASE_URL": database_url, "ATLAS_CHAT_WORKERS": "0",
            "ATLAS_MODEL": "offline", **settings,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        """Start the process, without waiting until it serves."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )

    def ready(self) -> WebProcess:
        """Wait until it serves."""
        self.wait_for(self._answers, "the web server did not come up")
        return self

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send a signal and wait for the end; returns the seconds it took."""
        started = time.monotonic()
        self._process.send_signal(number)
        self._process.wait(timeout=20)
        return time.monotonic() - started

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def metric(self, name: str) -> float:
        """Return one figure of /metrics."""
        lines = httpx.get(f"{self.address}/metrics", timeout=10).text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def wait_for(self, condition: Callable[[], bool], otherwise: str, seconds: float = 60) -> None:
        """Wait until something holds while the process lives."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._process.poll() is None, f"the web server ended:\n{self.output()[-3000:]}"
            assert time.monotonic() < deadline, f"{otherwise}:\n{self.output()[-3000:]}"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/api/health", timeout=2).is_success
        except httpx.TransportError:
            return False


@contextmanager
def serving(process: WebProcess) -> Iterator[WebProcess]:
    """Have a process serve, and end it afterwards however the test went."""
    process.start()
    try:
        yield process.ready()
    finally:
        if process._process.poll() is None:
            process.end()
