"""`./atlas airflow up`: one for each home folder, and nothing left when it ends, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path

import pytest
from installation_processes import Atlas, Collection, text_of

from backend.airflow.process_tree import descendants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def listening(pid: int) -> set[str]:
    """Return the addresses a process listens on, as Linux writes them: 127.0.0.1 is 0100007F."""
    sockets = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(os.readlink(file))
    lines = [
        line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
    ]
    return {line[1].rpartition(":")[0] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets}


def test_a_second_one_on_the_same_home_says_that_it_runs_already(collection: Collection) -> None:
    result = collection.atlas.run("airflow", "up", "--port", "0")
    assert result.returncode == 1
    assert f"Airflow already runs at {collection.api.address}" in result.stderr


def test_a_port_that_is_taken_is_said(collection: Collection, tmp_path: Path) -> None:
    other = Atlas({**collection.atlas.environment, "ATLAS_HOME": str(tmp_path)})
    port = collection.api.address.rsplit(":", 1)[1]
    result = other.run("airflow", "up", "--port", port)
    assert result.returncode == 1
    assert f"Port {port} is taken by another program" in result.stderr


def test_the_password_is_not_printed_where_others_may_read_it(collection: Collection) -> None:
    password = collection.api.password
    folder = collection.atlas.home / "airflow"
    assert password not in text_of(collection.log)
    assert all(stat.S_IMODE((folder / name).stat().st_mode) == 0o600 for name in ("password.json", "keys.json"))


def test_only_this_machine_can_reach_it(collection: Collection) -> None:
    family = [collection.airflow.pid, *(one.pid for one in descendants(collection.airflow.pid))]
    assert {address for pid in family for address in listening(pid)} == {"0100007F"}


def test_status_shows_the_dags(collection: Collection) -> None:
    result = collection.atlas.run("airflow", "status", "--json")
    dags = {dag["dag"]: dag for dag in json.loads(result.stdout)["dags"]}
    assert set(dags) == {"etf_daily", "backfill", "fill_gaps", "refresh_reference", "reembed_examples"}
    assert dags["etf_daily"]["next"].endswith("T10:00:00Z")


def test_airflows_own_command_line_works_on_the_installation(collection: Collection) -> None:
    result = collection.atlas.run("airflow", "run", "--", "dags", "list", "--output", "json")
    assert "etf_daily" in result.stdout, result.stderr[-2000:]


def test_what_cannot_be_started_is_said(collection: Collection) -> None:
    unknown = collection.atlas.run("airflow", "trigger", "nothing")
    assert (unknown.returncode, unknown.stderr.strip()) == (
        1,
        "error: Airflow says 404: Dag with dag_id: 'nothing' not found",
    )
    wrong = collection.atlas.run("airflow", "trigger", "etf_daily", "--date", "2026-13-01")
    assert wrong.returncode == 1
    assert "'2026-13-01' is not a 'date'" in wrong.stderr
