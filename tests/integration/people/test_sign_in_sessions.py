"""Sessions: a new code at every sign-in and now and then while in use, an end to each, and word of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.accounts.codes import hash_code
from backend.accounts.sign_in import sign_in
from backend.accounts.signed_in import COOKIE
from backend.accounts.users import find_user
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.accounts import CHROME, execute, login, new_email, register, signed_up
from tests.people import PASSWORD, new_person


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def page(database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings)) as client:
        yield client


@pytest.fixture
def other_page(page: TestClient) -> TestClient:
    """Another browser before the same server."""
    return TestClient(page.app)


@pytest.fixture
def told(database: Database) -> Iterator[Callable[[], set[str]]]:
    """A function that returns which ends of sessions were told since it was called last."""
    with database.connect("atlas_app", autocommit=True) as connection:
        connection.execute("LISTEN sessions")
        yield lambda: {notify.payload for notify in connection.notifies(timeout=0.3)}


def session_ids(database: Database, email: str) -> list[str]:
    rows = execute(
        database,
        "SELECT s.id FROM login_sessions AS s JOIN users AS u ON u.id = s.person WHERE u.email = :email",
        email=email,
    )
    return sorted(str(row.id) for row in rows)


def age(database: Database, code: str, interval: str) -> None:
    """Let a session's code be as if it had been made so long ago."""
    execute(
        database,
        "UPDATE login_sessions SET renewed_at = now() - CAST(:interval AS interval) WHERE code_hash = :hash",
        interval=interval,
        hash=hash_code(code),
    )


def whoever_shows(client: TestClient, code: str) -> int:
    """Return how /api/me answers a browser with this code and no other cookie."""
    return TestClient(client.app, cookies={COOKIE: code}).get("/api/me").status_code


def test_a_code_that_the_browser_brought_is_never_taken_over(page: TestClient, database: Database) -> None:
    email = new_email()
    register(page, email)
    page.cookies.set(COOKIE, "a-code-that-somebody-else-knows")
    assert login(page, email).status_code == 200
    assert whoever_shows(page, "a-code-that-somebody-else-knows") == 401
    assert page.get("/api/me").json()["email"] == email


def test_signing_in_ends_the_session_that_the_browser_had(page: TestClient, database: Database) -> None:
    victim = new_person(database)
    page.cookies.set(COOKIE, victim.code)
    mine = new_email()
    register(page, mine)
    assert login(page, mine).status_code == 200
    assert page.get("/api/me").json()["email"] == mine
    assert whoever_shows(page, victim.code) == 401


def test_a_session_in_use_gets_a_new_code_once(page: TestClient, database: Database) -> None:
    signed_up(page)
    first = page.cookies[COOKIE]
    assert "set-cookie" not in page.get("/api/auth/session").headers
    age(database, first, "2 hours")
    # Two tabs that open at once show the same code.
    tabs = [TestClient(page.app, cookies={COOKIE: first}) for _ in range(2)]
    answers = [tab.get("/api/auth/session") for tab in tabs]
    assert [answer.json()["person"] is not None for answer in answers] == [True, True]
    renewed = [answer.cookies.get(COOKIE) for answer in answers if COOKIE in answer.cookies]
    assert len(renewed) == 1
    assert renewed[0] != first
    assert whoever_shows(page, renewed[0]) == 200


def test_the_code_before_stays_valid_until_the_new_one_is_used_and_a_little_longer(
    page: TestClient, database: Database
) -> None:
    signed_up(page)
    first = page.cookies[COOKIE]
    age(database, first, "2 hours")
    second = TestClient(page.app, cookies={COOKIE: first}).get("/api/me").cookies[COOKIE]
    assert whoever_shows(page, first) == 200
    execute(database, "UPDATE login_sessions SET seen_at = now() WHERE code_hash = :hash", hash=hash_code(second))
    assert whoever_shows(page, second) == 200
    assert whoever_shows(page, first) == 200
    execute(
        database,
        "UPDATE login_sessions SET previous_until = previous_until - interval '61 seconds' WHERE code_hash = :hash",
        hash=hash_code(second),
    )
    assert (whoever_shows(page, first), whoever_shows(page, second)) == (401, 200)


