"""The stored turns: every question with its answer and how it came about, whose conversation it belongs to, and feedback.

Personal data is masked in whatever people wrote before it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, text

from agent.alert_wishes.proposal import AlertProposal
from agent.answer import Answer, Table
from agent.personal_data import masked_personal_data
from backend.chat.proposals import Waiting, waiting_proposal
from backend.chat.run import Failure
from backend.chat.schemas import ChatRequest
from backend.db.engine import Database

MOST_ROWS = 200
MOST_BYTES = 200_000
"""Most rows and most bytes of tables that are stored of one turn; the rest is left out and the table says so."""
NEWEST = 50
_PATIENCE = text("SELECT set_config('statement_timeout', '2000', true), set_config('lock_timeout', '1000', true)")
_CONVERSATION = text("INSERT INTO conversations (visitor, id) VALUES (:visitor, :id) ON CONFLICT DO NOTHING")
_TURN = text("""
    WITH turn AS (
    INSERT INTO turns (
        visitor, conversation_id, run_id, question, masked, status, source, answer, tables, cypher, suggestions, example,
        examples, dataset, as_of, model, prompt_version, elapsed_ms, stages_ms, prompt_tokens, completion_tokens, cost_usd,
        tries, errors
    )
    VALUES (
        :visitor, :conversation_id, :run_id, :question, :masked, :status, :source, :answer, CAST(:tables AS jsonb), :cypher,
        :suggestions, :example, CAST(:examples AS jsonb), :dataset, CAST(:as_of AS date), :model, :prompt_version,
        :elapsed_ms, CAST(:stages_ms AS jsonb), :prompt_tokens, :completion_tokens, :cost_usd, :tries, :errors
    )
    ON CONFLICT (visitor, run_id) DO NOTHING
    RETURNING id
    )
    INSERT INTO alert_proposals (turn_id, proposal)
    SELECT id, CAST(:proposal AS jsonb) FROM turn WHERE CAST(:proposal AS jsonb) IS NOT NULL
""")
_SHOWN = """
    SELECT t.run_id, t.conversation_id, t.question, t.status, t.source, t.answer, t.tables, t.cypher, t.suggestions, t.example,
        t.dataset, t.as_of, t.model, t.elapsed_ms, t.created_at, f.verdict, f.reason,
        p.proposal, p.decision
    FROM turns AS t
    LEFT JOIN feedback AS f ON f.turn_id = t.id
    LEFT JOIN alert_proposals AS p ON p.turn_id = t.id
"""
_ONE = text(f"{_SHOWN} WHERE t.visitor = :visitor AND t.run_id = :run_id")
_ALL_OF_ONE = text(f"{_SHOWN} WHERE t.visitor = :visitor AND t.conversation_id = :id ORDER BY t.id")
_NEWEST = text("""
    SELECT c.id, c.created_at, count(*) AS turns, (array_agg(t.question ORDER BY t.id))[1] AS title
    FROM conversations AS c
    JOIN turns AS t ON t.visitor = c.visitor AND t.conversation_id = c.id
    WHERE c.visitor = :visitor
    GROUP BY c.id, c.created_at
    ORDER BY c.created_at DESC, c.id
    LIMIT :limit
""")
_CLAIM = text("""
    UPDATE conversations AS c SET visitor = :person
    WHERE c.visitor = :browser AND c.id = :id
      AND NOT EXISTS (SELECT FROM conversations AS mine WHERE mine.visitor = :person AND mine.id = :id)
      AND NOT EXISTS (
          SELECT FROM turns AS t
          JOIN turns AS mine ON mine.run_id = t.run_id
          WHERE t.visitor = :browser AND t.conversation_id = :id AND mine.visitor = :person
      )
""")
_REMOVE = text("DELETE FROM conversations WHERE visitor = :visitor AND id = :id")
_JUDGE = text("""
    INSERT INTO feedback (turn_id, verdict, reason)
    SELECT id, :verdict, :reason FROM turns WHERE visitor = :visitor AND run_id = :run_id
    ON CONFLICT (turn_id) DO UPDATE SET verdict = EXCLUDED.verdict, reason = EXCLUDED.reason, created_at = now()
    RETURNING turn_id
""")
_WITHDRAW = text(
    "DELETE FROM feedback USING turns AS t WHERE turn_id = t.id AND t.visitor = :visitor AND t.run_id = :run_id"
)
_EXISTS = text("SELECT 1 FROM turns WHERE visitor = :visitor AND run_id = :run_id")


class Turns:
    """Stores ended runs in the database, each in a transaction of its own that takes 2 s at most."""

    def __init__(self, database: Database, model: str = "offline") -> None:
        self._database = database
        self._model = model

    def record(self, request: ChatRequest, outcome: Answer | Failure, told: str, elapsed_ms: int) -> None:
        """Store a turn; `told` is the text that people saw of an answer that did not come to its end."""
        answer = outcome if isinstance(outcome, Answer) else _unanswered(outcome, told, elapsed_ms, self._model)
        with self._database.engine("atlas_app").begin() as connection:
            connection.execute(_PATIENCE)
            connection.execute(_CONVERSATION, {"visitor": request.visitor, "id": request.thread_id})
            connection.execute(_TURN, _row(request, answer, outcome.status))

    def find(self, visitor: str, run_id: str) -> dict[str, Any] | None:
        """Return a visitor's stored turn, as `conversation` gives them, or None."""
        with self._database.engine("atlas_app").connect() as connection:
            row = connection.execute(_ONE, {"visitor": visitor, "run_id": run_id}).mappings().one_or_none()
        return row and {**_shown(row), "thread_id": row["conversation_id"]}

    def waiting(self, visitor: str, thread_id: str) -> Waiting | None:
        """Return the proposal that the last answer of a visitor's conversation made, while it is undecided."""
        with self._database.engine("atlas_app").connect() as connection:
            return waiting_proposal(connection, visitor, thread_id)


