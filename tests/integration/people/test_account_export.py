"""One's own data as a file: all of it, and nothing of anybody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from backend.accounts.codes import hash_code
from backend.accounts.export import TABLES, exported
from backend.accounts.limits import BY_EXPORTER
from backend.accounts.person import Person
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.accounts import execute
from tests.people import new_person
from tests.private_marks import MarkedPerson, plant

OF_A_PERSON = {"person", "visitor", "reader", "asker", "destination", "watcher", "owner", "user_id", "account"}
"""Names of columns that say whose a row is."""
OF_NOBODY = {"sign_in_tries"}


@pytest.fixture(scope="module")
def page(chat_database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(chat_database, settings)) as client:
        yield client


@pytest.fixture(scope="module")
def people(page: TestClient, chat_database: Database, settings: Settings) -> list[MarkedPerson]:
    return [plant(chat_database, page, settings) for _ in range(2)]


def test_no_table_about_people_is_missing(chat_database: Database) -> None:
    with chat_database.connect() as administrator:
        named = administrator.execute(
            """
            SELECT DISTINCT c.relname
            FROM pg_class AS c
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relkind IN ('r', 'p')
              AND c.relnamespace = 'public'::regnamespace
              AND a.attname = ANY (%s)
            """,
            [list(OF_A_PERSON)],
        ).fetchall()
        # What goes with a row goes with its person.
        hanging = administrator.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint "
            "WHERE contype = 'f' AND confdeltype = 'c'"
        ).fetchall()
    about_people = {table for (table,) in named} | {"users"}
    while more := {child for child, parent in hanging if parent in about_people} - about_people:
        about_people |= more
    assert about_people - OF_NOBODY == set(TABLES)


def test_it_holds_all_that_was_planted_and_nothing_of_another(page: TestClient, people: list[MarkedPerson]) -> None:
    one, other = people
    answer = page.get("/api/me/export", headers=one.somebody.headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith('attachment; filename="etf-atlas-')
    assert answer.headers["cache-control"] == "no-store"
    kept = json.loads(answer.text)
    assert list(kept) == ["exported_at", *TABLES]
    # Of a webhook's address the hint is told, for the address itself lets whoever has it post.
    assert one.seen_in(answer.text) >= set(one.marks) - {"webhook", "webhook id"}
    assert "webhook" not in one.seen_in(answer.text)
    assert other.seen_in(answer.text) == set()
    assert kept["users"][0]["email"] == one.somebody.email
    assert {row["etf"] for row in kept["watchlist"]} == {"069500", one.marks["etf"]}
    for table in set(TABLES) - {"discord_destinations", "audit_log"}:
        assert kept[table], f"something was planted in {table}"


def test_no_secret_is_in_it(page: TestClient, chat_database: Database, people: list[MarkedPerson]) -> None:
    one = people[0].somebody
    told = page.get("/api/me/export", headers=one.headers).text
    (row,) = execute(chat_database, "SELECT password_hash FROM users WHERE id = :id", id=one.id)
    for secret in (row.password_hash, one.code, one.token, hash_code(one.code).hex(), hash_code(one.token).hex()):
        assert secret not in told
    assert "$argon2" not in told
    assert '"sealed_address"' not in told


def test_what_administrators_did_to_an_account_is_told_without_who_they_are(
    page: TestClient, chat_database: Database
) -> None:
    somebody, admin = new_person(chat_database), new_person(chat_database, role="admin")
    execute(
        chat_database,
        "INSERT INTO audit_log (person, actor, action, subject) VALUES (:id, :email, 'user.role', :subject)",
        id=admin.id,
        email=admin.email,
        subject=str(somebody.id),
    )
    told = page.get("/api/me/export", headers=somebody.headers)
    assert [row["action"] for row in told.json()["audit_log"]] == ["user.role"]
    assert admin.email not in told.text
    assert str(admin.id) not in told.text
    theirs = page.get("/api/me/export", headers=admin.headers).json()["audit_log"]
    assert [row["actor"] for row in theirs] == [admin.email]


def test_it_is_for_whoever_is_signed_in_and_not_too_often(page: TestClient, chat_database: Database) -> None:
    assert page.get("/api/me/export").status_code == 401
    somebody = new_person(chat_database)
    statuses = [page.get("/api/me/export", headers=somebody.headers).status_code for _ in range(BY_EXPORTER.most + 1)]
    assert statuses == [200] * BY_EXPORTER.most + [429]


def test_an_export_that_is_taken_slowly_holds_no_connection(chat_database: Database, settings: Settings) -> None:
    person = new_person(chat_database)
    pieces = exported(chat_database, Person(person.id, person.email, "", "user"))
    assert chat_database.engine("atlas_app").pool.checkedout() == 0
    assert json.loads(b"".join(pieces))["users"][0]["email"] == person.email
