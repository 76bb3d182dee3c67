"""One person's watchlist over HTTP: what is on it, what may be, and who sees it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from backend.watchlist.schemas import MOST_WATCHED
from tests.people import Somebody, new_person

ROUTES = [
    ("GET", "/api/watchlist", None),
    ("GET", "/api/watchlist/codes", None),
    ("GET", "/api/watchlist/{etf}", None),
    ("PUT", "/api/watchlist/{etf}", {"muted": True}),
    ("PATCH", "/api/watchlist", {"codes": ["{etf}"], "muted": True}),
    ("DELETE", "/api/watchlist/{etf}", None),
    ("POST", "/api/watchlist/many", {"codes": ["{etf}"]}),
    ("POST", "/api/watchlist/seen", {}),
]


@pytest.fixture(scope="module")
def database(chat_database: Database) -> Database:
    return chat_database


@pytest.fixture(scope="module")
def client(database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings)) as test_client:
        yield test_client


@pytest.fixture
def person(database: Database) -> Somebody:
    return new_person(database)


@pytest.fixture(scope="module")
def etfs(database: Database) -> list[tuple[str, str]]:
    with database.engine("atlas_app").connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT code, name FROM etfs ORDER BY code"))]


def _put(client: TestClient, person: Somebody, etf: str, **settings: Any) -> Any:
    return client.put(f"/api/watchlist/{etf}", json=settings, headers=person.headers)


def _codes(client: TestClient, person: Somebody) -> list[str]:
    return client.get("/api/watchlist/codes", headers=person.headers).json()["codes"]


def test_an_etf_is_added_changed_and_removed(client: TestClient, person: Somebody, etfs: list[tuple[str, str]]) -> None:
    code, name = etfs[0]
    added = _put(client, person, code)
    assert added.status_code == 201, added.text
    watch = added.json()
    assert watch.pop("added_at")
    assert watch == {
        "etf": {"code": code, "name": name},
        "kinds": ["new", "out", "more", "less", "weight", "fee", "name"],
        "threshold_pp": 0.5,
        "premium_pct": 1.0,
        "discord": True,
        "muted": False,
    }
    changed = _put(client, person, f"a{code.lower()}", kinds=["premium", "out", "out"], threshold_pp=1.25)
    assert changed.status_code == 200
    assert (changed.json()["kinds"], changed.json()["threshold_pp"]) == (["out", "premium"], 1.25)
    assert (changed.json()["premium_pct"], changed.json()["discord"]) == (1.0, True)
    assert client.get(f"/api/watchlist/{code}", headers=person.headers).json() == changed.json()
    assert _codes(client, person) == [code]
    for _ in range(2):
        assert client.delete(f"/api/watchlist/{code}", headers=person.headers).status_code == 204
    assert _codes(client, person) == []
    assert client.get(f"/api/watchlist/{code}", headers=person.headers).status_code == 404


def test_an_empty_or_missing_body_adds_with_the_defaults(
    client: TestClient, person: Somebody, etfs: list[tuple[str, str]]
) -> None:
    without = client.put(f"/api/watchlist/{etfs[0][0]}", headers=person.headers)
    assert without.status_code == 201, without.text
    assert _put(client, person, etfs[0][0], muted=None, threshold_pp=None).json() == without.json()


@pytest.mark.parametrize(
    "wish",
    [{"kinds": ["price"]}, {"threshold_pp": -0.1}, {"threshold_pp": 101}, {"premium_pct": "NaN"}, {"muted": "perhaps"}],
)
def test_settings_that_cannot_be_are_refused(
    client: TestClient, person: Somebody, etfs: list[tuple[str, str]], wish: dict[str, Any]
) -> None:
    assert _put(client, person, etfs[0][0], **wish).status_code == 422
    assert _codes(client, person) == []


def test_an_unknown_etf_is_answered_with_suggestions(
    client: TestClient, person: Somebody, etfs: list[tuple[str, str]]
) -> None:
    answer = _put(client, person, etfs[0][1])
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert etfs[0][0] in [one["code"] for one in answer.json()["suggestions"]]
    many = client.post("/api/watchlist/many", json={"codes": [etfs[1][0], "ZZZZZ9"]}, headers=person.headers)
    assert many.status_code == 404
    assert _codes(client, person) == []


def test_several_are_added_and_changed_at_once(
    client: TestClient, person: Somebody, etfs: list[tuple[str, str]]
) -> None:
    first, second, third = (code for code, _ in etfs[:3])
    _put(client, person, second, threshold_pp=3)
    many = client.post("/api/watchlist/many", json={"codes": [third, second, first, third]}, headers=person.headers)
    assert many.json() == {"added": [third, first], "present": [second]}
    assert _codes(client, person) == [second, third, first]
    changed = client.patch(
        "/api/watchlist", json={"codes": [first, second, etfs[3][0]], "discord": False}, headers=person.headers
    )
    assert changed.json() == {"changed": [first, second]}
    items = client.get("/api/watchlist", headers=person.headers).json()["items"]
    assert [(one["etf"]["code"], one["discord"], one["threshold_pp"]) for one in items] == [
        (second, False, 3.0),
        (third, True, 0.5),
        (first, False, 0.5),
    ]


def _fill(database: Database, person: Somebody, count: int) -> None:
    with database.engine("atlas_app").begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO watchlist (person, etf)
                SELECT :person, 'Z' || lpad(n::text, 5, '0') FROM generate_series(1, :count) AS n
                """
            ),
            {"person": person.id, "count": count},
        )


