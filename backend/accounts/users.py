"""Accounts: the table `users`. Connections are those of atlas_app."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, Row, text

from backend.accounts.person import Role
from backend.accounts.sessions import end_sessions
from backend.errors import Conflict, InvalidInput, NotFound


def normalised_email(email: str) -> str:
    """Return an e-mail address as it is stored: normalised, in lower case. Raises InvalidInput."""
    try:
        return validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidInput(f"no e-mail address: {error}", ko="이메일 주소의 형식이 올바르지 않습니다.") from error


def create_user(
    connection: Connection,
    email: str,
    password_hash: str,
    *,
    name: str = "",
    role: Role = "user",
    browser: str | None = None,
) -> UUID | None:
    """Create an account and return its id; None where the address has one already, which is left as it is.

    `email` is normalised; `browser` is the hash of the visitor's cookie whose conversations go to the account when it is
    signed in to for the first time.
    """
    return connection.scalar(
        text("""
            INSERT INTO users (email, name, password_hash, role, first_visitor)
            VALUES (:email, :name, :hash, :role, :browser)
            ON CONFLICT (email) DO NOTHING
            RETURNING id
        """),
        {"email": email, "name": name, "hash": password_hash, "role": role, "browser": browser},
    )


def find_user(connection: Connection, email: str) -> Row[Any] | None:
    """Return the row of `users` with a normalised address, with the hash of its password."""
    return connection.execute(text("SELECT * FROM users WHERE email = :email"), {"email": email}).first()


def set_password(connection: Connection, person: UUID, password_hash: str, *, instead_of: str | None = None) -> bool:
    """Store another password; returns whether that was done.

    It is not where `instead_of` is given and is the hash no longer.
    """
    return (
        connection.execute(
            text("""
                UPDATE users
                SET password_hash = :hash
                WHERE id = :id
                  AND password_hash = coalesce(:instead_of, password_hash)
            """),
            {"id": person, "hash": password_hash, "instead_of": instead_of},
        ).rowcount
        > 0
    )


def list_users(connection: Connection, q: str = "", limit: int = 50, before: UUID | None = None) -> list[Row[Any]]:
    """Return accounts, newest first: id, email, name, role, disabled_at, created_at, seen_at, sessions and watches.

    `q` is text that the address or the name contains; `before` the id of the last one of the page before. `seen_at` is when
    a session or a bearer token was last used, null where there is none; `sessions` and `watches` are numbers.
    """
    return list(
        connection.execute(
            text("""
                SELECT u.id, u.email, u.name, u.role, u.disabled_at, u.created_at,
                       greatest(
                           (SELECT max(s.seen_at) FROM login_sessions AS s WHERE s.person = u.id),
                           (SELECT max(t.used_at) FROM api_tokens AS t WHERE t.person = u.id)
                       ) AS seen_at,
                       (SELECT count(*) FROM login_sessions AS s WHERE s.person = u.id AND s.expires_at > now())
                           AS sessions,
                       (SELECT count(*) FROM watchlist AS w WHERE w.person = u.id) AS watches
                FROM users AS u
                WHERE (:q = '' OR strpos(u.email, lower(:q)) > 0 OR strpos(lower(u.name), lower(:q)) > 0)
                  AND (CAST(:before AS uuid) IS NULL OR u.id < CAST(:before AS uuid))
                ORDER BY u.id DESC
                LIMIT :limit
            """),
            {"q": q, "limit": limit, "before": before},
        )
    )


def set_role(connection: Connection, person: UUID, role: Role) -> None:
    """Make somebody an administrator or a user. Raises NotFound, and Conflict for the last administrator."""
    if role != "admin":
        _leave_an_administrator(connection, person)
    _must_exist(
        connection.execute(text("UPDATE users SET role = :role WHERE id = :id"), {"id": person, "role": role}).rowcount
    )


def set_disabled(connection: Connection, person: UUID, disabled: bool) -> None:
    """Close an account or open it again; closing ends its sessions, and its tokens open nothing.

    Raises NotFound, and Conflict for the last administrator.
    """
    if disabled:
        _leave_an_administrator(connection, person)
    _must_exist(
        connection.execute(
            text("""
                UPDATE users
                SET disabled_at = CASE WHEN :disabled THEN coalesce(disabled_at, now()) END
                WHERE id = :id
            """),
            {"id": person, "disabled": disabled},
        ).rowcount
    )
    if disabled:
        end_sessions(connection, person)


def delete_user(connection: Connection, person: UUID) -> None:
    """Delete an account with all that is kept for it. Raises NotFound, and Conflict for the last administrator."""
    _leave_an_administrator(connection, person)
    _must_exist(connection.execute(text("DELETE FROM users WHERE id = :id"), {"id": person}).rowcount)


def _leave_an_administrator(connection: Connection, person: UUID) -> None:
    # Locked, so that of two who let each other go at once the second finds out.
    administrators = connection.scalars(
        text("SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE")
    ).all()
    if administrators == [person]:
        raise Conflict(
            "this is the last administrator: make somebody else one first",
            ko="마지막 관리자입니다. 먼저 다른 사람을 관리자로 지정하세요.",
        )


def _must_exist(rows: int) -> None:
    if rows == 0:
        raise NotFound("there is no such account", ko="그런 계정이 없습니다.")
