"""One running ETF Atlas per home folder: who it is, and whether the database is its to stop."""

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


class AlreadyRunning(AtlasError):
    """ETF Atlas is already running from this home folder."""


class PortTaken(AtlasError):
    """Another program listens on the port."""


@contextmanager
def only_one(home: Path) -> Iterator[Callable[[str], None]]:
    """Hold the home folder for this process; raise AlreadyRunning if another process holds it.

    Gives a function that tells later comers the address at which this process serves. The lock ends with its process,
    also with kill -9, so that a crash leaves nothing to clean up.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_already(file.read())) from None

        def announce(address: str) -> None:
            file.seek(0)
            file.truncate()
            json.dump({"pid": os.getpid(), "address": address}, file)
            file.flush()

        yield announce
        file.seek(0)
        file.truncate()


def is_held(home: Path) -> bool:
    """Say whether a running `up` holds the home folder."""
    try:
        file = (home / "up.lock").open("rb")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _already(text: str) -> str:
    try:
        holder = json.loads(text)
    except ValueError:  # the other process has the lock and has not written yet
        return "ETF Atlas is being started by another ./atlas."
    return (
        f"ETF Atlas already runs at {holder['address']} (process {holder['pid']}). "
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
    """The private server as the process that serves uses it: stopped at the end if it was started for serving.

    A server that an earlier, killed `up` started is taken over; one that was started by hand is left running.
    """

    def __init__(self, server: PrivateServer) -> None:
        self.server = server
        self._mark = server.home / "up.database"

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
            if self._mark.read_text(encoding="ascii") in (STARTING, str(self.server.running_pid())):
                self.server.stop()
            self._mark.unlink()

    def revive(self) -> bool:
        """Start the server again if it has died; return whether it had."""
        if self.server.running_pid() is not None:
            return False
        self.start()
        return True
