"""A pasted list of ETFs: what its pieces mean, and that nothing that anybody pastes gets lost or breaks it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from backend.app import create_app
from backend.db.engine import Database
from backend.market.state import market_state
from backend.settings import Settings
from backend.watchlist.finding import outcomes_of
from backend.watchlist.pasted import read_lines
from tests.people import Somebody, new_person


@pytest.fixture(scope="module")
def client(chat_database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(chat_database, settings)) as test_client:
        yield test_client


@pytest.fixture(scope="module")
def person(chat_database: Database) -> Somebody:
    return new_person(chat_database)


@pytest.fixture(scope="module")
def market(chat_database: Database) -> Iterator[Connection]:
    with market_state(chat_database) as connection:
        yield connection


def _find(client: TestClient, person: Somebody, pasted: str) -> dict[str, Any]:
    answer = client.post("/api/watchlist/find", json={"text": pasted}, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _found(client: TestClient, person: Somebody, pasted: str) -> list[str]:
    answer = _find(client, person, pasted)
    assert (answer["ambiguous"], answer["unknown"]) == ([], [])
    return [item["etf"]["code"] for item in answer["found"]]


@pytest.mark.parametrize(
    "pasted",
    [
        "KODEX 200",
        "kodex200",
        "코덱스 이백",
        "  • KODEX 200  ",
        "1. KODEX 200",
        "069500",
        "a069500",
        "A069500",
        "KR7069500007",
        "kr7069500007",
        "069500.KS",
        "KODEX 200(069500)",
        "069500 KODEX 200",
        "KODEX 200 069500",
        '"069500","KODEX 200","1,234"',
        "069500\tKODEX 200\t10\t1,234,567\t+3.5%",
        "KODEX 200\t10주\t1,234,567원",
        "KODEX 200 10주 1,234,567원",
        "KODEX 200, 100,000",
        "1\t삼성자산운용\tKODEX 200\t100,000",
        "| 069500 | KODEX 200 | 12 |",
        "KODEX 200\u200b",
        "KODEX\u00a0200\r\n",
        "KODEX 200\t999999",
    ],
)
def test_one_etf_is_found_however_it_is_written(client: TestClient, person: Somebody, pasted: str) -> None:
    assert _found(client, person, pasted) == ["069500"]


def test_a_list_may_be_parted_by_lines_commas_tabs_and_semicolons(client: TestClient, person: Somebody) -> None:
    wanted = ["069500", "091160", "0000J0"]
    with_names = "KODEX 200{0}KODEX 반도체{0}0000j0"
    for separator in ("\n", "\r\n", ", ", ",", ";", "\t", "，", "\n\n\n"):
        assert _found(client, person, with_names.format(separator)) == wanted
    for separator in ("\n", ",", " ", "\t", ";"):
        assert _found(client, person, separator.join(wanted)) == wanted


def test_a_spreadsheet_with_headings_and_totals_has_its_etfs_alone(client: TestClient, person: Somebody) -> None:
    sheet = (
        "종목코드\t종목명\t보유수량\t평가금액(원)\n"
        "069500\tKODEX 200\t10\t345,600\n"
        "091160\tKODEX 반도체\t5\t123,456\n"
        "합계\t\t15\t469,056\n"
    )
    answer = _find(client, person, sheet)
    assert [(item["number"], item["etf"]["code"]) for item in answer["found"]] == [(2, "069500"), (3, "091160")]
    assert (answer["ambiguous"], answer["unknown"]) == ([], [])
    assert answer["ignored"] == ["종목코드", "종목명", "보유수량", "평가금액(원)", "합계\t\t15\t469,056"]


def test_old_brands_and_slips_are_understood(client: TestClient, person: Somebody, market: Connection) -> None:
    rise = market.execute(text("SELECT code, name FROM etfs WHERE name LIKE 'RISE %' ORDER BY code LIMIT 1")).one()
    assert _found(client, person, rise.name.replace("RISE", "KBSTAR")) == [rise.code]
    assert _found(client, person, "KODEX 반도쳬") == ["091160"]


def test_a_name_that_several_share_is_asked_back(client: TestClient, person: Somebody) -> None:
    (item,) = _find(client, person, "KODEX")["ambiguous"]
    assert item["line"] == "KODEX"
    assert 2 <= len(item["candidates"]) <= 8
    assert all(candidate["name"].startswith("KODEX") for candidate in item["candidates"])


@pytest.mark.parametrize("pasted", ["삼성전자", "005930\t삼성전자\t10", "123456", "ZZZZ99", "없는이름이라고하자"])
def test_what_is_no_etf_is_unknown(client: TestClient, person: Somebody, pasted: str) -> None:
    answer = _find(client, person, pasted)
    assert (answer["found"], answer["ambiguous"], answer["unknown"]) == ([], [], [pasted])


@pytest.mark.parametrize("pasted", ["", " \n\t\n", "1,234,567", "3.5%", "2026-07-08", "종목명", "---", "100주"])
def test_amounts_dates_and_headings_are_no_names(client: TestClient, person: Somebody, pasted: str) -> None:
    answer = _find(client, person, pasted)
    assert (answer["found"], answer["ambiguous"], answer["unknown"]) == ([], [], [])


def test_a_code_and_the_name_of_another_etf_are_both_told(client: TestClient, person: Somebody) -> None:
    assert _found(client, person, "069500, KODEX 반도체") == ["069500", "091160"]


@pytest.mark.parametrize("pasted", ["a\n" * 301, "a," * 1001, "가" * 10_001])
def test_a_list_that_is_too_long_is_refused(client: TestClient, person: Somebody, pasted: str) -> None:
    answer = client.post("/api/watchlist/find", json={"text": pasted}, headers=person.headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_nobody_finds_anything_without_signing_in(client: TestClient) -> None:
    assert client.post("/api/watchlist/find", json={"text": "KODEX 200"}).status_code == 401


PIECES = st.one_of(
    st.sampled_from(
        ["KODEX 200", "069500", "A091160", "KR7069500007", "1,234,567", "3.5%", "종목명", "ㅋㄷㅅ", "삼성전자", "100000", "KODEX 반도쳬", "(", '"', "-"]
    ),
    st.text(max_size=12),
)  # fmt: skip
PASTED = st.lists(st.tuples(PIECES, st.sampled_from("\n\t,; |")), max_size=25).map(
    lambda parts: "".join(piece + separator for piece, separator in parts)
)


@hypothesis_settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(pasted=PASTED)
def test_every_line_is_accounted_for_and_nothing_breaks(market: Connection, pasted: str) -> None:
    outcomes = outcomes_of(market, pasted)
    lines = read_lines(pasted)
    assert list(dict.fromkeys(outcome.number for outcome in outcomes)) == [line.number for line in lines]
    for line in lines:
        own = [outcome for outcome in outcomes if outcome.number == line.number]
        texts = [cell.text for cell in line.cells]
        pieces = [outcome.line for outcome in own]
        # A line is told of as a whole, or by all of its cells, or (a row that names several) by those that name one.
        assert pieces in ([line.text], texts) or ({o.status for o in own} == {"found"} and set(pieces) <= set(texts))
    assert all(bool(outcome.etfs) == (outcome.status in ("found", "ambiguous")) for outcome in outcomes)
    assert all(len(outcome.etfs) == 1 for outcome in outcomes if outcome.status == "found")


@hypothesis_settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(pasted=st.one_of(PASTED, st.text(max_size=400)))
def test_whatever_is_pasted_is_answered(client: TestClient, person: Somebody, pasted: str) -> None:
    answer = client.post("/api/watchlist/find", json={"text": pasted}, headers=person.headers)
    assert answer.status_code in (200, 422), answer.text


def test_lone_surrogates_are_refused(client: TestClient, person: Somebody) -> None:
    headers = {**person.headers, "Content-Type": "application/json"}
    answer = client.post("/api/watchlist/find", content=b'{"text": "\\ud800"}', headers=headers)
    assert answer.status_code == 422


@pytest.mark.real
def test_three_hundred_names_take_less_than_a_second(real_database: Database) -> None:
    chance = random.Random(20260708)

    def slip(name: str) -> str:
        at = chance.randrange(1, len(name) - 1)
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]

    with market_state(real_database) as connection:
        names = dict(connection.execute(text("SELECT name, code FROM etfs ORDER BY code")).all())
        for written, least in ((str, 300), (slip, 270)):
            chosen = chance.sample(sorted(names), 300)
            spent = []
            for _ in range(3):
                started = time.thread_time()
                outcomes = outcomes_of(connection, "\n".join(map(written, chosen)))
                spent.append(time.thread_time() - started)
            right = sum(
                outcome.status == "found" and outcome.etfs[0][0] == names[name]
                for outcome, name in zip(outcomes, chosen, strict=True)
            )
            assert right >= least
            # This thread's own time: other work on the machine is none of it.
            assert min(spent) < 1
