"""A whole real day through KRX's protocol: about a thousand ETFs, fetched from a local server and loaded."""

from __future__ import annotations

import json
import time
from datetime import date

import pytest

from backend.collection import daily
from tests.collecting import gaps_of, run_of, source_of, told
from tests.krx_markets import of_tidy
from tests.stub_krx import StubKrx

DAY_BEFORE, DAY = date(2026, 7, 7), date(2026, 7, 8)
# ETFs with a basket in the real data on each of the two days.
WITH_BASKET = 921

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_a_whole_day_is_fetched_and_loaded(empty_database, real_data, record_property):
    market = of_tidy(real_data, [DAY_BEFORE, DAY])
    # The files have prices of more ETFs than baskets; the market of this test are those with both.
    with_basket = {isin for day, isin in market.baskets if day == DAY}
    for day in market.days:
        market.prices[day] = [row for row in market.prices[day] if row["ISU_CD"] in with_basket]
    # Without a session, as before a log-in was wanted: the calls are then exactly the answers.
    with StubKrx(market, needs_log_in=False) as stub, source_of(empty_database, stub) as source:
        daily.collect(empty_database, source, DAY_BEFORE)
        started = time.monotonic()
        planned = daily.plan(empty_database, source, DAY)
        fetched = daily.fetch_baskets(empty_database, source, planned)
        fetched_s = time.monotonic() - started
        summary = daily.load_day(empty_database, DAY)
        calls = stub.count()
        again = daily.collect(empty_database, source, DAY)
        assert stub.count() == calls

    assert (len(planned.etfs), fetched.fetched) == (WITH_BASKET, WITH_BASKET)
    assert gaps_of(empty_database, DAY) == {}
    run = run_of(empty_database, DAY)
    assert (run["status"], run["etfs"], run["prices"]) == ("loaded", WITH_BASKET, WITH_BASKET)
    assert run["holdings"] > 50_000
    assert summary.trades > 500
    assert (again.fetched.fetched, again.fetched.already, again.summary.holdings) == (0, WITH_BASKET, 0)
    assert told(empty_database) == [
        (place, day) for place in ("page", "discord") for day in ("2026-07-07", "2026-07-08")
    ]
    figures = {
        "etfs": run["etfs"],
        "holdings": run["holdings"],
        "trades": summary.trades,
        "fetching_s": round(fetched_s, 1),
        "load_s": round(summary.seconds, 1),
    }
    record_property("figures", json.dumps(figures))
    print(figures)
