"""The agent as chats call it: on one database, with one installation's settings."""

from __future__ import annotations

import threading

from agent.answer import Answer
from agent.events import Sink
from agent.runner import ask
from backend.chat.schemas import ChatRequest
from backend.chat.threads import Ask
from backend.db.engine import Database
from backend.settings import Settings


def answering(database: Database, settings: Settings) -> Ask:
    """Return the function that answers chat requests from a database."""

    def answer(request: ChatRequest, *, emit: Sink, cancelled: threading.Event) -> Answer:
        return ask(
            database,
            request.question,
            history=request.history,
            settings=settings,
            emit=emit,
            cancelled=cancelled,
            verified_first=request.verified_first,
            asker=request.asker,
        )

    return answer


def open_agent(database_url: str, settings: Settings) -> Ask:
    """Return the same in a process that has no database yet; the first question finds the examples' weights computed."""
    from agent.examples import offline_embedder

    offline_embedder()
    return answering(Database(database_url, settings), settings)
