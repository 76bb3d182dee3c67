"""Bearer tokens, for programs that act for somebody. Connections are those of the person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from backend.accounts.codes import TOKEN_PREFIX, hash_code, new_code
from backend.errors import Conflict

MOST_TOKENS = 20
"""Most tokens that one person has at a time."""


def list_tokens(connection: Connection) -> list[Row[Any]]:
    """Return the person's tokens, newest first."""
    return list(
        connection.execute(
            text("SELECT id, name, created_at, used_at, expires_at FROM api_tokens ORDER BY created_at DESC, id")
        )
    )


def make_token(connection: Connection, person: UUID, name: str, days: int | None) -> tuple[Row[Any], str]:
    """Make a token that lasts so many days, or until it is revoked; return its row and the token itself.

    Raises Conflict where the person has MOST_TOKENS.
    """
    token = new_code(TOKEN_PREFIX)
    # Whoever makes tokens for one person queues here, so that two at once cannot both find the last free place.
    connection.execute(text("SELECT FROM users WHERE id = :person FOR NO KEY UPDATE"), {"person": person})
    row = connection.execute(
        text("""
            INSERT INTO api_tokens (person, name, code_hash, expires_at)
            SELECT :person, :name, :hash, now() + make_interval(days => CAST(:days AS integer))
            WHERE (SELECT count(*) FROM api_tokens) < :most
            RETURNING id, name, created_at, used_at, expires_at
        """),
        {"person": person, "name": name, "hash": hash_code(token), "days": days, "most": MOST_TOKENS},
    ).one_or_none()
    if row is None:
        raise Conflict(
            f"there are {MOST_TOKENS} tokens already",
            ko=f"API 토큰은 {MOST_TOKENS}개까지 만들 수 있습니다. 쓰지 않는 토큰을 지우세요.",
        )
    return row, token


def revoke_token(connection: Connection, token: UUID) -> bool:
    """Delete a token; returns whether there was one."""
    return connection.execute(text("DELETE FROM api_tokens WHERE id = :id"), {"id": token}).rowcount > 0
