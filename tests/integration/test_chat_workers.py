"""Runs in processes of their own: they tell, stop and end there as they do in threads, and a dead process is replaced."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI
from scripted_chat import ScriptedAgent, serving

from backend import problems
from backend.chat.routes import router
from backend.chat.stream import ChatRuns
from backend.chat.workers import WorkerEngine

SLOW = "느린 질문"


class Workers:
    """A chat server with worker processes that play the scripts."""

    def __init__(self, count: int, meanwhile: ScriptedAgent | None = None) -> None:
        self.engine = WorkerEngine(ScriptedAgent, (), count, meanwhile=meanwhile)
        self.app = FastAPI(lifespan=self._lifespan)
        self.app.include_router(router)
        problems.install(self.app)

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        await self.engine.open()
        app.state.chat_runs = ChatRuns(self.engine, concurrency=self.engine.room)
        yield
        await app.state.chat_runs.close()
        await self.engine.close()


@pytest.fixture(scope="module")
def workers() -> Workers:
    return Workers(2)


@pytest.fixture(scope="module")
def server(workers: Workers) -> Iterator[str]:
    with serving(workers.app) as address:
        yield address
    assert workers.engine.pids == []


_runs = iter(range(1_000_000))


def question(text: str) -> dict[str, object]:
    message = {"id": "1", "role": "user", "content": text}
    return {"threadId": "thread", "runId": f"run-{next(_runs)}", "messages": [message]}


def events(text: str) -> list[dict]:
    return [json.loads(line[6:]) for line in text.split("\n") if line.startswith("data: ")]


def ask(server: str, text: str) -> list[dict]:
    return events(httpx.post(f"{server}/api/chat", json=question(text), timeout=30).text)


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.01)


def test_an_answer_comes_from_a_worker_in_the_same_order_as_from_a_thread(server: str) -> None:
    told = ask(server, "삼성전자")
    types = [event["type"] for event in told]
    assert (types[0], types[-2:]) == ("RUN_STARTED", ["CUSTOM", "RUN_FINISHED"])
    assert types.index("TOOL_CALL_START") < types.index("TOOL_CALL_RESULT") < types.index("TEXT_MESSAGE_START")
    final = next(event["value"] for event in told if event.get("name") == "answer")
    assert (
        "".join(event.get("delta", "") for event in told if event["type"] == "TEXT_MESSAGE_CONTENT") == final["answer"]
    )
    assert final["tables"][0]["rows"][3] == ["ACE 무비중", "0113G0", None, 0, "2026-07-07"]


def test_errors_come_in_korean_without_their_details(server: str) -> None:
    assert ask(server, "데이터베이스")[-1]["code"] == "query-failed"
    broken = ask(server, "고장")
    assert broken[-1]["code"] == "internal-error"
    assert "secret" not in json.dumps(broken)


def test_many_questions_are_answered_side_by_side(server: str) -> None:
    ended: list[str] = []
    readers = [threading.Thread(target=lambda: ended.append(ask(server, "삼성전자")[-1]["type"])) for _ in range(24)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(30)
    assert ended == ["RUN_FINISHED"] * 24


def test_cancelling_reaches_the_worker_and_frees_its_room(workers: Workers, server: str) -> None:
    with httpx.Client(base_url=server, timeout=20) as client:
        client.post("/api/chat", json=question("실패"))
        body = question(SLOW)
        with client.stream("POST", "/api/chat", json=body) as reply:
            lines = reply.iter_lines()
            wait_until(lambda: "TEXT_MESSAGE_CONTENT" in next(lines), 10)
            assert client.post(f"/api/chat/{body['runId']}/cancel").status_code == 202
            rest = "\n".join(lines)
        assert events(rest)[-1]["code"] == "cancelled"
        wait_until(lambda: sum(worker.busy for worker in workers.engine._workers) == 0, 1)


def test_a_killed_worker_ends_its_runs_with_an_error_and_is_replaced(workers: Workers, server: str) -> None:
    ended: list[dict] = []
    readers = [threading.Thread(target=lambda: ended.append(ask(server, SLOW)[-1])) for _ in range(4)]
    for reader in readers:
        reader.start()
    wait_until(lambda: [worker.busy for worker in workers.engine._workers] == [2, 2], 10)
    [killed, other] = workers.engine.pids
    time.sleep(0.5)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(ended) == 2, 5)
    assert [event["code"] for event in ended] == ["worker-died"] * 2
    assert ended[0]["message"] == "답을 만들던 프로세스가 멈췄습니다. 다시 시도해 주세요."
    assert ask(server, "삼성전자")[-1]["type"] == "RUN_FINISHED"
    wait_until(lambda: len(workers.engine.pids) == 2, 10)
    assert other in workers.engine.pids
    os.kill(other, signal.SIGKILL)
    for reader in readers:
        reader.join(5)
    assert len(ended) == 4
    wait_until(lambda: len(workers.engine.pids) == 2, 10)
    assert ask(server, "삼성전자")[-1]["type"] == "RUN_FINISHED"


def test_the_first_question_waits_for_no_worker() -> None:
    meanwhile = ScriptedAgent()
    workers = Workers(1, meanwhile)
    with serving(workers.app) as server:
        assert ask(server, "삼성전자")[-1]["type"] == "RUN_FINISHED"
        assert len(meanwhile.requests) == 1
        wait_until(lambda: workers.engine._workers[0].is_ready, 20)
        assert ask(server, "삼성전자")[-1]["type"] == "RUN_FINISHED"
        assert len(meanwhile.requests) == 1


def test_a_worker_steps_behind_the_web_server(workers: Workers, server: str) -> None:
    ask(server, "삼성전자")
    niceness = {os.getpriority(os.PRIO_PROCESS, pid) for pid in workers.engine.pids}
    assert min(niceness) > os.getpriority(os.PRIO_PROCESS, 0)


def test_workers_end_with_the_server_even_where_a_run_does_not_listen() -> None:
    workers = Workers(1)
    with serving(workers.app) as server:

        def listen() -> None:
            with contextlib.suppress(httpx.TransportError):
                ask(server, "안 듣는 질문")

        threading.Thread(target=listen, daemon=True).start()
        wait_until(lambda: workers.engine._workers[0].busy == 1, 10)
        [pid] = workers.engine.pids
        started = time.monotonic()
    assert time.monotonic() - started < 6
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 2)
