"""Carries runs out in processes of their own, so that their work never holds up the web server's."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import structlog

from backend.chat.frames import READY, next_message, packed
from backend.chat.run import Failure, Told
from backend.chat.schemas import ChatRequest
from backend.chat.threads import Ask, ThreadEngine

log = structlog.get_logger(__name__)

THREADS = 16
"""Runs that one worker carries out at once: each holds a database connection, of which its pool has 20."""
STOP_WITHIN_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
"""How long a worker that died stays down: twice as long each time, until one has lived for the longest pause."""

_DIED = Failure("답을 만들던 프로세스가 멈췄습니다. 다시 시도해 주세요.", "worker-died")


class WorkerEngine:
    """Keeps `workers` processes, each with the agent that `factory(*arguments)` makes there, and shares the runs out.

    A worker that dies ends its runs with an error and is started again. While none is ready, `meanwhile` answers in
    threads of this process; without it questions wait for the first worker.
    """

    def __init__(
        self,
        factory: Callable[..., Ask],
        arguments: tuple[Any, ...],
        workers: int = 1,
        *,
        meanwhile: Ask | None = None,
        log_level: str = "INFO",
    ) -> None:
        self._meanwhile = meanwhile and ThreadEngine(meanwhile)
        greeting = packed((log_level, factory, arguments))
        self._workers = [_Process(greeting) for _ in range(workers)]

    @property
    def room(self) -> int:
        """Number of runs that are carried out at once."""
        return THREADS * len(self._workers)

    @property
    def pids(self) -> list[int]:
        """The processes that are there."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def open(self) -> None:
        """Start the processes; what is asked before they are ready waits for them."""
        for worker in self._workers:
            worker.open()

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(*(worker.close() for worker in self._workers))

    def start(
        self,
        request: ChatRequest,
        cancelled: threading.Event,
        tell: Callable[[list[Told]], None],
        done: Callable[[], None],
    ) -> Callable[[], None]:
        """Start a run in the least busy process; returns what stops it."""
        worker = min(self._workers, key=lambda one: (not one.is_ready, not one.is_up, one.busy))
        if self._meanwhile is not None and not worker.is_ready:
            return self._meanwhile.start(request, cancelled, tell, done)
        return worker.start(request, tell, done)


class _Process:
    """One worker, its socket and the runs that it carries out."""

    def __init__(self, greeting: bytes) -> None:
        self._greeting = greeting
        self._numbers = count(1)
        self._runs: dict[int, tuple[Callable[[list[Told]], None], Callable[[], None]]] = {}
        self._process: subprocess.Popen | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task | None = None
        self.is_ready = False

    @property
    def is_up(self) -> bool:
        return self._writer is not None

    @property
    def busy(self) -> int:
        return len(self._runs)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def open(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._end()

    def start(
        self, request: ChatRequest, tell: Callable[[list[Told]], None], done: Callable[[], None]
    ) -> Callable[[], None]:
        if self._writer is None:
            tell([_DIED])
            done()
            return lambda: None
        number = next(self._numbers)
        self._runs[number] = (tell, done)
        self._writer.write(packed(("start", number, request)))
        return lambda: self._cancel(number)

    def _cancel(self, number: int) -> None:
        if self._writer is not None and number in self._runs:
            self._writer.write(packed(("cancel", number)))

    async def _keep(self) -> None:
        """Keep a process running: whenever it dies, end its runs and start another."""
        pause = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            born = loop.time()
            try:
                await self._live()
            except OSError:
                log.exception("chat worker not started")
            log.error("chat worker died", runs=len(self._runs), status=await self._end())
            self._give_up_runs()
            pause = _FIRST_PAUSE_S if loop.time() - born > _LONGEST_PAUSE_S else min(pause * 2, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        """Start the process and hand on what it tells until it is gone."""
        ours, its = socket.socketpair()
        with its:
            command = [sys.executable, "-m", "backend.chat.worker", str(its.fileno())]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
            self._process = subprocess.Popen(command, env=environment, pass_fds=[its.fileno()])
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._writer.write(self._greeting)
        try:
            while True:
                self._told(await next_message(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def _told(self, items: list[tuple[int, Told | None]]) -> None:
        told: dict[int, list[Told]] = {}
        for number, item in items:
            self.is_ready = self.is_ready or number == READY
            if number not in self._runs:
                continue
            if item is not None:
                told.setdefault(number, []).append(item)
                continue
            tell, done = self._runs.pop(number)
            if number in told:
                tell(told.pop(number))
            done()
        for number, list_of_items in told.items():
            self._runs[number][0](list_of_items)

    def _give_up_runs(self) -> None:
        runs, self._runs = self._runs, {}
        for tell, done in runs.values():
            tell([_DIED])
            done()

    async def _end(self) -> int | None:
        """Close the socket, which ends the process, and wait for it; returns its exit status."""
        was_ready, self.is_ready = self.is_ready, False
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        process = self._process
        if process is None:
            return None
        if not was_ready:
            # It would see the closed socket only once it has all that it needs.
            process.kill()
        deadline = asyncio.get_running_loop().time() + STOP_WITHIN_S
        while process.poll() is None and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        if process.poll() is None:
            process.kill()
            process.wait()
        return process.returncode
