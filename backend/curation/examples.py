"""Examples that come from feedback: made as candidates, edited, promoted and retired. Seeds are edited in their file."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, text

from agent.cypher.guard import check
from agent.personal_data import masked_personal_data
from agent.templates import Branch
from agent.verified_example import CURATED, Example, Lookup, Slot
from backend.errors import AtlasError, Conflict, NotFound
from backend.graph.labels import HISTORY, MARKET

_COLUMNS = """
    id, kind, lang, question, paraphrases, graph, cypher, slots, lookups, title, answer, answer_empty, suggestions, status,
    source, turn_id, trial, created_at, updated_at
"""
_LIST = f"SELECT {_COLUMNS} FROM cypher_examples WHERE true"
_ONE = text(f"SELECT {_COLUMNS} FROM cypher_examples WHERE id = :id FOR UPDATE")
_INSERT = text("""
    INSERT INTO cypher_examples (
        id, kind, lang, question, paraphrases, masked, graph, cypher, slots, title, answer, answer_empty, suggestions, status,
        source, content_hash, turn_id, trial
    )
    VALUES (
        :id, :kind, :lang, :question, :paraphrases, :masked, :graph, :cypher, CAST(:slots AS jsonb), :title,
        CAST(:answer AS jsonb), CAST(:answer_empty AS jsonb), :suggestions, 'candidate', 'feedback', :content_hash, :turn_id,
        :trial
    )
""")
_UPDATE = text("""
    UPDATE cypher_examples
    SET lang = :lang, question = :question, paraphrases = :paraphrases, masked = :masked, graph = :graph, cypher = :cypher,
        slots = CAST(:slots AS jsonb), title = :title, answer = CAST(:answer AS jsonb),
        answer_empty = CAST(:answer_empty AS jsonb), suggestions = :suggestions, status = :status,
        content_hash = :content_hash, trial = :trial, updated_at = now()
    WHERE id = :id
""")
_STATUS = text("UPDATE cypher_examples SET status = :status, updated_at = now() WHERE id = :id")
_TURN = text("SELECT id, question, cypher FROM turns WHERE run_id = :run_id ORDER BY id DESC LIMIT 1")


@dataclass(frozen=True)
class Curated:
    """A stored example with what a curator needs to know of it."""

    example: Example
    status: str
    source: str
    trial: str
    turn_id: int | None
    created_at: datetime
    updated_at: datetime


def list_examples(connection: Connection, limit: int, status: str | None, q: str | None) -> list[Curated]:
    """Return the examples of a status whose texts contain `q`, the latest edited first."""
    conditions, given = "", {"limit": limit}
    if status is not None:
        conditions, given["status"] = f"{conditions} AND status = :status", status
    if q:
        conditions += (
            " AND strpos(lower(concat_ws(' ', id, question, array_to_string(paraphrases, ' '), cypher)), lower(:q)) > 0"
        )
        given["q"] = q
    query = text(f"{_LIST}{conditions} ORDER BY updated_at DESC, id LIMIT :limit")
    return [_curated(row) for row in connection.execute(query, given).mappings()]


def get_example(connection: Connection, example_id: str) -> Curated:
    """Return an example, locked until the transaction ends. Raises NotFound."""
    row = connection.execute(_ONE, {"id": example_id}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no example {example_id!r}", ko="그런 예시가 없습니다.")
    return _curated(row)


def candidate_of_turn(connection: Connection, run_id: str) -> Curated:
    """Make a candidate of a stored turn, from its question and its last query. Raises NotFound."""
    turn = connection.execute(_TURN, {"run_id": run_id}).one_or_none()
    if turn is None:
        raise NotFound(f"there is no stored turn {run_id!r}", ko="저장된 답변을 찾을 수 없습니다.")
    cypher = turn.cypher[-1] if turn.cypher else ""
    return add_candidate(connection, turn.question, cypher, graph_of(cypher), turn_id=turn.id)


def add_candidate(
    connection: Connection, question: str, cypher: str, graph: str, *, turn_id: int | None = None
) -> Curated:
    """Store a candidate; the question as it was asked is what it will be tried with."""
    question = masked_personal_data(question)
    example = Example(
        id=f"feedback-{secrets.token_hex(6)}", kind=CURATED, lang=language(question), question=plain_wording(question),
        graph=graph, cypher=cypher,
    )  # fmt: skip
    connection.execute(_INSERT, {**_row(example), "turn_id": turn_id, "trial": question})
    return get_example(connection, example.id)


def change(connection: Connection, stored: Curated, example: Example, *, status: str, trial: str) -> Curated:
    """Store an edited example. Raises Conflict for one that comes from the seeds file."""
    if stored.source != "feedback":
        raise Conflict(
            f"{example.id} comes from the seeds file and is edited there",
            ko="기본 예시는 여기에서 고칠 수 없습니다. 새 후보를 만들어 고쳐 주세요.",
        )
    connection.execute(_UPDATE, {**_row(example), "status": status, "trial": masked_personal_data(trial)})
    return get_example(connection, example.id)


def set_status(connection: Connection, example_id: str, status: str) -> Curated:
    """Change whether an example is offered for questions."""
    connection.execute(_STATUS, {"id": example_id, "status": status})
    return get_example(connection, example_id)


def graph_of(cypher: str) -> str:
    """Return the graph in which a query may run: the market now, unless only the history has what it names."""
    for graph in (MARKET, HISTORY):
        try:
            check(cypher, graph)
        except AtlasError:
            continue
        return graph
    return MARKET


def language(question: str) -> str:
    """Return ko for a question with Korean letters, else en."""
    return "ko" if any("가" <= character <= "힣" for character in question) else "en"


def plain_wording(question: str) -> str:
    """A question without braces, which mark slots in a wording."""
    return question.replace("{", "(").replace("}", ")")


def _curated(row: RowMapping) -> Curated:
    example = Example(
        **{name: row[name] for name in ("id", "kind", "lang", "question", "graph", "cypher", "title")},
        paraphrases=tuple(row["paraphrases"]),
        suggestions=tuple(row["suggestions"]),
        slots=tuple(Slot(**slot) for slot in row["slots"]),
        lookups=tuple(Lookup(**lookup) for lookup in row["lookups"]),
        answer=tuple(Branch(**branch) for branch in row["answer"]),
        answer_empty=tuple(Branch(**branch) for branch in row["answer_empty"]),
    )
    known = {name: row[name] for name in ("status", "source", "trial", "turn_id", "created_at", "updated_at")}
    return Curated(example, **known)


def _row(example: Example) -> dict[str, Any]:
    return {
        **{name: getattr(example, name) for name in ("id", "kind", "lang", "question", "graph", "cypher", "title")},
        "paraphrases": list(example.paraphrases),
        "suggestions": list(example.suggestions),
        "slots": _json(example.slots),
        "answer": _json(example.answer),
        "answer_empty": _json(example.answer_empty),
        "masked": list(example.masked),
        "content_hash": example.content_hash,
    }


def _json(items: Sequence[Any]) -> str:
    return orjson.dumps([asdict(item) for item in items]).decode()