def conversation(connection: Connection, visitor: str, thread_id: str) -> list[dict[str, Any]]:
    """Return the turns of a visitor's conversation, oldest first; none where there is no such conversation."""
    rows = connection.execute(_ALL_OF_ONE, {"visitor": visitor, "id": thread_id}).mappings()
    return [_shown(row) for row in rows]


def newest_conversations(connection: Connection, visitor: str) -> list[dict[str, Any]]:
    """Return a visitor's newest conversations: id, title (the first question), created_at, number of turns."""
    rows = connection.execute(_NEWEST, {"visitor": visitor, "limit": NEWEST}).mappings()
    return [{**row, "created_at": row["created_at"].isoformat()} for row in rows]


def claim_conversation(connection: Connection, browser: str, person: str, thread_id: str) -> bool:
    """Give a conversation that was begun in a browser to the person who signed in there; returns whether there was one.

    Clients choose the ids: where the person has a conversation or a run of the same one, theirs stay and this one is not given.
    """
    return connection.execute(_CLAIM, {"browser": browser, "person": person, "id": thread_id}).rowcount > 0


def remove_conversation(connection: Connection, visitor: str, thread_id: str) -> bool:
    """Remove a visitor's conversation with its turns; returns whether there was one."""
    return connection.execute(_REMOVE, {"visitor": visitor, "id": thread_id}).rowcount > 0


def judge(connection: Connection, visitor: str, run_id: str, verdict: str | None, reason: str) -> bool:
    """Store what a visitor thinks of an answer, or forget it (`verdict` None); returns whether there is such a turn."""
    key = {"visitor": visitor, "run_id": run_id}
    if verdict is None:
        connection.execute(_WITHDRAW, key)
        return connection.execute(_EXISTS, key).first() is not None
    given = {**key, "verdict": verdict, "reason": masked_personal_data(reason)}
    return connection.execute(_JUDGE, given).first() is not None


def bounded(tables: Iterable[Table], most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES) -> list[dict[str, Any]]:
    """Return the tables cut to so many rows and so many bytes of JSON in all."""
    kept = []
    for table in tables:
        rows = []
        for row in table.rows[:most_rows]:
            most_bytes -= len(_json(row))
            if most_bytes < 0:
                break
            rows.append(row)
        most_rows -= len(rows)
        cut = table.truncated or len(rows) < len(table.rows)
        kept.append({**table.as_dict(), "rows": rows, "truncated": cut})
    return kept


def _unanswered(failure: Failure, told: str, elapsed_ms: int, model: str) -> Answer:
    text = told if failure.status == "cancelled" else failure.message_ko
    answer = Answer(text, "failed", model=model, elapsed_ms=elapsed_ms)
    answer.trace.errors = [failure.code]
    return answer


def _row(request: ChatRequest, answer: Answer, status: str) -> Mapping[str, Any]:
    trace = answer.trace
    return {
        "visitor": request.visitor,
        "conversation_id": request.thread_id,
        "run_id": request.run_id,
        "question": masked_personal_data(request.question),
        "masked": masked_personal_data(_text(trace.masked)),
        "status": status,
        "source": answer.source,
        "answer": _text(answer.answer),
        "tables": _json(bounded(answer.tables)),
        "cypher": [_text(query) for query in answer.cypher],
        "suggestions": [_text(question) for question in answer.suggestions],
        "example": answer.example,
        "proposal": None if answer.proposal is None else _json(answer.proposal.as_dict()),
        "examples": _json(trace.examples),
        "dataset": answer.dataset,
        "as_of": answer.as_of,
        "model": answer.model,
        "prompt_version": trace.prompt_version,
        "elapsed_ms": answer.elapsed_ms,
        "stages_ms": _json(trace.stages_ms),
        "prompt_tokens": trace.usage.prompt_tokens,
        "completion_tokens": trace.usage.completion_tokens,
        "cost_usd": trace.usage.cost_usd,
        "tries": trace.tries,
        "errors": [masked_personal_data(_text(error)) for error in trace.errors],
    }


def _json(value: Any) -> str:
    """JSON that jsonb takes: a model or a market name may hold what it cannot store."""
    return orjson.dumps(value, default=str).decode().replace("\\u0000", "")


def _text(value: str) -> str:
    return value.replace("\x00", "").encode(errors="replace").decode()


def _shown(row: RowMapping) -> dict[str, Any]:
    answer = Answer(
        row["answer"],
        row["status"],
        [Table(**table) for table in row["tables"]],
        list(row["cypher"]),
        as_of=row["as_of"] and row["as_of"].isoformat(),
        model=row["model"],
        elapsed_ms=row["elapsed_ms"],
        dataset=row["dataset"],
        suggestions=list(row["suggestions"]),
        example=row["example"],
        source=row["source"],
        proposal=row["proposal"] and AlertProposal.from_dict(row["proposal"]),
    )
    verdict = row["verdict"]
    return {
        "run_id": row["run_id"],
        "question": row["question"],
        "answer": {**answer.as_dict(), "run_id": row["run_id"]},
        "created_at": row["created_at"].isoformat(),
        "decision": row["decision"],
        "feedback": {"verdict": verdict, "reason": row["reason"] or None} if verdict else None,
    }
