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

from backend.errors import DatabaseSetupError

SUITE = "forky"
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
    _make_folder(work)
    with (work / "lock").open("w", encoding="ascii") as lock:
        # An apt that outlives us keeps the lock, so that the next run waits for it.
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_complete(prefix):
            _install(prefix, work, mirror, progress)


def _install(prefix: Path, work: Path, mirror: str | None, progress: Progress) -> None:
    _require_space(work)
    apt = _AptRoot(work, mirror or _host_mirror())
    progress("reading the package lists")
    apt.update()
    files = [name for name in apt.closure() if not UNNEEDED.match(name)]
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


def _make_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)


def _require_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise DatabaseSetupError(
            f"The private PostgreSQL needs {NEEDED_BYTES // 2**20} MB, but {folder} has only {free // 2**20} MB left. "
            "Free some space, or set ATLAS_HOME to a folder on another disk.",
            ko="디스크 공간이 부족하여 데이터베이스를 설치할 수 없습니다.",
        )


def _host_mirror() -> str:
    """Return the Debian archive that the machine's own apt uses, else ATLAS_DEBIAN_MIRROR."""
    chosen = os.environ.get("ATLAS_DEBIAN_MIRROR")
    if chosen:
        return chosen
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    rows = [line.split("|", 2) for line in listing.splitlines() if line.count("|") >= 2]
    named = [uri for origin, label, uri in rows if origin == "Debian" and label == "Debian"]
    # Before the first `apt-get update` the origin is not known yet; the archive's folder is then what tells it.
    unnamed = [uri for origin, _label, uri in rows if not origin and uri.rstrip("/").endswith("/debian")]
    for uri in named + unnamed:
        return uri
    raise DatabaseSetupError(
        "This machine's apt knows no Debian archive. Set ATLAS_DEBIAN_MIRROR to the address of one, "
        "or point ATLAS_DATABASE_URL at a PostgreSQL with Apache AGE, pgvector and pg_trgm.",
        ko="데비안 저장소 주소를 알 수 없습니다. ATLAS_DEBIAN_MIRROR를 설정하세요.",
    )


class _AptRoot:
    """An apt of its own: its lists, cache and (empty) state lie below one folder."""

    def __init__(self, folder: Path, mirror: str) -> None:
        self.mirror = mirror
        self.archives = folder / "archives"
        self.configuration = folder / "apt.conf"
        for name in ("lists/partial", "cache/archives/partial", "archives"):
            _make_folder(folder / name)
        (folder / "status").write_text("", encoding="utf-8")
        _make_folder(folder / "empty")
        (folder / "sources.list").write_text(f"deb [signed-by={_keyring()}] {mirror} {SUITE} main\n", encoding="utf-8")
        options = {
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": folder / "empty",
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": folder / "empty",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": folder / "empty",
            "Dir::Etc::trusted": "/dev/null",
            "Dir::Etc::trustedparts": folder / "empty",
            "Dir::State": folder,
            "Dir::State::status": folder / "status",
            "Dir::State::Lists": folder / "lists",
            "Dir::Cache": folder / "cache",
            "APT::Sandbox::User": "",
            "APT::Install-Recommends": "false",
            # A testing suite's Release file expires although nothing is wrong with it.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
        }
        lines = [f'{key} "{value}";' for key, value in options.items()]
        self.configuration.write_text("\n".join([*_host_transport(), *lines]) + "\n", encoding="utf-8")

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        environment = {**os.environ, "APT_CONFIG": str(self.configuration), "LC_ALL": "C"}
        result = subprocess.run(
            ["apt-get", "-q", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env=environment,
            close_fds=False,
        )
        if result.returncode:
            raise _explain(result.stdout + result.stderr, self.mirror)
        return result.stdout

    def update(self) -> None:
        self.run("update", "--error-on=any")

    def closure(self) -> list[str]:
        """Return the file names of the packages and of all that they depend on."""
        listing = self.run("install", "-y", "--print-uris", *PACKAGES)
        return re.findall(r"^'[^']+' (\S+\.deb) ", listing, re.MULTILINE)

    def download(self, files: Iterable[str]) -> list[Path]:
        names = [name.split("_")[0] for name in files]
        self.run("download", *names, cwd=self.archives)
        # A rerun after the archive moved on can leave an older version beside the newer one.
        newest: dict[str, Path] = {}
        for path in sorted(self.archives.glob("*.deb"), key=lambda path: path.stat().st_mtime):
            newest[path.name.split("_")[0]] = path
        return [newest[name] for name in names]


def _keyring() -> Path:
    for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp"):
        path = Path("/usr/share/keyrings") / name
        if path.exists():
            return path
    raise DatabaseSetupError(
        "Debian's archive keys are missing on this machine: install the package debian-archive-keyring.",
        ko="데비안 저장소 서명 키가 없습니다. debian-archive-keyring 패키지를 설치하세요.",
    )


def _host_transport() -> list[str]:
    """Return the machine's proxy and transport settings; its hooks and sources stay out."""
    dump = subprocess.run(
        ["apt-config", "dump", "--no-empty", "Acquire"], capture_output=True, text=True, check=False
    ).stdout
    return [
        line for line in dump.splitlines() if re.match(r"Acquire::(https?|ForceIPv[46]|Proxy)", line, re.IGNORECASE)
    ]


def _explain(output: str, mirror: str) -> DatabaseSetupError:
    """Turn apt's output into one sentence that says what to do."""
    complaints = [line for line in output.splitlines() if line.startswith(("E:", "W:", "Err:"))]
    reason = "; ".join(complaints[:2]) or output.strip()[-300:]
    if "No space left" in output:
        return DatabaseSetupError(
            f"The disk is full: free some space, or set ATLAS_HOME to a folder on another disk. ({reason})",
            ko="디스크가 가득 차서 데이터베이스를 설치할 수 없습니다.",
        )
    if "Hash Sum mismatch" in output or "unexpected size" in output:
        return DatabaseSetupError(
            f"A package from {mirror} is not the one that Debian signed, and was thrown away. "
            f"Try again later, or set ATLAS_DEBIAN_MIRROR to another archive. ({reason})",
            ko="내려받은 패키지의 서명이 맞지 않아 버렸습니다. 잠시 뒤 다시 시도하세요.",
        )
    if "NO_PUBKEY" in output or "not signed" in output:
        return DatabaseSetupError(
            f"The archive {mirror} is not signed with a Debian key that this machine knows: "
            f"update the package debian-archive-keyring. ({reason})",
            ko="데비안 저장소의 서명을 확인할 수 없습니다.",
        )
    return DatabaseSetupError(
        f"The Debian archive {mirror} could not be read: check the network, "
        f"or set ATLAS_DEBIAN_MIRROR to another archive. ({reason})",
        ko="데비안 저장소에 연결할 수 없습니다. 네트워크를 확인하세요.",
    )


def _unpack(packages: Iterable[Path], prefix: Path) -> None:
    if prefix.exists():
        shutil.rmtree(prefix)
    _make_folder(prefix)
    for name in ("lib", "lib64", "bin", "sbin"):
        _make_folder(prefix / "usr" / name)
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
