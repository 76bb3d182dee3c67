"""HTTP: a person's own Discord webhook. Its address is taken, sealed, and never given out again."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from backend import problems
from backend.accounts.person import Person
from backend.accounts.signed_in import Own, SignedIn, as_person
from backend.errors import NotFound, TooMany
from backend.notifications.discord import personal
from backend.notifications.discord.address import Webhook, parse
from backend.notifications.discord.embeds import personal_trial
from backend.notifications.discord.request import Outcome, deliver
from backend.notifications.discord.sealed_address import CannotBeOpened, Seal
from backend.notifications.webhook_schemas import TestMessage, WebhookAddress, WebhookStanding

AT_ONCE = 8
"""Most test messages that are under way at a time; each may take as long as Discord is silent."""
router = APIRouter(
    prefix="/api/me/discord",
    tags=["accounts"],
    responses={
        401: problems.response("Nobody is signed in"),
        503: problems.response("The database does not answer"),
    },
)
_under_way: set[UUID] = set()


@router.get("", operation_id="get_own_webhook", summary="One's own Discord webhook")
def get_webhook(person: SignedIn, connection: Own) -> WebhookStanding:
    """Return whether there is a webhook and how it stands; its address is not told."""
    return _standing(connection, person.id)


@router.put("", operation_id="put_own_webhook", summary="Hear of alerts in Discord")
def put_webhook(
    given: Annotated[WebhookAddress, Body()], person: SignedIn, connection: Own, request: Request
) -> WebhookStanding:
    """Post alerts to this webhook from here on, in place of the one before."""
    webhook = parse(given.address.get_secret_value())
    personal.store_webhook(connection, person.id, webhook, Seal(request.app.state.settings))
    return _standing(connection, person.id)


@router.delete("", operation_id="delete_own_webhook", status_code=204, summary="Hear nothing in Discord any more")
def delete_webhook(person: SignedIn, connection: Own) -> None:
    """Forget the webhook's address and what waits for it; it is no error if there is none."""
    personal.remove_webhook(connection, person.id)


@router.post(
    "/test",
    operation_id="test_own_webhook",
    summary="Send a test message",
    responses={
        200: {"model": TestMessage},
        404: problems.response("There is no webhook"),
        429: problems.response("The last test message was sent a moment ago"),
    },
)
async def test_webhook(person: SignedIn, request: Request) -> TestMessage:
    """Post a test message at once and say what Discord answered."""
    if person.id in _under_way or len(_under_way) >= AT_ONCE:
        raise TooMany(personal.TEST_EVERY_S)
    _under_way.add(person.id)
    try:
        webhook = await run_in_threadpool(_open_for_test, request, person)
        settings = request.app.state.settings
        message = personal_trial(datetime.now(UTC), settings.public_url)
        outcome = await deliver(webhook, settings.discord_api_url, message)
        await run_in_threadpool(_note, request, person, webhook, outcome)
    finally:
        _under_way.discard(person.id)
    return TestMessage(sent=outcome.verdict == "sent", detail=told(outcome))


def told(outcome: Outcome) -> str:
    """Say in Korean what Discord answered to a test message."""
    match outcome.verdict:
        case "sent":
            return "Discord가 시험 메시지를 받았습니다. 채널을 확인하세요."
        case "gone":
            return personal.explained("discord", outcome.reason)
        case "again" if outcome.wait_s:
            return f"Discord가 {outcome.wait_s:,.0f}초 뒤에 다시 보내라고 했습니다. 잠시 뒤에 다시 눌러 주세요."
        case "again":
            return f"Discord에 닿지 못했거나 Discord가 고장입니다({outcome.reason}). 나중에 다시 눌러 주세요."
        case "in_doubt":
            return "메시지가 갔는지 알 수 없습니다. 채널을 확인하세요."
        case _:
            return f"Discord가 메시지를 거절했습니다({outcome.reason})."


def _standing(connection: Connection, person: UUID) -> WebhookStanding:
    return WebhookStanding.model_validate(personal.standing_of(connection, person))


def _open_for_test(request: Request, person: Person) -> Webhook:
    with as_person(request.app.state.database, person) as connection:
        sealed = personal.sealed_webhook(connection, person.id)
        if sealed is None:
            raise NotFound("the person has no webhook", ko="등록한 Discord 웹훅이 없습니다.")
        if not personal.may_test(connection, person.id):
            raise TooMany(personal.TEST_EVERY_S)
    try:
        return Seal(request.app.state.settings).open(sealed[0], person.id)
    except CannotBeOpened as error:
        error.status = HTTPStatus.CONFLICT
        raise


def _note(request: Request, person: Person, webhook: Webhook, outcome: Outcome) -> None:
    """Keep what was learnt of the webhook: that it works, is gone, or is to be left alone."""
    with as_person(request.app.state.database, person) as connection:
        personal.note_test(connection, person.id, webhook, outcome)
