"""HTTP for administrators: accounts, people's webhooks, and what administrators did."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query

from backend import problems
from backend.accounts.audit import record
from backend.accounts.users import list_users
from backend.administration import schemas
from backend.administration.accounts import change_account, delete_account
from backend.administration.audit_log import list_audit
from backend.chat.conversation_routes import Stored
from backend.curation.access import PROBLEMS, Administrator, administrator
from backend.errors import NotFound
from backend.market.routes import Offset
from backend.notifications.discord.personal import explained, list_webhooks, switch_off, switch_on

_PLAIN = r"^[^\x00]*$"

router = APIRouter(
    prefix="/api/admin", tags=["administration"], dependencies=[Depends(administrator)], responses=PROBLEMS
)
Limit = Annotated[int, Query(ge=1, le=200, description="Most entries to return")]
AccountId = Annotated[UUID, Path(description="The account's id")]
_REFUSED = {
    404: problems.response("There is no such account"),
    409: problems.response("It is the last administrator's, or one's own account"),
}
_NO_WEBHOOK = {404: problems.response("That person has no webhook")}


@router.get("/users", operation_id="list_users", summary="Who has an account?")
def users(
    connection: Stored,
    q: Annotated[
        str, Query(max_length=254, pattern=_PLAIN, description="A part of the e-mail address or the name")
    ] = "",
    limit: Limit = 50,
    before: Annotated[UUID | None, Query(description="Only accounts older than this one: `next_before`")] = None,
) -> schemas.Accounts:
    """Return accounts, the newest first: who they are and how much they are used, never what they watch or ask."""
    found = list_users(connection, q, limit + 1, before)
    items = [schemas.ListedAccount.model_validate(row._mapping) for row in found[:limit]]
    return schemas.Accounts(items=items, next_before=items[-1].id if len(found) > limit else None)


@router.patch("/users/{account}", operation_id="change_user", summary="Change an account", responses=_REFUSED)
def change(
    account: AccountId,
    given: Annotated[schemas.AccountChange, Body()],
    connection: Stored,
    administrator: Administrator,
) -> schemas.Account:
    """Make somebody an administrator or a user, close their account or open it again."""
    changed = change_account(connection, administrator, account, given.role, given.disabled)
    return schemas.Account.model_validate(changed._mapping)


@router.delete(
    "/users/{account}", operation_id="delete_user", status_code=204, summary="Delete an account", responses=_REFUSED
)
def delete(account: AccountId, connection: Stored, administrator: Administrator) -> None:
    """Delete an account with all that is kept for it: watchlist, alerts, conversations, sessions, tokens, webhook."""
    delete_account(connection, administrator, account)


@router.get("/webhooks", operation_id="list_webhooks", summary="Who hears of alerts in Discord?")
def webhooks(connection: Stored, limit: Limit = 50, offset: Offset = 0) -> schemas.PersonsWebhooks:
    """Return people's own webhooks: how each stands and what became of its posts, never its address."""
    found = list_webhooks(connection, limit=limit + 1, offset=offset)
    items = [schemas.PersonsWebhook.model_validate({**one, "reason": _explained(one)}) for one in found[:limit]]
    return schemas.PersonsWebhooks(items=items, next_offset=offset + limit if len(found) > limit else None)


@router.post(
    "/webhooks/{account}/off",
    operation_id="switch_webhook_off",
    status_code=204,
    summary="Post nothing more to somebody's webhook",
    responses=_NO_WEBHOOK,
)
def webhook_off(
    account: AccountId,
    connection: Stored,
    administrator: Administrator,
    given: Annotated[schemas.SwitchingOff | None, Body()] = None,
) -> None:
    """Post nothing more to a person's webhook until an administrator switches it on again; the person is told why."""
    reason = given.reason.strip() if given else ""
    if not switch_off(connection, account, reason):
        raise _no_webhook()
    record(connection, administrator, "webhook.off", str(account), {"reason": reason} if reason else None)


@router.post(
    "/webhooks/{account}/on",
    operation_id="switch_webhook_on",
    status_code=204,
    summary="Use somebody's webhook again",
    responses=_NO_WEBHOOK,
)
def webhook_on(account: AccountId, connection: Stored, administrator: Administrator) -> None:
    """Post to a person's webhook again, whoever had switched it off."""
    if not switch_on(connection, account):
        raise _no_webhook()
    record(connection, administrator, "webhook.on", str(account))


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


def _explained(webhook: dict[str, Any]) -> str | None:
    return explained(webhook["switched_off_by"], webhook["reason"]) if webhook["switched_off_at"] else None


def _no_webhook() -> NotFound:
    return NotFound("that person has no webhook", ko="그 사람은 웹훅을 등록하지 않았습니다.")
