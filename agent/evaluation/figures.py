"""Counts what an evaluation found: accuracy, wrong-but-sure, what was not answered, times, tokens and cost."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agent.evaluation.running import Outcome


@dataclass(frozen=True)
class Share:
    """How a group of questions went. `wrong` are answers that sound sure and are not right, also where none was expected;
    `refused`, `asked_back` and `failed` are what was done instead of what was expected.
    """

    questions: int
    right: int
    wrong: int
    refused: int
    asked_back: int
    failed: int

    @property
    def accuracy(self) -> float:
        """The part of the questions that went as expected, from 0 to 1."""
        return self.right / self.questions

    @property
    def wrong_but_sure(self) -> float:
        """The part of all questions with a wrong answer, from 0 to 1."""
        return self.wrong / self.questions

    def as_dict(self) -> dict[str, Any]:
        """The counts with both parts, as JSON."""
        return {**asdict(self), "accuracy": round(self.accuracy, 4), "wrong_but_sure": round(self.wrong_but_sure, 4)}


@dataclass(frozen=True)
class Times:
    """Milliseconds of one stage, or from end to end."""

    runs: int
    p50: float
    p95: float
    max: float


@dataclass(frozen=True)
class Figures:
    """All figures of one run. `answered_unasked` counts answers where a refusal or asking back was expected; `stages` are by the event's name."""

    overall: Share
    by_kind: dict[str, Share]
    by_lang: dict[str, Share]
    by_source: dict[str, Share]
    answered_unasked: int
    end_to_end: Times
    stages: dict[str, Times]
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON; times in milliseconds, cost in US dollars."""
        return {
            **self.overall.as_dict(),
            "answered_unasked": self.answered_unasked,
            **{
                name: {group: share.as_dict() for group, share in getattr(self, name).items()}
                for name in ("by_kind", "by_lang", "by_source")
            },
            "latency_ms": asdict(self.end_to_end),
            "stages_ms": {name: asdict(times) for name, times in self.stages.items()},
            "tokens": {"prompt": self.prompt_tokens, "completion": self.completion_tokens},
            "cost_usd": round(self.cost_usd, 6),
        }


def figures_of(outcomes: Sequence[Outcome]) -> Figures:
    """The figures of at least one outcome."""
    stages: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        for name, spent in outcome.answer.trace.stages_ms.items():
            stages[name].append(spent)
    usages = [outcome.answer.trace.usage for outcome in outcomes]
    return Figures(
        overall=_share(outcomes),
        by_kind=_grouped(outcomes, lambda outcome: outcome.asked.kind),
        by_lang=_grouped(outcomes, lambda outcome: outcome.asked.lang),
        by_source=_grouped(outcomes, lambda outcome: outcome.answer.source or "none"),
        answered_unasked=sum(
            outcome.answer.status == "answered" and outcome.asked.status != "answered" for outcome in outcomes
        ),
        end_to_end=_times([outcome.elapsed_ms for outcome in outcomes]),
        stages={name: _times(spent) for name, spent in stages.items()},
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        cost_usd=sum(usage.cost_usd for usage in usages),
    )


def _grouped(outcomes: Iterable[Outcome], group: Callable[[Outcome], str]) -> dict[str, Share]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[group(outcome)].append(outcome)
    return {name: _share(members) for name, members in groups.items()}


def _share(outcomes: Sequence[Outcome]) -> Share:
    verdicts = [outcome.verdict for outcome in outcomes]
    counts = {name: verdicts.count(name) for name in ("right", "wrong", "refused", "asked_back", "failed")}
    return Share(len(verdicts), **counts)


def _times(spent: Sequence[float]) -> Times:
    ordered = sorted(spent)
    return Times(len(ordered), _percentile(ordered, 50), _percentile(ordered, 95), round(ordered[-1], 1))


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` of a hundred do not exceed."""
    return round(ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)], 1)
