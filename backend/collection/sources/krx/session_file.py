"""The session at the data service, kept so that every process of an installation uses the same.

KRX allows an account one session: logging in ends the other, so processes side by side that each logged in would end
each other's sessions over and over.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path


class SessionFile:
    """The cookies of one account at one address, readable only to the owner. Where nothing can be written, none are kept."""

    def __init__(self, folder: Path, url: str, user: str) -> None:
        name = hashlib.sha256(f"{url}\n{user}".encode()).hexdigest()[:16]
        self._path = folder / f"krx-session-{name}.json"

    def read(self) -> dict[str, str]:
        """Return the kept cookies, none where there are none that can be read."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}

    def write(self, cookies: dict[str, str]) -> None:
        """Keep the cookies."""
        with contextlib.suppress(OSError):
            draft = self._path.with_suffix(f".{os.getpid()}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(cookies, file)
            draft.replace(self._path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time log in."""
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context(self._path.with_suffix(".lock").open("w", encoding="ascii"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
