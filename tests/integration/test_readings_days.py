"""Days: what few ETFs are known of, the day after the one that was asked about, and spans that belong to a price."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from agent.answer import Answer, Message
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings

ETF = "TIME 글로벌AI인공지능액티브"


def followed(database: Database, settings: Settings, before: str, question: str) -> Answer:
    history = [Message("user", before), Message("assistant", "…")]
    return ask(database, question, history=history, settings=settings)


def rows(answer: Answer) -> list[list]:
    return [list(row) for row in answer.as_dict()["tables"][0]["rows"]]


def snapshots(database: Database, day: str) -> int:
    with database.engine("atlas_app").connect() as connection:
        return connection.execute(
            text("SELECT count(*) FROM etf_snapshots WHERE date = :day"), {"day": day}
        ).scalar_one()


def test_a_day_that_no_etf_is_known_of_is_not_a_day_without_trades(sample_database: Database, settings: Settings):
    assert snapshots(sample_database, "2026-01-06") == 0
    answer = ask(sample_database, "2026-01-06에 삼성전자 판 액티브 ETF 이름들", settings=settings)
    assert answer.status == "refused"
    assert "0개뿐입니다" in answer.answer


def test_nothing_is_said_where_enough_are_known(sample_database: Database, settings: Settings):
    assert snapshots(sample_database, "2026-07-30") > 70
    answer = ask(sample_database, "2026-07-30에 삼성전자 판 액티브 ETF 이름들", settings=settings)
    assert answer.status == "answered"
    assert "뿐입니다" not in answer.answer


@pytest.mark.parametrize(
    ("before", "question", "same"),
    [
        (f"{ETF}가 7월 28일에 매매한 종목", "그 다음날은?", f"{ETF}가 7월 29일에 매매한 종목"),
        (f"{ETF}가 7월 24일에 매매한 종목", "그럼 다음 날은?", f"{ETF}가 7월 27일에 매매한 종목"),
        (f"{ETF}가 7월 28일에 매매한 종목", "전날은?", f"{ETF}가 7월 27일에 매매한 종목"),
        (f"{ETF} 7월 셋째 주 매매 내역", "그 다음주는?", f"{ETF} 7월 20일부터 7월 26일까지 매매 내역"),
        ("KODEX 200 상위 5종목", "상위 5개 말고 8개로 보여줘", "KODEX 200 상위 8종목"),
        ("KODEX 200 상위 3종목", "거기서 NAVER 비중은?", "KODEX 200의 NAVER 비중은?"),
    ],
)
def test_what_is_left_out_comes_from_the_question_before(
    sample_database: Database, settings: Settings, before: str, question: str, same: str
):
    answer = followed(sample_database, settings, before, question)
    assert answer.status == "answered", answer.answer
    assert rows(answer) == rows(ask(sample_database, same, settings=settings))


@pytest.mark.parametrize("before", ["KODEX 200 보수", f"{ETF} 7월 셋째 주 매매 내역"])
def test_the_next_day_of_no_day_is_asked_back(sample_database: Database, settings: Settings, before: str):
    assert followed(sample_database, settings, before, "그 다음날은?").status == "clarify"


@pytest.mark.parametrize(("short", "long"), [("52주", "최근 52주"), ("1년", "최근 1년")])
def test_a_span_in_front_of_a_highest_price_ends_with_the_data(
    sample_database: Database, settings: Settings, short: str, long: str
):
    answer = ask(sample_database, f"KODEX 200 {short} 최고가", settings=settings)
    assert answer.status == "answered", answer.answer
    assert rows(answer) == rows(ask(sample_database, f"KODEX 200 {long} 최고가", settings=settings))


@pytest.mark.parametrize("words", ["한주 가격", "한 주 가격", "1주 가격"])
def test_the_price_of_a_share_is_the_price(sample_database: Database, settings: Settings, words: str):
    answer = ask(sample_database, f"KODEX 200 {words}", settings=settings)
    assert rows(answer) == rows(ask(sample_database, "KODEX 200 종가", settings=settings))
