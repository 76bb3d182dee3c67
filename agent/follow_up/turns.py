"""The earlier questions of a conversation, understood and answered again offline, as far as a later one needs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.answer import Message
from agent.answer_names import Row, named_in
from agent.composition.sub_questions import SubQuestions
from agent.given_names import GivenText
from agent.offline_answers import asking_back, carry_out
from agent.reading.plan import Plan, Reply
from agent.reading.question import Question, Subject
from agent.run_context import RunContext
from backend.errors import AtlasError

# How many questions back a chain of follow-ups is resolved.
MOST_BACK = 5
# Longer messages are no questions, characters.
LONGEST = 1_000
_MOST_ROWS = 1_000
_ORDERED = ("most", "rank_one", "best_word", "newest", "oldest", "big", "small", "similar")


@dataclass
class Turn:
    """An earlier question as it was understood. `plan` is None where it was not; its answer is made when it is asked for."""

    asking: SubQuestions
    text: GivenText
    question: Question
    plan: Plan | None
    before: Callable[[], Turn | None]

    @cached_property
    def reply(self) -> Reply | None:
        """The answer; None where there was none. Nothing of it is told."""
        if self.plan is None:
            return None
        context = self.asking.context
        silent = RunContext(
            context.database, context.settings, context.as_of, context.dataset, cancelled=context.cancelled, options=context.options
        )  # fmt: skip
        try:
            return carry_out(silent, asking_back(self.plan, self.question.english))
        except AtlasError:
            return None

    @property
    def answered(self) -> bool:
        """Whether it was answered from the data."""
        return self.reply is not None and self.reply.status == "answered"

    @property
    def ordered(self) -> bool:
        """Whether its rows stand in an order that was asked for."""
        return any(token.kind in _ORDERED or _counts(token) for token in self.question.tokens)

    @property
    def single(self) -> bool:
        """Whether one thing was asked for: `가장 …`, without a number."""
        kinds = {token.kind for token in self.question.tokens}
        return bool(kinds & {"most", "rank_one", "best_word"}) and not any(map(_counts, self.question.tokens))

    def named(self, kind: str) -> list[Subject]:
        """What the question itself names of a kind."""
        return list(dict.fromkeys(t.value for t in self.question.tokens if t.kind == kind and not t.negative))

    def rows(self, kind: str) -> list[Row]:
        """What the answer's tables name of a kind, in order; nothing where more rows exist than were read."""
        if not self.answered or self.reply is None:
            return []
        table, rows = named_in(self.reply.tables, kind, self.asking.names)
        return [] if table is None or table.truncated or len(table.rows) >= _MOST_ROWS else rows

    def found(self, kind: str) -> list[Subject]:
        """What the answer is about: what its rows name, else what the question names."""
        rows = [row.subject for row in self.rows(kind)]
        return rows or self.named(kind)


def _counts(token: object) -> bool:
    value = getattr(token, "value", None)
    return getattr(token, "kind", "") == "quantity" and value.kind == "count" and not value.operator


def last_turn(asking: SubQuestions, history: Sequence[Message]) -> Turn | None:
    """The last question of a conversation, resolved against the ones before it; None where there is none."""
    asked = [message.content for message in history if message.role == "user" and message.content.strip()]
    return _turn(asking, asked[-MOST_BACK:])


def _turn(asking: SubQuestions, asked: Sequence[str]) -> Turn | None:
    if not asked or len(asked[-1]) > LONGEST:
        return None
    from agent.alert_wishes.reading import spoken_of_in_wish
    from agent.follow_up.resolution import resolved
    from agent.follow_up.resolved import Resolved

    etfs = spoken_of_in_wish(asking, asked)
    if etfs:
        # An alert was wished for: what is asked next may be about its ETFs.
        text = GivenText("□은 어떤 ETF야?").replaced(0, 1, etfs)
        question = asking.understand(text)
        return Turn(asking, text, question, asking.plan_of(question), lambda: _turn(asking, asked[:-1]))
    question = asking.understand(asked[-1])

    def before() -> Turn | None:
        return _turn(asking, asked[:-1])

    found = resolved(asking, question, before)
    if isinstance(found, Resolved):
        return Turn(asking, found.text, found.question, found.plan, before)
    text = GivenText(question.text)
    return Turn(asking, text, question, asking.plan_of(question) if found is None else None, before)
