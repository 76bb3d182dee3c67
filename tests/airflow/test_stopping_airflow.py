"""How Airflow ends: the last of these tests by name, for they leave no Airflow to the ones after them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installation_processes import Collection, await_, end, text_of

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
