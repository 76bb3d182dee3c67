"""`./atlas collect` as processes: what it prints, how it exits, killed in the middle, several at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backend.collection.daily.baskets import THREADS
from backend.db.engine import Database
from tests import graph_contents as contents
from tests.collecting import DAY1, DAY2, DAY3, ETFS, gaps_of, run_of, staged, stub_of, told
from tests.stub_krx import StubKrx

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stub() -> Iterator[StubKrx]:
    with stub_of() as server:
        yield server


def start(database: Database, stub: StubKrx, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start `./atlas collect …` on a database."""
    own = {"ATLAS_DATABASE_URL": database.url(), "ATLAS_HOME": str(database.settings.home)}
    return subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "collect", *arguments],
        cwd=ROOT,
        env=os.environ | stub.environment() | own | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


@pytest.fixture
def collect(empty_database, stub) -> Callable[..., dict[str, Any]]:
    """A function that runs a command with `--json` and gives what it prints."""

    def run(*arguments: str, status: int = 0, **environment: str) -> dict[str, Any]:
        code, output, errors = finish(start(empty_database, stub, *arguments, "--json", **environment))
        assert code == status, errors[-2000:]
        assert output.count("\n") == 1
        return json.loads(output)

    return run


def await_baskets(database: Database, count: int, process: subprocess.Popen[str], day: date = DAY1) -> None:
    """Wait until some baskets are kept while the run goes on."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if len(staged(database, day)) >= count:
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    pytest.fail("the collection did not get on")


def test_the_steps_of_a_day_one_after_the_other(empty_database, stub, collect):
    etf, short = stub.market.codes[1], stub.market.codes[2]
    stub.fail("empty", on="basket", etf=etf)
    planned = collect("plan", "--date", str(DAY1), "--chunks", "3")
    chunks = planned.pop("chunks")
    assert planned == {"date": "2026-07-07", "trading_day": True, "reason": None, "etfs": ETFS}
    assert [len(chunk) for chunk in chunks] == [4, 4, 4]
    assert sorted(code for chunk in chunks for code in chunk) == sorted(stub.market.codes)

    fetched = [collect("baskets", "--date", str(DAY1), "--etfs", ",".join(chunk)) for chunk in chunks]
    assert [sorted(one) for one in fetched] == [["already", "date", "failed", "fetched", "missing"]] * 3
    assert sum(one["fetched"] for one in fetched) == ETFS - 1
    (missing,) = [gap for one in fetched for gap in one["missing"]]
    assert missing["code"] == etf
    assert "empty list" in missing["reason"]
    again = collect("baskets", "--date", str(DAY1), "--etfs", f"{etf},{short}")
    assert (again["fetched"], again["already"], len(again["missing"])) == (0, 1, 1)

    loaded = collect("load", "--date", str(DAY1))
    assert (loaded["dataset"], loaded["loaded_dates"], loaded["gaps"], loaded["notified"]) == ("krx", 1, 1, True)
    assert loaded["as_of"] == "2026-07-07"
    assert not collect("load", "--date", str(DAY1))["notified"]

    listed = collect("gaps", "--to", str(DAY1))
    (gap,) = listed["gaps"]
    assert listed["uncollected"] == []
    assert (gap["date"], gap["code"], gap["name"]) == ("2026-07-07", etf, "가온 성장액티브 2")
    assert [one["code"] for one in collect("fill", "--date", str(DAY1))["remaining"]] == [etf]
    stub.heal()
    assert [one["code"] for one in collect("fill", "--date", str(DAY1))["filled"]] == [etf]
    assert told(empty_database) == [("page", "2026-07-07"), ("discord", "2026-07-07")]


def test_a_range_of_days_with_one_that_fails(empty_database, stub, collect):
    for etf in stub.market.codes[:8]:
        stub.fail("empty", on="basket", etf=etf, day=str(DAY2))
    report = collect("krx", "--from", str(DAY1), "--to", str(DAY3), status=1)
    assert [(day["date"], day["status"]) for day in report["days"]] == [
        ("2026-07-07", "loaded"),
        ("2026-07-08", "failed"),
        ("2026-07-09", "loaded"),
    ]
    assert (report["error"], report["retry"]) == ("too-few-answers", True)
    assert report["days"][0]["load"]["notified"]
    stub.heal()
    report = collect("krx", "--from", str(DAY1), "--to", str(DAY3))
    assert [(day["already"], day["fetched"]) for day in report["days"]] == [(ETFS, 0), (4, 8), (ETFS, 0)]
    assert "error" not in report
    assert run_of(empty_database, DAY2)["status"] == "loaded"
    # What the late day changes for the one after it is derived anew.
    previous = {
        values["date"]: values["previous"] for _, _, values in contents.edges(empty_database, "etf_history", "TRADED")
    }
    assert previous == {"2026-07-08": "2026-07-07", "2026-07-09": "2026-07-08"}


def test_a_holiday_is_no_failure(empty_database, collect):
    report = collect("krx", "--date", "2026-07-17")
    assert [(day["status"], day["reason"], day["load"]) for day in report["days"]] == [("holiday", "제헌절", None)]
    planned = collect("plan", "--date", "2026-02-17")
    assert planned == {"date": "2026-02-17", "trading_day": False, "reason": "설날", "etfs": 0, "chunks": []}
    assert run_of(empty_database, DAY1) is None


def test_a_refused_key_is_a_readable_failure(empty_database, stub):
    process = start(empty_database, stub, "krx", "--date", str(DAY1), "--json", ATLAS_KRX_API_KEY="another-key-98765")
    code, output, errors = finish(process)
    assert code == 1
    report = json.loads(output)
    assert (report["error"], report["retry"]) == ("krx-refused", False)
    english, korean = errors.strip().splitlines()[-2:]
    assert english.startswith("error: KRX Open API")
    assert "ATLAS_KRX_API_KEY" in english
    assert "인증키" in korean
    assert "another-key-98765" not in output + errors
    assert run_of(empty_database, DAY1)["status"] == "failed"


def test_a_spent_budget_says_when_to_go_on(empty_database, stub, collect):
    report = collect("krx", "--from", str(DAY1), "--to", str(DAY3), status=1, ATLAS_KRX_DAILY_CALLS="8")
    assert (report["error"], report["retry"]) == ("krx-budget-spent", False)
    # The next days would fare no better.
    assert [day["date"] for day in report["days"]] == ["2026-07-07"]
    kept = len(staged(empty_database, DAY1))
    assert 0 < kept < ETFS
    report = collect("krx", "--date", str(DAY1))
    assert report["days"][0]["already"] == kept
    assert stub.count("basket") == ETFS


@pytest.mark.parametrize(
    ("arguments", "slug", "message"),
    [
        (("krx", "--date", "2026-07-07", "--from", "2026-07-01"), "invalid-input", "either --date or --from and --to"),
        (("krx", "--from", "2026-07-09", "--to", "2026-07-08"), "invalid-input", "2026-07-09 comes after 2026-07-08"),
        (("krx", "--date", "2999-01-04"), "invalid-input", "in the future"),
        (("krx", "--date", "2020-01-06"), "unknown-year", "covers 2021 to 2027"),
        (("krx", "--date", "2026-07-07", "--etfs", "069500,12345"), "invalid-input", "not 12345"),
        (("krx", "--date", "2026-07-07", "--etfs", ","), "invalid-input", "codes of 6 digits or letters"),
        (("krx", "--date", "2026-07-07", "--etfs", "069500"), "invalid-input", "No such ETF on 2026-07-07: 069500"),
        (("baskets", "--date", "2026-07-07"), "not-planned", "collect plan --date 2026-07-07"),
        (("load", "--date", "2026-07-07"), "not-planned", "collect plan --date 2026-07-07"),
        (("days", "--from", "2026-01-01", "--to", "2028-02-01"), "unknown-year", "covers 2021 to 2027"),
        (("reference",), "conflict", "collect a date first"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(empty_database, stub, arguments, slug, message):
    code, output, errors = finish(start(empty_database, stub, *arguments, "--json"))
    assert code == 1, errors[-2000:]
    report = json.loads(output)
    assert (report["error"], report["retry"]) == (slug, False)
    assert message in report["reason"]
    assert any(line.startswith("error: ") and message in line for line in errors.splitlines())
    assert "Traceback" not in errors
    assert run_of(empty_database, DAY1) is None


@pytest.mark.parametrize(
    "arguments", [("krx", "--date", "7 July"), ("plan", "--chunks", "0"), ("days", "--from", "2026-02-30"), ("gap",)]
)
def test_what_is_no_command_is_a_usage_error(empty_database, stub, arguments):
    code, output, errors = finish(start(empty_database, stub, *arguments))
    assert (code, output) == (2, "")
    assert "Usage" in errors
    assert stub.count() == 0


def test_people_read_lines_and_tables(empty_database, stub):
    stub.fail("empty", on="basket", etf=stub.market.codes[1])
    code, output, errors = finish(start(empty_database, stub, "krx", "--date", str(DAY1)))
    assert code == 0, errors[-2000:]
    assert "11 baskets fetched, 0 were there, 1 missing, 0 failed" in output
    assert "1 gaps" in output
    code, output, _ = finish(start(empty_database, stub, "gaps", COLUMNS="200"))
    assert code == 0
    assert "ETFs without a basket (1)" in output
    assert "가온 성장액티브 2" in output
    assert "2026-07-08 …" in output
    code, output, _ = finish(start(empty_database, stub, "days", "--from", "2026-02-13", "--to", "2026-02-20"))
    assert (code, output.split()) == (0, ["2026-02-13", "2026-02-19", "2026-02-20"])


def test_a_killed_collection_goes_on_where_it_stopped(empty_database, stub):
    stub.delay_s = 0.3
    process = start(empty_database, stub, "krx", "--date", str(DAY1))
    await_baskets(empty_database, 4, process)
    process.send_signal(signal.SIGKILL)
    finish(process)
    kept = {code for code, status in staged(empty_database, DAY1).items() if status == "fetched"}
    assert 4 <= len(kept) < ETFS
    asked = {call.etf for call in stub.calls if call.what == "basket"}
    before = stub.count("basket")

    stub.delay_s = 0
    code, output, errors = finish(start(empty_database, stub, "krx", "--date", str(DAY1), "--json"))
    assert code == 0, errors[-2000:]
    (day,) = json.loads(output)["days"]
    assert (day["already"], day["fetched"]) == (len(kept), ETFS - len(kept))
    assert (stub.count("listing"), stub.count("prices")) == (1, 1)
    again = {call.etf for call in [call for call in stub.calls if call.what == "basket"][before:]}
    # Only what was under way when it was killed is asked for twice.
    assert not again & kept
    assert asked - kept <= again
    assert gaps_of(empty_database, DAY1) == {}
    assert len(told(empty_database)) == 2


def test_a_collection_killed_again_and_again_ends_as_one_that_was_not(empty_database, new_database, stub):
    untroubled = new_database()
    assert finish(start(untroubled, stub, "krx", "--from", str(DAY1), "--to", str(DAY2)))[0] == 0
    before = stub.count("basket")
    stub.delay_s = 0.2
    for day, count in ((DAY1, 1), (DAY1, 8), (DAY1, ETFS), (DAY2, 5), (DAY2, ETFS)):
        process = start(empty_database, stub, "krx", "--date", str(day))
        await_baskets(empty_database, count, process, day)
        # With the last basket the load begins.
        process.kill()
        finish(process)
    stub.delay_s = 0
    code, _, errors = finish(start(empty_database, stub, "krx", "--from", str(DAY1), "--to", str(DAY2)))
    assert code == 0, errors[-2000:]
    assert stub.count("basket") - before <= 2 * ETFS + 5 * THREADS
    found, expected = contents.everything(empty_database), contents.everything(untroubled)
    for part, rows in expected.items():
        assert found[part] == rows, part
    assert told(empty_database) == told(untroubled)


def test_a_terminated_collection_goes_on_as_well(empty_database, stub):
    stub.delay_s = 0.3
    process = start(empty_database, stub, "baskets", "--date", str(DAY1))
    assert finish(process)[0] == 1
    finish(start(empty_database, stub, "plan", "--date", str(DAY1)))
    process = start(empty_database, stub, "baskets", "--date", str(DAY1))
    await_baskets(empty_database, 2, process)
    process.terminate()
    assert finish(process)[0] != 0
    kept = len(staged(empty_database, DAY1))
    stub.delay_s = 0
    code, output, _ = finish(start(empty_database, stub, "baskets", "--date", str(DAY1), "--json"))
    assert code == 0
    assert json.loads(output)["already"] == kept


def test_a_collection_whose_database_goes_away_says_so_and_goes_on_later(empty_database, stub):
    stub.delay_s = 0.3
    process = start(empty_database, stub, "krx", "--date", str(DAY1), "--json")
    await_baskets(empty_database, 2, process)
    with empty_database.connect(autocommit=True) as connection:
        connection.execute(
            """
            SELECT pg_terminate_backend(pid)
            FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'atlas_loader'
            """
        )
    code, output, errors = finish(process)
    assert code == 1
    report = json.loads(output)
    assert (report["error"], report["retry"]) == ("unavailable", True)
    assert "The database went away" in report["reason"]
    assert "Traceback" not in errors, errors
    stub.delay_s = 0
    code, output, errors = finish(start(empty_database, stub, "krx", "--date", str(DAY1), "--json"))
    assert code == 0, errors[-2000:]
    (day,) = json.loads(output)["days"]
    assert day["already"] >= 2
    assert day["already"] + day["fetched"] == ETFS


def test_two_collections_of_a_day_at_once(empty_database, stub):
    stub.delay_s = 0.05
    processes = [start(empty_database, stub, "krx", "--date", str(DAY1), "--json") for _ in range(2)]
    reports = []
    for process in processes:
        code, output, errors = finish(process)
        assert code == 0, errors[-2000:]
        reports.append(json.loads(output)["days"][0])
    assert stub.count("basket") == ETFS
    assert sum(day["fetched"] for day in reports) == ETFS
    assert sorted(day["load"]["notified"] for day in reports) == [False, True]
    assert told(empty_database) == [("page", "2026-07-07"), ("discord", "2026-07-07")]


def test_chunks_of_a_day_at_once(empty_database, stub, collect):
    planned = collect("plan", "--date", str(DAY1), "--chunks", "4")
    stub.delay_s = 0.05
    processes = [
        start(empty_database, stub, "baskets", "--date", str(DAY1), "--etfs", ",".join(chunk), "--json")
        for chunk in planned["chunks"]
    ]
    for process in processes:
        code, output, errors = finish(process)
        assert code == 0, errors[-2000:]
        assert json.loads(output)["fetched"] == 3
    assert stub.count("basket") == ETFS
    assert collect("load", "--date", str(DAY1))["gaps"] == 0
