"""The queue of examples that wait for their vectors: who is in it, and doing its jobs.

A job is a row of `embedding_queue`: one example for one model. A worker holds the rows of its batch locked while the service
works; the vectors and the end of the jobs are one transaction. So no two workers do a job, and the jobs of a worker that dies
are free again as soon as its connection is gone. An example that the service
refuses again and again for what is in it is left out, and the model serves without it, until its wordings change.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from openai import BadRequestError, OpenAIError, UnprocessableEntityError
from sqlalchemy import Connection, Row, text

from agent.embedding.embedders import Embedder, vector_literal
from backend.db.engine import Database

BATCH = 16
# How often a service may refuse an example for what is in it before the example is done without.
MOST_REFUSALS = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 600.0
# Fewer vectors are compared one by one within two milliseconds; an index over them would only have to be kept.
INDEXED_FROM = 3_000
log = structlog.get_logger(__name__)

_KNOWN = text("""
    INSERT INTO embedding_models (model) VALUES (:model) ON CONFLICT (model) DO NOTHING
""")
_QUEUE_MISSING = text("""
    INSERT INTO embedding_queue (example_id, model, content_hash)
    SELECT e.id, CAST(:model AS text), md5(e.masked::text)
    FROM cypher_examples AS e
    WHERE NOT EXISTS (SELECT FROM example_embeddings AS v WHERE v.model = :model AND v.example_id = e.id)
    ON CONFLICT (model, example_id) DO NOTHING
""")
_FORGET_RETIRED = text("DELETE FROM embedding_models WHERE model = :model AND retired_at IS NOT NULL")
# A model that is chosen again after another one serves only when it has caught up.
_CHOOSE = text("""
    UPDATE embedding_models AS m SET
        chosen_at = clock_timestamp(),
        ready_at = CASE
            WHEN m.model = (SELECT model FROM embedding_models ORDER BY chosen_at DESC NULLS LAST LIMIT 1)
                OR NOT EXISTS (
                    SELECT FROM embedding_queue AS q WHERE q.model = m.model AND NOT (q.alone AND q.attempts >= :refusals)
                )
            THEN m.ready_at
        END
    WHERE m.model = :model
""")
# Everything that storing the vectors will refer to is locked at once, without waiting: there is nothing to deadlock over.
_TAKE = text("""
    SELECT q.example_id, q.attempts, e.masked
    FROM embedding_queue AS q
    JOIN cypher_examples AS e ON e.id = q.example_id
    JOIN embedding_models AS m ON m.model = q.model
    WHERE q.model = :model AND q.alone = :alone AND q.due_at <= now() AND NOT (q.alone AND q.attempts >= :refusals)
    ORDER BY q.due_at, q.example_id
    LIMIT :most
    FOR UPDATE OF q SKIP LOCKED
    FOR KEY SHARE OF e, m SKIP LOCKED
""")
_REMOVE_VECTORS = text("DELETE FROM example_embeddings WHERE model = :model AND example_id = ANY(:ids)")
_INSERT_VECTOR = text("""
    INSERT INTO example_embeddings (example_id, text_no, model, embedding)
    VALUES (:example_id, :text_no, :model, CAST(:embedding AS vector))
""")
_DONE = text("DELETE FROM embedding_queue WHERE model = :model AND example_id = ANY(:ids)")
_LATER = text("""
    UPDATE embedding_queue
    SET attempts = CASE WHEN :alone AND NOT alone THEN 1 ELSE attempts + 1 END, error = :error, alone = :alone, due_at = clock_timestamp() + make_interval(secs => :wait)
    WHERE model = :model AND example_id = :example_id
""")
_MARK_READY = text("""
    UPDATE embedding_models SET ready_at = clock_timestamp()
    WHERE model = :model AND ready_at IS NULL AND NOT EXISTS (
        SELECT FROM embedding_queue WHERE model = :model AND NOT (alone AND attempts >= :refusals)
    )
    RETURNING model
""")
_LACKS_INDEX = text("""
    SELECT to_regclass('public.' || embedding_index(:model)) IS NULL
        AND (SELECT count(*) FROM example_embeddings WHERE model = :model) >= :many
