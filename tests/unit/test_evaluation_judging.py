"""When an answer is right, wrong although it sounds sure, or not given."""

from __future__ import annotations

from typing import Any

import pytest

from agent.answer import Answer, Table
from agent.evaluation.judging import judge
from agent.evaluation.names import Names
from agent.evaluation.questions import Asked

NAMES = Names(
    [
        ("069500", "KODEX 200"), ("102110", "TIGER 200"), ("105190", "ACE 200"), ("105190", "KINDEX 200"),
        ("NVDA US", "엔비디아"), ("NVDA US", "NVIDIA Corp"), ("V US", "V"), ("V US", "비자"),
    ]
)  # fmt: skip
TABLE = Table("보수", ["ETF", "코드", "보수(%)"], [["TIGER 200", "102110", 0.05], ["KODEX 200", "069500", 0.15]])


def _verdict(
    rows: Any, *, text: str = "", tables: list[Table] | None = None, status: Any = "answered", **expected: Any
) -> str:
    given = None if rows is None else tuple(tuple(row) for row in rows)
    answer = Answer(text, status, tables or [], as_of="2026-07-31")
    return judge(Asked("1", "?", rows=given, **expected), answer, NAMES)  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "got", "verdict"),
    [
        ("refused", "refused", "right"),
        ("refused", "clarify", "asked_back"),
        ("refused", "answered", "wrong"),
        ("clarify", "clarify", "right"),
        ("clarify", "refused", "refused"),
        ("clarify", "answered", "wrong"),
        ("not_answered", "refused", "right"),
        ("not_answered", "clarify", "right"),
        ("not_answered", "answered", "wrong"),
        ("not_answered", "failed", "failed"),
        ("answered", "answered", "right"),
        ("answered", "refused", "refused"),
        ("answered", "clarify", "asked_back"),
        ("answered", "failed", "failed"),
    ],
)
def test_the_status_decides_where_no_rows_are_expected(expected: Any, got: Any, verdict: str) -> None:
    assert judge(Asked("1", "?", status=expected), Answer("", got), NAMES) == verdict


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([["069500", 0.15], ["102110", 0.05]], "right"),
        ([["069500"], ["102110"]], "right"),
        ([[0.15, "KODEX 200"], [0.05, "TIGER 200"]], "right"),
        ([["069500", 0.1531], ["102110", 0.05]], "right"),
        ([["069500", 0.16], ["102110", 0.05]], "wrong"),
        ([["069500", 0.154], ["102110", 0.054]], "right"),
        ([["069500", 0.05], ["102110", 0.15]], "wrong"),
        ([["069500"], ["102110"], ["105190"]], "wrong"),
        ([], "wrong"),
    ],
)
def test_rows_in_any_order_and_any_columns(rows: Any, verdict: str) -> None:
    assert _verdict(rows, tables=[TABLE], check="rows") == verdict


def test_a_ranking_keeps_its_order_but_for_ties() -> None:
    assert _verdict([["102110", 0.05], ["069500", 0.15]], tables=[TABLE], ranked=True) == "right"
    assert _verdict([["069500", 0.15], ["102110", 0.05]], tables=[TABLE], ranked=True) == "wrong"
    tied = Table("", ["ETF", "%"], [["ACE 200", 1.0], ["TIGER 200", 1.0], ["KODEX 200", 0.5]])
    rows = [["TIGER 200", 1.0], ["ACE 200", 1.0], ["KODEX 200", 0.5]]
    assert _verdict(rows, tables=[tied], ranked=True) == "right"


def test_the_first_rows_are_enough_for_top_and_not_for_rows() -> None:
    assert _verdict([["102110", 0.05]], tables=[TABLE], check="top") == "right"
    assert _verdict([["069500", 0.15]], tables=[TABLE], check="top") == "wrong"
    assert _verdict([["102110", 0.05]], tables=[TABLE], check="rows") == "wrong"


@pytest.mark.parametrize("name", ["105190", "ACE 200", "KINDEX 200", "ace200", "ACE 200 (105190)"])
def test_a_name_and_a_code_of_one_thing_are_the_same(name: str) -> None:
    table = Table("", ["ETF"], [[name], ["NVDA US"]])
    assert _verdict([["ACE 200"], ["NVIDIA Corp"]], tables=[table]) == "right"


def test_names_of_two_things_are_not_the_same() -> None:
    assert (
        _verdict([["KODEX 200"], ["TIGER 200"]], tables=[Table("", ["ETF"], [["ACE 200"], ["TIGER 200"]])]) == "wrong"
    )


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        ("보수는 **0.05%**입니다", 0.05, "right"),
        ("보수는 **0.5%**입니다", 0.05, "wrong"),
        ("보수는 **0.006%**입니다", 0.007, "wrong"),
        ("보수는 **0.01%**입니다", 0.007, "right"),
        ("net assets KRW 1.49 trillion", 1485234593500, "right"),
        ("net assets KRW 1.48 trillion", 1485234593500, "wrong"),
        ("순자산은 15조 2,802억 원", 15280160112000, "right"),
        ("순자산은 15조 2,812억 원", 15280160112000, "wrong"),
        ("거래량 20,519,792주", 20519792, "right"),
        ("수익률 -7.21%", -7.205012, "right"),
        ("2002년 10월 14일에 상장", "2002-10-14", "right"),
        ("7월 3일입니다", "2026-07-03", "right"),
        ("엔비디아입니다", "NVDA US", "right"),
        ("VISION 펀드입니다", "V US", "wrong"),
        ("KODEX 2000입니다", "KODEX 200", "wrong"),
    ],
)
def test_a_single_value_may_be_said_in_the_text(text: str, value: Any, verdict: str) -> None:
    assert _verdict([[value]], text=text) == verdict


def test_a_value_hidden_in_a_long_table_is_not_said() -> None:
    table = Table("", ["n"], [[number] for number in range(10)])
    assert _verdict([[0]], tables=[table], check="value") == "right"
    assert _verdict([[7]], tables=[table], check="value") == "wrong"


def test_a_column_of_100_millions_of_won_is_read_as_won() -> None:
    table = Table("", ["ETF", "순자산(억원)"], [["KODEX 200", 152802], ["TIGER 200", 72936]])
    rows = [["069500", 15280160112000], ["102110", 7293577122000]]
    assert _verdict(rows, tables=[table]) == "right"


def test_no_rows_expected_is_right_when_none_are_shown() -> None:
    assert _verdict([], text="없습니다") == "right"
    assert _verdict([], tables=[TABLE]) == "wrong"


def test_refusing_what_has_an_answer_is_not_wrong_but_not_given() -> None:
    assert _verdict([["069500"]], status="refused") == "refused"
    assert _verdict([["069500"]], status="clarify") == "asked_back"
