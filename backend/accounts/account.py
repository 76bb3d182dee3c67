"""One's own account: what it says, and what of it can be changed. Connections are those of atlas_app or of the person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from backend.accounts.schemas import QuietHours
from backend.errors import InvalidInput

_ACCOUNT = text("""
    SELECT u.id, u.email, u.name, u.role, u.created_at,
           to_char(d.quiet_from, 'HH24:MI') AS quiet_from, to_char(d.quiet_until, 'HH24:MI') AS quiet_until
    FROM users AS u
    LEFT JOIN delivery_preferences AS d ON d.person = u.id
    WHERE u.id = :person
""")


def account_of(connection: Connection, person: UUID) -> dict[str, Any] | None:
    """Return what somebody is told of their account, None where it has been deleted."""
    row = connection.execute(_ACCOUNT, {"person": person}).mappings().one_or_none()
    if row is None:
        return None
    told = dict(row)
    hours = {"from": told.pop("quiet_from"), "until": told.pop("quiet_until")}
    return {**told, "quiet_hours": hours if hours["from"] else None}


def rename(connection: Connection, person: UUID, name: str) -> None:
    """Change what the page calls somebody."""
    connection.execute(text("UPDATE users SET name = :name WHERE id = :person"), {"person": person, "name": name})


def set_quiet_hours(connection: Connection, person: UUID, hours: QuietHours | None) -> None:
    """Change when Discord keeps silent; None: never. Raises InvalidInput where it would begin as it ends."""
    if hours and hours.from_ == hours.until:
        raise InvalidInput(
            "quiet hours begin and end at the same time",
            ko="방해 금지 시간의 시작과 끝이 같습니다. 다르게 정해 주세요.",
        )
    connection.execute(
        text("""
            INSERT INTO delivery_preferences AS d (person, quiet_from, quiet_until)
            VALUES (:person, CAST(:quiet_from AS time), CAST(:quiet_until AS time))
            ON CONFLICT (person) DO UPDATE SET quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until
        """),
        {"person": person, "quiet_from": hours and hours.from_, "quiet_until": hours and hours.until},
    )
