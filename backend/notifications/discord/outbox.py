"""The outbox: rows of `discord_posts` that wait, are being sent, or are done with, for the operator and every person's webhook.

A row is marked `sending` and committed before its message leaves. Whoever dies in between leaves it so, and after a deadline it is
`in_doubt`: it may have arrived, and is never sent again, because a message that was lost is still under the page's bell, while one that
came twice cannot be taken back. At most one message is on its way to a destination, so they arrive in order and limits hold for every process.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from backend.db.engine import Database
from backend.notifications.discord import outbox_sql as sql
from backend.notifications.discord.address import Webhook
from backend.notifications.discord.personal import explained
from backend.notifications.discord.request import REQUEST_S, Outcome

OPERATOR = "operator"
# When a row that is being sent is given up, seconds: well after the request's own deadline.
SENDING_S = REQUEST_S + 5.0
# From how many rows of a kind on they are told in one message, and how many at most.
DIGEST_FROM, DIGEST_MOST = 3, 2_000
ALERTS_FROM, ALERTS_MOST = 4, 25
# After so many messages in ten minutes the ones that follow are gathered for five.
BURST = 10
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 600.0
UNCLEAR_WAIT_S = 30.0
"""How long a person's webhook is left alone after it gave no answer: the hanging ones must not take up all the room."""
TIDY_EVERY_S = 60.0
FORGET_EVERY_S = 3600.0


@dataclass(frozen=True)
class Post:
    """A row to be told of."""

    id: int
    kind: str
    content: dict[str, Any]
    created_at: datetime
    attempts: int


@dataclass(frozen=True)
class Parcel:
    """Posts of one kind for one destination, marked as being sent; `sealed` is the address of a person's webhook."""

    destination: str
    address_hash: str
    posts: tuple[Post, ...]
    person: UUID | None = None
    sealed: bytes | None = None


