"""A date from KRX into the market, whatever KRX does in between."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from backend.collection import daily, runs
from backend.collection.calendar import UnknownYear
from backend.collection.daily import DayPlan, NotPlanned, NotPublished, gaps, staging
from backend.collection.daily.staging import Staging
from backend.errors import InvalidInput
from tests import graph_contents as contents
from tests.collecting import DAY1, DAY2, DAY3, ETFS, at, gaps_of, run_of, source_of, stub_of, told
from tests.stub_krx import StubKrx


@pytest.fixture
def stub() -> Iterator[StubKrx]:
    with stub_of() as server:
        yield server


@pytest.fixture
def source(empty_database, stub):
    with source_of(empty_database, stub) as krx:
        yield krx


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
