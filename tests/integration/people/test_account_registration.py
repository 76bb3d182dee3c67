"""Making an account: nobody learns who has one, weak passwords are refused, and what was asked before goes along once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from hashlib import blake2b

import pytest
from fastapi.testclient import TestClient

from backend.accounts.signed_in import COOKIE
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from backend.visitor import COOKIE as VISITOR_COOKIE
from tests.accounts import execute, hashes_computed, login, new_email, register, signed_up
from tests.people import PASSWORD


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def page(database: Database, settings: Settings) -> Iterator[TestClient]:
    execute(database, "DELETE FROM sign_in_tries")
    with TestClient(create_app(database, settings)) as client:
        yield client


def ask_something(client: TestClient, database: Database, conversation: str = "c") -> None:
    """Keep a conversation for this browser, as an answer does."""
    client.get("/api/auth/session")
    visitor = blake2b(client.cookies[VISITOR_COOKIE].encode(), digest_size=16).hexdigest()
    execute(
        database, "INSERT INTO conversations (visitor, id) VALUES (:visitor, :id)", visitor=visitor, id=conversation
    )
    execute(
        database,
        """
        INSERT INTO turns (visitor, conversation_id, run_id, question, status, answer, model, elapsed_ms)
        VALUES (:visitor, :id, :id, 'KODEX 200의 보수는?', 'answered', '연 0.15%입니다.', 'offline', 1)
        """,
        visitor=visitor,
        id=conversation,
    )


def titles(client: TestClient) -> list[str]:
    return [item["title"] for item in client.get("/api/conversations").json()["conversations"]]


def test_an_address_that_has_an_account_is_answered_like_one_that_has_none(
    page: TestClient, database: Database
) -> None:
    taken = signed_up(page, name="처음 이름")
    stranger = TestClient(page.app)
    answers, computed = [], []
    for email in (taken, new_email()):
        before = hashes_computed()
        answers.append(register(TestClient(page.app), email, "another good password", name="다른 이름"))
        computed.append(hashes_computed() - before)
    assert answers[0].status_code == answers[1].status_code == 202
    assert answers[0].content == answers[1].content
    assert [sorted(answer.cookies) for answer in answers] == [[VISITOR_COOKIE]] * 2
    assert computed == [1, 1]
    assert login(stranger, taken, "another good password").status_code == 401, "the account is left as it is"
    assert page.get("/api/me").json()["name"] == "처음 이름"


@pytest.mark.parametrize("which", ["unknown", "wrong", "disabled", "malformed", "with a NUL"])
def test_every_sign_in_that_fails_costs_and_says_the_same(page: TestClient, database: Database, which: str) -> None:
    email = signed_up(TestClient(page.app))
    if which == "disabled":
        execute(database, "UPDATE users SET disabled_at = now() WHERE email = :email", email=email)
    address = {"unknown": new_email(), "malformed": "nobody at all", "with a NUL": "a\0b@example.com"}.get(which, email)
    hashes = hashes_computed()
    answer = login(page, address, PASSWORD if which == "disabled" else "not the password")
    assert hashes_computed() - hashes == 1
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/wrong-credentials")
    assert answer.json()["detail"] == "이메일 또는 비밀번호가 올바르지 않습니다."
    assert COOKIE not in answer.cookies


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("짧은암호", "body.password"),
        ("password123", "흔해서"),
        ("QWERTYUIOP", "흔해서"),
        ("0987654321", "흔해서"),
        ("aaaaaaaaaaaa", "흔해서"),
        ("abcdabcdabcd", "흔해서"),
        ("dkssudgktpdy", "흔해서"),
        ("hong.gildong@example.com", "비슷한"),
        ("hong.gildong1", "비슷한"),
        ("GilDongHong!!", "비슷한"),
        (unicodedata.normalize("NFD", "비밀번호일이"), "자 이상"),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(page: TestClient, password: str, why: str) -> None:
    before = hashes_computed()
    refused = register(page, "hong.gildong@example.com", password, name="GilDongHong")
    assert refused.status_code == 422
    assert why in refused.json()["detail"]
    assert password not in refused.text
    assert hashes_computed() == before


def test_a_korean_password_is_the_same_however_the_keyboard_sends_it(page: TestClient) -> None:
    email, password = new_email(), "비밀번호는아주길게 ①②③"
    assert register(page, email, unicodedata.normalize("NFD", password)).status_code == 202
    assert login(page, email, unicodedata.normalize("NFC", password)).status_code == 200


@pytest.mark.parametrize(
    "email",
    ["nobody", "a@b", "a b@example.com", "a@example..com", "a@-example.com", "@example.com", "a@localhost.local"],
)
def test_what_is_no_address_is_refused_in_korean(page: TestClient, email: str) -> None:
    refused = register(page, email)
    assert refused.status_code == 422
    assert any(word in refused.json()["detail"] for word in ("body.email", "이메일 주소의 형식"))


def test_one_address_is_one_account_however_it_is_written(page: TestClient) -> None:
    email = new_email()
    register(page, email.upper())
    assert login(page, f" {email} ".strip().capitalize()).json()["email"] == email


def test_where_registration_is_closed_nobody_makes_an_account(database: Database, settings: Settings) -> None:
    closed = settings.model_copy(update={"registration": "closed"})
    with TestClient(create_app(database, closed)) as client:
        before, email = hashes_computed(), new_email()
        refused = register(client, email)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/registration-closed")
        assert client.get("/api/auth/session").json() == {"person": None, "registration": "closed"}
        assert hashes_computed() == before
        assert execute(database, "SELECT 1 FROM users WHERE email = :email", email=email) == []


def test_what_was_asked_before_goes_to_the_new_account_and_leaves_the_browser(
    page: TestClient, database: Database
) -> None:
    ask_something(page, database)
    assert titles(page) == ["KODEX 200의 보수는?"]
    email = signed_up(page)
    assert titles(page) == ["KODEX 200의 보수는?"]
    visitor = page.cookies[VISITOR_COOKIE]
    assert page.post("/api/auth/logout").status_code == 204
    assert page.cookies[VISITOR_COOKIE] != visitor
    assert titles(page) == []
    page.cookies.set(VISITOR_COOKIE, visitor)
    assert titles(page) == [], "nor is it anybody's who kept the old cookie"
    phone = TestClient(page.app)
    login(phone, email)
    assert titles(phone) == ["KODEX 200의 보수는?"]


def test_a_later_sign_in_takes_nothing_over(page: TestClient, database: Database) -> None:
    email = signed_up(TestClient(page.app))
    ask_something(page, database, "somebody else's")
    login(page, email)
    assert titles(page) == []


def test_only_the_browser_that_made_the_account_gives_it_what_it_asked(page: TestClient, database: Database) -> None:
    email, elsewhere = new_email(), TestClient(page.app)
    ask_something(page, database, "at home")
    ask_something(elsewhere, database, "at the library")
    register(page, email)
    login(elsewhere, email)
    assert titles(elsewhere) == []
    login(page, email)
    assert titles(page) == [], "not at the second sign-in any more"


def test_who_is_signed_in_and_makes_an_account_for_another_gives_nothing_away(
    page: TestClient, database: Database
) -> None:
    ask_something(page, database, "before")
    signed_up(page)
    other = new_email()
    register(page, other)
    login(page, other)
    assert titles(page) == []


def test_a_browser_without_a_session_stays_the_same_visitor_when_it_signs_out(
    page: TestClient, database: Database
) -> None:
    ask_something(page, database, "kept")
    assert page.post("/api/auth/logout").status_code == 204
    assert titles(page) == ["KODEX 200의 보수는?"]


def test_over_https_the_cookies_are_sent_to_this_host_and_over_https_only(
    database: Database, settings: Settings
) -> None:
    with TestClient(create_app(database, settings), base_url="https://testserver") as client:
        email = new_email()
        register(client, email)
        cookies = login(client, email).headers.get_list("set-cookie")
        (session,) = [cookie for cookie in cookies if "atlas_session" in cookie]
        assert session.startswith(f"__Host-{COOKIE}=")
        assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
        assert "Path=/;" in session
        assert "Domain" not in session
        assert client.get("/api/me").status_code == 200
        gone = client.post("/api/auth/logout").headers.get_list("set-cookie")
        assert any(cookie.startswith(f'__Host-{COOKIE}=""') and "Max-Age=0" in cookie for cookie in gone)
