"""What the tests of the scheduled collection share: an installed Airflow, and one that runs beside everything it works with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from krx_markets import invented
from stub_discord import StubDiscord
from stub_krx import StubKrx

from backend.airflow.api import AirflowApi
from backend.airflow.environment import PROJECT, AirflowFailed, AirflowHome, install
from backend.db.engine import Database
from backend.installation import address_of
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DAYS = [date(2026, 7, 6), date(2026, 7, 7), date(2026, 7, 8), date(2026, 7, 9)]
START_SECONDS = 150
STOP_SECONDS = 40


@pytest.fixture(scope="session")
def airflow_python() -> str:
    """The interpreter of Airflow's environment, installed if it was not."""
    try:
        install()
    except AirflowFailed as error:
        message = f"AIRFLOW IS MISSING: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return str(PROJECT / ".venv" / "bin" / "python")


@pytest.fixture(scope="session")
def run_inside(airflow_python: str, tmp_path_factory: Any) -> Callable[..., Any]:
    """A function that runs a script with Airflow's interpreter and returns the JSON it prints."""
    settings = Settings(home=tmp_path_factory.mktemp("inside"), database_url=None)

    def run(script: str, *arguments: str, **variables: str) -> Any:
        environment = AirflowHome(settings).variables(8080) | variables
        command = [airflow_python, str(ROOT / "tests" / "airflow" / script), *arguments]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode == 0, result.stderr[-3000:]
        return json.loads(result.stdout.splitlines()[-1])

    return run


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


@pytest.fixture(scope="session")
def krx() -> Iterator[StubKrx]:
    """A local KRX with four days of an invented market."""
    with StubKrx(invented(DAYS, etfs=12)) as stub:
        yield stub


@pytest.fixture(scope="session")
def discord() -> Iterator[StubDiscord]:
    """A local Discord."""
    with StubDiscord() as stub:
        yield stub


@pytest.fixture(scope="session")
def atlas(new_database: Callable[[], Database], session_folder: Path, krx: StubKrx, discord: StubDiscord) -> Atlas:
    """The command line of an installation whose KRX and Discord are local."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ATLAS_", "AIRFLOW_"))},
        **krx.environment(),
        "ATLAS_HOME": str(session_folder / "airflow"),
        "ATLAS_DATABASE_URL": new_database().url(),
        "ATLAS_MODEL": "offline",
        "ATLAS_CHAT_WORKERS": "0",
        "ATLAS_DISCORD_API_URL": discord.api_url,
        "ATLAS_DISCORD_WEBHOOK_URL": discord.address,
        # The tests say when the schedule begins.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    }
    return Atlas(environment)


@pytest.fixture(scope="session")
def collection(
    atlas: Atlas,
    airflow_python: str,
    built_page: None,
    krx: StubKrx,
    discord: StubDiscord,
    free_port: Callable[[], int],
    tmp_path_factory: Any,
) -> Iterator[Collection]:
    """A running installation: web server and Airflow."""
    folder = tmp_path_factory.mktemp("collection")
    airflow = atlas.start("airflow", "up", "--port", "0", log=folder / "airflow.log")
    port = free_port()
    page = f"http://127.0.0.1:{port}"
    server = atlas.start("serve", "--port", str(port), log=folder / "server.log")
    try:
        await_(lambda: _answers(page), server, folder / "server.log")
        await_(lambda: "\nAirflow: " in text_of(folder / "airflow.log"), airflow, folder / "airflow.log")
        address = address_of(atlas.home, "airflow")
        assert address
        password = json.loads((atlas.home / "airflow" / "password.json").read_text(encoding="utf-8"))["admin"]
        api = AirflowApi(address, password)
        yield Collection(atlas, krx, discord, page, airflow, folder / "airflow.log", api)
    finally:
        for process in (airflow, server):
            end(process)


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


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/health", timeout=2).is_success
    except httpx.TransportError:
        return False
