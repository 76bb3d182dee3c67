"""What has happened and who has read it: the tables `notifications` and `notification_reads`, with the newest events in memory.

Nothing here blocks the event loop, and however many ask at once there are never more than `CONNECTIONS` queries at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from backend.db.engine import Database
from backend.errors import Unavailable
from backend.notifications.event import Event
from backend.notifications.newest import KEPT, NewestEvents

CONNECTIONS = 4
ANSWER_WITHIN_S = 20.0
BEGUN_WITHIN_S = 30.0
FORGET_EVERY_S = 24 * 3600
READ_CHANNEL = "notification_reads"
"""Says that a person has read something: their id, up to where, and how much is left."""
T = TypeVar("T")
_BY_ID = attrgetter("id")

_COLUMNS = "id, kind, date, subject, content, created_at, person"

_EVERYBODYS_SINCE = text(f"""
    SELECT {_COLUMNS} FROM notifications
    WHERE person IS NULL AND id > :after AND id <= :upto
    ORDER BY id
    LIMIT :limit
""")
_OWN_SINCE = text(f"""
    SELECT {_COLUMNS} FROM notifications
    WHERE person = :person AND id > :after AND id <= :upto
    ORDER BY id
    LIMIT :limit
""")
_NEWEST = text("SELECT coalesce(max(id), 0) FROM notifications")

# One statement, so that the list, the count and the newest id are of one moment. Two walks along the index (person, id): what
# everybody may see, and what is this person's; a person of NULL has nothing. Whoever reads for the first time has read everything
# so far, but for what a load has told them alone, and what came after it.
_PAGE = text(f"""
    WITH items AS (
        SELECT * FROM (
            (SELECT {_COLUMNS} FROM notifications
             WHERE person IS NULL AND id < :before AND NOT :mine AND kind = coalesce(:kind, kind)
             ORDER BY id DESC LIMIT :limit)
            UNION ALL
            (SELECT {_COLUMNS} FROM notifications
             WHERE person = CAST(:person AS uuid) AND id < :before AND kind = coalesce(:kind, kind)
             ORDER BY id DESC LIMIT :limit)
        ) AS visible
        ORDER BY id DESC
        LIMIT :limit
    ), newest AS (
        SELECT greatest(
            (SELECT max(id) FROM notifications WHERE person IS NULL),
            (SELECT max(id) FROM notifications WHERE person = CAST(:person AS uuid)),
            0
        ) AS newest
    ), mark AS (
        SELECT known.read_until IS NOT NULL AS is_known,
               coalesce(
                   known.read_until,
                   (SELECT min(id) - 1 FROM notifications WHERE person = CAST(:person AS uuid)),
                   newest.newest
               ) AS read_until
        FROM newest
        LEFT JOIN (SELECT read_until FROM notification_reads WHERE reader = :reader) AS known ON true
    )
    SELECT mark.is_known, mark.read_until, newest.newest, unread.unread, items.*
    FROM newest
    CROSS JOIN mark
    CROSS JOIN LATERAL (
        SELECT (SELECT count(*) FROM notifications WHERE person IS NULL AND id > mark.read_until)
             + (SELECT count(*) FROM notifications
                WHERE person = CAST(:person AS uuid) AND id > mark.read_until) AS unread
    ) AS unread
    LEFT JOIN items ON true
    ORDER BY items.id DESC
""")
_FIRST_MARK = text("""
    INSERT INTO notification_reads (reader, read_until)
    VALUES (:reader, :until)
    ON CONFLICT DO NOTHING
""")
# A mark beyond the newest event would hide those to come; one that comes late does not make the read unread.
_MARK = text("""
    INSERT INTO notification_reads AS mark (reader, read_until)
    SELECT :reader, least(:until, greatest(
        (SELECT max(id) FROM notifications WHERE person IS NULL),
        (SELECT max(id) FROM notifications WHERE person = CAST(:person AS uuid)),
        0
    ))
    ON CONFLICT (reader) DO UPDATE
    SET read_until = greatest(mark.read_until, excluded.read_until), updated_at = now()
