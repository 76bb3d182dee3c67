"""Makes the virtual environment from the locked requirements.

The launcher runs this file with the machine's own Python, so it uses the standard library alone. Whatever interrupts
it, the next run completes the environment: each requirements file is copied into it once all of it is installed.
"""

from __future__ import annotations

import argparse
import configparser
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = "requirements.txt"
CREATED = ".created"


class SetupFailed(Exception):
    """The virtual environment could not be made."""


def is_installed(root: Path, requirements: str) -> bool:
    """Say whether all of a requirements file is in the environment of the project at `root`."""
    done, wanted = root / ".venv" / requirements, root / requirements
    return done.is_file() and done.read_bytes() == wanted.read_bytes()


def ensure(requirements: str = REQUIREMENTS, *, root: Path = ROOT) -> None:
    """Have everything in a requirements file installed; several processes may ask at once. Raises SetupFailed."""
    if is_installed(root, requirements):
        return
    with _locked(root / ".venv.lock"):
        if is_installed(root, requirements):
            return
        environment = root / ".venv"
        uv = _create(environment, root)
        lock = (root / requirements).read_bytes()
        done = environment / requirements
        known = done.exists()
        done.unlink(missing_ok=True)
        _say(f"installing {lock.count(b'==')} packages of {requirements}")
        command = [
            uv,
            "pip",
            "install",
            "--python",
            str(environment / "bin" / "python"),
            "--no-deps",
            "--require-hashes",
        ]
        # Without its copy in the environment the file may be half installed.
        command += [] if known or not _has_packages(environment) else ["--reinstall"]
        # psycopg2-binary stands in for psycopg2, hence --no-deps; the lock is complete.
        _run([*command, "-r", str(root / requirements)], "the packages could not be installed")
        draft = done.with_suffix(".draft")
        draft.write_bytes(lock)
        draft.replace(done)


def _has_packages(environment: Path) -> bool:
    return any(environment.glob("lib/python*/site-packages/*.dist-info"))


def _create(environment: Path, root: Path) -> str:
    """Make the environment if there is none that works; return the uv to fill it with."""
    own = environment / "bin" / "uv"
    if (environment / CREATED).exists() and _works(environment / "bin" / "python"):
        return _machine_uv() or str(own)
    _say(f"creating the virtual environment {environment} with Python {sys.version.split()[0]}")
    if environment.is_symlink() or environment.is_file():
        raise SetupFailed(f"{environment} is in the way: remove it")
    if environment.exists():
        shutil.rmtree(environment)
    uv = _machine_uv()
    if uv:
        _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(environment)], "uv failed")
    else:
        missing = "this Python cannot make virtual environments: install python3-venv, or uv"
        _run([sys.executable, "-m", "venv", str(environment)], missing)
        _install_uv(environment, root)
        uv = str(own)
    (environment / CREATED).touch()
    return uv


def _works(python: Path) -> bool:
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return python.exists() and subprocess.run([python, "-I", "-c", check], check=False).returncode == 0


def _machine_uv() -> str | None:
    search = os.pathsep.join([os.environ.get("PATH", ""), str(Path("~/.local/bin").expanduser())])
    return shutil.which("uv", path=search)


def _install_uv(environment: Path, root: Path) -> None:
    """Install the locked uv with pip, which then installs the rest in a fraction of pip's time."""
    lock = (root / REQUIREMENTS).read_text(encoding="utf-8")
    block = re.search(r"^uv==(?:.*\\\n)*.*$", lock, re.MULTILINE)
    if block is None:
        raise SetupFailed(f"{REQUIREMENTS} does not lock uv: run ./atlas lock")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(block.group() + "\n")
        file.flush()
        _say("fetching uv")
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--no-deps", "--require-hashes", "-r", file.name], "uv could not be fetched")


def _run(command: list[str], complaint: str) -> None:
    environment = {**os.environ, **uv_settings(os.environ), "UV_NO_PROGRESS": "" if sys.stderr.isatty() else "1"}
    environment = {name: value for name, value in environment.items() if value}
    environment.pop("VIRTUAL_ENV", None)
    if subprocess.run(command, stdout=sys.stderr, env=environment, check=False, close_fds=False).returncode:
        raise SetupFailed(f"{complaint} (the message stands above; run the command again to go on)")


def uv_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the machine's pip configuration in uv's words; whatever is configured for uv itself wins."""
    if any(name in environment for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")):
        return {}
    pip = _pip_settings(environment)
    translated = {
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": pip.get("extra-index-url", ""),
        "UV_FIND_LINKS": ",".join(pip.get("find-links", "").split()),
        "UV_INSECURE_HOST": pip.get("trusted-host", ""),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "HTTPS_PROXY": pip.get("proxy", ""),
        "UV_HTTP_TIMEOUT": pip.get("timeout", pip.get("default-timeout", "")),
        "UV_NO_INDEX": "1" if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else "",
        # Like pip: the locked version may lie in any of the indexes, and its hash is checked.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    return {name: value for name, value in translated.items() if value and name not in environment}


def _pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Read pip's configuration files in pip's order, then its environment variables."""
    home = Path(environment.get("HOME") or "~").expanduser()
    own = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    chosen = environment.get("PIP_CONFIG_FILE")
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip/pip.conf", own / "pip/pip.conf"]
    files = [] if chosen == os.devnull else [*files, Path(chosen)] if chosen else files
    settings: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        with contextlib.suppress(OSError, configparser.Error):
            parser.read(file, encoding="utf-8")
        for section in ("global", "install"):
            if parser.has_section(section):
                settings |= {key.replace("_", "-"): " ".join(value.split()) for key, value in parser.items(section)}
    prefix = "PIP_"
    settings |= {
        name[len(prefix) :].lower().replace("_", "-"): value
        for name, value in environment.items()
        if name.startswith(prefix)
    }
    return settings


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w", encoding="ascii") as file:
        # An installer that outlives us keeps the lock, so that the next run waits for it.
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another ./atlas that is setting up the virtual environment")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(f"atlas: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Install the requirements files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requirements", nargs="*", default=[REQUIREMENTS])
    try:
        for requirements in parser.parse_args().requirements:
            ensure(requirements)
    except (SetupFailed, OSError) as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("interrupted; the next ./atlas goes on from here")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
