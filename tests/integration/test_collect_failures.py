"""What does not come: gaps that are filled later, days that fail with their reason, and the next run that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl
import pytest

from backend.collection import daily
from backend.collection.calendar import SEOUL
from backend.collection.daily import TooFewAnswers, baskets, gaps
from backend.collection.sources import krx
from backend.collection.sources.krx import KrxBudgetSpent, KrxRefused
from backend.errors import LoadError, Unavailable
from tests import graph_contents as contents
from tests.collecting import DAY1, DAY2, ETFS, gaps_of, run_of, source_of, staged, stub_of, told
from tests.stub_krx import StubKrx


@pytest.fixture
def stub() -> Iterator[StubKrx]:
    with stub_of() as server:
        yield server


@pytest.fixture
def source(empty_database, stub):
    with source_of(empty_database, stub) as krx:
        yield krx


def test_an_empty_basket_is_a_gap_that_is_filled_later_without_telling_again(empty_database, source, stub):
    daily.collect(empty_database, source, DAY1)
    etf = stub.market.codes[1]
    stub.fail("empty", on="basket", etf=etf)
    collected = daily.collect(empty_database, source, DAY2)
    assert list(collected.fetched.missing) == [etf]
    assert "empty list" in gaps_of(empty_database, DAY2)[etf]
    assert run_of(empty_database, DAY2)["gaps"] == 1
    held = {values["date"] for start, _, values in contents.edges(empty_database, "etf_graph", "HOLDS") if start == etf}
    assert held == {"2026-07-07"}

    still = gaps.fill(empty_database, source, gaps.find(empty_database))
    assert ([gap.code for gap in still.remaining], still.filled) == ([etf], [])
    stub.heal()
    calls = stub.count()
    filled = gaps.fill(empty_database, source, gaps.find(empty_database))
    assert ([gap.code for gap in filled.filled], filled.remaining) == ([etf], [])
    assert stub.count() == calls + 1
    assert gaps_of(empty_database, DAY2) == {}
    assert run_of(empty_database, DAY2)["gaps"] == 0
    held = {values["date"] for start, _, values in contents.edges(empty_database, "etf_graph", "HOLDS") if start == etf}
    assert held == {"2026-07-08"}
    assert len(told(empty_database)) == 4


def test_a_basket_of_a_tenth_is_a_gap_and_is_asked_for_again_by_fill(empty_database, source, stub):
    daily.collect(empty_database, source, DAY1)
    etf = stub.market.codes[0]
    stub.fail("tenth", on="basket", etf=etf)
    collected = daily.collect(empty_database, source, DAY2)
    assert collected.fetched.fetched == ETFS
    assert "2 of 20 constituents" in gaps_of(empty_database, DAY2)[etf]
    sold = [start for start, _, values in contents.edges(empty_database, "etf_history", "TRADED") if start == etf]
    assert sold == []
    stub.heal()
    assert [gap.code for gap in gaps.fill(empty_database, source, gaps.find(empty_database)).filled] == [etf]
    assert gaps_of(empty_database, DAY2) == {}


def test_a_gap_of_long_ago_is_filled_though_nothing_is_staged_any_more(empty_database, source, stub):
    etf = stub.market.codes[2]
    stub.fail("dashes", on="basket", etf=etf)
    daily.collect(empty_database, source, DAY1)
    with empty_database.connect("atlas_loader", autocommit=True) as connection:
        connection.execute("DELETE FROM source_answers")
    stub.heal()
    before = stub.count("basket")
    assert [gap.code for gap in gaps.fill(empty_database, source, gaps.find(empty_database)).filled] == [etf]
    assert stub.count("basket") == before + 1
    run = run_of(empty_database, DAY1)
    assert (run["status"], run["gaps"], run["etfs"]) == ("loaded", 0, ETFS)
    assert len(told(empty_database)) == 2


def test_a_day_loaded_long_ago_is_not_fetched_again(empty_database, source, stub):
    daily.collect(empty_database, source, DAY1)
    with empty_database.connect("atlas_loader", autocommit=True) as connection:
        connection.execute("DELETE FROM source_answers")
    calls = stub.count()
    again = daily.collect(empty_database, source, DAY1)
    assert (again.status, again.reason, again.summary) == (
        "loaded",
        "loaded before; `fill` asks again for its gaps",
        None,
    )
    assert stub.count() == calls


def test_a_date_that_cannot_be_filled_does_not_hold_up_the_others(empty_database, source, stub):
    etf = stub.market.codes[1]
    stub.fail("empty", on="basket", etf=etf)
    for day in (DAY1, DAY2):
        daily.collect(empty_database, source, day)
    with empty_database.connect("atlas_loader", autocommit=True) as connection:
        connection.execute("DELETE FROM source_answers")
    stub.heal()
    stub.fail("tenth", on="prices", day=str(DAY1))
    filled = gaps.fill(empty_database, source, gaps.find(empty_database))
    assert [(gap.date, gap.code) for gap in filled.filled] == [(DAY2, etf)]
    assert [(gap.date, gap.code) for gap in filled.remaining] == [(DAY1, etf)]
    assert run_of(empty_database, DAY1)["status"] == "loaded"


def test_a_refused_key_fails_the_day_with_its_reason(empty_database, source, stub):
    stub.fail("unauthorized", on="prices")
    with pytest.raises(KrxRefused) as refused:
        daily.collect(empty_database, source, DAY1)
    run = run_of(empty_database, DAY1)
    assert (run["status"], run["reason"]) == ("failed", refused.value.message)
    assert stub.count("basket") == 0
    assert (told(empty_database), told(empty_database, "collection_failed")) == ([], [("discord", "2026-07-07")])
    stub.heal()
    assert daily.collect(empty_database, source, DAY1).status == "loaded"
    assert (run_of(empty_database, DAY1)["status"], run_of(empty_database, DAY1)["reason"]) == ("loaded", None)


def test_a_refused_login_stops_at_once(empty_database, stub):
    with source_of(empty_database, stub, krx_password="another") as source, pytest.raises(KrxRefused):
        daily.collect(empty_database, source, DAY1)
    assert "ATLAS_KRX_PASSWORD" in run_of(empty_database, DAY1)["reason"]
    assert stub.count("login") == 1


def test_a_failure_does_not_undo_a_loaded_day(empty_database, source, stub):
    etf = stub.market.codes[3]
    stub.fail("empty", on="basket", etf=etf)
    daily.collect(empty_database, source, DAY1)
    stub.heal()
    stub.fail("forbidden", on="basket")
    with pytest.raises(KrxRefused):
        gaps.fill(empty_database, source, gaps.find(empty_database))
    run = run_of(empty_database, DAY1)
    assert (run["status"], run["gaps"], run["reason"]) == ("loaded", 1, None)


def test_a_spent_budget_stops_the_day_and_the_next_one_goes_on(empty_database, stub):
    moment = datetime(2026, 7, 8, 23, 0, tzinfo=SEOUL)
    # The log-in takes calls of the data service as well.
    with source_of(empty_database, stub, daily_calls=9, clock=lambda: moment) as source:
        with pytest.raises(KrxBudgetSpent):
            daily.collect(empty_database, source, DAY1)
        kept = [code for code, status in staged(empty_database, DAY1).items() if status == "fetched"]
        assert 0 < len(kept) < ETFS
        run = run_of(empty_database, DAY1)
        assert run["status"] == "failed"
        assert "used up" in run["reason"]
        assert told(empty_database) == []

        moment += timedelta(hours=1)
        collected = daily.collect(empty_database, source, DAY1)
    assert (collected.fetched.already, collected.fetched.fetched) == (len(kept), ETFS - len(kept))
    assert stub.count("basket") == ETFS
    assert len(told(empty_database)) == 2


def test_a_session_that_krx_ends_costs_no_basket(empty_database, source, stub):
    stub.fail("logout", on="basket", after=5, times=1)
    collected = daily.collect(empty_database, source, DAY1)
    assert collected.fetched.fetched == ETFS
    assert not collected.fetched.missing
    assert not collected.fetched.failed
    assert stub.count("login") >= 2


def test_a_few_unanswered_baskets_are_gaps(empty_database, source, stub):
    etfs = stub.market.codes[:3]
    for etf in etfs:
        stub.fail("server_error", on="basket", etf=etf)
    collected = daily.collect(empty_database, source, DAY1)
    assert sorted(collected.fetched.failed) == sorted(etfs)
    assert sorted(gaps_of(empty_database, DAY1)) == sorted(etfs)
    assert run_of(empty_database, DAY1)["status"] == "loaded"
    stub.heal()
    # The same command asks again for what did not come, and fills the gaps.
    again = daily.collect(empty_database, source, DAY1)
    assert (again.fetched.already, again.fetched.fetched) == (ETFS - 3, 3)
    assert gaps_of(empty_database, DAY1) == {}
    assert len(told(empty_database)) == 2


@pytest.mark.parametrize("kind", ["server_error", "empty"])
def test_a_day_with_less_than_half_of_the_baskets_fails_and_goes_on_later(empty_database, source, stub, kind):
    for etf in stub.market.codes[:7]:
        stub.fail(kind, on="basket", etf=etf)
    with pytest.raises(TooFewAnswers, match="5 of 12 baskets"):
        daily.collect(empty_database, source, DAY1)
    assert run_of(empty_database, DAY1)["status"] == "failed"
    assert contents.edges(empty_database, "etf_graph", "HOLDS") == []
    assert told(empty_database) == []
    stub.heal()
    collected = daily.collect(empty_database, source, DAY1)
    assert (collected.fetched.already, collected.fetched.fetched) == (5, 7)
    assert len(told(empty_database)) == 2


def test_a_service_that_answers_nothing_is_not_asked_for_all_baskets(empty_database, source, stub, monkeypatch):
    monkeypatch.setattr(baskets, "MOST_UNANSWERED", 3)
    stub.fail("server_error", on="basket")
    with pytest.raises(Unavailable, match="3 baskets in a row unanswered"):
        daily.collect(empty_database, source, DAY1)
    asked = {call.etf for call in stub.calls if call.what == "basket"}
    assert len(asked) <= 3 + baskets.THREADS
    assert run_of(empty_database, DAY1)["status"] == "failed"


def test_a_price_table_that_is_cut_off_is_not_kept(empty_database, source, stub):
    fault = stub.fail("tenth", on="prices")
    with pytest.raises(TooFewAnswers, match="prices of 1 ETFs"):
        daily.collect(empty_database, source, DAY1)
    assert run_of(empty_database, DAY1)["status"] == "failed"
    stub.faults.remove(fault)
    assert daily.collect(empty_database, source, DAY1).summary.prices == ETFS


def test_bad_prices_of_an_etf_are_a_gap_and_are_asked_for_again_by_fill(empty_database, source, stub):
    etf = stub.market.codes[0]
    stub.fail("unreadable", on="prices")
    daily.collect(empty_database, source, DAY1)
    assert "prices, row 1" in gaps_of(empty_database, DAY1)[etf]
    run = run_of(empty_database, DAY1)
    assert (run["status"], run["gaps"], run["prices"]) == ("loaded", 1, ETFS - 1)
    stub.heal()
    assert [gap.code for gap in gaps.fill(empty_database, source, gaps.find(empty_database)).filled] == [etf]
    assert stub.count("prices") == 2
    assert run_of(empty_database, DAY1)["prices"] == ETFS
    assert len(told(empty_database)) == 2


def test_a_day_with_a_bad_row_is_rejected_and_asked_for_again(empty_database, source, stub, monkeypatch):
    feed = krx.feed

    def spoilt(*arguments):
        delivered = feed(*arguments)
        delivered.tables["holdings"] = delivered["holdings"].with_columns(pl.lit("stuff").alias("kind"))
        return delivered

    monkeypatch.setattr(krx, "feed", spoilt)
    with pytest.raises(LoadError, match="2026-07-07 was rejected: KRX MDCSTAT05001"):
        daily.collect(empty_database, source, DAY1)
    assert run_of(empty_database, DAY1)["status"] == "rejected"
    assert staged(empty_database, DAY1) == {}
    monkeypatch.undo()
    assert daily.collect(empty_database, source, DAY1).status == "loaded"
    assert run_of(empty_database, DAY1)["status"] == "loaded"
