"""Places of an order, `2위부터 4위까지`: the rows from there to there, and nothing where a sum or a count is asked of them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from agent.answer import Answer
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings


def cells(answer: Answer, *names: str) -> list:
    table = answer.tables[0]
    place = next(table.columns.index(name) for name in names if name in table.columns)
    return [row[place] for row in table.rows]


def found(database: Database, sql: str) -> list:
    with database.engine("atlas_app").connect() as connection:
        return list(connection.execute(text(sql)).scalars())


@pytest.mark.parametrize("question", ["KODEX 200 비중 2위부터 4위 종목", "KODEX 200 2~4위 종목"])
def test_the_holdings_from_one_place_to_another(sample_database: Database, settings: Settings, question: str):
    top = cells(ask(sample_database, "KODEX 200 상위 4종목", settings=settings), "종목코드")
    answer = ask(sample_database, question, settings=settings)
    assert cells(answer, "종목코드") == top[1:]
    assert "2위부터 4위까지" in answer.answer


def test_the_managers_from_one_place_to_another(sample_database: Database, settings: Settings):
    ranked = found(sample_database, "SELECT company FROM etfs GROUP BY company ORDER BY sum(aum_krw) DESC, company")
    answer = ask(sample_database, "운용사별 ETF 순자산 합계 2위부터 3위까지", settings=settings)
    assert cells(answer, "운용사") == ranked[1:3]


@pytest.mark.parametrize(
    "question", ["KODEX 200 2위부터 4위까지 종목 비중 합", "KODEX 200 2위부터 4위까지 종목 수는 몇 개?"]
)
def test_what_is_asked_of_places_is_not_asked_of_everything(
    sample_database: Database, settings: Settings, question: str
):
    assert ask(sample_database, question, settings=settings).status in ("clarify", "refused")


def test_the_most_etfs_are_a_number_of_them(sample_database: Database, settings: Settings):
    sql = "SELECT company FROM etfs WHERE active GROUP BY company ORDER BY count(*) DESC, company LIMIT 1"
    answer = ask(sample_database, "Which asset manager runs the most active ETFs?", settings=settings)
    assert cells(answer, "manager")[:1] == found(sample_database, sql)


def test_how_similar_they_are_belongs_to_the_similar_ones(sample_database: Database, settings: Settings):
    plain = ask(sample_database, "KODEX 200과 가장 비슷한 ETF 3개", settings=settings)
    answer = ask(sample_database, "KODEX 200과 가장 비슷한 ETF 3개를 중복도와 함께", settings=settings)
    assert cells(answer, "코드", "ETF 코드") == cells(plain, "코드", "ETF 코드")
    assert cells(answer, "겹치는 비중(%)")
