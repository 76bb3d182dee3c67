"""Servers and models that differ from OpenAI: what they refuse, how they send tool calls, where their thoughts stand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.events import AnswerDelta
from agent.models.parameters import manners
from tests.stub_llm import StubLlm, Turn

COUNT = {"cypher": "MATCH (e:ETF) RETURN count(e) AS n", "graph": "etf_graph"}
FINAL = Turn(tool="final_answer", arguments={"answer": "72개입니다.", "status": "answered"})
QUERY = Turn(tool="query_graph", arguments=COUNT)


@pytest.mark.parametrize("refused", ["temperature", "tool_choice", "stream_options", "parallel_tool_calls"])
def test_a_parameter_that_is_refused_is_left_out_from_then_on(asking: Callable, refused: str) -> None:
    answer, _, stub = asking([QUERY, FINAL], refuses=[refused])
    assert answer.status == "answered"
    learnt = [request for request in stub.requests if refused not in request]
    assert len(learnt) >= 2
    # Asked wrongly once at most (tool_choice: once as required, once as auto).
    assert len(stub.requests) - len(learnt) <= (2 if refused == "tool_choice" else 1)


def test_max_tokens_becomes_max_completion_tokens(asking: Callable) -> None:
    answer, _, stub = asking([FINAL], refuses=["max_tokens"])
    assert answer.status == "answered"
    assert "max_completion_tokens" not in stub.requests[0]
    assert stub.requests[1]["max_completion_tokens"] == stub.requests[0]["max_tokens"]


def test_a_reasoning_model_is_asked_rightly_at_once(asking: Callable) -> None:
    answer, _, stub = asking(
        [FINAL], refuses=["temperature", "max_tokens", "stop"], with_settings={"model": "gpt-5-mini"}
    )
    assert answer.status == "answered"
    assert len(stub.requests) == 1


def test_everything_refused_at_once_is_learnt_one_by_one(asking: Callable) -> None:
    refused = ["temperature", "max_tokens", "tool_choice", "stream_options", "stop"]
    answer, _, stub = asking([QUERY, FINAL], refuses=refused)
    assert answer.status == "answered"
    assert not set(refused) & set(stub.requests[-1])


@pytest.mark.parametrize(
    "message",
    [
        "Invalid tool_choice, 'required' is not supported",
        '{"detail":[{"type":"literal_error","loc":["body","tool_choice"],"msg":"Input should be \'none\' or \'auto\'"}]}',
    ],
)
def test_a_server_that_only_knows_auto_is_asked_again(asking: Callable, message: str) -> None:
    answer, _, stub = asking([Turn(status=422 if "detail" in message else 400, text=message), FINAL])
    assert answer.status == "answered"
    assert stub.requests[1]["tool_choice"] == "auto"


def test_a_model_without_tools_is_told_of_them_and_its_written_calls_are_made(asking: Callable) -> None:
    written = Turn(
        text='찾아볼게요.\n```json\n{"name": "query_graph", "arguments": {"cypher": "MATCH (e:ETF) RETURN count(e) AS n"}}\n```'
    )
    refusal = Turn(status=400, text="registry.ollama.ai/library/gemma3:1b does not support tools")
    answer, events, stub = asking([refusal, written, Turn(text="모두 72개입니다.")])
    assert answer.answer.startswith("모두 72개입니다.")
    assert answer.tables[0].rows == [[72]]
    assert "tools" not in stub.requests[1]
    assert "get_etf_holdings" in stub.requests[1]["messages"][0]["content"]
    assert "query_graph" not in "".join(event.text for event in events if isinstance(event, AnswerDelta))


def test_a_model_without_a_system_role_gets_the_prompt_from_the_user(asking: Callable) -> None:
    refusal = Turn(
        status=400,
        text="Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        error={"param": "messages[0].role", "code": "unsupported_value"},
    )
    answer, _, stub = asking([refusal, FINAL])
    assert answer.status == "answered"
    assert [message["role"] for message in stub.requests[1]["messages"]] == ["user"]


def test_a_refusal_that_names_nothing_is_not_tried_again(asking: Callable) -> None:
    answer, _, stub = asking([Turn(status=400, text="This model's maximum context length is 8192 tokens.")])
    assert answer.status == "failed"
    assert "새 대화에서" in answer.answer
    assert len(stub.requests) == 1


@pytest.mark.parametrize("style", ["pieces", "whole", "object", "bare"])
def test_tool_calls_are_understood_however_they_are_sent(asking: Callable, style: str) -> None:
    query = Turn(tool="query_graph", arguments=COUNT, call_style=style)
    final = Turn(tool="final_answer", arguments=FINAL.arguments, call_style=style)
    answer, events, _ = asking([query, final])
    assert answer.tables[0].rows == [[72]]
    assert "".join(event.text for event in events if isinstance(event, AnswerDelta)) == answer.answer


@pytest.mark.parametrize("style", ["pieces", "whole", "object", "bare"])
def test_several_calls_in_one_message_are_kept_apart(asking: Callable, style: str) -> None:
    both = Turn(tool="query_graph", arguments=COUNT, calls=[("search_etf", {"query": "KODEX 200"})], call_style=style)
    _, _, stub = asking([both, FINAL])
    said = str(stub.requests[1]["messages"])
    assert "069500" in said
    assert '"rows": [[72]]' in said


def test_an_answer_beside_other_calls_waits_for_their_results(asking: Callable) -> None:
    hasty = Turn(tool="query_graph", arguments=COUNT, calls=[("final_answer", {"answer": "아마 100개"})])
    answer, events, stub = asking([hasty, FINAL])
    assert answer.answer.startswith("72개입니다.")
    assert "아마" not in "".join(event.text for event in events if isinstance(event, AnswerDelta))
    assert len(stub.requests) == 2


def test_a_reply_that_is_not_streamed_is_read_as_well(asking: Callable) -> None:
    answer, _, _ = asking(
        [Turn(tool="query_graph", arguments=COUNT, whole_reply=True), Turn(text="72개", whole_reply=True)]
    )
    assert answer.answer.startswith("72개")
    assert answer.tables[0].rows == [[72]]


def test_a_missing_finish_reason_is_no_break(asking: Callable) -> None:
    answer, _, _ = asking([Turn(tool="query_graph", arguments=COUNT, finish=""), Turn(text="모두 72개", finish="")])
    assert answer.answer.startswith("모두 72개")


@pytest.mark.parametrize(
    "thoughts",
    [
        {"reasoning": "속으로 생각", "text": "답은 72개입니다."},
        {"text": "<think>\n속으로 생각\n</think>\n\n답은 72개입니다."},
        {"text": "<thinking>속으로 생각</thinking>답은 72개입니다."},
        {"reasoning": "속으로 생각", "tool": "final_answer", "arguments": {"answer": "답은 72개입니다."}},
        {"tool": "final_answer", "arguments": {"answer": "<think>속으로 생각</think>답은 72개입니다."}},
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_thoughts_never_reach_the_answer(asking: Callable, thoughts: dict, piece: int) -> None:
    answer, events, _ = asking([Turn(**thoughts, piece=piece)])
    told = "".join(event.text for event in events if isinstance(event, AnswerDelta))
    assert told == answer.answer
    assert told.startswith("답은 72개입니다.")
    assert "생각" not in told


def test_thoughts_without_a_beginning_are_left_out_too(asking: Callable) -> None:
    text = "먼저 세어 보자. 하나, 둘, 셋. 꽤 길게 생각한다.\n</think>\n\n답은 72개입니다."
    answer, events, _ = asking([Turn(text=text)], with_settings={"model": "deepseek-r1:8b"})
    assert answer.answer.startswith("답은 72개입니다.")
    assert "세어" not in "".join(event.text for event in events if isinstance(event, AnswerDelta))


def test_azure_is_asked_at_the_deployment_with_its_own_header(asking: Callable) -> None:
    with StubLlm([FINAL]) as stub:
        azure = {"openai_base_url": stub.root + "/", "openai_api_version": "2024-10-21", "model": "my-gpt"}
        answer, _, _ = asking(stub=stub, with_settings=azure)
        assert answer.status == "answered"
        assert stub.paths == ["/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"]
        headers = {name.lower() for name in stub.headers[0]}
        assert "api-key" in headers


@pytest.mark.parametrize("ending", ["", "/", "/v1/", "/v1/chat/completions"])
def test_the_address_may_be_written_as_people_write_it(asking: Callable, ending: str) -> None:
    with StubLlm([FINAL]) as stub:
        beginning = stub.root if ending else stub.root.removeprefix("http://")
        answer, _, _ = asking(stub=stub, with_settings={"openai_base_url": beginning + ending})
        assert answer.status == "answered"
        assert stub.paths == ["/v1/chat/completions"]


def test_azure_without_an_address_says_what_is_missing(asking: Callable) -> None:
    answer, _, _ = asking([FINAL], with_settings={"openai_base_url": None, "openai_api_version": "2024-10-21"})
    assert answer.status == "failed"
    assert "ATLAS_OPENAI_BASE_URL" in answer.answer


def test_what_one_server_refuses_is_not_held_against_another(asking: Callable) -> None:
    _, _, first = asking([FINAL], refuses=["temperature"])
    _, _, second = asking([FINAL])
    assert "temperature" in manners(first.url, "stub-model").learnt
    assert "temperature" in second.requests[0]
