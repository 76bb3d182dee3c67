"""Silencing an ETF by the link in a message: without signing in, and good for nothing else."""

from __future__ import annotations

import base64
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.app import create_app
from backend.db.engine import Database
from backend.notifications.unsubscribing import UnsubscribeLinks, Watch
from backend.settings import Settings
from tests.people import new_person
from tests.personal_posts import add_alerts, states


@pytest.fixture
def client(empty_database: Database, settings: Settings) -> TestClient:
    return TestClient(create_app(empty_database, settings))


@pytest.fixture
def links(settings: Settings) -> UnsubscribeLinks:
    return UnsubscribeLinks(settings)


def watched(database: Database, *people: UUID) -> None:
    with database.engine("atlas_app").begin() as connection:
        for person in people:
            for etf in ("069500", "114800"):
                connection.execute(
                    text("INSERT INTO watchlist (person, etf) VALUES (:person, :etf)"), {"person": person, "etf": etf}
                )
    with database.engine("atlas_loader").begin() as connection:
        connection.execute(text("INSERT INTO etfs (code, name) VALUES ('069500', 'KODEX 200') ON CONFLICT DO NOTHING"))


def muted(database: Database) -> set[tuple[UUID, str]]:
    with database.engine("atlas_app").connect() as connection:
        return {
            (person, etf) for person, etf in connection.execute(text("SELECT person, etf FROM watchlist WHERE muted"))
        }


def test_one_watch_of_one_person_is_silenced_and_heard_again(
    client: TestClient, empty_database: Database, links: UnsubscribeLinks
) -> None:
    anna, bert = new_person(empty_database).id, new_person(empty_database).id
    watched(empty_database, anna, bert)
    add_alerts(empty_database, [anna, bert], ["069500", "114800"])
    token = links.token(Watch(anna, "069500"))
    for _ in range(2):
        answer = client.post("/api/unsubscribe", json={"token": token})
        assert answer.status_code == 200
        assert answer.json() == {"etf": {"code": "069500", "name": "KODEX 200"}, "muted": True}
    assert muted(empty_database) == {(anna, "069500")}
    assert states(empty_database) == {"waiting": 3}
    undone = client.post("/api/unsubscribe/undo", json={"token": token})
    assert undone.json() == {"etf": {"code": "069500", "name": "KODEX 200"}, "muted": False}
    assert muted(empty_database) == set()


def test_a_watch_that_is_gone_is_silent_already(
    client: TestClient, empty_database: Database, links: UnsubscribeLinks
) -> None:
    answer = client.post("/api/unsubscribe", json={"token": links.token(Watch(uuid4(), "ZZZZZZ"))})
    assert (answer.status_code, answer.json()) == (200, {"etf": None, "muted": True})


def forgeries(links: UnsubscribeLinks, other: UnsubscribeLinks) -> list[str]:
    token = links.token(Watch(UUID(int=7), "069500"))
    raw = base64.urlsafe_b64decode(token + "==")
    changed = [
        raw[:1] + UUID(int=8).bytes + raw[17:],
        raw[:17] + b"114800" + raw[23:],
        raw[:-1] + bytes([raw[-1] ^ 1]),
        raw[:-16],
        raw + b"x",
        b"\x02" + raw[1:],
    ]
    return [
        other.token(Watch(UUID(int=7), "069500")),
        *(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in changed),
        "",
        "x",
        "가나다",
        "=" * 52,
        f"{token} ",
        f"{token}A",
    ]


def test_a_forged_token_does_nothing(
    client: TestClient, empty_database: Database, settings: Settings, links: UnsubscribeLinks, tmp_path: object
) -> None:
    other = UnsubscribeLinks(settings.model_copy(update={"home": tmp_path}))
    person = new_person(empty_database).id
    watched(empty_database, person)
    for token in forgeries(links, other):
        for path in ("/api/unsubscribe", "/api/unsubscribe/undo"):
            answer = client.post(path, json={"token": token})
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-link"), token
    assert muted(empty_database) == set()


def test_a_token_opens_nothing_else(client: TestClient, empty_database: Database, links: UnsubscribeLinks) -> None:
    anna = new_person(empty_database)
    watched(empty_database, anna.id)
    token = links.token(Watch(anna.id, "069500"))
    for bearer in (token, f"atlas_{token}"):
        for path in ("/api/me", "/api/watchlist", "/api/me/discord"):
            assert client.get(path, headers={"Authorization": f"Bearer {bearer}"}).status_code == 401
    # And what opens an account is no such token.
    for code in (anna.token, anna.code):
        assert client.post("/api/unsubscribe", json={"token": code}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"token": None}, {"token": 7}, {"token": ["x"]}, {"token": "x" * 201}, []])
def test_what_is_no_token_is_refused(client: TestClient, body: object) -> None:
    assert client.post("/api/unsubscribe", json=body).status_code == 422
