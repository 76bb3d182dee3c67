"""The client of the KRX data service, through pykrx, against a local one that logs out, lies and breaks off."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from backend.collection.sources.krx import (
    Budget,
    Krx,
    KrxBudgetSpent,
    KrxMissing,
    KrxRefused,
    KrxUnavailable,
    Patience,
    isin_of,
)
from backend.db.engine import Database
from backend.settings import Settings
from tests.krx_markets import invented, recorded
from tests.stub_krx import StubKrx

ROOT = Path(__file__).resolve().parents[2]
DAY, HOLIDAY = date(2026, 7, 8), date(2026, 7, 5)
PATIENCE = Patience(attempts=3, wait_initial_s=0.01, wait_max_s=0.05, longest_wait_s=2)
LOG_IN = {"login_page": 2, "login": 1}


@pytest.fixture(scope="module")
def database(new_database: Any) -> Database:
    return new_database()


@pytest.fixture
def stub() -> Iterator[StubKrx]:
    with StubKrx(invented([DAY])) as server:
        yield server


def krx(
    stub: StubKrx,
    database: Database,
    home: Path,
    *,
    patience: Patience = PATIENCE,
    calls: int = 10_000,
    **settings: Any,
) -> Krx:
    values = {"home": home, **stub.settings(), **settings}
    return Krx(Settings(**values), Budget(database, daily_calls=calls, calls_per_s=1_000), patience=patience)


@pytest.fixture
def source(stub: StubKrx, database: Database, tmp_path: Path) -> Iterator[Krx]:
    with krx(stub, database, tmp_path) as client:
        yield client


@pytest.fixture
def etf(stub: StubKrx) -> str:
    return stub.market.codes[1]


def test_rows_come_as_krx_sent_them(source: Krx, stub: StubKrx, etf: str) -> None:
    assert source.listing() == stub.market.listing
    assert source.basket(etf, DAY) == stub.market.basket(etf, DAY)
    assert source.basket(isin_of(etf), DAY) == stub.market.basket(etf, DAY)
    assert stub.counts() == {**LOG_IN, "listing": 1, "basket": 2}
    assert stub.calls[-1].parameters == {
        "trdDd": "20260708",
        "isuCd": isin_of(etf),
        "bld": "dbms/MDC/STAT/standard/MDCSTAT05001",
    }


@pytest.mark.parametrize(("fault", "said"), [("empty", "an empty list"), ("dashes", "rows of dashes")])
def test_a_basket_without_content_is_missing_and_not_tried_again(
    source: Krx, stub: StubKrx, etf: str, fault: str, said: str
) -> None:
    stub.fail(fault, on="basket")
    with pytest.raises(KrxMissing, match=said):
        source.basket(etf, DAY)
    assert stub.count("basket") == 1


def test_there_is_no_basket_on_a_holiday(source: Krx, etf: str) -> None:
    with pytest.raises(KrxMissing, match="as on a holiday"):
        source.basket(etf, HOLIDAY)


def test_an_empty_list_of_etfs_is_a_failure(source: Krx, stub: StubKrx) -> None:
    stub.fail("empty", on="listing")
    with pytest.raises(KrxUnavailable, match="an empty list of ETFs"):
        source.listing()


@pytest.mark.parametrize("fault", ["too_many", "server_error", "truncated", "cut", "hang_up", "html"])
def test_what_passes_is_waited_out_and_what_does_not_is_reported(
    source: Krx, stub: StubKrx, etf: str, fault: str
) -> None:
    stub.fail(fault, on="basket", times=2)
    assert source.basket(etf, DAY) == stub.market.basket(etf, DAY)
    assert stub.count("basket") == 3
    stub.heal()
    stub.fail(fault, on="basket", etf=etf)
    with pytest.raises(KrxUnavailable, match="Tried 3 times"):
        source.basket(etf, DAY)
    assert stub.count("basket") == 6
    assert source.basket(stub.market.codes[0], DAY) == stub.market.basket(stub.market.codes[0], DAY)


def test_each_new_try_is_told_with_its_reason(source: Krx, stub: StubKrx, etf: str) -> None:
    stub.fail("server_error", on="basket", times=2)
    with capture_logs() as logs:
        source.basket(etf, DAY)
    told = [line for line in logs if line["event"] == "trying again"]
    assert [line["attempt"] for line in told] == [2, 3]
    assert all("KRX data service" in line["reason"] and line["in_s"] >= 0 for line in told)


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("forbidden", KrxRefused, "refuses to serve this machine"),
        ("unauthorized", KrxRefused, "refuses to serve this machine"),
        ("not_found", KrxUnavailable, "answered 404"),
        ("renamed", KrxUnavailable, "without the field COMPST_ISU_CD"),
        ("no_block", KrxUnavailable, "without 'output'"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(
    source: Krx, stub: StubKrx, etf: str, fault: str, error: type[Exception], said: str
) -> None:
    stub.fail(fault, on="basket")
    with pytest.raises(error, match=said):
        source.basket(etf, DAY)
    assert stub.count("basket") == 1


@pytest.mark.parametrize("fault", ["silent", "slow_headers", "slow_body"])
def test_the_deadline_covers_the_whole_answer(
    stub: StubKrx, database: Database, tmp_path: Path, etf: str, fault: str
) -> None:
    stub.fail(fault, on="basket", seconds=20)
    with krx(stub, database, tmp_path, patience=Patience(attempts=1), krx_timeout_s=0.5) as source:
        source.listing()
        began = time.monotonic()
        with pytest.raises(KrxUnavailable, match=r"did not answer completely within 0\.5 s"):
            source.basket(etf, DAY)
        assert 0.45 <= time.monotonic() - began < 1.5


def test_the_deadline_also_covers_the_log_in(stub: StubKrx, database: Database, tmp_path: Path, etf: str) -> None:
    stub.fail("silent", on="login", seconds=20)
    with krx(stub, database, tmp_path, patience=Patience(attempts=1), krx_timeout_s=0.5) as source:
        began = time.monotonic()
        with pytest.raises(KrxUnavailable, match="did not answer completely"):
            source.basket(etf, DAY)
        assert time.monotonic() - began < 2


def test_a_session_that_krx_ended_is_renewed(source: Krx, stub: StubKrx, etf: str) -> None:
    source.listing()
    stub.log_out()
    assert source.basket(etf, DAY) == stub.market.basket(etf, DAY)
    assert stub.count("login") == 2
    assert stub.count("basket") == 2


def test_a_session_that_ends_again_at_once_is_refused(source: Krx, stub: StubKrx, etf: str) -> None:
    stub.fail("logout", on="basket")
    with pytest.raises(KrxRefused, match="may be in use elsewhere"):
        source.basket(etf, DAY)
    assert stub.count("basket") == 1


def test_a_session_that_ends_later_is_renewed_once_and_then_refused(source: Krx, stub: StubKrx, etf: str) -> None:
    source.listing()
    stub.fail("logout", on="basket")
    with pytest.raises(KrxRefused, match="LOGOUT"):
        source.basket(etf, DAY)
    assert stub.count("basket") == 2
    assert stub.count("login") == 2


def test_without_an_account_it_says_which_settings_are_missing(
    stub: StubKrx, database: Database, tmp_path: Path, etf: str
) -> None:
    with krx(stub, database, tmp_path, krx_id=None, krx_password=None) as source:
        for _ in range(2):
            with pytest.raises(KrxRefused, match="Set ATLAS_KRX_ID and ATLAS_KRX_PASSWORD"):
                source.basket(etf, DAY)
    assert stub.counts() == {"basket": 1}


def test_a_relay_that_wants_no_log_in_is_asked_without_one(
    stub: StubKrx, database: Database, tmp_path: Path, etf: str
) -> None:
    stub.needs_log_in = False
    with krx(stub, database, tmp_path, krx_id=None, krx_password=None) as source:
        assert source.basket(etf, DAY) == stub.market.basket(etf, DAY)
    assert stub.counts() == {"basket": 1}


def test_a_wrong_password_is_tried_once_however_many_etfs_there_are(
    stub: StubKrx, database: Database, tmp_path: Path
) -> None:
    with krx(stub, database, tmp_path, krx_password=SecretStr("wrong")) as source:
        for etf in stub.market.codes:
            with pytest.raises(KrxRefused, match=r"CD003.*locks an account"):
                source.basket(etf, DAY)
    assert stub.counts() == LOG_IN


def test_a_password_that_has_to_be_changed_is_told_as_such(source: Krx, stub: StubKrx, etf: str) -> None:
    stub.fail("password_expired", on="login")
    with pytest.raises(KrxRefused, match="password of the account changed"):
        source.basket(etf, DAY)


def test_a_session_elsewhere_is_ended(source: Krx, stub: StubKrx, etf: str) -> None:
    stub.sessions = {"somebody's browser"}
    assert source.basket(etf, DAY) == stub.market.basket(etf, DAY)
    assert [call.parameters.get("skipDup") for call in stub.calls if call.what == "login"] == [None, "Y"]


def test_of_many_threads_that_are_logged_out_one_logs_in(source: Krx, stub: StubKrx) -> None:
    source.listing()
    stub.log_out()
    together = threading.Barrier(len(stub.market.codes))

    def fetch(etf: str) -> int:
        together.wait()
        return len(source.basket(etf, DAY))

    with ThreadPoolExecutor(len(stub.market.codes)) as pool:
        sizes = list(pool.map(fetch, stub.market.codes))
    assert sizes == [len(stub.market.basket(etf, DAY)) for etf in stub.market.codes]
    assert stub.count("login") == 2


def test_processes_share_one_session(stub: StubKrx, database: Database, tmp_path: Path, etf: str) -> None:
    with krx(stub, database, tmp_path) as one, krx(stub, database, tmp_path) as other:
        for _ in range(3):
            one.basket(etf, DAY)
            other.basket(etf, DAY)
        assert stub.count("login") == 1
        stub.log_out()
        other.basket(etf, DAY)
        one.basket(etf, DAY)
    assert stub.count("login") == 2
    (kept,) = tmp_path.glob("krx-session-*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stub.password not in kept.read_text()
    assert stub.user not in kept.read_text() + kept.name


def test_an_old_or_damaged_kept_session_is_replaced(
    stub: StubKrx, database: Database, tmp_path: Path, etf: str
) -> None:
    with krx(stub, database, tmp_path) as source:
        source.basket(etf, DAY)
    (kept,) = tmp_path.glob("krx-session-*.json")
    for content in ('{"JSESSIONID": "long gone"}', "{", "[]"):
        kept.write_text(content)
        with krx(stub, database, tmp_path) as source:
            assert source.basket(etf, DAY)
    assert stub.count("login") == 4 + 3  # each time but the first, KRX wants the other session ended first


def test_where_nothing_can_be_kept_it_logs_in_all_the_same(
    stub: StubKrx, database: Database, tmp_path: Path, etf: str
) -> None:
    (tmp_path / "file").touch()
    with krx(stub, database, tmp_path / "file" / "home") as source:
        assert source.basket(etf, DAY)


def test_every_request_is_taken_from_the_budget_also_the_log_in(
    stub: StubKrx, new_database: Any, tmp_path: Path, etf: str
) -> None:
    with krx(stub, new_database(), tmp_path, calls=6) as source:
        for _ in range(3):
            source.basket(etf, DAY)
        assert source.budget.used("KRX data service") == stub.count() == 6
        with pytest.raises(KrxBudgetSpent):
            source.basket(etf, DAY)
    assert stub.count() == 6


def test_the_password_is_in_no_message_no_trace_and_no_log(
    stub: StubKrx, database: Database, tmp_path: Path, etf: str, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = [
        ("login", kind) for kind in ("server_error", "truncated", "cut", "logout", "forbidden", "password_expired")
    ]
    faults += [("basket", kind) for kind in ("logout", "server_error", "html")]
    for n, (on, kind) in enumerate(faults):
        stub.heal()
        stub.log_out()
        stub.fail(kind, on=on)
        with krx(stub, database, tmp_path / str(n)) as source, pytest.raises((KrxRefused, KrxUnavailable)) as caught:
            source.basket(etf, DAY)
        shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        assert stub.password not in shown
    output = capsys.readouterr()
    assert caplog.records
    for secret in (stub.password, stub.user):
        assert secret not in caplog.text + output.out + output.err


def test_pykrx_is_loaded_without_logging_in_printing_or_matplotlib() -> None:
    script = (
        "import socket, sys\n"
        "def connect(*_): sys.exit('it connects')\n"
        "socket.socket.connect = socket.getaddrinfo = connect\n"
        "from backend.collection.sources.krx import Krx\n"
        "assert 'pykrx' not in sys.modules and 'pandas' not in sys.modules\n"
        "from backend.collection.sources.krx import statistics\n"
        "statistics.load()\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    environment = {**os.environ, "KRX_ID": "someone", "KRX_PW": "secret"}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr


def test_recorded_baskets_come_whole(database: Database, tmp_path: Path, real_data: Path) -> None:
    market = recorded(real_data / "krx_responses")
    with StubKrx(market) as stub, krx(stub, database, tmp_path) as source:
        for (day, isin), rows in market.baskets.items():
            assert source.basket(isin, day) == rows
