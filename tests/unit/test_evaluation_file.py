"""The file of an evaluation: lenient where the meaning is clear, and precise about what is wrong where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.answer import Message
from agent.evaluation.questions import Asked, BadEvaluationFile, read_questions


def _read(tmp_path: Path, *lines: dict[str, Any] | str) -> list[Asked]:
    path = tmp_path / "set.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return read_questions(path)


def test_a_question_needs_nothing_but_its_text_and_what_is_expected(tmp_path: Path) -> None:
    [asked] = _read(tmp_path, {"question": "삼성전자를 담은 ETF는?", "rows": [["069500", 30.9]]})
    assert asked == Asked("line-1", "삼성전자를 담은 ETF는?", "all", "ko", "answered", (("069500", 30.9),))


@pytest.mark.parametrize("name", ["rows", "expected_rows", "expected"])
def test_rows_have_several_names(tmp_path: Path, name: str) -> None:
    [asked] = _read(tmp_path, {"question": "?", name: [[1]]})
    assert asked.rows == ((1,),)


@pytest.mark.parametrize(
    ("given", "rows", "columns"),
    [
        ([[1, "a"], [2, "b"]], ((1, "a"), (2, "b")), ()),
        ([{"n": 1, "t": "a"}, {"t": "b", "n": 2}], ((1, "a"), (2, "b")), ("n", "t")),
        (["a", "b"], (("a",), ("b",)), ()),
        (0.15, ((0.15,),), ()),
        ([], (), ()),
    ],
)
def test_rows_may_be_lists_objects_or_single_values(tmp_path: Path, given: Any, rows: tuple, columns: tuple) -> None:
    [asked] = _read(tmp_path, {"question": "?", "rows": given})
    assert (asked.rows, asked.columns) == (rows, columns)


def test_status_order_and_history_are_read(tmp_path: Path) -> None:
    refused, follow_up = _read(
        tmp_path,
        {"id": "a", "question": "Will it rise?", "kind": "forecast", "expected_status": "not_answered"},
        {"id": "b", "question": "그중 제일 큰 건?", "expected": [["A"]], "ordered": True,
         "history": ["반도체 ETF는?", {"role": "assistant", "content": "5개입니다."}]},
    )  # fmt: skip
    assert (refused.status, refused.lang, refused.kind, refused.rows) == ("not_answered", "en", "forecast", None)
    assert follow_up.ranked
    assert follow_up.history == ("반도체 ETF는?", Message("assistant", "5개입니다."))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{question: 1}", "no JSON"),
        ("[]", "no JSON object"),
        ({"rows": [[1]]}, "`question` is missing"),
        ({"question": "?"}, "nothing is expected"),
        ({"question": "?", "status": "maybe"}, "answered, refused, clarify, failed, not_answered"),
        ({"question": "?", "status": "refused", "rows": [[1]]}, "keep one of them"),
        ({"question": "?", "rows": [[1]], "expected": [[1]]}, "keep one of them"),
        ({"question": "?", "rows": [[1], [1, 2]]}, "of one length"),
        ({"question": "?", "rows": [[[1]]]}, "a cell of `rows`"),
        ({"question": "?", "rows": [[1]], "columns": ["a", "b"]}, "2 `columns` for rows of 1"),
        ({"question": "?", "rows": [{"a": 1}, {"b": 1}]}, "must have a"),
        ({"question": "?", "rows": [[1]], "check": "near"}, "rows, top, value, text"),
        ({"question": "?", "rows": [[1]], "ranked": "yes"}, "true or false"),
        ({"question": "?", "rows": [[1]], "history": "earlier"}, "`history` must be a list"),
        ({"question": "?", "rows": [[1]], "history": [{"role": "system", "content": "x"}]}, "an entry of `history`"),
    ],
)
def test_a_bad_line_is_named_with_what_to_do(tmp_path: Path, line: dict[str, Any] | str, said: str) -> None:
    with pytest.raises(BadEvaluationFile) as raised:
        _read(tmp_path, {"question": "?", "rows": [[1]]}, line)
    assert "set.jsonl:2: " in raised.value.message
    assert said in raised.value.message


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadEvaluationFile) as raised:
        _read(tmp_path, "{", {"question": "?", "rows": [[1]]}, {"question": ""})
    assert "set.jsonl:1:" in raised.value.message
    assert "set.jsonl:3:" in raised.value.message


@pytest.mark.parametrize("lines", [(), ("",)])
def test_a_file_without_questions_is_refused(tmp_path: Path, lines: tuple) -> None:
    with pytest.raises(BadEvaluationFile, match="no questions"):
        _read(tmp_path, *lines)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadEvaluationFile, match="cannot be read"):
        read_questions(tmp_path / "none.jsonl")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadEvaluationFile, match="UTF-8"):
        read_questions(tmp_path / "bytes.jsonl")


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("refused", "refused"),
        ("asked_back", "clarify"),
        (["refused", "clarify"], "not_answered"),
        ("answered", "answered"),
    ],
)
def test_a_status_may_be_written_in_several_ways(tmp_path: Path, written: Any, status: str) -> None:
    [asked] = _read(tmp_path, {"question": "?", "status": written})
    assert asked.status == status
