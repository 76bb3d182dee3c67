"""Runs that survive their connection: resumed where they broke off, read by two, cancelled, abandoned, kept for a while."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI
from scripted_chat import ScriptedAgent, application, serving

SLOW = "느린 질문"


@pytest.fixture(scope="module")
def agent() -> ScriptedAgent:
    return ScriptedAgent()


@pytest.fixture(scope="module")
def app(agent: ScriptedAgent) -> FastAPI:
    return application(agent, concurrency=20, abandoned_after_s=0.4)


@pytest.fixture(scope="module")
def server(app: FastAPI) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def browser(server: str) -> Iterator[httpx.Client]:
    """A visitor that keeps its cookie."""
    with httpx.Client(base_url=server, timeout=20) as client:
        client.get("/api/chat/none/events")
        client.post("/api/chat", json=question("실패", "first"))
        yield client


def question(text: str, run_id: str) -> dict[str, object]:
    return {"threadId": "thread", "runId": run_id, "messages": [{"id": "1", "role": "user", "content": text}]}


def events(text: str) -> list[tuple[int, dict]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n") if "data: " in block]
    return [(int(block[0][4:]), json.loads(block[1][6:])) for block in blocks]


def until(lines: Iterator[str], count: int) -> int:
    """Read that many events of an open stream; gives the number of the last one."""
    numbers = [int(line[4:]) for line, _ in zip(only_ids(lines), range(count), strict=False)]
    return numbers[-1]


def only_ids(lines: Iterator[str]) -> Iterator[str]:
    return (line for line in lines if line.startswith("id: "))


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.01)


def test_a_dropped_stream_is_resumed_after_the_last_event_that_arrived(browser: httpx.Client) -> None:
    with browser.stream("POST", "/api/chat", json=question(SLOW, "dropped")) as reply:
        last = until(reply.iter_lines(), 5)
    with browser.stream("GET", "/api/chat/dropped/events", headers={"Last-Event-ID": str(last)}) as reply:
        numbers = [int(line[4:]) for line, _ in zip(only_ids(reply.iter_lines()), range(20), strict=False)]
    assert numbers == list(range(last + 1, last + 21))
    browser.post("/api/chat/dropped/cancel")


def test_a_client_without_headers_says_where_it_was_in_the_address(browser: httpx.Client) -> None:
    whole = events(browser.post("/api/chat", json=question("삼성전자", "addressed")).text)
    assert events(browser.get("/api/chat/addressed/events", params={"after": 4}).text) == whole[4:]
    assert events(browser.get("/api/chat/addressed/events").text) == whole


def test_a_number_that_is_none_means_the_beginning(browser: httpx.Client) -> None:
    whole = events(browser.post("/api/chat", json=question("삼성전자", "odd")).text)
    for number in ("", "x", "-1", "²"):
        reply = browser.get("/api/chat/odd/events", headers={"Last-Event-ID": number.encode()})
        assert events(reply.text) == whole


def test_two_tabs_read_the_same_run(browser: httpx.Client) -> None:
    with browser.stream("POST", "/api/chat", json=question(SLOW, "tabs")) as first:
        until(first.iter_lines(), 3)
        with browser.stream("GET", "/api/chat/tabs/events") as second:
            assert until(second.iter_lines(), 10) == 10
        browser.post("/api/chat/tabs/cancel")


def test_the_same_run_sent_twice_is_carried_out_once(browser: httpx.Client, agent: ScriptedAgent) -> None:
    first = browser.post("/api/chat", json=question("삼성전자", "twice")).text
    asked = len(agent.requests)
    assert events(browser.post("/api/chat", json=question("삼성전자", "twice")).text) == events(first)
    assert len(agent.requests) == asked


def test_nobody_else_can_read_or_stop_a_run(browser: httpx.Client, server: str) -> None:
    with browser.stream("POST", "/api/chat", json=question(SLOW, "private")) as reply:
        lines = reply.iter_lines()
        until(lines, 3)
        stranger = {"atlas_visitor": "A" * 22}
        for cookies in ({}, stranger, {"atlas_visitor": "'; --"}):
            with httpx.Client(base_url=server, cookies=cookies) as other:
                assert other.get("/api/chat/private/events").status_code == 404
                assert other.post("/api/chat/private/cancel").status_code == 404
        assert until(lines, 5)
    browser.post("/api/chat/private/cancel")


def test_a_run_id_that_another_visitor_uses_is_free_for_everybody_else(browser: httpx.Client, server: str) -> None:
    browser.post("/api/chat", json=question("삼성전자", "common"))
    other = httpx.post(f"{server}/api/chat", json=question("실패", "common"), timeout=20)
    assert (
        next(event["value"]["status"] for _, event in events(other.text) if event.get("name") == "answer") == "failed"
    )


def test_an_unknown_run_is_a_problem_in_korean(browser: httpx.Client) -> None:
    for reply in (browser.get("/api/chat/unknown/events"), browser.post("/api/chat/unknown/cancel")):
        assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
        assert "답변을 찾을 수 없습니다" in reply.json()["detail"]


def test_cancelling_stops_the_agent_and_ends_the_stream_for_every_reader(
    browser: httpx.Client, agent: ScriptedAgent
) -> None:
    stopped = len(agent.stopped_at)
    texts: list[str] = []

    def read(method: str, path: str, **body: object) -> None:
        texts.append(browser.request(method, path, **body).text)

    first = threading.Thread(target=read, args=("POST", "/api/chat"), kwargs={"json": question(SLOW, "stopped")})
    first.start()
    wait_until(lambda: browser.get("/api/chat/none/events").status_code == 404 and len(agent.requests) > 0, 3)
    wait_until(lambda: agent.requests[-1].run_id == "stopped", 3)
    second = threading.Thread(target=read, args=("GET", "/api/chat/stopped/events"))
    second.start()
    assert browser.post("/api/chat/stopped/cancel").status_code == 202
    wait_until(lambda: len(agent.stopped_at) > stopped, 1)
    first.join(5)
    second.join(5)
    assert len(texts) == 2
    for text in texts:
        assert events(text)[-1][1]["type"] == "RUN_ERROR"
        assert events(text)[-1][1]["code"] == "cancelled"


def test_cancelling_what_has_ended_changes_nothing(browser: httpx.Client) -> None:
    whole = events(browser.post("/api/chat", json=question("삼성전자", "ended")).text)
    assert browser.post("/api/chat/ended/cancel").status_code == 202
    assert events(browser.get("/api/chat/ended/events").text) == whole


def test_a_run_that_nobody_comes_back_to_is_stopped(browser: httpx.Client, agent: ScriptedAgent) -> None:
    stopped = len(agent.stopped_at)
    with browser.stream("POST", "/api/chat", json=question(SLOW, "left")) as reply:
        until(reply.iter_lines(), 3)
    assert len(agent.stopped_at) == stopped
    wait_until(lambda: len(agent.stopped_at) > stopped, 3)
    assert events(browser.get("/api/chat/left/events").text)[-1][1]["code"] == "abandoned"


def test_a_run_that_is_read_again_in_time_goes_on(browser: httpx.Client, agent: ScriptedAgent) -> None:
    with browser.stream("POST", "/api/chat", json=question(SLOW, "back")) as reply:
        until(reply.iter_lines(), 3)
    with browser.stream("GET", "/api/chat/back/events") as reply:
        # Longer than an unread run is kept going.
        assert until(reply.iter_lines(), 25) == 25
    browser.post("/api/chat/back/cancel")


def test_finished_runs_are_forgotten_in_the_end() -> None:
    app = application(ScriptedAgent(), kept_s=0.2)
    with serving(app) as server, httpx.Client(base_url=server, timeout=20) as client:
        client.post("/api/chat", json=question("삼성전자", "one"))
        assert client.get("/api/chat/one/events").status_code == 200
        wait_until(lambda: client.get("/api/chat/one/events").status_code == 404, 3)


def test_only_so_many_finished_runs_are_kept() -> None:
    app = application(ScriptedAgent(), most_kept=2)
    with serving(app) as server, httpx.Client(base_url=server, timeout=20) as client:
        for run_id in ("one", "two", "three"):
            client.post("/api/chat", json=question("실패", run_id))
        statuses = [client.get(f"/api/chat/{run_id}/events").status_code for run_id in ("one", "two", "three")]
    assert statuses == [404, 200, 200]


def test_a_run_that_tells_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.chat.stream.MOST_RUN_BYTES", 2_000)
    agent = ScriptedAgent()
    with serving(application(agent)) as server:
        told = events(httpx.post(f"{server}/api/chat", json=question(SLOW, "endless"), timeout=20).text)
    assert told[-1][1]["code"] == "too-large"
    wait_until(lambda: len(agent.stopped_at) == 1, 1)


def test_the_visitor_gets_a_cookie_that_scripts_cannot_read_and_keeps_it(server: str) -> None:
    with httpx.Client(base_url=server, timeout=20) as client:
        given = client.post("/api/chat", json=question("실패", "cookie")).headers["set-cookie"]
        assert "atlas_visitor=" in given
        assert {"httponly", "samesite=lax", "max-age=31536000"} <= {part.strip().lower() for part in given.split(";")}
        assert "set-cookie" not in client.post("/api/chat", json=question("실패", "cookie-2")).headers


def test_the_model_can_be_asked_for(server: str, agent: ScriptedAgent) -> None:
    for wishes, expected in (({"answerBy": "model"}, False), ({}, True), ({"answerBy": 5}, True)):
        httpx.post(f"{server}/api/chat", json=question("실패", "wish") | {"forwardedProps": wishes}, timeout=20)
        assert agent.requests[-1].verified_first is expected


@pytest.mark.parametrize("identifier", ["", "a\x00b", "\ud800", "a" * 201, "a\nb"])
def test_an_id_that_cannot_be_kept_is_refused(server: str, identifier: str) -> None:
    body = json.dumps(question("실패", "x") | {"runId": identifier})
    reply = httpx.post(f"{server}/api/chat", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
