"""The servers whose streams `./atlas bench realtime` compares, each in processes of its own, and what they use up."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.benchmarks import nchan

ROOT = Path(__file__).parents[2]
STARTED_WITHIN_S = 120
QUIET_SHARE = 0.03
QUIET_WITHIN_S = 30
"""A server is quiet when it takes less than this share of a core; the application, for one, starts its workers first."""
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]


@dataclass
class Server:
    """A server that streams new rows of `notifications`: where, and the processes that do it, the streaming one first."""

    port: int
    path: str
    pids: list[int] = field(default_factory=list)

    def cpu_s(self) -> float:
        """Return the seconds of processor time that its processes have taken so far."""
        return sum(_cpu_ns(pid) for pid in self.pids) / 1e9

    def settle(self) -> None:
        """Wait until the processes, and those that they have started, are done with what they do at their start."""
        quiet, deadline = 0, time.monotonic() + QUIET_WITHIN_S
        while quiet < 3 and time.monotonic() < deadline:
            before = self._with_children_ns()
            time.sleep(0.3)
            quiet = quiet + 1 if self._with_children_ns() - before < QUIET_SHARE * 0.3e9 else 0

    def _with_children_ns(self) -> int:
        children = Path(f"/proc/{self.pids[0]}/task/{self.pids[0]}/children").read_text().split()
        return sum(_cpu_ns(pid) for pid in [*self.pids, *map(int, children)])

    def memory_bytes(self) -> int:
        """Return the memory of the streaming process that is in use now."""
        pages = int(Path(f"/proc/{self.pids[0]}/statm").read_text().split()[1])
        return pages * resource.getpagesize()


def _cpu_ns(pid: int) -> int:
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        total += int((thread / "schedstat").read_text().split()[0])
    return total


@contextmanager
def ours(url: str) -> Iterator[Server]:
    """The application as `./atlas serve` serves it; beside it run its workers, which have nothing to do."""
    port = _free_port()
    command = [sys.executable, "-m", "backend.cli", "serve", "--port", str(port)]
    with _process(command, {"ATLAS_DATABASE_URL": url, "ATLAS_LOG_LEVEL": "WARNING"}) as process:
        _await_answer(port, "/api/health", process)
        yield Server(port, "/api/notifications/stream", [process.pid])


@contextmanager
def queues(url: str) -> Iterator[Server]:
    """A queue a client, with sse-starlette."""
    port = _free_port()
    with _process([sys.executable, "-m", "tests.benchmarks.queue_server", url, str(port)]) as process:
        _await_answer(port, "/openapi.json", process)
        yield Server(port, "/stream", [process.pid])


@contextmanager
def nginx(url: str, prefix: Path) -> Iterator[Server]:
    """nginx with nchan, one worker, and the bridge that posts to it."""
    port = _free_port()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nchan")))
        master = stack.enter_context(_process(nchan.command(prefix, work, port, FILES)))
        _await_port(port, master)
        bridge = [sys.executable, "-m", "tests.benchmarks.nchan", url, str(port)]
        bridging = stack.enter_context(_process(bridge, stdout=subprocess.PIPE))
        if bridging.stdout.readline() != b"listening\n":
            raise RuntimeError("the bridge to nchan has not come up")
        worker = int(Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()[0])
        yield Server(port, "/stream", [worker, bridging.pid])


@contextmanager
def _process(
    command: list[str], environment: dict[str, str] | None = None, stdout: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=stdout, stderr=messages, env={**os.environ, **(environment or {})}
        )
        try:
            yield process
        except RuntimeError as error:
            messages.seek(0)
            error.add_note(messages.read().decode(errors="replace")[-2_000:])
            raise
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


def _await_answer(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    for _ in _tries(port, process):
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                return
        except (URLError, OSError):
            continue


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in _tries(port, process):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            continue


def _tries(port: int, process: subprocess.Popen[bytes]) -> Iterator[None]:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        yield
        time.sleep(0.1)
    raise RuntimeError(f"the server at port {port} has not come up: {' '.join(map(str, process.args))}")
