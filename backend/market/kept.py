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
"""However long the same data is loaded, everything is read again after this long."""


class Kept(Generic[Key, Value]):
    """Values by key, the oldest given up first where they weigh more than `most` in all; by default each weighs 1."""

    def __init__(self, most: int, weigh: Callable[[Value], int] = lambda _value: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0
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
                self._weight = 0
                self._version, self._until = version, time.monotonic() + LONGEST_S
            found = {key: self._values[key] for key in wanted if key in self._values}
        missing = [key for key in wanted if key not in found]
        if not missing:
            return found
        new = read(missing)
        with self._lock:
            if version == self._version:
                for key, value in new.items():
                    if key not in self._values:
                        self._values[key] = value
                        self._weight += self._weigh(value)
                while self._weight > self._most:
                    self._weight -= self._weigh(self._values.popitem(last=False)[1])
        return found | new
