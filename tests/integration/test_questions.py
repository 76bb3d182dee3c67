"""The agent, offline, on questions whose answers DuckDB computes from the raw rows at test time.

`tests/questions/*.jsonl` hold the wordings with their SQL; no figure is stored. An answer that is wrong and sounds sure is a failure,
however seldom. How long answers take is for `./atlas eval` to say.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.evaluation.figures import figures_of
from agent.evaluation.questions import Asked
from agent.evaluation.running import Outcome, run
from backend.db.engine import Database
from backend.settings import Settings
from tests.conftest import REAL_DATA_UNTIL
from tests.questions.expected_rows import rows_of, sample_oracle
from tests.questions.oracle import Oracle

FOLDER = Path(__file__).parents[1] / "questions"
LEAST_ACCURACY = 0.98


def _read(name: str) -> list[dict[str, Any]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def _asked(given: dict[str, Any], oracle: Oracle) -> Asked:
    status = given.get("status", "answered")
    rows = tuple(tuple(row) for row in rows_of(oracle, given["sql"])) if status == "answered" else None
    check = given.get("check", "value")
    return Asked(given["id"], given["question"], given["kind"], status=status, rows=rows, check=check)


def _check(questions: Sequence[Asked], database: Database, settings: Settings) -> None:
    outcomes = run(questions, database, settings)
    overall = figures_of(outcomes).overall
    told = "\n".join(_line(outcome) for outcome in outcomes if outcome.verdict != "right")
    assert not overall.wrong, told
    assert overall.accuracy >= LEAST_ACCURACY, told


def _line(outcome: Outcome) -> str:
    asked, answer = outcome.asked, outcome.answer
    return f"{outcome.verdict}: {asked.id} {asked.question} → [{answer.status}] {answer.answer[:120]!r}"


def test_sample_market_questions(sample_database: Database, settings: Settings, tmp_path: Path) -> None:
    oracle = sample_oracle(tmp_path)
    _check([_asked(given, oracle) for given in _read("sample.jsonl")], sample_database, settings)


@pytest.mark.real
@pytest.mark.slow
def test_real_market_questions(full_real_database: Database, settings: Settings, real_data: Path) -> None:
    oracle = Oracle(real_data, REAL_DATA_UNTIL)
    _check([_asked(given, oracle) for given in _read("real.jsonl")], full_real_database, settings)


def test_there_are_enough_questions_of_every_sort() -> None:
    questions = [*_read("sample.jsonl"), *_read("real.jsonl")]
    statuses = [given.get("status", "answered") for given in questions]
    assert len(questions) >= 120
    assert len({given["question"] for given in questions}) == len(questions)
    assert set(statuses) >= {"answered", "refused", "clarify", "not_answered"}
    assert all("sql" in given for given, status in zip(questions, statuses, strict=True) if status == "answered")
