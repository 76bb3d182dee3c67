"""The list of what happened and the mark up to which a visitor has read it, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg.types.json import Jsonb

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from backend.visitor import COOKIE

SOMEBODY = UUID("7b1b1d2e-0000-4000-8000-000000000001")


def add(database: Database, subject: str, person: UUID | None = None) -> int:
    """Store an event, as whoever has something to tell does; returns its id."""
    with database.connect("atlas_app") as connection:
        row = connection.execute(
            "SELECT add_notification('collection', %s, '2026-07-08', %s, %s)", (person, subject, Jsonb({"n": subject}))
        ).fetchone()
    return row[0]


@pytest.fixture
def anyone(empty_database: Database, settings: Settings) -> TestClient:
    """A browser that has been here before, but never asked for notifications."""
    return browser(create_app(empty_database, settings))


def browser(application: FastAPI) -> TestClient:
    """Return a browser with a cookie of its own."""
    return TestClient(application, cookies={COOKIE: token_urlsafe(16)})


def listed(client: TestClient, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/api/notifications", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def read(client: TestClient, until: object) -> dict[str, Any]:
    answer = client.post("/api/notifications/read", json={"until": until})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_empty_list_is_an_answer(anyone: TestClient) -> None:
    assert listed(anyone) == {"items": [], "unread": 0, "read_until": 0, "newest": 0, "next_before": None}


def test_who_comes_for_the_first_time_has_read_everything_so_far(anyone: TestClient, empty_database: Database) -> None:
    add(empty_database, "before")
    first = listed(anyone)
    assert (first["unread"], first["read_until"], len(first["items"])) == (0, 1, 1)
    add(empty_database, "after")
    second = listed(anyone)
    assert (second["unread"], second["read_until"], second["newest"]) == (1, 1, 2)


def test_an_item_says_what_the_stream_says(anyone: TestClient, empty_database: Database) -> None:
    add(empty_database, "one")
    [item] = listed(anyone)["items"]
    assert {key: item[key] for key in ("id", "kind", "date", "subject", "content")} == {
        "id": 1, "kind": "collection", "date": "2026-07-08", "subject": "one", "content": {"n": "one"},
    }  # fmt: skip
    assert set(item) == {"id", "kind", "date", "subject", "content", "created_at"}


def test_pages_lead_from_the_newest_to_the_oldest(anyone: TestClient, empty_database: Database) -> None:
    for number in range(7):
        add(empty_database, str(number))
    seen, before = [], None
    while True:
        page = listed(anyone, limit=3, **({"before": before} if before else {}))
        seen.append([item["id"] for item in page["items"]])
        before = page["next_before"]
        if before is None:
            break
    assert seen == [[7, 6, 5], [4, 3, 2], [1]]


def test_a_page_that_is_just_full_is_the_last_one(anyone: TestClient, empty_database: Database) -> None:
    for number in range(3):
        add(empty_database, str(number))
    assert listed(anyone, limit=3)["next_before"] is None


def test_reading_counts_down_and_never_goes_back(anyone: TestClient, empty_database: Database) -> None:
    listed(anyone)
    for number in range(5):
        add(empty_database, str(number))
    assert listed(anyone)["unread"] == 5
    assert read(anyone, 3) == {"unread": 2, "read_until": 3}
    assert read(anyone, 1) == {"unread": 2, "read_until": 3}
    assert read(anyone, 5) == {"unread": 0, "read_until": 5}
    assert listed(anyone)["unread"] == 0


def test_a_mark_beyond_the_newest_hides_nothing_to_come(anyone: TestClient, empty_database: Database) -> None:
    add(empty_database, "one")
    assert read(anyone, 2**53 - 1) == {"unread": 0, "read_until": 1}
    add(empty_database, "two")
    assert listed(anyone)["unread"] == 1


def test_each_visitor_has_a_mark_of_their_own(empty_database: Database, settings: Settings) -> None:
    application = create_app(empty_database, settings)
    one, two = browser(application), browser(application)
    listed(one)
    listed(two)
    add(empty_database, "one")
    read(one, 1)
    assert (listed(one)["unread"], listed(two)["unread"]) == (0, 1)


def test_who_comes_without_a_cookie_is_given_one_once_something_is_kept_for_them(
    empty_database: Database, settings: Settings
) -> None:
    newcomer = TestClient(create_app(empty_database, settings))
    # Not by the list: a page asks for it beside other things, and two new cookies at once would make one visitor two.
    assert COOKIE not in newcomer.get("/api/notifications").cookies
    answer = newcomer.post("/api/notifications/read", json={"until": 0})
    assert COOKIE in answer.cookies
    assert COOKIE not in newcomer.post("/api/notifications/read", json={"until": 0}).cookies
    with empty_database.connect("atlas_app") as connection:
        assert connection.execute("SELECT count(*) FROM notification_reads").fetchone() == (1,)


def test_what_is_one_persons_is_shown_to_nobody_else(anyone: TestClient, empty_database: Database) -> None:
    listed(anyone)
    add(empty_database, "everybody")
    add(empty_database, "somebody", SOMEBODY)
    page = listed(anyone)
    assert [item["subject"] for item in page["items"]] == ["everybody"]
    assert (page["unread"], page["newest"]) == (1, 1)
    assert read(anyone, 2) == {"unread": 0, "read_until": 1}


@pytest.mark.parametrize(
    "parameters",
    [{"limit": 0}, {"limit": 101}, {"limit": "many"}, {"before": 0}, {"before": 2**53}, {"before": "x"}],
)
def test_a_page_that_cannot_be_is_refused_with_a_problem_document(
    anyone: TestClient, parameters: dict[str, object]
) -> None:
    answer = anyone.get("/api/notifications", params=parameters)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert next(iter(parameters)) in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [{}, {"until": -1}, {"until": 2**53}, {"until": "7"}, {"until": True}, {"until": 1.5}, []]
)
def test_a_mark_that_is_no_id_is_refused_with_a_problem_document(anyone: TestClient, body: object) -> None:
    answer = anyone.post("/api/notifications/read", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_database_the_answer_says_so(settings: Settings) -> None:
    away = Database("postgresql://postgres@/nowhere?host=/nonexistent", settings)
    answer = TestClient(create_app(away, settings)).get("/api/notifications")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "데이터베이스가 응답하지 않습니다."


@pytest.fixture
def expired(empty_database: Database) -> Iterator[psycopg.Connection]:
    """The mark of a reader whose cookie has long expired."""
    with empty_database.connect("atlas_app", autocommit=True) as connection:
        connection.execute(
            "INSERT INTO notification_reads VALUES (%s, 0, now() - interval '401 days'), (%s, 0, now())",
            (f"visitor:{uuid4().hex}", "visitor:recent"),
        )
        yield connection


def test_marks_of_expired_cookies_are_forgotten(anyone: TestClient, expired: psycopg.Connection) -> None:
    listed(anyone)
    readers = [reader for (reader,) in expired.execute("SELECT reader FROM notification_reads").fetchall()]
    assert len(readers) == 2
    assert "visitor:recent" in readers


def test_the_description_of_the_interface_tells_of_the_stream(anyone: TestClient) -> None:
    operation = anyone.get("/openapi.json").json()["paths"]["/api/notifications/stream"]["get"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Last-Event-ID", "last_event_id"]
    assert list(operation["responses"]["200"]["content"]) == ["text/event-stream"]
