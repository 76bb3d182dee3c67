"""The alerts that answers have proposed: which of them waits for its visitor's word, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, text

from agent.alert_wishes.proposal import AlertProposal
from backend.errors import Conflict

Decided = Literal["set", "dropped"]

# The last answer of a conversation alone can be agreed to: what was said in between may have been about something else.
_WAITING = text("""
    SELECT t.run_id, p.proposal, p.decision
    FROM (
        SELECT id, run_id FROM turns WHERE visitor = :visitor AND conversation_id = :thread ORDER BY id DESC LIMIT 1
    ) AS t
    JOIN alert_proposals AS p ON p.turn_id = t.id
""")
_DECIDE = text("""
    UPDATE alert_proposals AS p
    SET decision = :decision, decided_at = now()
    FROM turns AS t
    WHERE t.id = p.turn_id AND t.visitor = :visitor AND t.run_id = :run_id AND p.decision IS NULL
""")
_KNOWN = text("""
    SELECT p.decision
    FROM alert_proposals AS p
    JOIN turns AS t ON t.id = p.turn_id
    WHERE t.visitor = :visitor AND t.run_id = :run_id
""")


class AlreadyDecided(Conflict):
    """What was proposed has been set or dropped before."""

    slug = "already-decided"
    title_ko = "이미 정한 제안"


@dataclass(frozen=True)
class Waiting:
    """A proposal that its visitor has not decided yet, and the run whose answer made it."""

    run_id: str
    proposal: AlertProposal


def waiting_proposal(connection: Connection, visitor: str, thread_id: str) -> Waiting | None:
    """Return the proposal of the last answer in a visitor's conversation, while it is undecided."""
    row = connection.execute(_WAITING, {"visitor": visitor, "thread": thread_id}).one_or_none()
    if row is None or row.decision is not None:
        return None
    return Waiting(row.run_id, AlertProposal.from_dict(row.proposal))


def decide(connection: Connection, visitor: str, run_id: str, decision: Decided) -> None:
    """Record what a visitor decided of the proposal of one of their runs. Raises AlreadyDecided."""
    asked = {"visitor": visitor, "run_id": run_id, "decision": decision}
    if connection.execute(_DECIDE, asked).rowcount == 0:
        raise AlreadyDecided(f"the proposal of run {run_id!r} is decided", ko="이미 설정했거나 취소한 알림입니다.")


def settle(connection: Connection, visitor: str, run_id: str, decision: Decided) -> bool:
    """Record a decision that has been carried out, unless there is one; returns whether the visitor has such a proposal."""
    asked: dict[str, Any] = {"visitor": visitor, "run_id": run_id, "decision": decision}
    if connection.execute(_DECIDE, asked).rowcount:
        return True
    return connection.execute(_KNOWN, asked).first() is not None
