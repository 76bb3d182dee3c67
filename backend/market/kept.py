"""What was read of the market, kept for as long as the same data is loaded: many people look at the same ETFs."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from sqlalchemy import Connection, text

Key = TypeVar("Key")
Value = TypeVar("Value")

LONGEST_S = 300
"""A security that gets another code moves without a new data date; after this long everything is read again."""


class Kept(Generic[Key, Value]):
    """Values by key, at most `most` of them, the oldest given up first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._version: object = None
        self._until = 0.0

    def get(
        self, connection: Connection, keys: Iterable[Key], read: Callable[[list[Key]], dict[Key, Value]]
    ) -> dict[Key, Value]:
        """Return the value of each key. `read` reads those that are missing, from the state that `connection` sees."""
        version = connection.execute(text("SELECT as_of, loaded_at FROM datasets")).one_or_none()
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            if version != self._version or time.monotonic() > self._until:
                self._values.clear()
                self._version, self._until = version, time.monotonic() + LONGEST_S
            found = {key: self._values[key] for key in wanted if key in self._values}
        missing = [key for key in wanted if key not in found]
        if not missing:
            return found
        new = read(missing)
        with self._lock:
            if version == self._version:
                self._values |= new
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
        return found | new