def test_a_list_has_a_most_even_for_several_at_once(
    client: TestClient, database: Database, person: Somebody, etfs: list[tuple[str, str]]
) -> None:
    _fill(database, person, MOST_WATCHED - 3)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda etf: _put(client, person, etf[0]), etfs[:8]))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["type"] == "/problems/watchlist-full"
    assert "300개" in refused["detail"]
    present = [code for code in _codes(client, person) if not code.startswith("Z")]
    assert len(present) == 3
    many = client.post("/api/watchlist/many", json={"codes": [code for code, _ in etfs[:8]]}, headers=person.headers)
    assert many.status_code == 409
    again = client.post("/api/watchlist/many", json={"codes": present}, headers=person.headers)
    assert again.json() == {"added": [], "present": present}
    assert len(_codes(client, person)) == MOST_WATCHED


def test_an_etf_that_is_gone_from_the_market_stays_on_the_list_until_removed(
    client: TestClient, database: Database, person: Somebody
) -> None:
    _fill(database, person, 1)
    (item,) = client.get("/api/watchlist", headers=person.headers).json()["items"]
    assert item["etf"] == {"code": "Z00001", "name": "Z00001"}
    assert set(map(str, item["facts"].values())) == {"None", "[]"}
    assert item["news"] is None
    assert _put(client, person, "Z00001", muted=True).json()["muted"] is True
    assert client.delete("/api/watchlist/z00001", headers=person.headers).status_code == 204
    assert _codes(client, person) == []


def _call(client: TestClient, method: str, path: str, body: Any, etf: str, headers: dict[str, str]) -> Any:
    filled = body and {key: [etf] if key == "codes" else value for key, value in body.items()}
    return client.request(method, path.replace("{etf}", etf), json=filled, headers=headers)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_nobody_sees_or_changes_anything(
    client: TestClient, database: Database, etfs: list[tuple[str, str]], method: str, path: str, body: Any
) -> None:
    for headers in ({}, {"Authorization": "Bearer atlas_nonsense"}, {"Cookie": "atlas_session=nonsense"}):
        answer = _call(client, method, path, body, etfs[0][0], headers)
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_another_person_sees_and_changes_only_their_own(
    client: TestClient,
    database: Database,
    person: Somebody,
    etfs: list[tuple[str, str]],
    method: str,
    path: str,
    body: Any,
) -> None:
    own, other = etfs[0][0], new_person(database)
    before = _put(client, person, own, threshold_pp=7).json()
    answer = _call(client, method, path, body, own, other.headers)
    assert own not in answer.text or method in ("PUT", "POST") or answer.status_code == 404
    assert "7.0" not in answer.text
    assert client.get(f"/api/watchlist/{own}", headers=person.headers).json() == before
    assert client.get("/api/watchlist", headers=person.headers).json()["seen_at"] is None
