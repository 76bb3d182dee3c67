"""`./atlas airflow up`: one for each home folder, and nothing left when it ends, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installation_processes import Atlas, Collection, await_, end, text_of

from backend.airflow.process_tree import descendants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def pid_of(up: subprocess.Popen[bytes], name: str) -> int | None:
    """Return one of the three processes by its command line."""
    for child in descendants(up.pid):
        arguments = Path(f"/proc/{child.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        if child.depth == 1 and (name in arguments or name.replace("-", "_") in arguments):
            return child.pid
    return None


def living(processes: list[Any]) -> list[int]:
    """Return which of the processes still live."""
    return [one.pid for one in processes if Path(f"/proc/{one.pid}").exists() and not is_zombie(one.pid)]


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


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


def test_when_one_process_dies_the_others_end_and_it_is_named(collection: Collection) -> None:
    family = descendants(collection.airflow.pid)
    os.kill(pid_of(collection.airflow, "dag-processor") or 0, signal.SIGKILL)
    assert collection.airflow.wait(40) == 1
    assert "error: Airflow's dag-processor was ended by SIGKILL" in text_of(collection.log)
    assert living(family) == []


@pytest.fixture
def started(collection: Collection, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Airflow, started on the same home once the first one has ended."""
    up = collection.atlas.start("airflow", "up", "--port", "0", log=tmp_path / "airflow.log")
    await_(lambda: len([one for one in descendants(up.pid) if one.depth == 1]) == 3, up, tmp_path / "airflow.log")
    yield up, tmp_path / "airflow.log"
    end(up)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_three_within_seconds(started: tuple[subprocess.Popen[bytes], Path], number: int) -> None:
    up, _ = started
    family = descendants(up.pid)
    begin = time.monotonic()
    up.send_signal(number)
    assert up.wait(40) in (0, 130)
    assert living(family) == []
    assert time.monotonic() - begin < 20


def test_without_its_parent_nothing_lives_on(started: tuple[subprocess.Popen[bytes], Path]) -> None:
    up, _ = started
    family = descendants(up.pid)
    up.kill()
    up.wait()
    ends = time.monotonic() + 40
    while living(family) and time.monotonic() < ends:
        time.sleep(0.1)
    assert living(family) == []
