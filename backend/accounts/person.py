"""Somebody who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Role = Literal["user", "admin"]


@dataclass(frozen=True)
class Person:
    """An account, as whoever asks has proved to own it.

    `session` is the login session whose cookie was sent, `token` the bearer token; one of the two is None.
    """

    id: UUID
    email: str
    name: str
    role: Role
    session: UUID | None = None
    token: UUID | None = None

    @property
    def reader(self) -> str:
        """The name under which other tables keep what belongs to the account: `person:` and its id."""
        return f"person:{self.id}"
