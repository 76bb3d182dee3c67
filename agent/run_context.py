"""What the parts of one agent run share: the database, where events go, and what has been found so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from pydantic import BaseModel

from agent.alert_wishes.proposal import AlertProposal
from agent.answer import Status, Table, Trace
from agent.events import Event, Sink
from backend.db.engine import Database
from backend.errors import AtlasError
from backend.graph.client import Result
from backend.settings import Settings


class RunCancelled(Exception):
    """Whoever asked no longer waits for the answer."""


@dataclass(frozen=True)
class AnswerOptions:
    """Which parts of the agent take part; the defaults are the product, anything else serves to measure what a part is worth.

    `examples` says which solved questions a model is shown, `tries` after how many failed queries it must stop (None: the product's own
    number), and `readings` whether a question may be answered by a reading of it where no verified example fits.
    """

    examples: Literal["retrieved_masked", "retrieved", "static", "none"] = "retrieved_masked"
    tries: int | None = None
    readings: bool = True


@dataclass
class RunContext:
    """One run. `tables` and `cypher` grow as tools find things; `found` is what the last tool returned, `error` why it could not.

    `proposal` is an alert that the model proposed, which ends the run. `asker` is whom the model's tokens are counted for.
    `show_tables` is off where the tables are made from the whole answer and not from each query.
    """

    database: Database
    settings: Settings
    as_of: date
    dataset: str
    sink: Sink | None = None
    cancelled: threading.Event | None = None
    show_tables: bool = True
    tables: list[Table] = field(default_factory=list)
    cypher: list[str] = field(default_factory=list)
    found: Result | BaseModel | None = None
    error: AtlasError | None = None
    failures: int = 0
    sink_failed: bool = False
    status: Status = "answered"
    proposal: AlertProposal | None = None
    asker: str = "local"
    trace: Trace = field(default_factory=Trace)
    options: AnswerOptions = field(default_factory=AnswerOptions)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that is spent within to a stage of the run's trace."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.trace.add_time(name, time.perf_counter() - started)

    def emit(self, event: Event) -> None:
        """Tell an event, unless the run was cancelled: then RunCancelled."""
        self.check()
        if self.sink is None:
            return
        try:
            self.sink(event)
        except Exception as error:
            # The framework swallows what is raised within a tool; the next check ends the run for good.
            self.sink_failed = True
            raise RunCancelled from error

    def check(self) -> None:
        """Raise RunCancelled once somebody cancelled the run or its sink failed."""
        if self.sink_failed or (self.cancelled is not None and self.cancelled.is_set()):
            raise RunCancelled
