"""What the tests of the scheduled collection share: an installed Airflow, and one that runs beside everything it works with."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from installation_processes import DAYS, Atlas, Collection, answers, await_, end, text_of
from krx_markets import invented
from stub_discord import StubDiscord
from stub_krx import StubKrx

from backend.airflow.api import AirflowApi
from backend.airflow.environment import PROJECT, AirflowFailed, AirflowHome, install
from backend.db.engine import Database
from backend.installation import address_of
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


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
        await_(lambda: answers(page), server, folder / "server.log")
        await_(lambda: "\nAirflow: " in text_of(folder / "airflow.log"), airflow, folder / "airflow.log")
        address = address_of(atlas.home, "airflow")
        assert address
        password = json.loads((atlas.home / "airflow" / "password.json").read_text(encoding="utf-8"))["admin"]
        api = AirflowApi(address, password)
        yield Collection(atlas, krx, discord, page, airflow, folder / "airflow.log", api)
    finally:
        for process in (airflow, server):
            end(process)
