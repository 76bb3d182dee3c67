"""The stored turns as a curator looks through them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

_SELECTED = """
    SELECT t.id, t.run_id, t.question, t.masked, t.status, t.source, t.answer, t.cypher, t.example, t.examples, t.dataset,
        t.as_of, t.model, t.prompt_version, t.elapsed_ms, t.stages_ms, t.prompt_tokens, t.completion_tokens,
        t.cost_usd::float8 AS cost_usd, t.tries, t.errors, t.created_at, f.verdict, f.reason,
        (SELECT array_agg(e.id ORDER BY e.id) FROM cypher_examples AS e WHERE e.turn_id = t.id) AS made_into
    FROM turns AS t
    LEFT JOIN feedback AS f ON f.turn_id = t.id
    WHERE true
"""
_CONDITIONS = {
    "verdict": "f.verdict = :verdict",
    "status": "t.status = :status",
    "source": "t.source = :source",
    "q": "(strpos(lower(t.question), lower(:q)) > 0 OR strpos(lower(t.masked), lower(:q)) > 0)",
    "before": "t.id < :before",
}


def list_turns(connection: Connection, limit: int, **conditions: Any) -> list[dict[str, Any]]:
    """Return the newest turns that meet every condition that is given (verdict, status, source, q, before an id)."""
    given = {name: value for name, value in conditions.items() if value is not None}
    clauses = "".join(f" AND {_CONDITIONS[name]}" for name in given)
    query = text(f"{_SELECTED}{clauses} ORDER BY t.id DESC LIMIT :limit")
    return [_shown(dict(row)) for row in connection.execute(query, {**given, "limit": limit}).mappings()]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    verdict, reason = row.pop("verdict"), row.pop("reason")
    examples = [{"id": example_id, "similarity": similarity} for example_id, similarity in row["examples"]]
    feedback = {"verdict": verdict, "reason": reason or None} if verdict else None
    return {**row, "examples": examples, "made_into": row["made_into"] or [], "feedback": feedback}
