"""PostgreSQL settings sized for the machine that it runs on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MEGABYTE = 1024 * 1024
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory_bytes() -> int:
    """Return the memory that this process may use: the machine's, or its container's limit where that is lower."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = CGROUP_LIMIT.read_text(encoding="ascii").strip()
    except OSError:
        return machine
    return min(machine, int(limit)) if limit.isdigit() else machine


def time_zone() -> str:
    """Return Korea's time zone by name, or by its offset where the machine has no time zone files."""
    return "Asia/Seoul" if Path("/usr/share/zoneinfo/Asia/Seoul").exists() else "<KST>-9"


def configuration(sockets: Path, port: int, overrides: Mapping[str, str]) -> str:
    """Return the text of a configuration file for a server that listens in the folder `sockets`."""
    memory = memory_bytes() // MEGABYTE
    values = {
        "listen_addresses": "",
        "port": str(port),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "shared_preload_libraries": "age",
        "max_connections": "100",
        "shared_buffers": f"{max(32, min(memory // 8, 2048))}MB",
        "effective_cache_size": f"{max(64, memory // 2)}MB",
        "maintenance_work_mem": f"{max(32, min(memory // 16, 1024))}MB",
        "work_mem": f"{max(4, min(memory // 400, 64))}MB",
        # One server without standbys: loads write less log, and a large load needs few checkpoints.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": time_zone(),
        "log_timezone": time_zone(),
        "log_line_prefix": "%m [%p] %u@%d ",
        "log_lock_waits": "on",
        **overrides,
    }
    lines = [f"{name} = '{_quoted(value)}'" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
