"""HTTP: one person's watchlist."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from backend import problems
from backend.accounts.signed_in import Own, SignedIn, as_person
from backend.db.engine import Database
from backend.errors import NotFound
from backend.market.dataset import get_dataset
from backend.market.etfs import etf_code, plain_code
from backend.market.state import market_state
from backend.watchlist import schemas, store
from backend.watchlist.finding import find_in_list
from backend.watchlist.page import named_watch, read_page

router = APIRouter(
    prefix="/api/watchlist",
    tags=["watchlist"],
    responses={
        401: problems.response("Nobody is signed in"),
        503: problems.response("No market is loaded, or the database does not answer"),
    },
)
UNKNOWN = {404: problems.response("No ETF has that code; with suggestions")}
FULL = {409: problems.response(f"The list would have more than {schemas.MOST_WATCHED} ETFs")}
EtfCode = Annotated[str, Path(description="ETF code; letters count", examples=["069500"], max_length=100)]


class NotWatched(NotFound):
    """That ETF is not on the watchlist."""

    slug = "not-watched"
    title_ko = "관심 목록에 없음"


@router.get("", operation_id="get_watchlist", summary="One's watchlist, and what changed since the last visit")
def watchlist(person: SignedIn, request: Request) -> schemas.Watchlist:
    """Return each ETF on the list with what is known of it and with what changed since the last visit."""
    # One connection after the other: requests that hold one and wait for a second could wait for each other.
    database: Database = request.app.state.database
    with as_person(database, person) as own:
        rows, seen = store.watched(own), store.last_visit(own)
    with market_state(database) as market:
        return read_page(market, rows, seen)


@router.get("/codes", operation_id="get_watched_codes", summary="The codes of the ETFs on one's watchlist")
def codes(person: SignedIn, own: Own) -> schemas.WatchedCodes:
    """Return the codes alone, for pages that mark what is watched."""
    return schemas.WatchedCodes(codes=store.watched_codes(own))


@router.post(
    "/many", operation_id="watch_many", summary="Put several ETFs on one's watchlist", responses=UNKNOWN | FULL
)
def add_many(person: SignedIn, wish: schemas.ManyCodes, request: Request) -> schemas.AddedMany:
    """Put ETFs on the list with the default settings: all of them, or none where one is unknown or the list gets too long."""
    database: Database = request.app.state.database
    with market_state(database) as market:
        asked = list(dict.fromkeys(etf_code(market, code) for code in wish.codes))
    with as_person(database, person) as own:
        added = store.add_watches(own, person.id, asked)
    return schemas.AddedMany(added=added, present=[code for code in asked if code not in set(added)])


@router.post("/find", operation_id="find_in_list", summary="Find the ETFs of a pasted list")
def find(person: SignedIn, pasted: schemas.Pasted, request: Request) -> schemas.FoundInList:
    """Say what each name or code of a pasted list means; nothing is put on the watchlist."""
    with market_state(request.app.state.database) as market:
        return find_in_list(market, pasted.text)


@router.post("/seen", operation_id="end_visit", status_code=204, summary="This visit to one's watchlist is over")
def seen(person: SignedIn, request: Request, visit: schemas.Visit | None = None) -> None:
    """Let "since the last visit" begin with the data date that the page showed."""
    database: Database = request.app.state.database
    with market_state(database) as market:
        newest = get_dataset(market).as_of
    shown = min(visit.as_of, newest) if visit and visit.as_of else newest
    with as_person(database, person) as own:
        store.end_visit(own, shown, newest)


@router.patch("", operation_id="change_watches", summary="Change what to be told of several ETFs")
def change_many(person: SignedIn, own: Own, wish: schemas.ChangeOfMany) -> schemas.Changed:
    """Give ETFs on the list new settings; those that are not on it are passed over."""
    changed = {row.etf for row in store.change_watches(own, [_spelled(code) for code in wish.codes], wish)}
    return schemas.Changed(changed=sorted(changed))


@router.get(
    "/{etf}",
    operation_id="get_watch",
    summary="What to be told of one ETF",
    responses={404: problems.response("The ETF is not on the list")},
)
def watch(person: SignedIn, etf: EtfCode, request: Request) -> schemas.Watch:
    """Return the settings of an ETF on the list."""
    database: Database = request.app.state.database
    with as_person(database, person) as own:
        row = store.find_watch(own, _spelled(etf))
    if row is None:
        raise NotWatched(f"not watched: {etf[:100]!r}", ko=f"‘{etf[:100]}’은(는) 관심 목록에 없습니다.")
    with market_state(database) as market:
        return named_watch(market, row)


@router.put(
    "/{etf}",
    operation_id="put_watch",
    summary="Put an ETF on one's watchlist, or change what to be told of it",
    responses={201: {"description": "The ETF is new on the list", "model": schemas.Watch}} | UNKNOWN | FULL,
)
def put_watch(
    person: SignedIn,
    etf: EtfCode,
    request: Request,
    response: Response,
    settings: schemas.WatchSettings | None = None,
) -> schemas.Watch:
    """Put an ETF on the list, or change its settings; what is left out of them stays as it is."""
    database: Database = request.app.state.database
    settings = settings or schemas.WatchSettings()
    with as_person(database, person) as own:
        # What is on the list can be changed even when the market no longer has it.
        changed = store.change_watches(own, [_spelled(etf)], settings)
    row, new = (changed[0], False) if changed else (None, False)
    if row is None:
        with market_state(database) as market:
            code = etf_code(market, etf)
        with as_person(database, person) as own:
            row, new = store.put_watch(own, person.id, code, settings)
    if new:
        response.status_code = HTTPStatus.CREATED
    with market_state(database) as market:
        return named_watch(market, row)


@router.delete("/{etf}", operation_id="remove_watch", status_code=204, summary="Take an ETF off one's watchlist")
def remove(person: SignedIn, own: Own, etf: EtfCode) -> None:
    """Take an ETF off the list; it is no error if it is not on it."""
    store.remove_watch(own, _spelled(etf))


def _spelled(asked: str) -> str:
    """Return a code as lists have it; what can be no code is on no list."""
    return plain_code(asked) or ""
