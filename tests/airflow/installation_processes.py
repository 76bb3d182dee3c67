"""An installation in processes of its own, with a local KRX and Discord, and how to wait for it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from stub_discord import StubDiscord
from stub_krx import StubKrx

from backend.airflow.api import AirflowApi

ROOT = Path(__file__).resolve().parents[2]
DAYS = [date(2026, 7, 6), date(2026, 7, 7), date(2026, 7, 8), date(2026, 7, 9)]
START_SECONDS = 150
STOP_SECONDS = 40


@dataclass
class Atlas:
    """The command line of an installation."""

    environment: Mapping[str, str]

    @property
    def home(self) -> Path:
        return Path(self.environment["ATLAS_HOME"])

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(arguments), env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def start(self, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        """Start a command whose output goes to a file."""
        with log.open("wb") as output:
            return subprocess.Popen(
                self._command(arguments), env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [str(ROOT / "atlas"), *arguments]


@dataclass
class Collection:
    """Everything that takes part when a day is collected: KRX and Discord, the web server, Airflow."""

    atlas: Atlas
    krx: StubKrx
    discord: StubDiscord
    page: str
    airflow: subprocess.Popen[bytes]
    log: Path
    api: AirflowApi

    def trigger(self, dag: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Run a DAG to its end; return the exit status, what it printed as JSON, and what it said."""
        result = self.atlas.run("airflow", "trigger", dag, *arguments, "--wait", "--json")
        assert result.stdout, result.stderr
        return result.returncode, json.loads(result.stdout), result.stderr

    def notifications(self) -> list[dict[str, Any]]:
        """Return the stored notifications, newest first."""
        return httpx.get(f"{self.page}/api/notifications").json()["items"]


def await_(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a condition holds; fail with the log where the process ends or time is up."""
    ends = time.monotonic() + START_SECONDS
    while not condition():
        if process.poll() is not None or time.monotonic() > ends:
            pytest.fail(f"{process.args} does not work:\n{text_of(log)[-3000:]}")
        time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> int:
    """End a process politely and return its exit status; fail if it does not end."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        pytest.fail(f"{process.args} did not end within {STOP_SECONDS} s")


def text_of(log: Path) -> str:
    """Return what a log says so far."""
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/health", timeout=2).is_success
    except httpx.TransportError:
        return False
