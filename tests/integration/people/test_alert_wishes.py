"""Wishes for alerts, as people say them, and the questions that look like them, read against the sample market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.answer import Answer, Message
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings

FOLDER = Path(__file__).parents[2] / "conversations"
USUAL = ["new", "out", "more", "less", "weight", "fee", "name"]


def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


WISHES = [{"etfs": group["etfs"], **wish} for group in _read("alert_wishes.yaml").values() for wish in group["wishes"]]
QUESTIONS: list[str] = [text for texts in _read("alert_look_alikes.yaml").values() for text in texts]
TROUBLES: list[dict[str, Any]] = _read("alert_troubles.yaml")


def _asked(database: Database, settings: Settings, text: str, before: list[str] | None = None) -> Answer:
    history = [message for one in before or [] for message in (Message("user", one), Message("assistant", "…"))]
    return ask(database, text, history=history, settings=settings)


def test_there_are_enough_wishes_and_enough_questions_that_look_like_them() -> None:
    assert len({wish["text"] for wish in WISHES}) >= 120
    assert len(set(QUESTIONS)) >= 150


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish["text"])
def test_a_wish_comes_to_a_proposal(wish: dict[str, Any], sample_database: Database, settings: Settings) -> None:
    answer = _asked(sample_database, settings, wish["text"], wish.get("before"))

    assert answer.proposal is not None, (answer.status, answer.answer)
    assert answer.status == "answered"
    proposal = answer.proposal.as_dict()
    assert sorted(etf["code"] for etf in proposal["etfs"]) == wish["etfs"]
    expected = {
        "kind": "alert",
        "kinds": wish.get("kinds", USUAL),
        "threshold_pp": wish.get("pp"),
        "premium_pct": wish.get("premium"),
        "discord": wish.get("discord"),
        "mute": wish.get("mute", False),
    }
    assert {name: proposal[name] for name in expected} == expected


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_no_wish(text: str, sample_database: Database, settings: Settings) -> None:
    answer = _asked(sample_database, settings, text)
    assert answer.proposal is None
    assert "알림" not in answer.answer
    assert "wish" not in answer.trace.stages_ms or answer.trace.masked, "it was answered as a question"


@pytest.mark.parametrize("given", TROUBLES, ids=lambda given: given["text"])
def test_what_cannot_be_had_is_said(given: dict[str, Any], sample_database: Database, settings: Settings) -> None:
    answer = _asked(sample_database, settings, given["text"], given.get("before"))

    assert answer.status == given["status"], answer.answer
    for words in given.get("says", []):
        assert words in answer.answer
    for suggestion in given.get("offers", []):
        assert suggestion in answer.suggestions, answer.suggestions
    assert (answer.proposal is not None) == given.get("proposed", False)


@pytest.mark.parametrize(
    ("asked", "words"), [("그 ETF 보수는?", "총보수"), ("상위 종목은?", "삼성전자"), ("KODEX 200 보수는?", "총보수")]
)
def test_a_question_after_a_wish_is_about_its_etf(
    asked: str, words: str, sample_database: Database, settings: Settings
) -> None:
    answer = _asked(sample_database, settings, asked, ["KODEX 200 팔면 알려줘"])
    assert answer.status == "answered"
    assert words in answer.answer
    assert answer.proposal is None
