"""What the interface for administering people gives and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
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
    seen_at: datetime | None = Field(description="When a session or a bearer token was used last")
    sessions: int = Field(description="Number of open sessions")
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


class PersonsWebhook(BaseModel):
    """Somebody's own Discord webhook; its address is told to nobody."""

    person: UUID
    email: str
    address_hint: str | None = Field(description="Enough to recognise it", examples=["웹훅 …0001"])
    state: Literal["on", "off"]
    created_at: datetime = Field(description="When its address was given")
    switched_off_at: datetime | None
    switched_off_by: str | None = Field(description="`admin`, `discord` that no longer knows it, or a lost `secret`")
    reason: str | None = Field(description="Why it is switched off, in Korean")
    paused_until: datetime | None = Field(description="Discord asked to be left alone until then")
    posts: dict[str, int] = Field(description="Number of posts by what became of them")
    last_sent_at: datetime | None


class PersonsWebhooks(BaseModel):
    """Some of the people's webhooks."""

    items: list[PersonsWebhook] = Field(description="Those that are switched off first")
    next_offset: int | None = Field(description="`offset` for the next page; null: there is none")


class SwitchingOff(BaseModel):
    """Why a webhook is switched off."""

    reason: str = Field("", max_length=200, pattern=r"^[^\x00]*$", description="Told to the person")


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
