"""The end of sessions: whoever signs out, or is signed out, is told nothing more, on any stream of any process.

PostgreSQL says which session ended (`NOTIFY sessions`). What was missed while nobody listened, and what ends by itself when
its time is over, is found by asking for all open ones every few seconds.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.accounts.person import Person
from backend.db.engine import Database
from backend.notifications.hub import Hub

CHANNEL = "sessions"
CHECK_EVERY_S = 10.0
REMEMBERED_S = 60.0
"""How long an end is remembered for streams that are being opened meanwhile, seconds: longer than finding out who asks takes."""
_WHOLE_PERSON = "person:"
_STILL_OPEN = text("""
    SELECT s.id
    FROM login_sessions AS s
    JOIN users AS u ON u.id = s.person
    WHERE s.id = ANY (:ids) AND s.expires_at > now() AND u.disabled_at IS NULL
    UNION ALL
    SELECT t.id
    FROM api_tokens AS t
    JOIN users AS u ON u.id = t.person
    WHERE t.id = ANY (:ids) AND coalesce(t.expires_at > now(), true) AND u.disabled_at IS NULL
""")
log = structlog.get_logger(__name__)


class Sessions:
    """Ends the streams of a hub with the sessions that they were opened with; call `start` and `stop`."""

    def __init__(self, database: Database, hub: Hub, *, check_every_s: float = CHECK_EVERY_S) -> None:
        self._database = database
        self._hub = hub
        self._check_every_s = check_every_s
        self._ended: dict[UUID, float] = {}
        self._soon = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask, in a task of the running event loop."""
        self._task = asyncio.create_task(self._run(), name="sessions")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def hear(self, ended: str) -> None:
        """End the streams of what a notification on CHANNEL names: a session, a bearer token, or `person:` and an account."""
        try:
            named = UUID(ended.removeprefix(_WHOLE_PERSON))
        except ValueError:
            log.warning("the end of a session was told in an unknown form")
            return
        self._ended.pop(named, None)
        self._ended[named] = _now()
        if ended.startswith(_WHOLE_PERSON):
            self._hub.end(person=named)
        else:
            self._hub.end(session=named)

    def check_soon(self) -> None:
        """Ask at once: something may have been missed."""
        self._soon.set()

    def has_ended(self, person: Person, since: float) -> bool:
        """Say whether a session ended after `since`, a time of the event loop at which it was still to be looked up."""
        named = (person.session, person.token, person.id)
        return any(self._ended.get(each, 0.0) >= since for each in named if each is not None)

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), self._check_every_s)
            self._soon.clear()
            self._forget()
            try:
                await self._check()
            except SQLAlchemyError as error:
                log.warning("whether sessions are still open cannot be asked", error=type(error).__name__)
            except Exception:
                # A defect must not end the task.
                log.exception("sessions_failed")

    async def _check(self) -> None:
        known = self._hub.sessions
        if known:
            still_open = await asyncio.to_thread(self._still_open, known)
            for session in set(known) - still_open:
                self._hub.end(session=session)

    def _still_open(self, ids: list[UUID]) -> set[UUID]:
        with self._database.engine("atlas_app").connect() as connection:
            return set(connection.execute(_STILL_OPEN, {"ids": ids}).scalars())

    def _forget(self) -> None:
        longest_ago = _now() - REMEMBERED_S
        while self._ended and next(iter(self._ended.values())) < longest_ago:
            del self._ended[next(iter(self._ended))]


def _now() -> float:
    return asyncio.get_running_loop().time()
