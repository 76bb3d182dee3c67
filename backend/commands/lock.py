"""./atlas lock: pin what the project depends on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[2]
# The order matters: the later ones of the root are constrained by the first. Airflow has an environment of its own.
FILES = (
    "requirements",
    "requirements-dev",
    "requirements-node",
    "requirements-bench",
    "requirements-krx",
    "airflow/requirements",
)


def register(app: typer.Typer) -> None:
    """Add the command `lock`."""
    app.command()(lock)


def lock(
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Take the newest versions of everything")] = False,
) -> None:
    """Compile requirements*.in to requirements*.txt, with a hash for every file and no registry's address."""
    from backend.virtual_environment import uv_settings

    environment = {**os.environ, **uv_settings(os.environ)}
    # A machine's further indexes and folders may offer the files of its own Python alone, and only those would be locked.
    for name in ("UV_INDEX", "UV_FIND_LINKS"):
        environment.pop(name, None)
    options = [
        *("--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header"),
        *("--no-emit-index-url", "--override", "requirements-overrides.txt"),
        *(["--upgrade"] if upgrade else []),
    ]
    for name in FILES:
        _forget_hashes(ROOT / f"{name}.txt")
        command = [str(Path(sys.prefix) / "bin" / "uv"), "pip", "compile", f"{name}.in", "-o", f"{name}.txt", *options]
        compiled = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
        if compiled.returncode:
            raise typer.Exit(compiled.returncode)


def _forget_hashes(lock: Path) -> None:
    """Keep a lock's versions alone: uv would take its hashes over, also where files have come since."""
    if lock.exists():
        text = lock.read_text(encoding="utf-8")
        lock.write_text(re.sub(r" \\\n    --hash=\S+", "", text), encoding="utf-8")
