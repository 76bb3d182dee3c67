"""What other sites cannot do through a visitor's browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from backend.accounts.signed_in import COOKIE
from backend.app import create_app
from backend.db.engine import Database
from backend.request_body import MOST_BYTES
from backend.security_headers import CONTENT_SECURITY_POLICY
from backend.settings import Settings
from tests.people import Somebody, new_person

HOST = "http://testserver"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def person(database: Database) -> Somebody:
    return new_person(database)


@pytest.fixture
def signed_in(database: Database, settings: Settings, person: Somebody) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings), cookies=person.cookies) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HOST},
        {"Origin": "http://evil.example"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver:81"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/auth/logout"), ("DELETE", "/api/me"), ("POST", "/api/auth/login")]
)
def test_a_page_of_another_site_changes_nothing(
    signed_in: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    refused = signed_in.request(method, path, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/foreign-page")
    assert refused.headers["content-type"] == "application/problem+json"
    assert signed_in.get("/api/me").status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": HOST}], ids=str
)
def test_the_own_page_and_programs_may_sign_out(signed_in: TestClient, headers: dict[str, str]) -> None:
    assert signed_in.post("/api/auth/logout", headers=headers).status_code == 204
    assert signed_in.get("/api/me").status_code == 401


def test_reading_is_not_refused_but_other_sites_cannot_see_the_answer(signed_in: TestClient) -> None:
    answer = signed_in.get("/api/me", headers={"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/api/me", "/api/health", "/api/nothing", "/", "/etf/069500", "/metrics"])
def test_every_answer_says_what_browsers_have_to_refuse(signed_in: TestClient, path: str) -> None:
    headers = signed_in.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "strict-transport-security" not in headers
    if path.startswith("/api/"):
        assert headers["cache-control"] == "no-store"


def test_errors_have_the_headers_as_well(signed_in: TestClient) -> None:
    refused = signed_in.post("/api/auth/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_over_https_the_cookie_is_bound_to_the_host_and_to_https(
    database: Database, settings: Settings, person: Somebody
) -> None:
    from tests.people import PASSWORD

    with TestClient(create_app(database, settings), base_url="https://testserver") as client:
        signed_in = client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
        cookies = [value for name, value in signed_in.headers.multi_items() if name == "set-cookie"]
        (cookie,) = [value for value in cookies if "atlas_session" in value]
        assert cookie.startswith(f"__Host-{COOKIE}=")
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "domain" not in cookie.lower()
        assert "max-age=" in signed_in.headers["strict-transport-security"]
        assert client.get("/api/me").status_code == 200


def test_over_https_a_cookie_that_a_neighbouring_host_can_set_signs_nobody_in(
    database: Database, settings: Settings, person: Somebody
) -> None:
    other = new_person(database)
    with TestClient(create_app(database, settings), base_url="https://testserver") as client:
        assert client.get("/api/me", headers={"Cookie": f"{COOKIE}={other.code}"}).status_code == 401
        both = client.get("/api/me", headers={"Cookie": f"__Host-{COOKIE}={person.code}; {COOKIE}={other.code}"})
        assert both.json()["email"] == person.email


@pytest.mark.parametrize(
    "path",
    [
        "/api/auth/login", "/api/unsubscribe", "/api/me/password", "/api/watchlist/find",
        "/api/chat", "/api/chat/run/feedback", "/v1/chat/completions",
    ],
)  # fmt: skip
@pytest.mark.parametrize("announced", [True, False])
def test_no_more_than_a_limit_is_read_of_a_body(signed_in: TestClient, path: str, announced: bool) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    refused = signed_in.post(path, content=b" " * (2 * MOST_BYTES + 1) if announced else endless())
    assert refused.status_code == 413
    assert "too-large" in refused.text


@pytest.mark.parametrize("path", ["/a%00b", "/" + "a" * 5_000, "/api/" + "a" * 5_000])
def test_an_address_that_can_be_no_file_is_no_defect(signed_in: TestClient, path: str) -> None:
    assert signed_in.get(path).status_code in (200, 404)


@pytest.mark.parametrize("name", ["\u202enimda", "\u2066a", "a\u2028b", "a\x85b"], ids=ascii)
def test_no_name_turns_what_is_written_beside_it(signed_in: TestClient, name: str) -> None:
    assert signed_in.patch("/api/me", json={"name": name}).status_code == 422
    made = {"email": "mirror@example.com", "password": "correct horse battery", "name": name}
    assert signed_in.post("/api/auth/register", json=made).status_code == 422


@pytest.mark.parametrize("name", ["김철수", "Zoë O'Neil 👩\u200d💻", "<b>", ""])
def test_names_may_be_written_as_people_write_them(signed_in: TestClient, name: str) -> None:
    assert signed_in.patch("/api/me", json={"name": name}).json()["name"] == name
