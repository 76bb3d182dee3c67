"""Which account runs the private server, and where that account can keep its files."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.errors import DatabaseSetupError

# Where root's servers live when their account cannot enter the home folder (/root is closed to everybody else).
SYSTEM_FOLDER = Path("/var/lib/etf-atlas")
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An operating system account; `switch` says whether we are root and have to change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    @classmethod
    def current(cls) -> Account:
        """Return the account that runs the server: our own, or an unprivileged one for root."""
        if os.geteuid() != 0:
            return cls(str(os.geteuid()), os.geteuid(), os.getegid(), switch=False)
        for name in UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(name, entry.pw_uid, entry.pw_gid, switch=True)
        raise DatabaseSetupError(
            "PostgreSQL refuses to run as root, and this machine has neither an account `postgres` nor `nobody`: "
            "run ./atlas as an ordinary user.",
            ko="root 대신 일반 사용자로 실행하세요.",
        )

    def process_options(self) -> dict[str, Any]:
        """Return the arguments that make subprocess start a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, folder: Path, mode: int = 0o700) -> Path:
        """Make `folder` and give it to this account."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.switch:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(mode)
        return folder

    def can_enter(self, folder: Path) -> bool:
        """Say whether this account can reach `folder`, by trying."""
        if not self.switch:
            return os.access(folder, os.X_OK)
        command = [shutil.which("test") or "/usr/bin/test", "-x", str(folder)]
        return subprocess.run(command, cwd="/", check=False, **self.process_options()).returncode == 0

    def place(self, base: Path) -> Path | None:
        """Make the server's folder `base`; return its real place if it had to be put elsewhere.

        Where the account cannot reach `base`, the folder is made below /var/lib and `base` becomes a link to it.
        """
        if base.is_symlink() and not base.exists():
            base.unlink()
        if not base.exists():
            base.parent.mkdir(parents=True, exist_ok=True)
            base.mkdir(mode=0o755)
            base.chmod(0o755)
        if self.can_enter(base.resolve()):
            return None
        if not self.switch:
            raise DatabaseSetupError(f"The folder {base} cannot be entered: check its permissions, or set ATLAS_HOME.")
        if any(base.iterdir()):
            raise DatabaseSetupError(
                f"The account `{self.name}`, which runs root's database, cannot enter {base}: "
                "restore the folder's permissions, or set ATLAS_HOME to a folder that everybody may enter."
            )
        SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
        SYSTEM_FOLDER.chmod(0o755)
        elsewhere = Path(tempfile.mkdtemp(prefix="server-", dir=SYSTEM_FOLDER))
        elsewhere.chmod(0o755)
        base.rmdir()
        base.symlink_to(elsewhere, target_is_directory=True)
        return elsewhere
