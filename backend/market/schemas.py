"""The market's answers as they travel over HTTP and to the agent's tools.

Weights, fees, premiums and returns are in %, money in KRW, prices in KRW per share, shares per creation unit; a field
without a value is null, which means unknown and never zero.
"""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - a field called `date` would hide the type
from typing import Literal

from pydantic import BaseModel, Field

from backend.market.dataset import Dated

Kind = Literal["etf", "stock", "company", "tag", "index"]
HoldingKind = Literal["stock", "etf", "bond", "cash", "derivative", "other"]
Action = Literal["new", "more", "less", "out"]


class SearchHit(BaseModel):
    """One thing found."""

    kind: Kind
    code: str = Field(description="Code of an ETF or stock; the name of a company, tag or index", examples=["005930"])
    name: str = Field(examples=["삼성전자"])
    score: float = Field(ge=0, le=1, description="How sure the match is")
    reason: str = Field(description="Why it was found, in Korean", examples=["별칭 ‘삼전’"])
    matched: str = Field(description="The spelling that matched")


class SearchAnswer(Dated):
    """What a query may mean, the best first."""

    q: str
    hits: list[SearchHit]


class EtfSummary(BaseModel):
    """An ETF in a list."""

    code: str = Field(examples=["069500"])
    name: str = Field(examples=["KODEX 200"])
    company: str | None = Field(description="Manager")
    index_name: str | None = Field(description="Index it tracks or is compared with")
    active: bool
    fee_pct: float | None = Field(description="Total fee, % per year")
    aum_krw: int | None = Field(description="Net assets, KRW")
    listed: Date | None = Field(description="Listing date")


class EtfList(Dated):
    """A page of ETFs, the largest first."""

    total: int = Field(description="ETFs that fit, on all pages")
    offset: int
    etfs: list[EtfSummary]


class EtfDetail(Dated, EtfSummary):
    """Everything known about one ETF."""

    isin: str | None
    name_en: str | None
    brand: str | None
    leverage: str | None = Field(description="Leverage or inverse type")
    replication: str | None = Field(description="Replication method")
    asset_class: str | None
    index_market: str | None = Field(description="Market of the index: 국내, 해외, …")
    tax_type: str | None
    creation_unit: int | None = Field(description="ETF shares in one creation unit")
    aum_date: Date | None = Field(description="Date of the net assets")
    tags: list[str]
    former_names: list[str]
    holdings_date: Date | None = Field(description="Date of the latest snapshot of its holdings")
    number_of_holdings: int | None = Field(description="Distinct stocks in the latest snapshot")
    top10_weight_pct: float | None = Field(description="Sum of the ten largest stock weights, %")
    price_date: Date | None = Field(description="Date of close, NAV and premium")
    close_krw: float | None
    nav_krw: float | None
    premium_pct: float | None = Field(description="(close − NAV) / NAV × 100, signed")


class Holding(BaseModel):
    """One constituent of a basket."""

    rank: int = Field(description="By weight, 1 is the largest; constituents without a weight come last")
    kind: HoldingKind
    code: str
    name: str
    weight_pct: float | None = Field(description="Weight, %; null when the source gave none")
    shares: float | None = Field(description="Shares or contracts in one creation unit")


class Holdings(Dated):
    """The basket of one ETF in one snapshot."""

    code: str
    name: str
    date: Date = Field(description="Date of the snapshot: the last one on or before the date asked for")
    number_of_holdings: int = Field(description="Distinct stocks; bonds, cash, derivatives and others are not counted")
    weight_sum_pct: float = Field(description="Sum of all weights given, %; not always 100")
    total: int = Field(description="Constituents of every kind")
    holdings: list[Holding]


class PriceDay(BaseModel):
    """One ETF on one trading day, KRW per share."""

    date: Date
    open_krw: float | None
    high_krw: float | None
    low_krw: float | None
    close_krw: float | None
    nav_krw: float | None
    premium_pct: float | None = Field(description="(close − NAV) / NAV × 100, signed")
    volume_shares: int | None
    value_krw: int | None = Field(description="Traded value, KRW")
    aum_krw: int | None = Field(description="Net assets, KRW")


class Prices(Dated):
    """Prices of one ETF over a period."""

    code: str
    name: str
    start: Date | None = Field(description="First day with a price in the period")
    end: Date | None = Field(description="Last day with a price in the period")
    return_pct: float | None = Field(description="Unadjusted last close in the period ÷ base close − 1, %")
    base_date: Date | None = Field(
        description="Day of the base close: the last close before the period, if there is one"
    )
    base_in_period: bool = Field(description="True when no close before the period is known and its first close served")
    prices: list[PriceDay]


class SimilarEtf(EtfSummary):
    """An ETF by how much of its basket is the same."""

    overlap_pct: float = Field(description="Σ min(weight, weight) over common stocks and ETFs, %")
    common: int = Field(description="Common stocks and ETFs that have a weight in both")


class SimilarEtfs(Dated):
    """ETFs by overlap with one ETF, itself left out."""

    code: str
    name: str
    date: Date = Field(description="Date of its latest snapshot")
    similar: list[SimilarEtf]


class Trade(BaseModel):
    """One stock or ETF that was bought or sold, after the basket's rescaling is taken out."""

    code: str
    name: str
    action: Action = Field(description="new, more (bought) · less, out (sold)")
    shares_change_pct: float | None = Field(description="Change of the quantity, %; null for `new`, −100 for `out`")
    weight_before_pct: float | None
    weight_after_pct: float | None
    weight_change_pp: float | None = Field(description="Change of the weight, percentage points")


class Changes(Dated):
    """What one ETF bought and sold over a period: from the last snapshot before it to the last one in it."""

    code: str
    name: str
    previous: Date = Field(description="Snapshot compared from")
    date: Date = Field(description="Snapshot compared to")
    changes: list[Trade]


class StockDetail(Dated):
    """One security that ETFs hold."""

    code: str = Field(examples=["005930"])
    name: str
    name_en: str | None
    isin: str | None
    market: str | None
    industry: str | None
    other_codes: list[str] = Field(description="Further codes that sources use for it")
    number_of_holders: int = Field(description="ETFs whose latest snapshot holds it")


class Holder(BaseModel):
    """An ETF that holds a stock."""

    rank: int
    code: str
    name: str
    company: str | None
    active: bool
    date: Date = Field(description="Date of the ETF's latest snapshot")
    weight_pct: float | None
    shares: float | None = Field(description="Shares in one creation unit")


class Holders(Dated):
    """The ETFs that hold a stock, by weight; those without a weight come last."""

    code: str
    name: str
    total: int
    holders: list[Holder]


class Company(BaseModel):
    """A manager of ETFs."""

    name: str
    brands: list[str]
    etfs: int = Field(description="Number of ETFs")
    active_etfs: int
    aum_krw: int | None = Field(description="Sum of the known net assets, KRW")


class Companies(Dated):
    """The managers, the largest first."""

    companies: list[Company]


class CompanyTrade(Trade):
    """A trade by one ETF of a manager."""

    etf_code: str
    etf_name: str
    date: Date = Field(description="Snapshot that shows the change")
    previous: Date = Field(description="Snapshot before it")


class CompanyTrades(Dated):
    """What a manager's ETFs bought and sold from one snapshot to the next, the latest first."""

    company: str
    start: Date = Field(description="First day of the period")
    end: Date = Field(description="Last day of the period")
    total: int
    trades: list[CompanyTrade]
