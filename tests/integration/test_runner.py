"""One question, offline, from the words to the answer: events, statuses, notices, cancelling."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.answer import Answer
from agent.events import AnswerDelta, Event, StepFinished, StepStarted, TableReady, ToolFinished, ToolStarted
from agent.run_context import RunCancelled
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings

ROOT = Path(__file__).parents[2]
QUESTION = "삼성전자를 가장 많이 담은 ETF는?"


@pytest.fixture
def asked(sample_database: Database, settings: Settings) -> tuple[Answer, list[Event]]:
    events: list[Event] = []
    return ask(sample_database, QUESTION, settings=settings, emit=events.append), events


def test_the_answer_comes_with_table_cypher_date_and_notice(asked: tuple[Answer, list[Event]]) -> None:
    answer, _ = asked
    assert answer.status == "answered"
    assert answer.tables[0].rows
    assert answer.cypher
    assert (answer.as_of, answer.dataset, answer.model) == ("2026-07-31", "sample", "offline")
    assert "예시 데이터" in answer.answer


def test_the_pieces_told_are_the_answer(asked: tuple[Answer, list[Event]]) -> None:
    answer, events = asked
    assert "".join(event.text for event in events if isinstance(event, AnswerDelta)) == answer.answer
    assert [event.table for event in events if isinstance(event, TableReady)] == answer.tables


def test_every_step_and_tool_that_starts_also_ends(asked: tuple[Answer, list[Event]]) -> None:
    _, events = asked
    for started, finished in ((StepStarted, StepFinished), (ToolStarted, ToolFinished)):
        begun = [event.id for event in events if isinstance(event, started)]
        assert begun
        assert begun == [event.id for event in events if isinstance(event, finished)]


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("KODEX 200 보수는?", "answered"),
        ("내일 삼성전자 오를까?", "refused"),
        ("KODEX 200 분배금 얼마야?", "refused"),
        ("현대 담은 ETF", "clarify"),
        ("보수가 얼마야?", "clarify"),
        ("2026년 2월 30일 KODEX 200 종가", "clarify"),
        ("", "failed"),
    ],
)
def test_status(sample_database: Database, settings: Settings, question: str, status: str) -> None:
    answer = ask(sample_database, question, settings=settings)
    assert answer.status == status
    assert answer.answer


def test_what_is_not_understood_is_not_guessed_and_comes_with_suggestions(
    sample_database: Database, settings: Settings
) -> None:
    answer = ask(sample_database, "KODEX 200 호랑이 보수", settings=settings)
    assert answer.status in ("refused", "clarify")
    assert "호랑이" in answer.answer
    assert answer.suggestions


def test_an_ambiguous_name_offers_what_it_can_mean_and_each_offer_is_answered(
    sample_database: Database, settings: Settings
) -> None:
    answer = ask(sample_database, "현대 담은 ETF", settings=settings)
    assert len(answer.suggestions) > 1
    assert ask(sample_database, answer.suggestions[0], settings=settings).status == "answered"


def test_an_english_question_is_answered_in_english(sample_database: Database, settings: Settings) -> None:
    answer = ask(sample_database, "What is the fee of KODEX 200?", settings=settings)
    assert answer.status == "answered"
    assert "0.150%" in answer.answer
    assert "invented" in answer.answer


@pytest.mark.parametrize(
    "attack", ["'", "\\", "$$", "') RETURN 1 //", "{{7*7}}", "`", "\x00", "%s %d", "⟨ETF⟩", "{etf}"]
)
def test_odd_characters_do_no_harm(sample_database: Database, settings: Settings, attack: str) -> None:
    answer = ask(sample_database, f"KODEX 200 {attack} 보수", settings=settings)
    assert answer.status != "failed", answer.answer
    assert "49" not in answer.answer


def test_without_a_market_the_failure_is_one_sentence(empty_database: Database, settings: Settings) -> None:
    answer = ask(empty_database, QUESTION, settings=settings)
    assert answer.status in ("refused", "failed")
    assert answer.answer


def test_a_cancelled_run_ends(sample_database: Database, settings: Settings) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(RunCancelled):
        ask(sample_database, QUESTION, settings=settings, cancelled=cancelled)


def test_a_sink_that_fails_ends_the_run(sample_database: Database, settings: Settings) -> None:
    def sink(event: Event) -> None:
        if isinstance(event, ToolStarted):
            raise ConnectionResetError

    with pytest.raises(RunCancelled):
        ask(sample_database, QUESTION, settings=settings, emit=sink)


def test_the_command_line_prints_one_json_object(sample_database: Database, settings: Settings) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "ATLAS_HOME": str(settings.home),
        "ATLAS_DATABASE_URL": sample_database.url(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "backend.cli", "ask", QUESTION, "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert {"answer", "tables", "cypher", "as_of", "status", "model", "elapsed_ms"} <= printed.keys()
    assert printed["status"] == "answered"
    assert set(printed["tables"][0]) >= {"title", "columns", "rows"}
