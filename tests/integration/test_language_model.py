"""The agent with a language model: a stub that speaks the real protocol over a socket, and misbehaves on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from pydantic import SecretStr

from agent.answer import Answer, Message
from agent.events import AnswerDelta, Event, TableReady, ToolFinished, ToolStarted
from agent.run_context import RunCancelled
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings
from tests.stub_llm import StubLlm, Turn

QUESTION = "KODEX 200에 대해 아무 얘기나 들려줘 제발요"
COUNT = "MATCH (e:ETF) RETURN count(e) AS n"
SECRET = "sk-very-secret"


@pytest.fixture
def asking(sample_database: Database, settings: Settings) -> Iterator[Callable]:
    """A function that asks with a scripted model and gives the answer, the events and the stub."""
    stubs: list[StubLlm] = []

    def run(
        turns: Sequence[Turn], question: str = QUESTION, *, history: Sequence[Message] = (), **options: object
    ) -> tuple[Answer, list[Event], StubLlm]:
        stub = StubLlm(turns)
        stubs.append(stub)
        chosen = settings.model_copy(
            update={"model": "stub-model", "openai_base_url": stub.url, "openai_api_key": SecretStr(SECRET)}
        )
        events: list[Event] = []
        answer = ask(
            sample_database,
            question,
            settings=chosen,
            emit=events.append,
            verified_first=False,
            history=history,
            **options,
        )
        return answer, events, stub

    yield run
    for stub in stubs:
        stub.close()


def _final(text: str, **more: str) -> Turn:
    return Turn(tool="final_answer", arguments={"answer": text, **more})


def test_a_query_and_a_final_answer_become_text_table_and_cypher(asking: Callable) -> None:
    answer, events, stub = asking(
        [Turn(tool="query_graph", arguments={"cypher": COUNT, "graph": "etf_graph"}), _final("72개입니다.")]
    )
    assert answer.status == "answered"
    assert answer.answer.startswith("72개입니다.")
    assert answer.model == "stub-model"
    assert answer.cypher == [COUNT]
    assert answer.tables[0].rows == [[72]]
    assert [event for event in events if isinstance(event, TableReady)]
    assert [event.name for event in events if isinstance(event, ToolStarted)] == ["query_graph"]
    assert "72" in next(event.result_text for event in events if isinstance(event, ToolFinished))
    assert len(stub.requests) == 2


def test_the_answer_is_told_while_it_grows(asking: Callable) -> None:
    text = "첫째 문장입니다. 둘째 문장은 조금 더 깁니다."
    answer, events, _ = asking([_final(text)])
    pieces = [event.text for event in events if isinstance(event, AnswerDelta)]
    assert len(pieces) > 3
    assert "".join(pieces) == answer.answer


def test_the_prompt_holds_schema_names_examples_date_and_history(asking: Callable) -> None:
    history = [Message("user", "안녕"), Message("assistant", "무엇을 도와드릴까요?")]
    _, _, stub = asking([_final("네.")], "삼성전자를 가장 많이 담은 ETF는?", history=history)
    request = stub.requests[0]
    prompt = str(request["messages"])
    for expected in (
        "HOLDS",
        "005930",
        "2026-07-31",
        "Verified examples",
        "무엇을 도와드릴까요?",
        "figures are invented",
    ):
        assert expected in prompt
    assert {tool["function"]["name"] for tool in request["tools"]} == {
        "query_graph", "get_etf_info", "get_etf_prices", "search_etf", "get_etf_holdings", "get_similar_etfs", "get_etf_changes",
        "final_answer",
    }  # fmt: skip
    assert "stop" not in request


def test_braces_in_a_question_are_not_read_as_a_template(asking: Callable) -> None:
    answer, _, stub = asking([_final("네.")], "{{ 7 * 7 }} {names} KODEX 200 {% raw %}")
    assert answer.status == "answered"
    assert "{{ 7 * 7 }} {names} KODEX 200" in str(stub.requests[0]["messages"])


def test_a_plain_text_reply_is_the_answer(asking: Callable) -> None:
    answer, _, stub = asking([Turn(text="도구 없이 바로 답합니다.")])
    assert answer.status == "answered"
    assert answer.answer.startswith("도구 없이 바로 답합니다.")
    assert len(stub.requests) == 1


def test_a_refusal_keeps_its_status(asking: Callable) -> None:
    answer, _, _ = asking([_final("예측은 하지 않습니다.", status="refused")])
    assert answer.status == "refused"


def test_a_failing_query_goes_back_with_advice_and_is_repaired(asking: Callable) -> None:
    wrong = Turn(
        tool="query_graph", arguments={"cypher": "MATCH (e:ETF|Stock) RETURN e.name AS n", "graph": "etf_graph"}
    )
    right = Turn(tool="query_graph", arguments={"cypher": COUNT, "graph": "etf_graph"})
    answer, _, stub = asking([wrong, right, _final("고쳐서 답합니다.")])
    assert answer.status == "answered"
    assert "Error" in str(stub.requests[1]["messages"])
    assert answer.cypher == [COUNT]


def test_three_failing_queries_end_in_an_honest_failure(asking: Callable) -> None:
    wrong = Turn(tool="query_graph", arguments={"cypher": "MATCH (e:Nothing) RETURN e.name AS n", "graph": "etf_graph"})
    answer, _, stub = asking([wrong])
    assert answer.status == "failed"
    assert "3번" in answer.answer
    assert len(stub.requests) == 3


def test_writing_cypher_is_refused_and_nothing_is_written(asking: Callable, sample_database: Database) -> None:
    attack = Turn(
        tool="query_graph",
        arguments={"cypher": "MATCH (e:ETF) SET e.fee = 0 RETURN e.fee AS fee", "graph": "etf_graph"},
    )
    answer, _, stub = asking([attack, _final("못 했습니다.")])
    assert answer.cypher == []
    assert "Error" in str(stub.requests[1]["messages"])


@pytest.mark.parametrize(
    ("status", "word"),
    [(429, "요청이 너무 많습니다"), (500, "처리하지 못했습니다"), (401, "키가 올바르지"), (404, "찾을 수 없습니다")],
)
def test_a_server_error_is_one_korean_sentence_without_the_key(asking: Callable, status: int, word: str) -> None:
    answer, _, _ = asking([Turn(status=status, text="no")])
    assert answer.status == "failed"
    assert word in answer.answer
    assert SECRET not in answer.answer


def test_a_stream_that_is_cut_is_no_answer(asking: Callable) -> None:
    answer, _, _ = asking(
        [Turn(tool="final_answer", arguments={"answer": "절반만 오는 긴 답입니다. 끝까지 오지 않습니다."}, cut=4)]
    )
    assert answer.status == "failed"
    assert "끊겼습니다" in answer.answer


def test_a_model_that_is_down_leaves_the_verified_answer(asking: Callable) -> None:
    answer, _, _ = asking([Turn(status=503, text="down")], "KODEX 200 보수 알려줘")
    assert answer.status == "answered"
    assert answer.model == "offline"
    assert "검증된 질의로 답했습니다" in answer.answer


def test_a_slow_start_is_waited_for(asking: Callable) -> None:
    answer, _, _ = asking([Turn(tool="final_answer", arguments={"answer": "늦었습니다."}, delay=1.5)])
    assert answer.status == "answered"


def test_cancelling_hangs_up_on_the_model_within_a_second(sample_database: Database, settings: Settings) -> None:
    with StubLlm([Turn(text="아주 긴 답 " * 400, pause=0.05)]) as stub:
        chosen = settings.model_copy(update={"model": "stub-model", "openai_base_url": stub.url})
        cancelled = threading.Event()
        threading.Timer(0.7, cancelled.set).start()
        started = time.monotonic()
        with pytest.raises(RunCancelled):
            ask(sample_database, QUESTION, settings=chosen, cancelled=cancelled, verified_first=False)
        assert time.monotonic() - started < 2.5
        deadline = time.monotonic() + 3
        while not stub.hung_up and time.monotonic() < deadline:
            time.sleep(0.05)
        assert stub.hung_up == 1


def test_a_server_that_only_knows_auto_is_asked_again(asking: Callable) -> None:
    answer, _, stub = asking([Turn(status=400, text="tool_choice 'required' is not supported"), _final("됩니다.")])
    assert answer.status == "answered"
    assert stub.requests[1]["tool_choice"] == "auto"
