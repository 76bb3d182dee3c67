"""Debian's own PostgreSQL, Apache AGE and pgvector, unpacked into a private folder without touching the host.

A private apt root fetches and verifies the packages, dpkg-deb unpacks them, and patchelf points their programs at the
libraries beside them. Nothing is installed on the machine and no root rights are needed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from backend.db.debian_archive import AptRoot, host_mirror, make_folder
from backend.errors import DatabaseSetupError

PACKAGES = ("postgresql-18", "postgresql-18-age", "postgresql-18-pgvector")
VERSION_FOLDER = "lib/postgresql/18"
NEEDED_BYTES = 700 * 1024 * 1024
COMPLETE = ".complete"

# What the packages depend on for their set-up scripts or for features that are not used here (JIT, Perl, log-in).
UNNEEDED = re.compile(
    r"(libllvm|libz3|perl|libperl|libjson-perl|libtext-|libgdbm|libdb5|postgresql-common|postgresql-client-common|ssl-cert"
    r"|debconf|libdebconfclient|systemd_|libsystemd-shared|passwd|base-passwd|login\.defs|procps|libproc2|adduser|ucf"
    r"|sysvinit-utils|locales|libc-l10n|libc-gconv|tzdata|netbase|openssl_|openssl-provider|sensible-utils|libsemanage"
    r"|libsepol|libpam-modules|libpam-runtime|readline-common|gcc-\d+-base|libncursesw|libmount|libblkid|libaudit-common"
    r"|libsasl2-modules-db)"
)

Progress = Callable[[str], None]


def is_complete(prefix: Path) -> bool:
    """Say whether the whole of the packages lies in `prefix`."""
    return (prefix / COMPLETE).is_file()


def install(prefix: Path, *, mirror: str | None = None, progress: Progress = lambda _text: None) -> None:
    """Fetch and unpack the packages into `prefix`, which cannot be moved afterwards.

    `mirror` is the address of a Debian archive; by default it comes from the machine's own apt configuration.
    Packages that an interrupted run has already fetched are used again. Raises DatabaseSetupError.
    """
    if is_complete(prefix):
        return
    for program in ("apt-get", "dpkg-deb", "tar"):
        if shutil.which(program) is None:
            raise DatabaseSetupError(
                f"The private PostgreSQL is unpacked from Debian packages, but this machine has no {program}. "
                "Use Debian or Ubuntu, or point ATLAS_DATABASE_URL at a PostgreSQL with Apache AGE, pgvector and "
                "pg_trgm.",
                ko="이 컴퓨터에는 apt가 없어 전용 데이터베이스를 설치할 수 없습니다.",
            )
    work = prefix.with_name(f"{prefix.name}.download")
    make_folder(work)
    with (work / "lock").open("w", encoding="ascii") as lock:
        # An apt that outlives us keeps the lock, so that the next run waits for it.
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_complete(prefix):
            _install(prefix, work, mirror, progress)


def _install(prefix: Path, work: Path, mirror: str | None, progress: Progress) -> None:
    _require_space(work)
    apt = AptRoot(work, mirror or host_mirror())
    progress("reading the package lists")
    apt.update()
    files = [name for name in apt.closure(PACKAGES) if not UNNEEDED.match(name)]
    progress(f"fetching {len(files)} packages")
    packages = apt.download(files)
    progress("unpacking")
    _unpack(packages, prefix)
    _relocate(prefix)
    _check_libraries(prefix)
    (prefix / COMPLETE).write_text("\n".join(sorted(package.name for package in packages)) + "\n", encoding="utf-8")
    # The folder and its lock stay: removing a lock that another process waits for would let a third one in.
    for entry in work.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)


def _require_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise DatabaseSetupError(
            f"The private PostgreSQL needs {NEEDED_BYTES // 2**20} MB, but {folder} has only {free // 2**20} MB left. "
            "Free some space, or set ATLAS_HOME to a folder on another disk.",
            ko="디스크 공간이 부족하여 데이터베이스를 설치할 수 없습니다.",
        )


def _unpack(packages: Iterable[Path], prefix: Path) -> None:
    if prefix.exists():
        shutil.rmtree(prefix)
    make_folder(prefix)
    for name in ("lib", "lib64", "bin", "sbin"):
        make_folder(prefix / "usr" / name)
        (prefix / name).symlink_to(f"usr/{name}")
    for package in packages:
        unpacked = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE)
        tar = subprocess.run(
            ["tar", "-x", "-p", "--keep-directory-symlink", "--no-same-owner", "-C", str(prefix)],
            stdin=unpacked.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
        if unpacked.wait() or tar.returncode:
            package.unlink()
            raise DatabaseSetupError(
                f"{package.name} could not be unpacked into {prefix}: {tar.stderr.strip()[-300:]}. Try again; "
                "if the disk is full, free some space first.",
                ko="데이터베이스 패키지를 풀지 못했습니다. 디스크 공간을 확인하고 다시 시도하세요.",
            )


def binaries(prefix: Path) -> Path:
    """Return the folder of PostgreSQL's programs."""
    return prefix / "usr" / VERSION_FOLDER / "bin"


def _interpreter(prefix: Path) -> Path:
    for pattern in ("usr/lib64/ld-linux*.so.*", "usr/lib/ld-linux*.so.*"):
        for path in sorted(prefix.glob(pattern)):
            return path
    raise DatabaseSetupError(
        f"The unpacked packages in {prefix} hold no dynamic linker: delete the folder and try again."
    )


def _library_folders(prefix: Path) -> list[Path]:
    return [*sorted((prefix / "usr/lib").glob("*-linux-gnu*")), prefix / "usr" / VERSION_FOLDER / "lib"]


def _programs(prefix: Path) -> list[Path]:
    found = []
    for path in sorted(binaries(prefix).iterdir()):
        with path.open("rb") as file:
            if file.read(4) == b"\x7fELF":
                found.append(path)
    return found


def _relocate(prefix: Path) -> None:
    patchelf = Path(sys.prefix) / "bin" / "patchelf"
    run_path = ":".join(map(str, _library_folders(prefix)))
    command = [str(patchelf), "--set-interpreter", str(_interpreter(prefix)), "--force-rpath", "--set-rpath", run_path]
    for program in _programs(prefix):
        _run_checked([*command, str(program)])


def _check_libraries(prefix: Path) -> None:
    extensions = [prefix / "usr" / VERSION_FOLDER / "lib" / f"{name}.so" for name in ("age", "vector", "pg_trgm")]
    search = ":".join(map(str, _library_folders(prefix)))
    for path in [*_programs(prefix), *extensions]:
        listing = _run_checked([str(_interpreter(prefix)), "--library-path", search, "--list", str(path)])
        missing = re.findall(r"(\S+) => not found", listing)
        if missing:
            raise DatabaseSetupError(
                f"{path.name} lacks the libraries {', '.join(missing)}: "
                "this machine's architecture or the archive's packages are not the expected ones."
            )


def _run_checked(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise DatabaseSetupError(f"`{Path(command[0]).name}` failed: {(result.stdout + result.stderr).strip()[-500:]}")
    return result.stdout
