"""The record of what administrators do; rows are only ever added. Connections are those of atlas_app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from backend.accounts.person import Person

COMMAND_LINE = "command line"
INSTALLATION_TOKEN = "installation token"


def record(
    connection: Connection, actor: Person | str, action: str, subject: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """Record an action, in the transaction that carries it out.

    `actor` is a person, COMMAND_LINE or INSTALLATION_TOKEN; `action` a dotted word such as `user.disable`; `subject` the id
    of what it was done to. No secret belongs into `detail`.
    """
    person = actor if isinstance(actor, Person) else None
    connection.execute(
        text("""
            INSERT INTO audit_log (person, actor, action, subject, detail)
            VALUES (:person, :actor, :action, :subject, :detail)
        """),
        {
            "person": person and person.id,
            "actor": person.email if person else actor,
            "action": action,
            "subject": subject,
            "detail": Jsonb(dict(detail or {})),
        },
    )
