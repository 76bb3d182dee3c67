"""The published evaluation set: its rows are what independent SQL finds, and the agent, offline, is right about them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from agent.evaluation.figures import figures_of
from agent.evaluation.questions import read_questions
from agent.evaluation.readme_block import END, START
from agent.evaluation.running import run
from backend.db.engine import Database
from backend.settings import Settings
from tests.questions.expected_rows import FILE, rows_of, sample_oracle

README = FILE.parents[2] / "README.md"
LEAST_ACCURACY = 0.90
MOST_WRONG_BUT_SURE = 0.01


def test_the_stored_rows_are_what_the_sql_finds(tmp_path: Path) -> None:
    oracle = sample_oracle(tmp_path)
    for given in map(json.loads, FILE.read_text(encoding="utf-8").splitlines()):
        if "sql" not in given:
            assert given["status"] in ("refused", "clarify", "not_answered"), given["id"]
            continue
        found = rows_of(oracle, given["sql"])
        assert given["rows"] == (found if given.get("ranked") else sorted(found, key=str)), given["id"]


def test_the_set_is_large_and_asks_each_question_once() -> None:
    questions = read_questions(FILE)
    languages = Counter(asked.lang for asked in questions)
    assert languages["ko"] >= 210
    assert languages["en"] >= 35
    assert len({(asked.question, asked.history) for asked in questions}) == len(questions)
    assert len({asked.kind for asked in questions}) >= 20


def test_the_agent_is_right_offline(sample_database: Database, settings: Settings) -> None:
    outcomes = run(read_questions(FILE), sample_database, settings)
    overall = figures_of(outcomes).overall
    told = "\n".join(
        f"{outcome.verdict}: {outcome.asked.id} {outcome.asked.question} → {outcome.answer.answer[:120]!r}"
        for outcome in outcomes
        if outcome.verdict != "right"
    )
    assert overall.accuracy >= LEAST_ACCURACY, told
    assert overall.wrong_but_sure <= MOST_WRONG_BUT_SURE, told


def test_the_table_in_the_readme_is_of_this_set() -> None:
    text = README.read_text(encoding="utf-8")
    block = text[text.index(START) : text.index(END)]
    said = re.search(r"`([^`]+)`, (\d+) questions", block)
    assert said is not None, "run ./atlas eval seeds/evaluation/questions.jsonl --readme"
    assert said[1] == FILE.relative_to(README.parent).as_posix()
    assert int(said[2]) == len(read_questions(FILE))
