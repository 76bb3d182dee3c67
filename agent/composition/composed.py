"""Questions made of questions: an answer inside a question, two answers compared, two questions in one sentence.

Each part is read by itself, by a verified example or a complete reading, before anything is run; a composition of which
any part is unsure is none.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.composition.compared import compared
from agent.composition.nested import nested, nested_loosely
from agent.composition.parallel import parallel
from agent.composition.sequence import pointing_back, sequence
from agent.composition.sub_questions import SubQuestions
from agent.composition.weighed import holders_by_weight, weighed
from agent.reading.plan import Plan
from agent.reading.question import Question
from agent.run_context import RunContext

_Composition = Callable[[SubQuestions, Question], Plan | None]
# Structures that a reading of the whole, which looks at words and not at their order, would take for something else.
_FIRST: tuple[_Composition, ...] = (parallel, weighed, pointing_back, compared, nested)
_LAST: tuple[_Composition, ...] = (nested_loosely, sequence, holders_by_weight)


def composed(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of a question whose structure shows that it is made of questions."""
    return _first(_FIRST, asking, question)


def composed_at_last(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of a question that only its parts explain, where no reading of the whole does."""
    return _first(_LAST, asking, question)


def _first(ways: tuple[_Composition, ...], asking: SubQuestions, question: Question) -> Plan | None:
    for way in ways:
        plan = way(asking, question)
        if plan is not None:
            return plan
    return None


def compose(context: RunContext, question: Question, *, at_last: bool = False) -> Plan | None:
    """The plan of a composed question of a run; None where it is no composition."""
    if question.ambiguous and not at_last:
        return None
    return (composed_at_last if at_last else composed)(SubQuestions(context), question)
