"""The client of the KRX Open API against a local one that misbehaves."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr

from backend.collection.sources.krx import (
    Budget,
    Holiday,
    Krx,
    KrxBudgetSpent,
    KrxRefused,
    KrxUnavailable,
    Patience,
)
from backend.db.engine import Database
from backend.settings import Settings
from tests.krx_markets import invented, recorded
from tests.stub_krx import StubKrx

DAY, HOLIDAY = date(2026, 7, 8), date(2026, 7, 5)
PATIENCE = Patience(attempts=3, wait_initial_s=0.01, wait_max_s=0.05, longest_wait_s=2)


@pytest.fixture(scope="module")
def database(new_database: Any) -> Database:
    return new_database()


@pytest.fixture
def stub() -> Iterator[StubKrx]:
    with StubKrx(invented([DAY])) as server:
        yield server


def krx(stub: StubKrx, database: Database, home: Any, *, patience: Patience = PATIENCE, **settings: Any) -> Krx:
    values = {"home": home, **stub.settings(), **settings}
    return Krx(Settings(**values), Budget(database, calls_per_s=1_000), patience=patience)


@pytest.fixture
def source(stub: StubKrx, database: Database, tmp_path: Any) -> Iterator[Krx]:
    with krx(stub, database, tmp_path) as client:
        yield client


def test_every_etf_of_a_day_comes_in_one_call(source: Krx, stub: StubKrx) -> None:
    rows = source.prices(DAY)
    assert rows == stub.market.open_api(DAY)
    assert stub.counts() == {"prices": 1}
    assert stub.calls[0].parameters == {"basDd": "20260708"}


def test_an_empty_list_is_a_holiday_and_no_error(stub: StubKrx, database: Database, tmp_path: Any) -> None:
    with krx(stub, database, tmp_path, krx_id=None) as source:
        assert source.prices(HOLIDAY) == Holiday(HOLIDAY)
    assert stub.counts() == {"prices": 1}


def test_a_holiday_is_one_for_both_services(source: Krx, stub: StubKrx) -> None:
    assert source.prices(HOLIDAY) == Holiday(HOLIDAY)
    assert (stub.count("prices"), stub.count("day_prices")) == (1, 1)


def test_in_the_evening_the_prices_come_from_the_data_service(source: Krx, stub: StubKrx) -> None:
    stub.fail("empty", on="prices")
    assert source.prices(DAY) == stub.market.prices[DAY]


def test_rows_of_dashes_are_a_holiday_too(source: Krx, stub: StubKrx) -> None:
    stub.fail("dashes")
    assert source.prices(DAY) == Holiday(DAY)


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        ("too_many", {}),
        ("too_many", {"retry_after": "0.2"}),
        ("server_error", {"status": 500}),
        ("server_error", {"status": 502}),
        ("server_error", {"status": 503, "retry_after": "0"}),
        ("truncated", {}),
        ("cut", {}),
        ("hang_up", {}),
        ("html", {}),
    ],
)
def test_what_passes_is_waited_out(source: Krx, stub: StubKrx, fault: str, how: dict) -> None:
    stub.fail(fault, times=2, **how)
    assert source.prices(DAY) == stub.market.open_api(DAY)
    assert stub.count() == 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("too_many", "asked too often (429)"),
        ("server_error", "a fault of its own (503)"),
        ("truncated", "JSON that breaks off"),
        ("cut", "broke off"),
        ("hang_up", "broke off"),
        ("html", "a page instead of data"),
        ("other_day", "was asked for 2026-07-08 and sent prices of 19990104"),
    ],
)
def test_what_does_not_pass_is_reported_after_the_last_try(source: Krx, stub: StubKrx, fault: str, said: str) -> None:
    stub.fail(fault)
    with pytest.raises(KrxUnavailable) as caught:
        source.prices(DAY)
    assert said in str(caught.value)
    assert "Tried 3 times" in str(caught.value)
    assert "KRX Open API (127.0.0.1:" in str(caught.value)
    assert caught.value.ko != caught.value.message
    assert stub.count() == 3


@pytest.mark.parametrize(
    ("fault", "said"), [("unauthorized", "takes the key, but not for this service"), ("forbidden", "refuses the key")]
)
def test_a_refused_key_is_not_tried_again(source: Krx, stub: StubKrx, fault: str, said: str) -> None:
    stub.fail(fault)
    with pytest.raises(KrxRefused, match=said) as caught:
        source.prices(DAY)
    assert "https://openapi.krx.co.kr" in caught.value.message
    assert "ETF 일별매매정보" in caught.value.ko
    assert stub.count() == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [("not_found", "answered 404"), ("renamed", "without the field ISU_CD"), ("no_block", "without OutBlock_1")],
)
def test_an_answer_that_has_changed_is_not_tried_again(source: Krx, stub: StubKrx, fault: str, said: str) -> None:
    stub.fail(fault)
    with pytest.raises(KrxUnavailable, match=said):
        source.prices(DAY)
    assert stub.count() == 1


def test_krx_is_asked_again_when_it_says(source: Krx, stub: StubKrx) -> None:
    stub.fail("too_many", times=1, retry_after="1")
    source.prices(DAY)
    first, second = (call.at for call in stub.calls)
    assert 0.95 <= second - first < 2


def test_a_date_to_ask_again_at_is_understood(source: Krx, stub: StubKrx) -> None:
    # A date has whole seconds, so of two some are left.
    stub.fail("too_many", times=1, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True))
    source.prices(DAY)
    first, second = (call.at for call in stub.calls)
    assert 0.5 <= second - first < 2.5


def test_a_service_that_wants_an_hour_of_rest_gets_it_from_everybody(
    stub: StubKrx, new_database: Any, tmp_path: Any
) -> None:
    database = new_database()
    stub.fail("too_many", times=1, retry_after="3600")
    with krx(stub, database, tmp_path) as source, krx(stub, database, tmp_path) as another_process:
        with pytest.raises(KrxUnavailable, match="asks to wait 3600 s") as caught:
            source.prices(DAY)
        assert caught.value.retry_after_s == 3600
        for asking in (source, another_process):
            with pytest.raises(KrxUnavailable, match=r"left alone until \d\d:\d\d in Seoul"):
                asking.prices(DAY)
        assert another_process.basket(stub.market.codes[0], DAY)
        assert stub.count("prices") == source.budget.used("KRX Open API") == 1


def test_while_one_thread_is_asked_to_wait_the_others_wait_as_well(
    stub: StubKrx, new_database: Any, tmp_path: Any
) -> None:
    stub.fail("too_many", times=1, retry_after="1")
    with krx(stub, new_database(), tmp_path) as source, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(source.prices, DAY)
        while stub.count() == 0 or not stub.calls[0].status:
            time.sleep(0.01)
        time.sleep(0.1)
        source.prices(DAY)
        waiting.result(timeout=10)
    assert len(stub.calls) == 3
    assert all(call.at - stub.calls[0].at >= 0.95 for call in stub.calls[1:])


@pytest.mark.parametrize("fault", ["silent", "slow_headers", "slow_body"])
def test_the_deadline_covers_the_whole_answer(stub: StubKrx, database: Database, tmp_path: Any, fault: str) -> None:
    stub.fail(fault, seconds=20)
    with krx(stub, database, tmp_path, patience=Patience(attempts=1), krx_timeout_s=0.5) as source:
        began = time.monotonic()
        with pytest.raises(KrxUnavailable, match=r"did not answer completely within 0\.5 s"):
            source.prices(DAY)
        assert 0.45 <= time.monotonic() - began < 1.5


def test_a_slow_answer_that_keeps_the_deadline_is_read(stub: StubKrx, database: Database, tmp_path: Any) -> None:
    stub.fail("slow_body", seconds=0.5)
    with krx(stub, database, tmp_path, krx_timeout_s=5) as source:
        assert source.prices(DAY) == stub.market.open_api(DAY)


def test_nobody_listening_is_reported_with_the_address(
    database: Database, tmp_path: Any, free_port: Any, stub: StubKrx
) -> None:
    address = f"http://127.0.0.1:{free_port()}/svc/apis"
    with (
        krx(stub, database, tmp_path, krx_open_api_url=address) as source,
        pytest.raises(KrxUnavailable, match="cannot be reached"),
    ):
        source.prices(DAY)


def test_each_try_is_taken_from_the_budget(stub: StubKrx, new_database: Any, tmp_path: Any) -> None:
    stub.fail("server_error")
    budget = Budget(new_database(), daily_calls=5, calls_per_s=1_000)
    with Krx(Settings(home=tmp_path, **stub.settings()), budget, patience=PATIENCE) as source:
        with pytest.raises(KrxUnavailable):
            source.prices(DAY)
        assert budget.used("KRX Open API") == 3
        with pytest.raises(KrxBudgetSpent, match="count begins again"):
            source.prices(DAY)
    assert stub.count() == 5
    assert budget.used("KRX Open API") == 5


def test_the_key_is_in_no_message_no_trace_and_no_log(
    stub: StubKrx, database: Database, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with krx(stub, database, tmp_path) as source:
        for fault in ("unauthorized", "server_error", "truncated", "cut", "html"):
            stub.heal()
            stub.fail(fault)
            with pytest.raises((KrxRefused, KrxUnavailable)) as caught:
                source.prices(DAY)
            error = caught.value
            shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
            assert stub.key not in shown
            assert stub.key not in repr(error) + error.ko + str(error.extra)
    assert caplog.records
    assert stub.key not in caplog.text


def test_a_wrong_key_is_refused(stub: StubKrx, database: Database, tmp_path: Any) -> None:
    with (
        krx(stub, database, tmp_path, krx_api_key=SecretStr("wrong")) as source,
        pytest.raises(KrxRefused, match="ATLAS_KRX_API_KEY is wrong"),
    ):
        source.prices(DAY)


@pytest.mark.parametrize("key", ["인증키-0123456789", "stub-key\n-0123456789"])
def test_a_key_that_can_be_none_is_not_sent(stub: StubKrx, database: Database, tmp_path: Any, key: str) -> None:
    with (
        krx(stub, database, tmp_path, krx_api_key=key) as source,
        pytest.raises(KrxRefused, match="no key has") as caught,
    ):
        source.prices(DAY)
    assert "0123456789" not in "".join(traceback.format_exception(caught.value))
    assert stub.count() == 0


def test_without_a_key_the_prices_come_from_the_data_service(stub: StubKrx, database: Database, tmp_path: Any) -> None:
    with krx(stub, database, tmp_path, krx_api_key=None) as source:
        assert source.prices(DAY) == stub.market.prices[DAY]
        assert source.prices(HOLIDAY) == Holiday(HOLIDAY)
    assert stub.count("prices") == 0


def test_the_recorded_prices_of_a_day_and_of_a_holiday(database: Database, tmp_path: Any, real_data: Any) -> None:
    market = recorded(real_data / "krx_responses")
    (day,) = market.days
    with (
        StubKrx(market) as stub,
        krx(stub, database, tmp_path, krx_api_key=None) as source,
    ):
        assert source.prices(day) == market.prices[day]
        assert source.prices(date(2021, 3, 21)) == Holiday(date(2021, 3, 21))
        assert source.listing() == market.listing
