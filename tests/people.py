"""People for tests: accounts made past the HTTP interface, and clients that are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import text

from backend.accounts.codes import TOKEN_PREFIX, hash_code, new_code
from backend.accounts.passwords import hash_password
from backend.accounts.sessions import open_session
from backend.accounts.signed_in import COOKIE
from backend.db.engine import Database

PASSWORD = "correct horse battery"
# Hashing is slow on purpose; the tests' people all have this one password.
_HASH = hash_password(PASSWORD)


@dataclass(frozen=True)
class Somebody:
    """An account with a session: `cookies` and `headers` sign a request, one by cookie and the other by bearer token."""

    id: UUID
    email: str
    code: str
    token: str

    @property
    def cookies(self) -> dict[str, str]:
        return {COOKIE: self.code}

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def new_person(database: Database, *, role: str = "user", email: str | None = None, name: str = "") -> Somebody:
    """Make an account with PASSWORD, one session and one bearer token."""
    email = email or f"{uuid4().hex[:12]}@example.com"
    token = new_code(TOKEN_PREFIX)
    with database.engine("atlas_app").begin() as connection:
        person = connection.scalar(
            text(
                "INSERT INTO users (email, name, password_hash, role) VALUES (:email, :name, :hash, :role) RETURNING id"
            ),
            {"email": email, "name": name, "hash": _HASH, "role": role},
        )
        code = open_session(connection, person, "test")
        connection.execute(
            text("INSERT INTO api_tokens (person, name, code_hash) VALUES (:person, 'test', :hash)"),
            {"person": person, "hash": hash_code(token)},
        )
    return Somebody(person, email, code, token)
