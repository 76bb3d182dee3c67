"""Asks the questions of an evaluation and keeps what came back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.answer import Answer, Message
from agent.evaluation.judging import Verdict, judge
from agent.evaluation.names import Names
from agent.evaluation.questions import Asked
from agent.run_context import AnswerOptions
from agent.runner import ask
from backend.db.engine import Database
from backend.market.dataset import get_dataset
from backend.settings import Settings

AS_PRODUCT = AnswerOptions()
# Tokens of an evaluation are counted apart from those of people, and it is no use to stop it halfway.
_ASKER = "evaluation"
_NO_LIMITS = dict.fromkeys(
    (
        "model_daily_tokens_per_user",
        "model_daily_tokens",
        "model_daily_cost_usd_per_user",
        "model_daily_cost_usd",
    )
)


@dataclass(frozen=True)
class Outcome:
    """One question with its answer, the verdict, and the milliseconds from the question to the whole answer."""

    asked: Asked
    answer: Answer
    verdict: Verdict
    elapsed_ms: float


def run(
    questions: Sequence[Asked],
    database: Database,
    settings: Settings,
    *,
    options: AnswerOptions = AS_PRODUCT,
    verified_first: bool = True,
    told: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Ask every question by `settings.model` and judge its answer; `told` hears of each as it comes. Daily limits of tokens
    and cost do not apply. Raises Unavailable when no market is loaded."""
    settings = settings.model_copy(update=_NO_LIMITS)
    with database.engine("atlas_app").connect() as connection:
        get_dataset(connection)
        names = Names.of(connection)

    def answered(question: str, history: Sequence[Message]) -> Answer:
        return ask(
            database, question, history=history, settings=settings, verified_first=verified_first, asker=_ASKER, options=options
        )  # fmt: skip

    outcomes = []
    for asked in questions:
        history = _conversation(asked, answered)
        started = time.perf_counter()
        answer = answered(asked.question, history)
        elapsed = (time.perf_counter() - started) * 1000
        outcomes.append(Outcome(asked, answer, judge(asked, answer, names), round(elapsed, 2)))
        told(outcomes[-1])
    return outcomes


def _conversation(asked: Asked, answered: Callable[[str, Sequence[Message]], Answer]) -> list[Message]:
    """The messages before a question: an earlier question that comes without its answer is asked first."""
    messages: list[Message] = []
    for earlier in asked.history:
        if isinstance(earlier, Message):
            messages.append(earlier)
            continue
        reply = answered(earlier, tuple(messages))
        messages += [Message("user", earlier), Message("assistant", reply.answer)]
    return messages
