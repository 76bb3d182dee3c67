"""Stored turns: what is kept of a question and its answer, who may read it again, and what happens when it cannot be kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text
from stub_llm import StubLlm
from stub_llm import Turn as Said

from agent.answer import Answer, Table
from backend.app import create_app
from backend.chat.run import Failure
from backend.chat.schemas import ChatRequest
from backend.chat.turns import Turns, bounded
from backend.db.engine import Database
from backend.settings import Settings

QUESTION = "삼성전자를 가장 많이 담은 ETF는?"


@pytest.fixture(scope="module")
def served(chat_database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(chat_database, settings)) as client:
        yield client


@pytest.fixture
def browser(served: TestClient) -> TestClient:
    """A visitor that has never been here."""
    served.cookies.clear()
    return served


_runs = iter(range(1_000_000))


def ask(client: TestClient, question: str, thread: str = "thread", **more: object) -> tuple[str, dict]:
    """Ask and return the run's id and the final object."""
    run_id = f"run-{next(_runs)}"
    messages = [{"id": "1", "role": "user", "content": question}]
    reply = client.post("/api/chat", json={"threadId": thread, "runId": run_id, "messages": messages, **more})
    assert reply.status_code == 200, reply.text
    return run_id, next(event["value"] for event in told(reply.text) if event.get("name") == "answer")


def told(body: str) -> list[dict]:
    return [json.loads(line[6:]) for line in body.split("\n") if line.startswith("data: ")]


def stored(database: Database, run_id: str) -> dict:
    with database.engine().connect() as connection:
        row = connection.execute(text("SELECT * FROM turns WHERE run_id = :id"), {"id": run_id}).mappings().one()
        return dict(row)


def test_a_conversation_is_read_again_as_it_was_told(browser: TestClient) -> None:
    first, answer = ask(browser, QUESTION)
    second, _ = ask(browser, "KODEX 200의 총보수는?")
    conversation = browser.get("/api/conversations/thread").json()
    assert conversation["id"] == "thread"
    assert [turn["run_id"] for turn in conversation["turns"]] == [first, second]
    turn = conversation["turns"][0]
    assert (turn["question"], turn["feedback"]) == (QUESTION, None)
    assert turn["answer"] == answer
    assert answer["run_id"] == first
    assert answer["status"] == "answered"


def test_a_turn_says_how_its_answer_came_about(browser: TestClient, chat_database: Database) -> None:
    run_id, answer = ask(browser, QUESTION)
    turn = stored(chat_database, run_id)
    assert turn["masked"] == "⟨종목⟩를 가장 많이 담은 ETF는?"
    assert (turn["source"], turn["example"], turn["model"]) == (answer["source"], answer["example"], "offline")
    assert turn["source"] == "verified"
    assert turn["cypher"] == answer["cypher"] != []
    assert turn["examples"][0][1] > 0.9
    assert {"link", "examples", "query"} <= set(turn["stages_ms"])
    assert turn["elapsed_ms"] == answer["elapsed_ms"]
    assert (turn["dataset"], turn["as_of"].isoformat()) == ("sample", answer["as_of"])


def test_what_cannot_be_answered_is_stored_too(browser: TestClient, chat_database: Database) -> None:
    run_id, answer = ask(browser, "내일 삼성전자 주가 오를까?")
    assert answer["status"] == stored(chat_database, run_id)["status"] == "refused"


def test_what_a_model_used_is_stored_with_its_answer(chat_database: Database, settings: Settings) -> None:
    with StubLlm([Said(tool="final_answer", arguments={"answer": "모릅니다.", "status": "refused"})]) as llm:
        online = settings.model_copy(update={"model": "stub", "openai_base_url": llm.url})
        with TestClient(create_app(chat_database, online)) as client:
            run_id, answer = ask(client, QUESTION, forwardedProps={"answerBy": "model"})
            _, sure = ask(client, QUESTION)
    turn = stored(chat_database, run_id)
    assert (turn["source"], turn["model"], answer["source"]) == ("model", "stub", "model")
    assert turn["stages_ms"]["think"] > 0
    assert sure["source"] == "verified"


