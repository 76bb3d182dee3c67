"""What the HTTP interface of notifications takes and answers."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - a field called `date` would hide the type
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

# What every reader of JSON reads exactly.
MOST_ID = 2**53 - 1


def _number_only(value: object) -> object:
    # Pydantic would take true for 1 and "7" for 7.
    if isinstance(value, bool | str):
        raise ValueError("an id is a whole number")
    return value


class Notification(BaseModel):
    """Something that happened, as the list and the stream tell it."""

    id: int = Field(description="Grows in the order in which things happened; the stream's `id:`", examples=[7])
    kind: str = Field(
        description="`collection`: a trading day was collected; one's own: `alert` of a watched ETF, `discord_off`: the own "
        "webhook was switched off. Readers pass over kinds they do not know",
        examples=["collection"],
    )
    date: Date = Field(description="Trading day (Asia/Seoul) that it is about", examples=["2026-07-08"])
    subject: str = Field(description="What it is about where one day has several of a kind, else empty", examples=[""])
    content: dict[str, Any] = Field(
        description=(
            "Of a `collection`: `source`, `label`, `date`, `compared_with` (trading day before, or null), counts `etfs`, "
            "`holdings`, `prices`, `trades`, `gaps`; at most ten each of `new` and `out` (stocks that entered or left "
            "baskets: `code`, `name`, `etfs`, `active`), `bought` and `sold` (what active ETFs did: `code`, `name`, "
            "`etfs`) and `missing` (ETFs without a basket: `code`, `name`, `reason`); `new_total` and `out_total` count all. "
            "Of an `alert`: `etf`, `date`, `compared_with`, `trades`, `drift`, `premium`, `fee`, `name` as far as they are told. "
            "Of `discord_off`: `address_hint`, `reason` (Korean)"
        )
    )
    created_at: datetime = Field(description="When it was stored")


class NotificationPage(BaseModel):
    """A page of what happened, and how much of all is unread."""

    items: list[Notification] = Field(description="Newest first")
    unread: int = Field(description="How many of all are newer than `read_until`", examples=[1])
    read_until: int = Field(description="Id up to which this visitor has read", examples=[6])
    newest: int = Field(description="Id of the newest one that this visitor may see, 0 if there is none", examples=[7])
    next_before: int | None = Field(description="`before` of the next, older page; null on the last one")


class ReadMark(BaseModel):
    """Up to where somebody has read."""

    until: Annotated[int, BeforeValidator(_number_only)] = Field(
        ge=0,
        le=MOST_ID,
        description="Id of the newest notification that was seen; more than there is counts as the newest",
        examples=[7],
    )


class Unread(BaseModel):
    """What is left to read."""

    unread: int = Field(description="How many are newer than `read_until`", examples=[0])
    read_until: int = Field(description="Id up to which this visitor has read; it never goes back", examples=[7])
