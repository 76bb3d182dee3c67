"""Runs the synchronous agent in threads of this process and brings what it tells into the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from agent.answer import Answer
from agent.events import Event, Sink
from agent.run_context import RunCancelled
from backend.chat.run import Failure, Told
from backend.chat.schemas import ChatRequest
from backend.errors import AtlasError

log = structlog.get_logger(__name__)

BROKEN = Failure("답을 만드는 중에 문제가 생겼습니다. 다시 시도해 주세요.", "internal-error")


class Ask(Protocol):
    """How the agent is called: `emit` receives its events, and it ends soon after `cancelled` is set."""

    def __call__(self, request: ChatRequest, *, emit: Sink, cancelled: threading.Event) -> Answer: ...


class ThreadEngine:
    """Gives every run a thread of its own, so that a slow model never takes the threads that other routes are served by."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def start(
        self,
        request: ChatRequest,
        cancelled: threading.Event,
        tell: Callable[[list[Told]], None],
        done: Callable[[], None],
    ) -> Callable[[], None]:
        """Start a run; `tell` and `done` are called in the event loop. Returns what stops the run."""
        told = _Relay(asyncio.get_running_loop(), tell)

        def work() -> None:
            try:
                told.put(outcome(self._ask, request, told.put, cancelled))
            except RunCancelled:
                log.info("chat run cancelled", run_id=request.run_id)
            finally:
                told.call(done)

        try:
            # A daemon: an agent that does not notice its cancellation must not keep the process from ending.
            threading.Thread(target=work, name=f"chat-{request.run_id}", daemon=True).start()
        except RuntimeError:
            log.exception("no thread for a chat run", run_id=request.run_id)
            tell([BROKEN])
            done()
        return cancelled.set


class _Relay:
    """Hands what a thread tells to the event loop, all that has come together at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tell: Callable[[list[Told]], None]) -> None:
        self._loop = loop
        self._tell = tell
        self._lock = threading.Lock()
        self._waiting: list[Told] = []

    def put(self, item: Told) -> None:
        with self._lock:
            self._waiting.append(item)
            first = len(self._waiting) == 1
        if first:
            self.call(self._hand_over)

    def call(self, function: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            # The server has stopped meanwhile; nobody is left to be told.
            if not self._loop.is_closed():
                raise

    def _hand_over(self) -> None:
        with self._lock:
            items, self._waiting = self._waiting, []
        self._tell(items)


def outcome(ask: Ask, request: ChatRequest, tell: Callable[[Event], None], cancelled: threading.Event) -> Told:
    """Ask the agent; its error becomes a sentence for people. Raises RunCancelled when nobody waits for it."""

    def emit(event: Event) -> None:
        if cancelled.is_set():
            raise RunCancelled
        tell(event)

    try:
        return ask(request, emit=emit, cancelled=cancelled)
    except Exception as error:
        if cancelled.is_set():
            raise RunCancelled from error
        log.exception("chat run failed", run_id=request.run_id)
        return Failure(error.ko, error.slug) if isinstance(error, AtlasError) else BROKEN
