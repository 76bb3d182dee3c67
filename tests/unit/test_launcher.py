"""The launcher: the virtual environment on first use, then the command line."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backend.virtual_environment import uv_settings

ROOT = Path(__file__).resolve().parents[2]
COMMAND_LINE = """
import sys, sniffio
print(sys.argv[1:])
sys.exit(7 if sys.argv[1:] == ["fail"] else 0)
"""


def locked(package: str) -> str:
    """Return the entry of a package in the project's lock."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entry = re.search(rf"^{package}==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    assert entry
    return entry.group()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with the real launcher, in a folder whose name has a space."""
    root = tmp_path / "a pro ject"
    (root / "backend").mkdir(parents=True)
    shutil.copy(ROOT / "atlas", root)
    shutil.copy(ROOT / "backend" / "virtual_environment.py", root / "backend")
    (root / "backend" / "__init__.py").touch()
    (root / "backend" / "cli.py").write_text(COMMAND_LINE, encoding="utf-8")
    (root / "requirements.txt").write_text(locked("sniffio"), encoding="utf-8")
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which uv is found."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").symlink_to(Path(sys.prefix) / "bin" / "uv")
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}


def atlas(
    project: Path, *arguments: str, environment: dict[str, str], cwd: Path | str = "/"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(project / "atlas"), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_first_start_makes_the_environment_and_runs_the_command(project: Path, environment: dict[str, str]) -> None:
    first = atlas(project, "ask", "두 단어", "", "it's", environment=environment)
    assert first.stdout == "['ask', '두 단어', '', \"it's\"]\n"
    assert first.returncode == 0
    assert "creating the virtual environment" in first.stderr


def test_a_later_start_goes_straight_to_the_command(project: Path, environment: dict[str, str]) -> None:
    atlas(project, environment=environment)
    started = time.monotonic()
    later = atlas(project, "fail", environment=environment)
    assert time.monotonic() - started < 3
    assert (later.stdout, later.stderr, later.returncode) == ("['fail']\n", "", 7)


def test_it_runs_through_a_link_from_a_folder_with_modules_of_the_same_name(
    project: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "backend").mkdir(parents=True)
    (elsewhere / "backend" / "__init__.py").write_text("raise SystemExit('the wrong backend')", encoding="utf-8")
    (elsewhere / "atlas").symlink_to(project / "atlas")
    assert atlas(elsewhere, "here", environment=environment, cwd=elsewhere).stdout == "['here']\n"


def test_two_first_starts_at_once_both_succeed(project: Path, environment: dict[str, str]) -> None:
    command = [str(project / "atlas"), "one"]
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(2)
    ]
    assert [one.communicate(timeout=120)[0] for one in both] == ["['one']\n", "['one']\n"]


@pytest.mark.parametrize("moment", [".venv/pyvenv.cfg", ".venv/.created", ".venv/bin/python"])
def test_a_set_up_that_was_killed_is_completed_by_the_next_start(
    project: Path, environment: dict[str, str], moment: str
) -> None:
    first = subprocess.Popen(
        [str(project / "atlas")], env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (project / moment).exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(timeout=20)
    assert atlas(project, "again", environment=environment).stdout == "['again']\n"


def test_a_half_made_environment_is_made_anew(project: Path, environment: dict[str, str]) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to("/nonexistent/python")
    assert atlas(project, "again", environment=environment).stdout == "['again']\n"


def test_a_half_installed_package_is_installed_again(project: Path, environment: dict[str, str]) -> None:
    atlas(project, environment=environment)
    (project / ".venv" / "requirements.txt").unlink()
    for file in project.glob(".venv/lib/python*/site-packages/sniffio/*.py"):
        file.unlink()
    assert atlas(project, "again", environment=environment).stdout == "['again']\n"


def test_a_new_lock_is_installed_by_the_next_start(project: Path, environment: dict[str, str]) -> None:
    atlas(project, environment=environment)
    (project / "requirements.txt").write_text(locked("sniffio") + locked("idna"), encoding="utf-8")
    assert "installing 2 packages" in atlas(project, environment=environment).stderr
    assert list(project.glob(".venv/lib/python*/site-packages/idna"))


def test_a_package_that_is_not_the_locked_one_is_refused(project: Path, environment: dict[str, str]) -> None:
    lock = re.sub(r"sha256:\w{8}", "sha256:00000000", locked("sniffio"))
    (project / "requirements.txt").write_text(lock, encoding="utf-8")
    refused = atlas(project, environment=environment)
    assert refused.returncode == 1
    assert "the packages could not be installed" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_without_uv_it_is_fetched_by_the_lock_s_hash(project: Path, tmp_path: Path) -> None:
    (project / "requirements.txt").write_text(locked("sniffio") + locked("uv"), encoding="utf-8")
    programs = tmp_path / "programs without uv"
    programs.mkdir()
    (programs / "python3").symlink_to(sys._base_executable)
    environment = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path)}
    start = atlas(project, "fetched", environment=environment)
    assert "fetching uv" in start.stderr
    assert start.stdout == "['fetched']\n"


def test_without_a_new_enough_python_the_way_out_is_named(project: Path, tmp_path: Path) -> None:
    programs = tmp_path / "old"
    programs.mkdir()
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        (programs / name).write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
        (programs / name).chmod(0o755)
    refused = atlas(project, environment={**os.environ, "PATH": f"{programs}:/usr/bin:/bin"})
    assert refused.returncode == 1
    assert refused.stderr == (
        "atlas: Python 3.11 or newer is needed: install it (for example as the package python3) and try again\n"
    )


def test_the_machine_s_pip_configuration_reaches_uv(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text(
        "[global]\nindex-url = https://index.example/simple\nfind_links =\n    /opt/one\n    /opt/two\n"
        "[install]\ntrusted-host = index.example\n",
        encoding="utf-8",
    )
    settings = uv_settings({"HOME": str(tmp_path), "PIP_EXTRA_INDEX_URL": "file:///a file:///b", "PIP_TIMEOUT": "60"})
    assert settings["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert settings["UV_INDEX"] == "file:///a file:///b"
    assert settings["UV_FIND_LINKS"] == "/opt/one,/opt/two"
    assert settings["UV_INSECURE_HOST"] == "index.example"
    assert settings["UV_HTTP_TIMEOUT"] == "60"


def test_what_is_configured_for_uv_itself_wins(tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "UV_DEFAULT_INDEX": "https://uv.example",
        "PIP_INDEX_URL": "https://pip.example",
    }
    assert uv_settings(environment) == {}


def test_the_locks_name_no_registry_and_no_package_without_a_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-node.txt"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in lock
        packages = re.findall(r"^[\w.-]+==", lock, re.MULTILINE)
        hashed = re.findall(r"^[\w.-]+==.*\\\n +--hash=sha256:", lock, re.MULTILINE)
        assert len(packages) == len(hashed) > 0


def test_the_compiled_packages_of_psycopg2_stand_in_for_the_one_that_needs_a_compiler() -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "psycopg2-binary==" in lock
    assert "psycopg2==" not in lock
