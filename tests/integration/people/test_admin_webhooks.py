"""Administrators see how people's webhooks stand, and switch them off and on, without ever seeing an address."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import Somebody, new_person

WEBHOOKS = "/api/admin/webhooks"
TOKEN = "planted-Secret_token-" + "x" * 47


@pytest.fixture
def admin(empty_database: Database, settings: Settings) -> Iterator[TestClient]:
    boss = new_person(empty_database, role="admin")
    application = create_app(empty_database, settings.model_copy(update={"background": False}))
    with TestClient(application, cookies=boss.cookies) as client:
        yield client


def with_webhook(admin: TestClient, database: Database, number: int = 1) -> tuple[Somebody, TestClient]:
    person = new_person(database)
    client = TestClient(admin.app, cookies=person.cookies)
    address = f"https://discord.com/api/webhooks/11111111111111{number:04}/{TOKEN}"
    assert client.put("/api/me/discord", json={"address": address}).status_code == 200
    return person, client


def test_webhooks_are_listed_without_their_addresses(admin: TestClient, empty_database: Database) -> None:
    person, _ = with_webhook(admin, empty_database, 7)
    reply = admin.get(WEBHOOKS)
    [webhook] = reply.json()["items"]
    assert (webhook["person"], webhook["email"], webhook["state"]) == (str(person.id), person.email, "on")
    assert "0007" in webhook["address_hint"]
    assert webhook["posts"] == {}
    assert "planted" not in reply.text
    assert "11111111" not in reply.text


def test_webhooks_are_listed_page_by_page(admin: TestClient, empty_database: Database) -> None:
    people = {str(with_webhook(admin, empty_database, number)[0].id) for number in range(3)}
    first = admin.get(WEBHOOKS, params={"limit": 2}).json()
    second = admin.get(WEBHOOKS, params={"limit": 2, "offset": first["next_offset"]}).json()
    assert {one["person"] for one in first["items"] + second["items"]} == people
    assert second["next_offset"] is None


def test_a_webhook_is_switched_off_and_on_again_and_its_person_is_told(
    admin: TestClient, empty_database: Database
) -> None:
    person, client = with_webhook(admin, empty_database)
    assert admin.post(f"{WEBHOOKS}/{person.id}/off", json={"reason": "너무 많은 글"}).status_code == 204
    told = client.get("/api/me/discord").json()
    assert told["switched_off_at"] is not None
    assert "너무 많은 글" in told["reason"]
    [listed] = admin.get(WEBHOOKS).json()["items"]
    assert (listed["state"], listed["switched_off_by"], listed["reason"]) == ("off", "admin", told["reason"])
    # A new address does not undo what an administrator decided.
    with_same = f"https://discord.com/api/webhooks/222222222222222222/{TOKEN}"
    assert client.put("/api/me/discord", json={"address": with_same}).json()["switched_off_at"] is not None

    assert admin.post(f"{WEBHOOKS}/{person.id}/on").status_code == 204
    assert client.get("/api/me/discord").json()["switched_off_at"] is None
    log = [(entry["action"], entry["subject"]) for entry in admin.get("/api/admin/audit").json()["items"]]
    assert log == [("webhook.on", str(person.id)), ("webhook.off", str(person.id))]


@pytest.mark.parametrize("way", ["on", "off"])
def test_whoever_has_no_webhook_has_none_to_switch(admin: TestClient, empty_database: Database, way: str) -> None:
    for person in (new_person(empty_database).id, uuid4()):
        refused = admin.post(f"{WEBHOOKS}/{person}/{way}")
        assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")
    assert admin.get("/api/admin/audit").json()["items"] == []
