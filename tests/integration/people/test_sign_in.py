"""Making an account, signing in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.accounts.signed_in import COOKIE
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import PASSWORD, new_person

EMAIL = "person@example.com"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def browser_client(database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings)) as client:
        yield client


def test_a_person_registers_signs_in_and_out(browser_client: TestClient) -> None:
    assert browser_client.get("/api/auth/session").json() == {"person": None, "registration": "open"}
    registered = browser_client.post(
        "/api/auth/register", json={"email": EMAIL, "password": PASSWORD, "name": "홍길동"}
    )
    assert (registered.status_code, registered.json()) == (202, {"status": "accepted"})
    assert browser_client.get("/api/me").status_code == 401
    signed_in = browser_client.post("/api/auth/login", json={"email": EMAIL.upper(), "password": PASSWORD})
    assert signed_in.status_code == 200, signed_in.text
    assert "httponly" in signed_in.headers["set-cookie"].lower()
    assert "samesite=lax" in signed_in.headers["set-cookie"].lower()
    assert browser_client.get("/api/me").json()["name"] == "홍길동"
    assert browser_client.get("/api/auth/session").json()["person"]["email"] == EMAIL
    old = browser_client.cookies[COOKIE]
    assert browser_client.post("/api/auth/logout").status_code == 204
    assert browser_client.get("/api/me").status_code == 401
    browser_client.cookies.set(COOKIE, old)
    assert browser_client.get("/api/me").status_code == 401


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    browser_client: TestClient, database: Database
) -> None:
    person = new_person(database)
    answers = [
        browser_client.post("/api/auth/login", json={"email": email, "password": "a wrong password"})
        for email in (person.email, "nobody@example.com")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


def test_a_bearer_token_signs_in_as_well(browser_client: TestClient, database: Database) -> None:
    person = new_person(database)
    assert browser_client.get("/api/me", headers=person.headers).json()["id"] == str(person.id)
    assert browser_client.get("/api/me", headers={"Authorization": "Bearer atlas_wrong"}).status_code == 401


def test_the_database_shows_a_person_their_own_rows_alone(database: Database) -> None:
    one, other = new_person(database), new_person(database)
    with database.engine("atlas_app").begin() as connection:
        for person, etf in ((one, "069500"), (other, "102110")):
            connection.execute(
                text("INSERT INTO watchlist (person, etf) VALUES (:person, :etf)"), {"person": person.id, "etf": etf}
            )
    with database.engine("atlas_app").begin() as connection:
        connection.execute(text("SELECT set_config('atlas.person', :id, true)"), {"id": str(one.id)})
        connection.execute(text("SET LOCAL ROLE atlas_person"))
        assert connection.execute(text("SELECT etf FROM watchlist")).scalars().all() == ["069500"]
        assert connection.execute(text("DELETE FROM watchlist WHERE etf = '102110'")).rowcount == 0
        assert connection.execute(text("SELECT id FROM users")).scalars().all() == [one.id]


def test_with_an_account_goes_all_that_was_kept_for_it(database: Database) -> None:
    person = new_person(database)
    with database.engine("atlas_app").begin() as connection:
        reader = f"person:{person.id}"
        connection.execute(
            text("SELECT add_notification('alert', :id, '2026-07-08', '069500', '{}')"), {"id": person.id}
        )
        connection.execute(text("INSERT INTO conversations (visitor, id) VALUES (:reader, 'c')"), {"reader": reader})
        connection.execute(text("DELETE FROM users WHERE id = :id"), {"id": person.id})
        left = connection.scalar(
            text("""
                SELECT (SELECT count(*) FROM notifications WHERE person = :id)
                     + (SELECT count(*) FROM conversations WHERE visitor = :reader)
                     + (SELECT count(*) FROM login_sessions WHERE person = :id)
                     + (SELECT count(*) FROM api_tokens WHERE person = :id)
            """),
            {"id": person.id, "reader": reader},
        )
    assert left == 0
