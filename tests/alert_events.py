"""Alerts for tests: what a load may tell a person who watches KODEX 200, committed as a load does."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from people import Somebody, new_person
from psycopg.types.json import Jsonb
from sqlalchemy import text

from backend.db.engine import Database

ETF, OTHER_ETF = {"code": "069500", "name": "KODEX 200"}, {"code": "091160", "name": "KODEX 반도체"}
DAY = date(2026, 7, 8)


def row(name: str, action: str | None, before: float | None, after: float | None, size: float) -> dict[str, Any]:
    """One row of an alert; a row that only drifted has no action."""
    told = {"code": "005930", "name": name, "label": "Stock", "weight_before": before, "weight_after": after}
    return (
        {**told, "action": action, "shares_change_pct": None, "size_pp": size}
        if action
        else {**told, "change_pp": size}
    )


CONTENT = {
    "etf": ETF, "date": DAY.isoformat(), "compared_with": "2026-07-06", "gap": ["2026-07-07"], "gap_total": 1,
    "trades": [
        row("삼성전자", "more", 20.1, 21.35, 0.98), row("한미반도체", "new", None, 3.11, 3.11),
        row("SK하이닉스", "less", 25.5, 22.01, 2.9), row("NVIDIA Corp", "out", 1.1, None, 1.1),
    ],
    "trades_total": 12, "drift": [row("리노공업", None, 5.2, 6.41, 1.21)], "drift_total": 1, "weights_comparable": True,
    "premium": {"before": 0.35, "after": 1.2, "limit": 1}, "fee": {"before": 0.45, "after": 0.15},
    "name": {"before": "KODEX 200", "after": "KODEX 코스피200"}, "threshold_pp": 0.5, "sample": False,
}  # fmt: skip


def new_watcher(database: Database) -> Somebody:
    """Make a person who watches KODEX 200."""
    person = new_person(database, name="김하늘")
    with database.engine("atlas_app").begin() as connection:
        connection.execute(
            text("INSERT INTO watchlist (person, etf) VALUES (:person, :etf)"),
            {"person": person.id, "etf": ETF["code"]},
        )
    return person


def tell_alert(database: Database, person: UUID, **changed: Any) -> None:
    """Commit an alert for a person; there is at most one for an ETF and a date."""
    content = {**CONTENT, **changed}
    with database.connect("atlas_app", autocommit=True) as connection:
        connection.execute(
            "SELECT add_notification('alert', %s, %s, %s, %s)", [person, DAY, content["etf"]["code"], Jsonb(content)]
        )
