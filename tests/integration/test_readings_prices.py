"""Prices, premiums and places in a basket: what a sign, a rank or a day says is answered as said, or asked back."""

from __future__ import annotations

from datetime import date

import pytest

from agent.answer import Answer
from agent.periods import find_dates
from agent.quantities import find_quantities
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings
from seeds.sample_market import generate

CODE = "069500"


@pytest.fixture(scope="module")
def prices() -> list[dict]:
    return [row for row in generate().prices if row["etf_code"] == CODE and row["close"] and row["nav"]]


def asked(database: Database, settings: Settings, question: str) -> Answer:
    return ask(database, question, settings=settings)


@pytest.mark.parametrize(
    ("text", "value", "operator", "high"),
    [
        ("괴리율이 -0.3%보다 낮았던 날", -0.3, "<", None),
        ("괴리율 -1% 이상", -1, ">=", None),
        ("괴리율 마이너스 1% 이하", -1, "<=", None),
        ("괴리율 -1%~-0.5%", -1, ">=", -0.5),
        ("비중 3%-5% 종목", 3, ">=", 5),
        ("비중 0.1% 미만이면서", 0.1, "<", None),
    ],
)
def test_a_percentage_keeps_its_sign(text: str, value: float, operator: str, high: float | None):
    (quantity,) = find_quantities(text)
    assert (quantity.value, quantity.operator, quantity.high) == (value, operator, high)


@pytest.mark.parametrize(("bound", "words"), [(-0.05, "-0.05%보다 낮았던"), (-0.02, "-0.02% 아래였던")])
def test_days_below_a_negative_premium(
    sample_database: Database, settings: Settings, prices: list[dict], bound: float, words: str
):
    days = [row["date"] for row in prices if (row["close"] - row["nav"]) / row["nav"] * 100 < bound]
    answer = asked(sample_database, settings, f"KODEX 200 괴리율이 {words} 날")
    assert answer.status == "answered"
    assert [row[0] for table in answer.tables for row in table.rows] == days


def test_beyond_a_negative_premium_is_asked_back(sample_database: Database, settings: Settings):
    assert asked(sample_database, settings, "KODEX 200 괴리율이 -1%를 넘은 날").status == "clarify"


def test_the_highest_and_the_lowest_are_both_told(sample_database: Database, settings: Settings, prices: list[dict]):
    closes = [row["close"] for row in prices]
    for question in (
        "KODEX 200 최고가랑 최저가",
        "KODEX 200 최고 종가와 최저 종가",
        "KODEX 200 가장 싸게 거래된 날과 가장 비싸게 거래된 날",
    ):
        answer = asked(sample_database, settings, question)
        assert answer.status == "answered"
        assert f"{max(closes):,}원" in answer.answer, question
        assert f"{min(closes):,}원" in answer.answer, question


def test_the_intraday_high_is_no_close(sample_database: Database, settings: Settings, prices: list[dict]):
    answer = asked(sample_database, settings, "KODEX 200 2026년 최고가 (장중 고가)")
    assert f"{max(row['high'] for row in prices):,}원" in answer.answer


def test_what_turns_out_unclear_on_the_way_is_asked_back(sample_database: Database, settings: Settings):
    assert asked(sample_database, settings, "KODEX 200, TIGER 200 평균 종가").status == "clarify"


def test_the_fourth_is_not_the_first(sample_database: Database, settings: Settings):
    top = asked(sample_database, settings, "KODEX 200 상위 5개 종목").tables[0].rows
    for question, place in (("KODEX 200 4위 종목", 4), ("KODEX 200에서 3번째로 큰 종목", 3)):
        answer = asked(sample_database, settings, question)
        assert answer.tables[0].rows[0][0] == top[place - 1][0]
        assert f"**{top[place - 1][0]}**" in answer.answer
        assert "주식" in answer.tables[0].rows[0]


@pytest.mark.parametrize("question", ["KODEX 200 8월 10일 종가", "8월 3일 KODEX 200 구성종목", "KODEX 200 8/5 종가"])
def test_a_day_just_after_the_data_is_not_a_year_ago(sample_database: Database, settings: Settings, question: str):
    answer = asked(sample_database, settings, question)
    assert answer.status == "refused"
    assert "2026-07-31" in answer.answer


def test_days_without_a_year_keep_to_the_past_in_a_period():
    (period,) = find_dates("7월 10일부터 12월 3일까지", date(2026, 7, 8))
    assert (period.first, period.last) == (date(2025, 7, 10), date(2025, 12, 3))
    (period,) = find_dates("6월 1일-7월 8일", date(2026, 7, 8))
    assert (period.first, period.last) == (date(2026, 6, 1), date(2026, 7, 8))


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("KODEX 200 올해 제일 오래 들고있던 종목", "refused"),
        ("그중 제일 큰 건?", "clarify"),
        ("그 중에서 제일 싼 거는?", "clarify"),
        ("삼성 etf 비중", "clarify"),
        ("KODEX 200 sales", "refused"),
    ],
)
def test_what_cannot_be_told_is_not_guessed(sample_database: Database, settings: Settings, question: str, status: str):
    assert asked(sample_database, settings, question).status == status


def test_a_leveraged_etf_on_one_stock_bears_its_name(sample_database: Database, settings: Settings):
    answer = asked(sample_database, settings, "삼성전자 2배 레버리지 ETF")
    assert answer.status == "answered"
    assert all("삼성전자" in row[0] for table in answer.tables for row in table.rows)


def test_preferred_shares_are_not_the_common_stock(sample_database: Database, settings: Settings):
    common = asked(sample_database, settings, "삼성전자우 담은 ETF")
    preferred = asked(sample_database, settings, "삼성전자 우선주 담은 ETF")
    assert [row[:2] for row in preferred.tables[0].rows] == [row[:2] for row in common.tables[0].rows]
    assert asked(sample_database, settings, "NAVER 우선주 담은 ETF").status != "answered"


def test_one_word_of_an_english_name_names_nothing(sample_database: Database, settings: Settings):
    assert asked(sample_database, settings, "who manages PLUS K-Defense").status != "answered"


@pytest.mark.parametrize(
    "question", ["KODEX 200 구성종목 😀", "야 KODEX 200 구성종목", "What else does KODEX 200 hold?"]
)
def test_asides_do_not_matter(sample_database: Database, settings: Settings, question: str):
    assert asked(sample_database, settings, question).status == "answered"


@pytest.mark.real
@pytest.mark.parametrize("span", ["최근 3개월", "최근 1년", "올해"])
def test_a_return_says_where_the_prices_end(full_real_database: Database, settings: Settings, span: str):
    answer = asked(full_real_database, settings, f"KODEX 200 {span} 수익률")
    assert "시세는 2026-04-24까지만" in answer.answer
