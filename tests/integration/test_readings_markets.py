"""Stocks by where they are listed, inside one ETF and across ETFs: the stocks are qualified, and not the ETF's theme."""

from __future__ import annotations

import pytest

from agent.answer import Answer
from agent.runner import ask
from backend.db.engine import Database
from backend.graph.client import run_cypher
from backend.graph.labels import MARKET
from backend.settings import Settings

NUCLEAR = "RISE 글로벌원자력"
KOREAN = "s.market IN ['KOSPI', 'KOSDAQ', 'KOSDAQ GLOBAL', 'KONEX']"


def asked(database: Database, settings: Settings, question: str) -> Answer:
    answer = ask(database, question, settings=settings)
    assert answer.status == "answered", f"{question}: {answer.answer}"
    return answer


def held(database: Database, where: str) -> dict[str, float]:
    """The weights by code of what the nuclear ETF holds, straight from the graph."""
    cypher = f"MATCH (e:ETF)-[h:HOLDS]->(s:Stock) WHERE e.code = '442320' AND {where} RETURN s.code, h.weight"
    with database.engine("atlas_app").connect() as connection:
        return dict(run_cypher(connection, MARKET, cypher).rows)


@pytest.mark.parametrize(
    ("question", "where"),
    [
        (f"{NUCLEAR}에 들어있는 미국 주식", "s.market = 'US'"),
        (f"{NUCLEAR} 구성 종목 중 국내 종목", KOREAN),
        (f"{NUCLEAR}에서 코스피 종목만", "s.market = 'KOSPI'"),
        (f"{NUCLEAR} 해외 주식 목록", f"NOT {KOREAN}"),
        (f"미국에 상장된 주식 중 {NUCLEAR}에 있는 것", "s.market = 'US'"),
        (f"{NUCLEAR}에서 비중 5% 이상인 국내 종목", f"h.weight >= 5 AND {KOREAN}"),
    ],
)
def test_the_stocks_of_one_market_are_listed(
    sample_database: Database, settings: Settings, question: str, where: str
) -> None:
    wanted = held(sample_database, where)
    table = asked(sample_database, settings, question).tables[0]
    assert wanted
    assert {row[table.columns.index("종목코드")] for row in table.rows} == set(wanted)


@pytest.mark.parametrize("question", [f"{NUCLEAR} 미국 주식 비중 합", f"{NUCLEAR} 미국 주식 비중은 몇 %?"])
def test_the_weight_of_a_market_is_that_of_all_its_stocks(
    sample_database: Database, settings: Settings, question: str
) -> None:
    wanted = held(sample_database, "s.market = 'US' AND h.weight IS NOT NULL")
    assert asked(sample_database, settings, question).tables[0].rows[0][:2] == [
        len(wanted),
        pytest.approx(sum(wanted.values()), abs=0.011),
    ]


def test_a_market_without_stocks_is_said(sample_database: Database, settings: Settings) -> None:
    answer = asked(sample_database, settings, "KODEX 200에 담긴 일본 주식 몇 개")
    assert "일본 상장 주식을 담고 있지 않습니다" in answer.answer


@pytest.mark.parametrize(
    ("question", "where"),
    [
        ("국내 주식 종목 중에 ETF에 제일 많이 편입된 종목 5개만", KOREAN),
        ("미국 종목 중에 ETF에 가장 많이 담긴 종목 5개", "s.market = 'US'"),
        ("국내 ETF에 가장 많이 담긴 미국 종목 5개", "s.market = 'US'"),
    ],
)
def test_the_stocks_held_most_are_those_of_the_market(
    sample_database: Database, settings: Settings, question: str, where: str
) -> None:
    cypher = (
        f"MATCH (e:ETF)-[:HOLDS]->(s:Stock) WHERE {where} WITH s, count(DISTINCT e.code) AS etfs "
        "RETURN s.code, etfs ORDER BY etfs DESC, s.code LIMIT 5"
    )
    with sample_database.engine("atlas_app").connect() as connection:
        wanted = [list(row) for row in run_cypher(connection, MARKET, cypher).rows]
    table = asked(sample_database, settings, question).tables[0]
    assert [row[1:3] for row in table.rows] == wanted


@pytest.mark.parametrize(
    "question", [f"{NUCLEAR} 나스닥 종목", f"{NUCLEAR} 국내 주식 말고 해외 주식만", f"{NUCLEAR} 미국이랑 일본 주식"]
)
def test_a_market_that_is_not_clear_is_no_filter(sample_database: Database, settings: Settings, question: str) -> None:
    assert ask(sample_database, question, settings=settings).status != "answered"


def test_managers_by_a_bound_on_their_number_of_etfs(sample_database: Database, settings: Settings) -> None:
    table = asked(sample_database, settings, "운용사별 ETF 수").tables[0]
    place = table.columns.index("ETF 수")
    numbers = {row[0]: row[place] for row in table.rows}
    bound = sorted(numbers.values())[len(numbers) // 2]
    few = {name for name, number in numbers.items() if number < bound}
    assert few
    assert len(few) < len(numbers)
    answer = asked(sample_database, settings, f"ETF가 {bound}개 미만인 운용사")
    assert {row[0] for row in answer.tables[0].rows} == few
    assert f"**{len(few)}곳**" in answer.answer
    counted = asked(sample_database, settings, f"ETF가 {bound}개 미만인 운용사는 몇 곳이야?")
    assert counted.tables[0].rows == [[len(few)]]
    assert "없습니다" in asked(sample_database, settings, "ETF가 9000개 이상인 운용사").answer
