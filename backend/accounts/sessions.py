"""Login sessions: the cookie's value is a random code, and the database knows its hash. Connections are those of atlas_app."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from backend.accounts.codes import hash_code, new_code
from backend.accounts.person import Person

LASTS = timedelta(days=30)
"""How long a session lasts after it was last used."""

_BY_SESSION = text("""
    SELECT u.id, u.email, u.name, u.role, s.id AS session
    FROM login_sessions AS s
    JOIN users AS u ON u.id = s.person
    WHERE s.code_hash = :hash
      AND s.expires_at > now()
      AND u.disabled_at IS NULL
""")
_BY_TOKEN = text("""
    SELECT u.id, u.email, u.name, u.role, t.id AS token
    FROM api_tokens AS t
    JOIN users AS u ON u.id = t.person
    WHERE t.code_hash = :hash
      AND coalesce(t.expires_at > now(), true)
      AND u.disabled_at IS NULL
""")


def open_session(connection: Connection, person: UUID, device: str = "") -> str:
    """Open a session for somebody who has proved who they are, and return the code for their cookie."""
    code = new_code()
    connection.execute(
        text("""
            INSERT INTO login_sessions (person, code_hash, expires_at, device)
            VALUES (:person, :hash, now() + :lasts, :device)
        """),
        {"person": person, "hash": hash_code(code), "lasts": LASTS, "device": device[:200]},
    )
    return code


def end_session(connection: Connection, code: str) -> None:
    """End the session of a cookie; whoever has the code is nobody from then on."""
    connection.execute(text("DELETE FROM login_sessions WHERE code_hash = :hash"), {"hash": hash_code(code)})


def person_of_session(connection: Connection, code: str) -> Person | None:
    """Return whose session a cookie's code opens; None where it is over, unknown, or the account is disabled."""
    row = connection.execute(_BY_SESSION, {"hash": hash_code(code)}).first()
    return Person(**row._mapping) if row else None


def person_of_token(connection: Connection, code: str) -> Person | None:
    """Return whose bearer token this is; None where it has expired, is unknown, or the account is disabled."""
    row = connection.execute(_BY_TOKEN, {"hash": hash_code(code)}).first()
    return Person(**row._mapping) if row else None
