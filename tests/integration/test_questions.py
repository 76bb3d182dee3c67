"""The agent, offline, on questions whose answers DuckDB computes from the raw rows at test time.

`tests/questions/*.jsonl` hold the wordings with their SQL; no figure is stored. An answer that is wrong and sounds sure is a failure,
however seldom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings
from seeds.sample_market import generate
from tests.conftest import REAL_DATA_UNTIL
from tests.questions.judging import Asked, judge, read
from tests.questions.oracle import Oracle

LEAST_ACCURACY = 0.98
MOST_MS_AT_P95 = 300


@dataclass
class Report:
    """What became of the questions of one market."""

    right: int = 0
    not_answered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    elapsed_ms: list[int] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        return self.right / (self.right + len(self.not_answered) + len(self.wrong))

    @property
    def p95_ms(self) -> int:
        return sorted(self.elapsed_ms)[int(len(self.elapsed_ms) * 0.95)]

    def __str__(self) -> str:
        lines = [f"{self.accuracy:.1%} right, {len(self.wrong)} wrong but sure, p95 {self.p95_ms} ms"]
        lines += [f"  wrong but sure: {line}" for line in self.wrong]
        lines += [f"  not answered: {line}" for line in self.not_answered]
        return "\n".join(lines)


def run(questions: Sequence[Asked], database: Database, settings: Settings, oracle: Oracle) -> Report:
    """Ask every question and judge its answer."""
    report = Report()
    for asked in questions:
        answer = ask(database, asked.question, settings=settings)
        verdict = judge(asked, answer, oracle.rows(asked.sql) if asked.sql else [])
        report.elapsed_ms.append(answer.elapsed_ms)
        line = f"{asked.id} {asked.question} → [{answer.status}] {answer.answer[:120]!r}"
        if verdict == "right":
            report.right += 1
        else:
            (report.wrong if verdict == "wrong" else report.not_answered).append(line)
    print(report)
    return report


def _check(report: Report) -> None:
    assert not report.wrong, report
    assert report.accuracy >= LEAST_ACCURACY, report
    assert report.p95_ms < MOST_MS_AT_P95, report


def test_sample_market_questions(sample_database: Database, settings: Settings, tmp_path: Path) -> None:
    generate().write_csv(tmp_path)
    _check(run(read("sample.jsonl"), sample_database, settings, Oracle(tmp_path)))


@pytest.mark.real
@pytest.mark.slow
def test_real_market_questions(full_real_database: Database, settings: Settings, real_data: Path) -> None:
    oracle = Oracle(real_data, REAL_DATA_UNTIL)
    _check(run(read("real.jsonl"), full_real_database, settings, oracle))


def test_there_are_enough_questions_of_every_sort() -> None:
    questions = [*read("sample.jsonl"), *read("real.jsonl")]
    assert len(questions) >= 120
    assert len({asked.question for asked in questions}) == len(questions)
    assert {asked.status for asked in questions} >= {"answered", "refused", "clarify", "not_answered"}
    assert all(asked.sql for asked in questions if asked.status == "answered")
