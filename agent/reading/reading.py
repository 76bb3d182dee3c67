"""The readings of a question: every family of questions tries to explain all of its words; the first that can is the answer's plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.reading import (
    attributes,
    etf_lists,
    groups,
    histories,
    holdings,
    market_days,
    mixes,
    names,
    pairs,
    past_baskets,
    prices,
    refusals,
    returns,
    securities,
    traders,
    trades,
    weights,
)
from agent.reading.conditions import Unclear
from agent.reading.plan import Plan
from agent.reading.question import Question, Reader
from agent.reading.tokens import Token

Family = Callable[[Reader], Plan | None]
# Special questions stand before general ones: each explains all words or gives way.
_FAMILIES: tuple[Family, ...] = (
    refusals.read,
    refusals.stock_prices,
    refusals.index_levels,
    names.data,
    names.trading_days,
    names.former,
    prices.read,
    market_days.read,
    returns.read,
    trades.read,
    traders.read,
    histories.read,
    past_baskets.read,
    past_baskets.holders,
    mixes.read,
    pairs.read,
    weights.read,
    holdings.read,
    attributes.read,
    securities.read,
    groups.read,
    etf_lists.read,
)


@dataclass
class Outcome:
    """What reading a question came to: a plan, or why there is none.

    `unclear` asks for what is missing; `unexplained` are the words that the best attempt could not place.
    """

    plan: Plan | None = None
    unclear: Unclear | None = None
    unexplained: list[Token] = field(default_factory=list)


def read(question: Question) -> Outcome:
    """Try every family in turn."""
    outcome = Outcome()
    if question.ambiguous or any(token.kind in ("unknown", "unknown_code") for token in question.tokens):
        refusal = refusals.read(Reader(question))
        return Outcome(refusal)
    for family in _FAMILIES:
        reader = Reader(question)
        try:
            plan = family(reader)
        except Unclear as unclear:
            outcome.unclear = outcome.unclear or unclear
            continue
        if plan is None:
            continue
        left = reader.unexplained()
        if not left:
            return Outcome(plan)
        if not outcome.unexplained or len(left) < len(outcome.unexplained):
            outcome.unexplained = left
    return outcome
