"""One running ETF Atlas and one Airflow per home folder: who they are, and whether the database is theirs to stop."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.db.private_server import PrivateServer
from backend.errors import AtlasError

STARTING = "starting"
# The commands that run for long and keep the database up, with what they run.
PROGRAMS = {"up": "ETF Atlas", "airflow": "Airflow"}


class AlreadyRunning(AtlasError):
    """ETF Atlas is already running from this home folder."""


class PortTaken(AtlasError):
    """Another program listens on the port."""


@contextmanager
def only_one(home: Path, program: str = "up") -> Iterator[Callable[[str], None]]:
    """Hold the home folder for this process; raise AlreadyRunning if another process of that program holds it.

    Gives a function that tells later comers the address at which this process serves. The lock ends with its process,
    also with kill -9, so that a crash leaves nothing to clean up.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / f"{program}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_already(file.read(), PROGRAMS[program])) from None

        def announce(address: str) -> None:
            file.seek(0)
            file.truncate()
            json.dump({"pid": os.getpid(), "address": address}, file)
            file.flush()

        yield announce
        file.seek(0)
        file.truncate()


def is_held(home: Path, program: str = "up") -> bool:
    """Say whether a running `up`, or another such program, holds the home folder."""
    try:
        file = (home / f"{program}.lock").open("rb")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def address_of(home: Path, program: str) -> str | None:
    """Return the address at which a program serves that runs from the home folder, None if none does (yet)."""
    if not is_held(home, program):
        return None
    try:
        return str(json.loads((home / f"{program}.lock").read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError):
        return None


def _already(text: str, title: str) -> str:
    try:
        holder = json.loads(text)
    except ValueError:  # the other process has the lock and has not written yet
        return f"{title} is being started by another ./atlas."
    return (
        f"{title} already runs at {holder['address']} (process {holder['pid']}). "
        "Stop it there with Ctrl-C, or set ATLAS_HOME to another folder for a second one."
    )


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to the port, so that nobody takes it during the set-up; raise PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay (40 ms an answer) off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Only now does the system see two programs that both want the port.
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port} is taken by another program: stop it, or choose another with --port."
            ) from error
        raise PortTaken(f"The web server cannot listen on {host}:{port}: {error.strerror}.") from error
    return listener


class OwnedDatabase:
    """The private server as a program that runs for long uses it: stopped at the end if it was started for that.

    A server that an earlier, killed run of the program started is taken over; one that was started by hand is left
    running, and one that another program still needs becomes that program's to stop.
    """

    def __init__(self, server: PrivateServer, program: str = "up") -> None:
        self.server = server
        self._program = program
        self._mark = self._mark_of(program)

    def start(self) -> None:
        """Start the server, or use the one that runs."""
        if self.server.running_pid() is None:
            # Written before, so that an interruption in the middle of the start is known to be ours too.
            self._mark.write_text(STARTING, encoding="ascii")
        if self.server.start():
            self._mark.write_text(str(self.server.running_pid()), encoding="ascii")

    def stop(self) -> None:
        """Stop the server unless somebody else started it."""
        if self._mark.exists():
            pid = str(self.server.running_pid())
            if self._mark.read_text(encoding="ascii") in (STARTING, pid):
                others = [name for name in PROGRAMS if name != self._program and is_held(self.server.home, name)]
                if others:
                    self._mark_of(others[0]).write_text(pid, encoding="ascii")
                else:
                    self.server.stop()
            self._mark.unlink()

    def _mark_of(self, program: str) -> Path:
        return self.server.home / f"{program}.database"

    def revive(self) -> bool:
        """Start the server again if it has died; return whether it had."""
        if self.server.running_pid() is not None:
            return False
        self.start()
        return True
