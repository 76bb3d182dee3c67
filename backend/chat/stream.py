"""Runs the synchronous agent in threads and hands its events to the browser as they happen.

Each run has a thread of its own, at most `concurrency` of them at once, so that a slow model never takes the threads
that the other routes are served by. A run ends in exactly one way: an answer, an error, or its client being gone.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import anyio
import structlog
from ag_ui.core import BaseEvent
from sse_starlette import EventSourceResponse, ServerSentEvent

from agent.answer import Answer
from agent.events import AnswerDelta, Event, Sink, StepFinished, StepStarted
from backend.chat.protocol import RunNarrator
from backend.chat.schemas import ChatRequest
from backend.errors import AtlasError, Unavailable

log = structlog.get_logger(__name__)

PING_INTERVAL_S = 15
SEND_TIMEOUT_S = 30
"""A client that takes nothing for this long is given up."""
RUN_TIME_LIMIT_S = 180
SHUTDOWN_GRACE_S = 1.0
"""How long open streams get to say goodbye when the server stops."""


class RunCancelledError(Exception):
    """Nobody waits for this answer any more."""


class Busy(Unavailable):
    """Too many questions are being answered at this moment."""

    slug = "busy"


class Ask(Protocol):
    """How the agent is called: `emit` receives its events, and it ends soon after `cancelled` is set."""

    def __call__(self, request: ChatRequest, *, emit: Sink, cancelled: threading.Event) -> Answer: ...


@dataclass(frozen=True)
class _Failure:
    message_ko: str
    code: str


_BROKEN = _Failure("답을 만드는 중에 문제가 생겼습니다. 다시 시도해 주세요.", "internal-error")
_TOO_LONG = _Failure("답변이 너무 오래 걸려 멈췄습니다. 질문을 나누어 다시 시도해 주세요.", "timeout")
_STOPPING = _Failure("서버가 종료되고 있습니다. 잠시 뒤에 다시 시도해 주세요.", "stopping")


class ChatRuns:
    """Answers questions as AG-UI streams, a bounded number at a time.

    `concurrency` runs have a thread each; up to `waiting` more wait for their turn, and further ones are turned away.
    """

    def __init__(
        self, ask: Ask, *, concurrency: int = 8, waiting: int = 200, time_limit_s: float = RUN_TIME_LIMIT_S
    ) -> None:
        self._ask = ask
        self._turn = asyncio.Semaphore(concurrency)
        self._room = concurrency + waiting
        self._open = 0
        self._time_limit_s = time_limit_s

    @property
    def open(self) -> int:
        """Number of streams that are running or waiting for their turn."""
        return self._open

    def response(self, request: ChatRequest) -> EventSourceResponse:
        """Return the stream that answers a question; raises Busy when too many wait already."""
        if self._open >= self._room:
            raise Busy(ko="지금 질문이 너무 많습니다. 잠시 뒤에 다시 시도해 주세요.")
        stopping = anyio.Event()
        return EventSourceResponse(
            self._stream(request, stopping),
            # The protocol's JavaScript client splits at "\n\n" alone.
            sep="\n",
            ping=PING_INTERVAL_S,
            send_timeout=SEND_TIMEOUT_S,
            shutdown_event=stopping,
            shutdown_grace_period=SHUTDOWN_GRACE_S,
        )

    async def _stream(self, request: ChatRequest, stopping: anyio.Event) -> AsyncIterator[ServerSentEvent]:
        told: asyncio.Queue[Event | Answer | _Failure] = asyncio.Queue()
        cancelled = threading.Event()
        numbers = count(1)
        self._open += 1
        time_limit = asyncio.get_running_loop().call_later(self._time_limit_s, told.put_nowait, _TOO_LONG)
        starting = asyncio.create_task(self._start(request, told, cancelled))
        watching = asyncio.create_task(_tell_when_stopping(told, stopping))
        try:
            async for event in _narrated(request, told):
                yield ServerSentEvent(event.model_dump_json(by_alias=True), id=str(next(numbers)), sep="\n")
        finally:
            cancelled.set()
            time_limit.cancel()
            starting.cancel()
            watching.cancel()
            self._open -= 1

    async def _start(self, request: ChatRequest, told: asyncio.Queue, cancelled: threading.Event) -> None:
        """Wait for a turn, then start the run's thread."""
        if self._turn.locked():
            told.put_nowait(StepStarted("turn", "turn", "앞선 질문이 끝나기를 기다리는 중"))
            await self._turn.acquire()
            told.put_nowait(StepFinished("turn", "turn", "차례가 되었습니다"))
        else:
            await self._turn.acquire()
        loop = asyncio.get_running_loop()

        def tell(event: Event | Answer | _Failure) -> None:
            _from_thread(loop, told.put_nowait, event)

        def work() -> None:
            try:
                tell(_outcome(self._ask, request, tell, cancelled))
            except RunCancelledError:
                log.info("chat run cancelled", run_id=request.run_id)
            finally:
                _from_thread(loop, self._turn.release)

        try:
            # A daemon: an agent that does not notice its cancellation must not keep the process from ending.
            threading.Thread(target=work, name=f"chat-{request.run_id}", daemon=True).start()
        except RuntimeError:
            log.exception("no thread for a chat run", run_id=request.run_id)
            self._turn.release()
            told.put_nowait(_BROKEN)


def _outcome(ask: Ask, request: ChatRequest, tell: Sink, cancelled: threading.Event) -> Answer | _Failure:
    """Ask the agent; its error becomes a sentence for people, unless nobody is there to read it."""

    def emit(event: Event) -> None:
        if cancelled.is_set():
            raise RunCancelledError
        tell(event)

    try:
        return ask(request, emit=emit, cancelled=cancelled)
    except Exception as error:
        if cancelled.is_set():
            raise RunCancelledError from error
        log.exception("chat run failed", run_id=request.run_id)
        return _Failure(error.ko, error.slug) if isinstance(error, AtlasError) else _BROKEN


async def _tell_when_stopping(told: asyncio.Queue, stopping: anyio.Event) -> None:
    await stopping.wait()
    told.put_nowait(_STOPPING)


async def _narrated(request: ChatRequest, told: asyncio.Queue) -> AsyncIterator[BaseEvent]:
    narrator = RunNarrator(request.thread_id, request.run_id)
    for event in narrator.started():
        yield event
    while True:
        for item in _joined(await _arrived(told)):
            match item:
                case Answer():
                    narration, ended = narrator.finished(item), True
                case _Failure(message_ko, code):
                    narration, ended = narrator.failed(message_ko, code), True
                case _:
                    narration, ended = narrator.told(item), False
            for event in narration:
                yield event
            if ended:
                return


async def _arrived(told: asyncio.Queue) -> list[Event | Answer | _Failure]:
    """Wait for the next item and take along whatever else is there already."""
    items = [await told.get()]
    while not told.empty():
        items.append(told.get_nowait())
    return items


def _joined(items: Iterable[Event | Answer | _Failure]) -> Iterator[Event | Answer | _Failure]:
    """Join neighbouring pieces of text, so that a slow client receives fewer, larger events."""
    text = ""
    for item in items:
        if isinstance(item, AnswerDelta):
            text += item.text
            continue
        if text:
            yield AnswerDelta(text)
            text = ""
        yield item
    if text:
        yield AnswerDelta(text)


def _from_thread(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> None:
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        # The server has stopped meanwhile; nobody is left to be told.
        if not loop.is_closed():
            raise
