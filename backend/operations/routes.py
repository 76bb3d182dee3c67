"""HTTP for whoever operates the installation: what was collected, what is missing, and whether Discord hears of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from backend.chat.conversation_routes import Stored
from backend.curation.access import PROBLEMS, administrator
from backend.errors import InvalidInput
from backend.market.routes import From, IsoDate, Limit, Offset, To
from backend.notifications.discord.address import parse
from backend.notifications.discord.status import standing
from backend.operations import schemas
from backend.operations.collection_record import list_gaps, list_runs

router = APIRouter(
    prefix="/api/admin",
    tags=["operations"],
    dependencies=[Depends(administrator)],
    responses=PROBLEMS,
)
Dates = Annotated[int, Query(ge=1, le=200, description="Most dates to return")]
Before = Annotated[
    IsoDate | None, Query(description="Only dates before this one: `next_before`", examples=["2026-07-01"])
]


@router.get("/collection/runs", operation_id="list_collection_runs", summary="What came of each date")
def runs(connection: Stored, limit: Dates = 30, before: Before = None) -> schemas.CollectionRuns:
    """Return what each source brought for the newest dates: loaded, rejected, failed or no trading day, and when."""
    return schemas.CollectionRuns.model_validate(vars(list_runs(connection, limit, before)))


@router.get("/collection/gaps", operation_id="list_collection_gaps", summary="Which baskets are missing")
def gaps(
    connection: Stored, first: From = None, to: To = None, limit: Limit = 100, offset: Offset = 0
) -> schemas.CollectionGaps:
    """Return the ETFs without a usable basket in a period, with the reason. `./atlas collect fill` asks for them again."""
    if first and to and first > to:
        raise InvalidInput(f"from {first} is after to {to}", ko=f"시작일 {first}이(가) 종료일 {to}보다 늦습니다.")
    page = list_gaps(connection, first, to, limit, offset)
    end = offset + len(page.gaps)
    more = page.gaps and end < page.total
    return schemas.CollectionGaps.model_validate({**vars(page), "next_offset": end if more else None})


@router.get("/discord", operation_id="get_discord_standing", summary="Does Discord hear of it?")
def discord(connection: Stored, request: Request) -> schemas.DiscordStanding:
    """Return whether posting to Discord is set up, and what became of the posts; the webhook's address is not told."""
    webhook, problem = None, None
    secret = request.app.state.settings.discord_webhook_url
    if secret is not None and secret.get_secret_value().strip():
        try:
            webhook = parse(secret.get_secret_value())
        except InvalidInput as error:
            problem = error.ko
    return schemas.DiscordStanding.model_validate({**standing(connection, webhook), "problem": problem})
