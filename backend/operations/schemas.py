"""What the operator's interface gives."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field


class CollectionRun(BaseModel):
    """What came of one date of one source."""

    date: date
    source: Literal["sample", "files", "krx"]
    status: Literal["loaded", "rejected", "failed", "holiday"] = Field(
        description="`rejected` for its bad rows, `failed` for a source that did not give it, `holiday`: no trading day"
    )
    etfs: int = Field(description="ETFs whose basket came")
    holdings: int = Field(description="Rows of baskets")
    prices: int = Field(description="Prices")
    trades: int = Field(description="Trades that were found")
    gaps: int = Field(description="ETFs without a usable basket, when the date was loaded last")
    rejected: int = Field(description="Bad rows")
    reason: str | None = Field(description="Why it was not loaded")
    duration_ms: int | None = Field(description="Time that the load took, milliseconds")
    started_at: datetime
    finished_at: datetime | None
    notified_at: datetime | None = Field(description="When people were told; each date is told once")


class CollectionRuns(BaseModel):
    """What came of some dates."""

    runs: list[CollectionRun] = Field(description="Newest date first; a date may have several sources")
    absent: list[date] = Field(
        description="Trading days among these dates, or after them on the first page, that are not recorded at all; "
        "counted from the first day that was collected from KRX"
    )
    next_before: date | None = Field(description="`before` for the next page; null: there is none")


class CollectionGap(BaseModel):
    """An ETF without a usable basket on a date."""

    date: date
    code: str = Field(description="ETF code")
    name: str | None
    reason: str | None


class CollectionGaps(BaseModel):
    """ETFs without a usable basket."""

    gaps: list[CollectionGap] = Field(description="Newest date first, then by code")
    total: int = Field(description="How many there are in the whole period")
    next_offset: int | None = Field(description="`offset` for the next page; null: there is none")


class SwitchedOff(BaseModel):
    """Since when and why nothing is posted."""

    at: datetime
    reason: str | None


class PostError(BaseModel):
    """The post whose trouble was noted last."""

    key: str
    state: str
    attempts: int
    reason: str


class DiscordStanding(BaseModel):
    """How posting to Discord stands."""

    configured: bool = Field(description="Whether a usable webhook is set")
    problem: str | None = Field(description="Why the address in the settings cannot be used")
    switched_off: SwitchedOff | None = Field(description="Null while the webhook works")
    paused_until: datetime | None = Field(description="Discord asked to be left alone until then")
    posts: dict[Literal["waiting", "sending", "sent", "refused", "in_doubt", "expired"], int] = Field(
        description="Number of posts by what became of them"
    )
    last_sent_at: datetime | None
    last_error: PostError | None
