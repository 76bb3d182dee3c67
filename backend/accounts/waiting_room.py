"""Work in threads of its own, a few pieces at a time: who finds the waiting room full is sent away at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from backend.errors import Busy

Result = TypeVar("Result")


class WaitingRoom:
    """Runs at most `at_once` functions at a time, for the whole process, and lets at most `waiting` more wait.

    The threads that serve other requests are left alone, however many come.
    """

    def __init__(self, name: str, at_once: int, waiting: int) -> None:
        self._room = threading.BoundedSemaphore(at_once + waiting)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)

    async def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Return what the function returns. Raises Busy where there is no room, and what the function raises.

        What has begun is finished even where whoever asked has gone.
        """
        if not self._room.acquire(blocking=False):
            raise Busy("too many sign-ins at once")
        try:
            running = self._threads.submit(function, *arguments)
        except BaseException:
            self._room.release()
            raise
        running.add_done_callback(self._leave)
        return await asyncio.wrap_future(running)

    def _leave(self, _done: Future) -> None:
        self._room.release()


HASHING = WaitingRoom("password", at_once=2, waiting=16)
"""Each computation takes 64 MiB and some tenths of a second of every core."""
COUNTING = WaitingRoom("sign-in", at_once=4, waiting=400)
"""Short transactions of the database."""
