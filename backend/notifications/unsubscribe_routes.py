"""HTTP: silencing the alerts of one ETF by the link in a message, without signing in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend import problems
from backend.accounts.signed_in import away
from backend.notifications.unsubscribing import UnsubscribeLinks, mute
from backend.notifications.webhook_schemas import Muted, NamedEtf, UnsubscribeToken

router = APIRouter(
    prefix="/api/unsubscribe",
    tags=["notifications"],
    responses={
        404: problems.response("The token was not made here"),
        503: problems.response("The database does not answer"),
    },
)
Given = Annotated[UnsubscribeToken, Body()]


@router.post("", operation_id="unsubscribe", summary="Silence the alerts of one ETF")
def unsubscribe(given: Given, request: Request) -> Muted:
    """Silence what the token of a link names: one ETF on one person's watchlist, which stays on it."""
    return _mute(request, given.token, muted=True)


@router.post("/undo", operation_id="undo_unsubscribe", summary="Hear of it again")
def undo(given: Given, request: Request) -> Muted:
    """Take the silencing back."""
    return _mute(request, given.token, muted=False)


def _mute(request: Request, token: str, *, muted: bool) -> Muted:
    watch = UnsubscribeLinks(request.app.state.settings).read(token)
    try:
        with request.app.state.database.engine("atlas_app").begin() as connection:
            mute(connection, watch, muted)
            etf = connection.execute(text("SELECT code, name FROM etfs WHERE code = :etf"), {"etf": watch.etf}).first()
    except (OperationalError, PoolTimeout) as error:
        raise away(error) from error
    return Muted(etf=NamedEtf.model_validate(etf._mapping) if etf else None, muted=muted)
