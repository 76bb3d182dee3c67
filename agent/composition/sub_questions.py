"""Questions inside a question or a conversation: read without being told of, and only where the reading is sure."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from agent.embedding.serving import offline_embedder
from agent.examples import nearest
from agent.given_names import GivenText
from agent.linking import NameIndex, name_index
from agent.masking import masked
from agent.reading.plan import Plan, Steps
from agent.reading.question import Question
from agent.reading.reading import read
from agent.reading.subjects import missing
from agent.reading.understanding import plain, understand
from agent.run_context import RunContext
from agent.verified_answers import match
from agent.verified_answers import plan as verified_plan

_NEIGHBOURS = 8
# How many questions may stand inside one another.
_DEPTH = 3


@dataclass(frozen=True)
class SubQuestions:
    """The market that the questions are read against, as one run sees it. `depth` is how far they may still be nested."""

    context: RunContext
    depth: int = _DEPTH

    @property
    def names(self) -> NameIndex:
        """Every spelling of the market."""
        with self._connection() as connection:
            return name_index(connection)

    @property
    def inner(self) -> SubQuestions:
        """The same for a question inside."""
        return SubQuestions(self.context, self.depth - 1)

    def understand(self, text: GivenText | str) -> Question:
        """The question that a text asks; its given names keep their meaning."""
        if isinstance(text, str):
            text = GivenText(plain(text))
        context = self.context
        with self._connection() as connection:
            return understand(connection, text.text, context.as_of, context.dataset, text.given)

    def plan(self, text: GivenText | str) -> Plan | None:
        """The plan of a question that is read completely; None where it is not, or where it would be refused."""
        plan = self.plan_of(self.understand(text))
        return None if plan is None or plan.kind.startswith(("refuse_", "clarify_")) else plan

    def plan_of(self, question: Question) -> Plan | None:
        """The plan by a composition that stands out, a verified example or a reading, in the order in which questions are answered."""
        from agent.composition.composed import composed, composed_at_last

        if question.ambiguous or missing(question) is not None:
            return None
        if self.depth > 0 and (plan := composed(self, question)):
            return plan
        with self._connection() as connection:
            near = nearest(connection, masked(question), k=_NEIGHBOURS, embedder=offline_embedder())
        found = match(question, near)
        reading = read(question).plan
        if found is None:
            return reading or (composed_at_last(self, question) if self.depth > 0 else None)
        verified = verified_plan(found, self.context.as_of.isoformat())
        return verified if reading is None else _first_answered(verified, found.example.outcome, reading)

    def _connection(self) -> Connection:
        return self.context.database.reading()


def _first_answered(verified: Plan, outcome: str, reading: Plan) -> Plan:
    """The verified example's plan; where it finds nothing, the reading may look further."""

    def steps() -> Steps:
        reply = yield from verified.steps()
        return reply if reply.status == outcome else (yield from reading.steps())

    return Plan(verified.kind, steps)
