"""Debian's package archive, read through an apt of our own that leaves the machine's alone."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from backend.errors import DatabaseSetupError

SUITE = "forky"


def host_mirror() -> str:
    """Return ATLAS_DEBIAN_MIRROR, else the address of the Debian archive that the machine's own apt uses."""
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
        if not uri.startswith("cdrom:"):
            return uri
    raise DatabaseSetupError(
        "This machine's apt knows no Debian archive. Set ATLAS_DEBIAN_MIRROR to the address of one, "
        "or point ATLAS_DATABASE_URL at a PostgreSQL with Apache AGE, pgvector and pg_trgm.",
        ko="데비안 저장소 주소를 알 수 없습니다. ATLAS_DEBIAN_MIRROR를 설정하세요.",
    )


class AptRoot:
    """An apt of its own: its lists, cache and (empty) state lie below one folder."""

    def __init__(self, folder: Path, mirror: str) -> None:
        self.mirror = mirror
        self.archives = folder / "archives"
        self.configuration = folder / "apt.conf"
        for name in ("lists/partial", "cache/archives/partial", "archives"):
            make_folder(folder / name)
        (folder / "status").write_text("", encoding="utf-8")
        make_folder(folder / "empty")
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
            raise explain(result.stdout + result.stderr, self.mirror)
        return result.stdout

    def update(self) -> None:
        self.run("update", "--error-on=any")

    def closure(self, packages: Iterable[str]) -> list[str]:
        """Return the file names of the packages and of all that they depend on."""
        listing = self.run("install", "-y", "--print-uris", *packages)
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


def explain(output: str, mirror: str) -> DatabaseSetupError:
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


def make_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)
