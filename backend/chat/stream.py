"""The runs of this server: started once, read by whoever asked, kept for a while, stored at their end.

A run ends in exactly one way: an answer, an error, its cancelling, or nobody reading it for `abandoned_after_s`. A
connection that drops ends nothing: its reader may come back and is told what it has missed.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import anyio
import structlog
from sse_starlette import EventSourceResponse

from agent.answer import Answer
from agent.events import StepFinished, StepStarted
from backend.chat.run import MOST_BYTES as MOST_RUN_BYTES
from backend.chat.run import TOO_MUCH, ChatRun, Failure, Narrator, Told
from backend.chat.schemas import ChatRequest
from backend.chat.threads import Ask, ThreadEngine
from backend.errors import Unavailable
from backend.metrics import CHAT_OPEN, NOT_STORED, count_turn

log = structlog.get_logger(__name__)

PING_INTERVAL_S = 15
SEND_TIMEOUT_S = 30
"""A client that takes nothing for this long is given up."""
RUN_TIME_LIMIT_S = 180
ABANDONED_AFTER_S = 15.0
KEPT_S = 300.0
"""How long a finished run can be read again from memory."""
MOST_KEPT = 500
MOST_KEPT_BYTES = 128_000_000
"""Most finished runs that are kept, and most bytes of their events; the oldest go first."""
STORE_WITHIN_S = 2.0
"""How long an answer waits for being stored; feedback can be given to a stored one only."""
SHUTDOWN_GRACE_S = 1.0
"""How long open streams get to say goodbye when the server stops."""


class Busy(Unavailable):
    """Too many questions are being answered at this moment."""

    slug = "busy"


class Engine(Protocol):
    """Where runs are carried out."""

    def start(
        self,
        request: ChatRequest,
        cancelled: threading.Event,
        tell: Callable[[list[Told]], None],
        done: Callable[[], None],
    ) -> Callable[[], None]:
        """Start a run; `tell` and `done` are called in the event loop. Returns what stops the run."""
        ...


class Recorder(Protocol):
    """Where ended runs are stored; it may take its time and may raise."""

    def record(self, request: ChatRequest, outcome: Answer | Failure, text: str, elapsed_ms: int) -> None: ...


_TOO_LONG = Failure("답변이 너무 오래 걸려 멈췄습니다. 질문을 나누어 다시 시도해 주세요.", "timeout")
_STOPPING = Failure("서버가 종료되고 있습니다. 잠시 뒤에 다시 시도해 주세요.", "stopping")
_CANCELLED = Failure("답변을 멈췄습니다.", "cancelled")
_ABANDONED = Failure("답을 기다리는 화면이 없어 멈췄습니다.", "abandoned")


class ChatRuns:
    """Answers questions as AG-UI streams, a bounded number at a time.

    `concurrency` runs are carried out at once; up to `waiting` more wait for their turn, and further ones are turned
    away. `agent` is called in threads of this process unless it is an engine of its own.
    """

    def __init__(
        self,
        agent: Ask | Engine,
        *,
        recorder: Recorder | None = None,
        concurrency: int = 8,
        waiting: int = 200,
        time_limit_s: float = RUN_TIME_LIMIT_S,
        abandoned_after_s: float = ABANDONED_AFTER_S,
        kept_s: float = KEPT_S,
        most_kept: int = MOST_KEPT,
    ) -> None:
        self._engine: Engine = agent if hasattr(agent, "start") else ThreadEngine(agent)
        self._recorder = recorder
        self._turn = asyncio.Semaphore(concurrency)
        self._room = concurrency + waiting
        self._time_limit_s = time_limit_s
        self._abandoned_after_s = abandoned_after_s
        self._kept_s = kept_s
        self._most_kept = most_kept
        self._runs: OrderedDict[tuple[str, str], ChatRun] = OrderedDict()
        self._kept_bytes = 0
        self._open = 0
        self._tasks: set[asyncio.Task] = set()
        self._stops: dict[ChatRun, Callable[[], None]] = {}
        self._limits: dict[ChatRun, asyncio.TimerHandle] = {}
        self._looks: dict[ChatRun, asyncio.TimerHandle] = {}

    @property
    def open(self) -> int:
        """Number of runs that are carried out or wait for their turn."""
        return self._open

    def find(self, visitor: str, run_id: str) -> ChatRun | None:
        """Return a visitor's run that is going on or still remembered."""
        return self._runs.get((visitor, run_id))

    def begin(self, request: ChatRequest, narrator: Narrator | None = None) -> ChatRun:
        """Start a run, or return the one of this id: a request that is sent twice is answered once. Raises Busy.

        Its events are AG-UI's unless another narrator tells them.
        """
        known = self.find(request.visitor, request.run_id)
        if known is not None:
            return known
        if self._open >= self._room:
            raise Busy(ko="지금 질문이 너무 많습니다. 잠시 뒤에 다시 시도해 주세요.")
        run = ChatRun(request, self._unread, narrator)
        self._runs[request.visitor, request.run_id] = run
        self._open += 1
        CHAT_OPEN.set(self._open)
        loop = asyncio.get_running_loop()
        self._limits[run] = loop.call_later(self._time_limit_s, self._fail, run, _TOO_LONG)
        self._unread(run)
        starting = self._spawn(self._start(run))
        self._stops[run] = starting.cancel
        return run

    def cancel(self, visitor: str, run_id: str) -> bool:
        """Stop a visitor's run; returns whether there is one. One that has ended stays as it is."""
        run = self.find(visitor, run_id)
        if run is not None:
            self._fail(run, _CANCELLED)
        return run is not None

    async def close(self) -> None:
        """End every run because the server stops, and store what can be stored."""
        for run in [run for run in self._runs.values() if run.outcome is None]:
            self._fail(run, _STOPPING)
        storing = [task for task in self._tasks if not task.done()]
        if storing:
            await asyncio.wait(storing, timeout=STORE_WITHIN_S)

    def response(self, run: ChatRun, after: int = 0) -> EventSourceResponse:
        """Return the stream of a run's events after the given number."""
        stopping = anyio.Event()
        return EventSourceResponse(
            self._read(run, after, stopping),
            sep="\n",
            ping=PING_INTERVAL_S,
            send_timeout=SEND_TIMEOUT_S,
            shutdown_event=stopping,
            shutdown_grace_period=SHUTDOWN_GRACE_S,
        )

    async def _read(self, run: ChatRun, after: int, stopping: anyio.Event) -> AsyncIterator[bytes]:
        watching = self._spawn(self._fail_when_stopping(run, stopping))
        try:
            async for events in run.read(after):
                yield events
        finally:
            watching.cancel()

    async def _fail_when_stopping(self, run: ChatRun, stopping: anyio.Event) -> None:
        await stopping.wait()
        self._fail(run, _STOPPING)

    async def _start(self, run: ChatRun) -> None:
        """Wait for a turn, then let the run be carried out."""
        if self._turn.locked():
            run.tell([StepStarted("turn", "turn", "앞선 질문이 끝나기를 기다리는 중")])
            await self._turn.acquire()
            run.tell([StepFinished("turn", "turn", "차례가 되었습니다")])
        else:
            await self._turn.acquire()

        def tell(items: list[Told]) -> None:
            self._told(run, items)

        self._stops[run] = self._engine.start(run.request, run.cancelled, tell, self._turn.release)

    def _told(self, run: ChatRun, items: list[Told]) -> None:
        if run.outcome is not None:
            return
        last = items[-1]
        ends = isinstance(last, Answer | Failure)
        run.tell(items[:-1] if ends else items)
        if run.bytes > MOST_RUN_BYTES:
            self._fail(run, TOO_MUCH)
        elif isinstance(last, Failure):
            self._fail(run, last)
        elif isinstance(last, Answer):
            run.outcome = last
            self._close(run)
            self._spawn(self._answered(run, last))

    async def _answered(self, run: ChatRun, answer: Answer) -> None:
        """Store the answer, then tell it: feedback may follow at once."""
        storing = self._spawn(self._record(run))
        await asyncio.wait([storing], timeout=STORE_WITHIN_S)
        run.end(answer)
        self._keep(run)

    def _fail(self, run: ChatRun, failure: Failure) -> None:
        if run.outcome is not None:
            return
        run.outcome = failure
        run.cancelled.set()
        stop = self._stops.get(run)
        self._close(run)
        run.end(failure)
        self._spawn(self._record(run))
        self._keep(run)
        if stop is not None:
            stop()

    def _close(self, run: ChatRun) -> None:
        self._open -= 1
        CHAT_OPEN.set(self._open)
        self._limits.pop(run).cancel()
        self._looks.pop(run).cancel()
        self._stops.pop(run, None)

    async def _record(self, run: ChatRun) -> None:
        outcome = run.outcome
        count_turn(outcome)
        if self._recorder is None:
            return
        try:
            await asyncio.to_thread(self._recorder.record, run.request, outcome, run.text, run.elapsed_ms)
        except Exception:
            NOT_STORED.inc()
            log.exception("turn not stored", run_id=run.request.run_id)

    def _unread(self, run: ChatRun) -> None:
        """Give up a run that nobody reads any more and nobody comes back to."""

        def look() -> None:
            if run.readers == 0:
                self._fail(run, _ABANDONED)

        if earlier := self._looks.pop(run, None):
            earlier.cancel()
        self._looks[run] = asyncio.get_running_loop().call_later(self._abandoned_after_s, look)

    def _keep(self, run: ChatRun) -> None:
        """Remember an ended run for a while, within bounds."""
        key = (run.request.visitor, run.request.run_id)
        self._runs.move_to_end(key)
        self._kept_bytes += run.bytes
        asyncio.get_running_loop().call_later(self._kept_s, self._forget, key)
        ended = [key for key, known in self._runs.items() if known.ended]
        for oldest in ended:
            if len(ended) <= self._most_kept and self._kept_bytes <= MOST_KEPT_BYTES:
                break
            self._forget(oldest)
            ended = ended[1:]

    def _forget(self, key: tuple[str, str]) -> None:
        run = self._runs.get(key)
        if run is not None and run.ended:
            del self._runs[key]
            self._kept_bytes -= run.bytes

    def _spawn(self, work: object) -> asyncio.Task:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
