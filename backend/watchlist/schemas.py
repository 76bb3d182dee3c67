"""What the HTTP interface of the watchlist takes and answers.

Thresholds and changes of weights are in percentage points, premiums and fees in %, money in KRW, prices in KRW per share.
"""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - a field called `date` would hide the type
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, Field

from backend.market.dataset import Dated
from backend.market.schemas import Action

Kind = Literal["new", "out", "more", "less", "weight", "premium", "fee", "name"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What can be told of an ETF; Korean: 신규 편입, 편출, 추가 매수, 일부 매도, 비중 변화, 괴리율, 보수 변경, 이름 변경."""
MOST_WATCHED = 300
"""Most ETFs on one person's list."""
MOST_TEXT = 10_000


def _in_order(kinds: list[Kind] | None) -> list[Kind] | None:
    return None if kinds is None else [kind for kind in KINDS if kind in kinds]


Kinds = Annotated[list[Kind], Field(max_length=32), AfterValidator(_in_order)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Code = Annotated[str, Field(min_length=1, max_length=100, examples=["069500"])]


class Named(BaseModel):
    """An ETF by its code; one that the market no longer has is called by its code."""

    code: str = Field(examples=["069500"])
    name: str = Field(examples=["KODEX 200"])


class WatchSettings(BaseModel):
    """What to be told of an ETF. What is left out or null stays as it is, or is the default of an ETF that is added."""

    kinds: Kinds | None = Field(
        None,
        description="What counts: new, out, more, less (trades), weight, premium, fee, name. Default: all but premium",
    )
    threshold_pp: Percent | None = Field(
        None, description="Least size of more, less and weight, percentage points, two decimals. Default: 0.5"
    )
    premium_pct: Percent | None = Field(
        None, description="Premium or discount that counts, %, two decimals; where `premium` is a kind. Default: 1"
    )
    discord: bool | None = Field(None, description="Whether to post it to one's own Discord as well. Default: true")
    muted: bool | None = Field(None, description="Whether to be told nothing for the time being. Default: false")


class Watch(BaseModel):
    """An ETF on one's list, and what to be told of it."""

    etf: Named
    kinds: list[Kind]
    threshold_pp: float = Field(description="Least size of more, less and weight, percentage points")
    premium_pct: float = Field(description="Premium or discount that counts, %")
    discord: bool
    muted: bool
    added_at: datetime


class Facts(BaseModel):
    """What is known of an ETF, each figure with its date; null is unknown."""

    company: str | None = Field(description="Manager")
    close: float | None = Field(description="Last close, KRW per share")
    price_date: Date | None = Field(description="Date of close, NAV and premium")
    change_pct: float | None = Field(description="Close ÷ the close before it − 1, %")
    previous_date: Date | None = Field(description="Date of the close before it")
    nav: float | None = Field(description="KRW per share")
    premium_pct: float | None = Field(description="(close − NAV) / NAV × 100, signed")
    aum_krw: int | None = Field(description="Net assets, KRW")
    aum_date: Date | None = Field(description="Date of the net assets")
    fee_pct: float | None = Field(description="Total fee, % per year")
    holdings_date: Date | None = Field(description="Date of the latest basket")
    closes: list[float | None] = Field(description="Closes of the last 30 days with a price, oldest first")


class TradedRow(BaseModel):
    """A stock or ETF that was bought or sold since the last visit."""

    code: str
    name: str
    label: Literal["Stock", "ETF"]
    action: Action
    shares_change_pct: float | None = Field(description="Change of the quantity, %; null for `new`, −100 for `out`")
    weight_before: float | None = Field(description="%")
    weight_after: float | None = Field(description="%")
    size_pp: float | None = Field(description="Size of the trade in the basket, percentage points")


class DriftRow(BaseModel):
    """A stock or ETF whose weight changed since the last visit without a trade."""

    code: str
    name: str
    label: Literal["Stock", "ETF"]
    weight_before: float = Field(description="%")
    weight_after: float = Field(description="%")
    change_pp: float = Field(description="Percentage points, signed")


class NumberChange(BaseModel):
    """A figure that changed, in %."""

    before: float
    after: float


class NameChange(BaseModel):
    """A name that changed."""

    before: str
    after: str


class PremiumCrossing(BaseModel):
    """A premium that reached the limit, in %."""

    before: float | None = Field(description="Null where it is not known")
    after: float
    limit: float


class News(BaseModel):
    """What changed in an ETF since the last visit, by the rules of its alerts: only rows that the watch asks for."""

    since: Date | None = Field(description="Basket compared from: the last one on or before the last visit's data date")
    until: Date | None = Field(description="Basket compared to: the latest one")
    new: int
    out: int
    more: int
    less: int
    weight: int = Field(description="Weights that changed without a trade")
    weights_comparable: bool = Field(
        description="False where the two baskets' weights are not of one kind, so that only trades are told"
    )
    trades: list[TradedRow] = Field(description="The first of those counted, the largest first")
    drift: list[DriftRow] = Field(description="The first of those counted, the largest first")
    premium: PremiumCrossing | None = None
    fee: NumberChange | None = None
    name: NameChange | None = None
    gap: list[Date] = Field([], description="Trading days since `since` on which the ETF has no basket")


class WatchedEtf(Watch):
    """An ETF on one's list, with what is known of it and what changed since the last visit."""

    facts: Facts
    news: News | None = Field(description="Null for an ETF that the market no longer has")


class Watchlist(Dated):
    """One's list."""

    seen_at: datetime | None = Field(description="When the last visit ended; null before the first one has")
    seen_date: Date = Field(
        description="Data date that the last visit showed; before the first one, the trading day before"
    )
    items: list[WatchedEtf] = Field(description="In the order in which they were added")


class WatchedCodes(BaseModel):
    """The ETFs on one's list."""

    codes: list[str]


class ChangeOfMany(WatchSettings):
    """New settings for several ETFs on one's list."""

    codes: list[Code] = Field(max_length=MOST_WATCHED, description="Codes; those not on the list are passed over")


class Changed(BaseModel):
    """The ETFs whose settings were changed."""

    changed: list[str]


class ManyCodes(BaseModel):
    """ETFs to put on one's list."""

    codes: list[Code] = Field(max_length=MOST_WATCHED)


class AddedMany(BaseModel):
    """What became of ETFs that were put on one's list."""

    added: list[str] = Field(description="Codes that are new on the list")
    present: list[str] = Field(description="Codes that were on it already")


class Pasted(BaseModel):
    """A list as it was copied from somewhere."""

    text: str = Field(
        max_length=MOST_TEXT,
        description="Names or codes: one a line, or apart by tab, comma or semicolon; columns of a spreadsheet; ≤ 300 lines",
        examples=["KODEX 200\nKBSTAR 200\nA102110"],
    )


class FoundLine(BaseModel):
    """A piece of the list that means one ETF."""

    number: int = Field(description="Number of its line, from 1")
    line: str = Field(description="The piece as it was written")
    etf: Named


class AmbiguousLine(BaseModel):
    """A piece of the list that may mean several ETFs."""

    number: int = Field(description="Number of its line, from 1")
    line: str = Field(description="The piece as it was written")
    candidates: list[Named] = Field(description="The likeliest first")


class FoundInList(BaseModel):
    """What a list means: each piece of it is in one of the four lists, once."""

    found: list[FoundLine]
    ambiguous: list[AmbiguousLine]
    unknown: list[str] = Field(description="Pieces that resemble no ETF")
    ignored: list[str] = Field(description="Headings, amounts and the like, which are no names")


class Visit(BaseModel):
    """A visit to one's list that is over."""

    as_of: Date | None = Field(None, description="Data date that the page showed; default: the newest")
