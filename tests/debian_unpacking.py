"""Unpacks Debian's packages into a private folder; nothing is installed on the machine."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.db.debian_archive import AptRoot, host_mirror, make_folder
from backend.db.private_packages import UNNEEDED

COMPLETE = ".complete"


@dataclass(frozen=True)
class Unpacked:
    """Packages that lie in `prefix` with all that they depend on."""

    prefix: Path

    def command(self, program: str) -> list[str]:
        """Return how a program of the packages is started, such as `usr/sbin/nginx`, with the libraries beside it."""
        linker = next(path for path in sorted((self.prefix / "usr").glob("lib*/**/ld-linux*.so.*")))
        libraries = ":".join(str(folder) for folder in sorted((self.prefix / "usr/lib").glob("*-linux-gnu*")))
        return [str(linker), "--library-path", libraries, str(self.prefix / program)]


def unpack(prefix: Path, packages: Sequence[str]) -> None:
    """Unpack packages and all that they depend on into `prefix`, unless they are there.

    Raises DatabaseSetupError, OSError or CalledProcessError.
    """
    work = prefix.with_name(f"{prefix.name}.download")
    make_folder(work)
    with (work / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (prefix / COMPLETE).is_file():
            return
        apt = AptRoot(work, host_mirror())
        apt.update()
        for name in ("lib", "lib64", "bin", "sbin"):
            make_folder(prefix / "usr" / name)
            if not (prefix / name).is_symlink():
                (prefix / name).symlink_to(f"usr/{name}")
        for package in apt.download(name for name in apt.closure(packages) if not UNNEEDED.match(name)):
            files = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], capture_output=True, check=True).stdout
            tar = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(prefix)]
            subprocess.run(tar, input=files, check=True)
        (prefix / COMPLETE).touch()
