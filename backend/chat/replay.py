"""A stored turn told again: the events of its end, for readers that come when its run is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ag_ui.core import BaseEvent, CustomEvent

from agent.alert_wishes.proposal import AlertProposal
from agent.answer import Answer, Table
from agent.events import AnswerDelta, TableReady
from backend.chat.protocol import RunNarrator
from backend.chat.run import encoded_event


def replayed(turn: dict[str, Any], after: int = 0) -> Iterator[bytes]:
    """Tell a stored turn (see `Turns.find`) from its beginning, numbered on from `after`.

    Its first event is RUN_STARTED, which tells a reader that was in the middle to begin again.
    """
    for number, event in enumerate(_events(turn), after + 1):
        yield encoded_event(number, event)


def _events(turn: dict[str, Any]) -> Iterator[BaseEvent]:
    given = turn["answer"]
    narrator = RunNarrator(turn["thread_id"], turn["run_id"])
    yield from narrator.started()
    for table in given["tables"]:
        yield from narrator.told(TableReady(Table(**table)))
    if given["answer"]:
        yield from narrator.told(AnswerDelta(given["answer"]))
    if given["status"] == "cancelled":
        yield from narrator.failed("답변을 멈췄습니다.", "cancelled")
        return
    proposal = given["proposal"] and AlertProposal.from_dict(given["proposal"])
    for event in narrator.finished(Answer(given["answer"], given["status"], proposal=proposal)):
        final = isinstance(event, CustomEvent) and event.name == "answer"
        yield CustomEvent(name="answer", value=given) if final else event
