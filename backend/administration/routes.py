"""HTTP for administrators: accounts, people's webhooks, and what administrators did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.administration import schemas
from backend.administration.audit_log import list_audit
from backend.chat.conversation_routes import Stored
from backend.curation.access import PROBLEMS, administrator

_PLAIN = r"^[^\x00]*$"

router = APIRouter(
    prefix="/api/admin", tags=["administration"], dependencies=[Depends(administrator)], responses=PROBLEMS
)
Limit = Annotated[int, Query(ge=1, le=200, description="Most entries to return")]


@router.get("/audit", operation_id="list_audit", summary="What did administrators do?")
def audit(
    connection: Stored,
    actor: Annotated[str, Query(max_length=254, pattern=_PLAIN, description="A part of who did it")] = "",
    action: Annotated[
        str,
        Query(
            max_length=60,
            pattern=r"^[a-z_.]*$",
            description="What was done, or its beginning: `user.` is all that was done to accounts",
        ),
    ] = "",
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Only older entries than this id")] = None,
) -> schemas.AuditLog:
    """Return what administrators changed, the newest first. Nobody can change or remove an entry."""
    page = list_audit(connection, limit, actor=actor, action=action, before=before)
    return schemas.AuditLog.model_validate(vars(page))
