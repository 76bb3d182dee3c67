"""What the language model may use in a day: counted for each asker and for everybody, refused before it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from agent import spending
from agent.answer import Answer
from agent.run_context import RunContext
from agent.spending import Spending, SpendingLimit, estimated_tokens
from backend.db.engine import Database
from backend.settings import Settings
from tests.stub_llm import StubLlm, Turn

COUNT = {"cypher": "MATCH (e:ETF) RETURN count(e) AS n", "graph": "etf_graph"}
PRICES = {"model_price_input_usd_per_mtok": 2.0, "model_price_output_usd_per_mtok": 10.0}
CLEAR = "KODEX 200 보수 알려줘"


def final(usage: tuple[int, int] | None = (1_000, 100)) -> Turn:
    return Turn(tool="final_answer", arguments={"answer": "72개입니다."}, usage=usage)


@pytest.fixture(autouse=True)
def _nothing_used(sample_database: Database) -> Iterator[None]:
    yield
    with sample_database.engine("atlas_app").begin() as connection:
        connection.execute(text("DELETE FROM model_usage"))


@pytest.fixture
def used(sample_database: Database) -> Callable[[str], tuple[int, int, int, float]]:
    """A function that gives what an asker used: requests, prompt and completion tokens, dollars."""

    def read(asker: str) -> tuple[int, int, int, float]:
        with sample_database.engine("atlas_app").connect() as connection:
            row = connection.execute(
                text(
                    "SELECT requests, prompt_tokens, completion_tokens, cost_usd::float8 "
                    "FROM model_usage WHERE asker = :asker"
                ),
                {"asker": asker},
            ).one_or_none()
        return tuple(row) if row else (0, 0, 0, 0.0)

    return read


def test_the_usage_that_the_server_reports_is_counted(asking: Callable, used: Callable) -> None:
    query = Turn(tool="query_graph", arguments=COUNT, usage=(900, 50))
    answer, _, stub = asking([query, final()], asker="A", with_settings=PRICES)
    assert stub.requests[0]["stream_options"] == {"include_usage": True}
    assert used("A") == (2, 1_900, 150, pytest.approx(0.0053))
    usage = answer.trace.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cost_usd) == (1_900, 150, pytest.approx(0.0053))


def test_a_server_that_reports_nothing_is_estimated(asking: Callable, used: Callable) -> None:
    answer, _, _ = asking([final(None)], asker="A")
    requests, prompt, completion, _ = used("A")
    assert requests == 1
    assert prompt > 1_000
    assert 5 < completion < 60
    assert answer.trace.usage.prompt_tokens == prompt


def test_a_request_that_the_server_refused_costs_nothing(asking: Callable, used: Callable) -> None:
    asking([Turn(status=401, text="no")], asker="A")
    assert used("A") == (1, 0, 0, 0.0)


def test_an_asker_over_the_limit_is_not_answered_by_the_model(asking: Callable) -> None:
    limit = {"model_daily_tokens_per_user": 1_000}
    first, _, stub = asking([final()], asker="A", with_settings=limit)
    assert first.status == "answered"
    second, _, _ = asking(stub=stub, asker="A", with_settings=limit)
    other, _, _ = asking(stub=stub, asker="B", with_settings=limit)
    assert len(stub.requests) == 2
    assert second.status == "failed"
    tomorrow = datetime.now(ZoneInfo("Asia/Seoul")).date() + timedelta(days=1)
    assert f"{tomorrow.month}월 {tomorrow.day}일 0시" in second.answer
    assert "1,000토큰" in second.answer
    assert second.suggestions
    assert other.status == "answered"


def test_the_limit_of_everybody_stops_everybody(asking: Callable) -> None:
    limit = {"model_daily_tokens": 1_000}
    _, _, stub = asking([final()], asker="A", with_settings=limit)
    answer, _, _ = asking(stub=stub, asker="B", with_settings=limit)
    assert len(stub.requests) == 1
    assert "모두가 하루에" in answer.answer


@pytest.mark.parametrize("limit", ["model_daily_cost_usd_per_user", "model_daily_cost_usd"])
def test_dollars_are_limited_by_the_prices(asking: Callable, limit: str) -> None:
    settings = {**PRICES, limit: 0.002}
    _, _, stub = asking([final()], asker="A", with_settings=settings)
    answer, _, _ = asking(stub=stub, asker="A", with_settings=settings)
    assert len(stub.requests) == 1
    assert "0.002달러" in answer.answer


def test_the_verified_answer_stands_in_for_a_used_up_model(asking: Callable) -> None:
    answer, _, stub = asking([final()], CLEAR, with_settings={"model_daily_tokens_per_user": 0})
    assert stub.requests == []
    assert answer.status == "answered"
    assert answer.source == "verified"
    assert "다시 쓸 수 있습니다" in answer.answer


def test_an_english_question_hears_of_the_limit_in_english(asking: Callable) -> None:
    question = "please tell me some random things concerning KODEX 200 whatever"
    answer, _, _ = asking([final()], question, with_settings={"model_daily_tokens_per_user": 0})
    assert "resets on" in answer.answer


def test_a_new_day_begins_at_midnight_in_seoul(asking: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = {"model_daily_tokens_per_user": 1_000}
    monkeypatch.setattr(spending, "today", lambda: date(2026, 11, 21))
    _, _, stub = asking([final()], asker="A", with_settings=limit)
    refused, _, _ = asking(stub=stub, asker="A", with_settings=limit)
    monkeypatch.setattr(spending, "today", lambda: date(2026, 11, 22))
    again, _, _ = asking(stub=stub, asker="A", with_settings=limit)
    assert (refused.status, again.status) == ("failed", "answered")
    assert "11월 22일 0시" in refused.answer


def test_requests_at_the_same_moment_cannot_slip_past_the_limit(
    sample_database: Database, settings: Settings, used: Callable
) -> None:
    chosen = settings.model_copy(update={"model_daily_tokens_per_user": 1_000})

    def reserve(_: int) -> bool:
        context = RunContext(sample_database, chosen, date(2026, 7, 31), "sample", asker="A")
        try:
            Spending(context).reserve(300)
        except SpendingLimit:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        granted = sum(threads.map(reserve, range(40)))
    # The limit stops whoever comes once it is reached: 300, 600, 900, 1,200.
    assert granted == 4
    assert used("A")[:2] == (4, 1_200)


def test_concurrent_answers_are_all_counted(asking: Callable, used: Callable) -> None:
    with StubLlm([final((10, 1))]) as stub:

        def ask_once(_: int) -> Answer:
            return asking(stub=stub, asker="A")[0]

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(ask_once, range(24)))
    assert {answer.status for answer in answers} == {"answered"}
    assert used("A")[:3] == (24, 240, 24)


def test_a_cost_limit_without_prices_is_no_limit_and_refused() -> None:
    with pytest.raises(ValidationError, match="PRICE"):
        Settings(model_daily_cost_usd=1.0)


def test_a_limit_can_be_lifted_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_MODEL_DAILY_TOKENS", "none")
    assert Settings().model_daily_tokens is None


@pytest.mark.parametrize(("written", "least", "most"), [("a" * 400, 90, 110), ("가" * 150, 90, 150), ("", 0, 0)])
def test_tokens_are_estimated_by_the_script(written: str, least: int, most: int) -> None:
    assert least <= estimated_tokens(written) <= most
