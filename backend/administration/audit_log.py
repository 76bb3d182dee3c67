"""The record of what administrators did, as it is looked through. Connections are those of atlas_app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

# What was done to an account names the account's address as it is today: with the account it is gone from here as well.
_LOG = """
    SELECT a.id, a.at, a.person, a.actor, a.action, a.subject, a.detail, u.email AS subject_email
    FROM audit_log AS a
    LEFT JOIN users AS u ON u.id::text = a.subject
    WHERE true
"""
_CONDITIONS = {
    "actor": "strpos(lower(a.actor), lower(:actor)) > 0",
    "action": "starts_with(a.action, :action)",
    "before": "a.id < :before",
}


@dataclass(frozen=True)
class AuditPage:
    """Some entries, the newest first; `next_before` is where older ones follow."""

    items: list[dict[str, Any]]
    next_before: int | None


def list_audit(connection: Connection, limit: int, **conditions: Any) -> AuditPage:
    """Return the newest entries that meet every condition that is given.

    `actor` is a part of the actor's name, `action` the beginning of the action's, `before` an id.
    """
    given = {name: value for name, value in conditions.items() if value not in (None, "")}
    clauses = "".join(f" AND {_CONDITIONS[name]}" for name in given)
    query = text(f"{_LOG}{clauses} ORDER BY a.id DESC LIMIT :limit")
    found = [dict(row) for row in connection.execute(query, {**given, "limit": limit + 1}).mappings()]
    items = found[:limit]
    return AuditPage(items, items[-1]["id"] if len(found) > limit else None)
