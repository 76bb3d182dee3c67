"""One answer in the making: its events in order, for any number of readers that come, go and come back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from agent.answer import Answer
from agent.events import AnswerDelta, Event
from backend.chat.protocol import RunNarrator
from backend.chat.schemas import ChatRequest

MOST_BYTES = 16_000_000
"""Most bytes that the events of one run may take; a run that tells more is ended."""


@dataclass(frozen=True)
class Failure:
    """Why a run ended without an answer: a sentence for people and a code for programs."""

    message_ko: str
    code: str

    @property
    def status(self) -> str:
        """The status of the turn that is stored."""
        return "cancelled" if self.code in ("cancelled", "abandoned") else "failed"


Told = Event | Answer | Failure

TOO_MUCH = Failure("답이 너무 커서 멈췄습니다. 질문을 좁혀 다시 시도해 주세요.", "too-large")


class Narrator(Protocol):
    """Puts what the agent tells into the words of one protocol."""

    def started(self) -> Iterator[BaseModel]: ...
    def told(self, event: Event) -> Iterator[BaseModel]: ...
    def finished(self, answer: Answer) -> Iterator[BaseModel]: ...
    def failed(self, message_ko: str, code: str) -> Iterator[BaseModel]: ...


class ChatRun:
    """The log of one run. All of it lives in the event loop's thread, except that `cancelled` may be read anywhere."""

    def __init__(
        self, request: ChatRequest, on_unread: Callable[[ChatRun], None], narrator: Narrator | None = None
    ) -> None:
        self.request = request
        self.cancelled = threading.Event()
        self.outcome: Answer | Failure | None = None
        self.ended = False
        self.ended_at: float | None = None
        self.bytes = 0
        self.readers = 0
        self.text = ""
        self.started_at = time.monotonic()
        self._events: list[bytes] = []
        self._narrator = narrator or RunNarrator(request.thread_id, request.run_id)
        self._bell = asyncio.Event()
        self._on_unread = on_unread
        self._append(self._narrator.started())

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the question came."""
        return round((time.monotonic() - self.started_at) * 1000)

    def tell(self, events: Sequence[Event]) -> None:
        """Add what the agent tells; what comes after the end is dropped."""
        if self.ended:
            return
        for event in joined(events):
            if isinstance(event, AnswerDelta):
                self.text += event.text
            self._append(self._narrator.told(event))

    def end(self, outcome: Answer | Failure) -> None:
        """Add the last events; what was told before stays."""
        if self.ended:
            return
        if isinstance(outcome, Answer):
            self._append(self._narrator.finished(outcome))
        else:
            self._append(self._narrator.failed(outcome.message_ko, outcome.code))
        self.ended, self.ended_at = True, time.monotonic()
        self._ring()

    async def read(self, after: int = 0) -> AsyncIterator[bytes]:
        """Give the events after the given number as they come, several at a time where they are there already."""
        self.readers += 1
        try:
            while True:
                bell = self._bell
                if after < len(self._events):
                    pending = b"".join(self._events[after:])
                    after = len(self._events)
                    yield pending
                    continue
                if self.ended:
                    return
                await bell.wait()
        finally:
            self.readers -= 1
            if self.readers == 0 and not self.ended:
                self._on_unread(self)

    def _append(self, narration: Iterable[BaseModel]) -> None:
        for event in narration:
            encoded = encoded_event(len(self._events) + 1, event)
            self._events.append(encoded)
            self.bytes += len(encoded)
        self._ring()

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()


def encoded_event(number: int, event: BaseModel) -> bytes:
    """Return an event as it stands in the stream. The protocol's JavaScript client splits at two line feeds alone."""
    return f"id: {number}\ndata: {event.model_dump_json(by_alias=True)}\n\n".encode()


def joined(events: Iterable[Event]) -> Iterator[Event]:
    """Join neighbouring pieces of text, so that readers receive fewer, larger events."""
    text = ""
    for event in events:
        if isinstance(event, AnswerDelta):
            text += event.text
            continue
        if text:
            yield AnswerDelta(text)
            text = ""
        yield event
    if text:
        yield AnswerDelta(text)