class Outbox:
    """The posts of an installation; `webhook` is the operator's, if there is one. Every call is a transaction of its own."""

    def __init__(self, database: Database, webhook: Webhook | None = None) -> None:
        self._database = database
        self._hash = webhook.address_hash if webhook else None
        self._tidy_at = self._forget_at = 0.0
        self.replaced = False
        """Whether a process that began later posts to another webhook of the operator's; this one then leaves it alone."""

    def register(self) -> str | None:
        """Make the operator's address theirs; another one than before is switched on. Returns why it is switched off, if it is."""
        if self._hash is None:
            return None
        with self._begin() as connection:
            connection.execute(sql.REGISTER, {"hash": self._hash})
            standing = connection.execute(sql.OPERATOR).one()
            return (standing.reason or "") if standing.switched_off_at else None

    def claim(self, room: int = 1) -> list[Parcel]:
        """Take what is due for at most `room` destinations, a message each; the rows are then marked as being sent.

        Nothing is taken for a destination while another message is on its way to it, while Discord wants to be left alone,
        while it is switched off, while its person's account is disabled, or during their quiet hours. What is too old
        expires, and what a dead sender left is in doubt.
        """
        with self._begin() as connection:
            operator = self._serves_operator(connection)
            served = {"operator": operator}
            if not connection.execute(sql.ANYTHING_OPEN, served).scalar_one():
                return []
            connection.execute(sql.DURABLY)
            self._tidy(connection)
            connection.execute(sql.GIVE_UP_SENDING, served)
            connection.execute(sql.EXPIRE, served)
            chosen = connection.execute(sql.CHOOSE, {**served, "room": room}).all()
            parcels = self._take(connection, chosen)
            if chosen:
                connection.execute(sql.SERVED, {"destinations": [row.destination for row in chosen]})
            if parcels:
                ids = [post.id for parcel in parcels for post in parcel.posts]
                connection.execute(sql.SENDING, {"ids": ids, "deadline": SENDING_S})
        return parcels

    def settle(self, settled: Sequence[tuple[Parcel, Outcome]]) -> None:
        """Note what came of parcels that were claimed, and tell people whose webhook is gone."""
        with self._begin() as connection:
            connection.execute(sql.DURABLY)
            # The destinations first, as `claim` does, so that the two never wait for each other.
            everywhere = any(outcome.everywhere and outcome.wait_s for _, outcome in settled)
            destinations = [parcel.destination for parcel, _ in settled]
            connection.execute(sql.LOCK, {"destinations": destinations, "everywhere": everywhere})
            for parcel, outcome in settled:
                self._settle(connection, parcel, outcome)
        gone = [(parcel, "discord", outcome.reason) for parcel, outcome in settled if outcome.verdict == "gone"]
        self._tell(gone)

    def cannot_open(self, parcels: Sequence[Parcel]) -> None:
        """Switch off webhooks whose addresses were sealed with another secret; their posts wait for the address to be given again."""
        reason = "sealed with another secret of the installation"
        with self._begin() as connection:
            for parcel in sorted(parcels, key=lambda parcel: parcel.destination):
                known = {"destination": parcel.destination, "hash": parcel.address_hash}
                connection.execute(sql.SWITCH_OFF, {**known, "by": "secret", "reason": reason})
                posts = {"ids": [post.id for post in parcel.posts], "state": "waiting", "reason": reason, "wait": 0.0}
                connection.execute(sql.SETTLE, posts)
        self._tell([(parcel, "secret", reason) for parcel in parcels])

    def switch_on(self) -> bool:
        """Use the operator's webhook again, which was seen to work; returns whether it was switched off."""
        with self._begin() as connection:
            return connection.execute(sql.SWITCH_ON, {"hash": self._hash}).rowcount > 0

    def _serves_operator(self, connection: Connection) -> bool:
        if self._hash is None:
            return False
        standing = connection.execute(sql.OPERATOR).first()
        if standing is None:
            connection.execute(sql.REGISTER_OPERATOR, {"hash": self._hash})
            return True
        self.replaced = standing.address_hash != self._hash
        return not self.replaced

    def _tidy(self, connection: Connection) -> None:
        """Put back what a restored database lacks, and let old posts go."""
        now = time.monotonic()
        if now >= self._tidy_at:
            self._tidy_at = now + TIDY_EVERY_S
            connection.execute(sql.REGISTER_PEOPLE)
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY_S
            connection.execute(sql.FORGET)

    def _take(self, connection: Connection, chosen: Sequence[Row[Any]]) -> list[Parcel]:
        destinations = [row.destination for row in chosen]
        if not destinations:
            return []
        found = connection.execute(sql.GATHERING, {"destinations": destinations, "burst": BURST})
        gathering = [f"{destination} {kind}" for destination, kind in found]
        rows: list[Row[Any]] = []
        for most, some in (
            (DIGEST_MOST, [each for each in destinations if each == OPERATOR]),
            (ALERTS_MOST, [each for each in destinations if each != OPERATOR]),
        ):
            if some:
                wanted = {"destinations": some, "gathering": gathering, "most": most}
                rows += connection.execute(sql.TAKE, wanted).all()
        of: dict[str, list[Post]] = {}
        for row in sorted(rows, key=lambda row: row.id):
            post = Post(row.id, row.kind, row.content, row.created_at, row.attempts + 1)
            of.setdefault(row.destination, []).append(post)
        return [
            Parcel(row.destination, row.address_hash, _message(of[row.destination]), row.person, row.sealed_address)
            for row in chosen
            if row.destination in of
        ]

    def _settle(self, connection: Connection, parcel: Parcel, outcome: Outcome) -> None:
        known = {"destination": parcel.destination, "hash": parcel.address_hash}
        wait = max(outcome.wait_s * random.uniform(1.0, 1.05), backoff_s(max(p.attempts for p in parcel.posts) - 1))
        if outcome.verdict == "gone":
            connection.execute(sql.SWITCH_OFF, {**known, "by": "discord", "reason": outcome.reason})
        pause = outcome.wait_s
        if parcel.person is not None and outcome.verdict in ("again", "in_doubt"):
            # What came later must not overtake what is tried again.
            pause = max(pause, wait if outcome.verdict == "again" else UNCLEAR_WAIT_S)
        if pause:
            everywhere = outcome.everywhere and outcome.wait_s > 0
            connection.execute(sql.PAUSE, {**known, "wait": pause, "everywhere": everywhere})
        states = {"again": "waiting", "gone": "refused"}
        connection.execute(
            sql.SETTLE,
            {
                "ids": [post.id for post in parcel.posts],
                "state": states.get(outcome.verdict, outcome.verdict),
                "reason": outcome.reason or None,
                "wait": wait if outcome.verdict == "again" else 0.0,
            },
        )

    def _tell(self, off: Sequence[tuple[Parcel, str, str]]) -> None:
        """Tell people under the bell that their webhook is switched off, apart from all else: a load may hold the bell's lock."""
        people = [(parcel.person, by, reason) for parcel, by, reason in off if parcel.person is not None]
        if people:
            with self._begin() as connection:
                for person, by, reason in people:
                    connection.execute(sql.TELL_PERSON, {"person": person, "told": explained(by, reason)})

    def _begin(self) -> Any:
        return self._database.engine("atlas_app").begin()


def _message(posts: Sequence[Post]) -> tuple[Post, ...]:
    """Return the posts of the next message: all where many wait, else the first."""
    many = ALERTS_FROM if posts[0].kind == "alert" else DIGEST_FROM
    return tuple(posts) if len(posts) >= many else tuple(posts[:1])


def backoff_s(failures: int) -> float:
    """How long to wait after a failure that `failures` others preceded, seconds: doubling up to ten minutes, with jitter of a quarter."""
    return min(FIRST_WAIT_S * 2 ** min(failures, 20), LONGEST_WAIT_S) * random.uniform(0.75, 1.25)
