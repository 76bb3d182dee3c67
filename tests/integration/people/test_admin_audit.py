"""What administrators do is recorded with the deed itself, and nobody can change the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.accounts.audit import COMMAND_LINE, record
from backend.app import create_app
from backend.collection.load import load_sample
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import new_person

QUERY = "MATCH (e:ETF {code: $etf}) RETURN e.name AS 이름"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    database = new_database()
    load_sample(database)
    return database


@pytest.fixture(scope="module")
def anybody(database: Database, settings: Settings) -> Iterator[TestClient]:
    # What embeds examples in the background would be at the first ones just when a test promotes one.
    with TestClient(create_app(database, settings.model_copy(update={"background": False}))) as client:
        yield client


@pytest.fixture(scope="module")
def script(anybody: TestClient, settings: Settings) -> TestClient:
    """A client with the installation's token."""
    return TestClient(anybody.app, headers={"Authorization": f"Bearer {admin_token(settings)}"})


def log(client: TestClient, **conditions: object) -> list[dict]:
    reply = client.get("/api/admin/audit", params=conditions)
    assert reply.status_code == 200, reply.text
    return reply.json()["items"]


def test_every_change_of_an_example_is_recorded_with_who_made_it(
    anybody: TestClient, script: TestClient, database: Database
) -> None:
    boss = new_person(database, role="admin", email="boss@example.com")
    by_cookie = TestClient(anybody.app, cookies=boss.cookies)
    by_bearer = TestClient(anybody.app, headers=boss.headers)
    made = script.post("/api/admin/examples", json={"question": "KODEX 200의 아명은?"}).json()["id"]
    address = f"/api/admin/examples/{made}"
    form = {"question": "{etf}의 아명은?", "cypher": QUERY, "slots": [{"name": "etf", "type": "etf"}]}
    assert by_cookie.put(address, json=form).status_code == 200
    assert by_bearer.post(f"{address}/promote").status_code == 200
    assert by_cookie.post(f"{address}/retire").status_code == 200

    found = [entry for entry in log(script, action="example.") if entry["subject"] == made]
    assert [(entry["action"], entry["actor"], entry["person"], entry["detail"]) for entry in found] == [
        ("example.retire", boss.email, str(boss.id), {"was": "verified"}),
        ("example.promote", boss.email, str(boss.id), {"was": "candidate"}),
        ("example.edit", boss.email, str(boss.id), {"was": "candidate"}),
        ("example.create", "installation token", None, {"turn": None}),
    ]


def test_what_was_refused_or_only_looked_at_is_not_recorded(script: TestClient) -> None:
    made = script.post("/api/admin/examples", json={"question": "KODEX 200의 아호는?"}).json()["id"]
    before = log(script)
    assert script.post(f"/api/admin/examples/{made}/promote").status_code == 422
    form = {"question": "무엇", "cypher": QUERY}
    assert script.put("/api/admin/examples/top-holdings", json=form).status_code in (404, 409)
    assert script.post("/api/admin/examples/none/retire").status_code == 404
    script.get(f"/api/admin/examples/{made}")
    script.get("/api/admin/turns")
    assert log(script) == before


def test_the_deed_and_its_record_are_one_transaction(script: TestClient, database: Database) -> None:
    made = script.post("/api/admin/examples", json={"question": "KODEX 200의 필명은?"}).json()["id"]
    with database.connect(autocommit=True) as owner:
        owner.execute("REVOKE INSERT ON audit_log FROM atlas_app")
        try:
            refusing = TestClient(script.app, headers=script.headers, raise_server_exceptions=False)
            assert refusing.post(f"/api/admin/examples/{made}/retire").status_code == 500
        finally:
            owner.execute("GRANT INSERT ON audit_log TO atlas_app")
    assert script.get(f"/api/admin/examples/{made}").json()["status"] == "candidate"


def test_the_log_is_looked_through_by_actor_and_action_and_page_by_page(script: TestClient, database: Database) -> None:
    with database.engine("atlas_app").begin() as connection:
        for number in range(5):
            record(connection, COMMAND_LINE, "test.page", str(number), {"number": number})
        record(connection, COMMAND_LINE, "test.other", "x")
    first = script.get("/api/admin/audit", params={"action": "test.page", "limit": 2}).json()
    second = script.get(
        "/api/admin/audit", params={"action": "test.page", "limit": 3, "before": first["next_before"]}
    ).json()
    assert [entry["subject"] for entry in first["items"] + second["items"]] == ["4", "3", "2", "1", "0"]
    assert second["next_before"] is None
    assert {entry["action"] for entry in log(script, actor="COMMAND", action="test.")} == {"test.page", "test.other"}
    assert log(script, actor="nobody at all") == []
    assert log(script, actor="%") == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'somebody else'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "INSERT INTO audit_log (id, actor, action) OVERRIDING SYSTEM VALUE VALUES (1, 'me', 'x')",
        "ALTER TABLE audit_log ADD COLUMN x int",
        "DROP TABLE audit_log",
        "CREATE RULE hide AS ON INSERT TO audit_log DO INSTEAD NOTHING",
    ],
)
def test_the_backend_cannot_change_the_log(database: Database, statement: str) -> None:
    with database.engine("atlas_app").begin() as connection:
        record(connection, COMMAND_LINE, "test.kept", "1")
    with database.connect("atlas_app") as connection, pytest.raises(psycopg.Error):
        connection.execute(statement)


@pytest.mark.parametrize("role", ["atlas_reader", "atlas_loader", "atlas_person"])
@pytest.mark.parametrize(
    "statement", ["SELECT * FROM audit_log", "INSERT INTO audit_log (actor, action) VALUES ('me', 'x')"]
)
def test_nobody_else_reads_the_log_or_writes_to_it(database: Database, role: str, statement: str) -> None:
    login = "atlas_app" if role == "atlas_person" else role
    with database.connect(login) as connection:
        if role == "atlas_person":
            connection.execute("SET ROLE atlas_person")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
            connection.execute(statement)


def test_the_log_forgets_the_address_of_an_account_that_was_deleted(script: TestClient, database: Database) -> None:
    person = new_person(database)
    with database.engine("atlas_app").begin() as connection:
        record(connection, COMMAND_LINE, "test.account", str(person.id))
    [entry] = log(script, action="test.account")
    assert (entry["subject"], entry["subject_email"]) == (str(person.id), person.email)
    with database.engine("atlas_app").begin() as connection:
        connection.execute(text("DELETE FROM users WHERE id = :id"), {"id": person.id})
    [entry] = log(script, action="test.account")
    assert (entry["subject"], entry["subject_email"]) == (str(person.id), None)
