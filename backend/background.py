"""What goes on beside answering: embedding examples, and posting to Discord.

The web server does so in threads of its own unless ATLAS_BACKGROUND is off, as where `./atlas worker` does it elsewhere.
Any number of processes may; each piece of work is taken by one of them.
"""

from __future__ import annotations

from typing import Protocol

from agent.embedding.worker import EmbeddingWorker
from backend.db.engine import Database
from backend.notifications.discord.sender import DiscordSender
from backend.settings import Settings


class Service(Protocol):
    """A thread that works until it is stopped; the database may come and go."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def services(database: Database, settings: Settings) -> list[Service]:
    """Return the services of an installation, not started yet."""
    return [EmbeddingWorker(database, settings), DiscordSender(database, settings)]


class Background:
    """Starts the services together, and stops them in turn."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._services = services(database, settings)

    def start(self) -> None:
        for service in self._services:
            service.start()

    def stop(self) -> None:
        """Stop each after the piece of work at hand."""
        for service in self._services:
            service.stop()