def test_personal_data_reaches_neither_the_store_nor_the_model(chat_database: Database, settings: Settings) -> None:
    question = "제 번호는 010-1234-5678이고 900101-1234567입니다. kim@example.com으로 좋은 ETF 보내주세요"
    history = [
        {"id": "1", "role": "user", "content": "계좌는 110-123-456789야"},
        {"id": "2", "role": "assistant", "content": "네"},
        {"id": "3", "role": "user", "content": question},
    ]
    with StubLlm([Said(tool="final_answer", arguments={"answer": "알겠습니다."})]) as llm:
        online = settings.model_copy(update={"model": "stub", "openai_base_url": llm.url})
        with TestClient(create_app(chat_database, online)) as client:
            body = {"threadId": "private", "runId": "private", "messages": history}
            client.post("/api/chat", json={**body, "forwardedProps": {"answerBy": "model"}})
            seen = json.dumps(llm.requests, ensure_ascii=False)
            kept = client.get("/api/conversations/private").text
    assert llm.requests
    with chat_database.engine().connect() as connection:
        kept += str(connection.execute(text("SELECT * FROM turns WHERE run_id = 'private'")).one())
    for secret in ("1234-5678", "900101", "kim@", "456789"):
        assert secret not in seen
        assert secret not in kept
    assert "⟨전화번호⟩" in kept
    assert "⟨계좌번호⟩" in seen


def test_nobody_reads_or_removes_the_conversation_of_another(browser: TestClient) -> None:
    ask(browser, QUESTION, "mine")
    mine = dict(browser.cookies)
    browser.cookies.clear()
    assert browser.get("/api/conversations/mine").status_code == 404
    assert browser.delete("/api/conversations/mine").status_code == 404
    assert browser.get("/api/conversations").json() == {"conversations": []}
    browser.cookies.clear()
    browser.cookies.update(mine)
    assert browser.get("/api/conversations/mine").status_code == 200


def test_the_same_id_of_two_visitors_names_two_conversations(browser: TestClient) -> None:
    ask(browser, QUESTION, "same")
    first = dict(browser.cookies)
    browser.cookies.clear()
    ask(browser, "KODEX 200의 총보수는?", "same")
    assert [turn["question"] for turn in browser.get("/api/conversations/same").json()["turns"]] == [
        "KODEX 200의 총보수는?"
    ]
    browser.cookies.clear()
    browser.cookies.update(first)
    assert [turn["question"] for turn in browser.get("/api/conversations/same").json()["turns"]] == [QUESTION]


def test_a_visitors_conversations_are_listed_newest_first(browser: TestClient) -> None:
    for thread in ("old", "new"):
        ask(browser, f"{thread}: {QUESTION}", thread)
    ask(browser, QUESTION, "old")
    listed = browser.get("/api/conversations").json()["conversations"]
    assert [(one["id"], one["title"], one["turns"]) for one in listed] == [
        ("new", f"new: {QUESTION}", 1),
        ("old", f"old: {QUESTION}", 2),
    ]


def test_a_removed_conversation_is_gone_with_its_turns(browser: TestClient, chat_database: Database) -> None:
    run_id, _ = ask(browser, QUESTION, "gone")
    browser.post(f"/api/chat/{run_id}/feedback", json={"verdict": "up"})
    assert browser.delete("/api/conversations/gone").status_code == 204
    assert browser.get("/api/conversations/gone").status_code == 404
    with chat_database.engine().connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM turns WHERE run_id = :id"), {"id": run_id}).scalar()
    assert left == 0


