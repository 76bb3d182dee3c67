"""What of an account its owner changes: name, quiet hours; and how often a wrong password is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from backend.accounts.limits import BY_SESSION
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.accounts import execute, hashes_computed, login, signed_up
from tests.people import PASSWORD


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def page(database: Database, settings: Settings) -> Iterator[TestClient]:
    execute(database, "DELETE FROM sign_in_tries")
    with TestClient(create_app(database, settings)) as client:
        yield client


def test_name_and_quiet_hours_are_changed_one_without_the_other(page: TestClient) -> None:
    signed_up(page, name="홍길동")
    assert page.get("/api/me").json()["quiet_hours"] is None
    changed = page.patch("/api/me", json={"quiet_hours": {"from": "22:00", "until": "07:00"}})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["quiet_hours"]) == ("홍길동", {"from": "22:00", "until": "07:00"})
    renamed = page.patch("/api/me", json={"name": " <b>임꺽정</b> "}).json()
    assert (renamed["name"], renamed["quiet_hours"]) == ("<b>임꺽정</b>", {"from": "22:00", "until": "07:00"})
    assert page.patch("/api/me", json={"quiet_hours": None}).json()["quiet_hours"] is None
    assert page.get("/api/auth/session").json()["person"]["name"] == "<b>임꺽정</b>"
    assert page.patch("/api/me", json={"name": ""}).json()["name"] == ""


@pytest.mark.parametrize(
    "change",
    [
        {"quiet_hours": {"from": "22:00", "until": "22:00"}},
        {"quiet_hours": {"from": "24:00", "until": "07:00"}},
        {"quiet_hours": {"from": "22:00"}},
        {"name": "x" * 61},
        {"name": "a\0b"},
        {"name": "two\nlines"},
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(page: TestClient, change: dict) -> None:
    signed_up(page, name="홍길동")
    before = page.get("/api/me").json()
    assert page.patch("/api/me", json=change).status_code == 422
    assert page.get("/api/me").json() == before


def test_neither_role_nor_address_can_be_changed_by_their_owner(page: TestClient) -> None:
    email = signed_up(page)
    told = page.patch("/api/me", json={"role": "admin", "email": "other@example.com", "id": None}).json()
    assert (told["role"], told["email"]) == ("user", email)


@pytest.mark.parametrize("way", ["password", "delete"])
def test_whoever_found_an_open_session_does_not_guess_the_password(page: TestClient, way: str) -> None:
    email = signed_up(page)

    def guess() -> int:
        if way == "password":
            return page.post("/api/me/password", json={"current": "a guess", "new": "another one 42"}).status_code
        return page.request("DELETE", "/api/me", json={"password": "a guess"}).status_code

    before = hashes_computed()
    assert [guess() for _ in range(BY_SESSION.most + 2)] == [403] * BY_SESSION.most + [429] * 2
    assert hashes_computed() - before == BY_SESSION.most
    owner = TestClient(page.app)
    assert login(owner, email).status_code == 200, "the owner is elsewhere, and not held up"
    changed = owner.post("/api/me/password", json={"current": PASSWORD, "new": "an entirely different one"})
    assert changed.status_code == 204


def test_a_new_password_obeys_the_rules_before_the_old_one_is_looked_at(page: TestClient) -> None:
    email = signed_up(page)
    before = hashes_computed()
    for new in ("password123", email, "short"):
        assert page.post("/api/me/password", json={"current": PASSWORD, "new": new}).status_code == 422
    assert hashes_computed() == before
