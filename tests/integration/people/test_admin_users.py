"""Administrators look through accounts and change them; nobody loses the way in by mistake."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.app import create_app
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import Somebody, new_person

USERS = "/api/admin/users"


@pytest.fixture
def app(empty_database: Database, settings: Settings) -> FastAPI:
    return create_app(empty_database, settings)


@pytest.fixture
def boss(empty_database: Database) -> Somebody:
    return new_person(empty_database, role="admin", email="boss@example.com")


@pytest.fixture
def admin(app: FastAPI, boss: Somebody) -> Iterator[TestClient]:
    """A client with the cookie of an administrator."""
    with TestClient(app, cookies=boss.cookies) as client:
        yield client


def actions(client: TestClient) -> list[tuple[str, str, dict]]:
    entries = client.get("/api/admin/audit").json()["items"]
    return [(entry["action"], entry["subject"], entry["detail"]) for entry in entries]


def test_accounts_are_listed_the_newest_first_and_page_by_page(
    admin: TestClient, empty_database: Database, boss: Somebody
) -> None:
    people = [new_person(empty_database) for _ in range(4)]
    first = admin.get(USERS, params={"limit": 3}).json()
    second = admin.get(USERS, params={"limit": 3, "before": first["next_before"]}).json()
    listed = [account["id"] for account in first["items"] + second["items"]]
    assert listed == [str(person.id) for person in [*reversed(people), boss]]
    assert second["next_before"] is None


def test_accounts_are_found_by_a_part_of_the_address_or_the_name(admin: TestClient, empty_database: Database) -> None:
    named = new_person(empty_database, name="홍길동 100%")
    new_person(empty_database, name="아무개")
    for q in ("길동", "100%", named.email[:8].upper()):
        assert [account["id"] for account in admin.get(USERS, params={"q": q}).json()["items"]] == [str(named.id)], q
    assert admin.get(USERS, params={"q": "%"}).json()["items"][0]["id"] == str(named.id)
    assert admin.get(USERS, params={"q": "_______________"}).json()["items"] == []


def test_the_list_says_how_much_an_account_is_used_and_not_for_what(
    admin: TestClient, empty_database: Database
) -> None:
    person = new_person(empty_database)
    with empty_database.engine("atlas_app").begin() as connection:
        for etf in ("0PRIV0", "0PRIV1"):
            connection.execute(
                text("INSERT INTO watchlist (person, etf) VALUES (:person, :etf)"), {"person": person.id, "etf": etf}
            )
    reply = admin.get(USERS, params={"q": person.email})
    [account] = reply.json()["items"]
    assert (account["watches"], account["seen_at"] is not None) == (2, True)
    assert set(account) <= {
        "id", "email", "name", "role", "disabled_at", "created_at", "seen_at", "watches", "sessions", "tokens",
    }  # fmt: skip
    for secret in ("0PRIV0", "argon2", person.code, person.token):
        assert secret not in reply.text


def test_somebody_is_made_an_administrator_and_a_user_again(
    app: FastAPI, admin: TestClient, empty_database: Database
) -> None:
    person = new_person(empty_database)
    client = TestClient(app, cookies=person.cookies)
    assert client.get(USERS).status_code == 403
    changed = admin.patch(f"{USERS}/{person.id}", json={"role": "admin"})
    assert (changed.status_code, changed.json()["role"]) == (200, "admin")
    assert client.get(USERS).status_code == 200
    assert admin.patch(f"{USERS}/{person.id}", json={"role": "user"}).json()["role"] == "user"
    assert client.get(USERS).status_code == 403
    assert actions(admin) == [
        ("user.role", str(person.id), {"was": "admin", "is": "user"}),
        ("user.role", str(person.id), {"was": "user", "is": "admin"}),
    ]


def test_a_closed_account_opens_nothing_until_it_is_opened_again(
    app: FastAPI, admin: TestClient, empty_database: Database
) -> None:
    person = new_person(empty_database)
    by_cookie, by_bearer = TestClient(app, cookies=person.cookies), TestClient(app, headers=person.headers)
    closed = admin.patch(f"{USERS}/{person.id}", json={"disabled": True}).json()
    assert closed["disabled_at"] is not None
    assert [client.get("/api/me").status_code for client in (by_cookie, by_bearer)] == [401, 401]
    assert admin.patch(f"{USERS}/{person.id}", json={"disabled": False}).json()["disabled_at"] is None
    # Its sessions ended; its tokens were only held back.
    assert [client.get("/api/me").status_code for client in (by_cookie, by_bearer)] == [401, 200]
    assert [action for action, _, _ in actions(admin)] == ["user.enable", "user.disable"]


def test_a_change_that_changes_nothing_is_not_recorded(admin: TestClient, empty_database: Database) -> None:
    person = new_person(empty_database)
    for change in ({}, {"role": "user"}, {"disabled": False}, {"role": None, "disabled": None}):
        assert admin.patch(f"{USERS}/{person.id}", json=change).status_code == 200
    assert actions(admin) == []


def test_a_deleted_account_is_gone_with_all_that_was_kept_for_it_and_its_address_stays_nowhere(
    app: FastAPI, admin: TestClient, empty_database: Database
) -> None:
    person = new_person(empty_database, email="somebody-to-forget@example.com", name="잊혀질 사람")
    assert admin.delete(f"{USERS}/{person.id}").status_code == 204
    assert TestClient(app, cookies=person.cookies).get("/api/me").status_code == 401
    assert admin.delete(f"{USERS}/{person.id}").status_code == 404
    assert actions(admin) == [("user.delete", str(person.id), {})]
    for address in (USERS, "/api/admin/audit"):
        assert "to-forget" not in admin.get(address).text


@pytest.mark.parametrize("change", [{"role": "user"}, {"disabled": True}, None])
def test_nobody_shuts_themselves_out(
    admin: TestClient, empty_database: Database, boss: Somebody, change: dict | None
) -> None:
    new_person(empty_database, role="admin")
    address = f"{USERS}/{boss.id}"
    refused = admin.delete(address) if change is None else admin.patch(address, json=change)
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert admin.get("/api/me").json()["role"] == "admin"
    assert actions(admin) == []


@pytest.mark.parametrize("change", [{"role": "user"}, {"disabled": True}, None])
def test_the_last_administrator_stays_even_where_a_script_asks(
    app: FastAPI, settings: Settings, admin: TestClient, boss: Somebody, change: dict | None
) -> None:
    script = TestClient(app, headers={"Authorization": f"Bearer {admin_token(settings)}"})
    address = f"{USERS}/{boss.id}"
    refused = script.delete(address) if change is None else script.patch(address, json=change)
    assert refused.status_code == 409
    assert "마지막 관리자" in refused.json()["detail"]
    assert admin.get(USERS).status_code == 200
    assert actions(admin) == []


def test_two_administrators_who_let_each_other_go_at_once_leave_one(
    app: FastAPI, settings: Settings, empty_database: Database
) -> None:
    script = TestClient(app, headers={"Authorization": f"Bearer {admin_token(settings)}"})
    for _ in range(5):
        pair = [new_person(empty_database, role="admin") for _ in range(2)]
        begin = threading.Barrier(2)

        def let_go(person: Somebody, other: Somebody, begin: threading.Barrier = begin) -> int:
            begin.wait(10)
            return (
                TestClient(app, cookies=person.cookies).patch(f"{USERS}/{other.id}", json={"role": "user"}).status_code
            )

        with ThreadPoolExecutor(2) as threads:
            codes = sorted(threads.map(let_go, pair, reversed(pair)))
        # The second finds itself no administrator any more, or the last one protected.
        assert codes in ([200, 403], [200, 409]), codes
        with empty_database.engine("atlas_app").begin() as connection:
            assert connection.scalar(text("SELECT count(*) FROM users WHERE role = 'admin'")) == 1
            connection.execute(text("DELETE FROM users"))
    assert script.get(USERS).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{USERS}/{uuid4()}", {"role": "user"}, 404),
        (f"{USERS}/{uuid4()}", {"role": "god"}, 422),
        (f"{USERS}/{uuid4()}", {"password": "another one"}, 422),
        (f"{USERS}/me", {"role": "user"}, 422),
    ],
)
def test_what_cannot_be_changed_is_refused(admin: TestClient, path: str, body: dict, status: int) -> None:
    refused = admin.patch(path, json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("credentials", ["none", "wrong", "user"])
def test_the_rooms_are_closed_to_everybody_else(
    app: FastAPI, empty_database: Database, boss: Somebody, credentials: str
) -> None:
    user = new_person(empty_database)
    clients: dict[str, Callable[[], TestClient]] = {
        "none": lambda: TestClient(app),
        # A wrong token is refused even beside the right cookie.
        "wrong": lambda: TestClient(app, headers={"Authorization": "Bearer wrong"}, cookies=boss.cookies),
        "user": lambda: TestClient(app, cookies=user.cookies),
    }
    client, status = clients[credentials](), 403 if credentials == "user" else 401
    for method, path in (("GET", USERS), ("PATCH", f"{USERS}/{user.id}"), ("DELETE", f"{USERS}/{user.id}")):
        reply = client.request(method, path, json={"role": "admin"} if method == "PATCH" else None)
        assert (reply.status_code, reply.json()["type"]) == (
            status, "/problems/forbidden" if status == 403 else "/problems/unauthorised",
        )  # fmt: skip
    with empty_database.engine("atlas_app").connect() as connection:
        assert connection.scalar(text("SELECT role FROM users WHERE id = :id"), {"id": user.id}) == "user"
