"""A folder that cannot be used is told in one line, by every command that wants it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command", [["db", "status"], ["collect", "gaps", "--json"], ["collect", "krx", "--date", "2026-07-08"], ["worker"]]
)
def test_a_home_below_a_file_is_told_in_one_line(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATLAS_")}
    ended = subprocess.run(
        [sys.executable, "-m", "backend.cli", *command],
        cwd=ROOT, env=environment | {"ATLAS_HOME": str(home)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[-1].startswith(f"error: ATLAS_HOME cannot be used: {home}")
    assert len(ended.stderr.splitlines()) == 1
