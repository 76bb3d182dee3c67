"""Bearer tokens: shown once, kept as hashes, and of no use for what concerns the account itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from backend.accounts.codes import hash_code
from backend.accounts.tokens import MOST_TOKENS
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.accounts import execute, signed_up
from tests.people import PASSWORD, new_person


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def page(database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings)) as client:
        yield client


def program(page: TestClient, token: str) -> TestClient:
    return TestClient(page.app, headers={"Authorization": f"Bearer {token}"})


def test_a_token_is_shown_once_and_signs_in_until_it_is_revoked(page: TestClient, database: Database) -> None:
    email = signed_up(page)
    made = page.post("/api/me/tokens", json={"name": " 내 스크립트 ", "days": 30})
    assert made.status_code == 201
    token = made.json()["token"]
    assert token.startswith("atlas_")
    assert program(page, token).get("/api/me").json()["email"] == email
    (listed,) = page.get("/api/me/tokens").json()["items"]
    assert listed["name"] == "내 스크립트"
    assert listed["used_at"] is not None
    assert listed["expires_at"][:10] > listed["created_at"][:10]
    assert token not in page.get("/api/me/tokens").text
    stored = execute(database, "SELECT to_jsonb(t)::text AS row FROM api_tokens AS t")
    assert not any(token in row.row for row in stored)
    assert page.delete(f"/api/me/tokens/{listed['id']}").status_code == 204
    assert program(page, token).get("/api/me").status_code == 401
    assert page.delete(f"/api/me/tokens/{listed['id']}").status_code == 404


def test_a_token_that_has_run_out_opens_nothing(page: TestClient, database: Database) -> None:
    signed_up(page)
    token = page.post("/api/me/tokens", json={"name": "short", "days": 1}).json()["token"]
    execute(database, "UPDATE api_tokens SET expires_at = now() WHERE code_hash = :hash", hash=hash_code(token))
    assert program(page, token).get("/api/me").status_code == 401


def test_its_use_is_written_down_once_a_minute(page: TestClient, database: Database) -> None:
    signed_up(page)
    token = page.post("/api/me/tokens", json={"name": "busy"}).json()["token"]
    used = "SELECT used_at, xmin::text AS version FROM api_tokens WHERE code_hash = :hash"
    program(page, token).get("/api/me")
    first = execute(database, used, hash=hash_code(token))
    for _ in range(3):
        program(page, token).get("/api/me")
    assert execute(database, used, hash=hash_code(token)) == first
    execute(
        database,
        "UPDATE api_tokens SET used_at = now() - interval '61 seconds' WHERE code_hash = :hash",
        hash=hash_code(token),
    )
    program(page, token).get("/api/me")
    assert execute(database, used, hash=hash_code(token))[0].used_at > first[0].used_at


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/me/password", {"current": PASSWORD, "new": "an entirely different one"}),
        ("DELETE", "/api/me", {"password": PASSWORD}),
        ("POST", "/api/me/tokens", {"name": "one more"}),
        ("DELETE", "/api/me/sessions", None),
        ("DELETE", f"/api/me/sessions/{uuid4()}", None),
    ],
)
def test_a_token_may_not_do_what_concerns_the_account(
    page: TestClient, database: Database, method: str, path: str, body: dict | None
) -> None:
    somebody = new_person(database)
    refused = program(page, somebody.token).request(method, path, json=body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    assert program(page, somebody.token).get("/api/me/sessions").json()["items"][0]["current"] is False
    nobody = TestClient(page.app).request(method, path, json=body)
    assert (nobody.status_code, nobody.json()["type"]) == (401, "/problems/not-signed-in")


def test_a_token_revokes_itself_and_no_other(page: TestClient, database: Database) -> None:
    signed_up(page)
    tokens = [page.post("/api/me/tokens", json={"name": name}).json() for name in ("one", "two")]
    holder = program(page, tokens[0]["token"])
    assert holder.delete(f"/api/me/tokens/{tokens[1]['id']}").status_code == 403
    assert holder.delete(f"/api/me/tokens/{tokens[0]['id']}").status_code == 204
    assert holder.get("/api/me").status_code == 401


def test_nobody_sees_or_revokes_the_token_of_another(page: TestClient, database: Database) -> None:
    signed_up(page)
    victim = new_person(database)
    (theirs,) = execute(database, "SELECT id FROM api_tokens WHERE person = :id", id=victim.id)
    assert page.get("/api/me/tokens").json() == {"items": []}
    assert page.delete(f"/api/me/tokens/{theirs.id}").status_code == 404
    assert page.get("/api/me", headers=victim.headers).json()["email"] == victim.email


def test_one_person_has_so_many_tokens_and_no_more(page: TestClient) -> None:
    signed_up(page)
    made = [page.post("/api/me/tokens", json={"name": str(number)}).status_code for number in range(MOST_TOKENS + 1)]
    assert made == [201] * MOST_TOKENS + [409]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "   "}, {"name": "a\nb"}, {"name": "x", "days": 0}])
def test_a_token_needs_a_name_and_a_lasting_that_makes_sense(page: TestClient, body: dict) -> None:
    signed_up(page)
    assert page.post("/api/me/tokens", json=body).status_code == 422


def test_a_wrong_token_is_not_made_good_by_a_cookie(page: TestClient) -> None:
    signed_up(page)
    assert page.get("/api/me", headers={"Authorization": "Bearer atlas_wrong"}).status_code == 401
    assert page.get("/api/me", headers={"Authorization": "Bearer of-another-endpoint"}).status_code == 200


def test_tokens_that_are_made_at_once_do_not_pass_the_most(database: Database, settings: Settings) -> None:
    person = new_person(database)
    free = 2
    made = execute(
        database,
        """
        INSERT INTO api_tokens (person, name, code_hash)
        SELECT CAST(:id AS uuid), 'kept', sha256(convert_to(CAST(:id AS text) || n, 'UTF8')) FROM generate_series(2, :most) AS n
        RETURNING id
        """,
        id=str(person.id),
        most=MOST_TOKENS - free,
    )
    assert len(made) == MOST_TOKENS - free - 1
    with TestClient(create_app(database, settings), cookies=person.cookies) as client, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.post("/api/me/tokens", json={"name": "one more"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * free + [409] * 6
