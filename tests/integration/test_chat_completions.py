"""`/v1` as OpenAI's own client and Open WebUI use it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.stub_llm import StubLlm, Turn

QUESTION = "삼성전자를 가장 많이 담은 ETF는?"
TITLE_TASK = """### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: KODEX 200 보수는?
ASSISTANT: 연 0.15%입니다.
</chat_history>"""


@pytest.fixture(scope="module")
def official(live_server: str) -> Iterator[openai.OpenAI]:
    """OpenAI's own client, pointed at the server; the key is any text."""
    with openai.OpenAI(base_url=f"{live_server}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def serving(sample_database: Database, settings: Settings) -> Iterator[Callable[..., TestClient]]:
    """A function that starts the application with other settings."""
    clients: list[TestClient] = []

    def start(**changed: Any) -> TestClient:
        client = TestClient(create_app(sample_database, settings.model_copy(update=changed)))
        client.__enter__()
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def _messages(*texts: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[number % 2], "content": text} for number, text in enumerate(texts)]


def test_the_official_client_lists_the_models(official: openai.OpenAI) -> None:
    assert [model.id for model in official.models.list()] == ["etf-atlas"]
    assert official.models.retrieve("etf-atlas").owned_by == "etf-atlas"


def test_the_official_client_gets_a_whole_answer(official: openai.OpenAI) -> None:
    completion = official.chat.completions.create(model="etf-atlas", messages=_messages(QUESTION))
    [choice] = completion.choices
    assert choice.finish_reason == "stop"
    assert "데이터 기준일" in choice.message.content
    assert "| --- |" in choice.message.content
    assert "```cypher" in choice.message.content
    assert completion.usage.total_tokens == 0


def test_the_official_client_gets_the_same_answer_as_a_stream(official: openai.OpenAI) -> None:
    whole = official.chat.completions.create(model="etf-atlas", messages=_messages(QUESTION)).choices[0].message.content
    stream = official.chat.completions.create(
        model="etf-atlas", messages=_messages(QUESTION), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens == 0


def test_the_steps_come_as_reasoning(official: openai.OpenAI) -> None:
    stream = official.chat.completions.create(model="etf-atlas", messages=_messages(QUESTION), stream=True)
    steps = [chunk.choices[0].delta.model_extra.get("reasoning_content") for chunk in stream if chunk.choices]
    assert any("삼성전자" in (step or "") for step in steps)


def test_text_parts_and_sampling_options_are_accepted(official: openai.OpenAI) -> None:
    completion = official.chat.completions.create(
        model="etf-atlas", temperature=0.2, max_tokens=50, user="someone",
        messages=[
            {"role": "system", "content": "Answer like a pirate."},
            {"role": "user", "content": [{"type": "text", "text": "KODEX 200 보수는?"}]},
        ],
    )  # fmt: skip
    assert "0.15" in completion.choices[0].message.content


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"model": "gpt-4o"}, 404, "etf-atlas"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "assistant", "content": "안녕"}]}, 400, "last message"),
        ({"messages": [{"role": "user", "content": "가" * 2_001}]}, 400, "too long"),
        ({"messages": [{"role": "wizard", "content": "안녕"}]}, 400, "role"),
        ({"n": 3}, 400, "`n`"),
    ],
)
def test_bad_requests_are_errors_in_openais_shape(
    official: openai.OpenAI, changed: dict[str, Any], status: int, said: str
) -> None:
    body = {"model": "etf-atlas", "messages": _messages(QUESTION), **changed}
    with pytest.raises(openai.APIStatusError) as refused:
        official.chat.completions.create(**body)
    assert refused.value.status_code == status
    assert said in refused.value.body["message"]


def test_open_webui_reads_the_stream_line_by_line(live_server: str) -> None:
    body = {"model": "etf-atlas", "messages": _messages(QUESTION), "stream": True, "metadata": {"chat_id": "x"}}
    with httpx.stream("POST", f"{live_server}/v1/chat/completions", json=body, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    assert all(json.loads(line[6:])["object"] == "chat.completion.chunk" for line in lines[:-1])


def test_open_webuis_housekeeping_is_answered_without_asking(official: openai.OpenAI) -> None:
    completion = official.chat.completions.create(model="etf-atlas", messages=_messages(TITLE_TASK))
    assert json.loads(completion.choices[0].message.content) == {"title": "KODEX 200 보수는?"}


def test_a_key_is_wanted_where_one_is_set(serving: Callable[..., TestClient]) -> None:
    client = serving(api_key=SecretStr("geheim"))
    assert client.get("/v1/models").status_code == 401
    assert (
        client.get("/v1/models", headers={"Authorization": "Bearer wrong"}).json()["error"]["code"] == "invalid_api_key"
    )
    assert client.get("/v1/models", headers={"Authorization": "Bearer geheim"}).is_success
    assert client.post("/mcp", json={}).status_code == 401


def test_the_language_model_can_be_asked_by_name(serving: Callable[..., TestClient]) -> None:
    turn = Turn(tool="final_answer", arguments={"answer": "모델의 답입니다."})
    with StubLlm([turn]) as stub:
        client = serving(model="stub-model", openai_base_url=stub.url, openai_api_key=SecretStr("key"))
        assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["etf-atlas", "etf-atlas-llm"]
        body = {"model": "etf-atlas-llm", "messages": _messages(QUESTION)}
        answer = client.post("/v1/chat/completions", json=body).json()
        assert "모델의 답입니다." in answer["choices"][0]["message"]["content"]
        assert stub.requests
        verified = client.post("/v1/chat/completions", json={**body, "model": "etf-atlas"}).json()
        assert "검증된 질의" in verified["choices"][0]["message"]["content"]


def test_a_model_that_is_down_is_an_error_and_no_empty_answer(
    serving: Callable[..., TestClient], free_port: Callable[[], int]
) -> None:
    client = serving(model="gone", openai_base_url=f"http://127.0.0.1:{free_port()}/v1")
    body = {"model": "etf-atlas-llm", "messages": _messages("저번에 말한 느낌대로 쓸쓸하게 정리하면 어떨지")}
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 503
    assert answer.json()["error"]["message"]
    assert answer.headers["x-should-retry"] == "false"
    with client.stream("POST", "/v1/chat/completions", json={**body, "stream": True}) as stream:
        assert '"error"' in stream.read().decode()
