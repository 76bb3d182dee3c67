"""What the interface for administering people gives and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


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
