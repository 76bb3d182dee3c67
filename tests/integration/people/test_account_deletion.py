"""With an account goes everything: no table of the database knows its id, its address or what was kept for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.accounts.audit import COMMAND_LINE, record
from backend.accounts.person import Person
from backend.accounts.signed_in import signed_in, signed_in_here
from backend.accounts.users import delete_user, set_disabled, set_role
from backend.app import create_app
from backend.db.engine import Database
from backend.errors import Conflict
from backend.settings import Settings
from backend.visitor import COOKIE as VISITOR_COOKIE
from tests.accounts import execute, login, new_email, register, signed_up
from tests.people import PASSWORD, new_person
from tests.private_marks import MarkedPerson, plant


@pytest.fixture(scope="module")
def page(chat_database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(chat_database, settings)) as client:
        yield client


@pytest.fixture
def somebody(page: TestClient, chat_database: Database, settings: Settings) -> MarkedPerson:
    page.cookies.clear()
    return plant(chat_database, page, settings)


def tables_with(database: Database, words: list[str]) -> dict[str, set[str]]:
    """Return which tables of the whole database have a row in which one of these words stands, and which words."""
    found: dict[str, set[str]] = {}
    with database.connect() as administrator:
        tables = administrator.execute(
            """
            SELECT c.oid::regclass::text
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm', 'p')
              AND n.nspname !~ '^pg_'
              AND n.nspname NOT IN ('information_schema', 'ag_catalog')
            """
        ).fetchall()
        assert len(tables) > 40
        for (table,) in tables:
            for word in words:
                row = administrator.execute(f"SELECT 1 FROM {table} AS t WHERE strpos(t::text, %s) > 0 LIMIT 1", [word])
                if row.fetchone():
                    found.setdefault(table, set()).add(word)
    return found


def delete_by_page(page: TestClient, somebody: MarkedPerson, database: Database) -> None:
    browser = TestClient(page.app, cookies=somebody.somebody.cookies)
    assert browser.request("DELETE", "/api/me", json={"password": PASSWORD}).status_code == 204
    assert browser.get("/api/me").status_code == 401


def delete_by_function(page: TestClient, somebody: MarkedPerson, database: Database) -> None:
    with database.engine("atlas_app").begin() as connection:
        delete_user(connection, somebody.somebody.id)


@pytest.mark.parametrize("delete", [delete_by_page, delete_by_function])
def test_no_table_of_the_whole_database_keeps_a_trace(
    page: TestClient, chat_database: Database, somebody: MarkedPerson, delete: Callable
) -> None:
    words = [str(somebody.somebody.id), somebody.somebody.email, *somebody.marks.values()]
    before = tables_with(chat_database, words)
    assert {"users", "login_sessions", "watchlist", "notifications", "discord_posts", "turns"} <= set(before)
    delete(page, somebody, chat_database)
    assert tables_with(chat_database, words) == {}


def test_the_record_of_what_administrators_did_keeps_the_id_and_nothing_else(
    page: TestClient, chat_database: Database, somebody: MarkedPerson
) -> None:
    with chat_database.engine("atlas_app").begin() as connection:
        set_disabled(connection, somebody.somebody.id, True)
        record(connection, COMMAND_LINE, "user.disable", str(somebody.somebody.id))
    delete_by_function(page, somebody, chat_database)
    words = [str(somebody.somebody.id), somebody.somebody.email, *somebody.marks.values()]
    assert tables_with(chat_database, words) == {"audit_log": {str(somebody.somebody.id)}}


def test_it_takes_the_password_and_leaves_everybody_elses_as_it_was(
    page: TestClient, chat_database: Database, settings: Settings, somebody: MarkedPerson
) -> None:
    other = plant(chat_database, page, settings)
    kept = tables_with(chat_database, [*other.marks.values()])
    browser = TestClient(page.app, cookies=somebody.somebody.cookies)
    refused = browser.request("DELETE", "/api/me", json={"password": "not the password"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/wrong-credentials")
    assert browser.request("DELETE", "/api/me", json={}).status_code == 422
    assert browser.get("/api/me").status_code == 200
    delete_by_page(page, somebody, chat_database)
    assert tables_with(chat_database, [*other.marks.values()]) == kept


def test_the_browser_is_a_new_visitor_and_the_address_is_free_again(page: TestClient, chat_database: Database) -> None:
    browser = TestClient(page.app)
    email = signed_up(browser, name="처음")
    visitor = browser.cookies[VISITOR_COOKIE]
    assert browser.request("DELETE", "/api/me", json={"password": PASSWORD}).status_code == 204
    assert browser.cookies[VISITOR_COOKIE] != visitor
    assert login(browser, email).status_code == 401
    register(browser, email, name="다음")
    assert login(browser, email).json()["name"] == "다음"


def test_an_answer_that_is_still_being_made_leaves_nothing_behind(chat_database: Database) -> None:
    gone = new_person(chat_database)
    execute(chat_database, "DELETE FROM users WHERE id = :id", id=gone.id)
    reader = f"person:{gone.id}"
    execute(chat_database, "INSERT INTO conversations (visitor, id) VALUES (:reader, 'late')", reader=reader)
    execute(
        chat_database,
        """
        INSERT INTO turns (visitor, conversation_id, run_id, question, status, answer, model, elapsed_ms)
        VALUES (:reader, 'late', 'late', '?', 'answered', '!', 'offline', 1)
        """,
        reader=reader,
    )
    execute(chat_database, "SELECT count_model_usage(:reader, '2026-07-08', 1, 1, 1, 0)", reader=reader)
    assert tables_with(chat_database, [str(gone.id)]) == {}


def test_a_load_that_is_writing_an_alert_meanwhile_leaves_nothing_behind(chat_database: Database) -> None:
    somebody = new_person(chat_database)
    with chat_database.connect("atlas_loader") as load:
        load.execute("SELECT add_notification('alert', %s, '2026-07-08', '069500', '{}')", [somebody.id])
        deleting = threading.Thread(
            target=execute, args=(chat_database, "DELETE FROM users WHERE id = :id"), kwargs={"id": somebody.id}
        )
        deleting.start()
        deleting.join(0.3)
        assert deleting.is_alive(), "the deletion waits for the load"
    deleting.join(10)
    assert tables_with(chat_database, [str(somebody.id)]) == {}


def test_the_last_administrator_stays(new_database: Callable[[], Database], settings: Settings) -> None:
    database = new_database()
    first, second = new_person(database, role="admin"), new_person(database, role="admin")

    def attempt(function: Callable, *arguments: object) -> None:
        with database.engine("atlas_app").begin() as connection:
            function(connection, *arguments)

    attempt(set_disabled, second.id, True)
    for function, *arguments in ((delete_user,), (set_role, "user"), (set_disabled, True)):
        with pytest.raises(Conflict, match="last administrator"):
            attempt(function, first.id, *arguments)
    with TestClient(create_app(database, settings), cookies=first.cookies) as client:
        refused = client.request("DELETE", "/api/me", json={"password": PASSWORD})
        assert (refused.status_code, refused.json()["detail"][:10]) == (409, "마지막 관리자입니다")
        assert client.get("/api/me").status_code == 200
    attempt(set_role, first.id, "admin")
    attempt(set_disabled, second.id, False)
    attempt(delete_user, first.id)


def test_two_administrators_who_let_each_other_go_at_once_leave_one(new_database: Callable[[], Database]) -> None:
    database = new_database()
    people = [new_person(database, role="admin") for _ in range(2)]
    start, outcomes = threading.Barrier(2), []

    def demote(person: object) -> None:
        start.wait()
        try:
            with database.engine("atlas_app").begin() as connection:
                set_role(connection, person, "user")
                connection.execute(text("SELECT pg_sleep(0.1)"))
            outcomes.append("done")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=demote, args=(person.id,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["done", "refused"]
    assert len(execute(database, "SELECT 1 FROM users WHERE role = 'admin'")) == 1


def test_a_sign_in_at_the_moment_of_a_password_change_opens_no_session(
    page: TestClient, chat_database: Database
) -> None:
    email = new_email()
    register(TestClient(page.app), email)
    with psycopg.connect(chat_database.url("atlas_app")) as changing:
        changing.execute("UPDATE users SET password_hash = 'another' WHERE email = %s", [email])
        answers = []
        signing_in = threading.Thread(target=lambda: answers.append(login(TestClient(page.app), email).status_code))
        signing_in.start()
        signing_in.join(1.5)
        assert signing_in.is_alive(), "it waits for what becomes of the password"
    signing_in.join(10)
    assert answers == [401]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/watchlist/069500", {}),
        ("GET", "/api/watchlist", None),
        ("POST", "/api/me/tokens", {"name": "late"}),
        ("PUT", "/api/me/discord", {"address": "https://discord.com/api/webhooks/1234/abcd"}),
        ("PATCH", "/api/me", {"quiet_hours": {"from": "22:00", "until": "07:00"}}),
    ],
)
def test_what_was_asked_just_before_the_account_went_is_no_defect(
    chat_database: Database, settings: Settings, method: str, path: str, body: dict | None
) -> None:
    application = create_app(chat_database, settings)
    gone = Person(uuid4(), "gone@example.com", "", "user", session=uuid4())
    application.dependency_overrides = {signed_in: lambda: gone, signed_in_here: lambda: gone}
    answer = TestClient(application).request(method, path, json=body)
    assert answer.status_code == (200 if method == "GET" else 401)
    if method == "GET":
        assert answer.json()["items"] == []
