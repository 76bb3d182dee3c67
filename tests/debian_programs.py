"""Programs from Debian's packages in a private folder, as the private PostgreSQL is: nothing is installed on the machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from backend.errors import DatabaseSetupError
from tests.debian_unpacking import Unpacked, unpack


def unpacked(home: Path, *packages: str) -> Unpacked:
    """Return packages of Debian, fetched into a folder of `home` on first use; skips the test loudly where they cannot be."""
    prefix = home / packages[0]
    try:
        unpack(prefix, packages)
    except (DatabaseSetupError, OSError, subprocess.CalledProcessError) as error:
        message = f"{packages[0].upper()} IS MISSING: its Debian package cannot be fetched: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return Unpacked(prefix)
