"""HTTP: search, ETFs, stocks and managers."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import date
from functools import wraps
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator
from sqlalchemy import Connection

from backend import problems
from backend.db.engine import Database
from backend.market import schemas
from backend.market.changes import get_changes
from backend.market.companies import get_companies, get_company_trades
from backend.market.dataset import get_dataset
from backend.market.etfs import get_etf, list_etfs
from backend.market.holders import get_holders
from backend.market.holdings import get_holdings
from backend.market.kept import Kept
from backend.market.prices import get_prices
from backend.market.schemas import HoldingKind, Kind
from backend.market.search import search
from backend.market.similarity import get_similar
from backend.market.state import market_state
from backend.market.stocks import get_stock

# Bytes of answers that are kept while the same data is loaded, each with what its question takes.
MOST_KEPT = 64_000_000
KEY_BYTES = 1_000
_ANSWERS: Kept[Hashable, bytes] = Kept(MOST_KEPT, weigh=lambda answer: len(answer) + KEY_BYTES)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


class MarketRoute(APIRoute):
    """A route that reads the market.

    The connection is opened, used and closed and the answer written in one step of one thread. As steps of their own, which
    FastAPI makes of such a dependency, they take longer than the queries. An answer is kept for whoever asks for the same while
    the same data is loaded; which data that is, is read in the same state of the database.
    """

    def __init__(self, path: str, endpoint: Callable[..., BaseModel], **options: Any) -> None:
        super().__init__(path, _in_one_step(endpoint), **options)


def _in_one_step(endpoint: Callable[..., BaseModel]) -> Callable[..., Response]:
    @wraps(endpoint)
    def answer(market: Database, **asked: Any) -> Response:
        key = (endpoint, *((name, _hashable(value)) for name, value in asked.items()))
        with market_state(market) as opened:
            found = _ANSWERS.get(opened, [key], lambda _: {key: endpoint(opened, **asked).model_dump_json().encode()})
        return Response(found[key], media_type="application/json")

    return answer


def _hashable(value: object) -> Hashable:
    # What is said again and again in an address of any length is kept once.
    return tuple(dict.fromkeys(value)) if isinstance(value, list) else value


async def database(request: Request) -> Database:
    """Return the database that a MarketRoute opens its connection to."""
    return request.app.state.database


def _iso_only(value: object) -> object:
    # Pydantic would take numbers for seconds since 1970.
    if isinstance(value, str) and not _ISO.fullmatch(value):
        raise ValueError("a date is written YYYY-MM-DD")
    return value


Market = Annotated[Connection, Depends(database)]
IsoDate = Annotated[date, BeforeValidator(_iso_only)]
Text = r"^[^\x00]*$"
From = Annotated[IsoDate | None, Query(alias="from", description="First day (YYYY-MM-DD)", examples=["2026-07-01"])]
To = Annotated[IsoDate | None, Query(description="Last day (YYYY-MM-DD)", examples=["2026-07-08"])]
Limit = Annotated[int, Query(ge=1, le=500, description="Most rows to return")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Rows to leave out at the start")]
EtfCode = Annotated[str, Path(description="ETF code; letters count", examples=["069500"], max_length=100)]
StockCode = Annotated[str, Path(description="Stock code, ticker or ISIN", examples=["005930"], max_length=100)]
CompanyName = Annotated[
    str, Path(description="Manager's name, short name or brand", examples=["삼성자산운용"], max_length=100)
]

NOT_READY = {503: problems.response("No market is loaded, or the database does not answer")}
NOT_FOUND = {404: problems.response("Nothing has that code or name (with suggestions), or there is no data that early")}

router = APIRouter(prefix="/api", tags=["market"], responses=NOT_READY, route_class=MarketRoute)


@router.get("/search", operation_id="search", summary="Find ETFs, stocks, managers, tags and indexes by name")
def search_names(
    market: Market,
    q: Annotated[
        str, Query(min_length=1, max_length=100, description="What to look for", examples=["삼전", "ㅅㅅㅈㅈ"])
    ],
    kind: Annotated[list[Kind] | None, Query(description="Only these kinds; may be repeated")] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Most hits to return")] = 10,
) -> schemas.SearchAnswer:
    """Find by name, code, nickname, old brand, transliteration, initial consonants, fragment or with typing errors.

    An empty list of hits means that nothing resembles the query.
    """
    hits = search(market, q, kinds=kind, limit=limit)
    return schemas.SearchAnswer.model_validate(
        {**get_dataset(market).model_dump(), "q": q, "hits": hits}, from_attributes=True
    )


@router.get("/etfs", operation_id="list_etfs", summary="List ETFs, the largest first")
def etfs(
    market: Market,
    tag: Annotated[str | None, Query(description="Theme", examples=["반도체"], max_length=100, pattern=Text)] = None,
    company: Annotated[str | None, Query(description="Manager's full name", max_length=100, pattern=Text)] = None,
    index: Annotated[str | None, Query(description="Index name", max_length=200, pattern=Text)] = None,
    active: Annotated[bool | None, Query(description="Only active, or only passive ones")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> schemas.EtfList:
    """Every filter given must hold; a filter that nothing meets gives an empty page."""
    return list_etfs(market, tag=tag, company=company, index=index, active=active, limit=limit, offset=offset)


@router.get("/etfs/{code}", operation_id="get_etf", summary="Everything known about one ETF", responses=NOT_FOUND)
def etf(market: Market, code: EtfCode) -> schemas.EtfDetail:
    """Attributes, tags, former names, latest price and premium, concentration."""
    return get_etf(market, code)


@router.get("/etfs/{code}/holdings", operation_id="get_holdings", summary="What an ETF holds", responses=NOT_FOUND)
def holdings(
    market: Market,
    code: EtfCode,
    date: Annotated[
        IsoDate | None, Query(description="The last snapshot on or before this day; default: latest")
    ] = None,
    kind: Annotated[HoldingKind | None, Query(description="Only constituents of this kind")] = None,
    limit: Annotated[int, Query(ge=1, le=5_000, description="Most constituents to list")] = 1_000,
) -> schemas.Holdings:
    """The whole basket by weight; counts and the sum are of the whole basket whatever the filter."""
    return get_holdings(market, code, date, kind=kind, limit=limit)


@router.get("/etfs/{code}/prices", operation_id="get_prices", summary="Prices, NAV and premium", responses=NOT_FOUND)
def prices(market: Market, code: EtfCode, start: From = None, to: To = None) -> schemas.Prices:
    """Days without a price are left out. Without dates: the 365 days up to the last price."""
    return get_prices(market, code, start, to)


@router.get("/etfs/{code}/similar", operation_id="get_similar", summary="ETFs with like baskets", responses=NOT_FOUND)
def similar(
    market: Market, code: EtfCode, limit: Annotated[int, Query(ge=1, le=100, description="Most ETFs to return")] = 10
) -> schemas.SimilarEtfs:
    """Ranked by overlap: Σ min(weight, weight) over common stocks and ETFs, in %."""
    return get_similar(market, code, limit=limit)


@router.get("/etfs/{code}/changes", operation_id="get_changes", summary="What an ETF traded", responses=NOT_FOUND)
def changes(market: Market, code: EtfCode, start: From = None, to: To = None) -> schemas.Changes:
    """From the last snapshot before the period to the last one in it. Without dates: the latest change."""
    return get_changes(market, code, start, to)


@router.get("/stocks/{code}", operation_id="get_stock", summary="One stock that ETFs hold", responses=NOT_FOUND)
def stock(market: Market, code: StockCode) -> schemas.StockDetail:
    """Attributes, the codes it goes by, and how many ETFs hold it."""
    return get_stock(market, code)


@router.get("/stocks/{code}/holders", operation_id="get_holders", summary="ETFs that hold a stock", responses=NOT_FOUND)
def holders(
    market: Market,
    code: StockCode,
    min_weight_pct: Annotated[float | None, Query(ge=0, le=100, description="Least weight, %, inclusive")] = None,
    active: Annotated[bool | None, Query(description="Only active, or only passive ETFs")] = None,
    limit: Limit = 500,
) -> schemas.Holders:
    """By weight, each ETF as of its own latest snapshot."""
    return get_holders(market, code, min_weight_pct=min_weight_pct, active=active, limit=limit)


@router.get("/companies", operation_id="list_companies", summary="The managers, the largest first")
def companies(market: Market) -> schemas.Companies:
    """Brands, number of ETFs and net assets of each manager."""
    return get_companies(market)


@router.get(
    "/companies/{name}/trades",
    operation_id="get_company_trades",
    summary="What a manager's ETFs traded",
    responses=NOT_FOUND,
)
def company_trades(
    market: Market,
    name: CompanyName,
    start: From = None,
    to: To = None,
    active: Annotated[bool | None, Query(description="Only active, or only passive ETFs")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> schemas.CompanyTrades:
    """Trades from one snapshot to the next that show within the period, latest first. Without dates: the data date."""
    return get_company_trades(market, name, start, to, active=active, limit=limit, offset=offset)
