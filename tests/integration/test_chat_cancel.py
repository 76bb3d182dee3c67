"""Cancelling reaches what costs: the language model's call and the database's query stop within a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI
from scripted_chat import serving
from stub_llm import StubLlm
from stub_llm import Turn as Said

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings

LONG_QUERY = "MATCH (a:Stock), (b:Stock), (d:ETF) WHERE a.name + b.name <> d.name RETURN count(*) AS n"
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'atlas_reader' AND state = 'active' AND query LIKE '%cypher(%'"


def application(database: Database, settings: Settings, llm: StubLlm, workers: int) -> FastAPI:
    changes = {
        "model": "stub", "openai_base_url": llm.url, "chat_workers": workers, "chat_abandoned_after_s": 0.3,
        "query_timeout_ms": 20_000,
    }  # fmt: skip
    return create_app(database, settings.model_copy(update=changes))


def body(run_id: str) -> dict:
    message = {"id": "1", "role": "user", "content": "시장을 통째로 이야기해 줘"}
    return {
        "threadId": "cancelled", "runId": run_id, "messages": [message], "forwardedProps": {"answerBy": "model"},
    }  # fmt: skip


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)


@pytest.fixture(params=[0, 1], ids=["threads", "worker"])
def workers(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def talking() -> Iterator[StubLlm]:
    """A model that talks for minutes."""
    endless = Said(tool="final_answer", arguments={"answer": "말이 많습니다. " * 2_000}, pause=0.05)
    with StubLlm([endless]) as llm:
        yield llm


def ended(client: httpx.Client, run_id: str) -> bool:
    return client.get("/api/conversations/cancelled").text.count(f'"{run_id}"') > 0


def test_cancelling_hangs_up_on_the_model(
    chat_database: Database, settings: Settings, talking: StubLlm, workers: int
) -> None:
    run_id = f"model-{workers}"
    with (
        serving(application(chat_database, settings, talking, workers)) as server,
        httpx.Client(base_url=server, timeout=30) as client,
    ):
        client.get("/api/conversations")
        with client.stream("POST", "/api/chat", json=body(run_id)) as reply:
            lines = reply.iter_lines()
            wait_until(lambda: "TEXT_MESSAGE_CONTENT" in next(lines), 30)
            assert client.post(f"/api/chat/{run_id}/cancel").status_code == 202
            wait_until(lambda: talking.hung_up == 1, 1.5)
            assert '"code":"cancelled"' in "".join(lines)
        wait_until(lambda: ended(client, run_id), 3)
        [turn] = [one for one in client.get("/api/conversations/cancelled").json()["turns"] if one["run_id"] == run_id]
    assert turn["answer"]["status"] == "cancelled"
    assert turn["answer"]["answer"].startswith("말이 많습니다.")


def test_leaving_for_good_hangs_up_on_the_model(chat_database: Database, settings: Settings, talking: StubLlm) -> None:
    with serving(application(chat_database, settings, talking, 0)) as server:
        with httpx.stream("POST", f"{server}/api/chat", json=body("left"), timeout=30) as reply:
            lines = reply.iter_lines()
            wait_until(lambda: "TEXT_MESSAGE_CONTENT" in next(lines), 30)
        wait_until(lambda: talking.hung_up == 1, 3)


def test_cancelling_stops_the_query(chat_database: Database, settings: Settings, workers: int) -> None:
    run_id = f"query-{workers}"

    def running() -> int:
        with chat_database.connect(autocommit=True) as connection:
            return connection.execute(RUNNING).fetchone()[0]

    asks = Said(tool="query_graph", arguments={"cypher": LONG_QUERY})
    with (
        StubLlm([asks]) as llm,
        serving(application(chat_database, settings, llm, workers)) as server,
        httpx.Client(base_url=server, timeout=30) as client,
    ):
        client.get("/api/conversations")
        asking = threading.Thread(target=client.post, args=("/api/chat",), kwargs={"json": body(run_id)})
        asking.start()
        wait_until(lambda: running() == 1, 30)
        client.post(f"/api/chat/{run_id}/cancel")
        wait_until(lambda: running() == 0, 1.5)
        asking.join(5)
