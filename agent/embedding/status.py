"""Which embedding models have vectors, what waits for them, and dropping those that nobody wants any more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, text

from agent.embedding.queue import MOST_REFUSALS

_MODELS = text("""
    SELECT
        m.model,
        m.ready_at IS NOT NULL AS ready,
        m.retired_at IS NOT NULL AS retired,
        (SELECT count(DISTINCT example_id) FROM example_embeddings AS v WHERE v.model = m.model) AS examples,
        (SELECT count(*) FROM example_embeddings AS v WHERE v.model = m.model) AS vectors,
        (SELECT count(*) FROM embedding_queue AS q WHERE q.model = m.model) AS waiting,
        (SELECT count(*) FROM embedding_queue AS q WHERE q.model = m.model AND q.attempts > 0) AS failed,
        (
            SELECT count(*) FROM embedding_queue AS q WHERE q.model = m.model AND q.alone AND q.attempts >= :refusals
        ) AS given_up,
        (SELECT q.error FROM embedding_queue AS q WHERE q.model = m.model AND q.error IS NOT NULL ORDER BY q.due_at DESC LIMIT 1) AS error
    FROM embedding_models AS m
    ORDER BY m.chosen_at DESC NULLS LAST, m.model
""")
_FORGET = text("DELETE FROM embedding_models WHERE NOT (model = ANY(:kept)) RETURNING model")


def models(connection: Connection) -> list[dict[str, Any]]:
    """Every known model, the one chosen last first: examples and vectors that are there, jobs that wait, failed ones with an error, given up ones."""
    return [dict(row) for row in connection.execute(_MODELS, {"refusals": MOST_REFUSALS}).mappings()]


def forget_others(connection: Connection, kept: Collection[str]) -> list[str]:
    """Drop the vectors, jobs and index of every model that is not kept; returns their names."""
    return sorted(connection.execute(_FORGET, {"kept": list(kept)}).scalars())
