"""What the interface for administering people gives and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.accounts.person import Role


class Account(BaseModel):
    """Somebody's account."""

    id: UUID
    email: str
    name: str = Field(description="How the page calls the person")
    role: Role
    disabled_at: datetime | None = Field(description="Since when it is closed; null: it is open")


class ListedAccount(Account):
    """An account with what tells whether it is used; what its person watches or asked is told to nobody."""

    created_at: datetime
    seen_at: datetime | None = Field(description="When one of its open sessions was used last")
    watches: int = Field(description="Number of ETFs on the watchlist")


class Accounts(BaseModel):
    """Some of the accounts."""

    items: list[ListedAccount] = Field(description="Newest first")
    next_before: UUID | None = Field(description="`before` for the next page; null: there is none")


class AccountChange(BaseModel):
    """What is to be changed of an account; what is left out, or null, stays."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    disabled: bool | None = Field(None, description="true closes the account and ends its sessions, false opens it")


class AuditEntry(BaseModel):
    """Something that an administrator did."""

    id: int
    at: datetime
    actor: str = Field(description="E-mail address of the administrator, `installation token`, or `command line`")
    person: UUID | None = Field(description="The administrator's account; null for the other two")
    action: str = Field(
        description="What was done, such as `user.disable` or `example.promote`", examples=["user.role"]
    )
    subject: str = Field(description="Id of what it was done to: an account or an example")
    subject_email: str | None = Field(
        description="E-mail address of the account it was done to, as long as that exists"
    )
    detail: dict[str, Any] = Field(description="What changed")


class AuditLog(BaseModel):
    """Some of what administrators did."""

    items: list[AuditEntry] = Field(description="Newest first")
    next_before: int | None = Field(description="`before` for the next page; null: there is none")
