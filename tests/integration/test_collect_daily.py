"""A date from KRX into the market, whatever KRX does in between."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from backend.collection import calendar, daily, runs
from backend.collection.calendar import SEOUL, UnknownYear
from backend.collection.daily import DayPlan, NotPlanned, NotPublished, TooFewAnswers, baskets, gaps, staging
from backend.collection.daily.staging import Staging
from backend.collection.sources import krx
from backend.collection.sources.krx import KrxBudgetSpent, KrxRefused
from backend.errors import InvalidInput, LoadError, Unavailable
from tests import graph_contents as contents
from tests.collecting import DAY1, DAY2, DAY3, ETFS, gaps_of, run_of, source_of, staged, stub_of, told
from tests.stub_krx import StubKrx


@pytest.fixture
def stub() -> Iterator[StubKrx]:
    with stub_of() as server:
        yield server


@pytest.fixture
def source(empty_database, stub):
    with source_of(empty_database, stub) as krx:
        yield krx


def at(monkeypatch: pytest.MonkeyPatch, *moment: int) -> None:
    """Make it that moment in Seoul for the calendar."""
    monkeypatch.setattr(calendar, "now", lambda: datetime(*moment, tzinfo=SEOUL))


def test_a_day_comes_into_the_market_and_is_told_of_once(empty_database, source, stub):
    collected = daily.collect(empty_database, source, DAY1)
    assert (collected.status, collected.etfs, collected.fetched.fetched) == ("loaded", ETFS, ETFS)
    assert stub.counts()["basket"] == ETFS
    assert (stub.count("listing"), stub.count("prices")) == (1, 1)
    run = run_of(empty_database, DAY1)
    assert (run["status"], run["etfs"], run["prices"], run["gaps"]) == ("loaded", ETFS, ETFS, 0)
    assert run["notified"]
    assert told(empty_database) == [("page", "2026-07-07"), ("discord", "2026-07-07")]
    held = {start for start, _, _ in contents.edges(empty_database, "etf_graph", "HOLDS")}
    assert held == set(stub.market.codes)


def test_a_second_run_asks_for_nothing_changes_nothing_and_tells_nobody(empty_database, source, stub):
    daily.collect(empty_database, source, DAY1)
    before, calls = contents.everything(empty_database), stub.count()
    again = daily.collect(empty_database, source, DAY1)
    assert (again.fetched.fetched, again.fetched.already) == (0, ETFS)
    assert not again.summary.notified_dates
    assert stub.count() == calls
    assert contents.everything(empty_database) == before
    assert len(told(empty_database)) == 2


def test_days_follow_each_other(empty_database, source, stub):
    for day in (DAY1, DAY2, DAY3):
        daily.collect(empty_database, source, day)
    assert told(empty_database) == [
        (place, day) for place in ("page", "discord") for day in ("2026-07-07", "2026-07-08", "2026-07-09")
    ]
    traded = {values["date"] for _, _, values in contents.edges(empty_database, "etf_history", "TRADED")}
    assert traded == {"2026-07-08", "2026-07-09"}


def test_on_a_holiday_krx_is_not_asked_and_the_reason_is_recorded(empty_database, source, stub):
    holiday = daily.collect(empty_database, source, date(2026, 7, 17))
    assert (holiday.status, holiday.reason) == ("holiday", "제헌절")
    assert stub.count() == 0
    run = run_of(empty_database, date(2026, 7, 17))
    assert (run["status"], run["reason"], run["notified"]) == ("holiday", "제헌절", False)
    assert told(empty_database) == []
    assert daily.collect(empty_database, source, date(2026, 7, 18)).reason == "주말"


def test_a_past_day_without_figures_is_a_holiday_that_the_calendar_does_not_know(empty_database, source, stub):
    del stub.market.prices[DAY2]
    assert daily.collect(empty_database, source, DAY2).status == "holiday"
    assert run_of(empty_database, DAY2)["status"] == "holiday"
    assert stub.count("basket") == 0


@pytest.mark.parametrize(
    ("day", "now"),
    [
        (DAY2, (2026, 7, 8, 19, 0)),
        (DAY2, (2026, 7, 9, 23, 0)),
        # A Thursday before a holiday and a weekend: the next trading day is Monday.
        (date(2026, 7, 16), (2026, 7, 20, 9, 0)),
    ],
)
def test_a_day_is_late_before_it_is_a_holiday(empty_database, source, stub, monkeypatch, day, now):
    at(monkeypatch, *now)
    prices = stub.market.prices.pop(DAY2)
    with pytest.raises(NotPublished, match=f"has not published {day} yet"):
        daily.collect(empty_database, source, day)
    # Lateness is no failure of the day, and the next try may find it.
    assert run_of(empty_database, day) is None
    if day == DAY2:
        stub.market.prices[DAY2] = prices
        assert daily.collect(empty_database, source, DAY2).status == "loaded"


def test_a_day_that_is_not_over_is_not_collected(empty_database, source, stub, monkeypatch):
    at(monkeypatch, 2026, 7, 8, 17, 59)
    with pytest.raises(NotPublished, match="final from 18:00"):
        daily.collect(empty_database, source, DAY2)
    with pytest.raises(InvalidInput, match="in the future"):
        daily.collect(empty_database, source, DAY3)
    with pytest.raises(UnknownYear, match="2021 to 2027"):
        daily.collect(empty_database, source, date(2020, 12, 30))
    assert stub.count() == 0


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


def test_some_etfs_of_a_day(empty_database, source, stub):
    chosen = stub.market.codes[:2]
    collected = daily.collect(empty_database, source, DAY1, chosen)
    assert (collected.etfs, collected.fetched.fetched) == (2, 2)
    assert gaps_of(empty_database, DAY1) == {}
    assert stub.count("basket") == 2
    with pytest.raises(InvalidInput, match="No such ETF on 2026-07-07: 999999"):
        daily.collect(empty_database, source, DAY1, ["999999"])
    rest = daily.collect(empty_database, source, DAY1)
    assert rest.fetched.already == 2
    assert run_of(empty_database, DAY1)["etfs"] == ETFS


def test_a_day_without_a_plan_is_not_loaded(empty_database):
    with pytest.raises(NotPlanned, match="collect plan --date 2026-07-07"):
        daily.load_day(empty_database, DAY1)
    with pytest.raises(NotPlanned):
        daily.planned(empty_database, DAY1)
    assert run_of(empty_database, DAY1) is None


def test_several_fetch_the_same_day_and_every_basket_once(empty_database, stub):
    stub.delay_s = 0.02
    with source_of(empty_database, stub) as one, source_of(empty_database, stub) as other:
        planned = daily.plan(empty_database, one, DAY1)
        codes = planned.etfs
        shares = [(one, codes[:8]), (other, codes[4:]), (one, None), (other, None)]
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(daily.fetch_baskets, empty_database, krx, planned, share) for krx, share in shares]
            results = [future.result(timeout=60) for future in running]
    assert stub.count("basket") == ETFS
    assert sum(result.fetched for result in results) == ETFS
    assert [result.fetched + result.already for result in results] == [8, 8, ETFS, ETFS]


def test_two_runs_of_a_day_at_once_tell_of_it_once(empty_database, stub):
    stub.delay_s = 0.02
    with (
        source_of(empty_database, stub) as one,
        source_of(empty_database, stub) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        running = [pool.submit(daily.collect, empty_database, krx, DAY1) for krx in (one, other)]
        results = [future.result(timeout=60) for future in running]
    assert stub.count("basket") == ETFS
    assert (stub.count("listing"), stub.count("prices")) == (1, 1)
    assert sorted(bool(result.summary.notified_dates) for result in results) == [False, True]
    assert len(told(empty_database)) == 2


def test_old_answers_are_pruned(empty_database, source):
    for days in (29, 31):
        Staging(empty_database, "krx", date(2026, 5, days)).put("069500", [{"a": "1"}])
        with empty_database.connect("atlas_loader", autocommit=True) as connection:
            connection.execute(
                "UPDATE source_answers SET fetched_at = now() - %s * interval '1 day' WHERE date = %s",
                (days, date(2026, 5, days)),
            )
    daily.plan(empty_database, source, DAY1)
    assert Staging(empty_database, "krx", date(2026, 5, 29)).many(["069500"]) == {"069500": [{"a": "1"}]}
    assert Staging(empty_database, "krx", date(2026, 5, 31)).answers() == {}


def test_what_was_fetched_is_not_replaced_by_what_fails_later(empty_database):
    kept = Staging(empty_database, "krx", DAY1)
    kept.put_absent("069500", "failed", "no answer")
    assert kept.answers()["069500"] == staging.Answer("failed", "no answer", 1)
    kept.put_absent("069500", "missing", "an empty list")
    assert kept.answers()["069500"] == staging.Answer("missing", "an empty list", 2)
    assert not kept.has("069500")
    kept.put("069500", [{"이름": "삼성전자"}])
    kept.put_absent("069500", "failed", "no answer")
    assert kept.answers()["069500"] == staging.Answer("fetched", None, 3)
    assert kept.many(["069500", "000000"]) == {"069500": [{"이름": "삼성전자"}]}


def test_a_claim_ends_with_its_process(empty_database):
    day = Staging(empty_database, "krx", DAY1)
    with day.fetching() as mine, day.fetching() as theirs:
        assert mine.take("069500")
        assert not theirs.take("069500")
        assert theirs.take("114800")
        assert not mine.take("114800")
        theirs._connection.close()
        mine.wait("114800")
    with day.fetching() as another:
        assert another.take("069500")
        assert another.take("114800")


def test_a_plan_is_divided_evenly_and_completely():
    plan = DayPlan(DAY1, etfs=[f"{n:06}" for n in range(921)])
    chunks = plan.chunks(12)
    assert [len(chunk) for chunk in chunks] == [77] * 11 + [74]
    assert [code for chunk in chunks for code in chunk] == plan.etfs
    assert DayPlan(DAY1, "설날").chunks(12) == []
    assert DayPlan(DAY1, etfs=["069500"]).chunks(12) == [["069500"]]


def test_days_that_are_not_collected_are_told_apart_from_holidays(empty_database, source, stub, monkeypatch):
    at(monkeypatch, 2026, 7, 20, 19, 0)
    assert gaps.uncollected(empty_database) == []
    daily.collect(empty_database, source, DAY1)
    runs.record_failure(empty_database, "krx", date(2026, 7, 10), "the key")
    runs.record_holiday(empty_database, "krx", date(2026, 7, 14), "임시공휴일")
    found = [(one.date.isoformat()[5:], one.status, one.reason) for one in gaps.uncollected(empty_database)]
    assert found == [
        ("07-20", "absent", None),
        ("07-16", "absent", None),
        ("07-15", "absent", None),
        ("07-13", "absent", None),
        ("07-10", "failed", "the key"),
        ("07-09", "absent", None),
        ("07-08", "absent", None),
    ]
    assert [one.date for one in gaps.uncollected(empty_database, DAY2, DAY3)] == [DAY3, DAY2]
