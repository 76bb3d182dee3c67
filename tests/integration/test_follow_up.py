"""Follow-up questions without a language model, against rows that SQL finds in the raw files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.answer import Message
from agent.evaluation.questions import Asked
from agent.evaluation.running import run
from agent.events import Event, TableReady, ToolStarted
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings
from tests.questions.expected_rows import rows_of, sample_oracle
from tests.questions.oracle import Oracle

TESTS = Path(__file__).parents[1]
FILE = TESTS / "conversations" / "follow_ups.jsonl"
CONVERSATIONS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
EARLIER = ("반도체 ETF 알려줘", "KODEX 200 보수는?", "삼성전자를 가장 많이 담은 ETF는?", "KODEX 200 상위 종목은?")


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return sample_oracle(tmp_path_factory.mktemp("sample"))


def _conversation(*asked: str) -> list[Message]:
    return [message for text in asked for message in (Message("user", text), Message("assistant", "…"))]


@pytest.mark.parametrize("given", CONVERSATIONS, ids=lambda given: f"{given['before'][-1]} → {given['asked']}")
def test_a_follow_up_is_answered_against_the_conversation(
    given: dict[str, Any], sample_database: Database, settings: Settings, oracle: Oracle
) -> None:
    rows = tuple(tuple(row) for row in rows_of(oracle, given["sql"])) if "sql" in given else None
    asked = Asked(
        "follow-up",
        given["asked"],
        status="answered" if rows is not None else "clarify",
        rows=rows,
        check=given.get("check"),
        ranked=given.get("check") == "top",
        history=tuple(given["before"]),
    )
    [outcome] = run([asked], sample_database, settings)
    shown = [(table.columns, table.rows[:3]) for table in outcome.answer.tables]
    assert outcome.verdict == "right", (outcome.answer.status, outcome.answer.answer, shown, rows)


def test_a_question_that_stands_by_itself_is_never_changed(sample_database: Database, settings: Settings) -> None:
    lines = (TESTS / "questions" / "sample.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line.strip()]
    changed = []
    for number, question in enumerate(questions):
        alone = ask(sample_database, question, settings=settings)
        after = ask(sample_database, question, history=_conversation(EARLIER[number % len(EARLIER)]), settings=settings)
        if alone.status == "answered" and (alone.status, alone.answer) != (after.status, after.answer):
            changed.append((question, alone.answer, after.answer))
    assert not changed


def test_the_answer_says_what_was_understood(sample_database: Database, settings: Settings) -> None:
    replaced = ask(sample_database, "그럼 TIGER 200은?", history=_conversation("KODEX 200 보수는?"), settings=settings)
    assert replaced.answer.startswith("_‘TIGER 200 보수는?’으로 이해했습니다_")
    chosen = ask(sample_database, "그중 제일 큰 건?", history=_conversation("반도체 ETF 알려줘"), settings=settings)
    assert chosen.answer.startswith("_‘반도체 ETF 알려줘’의 ETF 5개에서 찾았습니다_")


def test_earlier_questions_are_answered_again_in_silence(sample_database: Database, settings: Settings) -> None:
    events: list[Event] = []
    history = _conversation("반도체 ETF 알려줘")
    answer = ask(sample_database, "그중 제일 큰 건?", history=history, settings=settings, emit=events.append)
    assert [type(event) for event in events].count(ToolStarted) == 1
    assert [event.table for event in events if isinstance(event, TableReady)] == answer.tables
    assert len(answer.cypher) == 1


def test_what_is_asked_back_offers_questions_that_can_be_clicked(sample_database: Database, settings: Settings) -> None:
    answer = ask(sample_database, "그 ETF 보수는?", history=_conversation("반도체 ETF 알려줘"), settings=settings)
    assert (answer.status, len(answer.suggestions)) == ("clarify", 3)
    for suggestion in answer.suggestions:
        assert ask(sample_database, suggestion, settings=settings).status == "answered"


def test_an_overlong_or_empty_history_is_no_history(sample_database: Database, settings: Settings) -> None:
    for text in ("", "반도체 " * 2_000):
        answer = ask(sample_database, "그중 제일 큰 건?", history=_conversation(text), settings=settings)
        assert answer.status == "clarify"


def test_a_sure_follow_up_needs_no_language_model(
    sample_database: Database, settings: Settings, free_port: int
) -> None:
    unreachable = settings.model_copy(
        update={"model": "some-model", "openai_base_url": f"http://127.0.0.1:{free_port()}/v1"}
    )
    answer = ask(sample_database, "TIGER 200은?", history=_conversation("KODEX 200 보수는?"), settings=unreachable)
    assert (answer.status, answer.model) == ("answered", "offline")
    assert "0.050%" in answer.answer
