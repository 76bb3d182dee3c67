"""Turns what the agent tells into AG-UI events, in an order that the protocol's clients accept.

The protocol (docs.ag-ui.com, version 1.0) wants every opened text message, tool call and step closed before the run is
finished, and no two open steps of one name. The agent may end anywhere, so this is where the bookkeeping lives.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import orjson
from ag_ui.core import (
    BaseEvent,
    CustomEvent,
    RunErrorEvent,
    RunFinishedEvent,
    RunStartedEvent,
    StepFinishedEvent,
    StepStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)

from agent.answer import Answer
from agent.events import AnswerDelta, Event, StepFinished, StepStarted, TableReady, ToolFinished, ToolStarted

PROTOCOL_VERSION = "1.0"
TOOL_RESULT_LIMIT = 4_000
"""Most characters of a tool's result that are sent; the page shows the tables instead."""


class RunNarrator:
    """Tells one run as AG-UI events."""

    def __init__(self, thread_id: str, run_id: str) -> None:
        self._thread_id = thread_id
        self._run_id = run_id
        self._message_id: str | None = None
        self._told_text = False
        self._open_steps: dict[str, str] = {}

    def started(self) -> Iterator[BaseEvent]:
        """Open the run."""
        yield RunStartedEvent(thread_id=self._thread_id, run_id=self._run_id, protocol_version=PROTOCOL_VERSION)

    def told(self, event: Event) -> Iterator[BaseEvent]:
        """Tell one event of the agent."""
        match event:
            case StepStarted(id, name, text_ko):
                yield self._open_step(id, name, text_ko)
            case StepFinished(id, name, text_ko):
                if step := self._open_steps.pop(id, None):
                    yield StepFinishedEvent(step_name=step, metadata={"id": id, "name": name, "text": text_ko})
            case ToolStarted(id, name, arguments):
                yield ToolCallStartEvent(tool_call_id=id, tool_call_name=name)
                yield ToolCallArgsEvent(tool_call_id=id, delta=orjson.dumps(arguments, default=str).decode())
                yield ToolCallEndEvent(tool_call_id=id)
            case ToolFinished(id, _, result_text):
                yield ToolCallResultEvent(
                    message_id=f"{id}-result", tool_call_id=id, content=_shortened(result_text), role="tool"
                )
            case TableReady(table):
                yield CustomEvent(name="table", value=table.as_dict())
            case AnswerDelta(text):
                yield from self._text(text)

    @property
    def told_text(self) -> bool:
        """Whether a part of the answer's text has been told."""
        return self._told_text

    def finished(self, answer: Answer) -> Iterator[BaseEvent]:
        """Close whatever is open, hand over the final object and finish the run."""
        if not self._told_text:
            yield from self._text(answer.answer)
        yield from self._close()
        if answer.proposal is not None:
            yield CustomEvent(name="proposal", value=answer.proposal.as_dict())
        yield CustomEvent(name="answer", value={**answer.as_dict(), "run_id": self._run_id})
        yield RunFinishedEvent(thread_id=self._thread_id, run_id=self._run_id)

    def failed(self, message_ko: str, code: str) -> Iterator[BaseEvent]:
        """End the run with an error that people can read."""
        yield from self._close()
        yield RunErrorEvent(message=message_ko, code=code)

    def _open_step(self, step_id: str, name: str, text_ko: str) -> BaseEvent:
        step, number = text_ko, 1
        while step in self._open_steps.values():
            number += 1
            step = f"{text_ko} ({number})"
        self._open_steps[step_id] = step
        return StepStartedEvent(step_name=step, metadata={"id": step_id, "name": name, "text": text_ko})

    def _text(self, delta: str) -> Iterator[BaseEvent]:
        if not delta:
            return
        if self._message_id is None:
            self._message_id = str(uuid.uuid4())
            yield TextMessageStartEvent(message_id=self._message_id, role="assistant")
        self._told_text = True
        yield TextMessageContentEvent(message_id=self._message_id, delta=delta)

    def _close(self) -> Iterator[BaseEvent]:
        if self._message_id is not None:
            yield TextMessageEndEvent(message_id=self._message_id)
            self._message_id = None
        for step_id, step in self._open_steps.items():
            yield StepFinishedEvent(step_name=step, metadata={"id": step_id})
        self._open_steps = {}


def _shortened(text: str) -> str:
    return text if len(text) <= TOOL_RESULT_LIMIT else text[:TOOL_RESULT_LIMIT] + " …"
