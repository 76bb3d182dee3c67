"""A PostgreSQL of one's own under ATLAS_HOME: install, start, adopt, stop.

The server listens on a Unix socket in a folder that only its own account may enter, so that no password is needed.
PostgreSQL refuses to run as root; root's server runs as an unprivileged account.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from backend.db import private_packages
from backend.db.private_account import Account
from backend.db.private_configuration import configuration
from backend.errors import DatabaseSetupError
from backend.settings import Settings

ADMIN = "postgres"
DATABASE = "atlas"
PORT = 5432
# A socket's path holds at most 107 bytes.
SOCKET_FOLDER_BYTES = 107 - len("/.s.PGSQL.65535.lock")
START_SECONDS = 600
STOP_SECONDS = 60

Progress = Callable[[str], None]


def silent(_text: str) -> None:
    """Report progress to nobody."""


@dataclass
class PrivateServer:
    """The private server of one home folder.

    `prefix` is where the programs lie (by default below the home), `options` are PostgreSQL settings on top of those
    sized for the machine, and `progress` hears what a long step is doing.
    """

    home: Path
    prefix: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = silent
    port: int = PORT

    @classmethod
    def of(cls, settings: Settings, progress: Progress = silent) -> PrivateServer:
        """Return the server that the settings describe."""
        options = {"shared_buffers": settings.shared_buffers} if settings.shared_buffers else {}
        return cls(settings.home, options=options, progress=progress)

    @property
    def base(self) -> Path:
        return self.home / "postgresql"

    @property
    def data(self) -> Path:
        return self.base.resolve() / "data"

    @property
    def log(self) -> Path:
        return self.base.resolve() / "log" / "server.log"

    @property
    def programs(self) -> Path:
        return private_packages.binaries(self.programs_folder)

    @property
    def programs_folder(self) -> Path:
        return self.prefix or self.base.resolve() / "prefix"

    @cached_property
    def account(self) -> Account:
        return Account.current()

    def start(self) -> bool:
        """Have the server running and its database there; return whether it had to be started.

        A server of ours that runs already is used as it is, whoever started it. Raises DatabaseSetupError.
        """
        with self._locked():
            self._place()
            private_packages.install(self.programs_folder, progress=self.progress)
            self._initialise()
            # A server that has been killed can look alive for a moment, hence the second question.
            started = self.running_pid() is None or not self._answers()
            if started:
                self._end_orphans()
                self._launch()
            self._create_database()
        return started

    def stop(self) -> bool:
        """Stop the server; return whether it was running. Open connections are cut, committed data is safe."""
        with self._locked():
            self._await_pid_file()
            if self.running_pid() is None:
                return False
            self.progress("stopping the database")
            self._pg_ctl("stop", "--mode=fast", f"--timeout={STOP_SECONDS}")
        return True

    def kill(self) -> None:
        """End the server's processes at once, as a crash would; the next start recovers what was committed."""
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while self._processes():
            time.sleep(0.05)

    def running_pid(self) -> int | None:
        """Return the process id of the server that runs on our data folder."""
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        # After a crash the number may belong to any other program by now.
        return pid if _folder_of(pid) == str(self.data) else None

    def url(self, database: str = DATABASE) -> str:
        """Return the administrator's URL of a database on this server."""
        return f"postgresql://{ADMIN}@/{database}?host={quote(str(self._sockets()), safe='/')}&port={self.port}"

    def environment(self) -> dict[str, str]:
        """Return the environment in which PostgreSQL's programs run."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return {**kept, "LOCPATH": str(self.programs_folder / "usr/lib/locale"), "LC_ALL": "C.UTF-8"}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time change the server; the lock ends with its process, however that ends."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "postgresql.lock").open("w", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.progress("waiting for another ./atlas that is setting up the database")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _place(self) -> None:
        elsewhere = self.account.place(self.base)
        if elsewhere:
            self.progress(f"the account {self.account.name} cannot enter {self.home}: the database lies in {elsewhere}")

    def _initialise(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        self.progress("creating the data folder")
        unfinished = self.data.with_name("data.unfinished")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        self.account.own(unfinished)
        self._run(
            [
                *(str(self.programs / "initdb"), "-D", str(unfinished), "-U", ADMIN, "-E", "UTF8", "--locale=C.UTF-8"),
                *("--auth=trust", "--data-checksums", "--no-sync", "--no-instructions"),
            ]
        )
        (unfinished / "pg_hba.conf").write_text("local all all trust\n", encoding="ascii")
        with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("include 'atlas.conf'\n")
        os.sync()
        unfinished.rename(self.data)

    def _launch(self) -> None:
        self.progress("starting the database")
        sockets = self._own_sockets()
        self.account.own(self.log.parent)
        text = configuration(sockets, self.port, self.options)
        settings = self.data / "atlas.conf"
        settings.write_text(text, encoding="utf-8")
        # Whatever our umask is: a server that could not read this would listen with its defaults.
        settings.chmod(0o644)
        self._pg_ctl("start", f"--log={self.log}", f"--timeout={START_SECONDS}")

    def _pg_ctl(self, action: str, *arguments: str) -> None:
        self._run([str(self.programs / "pg_ctl"), action, "-D", str(self.data), "--wait", "--silent", *arguments])

    def _run(self, command: list[str]) -> None:
        # The server inherits no pipe of ours: it would hold the pipe open for as long as it lives.
        capture = self.account.own(self.base.resolve() / "log") / "command.log"
        with capture.open("w+", encoding="utf-8") as output:
            result = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                cwd="/",
                env=self.environment(),
                **self.account.process_options(),
            )
            output.seek(0)
            text = output.read().strip()
        if result.returncode:
            raise DatabaseSetupError(
                f"`{Path(command[0]).name}` failed: {text[-600:]} {self._last_log_lines()}".strip(),
                ko="데이터베이스를 시작하지 못했습니다.",
            )

    def _last_log_lines(self) -> str:
        if not self.log.exists():
            return ""
        return f"\nThe end of {self.log}:\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _sockets(self) -> Path:
        """Return the folder of the socket: the running server's, else the one it would get."""
        lines = self._pid_file()
        if len(lines) > 4 and lines[4]:
            return Path(lines[4])
        beside = self.base.resolve() / "run"
        if len(os.fsencode(beside)) <= SOCKET_FOLDER_BYTES and not set(",\"'") & set(str(beside)):
            return beside
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path("/tmp") / f"etf-atlas-{self.account.uid}-{name}"

    def _own_sockets(self) -> Path:
        folder = self._sockets()
        if folder.is_symlink() or (folder.exists() and folder.stat().st_uid not in {self.account.uid, 0}):
            raise DatabaseSetupError(
                f"{folder} belongs to somebody else: remove it, or set ATLAS_HOME to a shorter path."
            )
        return self.account.own(folder)

    def _processes(self) -> list[int]:
        """Return the processes that work in our data folder: the server and its children."""
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in numbers if _folder_of(pid) == str(self.data)]

    def _await_pid_file(self) -> None:
        """Give a server that has only just been started the time to say its number."""
        deadline = time.monotonic() + 5
        while self.running_pid() is None and self._processes() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _end_orphans(self) -> None:
        """End what a killed server left behind; its children end by themselves unless they are busy."""
        deadline = time.monotonic() + 5
        while self._processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.kill()
        # PostgreSQL takes any living process with the number in these files for a server, even a zombie.
        for lock in (self.data / "postmaster.pid", self._sockets() / f".s.PGSQL.{self.port}.lock"):
            lock.unlink(missing_ok=True)

    def _answers(self) -> bool:
        """Wait until the running server takes connections; return False if it ends instead."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=10).close()
            except psycopg.OperationalError as error:
                if self.running_pid() is None:
                    return False
                if time.monotonic() > deadline:
                    raise DatabaseSetupError(f"The database does not answer: {error}") from error
                time.sleep(0.2)
            else:
                return True

    def _create_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _folder_of(pid: int) -> str | None:
    """Return a process's working folder; None if it has ended or is somebody else's."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None