def test_an_answer_with_the_new_code_that_is_lost_signs_nobody_out(page: TestClient, database: Database) -> None:
    signed_up(page)
    first = page.cookies[COOKIE]
    age(database, first, "2 hours")
    lost = TestClient(page.app, cookies={COOKIE: first}).get("/api/auth/session").cookies[COOKIE]
    age(database, lost, "3 hours")
    again = TestClient(page.app, cookies={COOKIE: first}).get("/api/auth/session").cookies[COOKIE]
    assert again not in (first, lost)
    assert (whoever_shows(page, again), whoever_shows(page, lost)) == (200, 401)


def test_a_session_ends_when_it_lay_unused_or_has_lasted_its_longest(page: TestClient, database: Database) -> None:
    email = signed_up(page)
    (row,) = execute(
        database,
        "SELECT expires_at - seen_at AS unused FROM login_sessions WHERE code_hash = :hash",
        hash=hash_code(page.cookies[COOKIE]),
    )
    assert row.unused.days == 14
    old = "UPDATE login_sessions SET created_at = now() - interval '85 days', seen_at = now() - interval '2 minutes'"
    execute(database, f"{old} WHERE code_hash = :hash", hash=hash_code(page.cookies[COOKIE]))
    assert page.get("/api/me").status_code == 200
    (row,) = execute(
        database,
        "SELECT expires_at - now() AS left FROM login_sessions WHERE code_hash = :hash",
        hash=hash_code(page.cookies[COOKIE]),
    )
    assert row.left.days == 4, "it ends 90 days after it began, however much it is used"
    execute(
        database,
        "UPDATE login_sessions SET expires_at = now() WHERE code_hash = :hash",
        hash=hash_code(page.cookies[COOKIE]),
    )
    assert page.get("/api/me").status_code == 401
    assert len(session_ids(database, email)) == 1
    login(TestClient(page.app), email)
    assert len(session_ids(database, email)) == 1, "what has run out is cleared away when somebody signs in"


def test_use_is_written_down_once_a_minute(page: TestClient, database: Database) -> None:
    signed_up(page)
    seen = "SELECT seen_at, xmin::text AS version FROM login_sessions WHERE code_hash = :hash"
    code = hash_code(page.cookies[COOKIE])
    (before,) = execute(database, seen, hash=code)
    for _ in range(3):
        page.get("/api/me")
    assert execute(database, seen, hash=code) == [before]
    execute(database, "UPDATE login_sessions SET seen_at = now() - interval '61 seconds' WHERE code_hash = :h", h=code)
    page.get("/api/me")
    (after,) = execute(database, seen, hash=code)
    assert after.seen_at > before.seen_at


def test_sessions_are_listed_by_device_and_ended_one_by_one(
    page: TestClient, other_page: TestClient, database: Database, told: Callable[[], set[str]]
) -> None:
    email = signed_up(page)
    login(other_page, email, **{"User-Agent": CHROME})
    listed = page.get("/api/me/sessions").json()["items"]
    assert {(item["device"], item["current"]) for item in listed} == {("Chrome · Windows", False), ("testclient", True)}
    assert "code" not in str(listed)
    theirs = next(item["id"] for item in listed if not item["current"])
    assert page.delete(f"/api/me/sessions/{theirs}").status_code == 204
    assert told() == {theirs}
    assert other_page.get("/api/me").status_code == 401
    assert page.get("/api/me").status_code == 200
    assert page.delete(f"/api/me/sessions/{theirs}").status_code == 404


def test_nobody_ends_somebody_elses_session(page: TestClient, other_page: TestClient, database: Database) -> None:
    signed_up(page)
    victim = signed_up(other_page)
    (theirs,) = session_ids(database, victim)
    assert page.delete(f"/api/me/sessions/{theirs}").status_code == 404
    assert page.delete("/api/me/sessions").status_code == 204
    assert other_page.get("/api/me").status_code == 200