""")
_INDEX = text("SELECT index_embeddings(:model)")


@dataclass(frozen=True)
class Batch:
    """What came of a batch: jobs done, jobs put off, and how long the service should be left alone (seconds, 0: not at all)."""

    done: int = 0
    failed: int = 0
    pause_s: float = 0.0

    @property
    def found(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.done or self.failed)


def make_known(connection: Connection, model: str) -> None:
    """Add a model, for which every example then waits; one that is known already is left as it is."""
    connection.execute(_FORGET_RETIRED, {"model": model})
    connection.execute(_KNOWN, {"model": model})


def choose(connection: Connection, model: str) -> None:
    """Make a model known and the one that is to serve."""
    make_known(connection, model)
    connection.execute(_CHOOSE, {"model": model, "refusals": MOST_REFUSALS})
    mark_ready(connection, model)


def queue_missing(connection: Connection, model: str) -> None:
    """Let every example wait that has no vector, whoever removed it."""
    connection.execute(_QUEUE_MISSING, {"model": model})


def mark_ready(connection: Connection, model: str) -> bool:
    """Let a model serve when nothing waits for it any more but what its service refuses; True when this was the moment."""
    ready = connection.execute(_MARK_READY, {"model": model, "refusals": MOST_REFUSALS}).first() is not None
    if ready:
        told = log.debug if model.startswith("offline-") else log.info
        told("the embedding model is ready", model=model)
    return ready


def work_batch(database: Database, embedder: Embedder, most: int = BATCH) -> Batch:
    """Do the jobs of one batch, in a transaction of its own."""
    with database.engine("atlas_app").begin() as connection:
        batch = do_jobs(connection, embedder, most)
    with database.engine("atlas_app").begin() as connection:
        mark_ready(connection, embedder.name)
    if batch.done < most:
        with database.engine("atlas_app").begin() as connection:
            index_when_many(connection, embedder.name)
    return batch


def do_jobs(connection: Connection, embedder: Embedder, most: int = BATCH) -> Batch:
    """Embed the examples of at most `most` jobs that are due and that nobody else is at; failures are noted, not raised."""
    jobs = _take(connection, embedder.name, most)
    if not jobs:
        return Batch()
    try:
        vectors = embedder.embed([wording for job in jobs for wording in job.masked])
    except (OpenAIError, ValueError) as error:
        return _put_off(connection, embedder.name, jobs, error)
    _store(connection, embedder.name, jobs, vectors)
    return Batch(done=len(jobs))


def index_when_many(connection: Connection, model: str) -> None:
    """Make the model's index where it has so many vectors that comparing with each takes too long."""
    if connection.execute(_LACKS_INDEX, {"model": model, "many": INDEXED_FROM}).scalar_one():
        connection.execute(_INDEX, {"model": model})


def _take(connection: Connection, model: str, most: int) -> Sequence[Row]:
    parameters = {"model": model, "most": most, "alone": False, "refusals": MOST_REFUSALS}
    jobs = connection.execute(_TAKE, parameters).all()
    return jobs or connection.execute(_TAKE, {**parameters, "most": 1, "alone": True}).all()


def _store(connection: Connection, model: str, jobs: Sequence[Row], vectors: Iterable[Sequence[float]]) -> None:
    """Replace the vectors of the jobs' examples and end the jobs."""
    ids = [job.example_id for job in jobs]
    wordings = [(job.example_id, number) for job in jobs for number in range(len(job.masked))]
    rows: list[dict[str, Any]] = [
        {"example_id": example_id, "text_no": number, "model": model, "embedding": vector_literal(vector)}
        for (example_id, number), vector in zip(wordings, vectors, strict=True)
    ]
    connection.execute(_REMOVE_VECTORS, {"model": model, "ids": ids})
    connection.execute(_INSERT_VECTOR, rows)
    connection.execute(_DONE, {"model": model, "ids": ids})


def _put_off(connection: Connection, model: str, jobs: Sequence[Row], error: Exception) -> Batch:
    """Keep the error with the jobs and try them later: each by itself where the batch was refused for what is in it."""
    refused = isinstance(error, (BadRequestError, UnprocessableEntityError))
    waits = [0.0 if refused and len(jobs) > 1 else max(backoff_s(job.attempts), _retry_after_s(error)) for job in jobs]
    message = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    connection.execute(
        _LATER,
        [
            {"model": model, "example_id": job.example_id, "error": message, "alone": refused, "wait": wait}
            for job, wait in zip(jobs, waits, strict=True)
        ],
    )
    pause = 0.0 if refused else min(waits)
    log.warning("embedding failed", model=model, jobs=len(jobs), error=message, again_in_s=round(min(waits), 1))
    return Batch(failed=len(jobs), pause_s=pause)


def backoff_s(attempts: int) -> float:
    """How long to wait after a failure that `attempts` others preceded, seconds: doubling, with jitter of a quarter."""
    wait = min(FIRST_WAIT_S * 2 ** min(attempts, 20), LONGEST_WAIT_S)
    return wait * random.uniform(0.75, 1.25)


def _retry_after_s(error: Exception) -> float:
    """What the service asks for, seconds."""
    response = getattr(error, "response", None)
    try:
        return min(float(response.headers.get("retry-after", 0)), LONGEST_WAIT_S) if response is not None else 0.0
    except ValueError:
        return 0.0
