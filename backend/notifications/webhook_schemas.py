"""What the HTTP interface of personal webhooks and of unsubscribing takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr


class WebhookAddress(BaseModel):
    """The address of a person's own webhook, which is a secret."""

    address: Annotated[SecretStr, Field(max_length=500)] = Field(
        description="As Discord gives it out: https://discord.com/api/webhooks/ID/TOKEN; it is never returned"
    )


class WebhookStanding(BaseModel):
    """How a person's webhook stands."""

    configured: bool = Field(description="Whether there is one")
    address_hint: str | None = Field(description="Enough to recognise it", examples=["웹훅 …0001"])
    switched_off_at: datetime | None = Field(description="Nothing is posted since then; null while it is in use")
    reason: str | None = Field(description="Why it is switched off and what to do, in Korean")
    waiting: int = Field(description="How many alerts wait to be posted", examples=[0])
    last_sent_at: datetime | None = Field(description="When Discord last took an alert")


class TestMessage(BaseModel):
    """What came of a test message."""

    sent: bool = Field(description="Whether Discord took it")
    detail: str = Field(description="What Discord answered, in Korean")


class UnsubscribeToken(BaseModel):
    """What the link in a message says after its #."""

    token: str = Field(max_length=200, description="Names one person and one ETF, and can do nothing else")


class NamedEtf(BaseModel):
    """An ETF."""

    code: str = Field(examples=["069500"])
    name: str = Field(examples=["KODEX 200"])


class Muted(BaseModel):
    """How a watch stands."""

    etf: NamedEtf | None = Field(description="Null where the market has no such ETF any more")
    muted: bool = Field(description="Whether alerts of it are silenced")
