"""Questions made of questions, against rows that SQL finds in the raw files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.evaluation.questions import Asked
from agent.evaluation.running import run
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings
from tests.questions.expected_rows import rows_of, sample_oracle
from tests.questions.oracle import Oracle

FILE = Path(__file__).parents[1] / "conversations" / "compositions.jsonl"
COMPOSITIONS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return sample_oracle(tmp_path_factory.mktemp("sample"))


@pytest.mark.parametrize("given", COMPOSITIONS, ids=lambda given: given["asked"])
def test_a_composition_is_answered_from_its_parts(
    given: dict[str, Any], sample_database: Database, settings: Settings, oracle: Oracle
) -> None:
    rows = tuple(tuple(row) for row in rows_of(oracle, given["sql"])) if "sql" in given else None
    asked = Asked(
        "composition",
        given["asked"],
        status="answered" if rows is not None else "not_answered",
        rows=rows,
        check=given.get("check"),
        ranked=given.get("check") == "top",
    )
    [outcome] = run([asked], sample_database, settings)
    shown = [(table.columns, table.rows[:3]) for table in outcome.answer.tables]
    assert outcome.verdict == "right", (outcome.answer.status, outcome.answer.answer, shown, rows)


def test_every_part_shows_its_query_and_the_text_names_what_was_found_between(
    sample_database: Database, settings: Settings
) -> None:
    answer = ask(sample_database, "순자산이 가장 큰 반도체 ETF의 운용사는?", settings=settings)
    assert (len(answer.cypher), len(answer.tables)) == (2, 2)
    assert "**TIGER 미국필라델피아반도체나스닥**" in answer.answer
    assert "**미래에셋자산운용**" in answer.answer


def test_an_inner_question_with_several_equal_answers_is_asked_back(
    sample_database: Database, settings: Settings
) -> None:
    answer = ask(sample_database, "보수가 가장 높은 액티브 ETF의 상위 종목은?", settings=settings)
    assert answer.status == "clarify"
    assert "값이 같습니다" in answer.answer
