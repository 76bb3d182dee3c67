"""The agent with a language model: a stub that speaks the real protocol over a socket."""

from __future__ import annotations

from collections.abc import Callable

from agent.events import AnswerDelta, TableReady, ToolFinished, ToolStarted
from backend.db.engine import Database
from tests.stub_llm import Turn

COUNT = "MATCH (e:ETF) RETURN count(e) AS n"


def final(text: str, **more: str) -> Turn:
    return Turn(tool="final_answer", arguments={"answer": text, **more})


def test_a_query_and_a_final_answer_become_text_table_and_cypher(asking: Callable) -> None:
    answer, events, stub = asking(
        [Turn(tool="query_graph", arguments={"cypher": COUNT, "graph": "etf_graph"}), final("72개입니다.")]
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


def test_the_model_s_time_and_the_queries_time_are_kept_apart(asking: Callable) -> None:
    query = Turn(tool="query_graph", arguments={"cypher": COUNT, "graph": "etf_graph"})
    answer, _, _ = asking([query, Turn(tool="final_answer", arguments={"answer": "72개"}, delay=0.4)])
    stages = answer.trace.stages_ms
    assert stages["think"] >= 400
    assert stages["query"] > 0


def test_the_answer_is_told_while_it_grows(asking: Callable) -> None:
    text = "첫째 문장입니다. 둘째 문장은 조금 더 깁니다."
    answer, events, _ = asking([final(text)])
    pieces = [event.text for event in events if isinstance(event, AnswerDelta)]
    assert len(pieces) > 3
    assert "".join(pieces) == answer.answer


def test_a_plain_text_reply_is_the_answer(asking: Callable) -> None:
    answer, _, stub = asking([Turn(text="도구 없이 바로 답합니다.")])
    assert answer.status == "answered"
    assert answer.answer.startswith("도구 없이 바로 답합니다.")
    assert len(stub.requests) == 1


def test_a_refusal_keeps_its_status(asking: Callable) -> None:
    answer, _, _ = asking([final("예측은 하지 않습니다.", status="refused")])
    assert answer.status == "refused"


def test_a_failing_query_goes_back_with_advice_and_is_repaired(asking: Callable) -> None:
    wrong = Turn(
        tool="query_graph", arguments={"cypher": "MATCH (e:ETF|Stock) RETURN e.name AS n", "graph": "etf_graph"}
    )
    right = Turn(tool="query_graph", arguments={"cypher": COUNT, "graph": "etf_graph"})
    answer, _, stub = asking([wrong, right, final("고쳐서 답합니다.")])
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
    answer, _, stub = asking([attack, final("못 했습니다.")])
    assert answer.cypher == []
    assert "Error" in str(stub.requests[1]["messages"])
