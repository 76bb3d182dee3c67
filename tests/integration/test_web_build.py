"""Building the page: only when something changed, whole or not at all, and also where there is no Node.js."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from backend import web_build
from backend.web_build import WebBuildError


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the page's sources that stands where the build looks for them."""
    copy = tmp_path / "web"
    shutil.copytree(web_build.WEB, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    monkeypatch.setattr(web_build, "WEB", copy)
    monkeypatch.setattr(web_build, "DIST", copy / "dist")
    return copy


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that a build runs, noted instead of run."""
    noted: list[str] = []

    def note(command: list[str], node: object, failure: str) -> None:
        noted.append(Path(command[1]).name if Path(command[0]).name == "node" else " ".join(command[1:2]))
        (web_build.WEB / "node_modules").mkdir(exist_ok=True)
        if "--outDir" in command:
            folder = Path(command[command.index("--outDir") + 1])
            folder.mkdir(parents=True)
            (folder / "index.html").write_text("built")

    monkeypatch.setattr(web_build, "_run", note)
    monkeypatch.setattr(web_build, "find_node", lambda report, folder: web_build.Node(Path("/opt/node"), ("npm",)))
    return noted


def test_a_page_that_is_built_is_not_built_again(web: Path, commands: list[str]) -> None:
    assert (web_build.build() / "index.html").read_text() == "built"
    assert commands == ["ci", "tsc", "vite.js"]
    web_build.build()
    assert commands == ["ci", "tsc", "vite.js"]


def test_a_changed_source_is_built_without_installing_the_packages_again(web: Path, commands: list[str]) -> None:
    web_build.build()
    (web / "src" / "App.tsx").write_text("export {}")
    web_build.build()
    assert commands == ["ci", "tsc", "vite.js", "tsc", "vite.js"]


def test_a_changed_test_builds_nothing(web: Path, commands: list[str]) -> None:
    web_build.build()
    (web / "src" / "chat" / "chat.test.ts").write_text("")
    web_build.build()
    assert len(commands) == 3


def test_a_failed_build_leaves_the_former_page_and_says_what_failed(
    web: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web_build.build()
    (web / "src" / "App.tsx").write_text("broken")

    def fail(command: list[str], node: object, failure: str) -> None:
        raise WebBuildError(failure)

    monkeypatch.setattr(web_build, "_run", fail)
    with pytest.raises(WebBuildError, match="type errors"):
        web_build.build()
    assert (web / "dist" / "index.html").read_text() == "built"


def test_what_a_failing_program_said_is_part_of_the_error(tmp_path: Path) -> None:
    with pytest.raises(WebBuildError, match="no such package"):
        web_build._run(["sh", "-c", "echo no such package >&2; exit 1"], None, "its packages could not be installed")


@pytest.mark.parametrize(
    ("version", "enough"),
    [("v18.20.0", False), ("v20.18.9", False), ("v20.19.0", True), ("v21.7.0", False), ("v22.11.0", False),
     ("v22.12.0", True), ("v24.1.0", True), ("nonsense", False)],
)  # fmt: skip
def test_which_nodes_are_new_enough(tmp_path: Path, version: str, enough: bool) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    assert web_build._new_enough(str(node)) is enough


def test_the_lock_names_no_host_that_packages_come_from() -> None:
    lock = (web_build.WEB / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


@pytest.mark.slow
def test_a_machine_without_node_gets_it_from_a_wheel(test_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    test_home.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    report: Callable[[str], None] = said.append
    node = web_build.find_node(report, test_home / "node")
    told = subprocess.run([*node.npm, "--version"], env=node.environment, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert web_build._new_enough(str(node.executable))
    said.clear()
    assert web_build.find_node(report, test_home / "node") == node
    assert said == []