""")
# Every process tells the other pages of the same person.
_TELL_MARK = text("SELECT pg_notify(:channel, :mark)")
# The cookie of such a reader has expired.
_FORGET = text("DELETE FROM notification_reads WHERE updated_at < now() - interval '400 days'")


@dataclass(frozen=True)
class Page:
    """Some of what a reader may see, newest first; `next_before` is None on the last page."""

    items: list[Event]
    unread: int
    read_until: int
    newest: int
    next_before: int | None


class Notifications:
    """The events and their readers. Every method raises Unavailable when the database does not answer."""

    def __init__(self, database: Database, *, kept: int = KEPT) -> None:
        self._database = database
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="notifications")
        self.known = NewestEvents(kept)
        self._begun = asyncio.Event()
        self._asked: dict[tuple[UUID | None, int, int, int], asyncio.Future[list[Event]]] = {}
        self._newest: asyncio.Future[int] | None = None
        self._asking_newest = asyncio.Lock()
        self._forget_at = 0.0

    def begin(self, events: Sequence[Event]) -> int:
        """Take over the newest rows of the table, ids ascending; returns the newest id. The listener's to call."""
        newest = self.known.begin(events)
        self._begun.set()
        return newest

    def close(self) -> None:
        """Let no further query begin."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def since(self, after: int, person: UUID | None, limit: int) -> list[Event]:
        """Return at most `limit` events with ids above `after`, oldest first: everybody's and the person's.

        Fewer than `limit` means that these are all that this process has published so far.
        """
        await self._when_begun()
        upto = self.known.id or 0
        found = await self._everybodys_since(after, limit)
        if person is None:
            return found
        # Both lists end at the same id: what one of them lacked above it would be passed over for good.
        own = await self._rows(person, after, limit, upto)
        return sorted([*(event for event in found if event.id <= upto), *own], key=_BY_ID)[:limit]

    async def _everybodys_since(self, after: int, limit: int) -> list[Event]:
        found: list[Event] = []
        # The floor may rise during a query, as newer events push older ones out of memory.
        while after < self.known.floor and len(found) < limit:
            upto, room = self.known.floor, limit - len(found)
            older = await self._rows(None, after, room, upto)
            found += older
            after = older[-1].id if len(older) == room else upto
        return found + self.known.after(after, limit - len(found))

    async def position(self, last_id: int) -> int:
        """Return where somebody goes on who was last told `last_id`: there, or at the newest row if the ids have started over.

        An id that this process has not heard of yet may have been told by another one.
        """
        await self._when_begun()
        if last_id <= (self.known.id or 0):
            return last_id
        return min(last_id, await self.newest_id())

    async def newest_id(self) -> int:
        """Return the newest id in the table, 0 if it is empty."""
        if self._newest is None:
            self._newest = asyncio.ensure_future(self._ask_newest())
            self._newest.add_done_callback(_look_at)
        return await asyncio.shield(self._newest)

    async def page(
        self,
        reader: str | None,
        person: UUID | None = None,
        *,
        limit: int = 30,
        before: int | None = None,
        mine: bool = False,
        kind: str | None = None,
    ) -> Page:
        """Return a page of what the reader may see. Whoever reads for the first time has read everything before their own.

        `mine` and `kind` choose among the items; the figures are always those of all. A reader of None is somebody who will
        not be known again: nothing is kept.
        """
        wanted = {"limit": limit, "before": before, "mine": mine, "kind": kind}
        return await self._ask(lambda connection: self._page(connection, reader, person, **wanted))

    async def unread(self, reader: str, person: UUID | None = None) -> int:
        """Return how many events the reader has not read."""
        return (await self.page(reader, person, limit=0)).unread

    async def mark_read(self, reader: str, until: int, person: UUID | None = None) -> Page:
        """Count everything up to an id as read, never less than before; returns a page without items."""

        def mark(connection: Connection) -> Page:
            connection.execute(_MARK, {"reader": reader, "until": until, "person": person})
            page = self._page(connection, reader, person, limit=0)
            if person is not None:
                mark = f"{person} {page.read_until} {page.unread}"
                connection.execute(_TELL_MARK, {"channel": READ_CHANNEL, "mark": mark})
            return page

        return await self._ask(mark)

    async def _when_begun(self) -> None:
        if self._begun.is_set():
            return
        try:
            await asyncio.wait_for(self._begun.wait(), BEGUN_WITHIN_S)
        except TimeoutError:
            raise _unavailable("the notifications have not been read yet") from None

    async def _rows(self, person: UUID | None, after: int, limit: int, upto: int) -> list[Event]:
        """Read rows that can no longer change, once for all who ask for the same ones meanwhile."""
        key = (person, after, limit, upto)
        if key not in self._asked:
            self._asked[key] = asyncio.ensure_future(self._ask(lambda connection: _since(connection, *key)))
            self._asked[key].add_done_callback(lambda answer: (self._asked.pop(key, None), _look_at(answer)))
        return await asyncio.shield(self._asked[key])

    async def _ask_newest(self) -> int:
        async with self._asking_newest:
            # Who comes from here on may know of a later commit than this query will see: the next one answers them.
            self._newest = None
            return await self._ask(lambda connection: connection.execute(_NEWEST).scalar_one())

    def _page(
        self,
        connection: Connection,
        reader: str | None,
        person: UUID | None,
        *,
        limit: int,
        before: int | None = None,
        mine: bool = False,
        kind: str | None = None,
    ) -> Page:
        # One more than wanted tells whether there is another page.
        wanted = {"limit": limit + 1, "before": before or 2**63 - 1, "mine": mine, "kind": kind}
        rows = connection.execute(_PAGE, {"reader": reader, "person": person, **wanted}).all()
        state = rows[0]
        if not state.is_known and reader is not None:
            connection.execute(_FIRST_MARK, {"reader": reader, "until": state.read_until})
            self._forget_expired(connection)
        items = [_event(row) for row in rows if row.id is not None]
        next_before = items[limit - 1].id if len(items) > limit > 0 else None
        return Page(items[:limit], state.unread, state.read_until, state.newest, next_before)

    def _forget_expired(self, connection: Connection) -> None:
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + FORGET_EVERY_S
            connection.execute(_FORGET)

    async def _ask(self, work: Callable[[Connection], T]) -> T:
        try:
            answer = asyncio.get_running_loop().run_in_executor(self._threads, self._work, work)
        except RuntimeError:  # the threads have been told to end
            raise _unavailable("the server is stopping") from None
        try:
            return await asyncio.wait_for(answer, ANSWER_WITHIN_S)
        except TimeoutError:
            raise _unavailable(f"no answer within {ANSWER_WITHIN_S:.0f} s") from None
        except SQLAlchemyError as error:
            raise _unavailable(str(getattr(error, "orig", None) or error)) from error

    def _work(self, work: Callable[[Connection], T]) -> T:
        with self._database.engine("atlas_app").begin() as connection:
            return work(connection)


def _since(connection: Connection, person: UUID | None, after: int, limit: int, upto: int) -> list[Event]:
    query = _EVERYBODYS_SINCE if person is None else _OWN_SINCE
    wanted = {"after": after, "person": person, "limit": limit, "upto": upto}
    return [_event(row) for row in connection.execute(query, wanted)]


def _look_at(answer: asyncio.Future) -> None:
    """Let nobody complain of a failure for which no reader waits any more."""
    if not answer.cancelled():
        answer.exception()


def _event(row: object) -> Event:
    return Event(row.id, row.kind, row.date, row.subject, row.content, row.created_at, row.person)


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(f"the database does not answer: {reason}", ko="데이터베이스가 응답하지 않습니다.")