def test_all_others_end_at_once(page: TestClient, other_page: TestClient, database: Database, told: Callable) -> None:
    email = signed_up(page)
    (mine,) = session_ids(database, email)
    login(other_page, email)
    login(TestClient(page.app), email)
    others = set(session_ids(database, email)) - {mine}
    assert page.delete("/api/me/sessions").status_code == 204
    assert session_ids(database, email) == [mine]
    assert told() == others
    assert other_page.get("/api/me").status_code == 401


def test_a_changed_password_ends_the_others_and_renews_this_one(
    page: TestClient, other_page: TestClient, database: Database, told: Callable[[], set[str]]
) -> None:
    email = signed_up(page)
    (mine,) = session_ids(database, email)
    login(other_page, email)
    old, new = page.cookies[COOKIE], "an entirely different one"
    wrong = page.post("/api/me/password", json={"current": "not the password", "new": new})
    assert (wrong.status_code, wrong.json()["type"]) == (403, "/problems/wrong-credentials")
    assert page.post("/api/me/password", json={"current": PASSWORD, "new": "1234567890"}).status_code == 422
    assert other_page.get("/api/me").status_code == 200
    assert page.post("/api/me/password", json={"current": PASSWORD, "new": new}).status_code == 204
    assert page.cookies[COOKIE] != old
    assert page.get("/api/me").status_code == 200
    assert (whoever_shows(page, old), other_page.get("/api/me").status_code) == (401, 401)
    assert len(told()) == 1
    assert session_ids(database, email) == [mine]
    assert (login(other_page, email).status_code, login(other_page, email, new).status_code) == (401, 200)


@pytest.mark.parametrize("way", ["disable", "delete"])
def test_a_closed_or_deleted_account_is_told_to_every_process(
    page: TestClient, database: Database, told: Callable[[], set[str]], way: str
) -> None:
    somebody = new_person(database)
    (session,) = session_ids(database, somebody.email)
    statement = "UPDATE users SET disabled_at = now()" if way == "disable" else "DELETE FROM users"
    execute(database, f"{statement} WHERE id = :id", id=somebody.id)
    ends = told()
    assert f"person:{somebody.id}" in ends
    assert (session in ends) == (way == "delete")
    assert whoever_shows(page, somebody.code) == 401
    assert page.get("/api/me", headers=somebody.headers).status_code == 401


def test_logging_out_tells_too(page: TestClient, database: Database, told: Callable[[], set[str]]) -> None:
    (session,) = session_ids(database, signed_up(page))
    page.post("/api/auth/logout")
    assert told() == {session}


def test_the_database_lets_a_person_end_none_but_their_own_sessions(database: Database) -> None:
    one, other = new_person(database), new_person(database)
    with database.connect("atlas_app") as connection:
        connection.execute("SELECT set_config('atlas.person', %s, true)", [str(one.id)])
        connection.execute("SET LOCAL ROLE atlas_person")
        assert connection.execute("DELETE FROM login_sessions").rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT code_hash FROM login_sessions")
    assert len(session_ids(database, other.email)) == 1


def test_two_first_sign_ins_at_once_do_not_wait_for_each_other_for_good(database: Database) -> None:
    person = new_person(database)
    execute(database, "UPDATE users SET first_visitor = 'some browser' WHERE id = :id", id=person.id)
    app = database.engine("atlas_app")
    with app.connect() as connection:
        user = find_user(connection, person.email)

    def first_sign_in() -> str | None:
        with app.begin() as connection:
            return sign_in(connection, user, device="", before=None, browser=None)

    with ThreadPoolExecutor(2) as threads, app.begin() as holding:
        # Both have come as far as the account's row before either goes on.
        holding.execute(text("SELECT FROM users WHERE id = :id FOR SHARE"), {"id": person.id})
        codes = [threads.submit(first_sign_in) for _ in range(2)]
        time.sleep(0.5)
        holding.rollback()
        assert all(code.result(timeout=20) for code in codes)
