"""./atlas test: every check, with all that the checks need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import typer

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
KOREAN_FONT = "fonts-nanum"
AIRFLOW_TESTS = ROOT / "tests" / "airflow"
# Sessions of about the same length, which run side by side: each has a database server and processes of its own.
PEOPLE = "tests/integration/people"
SESSIONS = (("tests/unit", "tests/airflow", "tests/e2e", PEOPLE), ("tests/integration", f"--ignore={PEOPLE}"))
NOTHING_CHOSEN = 5
"""Exit status of pytest where its arguments leave out every test."""


def register(app: typer.Typer) -> None:
    """Add the command `test`."""
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(test)


def test(context: typer.Context) -> None:
    """Install what the tests need, check the code with ruff and run pytest; arguments go to pytest."""
    from backend import virtual_environment

    try:
        virtual_environment.ensure("requirements-dev.txt")
    except virtual_environment.SetupFailed as error:
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    _provide_browser()
    if _includes(AIRFLOW_TESTS, context.args):
        _provide_airflow()
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "."], cwd=ROOT, check=False
    )
    raise typer.Exit(_run_tests(context.args) or checked.returncode)


def _run_tests(arguments: list[str]) -> int:
    """Run pytest with arguments that name what to run; run all tests as two sessions at once where they name nothing."""
    command = [sys.executable, "-m", "pytest", *arguments]
    if _named(arguments):
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    with tempfile.TemporaryFile() as output:
        beside = subprocess.Popen([*command, *SESSIONS[1]], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            first = subprocess.run([*command, *SESSIONS[0]], cwd=ROOT, check=False).returncode
            typer.echo(f"\n{' '.join(SESSIONS[1])}, which ran beside {' '.join(SESSIONS[0])}:", err=True)
            _follow(beside, output)
        finally:
            beside.terminate()
            beside.wait()
    statuses = {first, beside.returncode}
    failed = statuses - {0, NOTHING_CHOSEN}
    return max(failed) if failed else min(statuses)


def _follow(process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    """Print what a process has written so far, and the rest as it comes."""
    place = 0
    while True:
        ended = process.poll() is not None
        written = os.pread(output.fileno(), 1 << 20, place)
        place += len(written)
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
        if ended and not written:
            return
        if not written:
            time.sleep(0.2)


def _named(arguments: list[str]) -> list[Path]:
    """Return the files and folders that pytest's arguments name."""
    named = [Path(argument.partition("::")[0]) for argument in arguments if not argument.startswith("-")]
    return [(ROOT / path).resolve() for path in named if (ROOT / path).exists()]


def _includes(folder: Path, arguments: list[str]) -> bool:
    """Say whether pytest's arguments name no file or folder, or one that has to do with the folder."""
    chosen = _named(arguments)
    return not chosen or any(path.is_relative_to(folder) or folder.is_relative_to(path) for path in chosen)


def _provide_airflow() -> None:
    """Install Airflow's own environment; if that fails its tests say why they are skipped."""
    from backend.airflow.environment import AirflowFailed, install

    try:
        install()
    except AirflowFailed as error:
        typer.secho(f"THE AIRFLOW TESTS MAY BE SKIPPED: {error.message}", fg=typer.colors.YELLOW, err=True)


def _provide_browser() -> None:
    """Install Chromium and a Korean font where we may; otherwise the browser tests say why they are skipped."""
    missing = [] if any(map(shutil.which, BROWSERS)) else ["chromium"]
    missing += [] if _has_korean_font() else [KOREAN_FONT]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        typer.secho(
            f"THE BROWSER TESTS MAY BE SKIPPED: only root can install {' and '.join(missing)} (with apt-get)",
            fg=typer.colors.YELLOW,
            err=True,
        )
        return
    typer.echo(f"atlas: installing {' and '.join(missing)}", err=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    for command in (install, ["apt-get", "update", "-qq"], install):
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=sys.stderr, env=environment, check=False)
        if command is install and result.returncode == 0:
            return
    typer.secho(f"THE BROWSER TESTS MAY BE SKIPPED: apt-get could not install {missing}", fg="yellow", err=True)


def _has_korean_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    listing = subprocess.run(["fc-list", ":lang=ko", "family"], capture_output=True, text=True, check=False)
    return bool(listing.stdout.strip())
