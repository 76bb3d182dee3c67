"""Questions about trades: first trades, what was done together on a day, whole weeks, and what is no trade at all."""

from __future__ import annotations

import pytest

from agent.answer import Answer
from agent.reading.reading import read
from agent.reading.understanding import understand
from agent.runner import ask
from backend.db.engine import Database
from backend.market.dataset import get_dataset
from backend.settings import Settings

ETF = "TIME 글로벌AI인공지능액티브"
LAST_DAY = "7월 31일"


def plan_kind(database: Database, question: str) -> str | None:
    """The kind of the plan that a question is read as; None where no reading explains it."""
    with database.engine("atlas_app").connect() as connection:
        dated = get_dataset(connection)
        outcome = read(understand(connection, question, dated.as_of, dated.dataset))
        return outcome.plan.kind if outcome.plan else None


def traded_rows(answer: Answer) -> list[list]:
    return [list(row) for row in answer.as_dict()["tables"][0]["rows"]]


@pytest.mark.parametrize("verb", ["산", "판"])
def test_the_first_trade_is_the_earliest(sample_database: Database, settings: Settings, verb: str):
    stock = traded_rows(ask(sample_database, f"{ETF}가 7월에 {verb} 종목", settings=settings))[0][0]
    question = f"{ETF}가 {stock}를 처음 {verb} 날은?"
    answer = ask(sample_database, question, settings=settings)
    assert answer.status == "answered"
    assert plan_kind(sample_database, question) == "pair_trades"
    days = [row[0] for row in traded_rows(answer)]
    assert days == sorted(days)
    assert f"처음 {verb} 날은 **{days[0]}**" in answer.answer


@pytest.mark.parametrize(
    "question",
    [
        f"{LAST_DAY} 하루 동안 삼성전자 비중이 제일 많이 줄어든 ETF 5개",
        "어제 엔비디아 비중이 가장 많이 줄어든 ETF",
        f"올해 {ETF}가 가장 자주 산 종목",
        f"{ETF}에 가장 최근에 새로 들어온 종목",
        f"7월 셋째 주에 {ETF}가 담은 종목",
        "기타 금융업 종목을 가장 많이 담은 ETF는?",
        "7월에 반도체 ETF들이 제일 많이 산 종목 5개",
        "7월에 액티브 ETF들 가운데 매매를 제일 많이 한 ETF",
        f"{LAST_DAY} 수량이 제일 많이 늘어난 종목",
    ],
)
def test_asks_back_or_refuses_rather_than_guess(sample_database: Database, settings: Settings, question: str):
    assert plan_kind(sample_database, question) is None
    assert ask(sample_database, question, settings=settings).status in ("clarify", "refused")


def test_a_moved_weight_is_no_trade(sample_database: Database, settings: Settings):
    question = f"{ETF}에서 7월에 비중이 가장 많이 늘어난 종목"
    assert plan_kind(sample_database, question) == "weight_movers"
    assert "%p" in ask(sample_database, question, settings=settings).answer


def test_more_shares_rank_by_shares(sample_database: Database, settings: Settings):
    answer = ask(sample_database, f"7월에 {ETF}에서 수량이 많이 늘어난 종목 5개", settings=settings)
    assert answer.status == "answered"
    changes = [row[3] for row in traded_rows(answer)]
    assert changes == sorted(changes, reverse=True)


@pytest.mark.parametrize("verb", ["산", "판"])
def test_done_together_on_a_day_agrees_with_the_example(sample_database: Database, settings: Settings, verb: str):
    """The readings count the ETFs as the verified example does: those with a snapshot on the trading day before."""
    reading = ask(sample_database, f"{LAST_DAY} 액티브 ETF들이 제일 많이 {verb} 종목 5개", settings=settings)
    example = ask(sample_database, f"{LAST_DAY}에 액티브 ETF들이 가장 많이 {verb} 종목은?", settings=settings)
    assert plan_kind(sample_database, f"{LAST_DAY} 액티브 ETF들이 제일 많이 {verb} 종목 5개") == "traded_together"
    counts = [row[2] for row in traded_rows(reading)]
    assert counts == [row[2] for row in traded_rows(example)][:5]


@pytest.mark.parametrize(
    "question", [f"{LAST_DAY}에 매매를 제일 많이 한 액티브 ETF", f"{LAST_DAY}에 새로 편입된 종목이 가장 많은 ETF"]
)
def test_the_etfs_that_traded_most(sample_database: Database, settings: Settings, question: str):
    assert plan_kind(sample_database, question) == "trading_etfs"
    answer = ask(sample_database, question, settings=settings)
    assert answer.status == "answered"
    counts = [row[2] for table in answer.as_dict()["tables"] for row in table["rows"]]
    assert counts == sorted(counts, reverse=True)


def test_the_week_of_a_day_runs_from_monday_to_sunday(sample_database: Database):
    with sample_database.engine("atlas_app").connect() as connection:
        dated = get_dataset(connection)
        question = understand(connection, f"2026년 7월 8일 주에 {ETF}가 산 종목", dated.as_of, dated.dataset)
    period = next(token.value for token in question.tokens if token.kind == "date")
    assert (period.first.isoformat(), period.last.isoformat()) == ("2026-07-06", "2026-07-12")
    assert not any(token.kind == "stock" for token in question.tokens)


@pytest.mark.parametrize("fragment", ["달", "서", "주에"])
def test_a_fragment_is_offered_no_names(sample_database: Database, settings: Settings, fragment: str):
    answer = ask(sample_database, f"KODEX 200 {fragment} 쀍", settings=settings)
    assert answer.status != "answered"
    assert "혹시" not in answer.answer


def test_half_a_name_is_not_taken_for_another(sample_database: Database, settings: Settings):
    answer = ask(sample_database, "SK Sheldus weight in KODEX 200", settings=settings)
    assert answer.status != "answered"
    assert "Madison" not in answer.answer


def test_what_an_etf_holds_is_not_who_holds_it(sample_database: Database):
    held = plan_kind(sample_database, "KODEX 200에 들어 있는 ETF를 알려줘")
    assert held in ("top_holdings", "all_holdings")
    assert plan_kind(sample_database, "KODEX 200이 들어 있는 ETF를 알려줘") == "etfs_weight"


def test_a_period_is_suggested_as_the_example_asks_it(sample_database: Database, settings: Settings):
    """Over several days the net of each ETF counts: the suggestion is a question that is answered so."""
    answer = ask(sample_database, "7월에 반도체 ETF들이 제일 많이 산 종목 5개", settings=settings)
    again = ask(sample_database, answer.suggestions[0], settings=settings)
    assert (answer.status, again.status) == ("clarify", "answered")
    assert again.example is not None
