"""Promoting a candidate: it has to answer a real question on the loaded market first, then it answers the next such ones."""

from __future__ import annotations

from sqlalchemy import Connection, text

from agent.examples import store
from backend.curation.examples import Curated, change, set_status
from backend.curation.trial import Trial, try_out, with_generic_answer
from backend.db.engine import Database
from backend.errors import InvalidInput
from backend.settings import Settings

_FORGET_VECTORS = text("DELETE FROM example_embeddings WHERE example_id = :id")


def promote(
    database: Database, settings: Settings, connection: Connection, stored: Curated, question: str
) -> tuple[Curated, Trial]:
    """Try the example with a question and make it verified, with its vectors.

    Raises what `try_out` raises, and InvalidInput where the question would not be answered by the example.
    """
    if not stored.example.cypher and stored.source == "feedback":
        raise InvalidInput(
            "the example has no query",
            ko="Cypher가 비어 있습니다.",
            advice="Write the query that answers the question.",
        )
    trial = try_out(database, settings, connection, stored.example, question)
    if not trial.matches:
        raise InvalidInput(
            f"the question {question!r} does not read as one of the example's wordings",
            ko="시험 질문이 이 예시의 문장으로 읽히지 않습니다. 질문 문장이나 자리를 고쳐 주세요.",
            advice="Every name, date and number of the question must be a slot of a wording, and the other words must be the same.",
        )
    if stored.source == "feedback":
        promoted = change(
            connection, stored, with_generic_answer(stored.example), status="verified", trial=stored.trial or question
        )
    else:
        promoted = set_status(connection, stored.example.id, "verified")
    # Its vectors are made at once, so that the very next question finds it.
    connection.execute(_FORGET_VECTORS, {"id": promoted.example.id})
    store(connection)
    return promoted, trial
