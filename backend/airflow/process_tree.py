"""Which processes a process has started, and theirs, as Linux tells it."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Descendant:
    """A process below another one: `depth` 1 is its child. `started` tells it from a later process of the same number."""

    pid: int
    started: int
    depth: int

    def signal(self, number: int) -> None:
        """Send a signal, if the process still lives."""
        if _stat(self.pid)[1] == self.started:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def descendants(pid: int) -> list[Descendant]:
    """Return the processes below a process, parents first."""
    children: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for name in os.listdir("/proc"):
        if name.isdigit():
            parent, started = _stat(int(name))
            children[parent].append((int(name), started))
    return list(_below(pid, children, 1))


def _below(pid: int, children: dict[int, list[tuple[int, int]]], depth: int) -> Iterator[Descendant]:
    for child, started in children.get(pid, ()):
        yield Descendant(child, started, depth)
        yield from _below(child, children, depth + 1)


def _stat(pid: int) -> tuple[int, int]:
    """Return the parent of a process and when it was started, in ticks; (-1, -1) if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return -1, -1
    # The name in parentheses may hold anything; what follows it is the 3rd field.
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[19])
