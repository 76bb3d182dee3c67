"""`./atlas user`: the first administrator, and what else is done to accounts from the machine itself."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.accounts import execute, login, new_email
from tests.people import PASSWORD, new_person

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def atlas(database: Database) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs `./atlas user` with something on its standard input."""
    environment = {**os.environ, "ATLAS_HOME": str(database.settings.home), "ATLAS_DATABASE_URL": database.url()}

    def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backend.cli", "user", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, input=given, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def audited(database: Database, person: object) -> list[tuple[str, str, dict]]:
    rows = execute(
        database, "SELECT actor, action, detail FROM audit_log WHERE subject = :id ORDER BY id", id=str(person)
    )
    return [(row.actor, row.action, row.detail) for row in rows]


def test_the_first_administrator_is_made_and_signs_in(atlas: Callable, database: Database, settings: Settings) -> None:
    email = new_email()
    made = atlas("add", email.upper(), "--role", "admin", "--name", "운영자", given=f"{PASSWORD}\n")
    assert (made.returncode, made.stdout) == (0, f"{email} has an account (admin).\n")
    with TestClient(create_app(database, settings)) as client:
        me = login(client, email).json()
        assert (me["role"], me["name"]) == ("admin", "운영자")
        assert client.get("/api/admin/users").status_code == 200
    assert audited(database, me["id"]) == [("command line", "user.add", {"role": "admin"})]
    again = atlas("add", email, given=f"{PASSWORD}\n")
    assert (again.returncode, again.stderr.strip()) == (1, f"error: {email} has an account already")


def test_a_password_is_asked_for_without_showing_it(database: Database) -> None:
    email = new_email()
    screen, keyboard = pty.openpty()
    environment = {**os.environ, "ATLAS_HOME": str(database.settings.home), "ATLAS_DATABASE_URL": database.url()}
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "user", "add", email],
        cwd=ROOT, env=environment, stdin=keyboard, stdout=keyboard, stderr=keyboard, start_new_session=True,
    )  # fmt: skip
    os.close(keyboard)
    told = b""
    for question in (b"Password: ", b"Repeat for confirmation: "):
        while question not in told:
            told += os.read(screen, 1000)
        os.write(screen, f"{PASSWORD}\n".encode())
    while b"has an account" not in told:
        told += os.read(screen, 1000)
    assert process.wait(20) == 0
    assert PASSWORD.encode() not in told
    os.close(screen)


@pytest.mark.parametrize("password", ["", "short", "password123"])
def test_a_weak_password_is_refused_here_too(atlas: Callable, database: Database, password: str) -> None:
    email = new_email()
    refused = atlas("add", email, given=f"{password}\n")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert execute(database, "SELECT 1 FROM users WHERE email = :email", email=email) == []


def test_an_account_is_closed_opened_promoted_and_deleted(
    atlas: Callable, database: Database, settings: Settings
) -> None:
    somebody, admin = new_person(database), new_person(database, role="admin")
    with TestClient(create_app(database, settings), cookies=somebody.cookies) as client:
        assert atlas("disable", somebody.email).returncode == 0
        assert client.get("/api/me").status_code == 401
        assert client.get("/api/me", headers=somebody.headers).status_code == 401
        assert atlas("enable", somebody.email).returncode == 0
        assert client.get("/api/me").status_code == 401, "the sessions have ended"
        assert client.get("/api/me", headers=somebody.headers).json()["role"] == "user"
        assert atlas("role", somebody.email, "admin").returncode == 0
        assert client.get("/api/me", headers=somebody.headers).json()["role"] == "admin"
        assert atlas("delete", somebody.email, given="n\n").returncode == 1
        assert atlas("delete", somebody.email, "--yes").returncode == 0
        assert client.get("/api/me", headers=somebody.headers).status_code == 401
    actions = [action for _, action, _ in audited(database, somebody.id)]
    assert actions == ["user.disable", "user.enable", "user.role", "user.delete"]
    assert audited(database, admin.id) == []


def test_another_password_ends_all_sessions(atlas: Callable, database: Database, settings: Settings) -> None:
    somebody = new_person(database)
    assert atlas("password", somebody.email, given="an entirely different one\n").returncode == 0
    with TestClient(create_app(database, settings), cookies=somebody.cookies) as client:
        assert client.get("/api/me").status_code == 401
        assert login(client, somebody.email).status_code == 401
        assert login(client, somebody.email, "an entirely different one").status_code == 200
    assert [action for _, action, _ in audited(database, somebody.id)] == ["user.password"]


def test_the_list_says_who_is_what_and_never_a_secret(atlas: Callable, database: Database) -> None:
    admin = new_person(database, role="admin", name="운영 하나")
    told = atlas("list", "--json", "--find", admin.email[:12])
    (row,) = json.loads(told.stdout)
    assert (row["email"], row["role"], row["name"], row["sessions"]) == (admin.email, "admin", "운영 하나", 1)
    assert "password_hash" not in row
    plain = atlas("list", "--find", "운영 하나").stdout
    assert f"{admin.email}  admin" in plain
    assert atlas("list", "--find", "%").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["role", "nobody@example.com", "admin"], "nobody@example.com has no account"),
        (["role", "nobody@example.com", "king"], "there is no role 'king'"),
        (["disable", "not an address"], "no e-mail address"),
        (["delete", "nobody@example.com", "--yes"], "nobody@example.com has no account"),
    ],
)
def test_a_mistake_is_one_readable_line(atlas: Callable, arguments: list[str], told: str) -> None:
    refused = atlas(*arguments)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert told in refused.stderr


def test_the_last_administrator_is_not_lost(
    new_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_database()
    admin = new_person(database, role="admin")
    environment = {**os.environ, "ATLAS_HOME": str(database.settings.home), "ATLAS_DATABASE_URL": database.url()}
    for arguments in (["role", admin.email, "user"], ["disable", admin.email], ["delete", admin.email, "--yes"]):
        refused = subprocess.run(
            [sys.executable, "-m", "backend.cli", "user", *arguments],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert refused.returncode == 1
        assert "last administrator" in refused.stderr
    assert execute(database, "SELECT role, disabled_at FROM users") == [("admin", None)]
    assert execute(database, "SELECT 1 FROM audit_log") == []
