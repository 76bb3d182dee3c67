"""The local KRX as a process of its own, as end-to-end tests and people use it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def announced() -> Iterator[dict[str, str]]:
    """What the process prints when it serves."""
    command = [
        sys.executable,
        "tests/stub_krx.py",
        "--from",
        "2026-07-03",
        "--to",
        "2026-07-08",
        "--holiday",
        "2026-07-06",
    ]
    process = subprocess.Popen([*command, "--etfs", "5"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait(timeout=10)
        process.stdout.close()


def test_the_process_serves_weekdays_but_holidays_and_takes_faults(announced: dict[str, str]) -> None:
    with httpx.Client(
        base_url=announced["open_api_url"], headers={"AUTH_KEY": announced["ATLAS_KRX_API_KEY"]}, timeout=10
    ) as client:

        def etfs(day: str) -> int:
            return len(client.get("/etp/etf_bydd_trd", params={"basDd": day}).raise_for_status().json()["OutBlock_1"])

        assert [etfs(f"2026070{n}") for n in range(3, 9)] == [5, 0, 0, 0, 5, 5]
        faults, calls = announced["data_url"] + "/stub/faults", announced["data_url"] + "/stub/calls"
        client.post(faults, json={"kind": "too_many", "on": "prices", "times": 1, "retry_after": "7"})
        refused = client.get("/etp/etf_bydd_trd", params={"basDd": "20260708"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
        assert etfs("20260708") == 5
        client.post(faults, json={"kind": "unauthorized"})
        client.delete(faults)
        assert etfs("20260708") == 5
        assert client.get(calls).json()["counts"] == {"prices": 9}


def test_the_data_service_wants_a_session(announced: dict[str, str]) -> None:
    answer = httpx.post(
        announced["data_url"] + "/comm/bldAttendant/getJsonData.cmd",
        data={"bld": "dbms/MDC/STAT/standard/MDCSTAT04601"},
        timeout=10,
    )
    assert (answer.status_code, answer.text) == (400, "LOGOUT")
