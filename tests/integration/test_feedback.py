"""What people think of an answer: given once, changed, withdrawn, and only by whoever asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings


@pytest.fixture(scope="module")
def browser(chat_database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(chat_database, settings)) as client:
        message = {"id": "1", "role": "user", "content": "KODEX 200의 총보수는?"}
        client.post("/api/chat", json={"threadId": "judged", "runId": "judged", "messages": [message]})
        yield client


def judge(browser: TestClient, body: object, run_id: str = "judged") -> int:
    return browser.post(f"/api/chat/{run_id}/feedback", json=body).status_code


def verdict(browser: TestClient) -> dict | None:
    return browser.get("/api/conversations/judged").json()["turns"][0]["feedback"]


def test_a_verdict_is_kept_with_its_reason_replaced_and_withdrawn(browser: TestClient) -> None:
    assert judge(browser, {"verdict": "up"}) == 204
    assert verdict(browser) == {"verdict": "up", "reason": None}
    assert judge(browser, {"verdict": "down", "reason": "답이 틀려요"}) == 204
    assert verdict(browser) == {"verdict": "down", "reason": "답이 틀려요"}
    assert judge(browser, {"verdict": None}) == 204
    assert verdict(browser) is None


def test_personal_data_in_a_reason_is_masked(browser: TestClient) -> None:
    judge(browser, {"verdict": "down", "reason": "010-1234-5678로 전화 주세요"})
    assert verdict(browser) == {"verdict": "down", "reason": "⟨전화번호⟩로 전화 주세요"}


def test_only_whoever_asked_may_judge(browser: TestClient) -> None:
    stranger = TestClient(browser.app)
    assert judge(stranger, {"verdict": "up"}) == 404
    assert judge(stranger, {"verdict": None}) == 404
    assert judge(browser, {"verdict": "up"}, "unknown") == 404


@pytest.mark.parametrize("body", [{}, {"verdict": "maybe"}, {"verdict": "up", "reason": "가" * 501}, "up", None])
def test_what_is_no_verdict_is_refused(browser: TestClient, body: object) -> None:
    assert judge(browser, body) == 422


def test_verdicts_are_counted(browser: TestClient) -> None:
    judge(browser, {"verdict": "up"})
    assert 'atlas_chat_feedback_total{verdict="up"}' in browser.get("/metrics").text
