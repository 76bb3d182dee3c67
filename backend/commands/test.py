"""./atlas test: every check, with all that the checks need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
KOREAN_FONT = "fonts-nanum"
AIRFLOW_TESTS = ROOT / "tests" / "airflow"


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
    tested = subprocess.run([sys.executable, "-m", "pytest", *context.args], cwd=ROOT, check=False)
    raise typer.Exit(tested.returncode or checked.returncode)


def _includes(folder: Path, arguments: list[str]) -> bool:
    """Say whether pytest's arguments name no file or folder, or one that has to do with the folder."""
    named = [Path(argument.partition("::")[0]) for argument in arguments if not argument.startswith("-")]
    chosen = [(ROOT / path).resolve() for path in named if (ROOT / path).exists()]
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
