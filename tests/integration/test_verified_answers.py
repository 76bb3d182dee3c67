"""A verified example answers only what one of its wordings says; who is denied, held or surpassed makes a difference."""

from __future__ import annotations

import pytest

from agent.examples import nearest
from agent.masking import masked
from agent.reading.understanding import understand
from agent.runner import ask
from agent.verified_answers import Match, filled, match
from backend.db.engine import Database
from backend.market.dataset import get_dataset
from backend.settings import Settings


def found(database: Database, question: str) -> Match | None:
    with database.engine("atlas_app").connect() as connection:
        dated = get_dataset(connection)
        read = understand(connection, question, dated.as_of, dated.dataset)
        return match(read, nearest(connection, masked(read), k=8))


@pytest.mark.parametrize(
    ("question", "example", "slots"),
    [
        ("삼성전자를 가장 많이 담은 ETF는?", "holders-by-weight", {"stock": "005930"}),
        ("삼전 비중 제일 높은 etf 5개만 알려줘", "holders-by-weight", {"stock": "005930", "n": 5}),
        ("하이닉스 비중이 삼성전자보다 높은 ETF", "etfs-heavier-in", {"stock": "000660", "stock2": "005930"}),
        ("삼성전자보다 하이닉스 비중이 큰 ETF 알려줘", "etfs-heavier-in", {"stock": "000660", "stock2": "005930"}),
        (
            "6월에 액티브 ETF들이 가장 많이 판 종목 5개",
            "active-sold-in",
            {"period": ("2026-06-01", "2026-06-30"), "n": 5},
        ),
        ("KODEX 200을 편입한 ETF는?", "etfs-holding-etf", {"etf": "069500"}),
        ("보수율 낮은 반도체 ETF 추천해줘", "cheapest-tag", {"tag": "반도체"}),
        (
            "액티브 ETF 운용사들이 요즘 어떤 종목을 사고 팔까?",
            "active-traded-in",
            {"period": ("2026-07-02", "2026-07-31")},
        ),
    ],
)
def test_a_wording_of_an_example(sample_database: Database, question: str, example: str, slots: dict[str, object]):
    one = found(sample_database, question)
    assert one is not None
    assert one.example.id == example
    assert {name: one.values[name].value for name in slots} == slots


@pytest.mark.parametrize(
    "question",
    [
        "KODEX 200이 편입한 ETF는?",
        "없는종목주식을 담은 ETF는?",
        "삼성전자를 가장 많이 담은 은행은?",
        "현대 담은 ETF",
        "7월 7일에서 8일 사이에 KODEX 200이 산 종목은?",
    ],
)
def test_what_no_wording_says_is_left_to_others(sample_database: Database, question: str):
    one = found(sample_database, question)
    assert one is None or one.example.id != "etfs-holding-etf"
    assert one is None or one.example.outcome != "answered"


def test_who_asks_for_no_order_gets_all(sample_database: Database, settings: Settings):
    some = ask(sample_database, "삼성전자 담은 ETF 3개 알려줘", settings=settings)
    every = ask(sample_database, "삼성전자 담은 ETF 알려줘", settings=settings)
    assert len(some.tables[0].rows) == 3
    assert len(every.tables[0].rows) > 10


def test_the_shown_query_holds_its_parameters():
    assert filled("WHERE s.code IN $stock LIMIT $n", {"stock": ["A'B"], "n": 3}) == "WHERE s.code IN ['A\\'B'] LIMIT 3"
