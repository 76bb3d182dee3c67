"""Accounts: the table `users`. Connections are those of atlas_app."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, Row, text

from backend.accounts.passwords import hash_password
from backend.accounts.person import Role
from backend.errors import InvalidInput

LEAST_PASSWORD, MOST_PASSWORD = 10, 200
"""Fewest and most characters of a password."""


def normalised_email(email: str) -> str:
    """Return an e-mail address as it is stored: normalised, in lower case. Raises InvalidInput."""
    try:
        return validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidInput(f"no e-mail address: {error}", ko="이메일 주소의 형식이 올바르지 않습니다.") from error


def create_user(
    connection: Connection, email: str, password: str, *, name: str = "", role: Role = "user"
) -> UUID | None:
    """Create an account and return its id; None where the address has one already, which is left as it is."""
    return connection.scalar(
        text("""
            INSERT INTO users (email, name, password_hash, role)
            VALUES (:email, :name, :hash, :role)
            ON CONFLICT (email) DO NOTHING
            RETURNING id
        """),
        {"email": normalised_email(email), "name": name, "hash": hash_password(password), "role": role},
    )


def find_user(connection: Connection, email: str) -> Row[Any] | None:
    """Return the row of `users` with a normalised address, with the hash of its password."""
    return connection.execute(text("SELECT * FROM users WHERE email = :email"), {"email": email}).first()
