"""What an evaluation counts, and the README's table of it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.answer import Answer, Trace, Usage
from agent.evaluation.figures import figures_of
from agent.evaluation.questions import Asked
from agent.evaluation.readme_block import END, START, block_of, with_block
from agent.evaluation.running import Outcome
from backend.errors import NotFound


def _outcome(
    verdict: Any, *, kind: str = "fee", status: Any = "answered", expected: Any = "answered", ms: float = 10
) -> Outcome:
    trace = Trace(stages_ms={"link": ms / 2}, usage=Usage(100, 10, 0.001))
    answer = Answer("", status, source="model" if status == "answered" else None, trace=trace)
    return Outcome(Asked("1", "보수는?", kind=kind, status=expected), answer, verdict, ms)


def test_every_question_is_counted_once_by_its_verdict() -> None:
    figures = figures_of(
        [
            _outcome("right"),
            _outcome("wrong"),
            _outcome("wrong", expected="not_answered", kind="forecast"),
            _outcome("refused", status="refused"),
            _outcome("asked_back", status="clarify"),
            _outcome("failed", status="failed"),
        ]
    )
    overall = figures.overall
    counted = (overall.questions, overall.right, overall.wrong, overall.refused, overall.asked_back, overall.failed)
    assert counted == (6, 1, 2, 1, 1, 1)
    assert figures.answered_unasked == 1
    assert figures.by_kind["forecast"].wrong_but_sure == 1.0
    assert {name: share.questions for name, share in figures.by_source.items()} == {"model": 3, "none": 3}


def test_tokens_cost_and_times_are_added_up() -> None:
    figures = figures_of([_outcome("right", ms=float(number)) for number in range(1, 101)])
    assert (figures.prompt_tokens, figures.completion_tokens) == (10_000, 1_000)
    assert figures.cost_usd == pytest.approx(0.1)
    assert (figures.end_to_end.p50, figures.end_to_end.p95, figures.end_to_end.max) == (50.0, 95.0, 100.0)
    assert figures.stages["link"].runs == 100


def test_the_block_replaces_what_stood_between_the_marks() -> None:
    block = block_of("set.jsonl", "offline", "2026-07-31", figures_of([_outcome("right"), _outcome("wrong")]))
    text = with_block(f"before\n{START}\nold\n{END}\nafter\n", block)
    assert text.startswith(f"before\n{START}\n`set.jsonl`, 2 questions, model `offline`")
    assert "**50.0% right**" in text
    assert "old" not in text
    assert text.endswith(f"{END}\nafter\n")


def test_a_readme_without_marks_is_left_alone() -> None:
    with pytest.raises(NotFound, match="evaluation:start"):
        with_block("nothing here", "block")
