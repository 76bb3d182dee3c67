"""The agent as chats call it: on one database, with one installation's settings."""

from __future__ import annotations

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from agent.answer import Answer
from agent.events import Sink
from agent.examples import nearest
from agent.masking import masked
from agent.reading.understanding import understand
from agent.runner import ask
from backend.chat.schemas import ChatRequest
from backend.chat.threads import Ask
from backend.db.engine import Database
from backend.errors import AtlasError
from backend.market.dataset import get_dataset
from backend.settings import Settings

log = structlog.get_logger(__name__)


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
    """Return the same in a process that has no database yet, with what every question needs already read."""
    database = Database(database_url, settings)
    try:
        with database.engine("atlas_app").connect() as connection:
            dated = get_dataset(connection)
            nearest(connection, masked(understand(connection, "KODEX 200", dated.as_of, dated.dataset)))
    except (AtlasError, SQLAlchemyError) as error:
        # There may be no market yet, and questions say so themselves.
        log.info("nothing to read in advance", reason=str(error))
    return answering(database, settings)
