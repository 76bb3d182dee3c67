"""The answer is told while the model's JSON grows, whatever way it is cut into pieces."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.models.answer_stream import SHORTEST_TEXT, AnswerStream, GrowingArgument
from agent.models.reply import Call, Reply, WithoutThoughts

ANSWER = 'KODEX 200의 "보수"는\n연 0.15%\\입니다. 😀 {중괄호} [대괄호] \t끝'


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _grown(written: str, size: int) -> str:
    argument = GrowingArgument("answer")
    return "".join(argument.add(piece) for piece in _pieces(written, size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    "arguments",
    [
        {"answer": ANSWER},
        {"status": "answered", "answer": ANSWER},
        {
            "more": {"answer": "not this"},
            "list": ["answer", {"answer": "nor this"}],
            "answer": ANSWER,
            "status": "answered",
        },
        {'quo"ted': '"answer": "no"', "answer": ANSWER},
    ],
)
def test_the_argument_is_decoded_as_it_grows(arguments: dict, ascii_only: bool, size: int) -> None:
    assert _grown(json.dumps(arguments, ensure_ascii=ascii_only, indent=2), size) == ANSWER


@given(st.text(), st.integers(1, 9), st.booleans())
def test_every_text_survives_every_cut(text: str, size: int, ascii_only: bool) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert _grown(json.dumps({"answer": text}, ensure_ascii=ascii_only), size) == text


def test_what_is_known_is_told_at_once() -> None:
    argument = GrowingArgument("answer")
    assert argument.add('{"answer": "가') == "가"
    assert argument.add("나") == "나"
    assert argument.add("\\ud83d") == ""
    assert argument.add("\\ude00다") == "😀다"


@pytest.mark.parametrize(
    "broken", ['{"answer": "a\\', '{"answer": "\\ud800x', '{"answer": 5}', "no json", "", '{"answer": "\\q"}']
)
def test_broken_json_is_no_error(broken: str) -> None:
    assert len(_grown(broken, 1)) <= 2


def _steps(length: int) -> int:
    """How many lines of the stream's code run for an answer of so many tokens: a measure that no busy machine distorts."""
    written = json.dumps({"answer": "가나다 \\n" * length}, ensure_ascii=True)
    stream, call, steps = AnswerStream(lambda _: None), Call(name="final_answer"), 0

    def count(frame: object, event: str, _: object) -> object:
        nonlocal steps
        steps += event == "line"
        return count

    pieces = _pieces(written, 6)
    sys.settrace(count)
    try:
        for piece in pieces:
            stream.on_call(0, call, piece)
    finally:
        sys.settrace(None)
    assert len(stream.text) > length
    return steps


def test_a_long_answer_costs_no_more_by_the_word_than_a_short_one() -> None:
    assert _steps(800) < 8.8 * _steps(100)


def _told(text: str, size: int, answer: str | None = None) -> list[str]:
    pieces: list[str] = []
    stream = AnswerStream(pieces.append)
    reply = Reply("m", stream.on_text, stream.on_call)
    for piece in _pieces(text, size):
        reply.add({"choices": [{"delta": {"content": piece}}]})
    reply.end()
    if answer is not None:
        stream.finish(answer)
    return pieces


def test_plain_text_is_told_before_it_ends() -> None:
    text = "이것은 도구 없이 하는 꽤 긴 답입니다. " * 20
    told = _told(text, 5)
    assert len(told) > 50
    assert "".join(told) == text[: len("".join(told))]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "query_graph", "arguments": {"cypher": "MATCH (e:ETF) RETURN e.name AS n"}}' * 2,
        'I will look it up.\n```json\n{"name": "query_graph", "arguments": {}}\n```' + " " * 50,
        "<tool_call>\n" + '{"name": "query_graph", "arguments": {}}' * 3,
        "확인해 보겠습니다.",
        "<think>" + "긴 생각 " * 100 + "</think>" + "짧은 답",
    ],
)
@pytest.mark.parametrize("size", [1, 6, 500])
def test_what_may_be_a_call_a_remark_or_a_thought_is_not_told(text: str, size: int) -> None:
    assert _told(text, size) == []


@pytest.mark.parametrize(
    "text", ["짧은 답", "표를 보세요: `[1, 2]` " + '그리고 ["이것"]도 있습니다. ' * 9, "ㄱ" * SHORTEST_TEXT, "a{"]
)
@pytest.mark.parametrize("size", [1, 6, 500])
def test_the_end_tells_what_was_held_back(text: str, size: int) -> None:
    assert "".join(_told(text, size, text)) == text.strip()


def test_a_told_remark_stays_and_the_answer_follows() -> None:
    remark = "먼저 자료를 찾아보고 그다음에 두 ETF를 비교해서 알려 드리겠습니다. 조금만 기다려 주세요."
    pieces: list[str] = []
    stream = AnswerStream(pieces.append)
    stream.on_text(remark)
    stream.start()
    assert stream.finish("답입니다.") == f"{remark}\n\n답입니다." == "".join(pieces)


@given(st.text(max_size=30), st.text(max_size=30), st.integers(1, 9))
def test_thoughts_are_cut_out_at_every_cut(thought: str, answer: str, size: int) -> None:
    answer = "답" + answer
    thought = thought.replace("<", "")
    passing = WithoutThoughts()
    told = "".join(passing(piece) for piece in _pieces(f"<think>{thought}</think>\n{answer}", size)) + passing.rest()
    assert told == answer