def test_a_forgotten_run_is_told_from_its_stored_turn(
    browser: TestClient, chat_database: Database, settings: Settings
) -> None:
    run_id, answer = ask(browser, QUESTION)
    # Another process, as after a restart: nothing is left in memory.
    with TestClient(create_app(chat_database, settings), cookies=dict(browser.cookies)) as restarted:
        replies = [
            restarted.get(f"/api/chat/{run_id}/events", headers={"Last-Event-ID": "7"}),
            restarted.post("/api/chat", json={"threadId": "thread", "runId": run_id, "messages": [
                {"id": "1", "role": "user", "content": QUESTION}]}),
        ]  # fmt: skip
        stranger = TestClient(restarted.app)
        assert stranger.get(f"/api/chat/{run_id}/events").status_code == 404
    for reply, first_number in zip(replies, (8, 1), strict=True):
        events = told(reply.text)
        assert f"id: {first_number}\n" in reply.text
        assert (events[0]["type"], events[-1]["type"]) == ("RUN_STARTED", "RUN_FINISHED")
        assert "".join(event.get("delta", "") for event in events) == answer["answer"]
        assert next(event["value"] for event in events if event.get("name") == "answer") == answer
        assert [event["value"] for event in events if event.get("name") == "table"] == answer["tables"]


def test_a_stopped_turn_keeps_what_was_told(chat_database: Database) -> None:
    turns = Turns(chat_database, "stub")
    request = ChatRequest("stopped", "stopped-run", QUESTION, (), visitor="v")
    turns.record(request, Failure("답변을 멈췄습니다.", "cancelled"), "반쯤 ", 1_200)
    turn = stored(chat_database, "stopped-run")
    assert (turn["status"], turn["answer"], turn["errors"]) == ("cancelled", "반쯤 ", ["cancelled"])
    assert (turn["model"], turn["elapsed_ms"]) == ("stub", 1_200)


def test_storing_a_run_again_changes_nothing(chat_database: Database) -> None:
    turns = Turns(chat_database)
    request = ChatRequest("again", "again-run", QUESTION, (), visitor="v")
    turns.record(request, Answer("하나", "answered"), "", 1)
    turns.record(request, Answer("둘", "answered"), "", 1)
    assert stored(chat_database, "again-run")["answer"] == "하나"


def test_values_that_json_cannot_hold_are_stored_all_the_same(chat_database: Database) -> None:
    odd = Answer("반\x00쪽 \ud800", "answered", [Table("t", ["a"], [[float("nan")], ["\x00"]])], ["RETURN '\x00'"])
    Turns(chat_database).record(ChatRequest("odd", "odd-run", "질문", (), visitor="v"), odd, "", 1)
    assert stored(chat_database, "odd-run")["tables"][0]["rows"] == [[None], [""]]


@hypothesis_settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.text(max_size=300), max_size=300), max_size=3))
def test_stored_tables_stay_within_their_bounds(columns: list[list[str]]) -> None:
    tables = [Table("t", ["a"], [[cell] for cell in column]) for column in columns]
    kept = bounded(tables, 200, 20_000)
    assert len(kept) == len(tables)
    assert sum(len(table["rows"]) for table in kept) <= 200
    assert sum(len(json.dumps(row, ensure_ascii=False)) for table in kept for row in table["rows"]) <= 25_000
    for table, whole in zip(kept, tables, strict=True):
        assert table["rows"] == whole.rows[: len(table["rows"])]
        assert table["truncated"] == (len(table["rows"]) < len(whole.rows))


def test_an_answer_is_told_even_where_it_cannot_be_stored(chat_database: Database, settings: Settings) -> None:
    application = create_app(chat_database, settings)
    with TestClient(application) as client:
        before = not_stored(client)
        with hidden(chat_database, "turns"):
            _, answer = ask(client, QUESTION, "unlucky")
            assert answer["status"] == "answered"
            assert not_stored(client) == before + 1
        assert client.get("/api/conversations/unlucky").status_code == 404


@contextmanager
def hidden(database: Database, table: str) -> Iterator[None]:
    with database.connect(autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO hidden")
    try:
        yield
    finally:
        with database.connect(autocommit=True) as connection:
            connection.execute(f"ALTER TABLE hidden RENAME TO {table}")


def not_stored(client: TestClient) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith("atlas_chat_turns_not_stored_total"))


def test_turns_are_counted_by_status_and_source(browser: TestClient) -> None:
    ask(browser, QUESTION)
    assert 'atlas_chat_turns_total{source="verified",status="answered"}' in browser.get("/metrics").text
