"""Follow-up questions without a language model: what a question means after the ones before it.

The conversation is text only, so the questions that a follow-up points to are understood again, and where their rows are
needed, answered again in silence. A question that stands by itself is never changed by what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from agent.answer import Answer, Message
from agent.composition.sub_questions import SubQuestions
from agent.follow_up.commands import by_command
from agent.follow_up.days import asks_for_another_day, by_another_day
from agent.follow_up.ellipsis import by_ellipsis
from agent.follow_up.references import by_reference
from agent.follow_up.repeated import by_repeating
from agent.follow_up.resolved import AskBack, Resolved, unclear
from agent.follow_up.turns import Turn, last_turn
from agent.follow_up.words import (
    content,
    instead_of_that,
    is_fragment,
    is_names_only,
    lacks_a_head,
    narrows,
    presupposes,
    reference,
    supposed,
)
from agent.masking import masked
from agent.models.offline import NAME
from agent.offline_answers import answer_plan, nearest_examples, sure_answer
from agent.reading.question import Question
from agent.run_context import RunContext


def answer_follow_up(
    context: RunContext, connection: Connection, question: Question, history: Sequence[Message]
) -> Answer | None:
    """The answer to a question that needs the messages before it; None where it stands by itself.

    With a language model, what would have to be asked back is left to the model: None.
    """
    asking = SubQuestions(context)
    found = resolved(asking, question, lambda: last_turn(asking, history))
    if isinstance(found, AskBack):
        if context.settings.model != NAME:
            return None
        return Answer(found.text, "clarify", model=NAME, suggestions=list(found.suggestions))
    return None if found is None else _answered(context, connection, found)


def _answered(context: RunContext, connection: Connection, found: Resolved) -> Answer | None:
    if found.plan.kind == "among_rows":
        answer: Answer | None = answer_plan(context, found.plan, found.question)
    else:
        context.trace.masked = masked(found.question)
        answer = sure_answer(context, found.question, nearest_examples(context, connection, found.question))
    if answer is not None:
        answer.answer = f"{found.note}\n\n{answer.answer}"
    return answer


def resolved(asking: SubQuestions, question: Question, before: Callable[[], Turn | None]) -> Resolved | AskBack | None:
    """What a question means after another; None where it stands by itself. `before` gives the other one, when it is needed."""
    instead = instead_of_that(question.text)
    if instead is not None:
        question = asking.understand(instead)
    if asks_for_another_day(question):
        turn = before()
        return None if turn is None else by_another_day(asking, question, turn)
    pointing = reference(question)
    if pointing is not None:
        return by_reference(asking, question, pointing, before())
    repeated = by_repeating(asking, question, before)
    if repeated is not None:
        return repeated
    alone = asking.plan_of(question)
    if alone is not None and alone.kind.startswith("refuse_") and not alone.kind.startswith(_PARTS):
        return None
    if alone is not None and not alone.kind.startswith(_PARTS) and not _is_partial(question):
        turn = before() if is_names_only(question) else None
        # A bare name answers what was asked back, and otherwise stands by itself.
        return by_ellipsis(asking, question, turn) if turn is not None and turn.plan is None else None
    turn = before()
    if turn is None:
        return None
    if not content(question):
        return by_command(asking, question, turn) or unclear(question, turn)
    question = without_supposing(asking, question)
    found = by_command(asking, question, turn) or by_ellipsis(asking, question, turn)
    return unclear(question, turn) if found is None and alone is not None and lacks_a_head(question) else found


def _is_partial(question: Question) -> bool:
    """Whether a question that can be read by itself says too little to be meant so."""
    return is_fragment(question) or presupposes(question) or lacks_a_head(question) or narrows(question)


def without_supposing(asking: SubQuestions, question: Question) -> Question:
    """`반도체로 하면?` as `반도체는?`."""
    text = supposed(question.text)
    return question if text is None else asking.understand(text)


# A bare `왜?` is refused by itself, and asks something after an answer.
_PARTS = ("refuse_news",)
