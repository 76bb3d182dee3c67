"""How much memory the server's process of a connection has taken, read from this machine's process table.

PostgreSQL itself has no limit for the memory in which a query builds its values. Only a server that is reached over a
socket on this machine can be looked at; elsewhere nothing is known and nothing is limited by it.
"""

from __future__ import annotations

import os
from pathlib import Path

import psycopg

_PAGE = os.sysconf("SC_PAGE_SIZE")


class ServerMemory:
    """The memory of one connection's server process, counted from when this was made; `known` if it can be read."""

    def __init__(self, driver: psycopg.Connection) -> None:
        self._process = Path("/proc", str(driver.info.backend_pid))
        self.known = driver.info.host.startswith("/") and self._is_postgres()
        self._before = self._private() if self.known else 0

    def taken(self) -> int:
        """Return the bytes taken since; 0 where they are not known."""
        return self._private() - self._before if self.known else 0

    def _is_postgres(self) -> bool:
        # In another container the same number may be another program's.
        try:
            return (self._process / "comm").read_text(encoding="ascii", errors="replace").startswith("postgres")
        except OSError:
            return False

    def _private(self) -> int:
        """Return resident memory in bytes without what all of the server's processes share."""
        try:
            resident, shared = (self._process / "statm").read_text(encoding="ascii").split()[1:3]
        except OSError:
            return 0
        return (int(resident) - int(shared)) * _PAGE
