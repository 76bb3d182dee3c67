"""`./atlas up` as a person uses it: once, twice, with a taken port, with Ctrl-C and with kill -9."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from backend.db.private_server import PrivateServer

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Installation:
    """A home folder of its own, and the `./atlas up` processes that were started in it."""

    home: Path
    server: PrivateServer
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def up(self, port: int) -> Running:
        log = self.home.parent / f"up-{len(self.processes)}.log"
        environment = {**os.environ, "ATLAS_HOME": str(self.home)}
        environment.pop("ATLAS_DATABASE_URL", None)
        command = [str(ROOT / "atlas"), "up", "--no-browser", "--port", str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd="/")
        self.processes.append(process)
        return Running(process, log, f"http://127.0.0.1:{port}")


@dataclass
class Running:
    """One `./atlas up`."""

    process: subprocess.Popen[bytes]
    log: Path
    address: str

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def ready(self) -> Running:
        """Wait until questions can be answered."""
        self.wait_for(lambda: self.status() == 200)
        return self

    def status(self) -> int:
        try:
            return httpx.get(f"{self.address}/api/ready", timeout=5).status_code
        except httpx.TransportError:
            return 0

    def wait_for(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> tuple[int, float]:
        """Send a signal; return the exit status and the seconds it took to end."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(timeout=30), time.monotonic() - started


@pytest.fixture(scope="module")
def installation(session_folder: Path, server: PrivateServer) -> Iterator[Installation]:
    """A home folder whose database programs are there and whose market is not."""
    home = session_folder / "up" / "home"
    base = home / "postgresql"
    base.mkdir(parents=True)
    (base / "prefix").symlink_to(server.programs_folder, target_is_directory=True)
    one = Installation(home, PrivateServer(home))
    yield one
    for process in one.processes:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(timeout=10)
    one.server.stop()


def test_a_taken_port_is_named_before_anything_is_started(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = installation.up(port)
        assert refused.process.wait(timeout=30) == 1
    assert f"Port {port} is taken" in refused.output()
    assert "Traceback" not in refused.output()
    assert not installation.server.data.exists()


def test_killed_in_the_middle_of_the_set_up_the_next_one_completes_it(
    installation: Installation, free_port: Callable[[], int]
) -> None:
    first = installation.up(free_port())
    first.wait_for(lambda: "Schema" in first.output())
    first.end(signal.SIGKILL)
    second = installation.up(free_port()).ready()
    assert second.end(signal.SIGTERM)[0] == 0
    assert installation.server.running_pid() is None


def test_a_second_one_is_refused_and_does_no_harm(installation: Installation, free_port: Callable[[], int]) -> None:
    first = installation.up(free_port()).ready()
    second = installation.up(free_port())
    assert second.process.wait(timeout=30) == 1
    assert f"already runs at {first.address} (process {first.process.pid})" in second.output()
    assert first.status() == 200
    assert first.end(signal.SIGINT)[0] == 0


def test_ctrl_c_stops_server_and_database_in_seconds(installation: Installation, free_port: Callable[[], int]) -> None:
    running = installation.up(free_port()).ready()
    status, seconds = running.end(signal.SIGINT)
    assert status == 0
    assert seconds < 8
    assert installation.server.running_pid() is None
    assert "Traceback" not in running.output()


def test_a_killed_one_leaves_nothing_that_stops_the_next(
    installation: Installation, free_port: Callable[[], int]
) -> None:
    port = free_port()
    installation.up(port).ready().end(signal.SIGKILL)
    database = installation.server.running_pid()
    second = installation.up(port).ready()
    assert installation.server.running_pid() == database, "the database that still runs is taken over"
    second.end(signal.SIGTERM)
    assert installation.server.running_pid() is None


def test_a_database_that_is_killed_comes_back(installation: Installation, free_port: Callable[[], int]) -> None:
    running = installation.up(free_port()).ready()
    database = installation.server.running_pid()
    assert database
    os.kill(database, signal.SIGKILL)
    running.wait_for(lambda: installation.server.running_pid() not in (None, database), seconds=30)
    running.ready()
    running.end(signal.SIGINT)
    assert installation.server.running_pid() is None


def test_a_database_that_was_started_by_hand_is_left_running(
    installation: Installation, free_port: Callable[[], int]
) -> None:
    installation.server.start()
    installation.up(free_port()).ready().end(signal.SIGINT)
    assert installation.server.running_pid() is not None
    installation.server.stop()


def test_ctrl_c_during_the_set_up_stops_what_was_started(
    installation: Installation, free_port: Callable[[], int]
) -> None:
    running = installation.up(free_port())
    running.wait_for(lambda: installation.server.running_pid() is not None)
    assert running.end(signal.SIGINT)[0] == 130
    assert installation.server.running_pid() is None
    assert "Traceback" not in running.output()
