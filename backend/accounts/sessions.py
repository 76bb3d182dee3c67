"""Login sessions: the cookie's value is a random code, and the database knows its hash. Connections are those of atlas_app.

A code that the browser brought is never taken over: who signs in gets a new session with a new code.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from backend.accounts.codes import hash_code, new_code

LASTS = timedelta(days=90)
"""How long a session lasts at most."""
UNUSED = timedelta(days=14)
"""How long a session lasts after it was last used."""
RENEWED_EVERY = timedelta(hours=1)
"""How long a session in use keeps its code."""
OVERLAP = timedelta(minutes=1)
"""How long a code that was renewed still opens the session after the new one was used for the first time."""
SEEN_EVERY = timedelta(minutes=1)
"""How often it is written down that a session or a bearer token is in use."""


def open_session(connection: Connection, person: UUID, device: str = "") -> str:
    """Open a session for somebody who has proved who they are, and return the code for their cookie.

    `device` is what the person is to recognise it by. Some sessions that have run out are cleared away on the way.
    """
    code = new_code()
    connection.execute(
        text("""
            INSERT INTO login_sessions (person, code_hash, expires_at, device)
            VALUES (:person, :hash, now() + :unused, :device)
        """),
        {"person": person, "hash": hash_code(code), "unused": UNUSED, "device": device[:200]},
    )
    connection.execute(
        text("""
            DELETE FROM login_sessions WHERE id IN (
                SELECT id FROM login_sessions WHERE expires_at < now()
                ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
            )
        """)
    )
    return code


def renew_session(connection: Connection, session: UUID, code: str) -> str | None:
    """Give a session a new code and return it; None where another request has just done so.

    The code that was shown stays valid until the new one has been used and for OVERLAP after that.
    """
    new = new_code()
    renewed = connection.execute(
        text("""
            UPDATE login_sessions
            SET code_hash = :new, previous_hash = :shown, previous_until = NULL, renewed_at = now()
            WHERE id = :session
              AND CASE WHEN code_hash = :shown THEN renewed_at < now() - :every
                       ELSE previous_hash = :shown AND previous_until IS NULL AND renewed_at < now() - :overlap END
        """),
        {
            "new": hash_code(new),
            "shown": hash_code(code),
            "session": session,
            "every": RENEWED_EVERY,
            "overlap": OVERLAP,
        },
    ).rowcount
    return new if renewed else None


def replace_code(connection: Connection, session: UUID) -> str:
    """Give a session a new code and return it; every code that it had before opens nothing from then on."""
    new = new_code()
    connection.execute(
        text("""
            UPDATE login_sessions
            SET code_hash = :new, previous_hash = NULL, previous_until = NULL, renewed_at = now()
            WHERE id = :session
        """),
        {"new": hash_code(new), "session": session},
    )
    return new


def end_session(connection: Connection, code: str) -> None:
    """End the session of a cookie; whoever has the code is nobody from then on."""
    connection.execute(
        text("DELETE FROM login_sessions WHERE code_hash = :hash OR previous_hash = :hash"), {"hash": hash_code(code)}
    )


def end_sessions(connection: Connection, person: UUID, *, but: UUID | None = None) -> None:
    """End all sessions of somebody, or all but one."""
    connection.execute(
        text("DELETE FROM login_sessions WHERE person = :person AND id IS DISTINCT FROM CAST(:but AS uuid)"),
        {"person": person, "but": but},
    )
