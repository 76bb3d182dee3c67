"""What the operator is told of the collection: every status, gaps, trading days that nobody collected, and Discord."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from backend.app import create_app
from backend.collection import calendar, daily, runs
from backend.collection.calendar import SEOUL
from backend.collection.checks import Issue
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.notifications.discord.address import parse
from backend.settings import Settings
from tests.collecting import DAY1, DAY2, DAY3, ETFS, source_of, stub_of

ADDRESS = "https://discord.com/api/webhooks/123456789/planted-Secret_token-0123456789"
ALL = ("collection/runs", "collection/gaps", "discord")

Asked = Callable[..., Any]


def asking(database: Database, settings: Settings) -> Asked:
    headers = {"Authorization": f"Bearer {admin_token(settings)}"}
    client = TestClient(create_app(database, settings), headers=headers, raise_server_exceptions=False)

    def ask(path: str, status: int = 200, **parameters: object) -> Any:
        reply = client.get(f"/api/admin/{path}", params=parameters)
        assert reply.status_code == status, reply.text
        if status != 200:
            assert reply.headers["content-type"] == "application/problem+json"
        return reply.json()

    return ask


@pytest.fixture
def ask(empty_database: Database, settings: Settings) -> Asked:
    """A function that asks as the operator, on a database without a market."""
    return asking(empty_database, settings)


@pytest.fixture
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it the evening of Tuesday 2026-07-14 for the calendar."""
    monkeypatch.setattr(calendar, "now", lambda: datetime(2026, 7, 14, 19, tzinfo=SEOUL))


@pytest.fixture(scope="module")
def collected(new_database: Callable[[], Database]) -> tuple[Database, list[str]]:
    """Three days from KRX, the second and the third with an ETF without a basket; treat it as read-only."""
    database = new_database()
    with stub_of() as stub, source_of(database, stub) as source:
        codes = sorted(stub.market.codes)[:2]
        daily.collect(database, source, DAY1)
        stub.fail("empty", on="basket", etf=codes[0])
        daily.collect(database, source, DAY2)
        stub.fail("empty", on="basket", etf=codes[1])
        daily.collect(database, source, DAY3)
    return database, codes


def record(database: Database, source: str, day: date, status: str = "loaded", **values: Any) -> None:
    columns = {"source": source, "date": day, "status": status, **values}
    names, places = ", ".join(columns), ", ".join(f"%({name})s" for name in columns)
    with database.connect("atlas_loader", autocommit=True) as connection:
        connection.execute(f"INSERT INTO collection_runs ({names}) VALUES ({places})", columns)


def post(database: Database, key: str, state: str, reason: str | None = None) -> None:
    with database.connect("atlas_app", autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO discord_posts (key, kind, content, state, reason, sent_at)
            VALUES (%s, 'collection', %s, %s, %s, CASE WHEN %s = 'sent' THEN now() END)
            """,
            [key, json.dumps({"date": "2026-07-08"}), state, reason, state],
        )


@pytest.mark.usefixtures("evening")
def test_collected_days_tell_what_came_what_is_missing_and_that_people_were_told(collected, settings) -> None:
    database, _ = collected
    page = asking(database, settings)("collection/runs")
    assert [(run["date"], run["source"], run["status"]) for run in page["runs"]] == [
        (day.isoformat(), "krx", "loaded") for day in (DAY3, DAY2, DAY1)
    ]
    assert [(run["etfs"], run["gaps"]) for run in page["runs"]] == [(ETFS - 2, 2), (ETFS - 1, 1), (ETFS, 0)]
    newest = page["runs"][0]
    assert 0 < newest["prices"] <= ETFS
    assert newest["holdings"] > 0
    assert newest["duration_ms"] > 0
    assert newest["started_at"] <= newest["finished_at"]
    assert newest["notified_at"] is not None
    assert (newest["reason"], newest["rejected"]) == (None, 0)
    assert page["next_before"] is None
    assert page["absent"] == ["2026-07-14", "2026-07-13", "2026-07-10"]


def test_gaps_have_a_name_and_a_reason_and_are_found_by_date_and_page_by_page(collected, settings) -> None:
    database, codes = collected
    ask = asking(database, settings)
    everything = ask("collection/gaps")
    assert [(gap["date"], gap["code"]) for gap in everything["gaps"]] == [
        (DAY3.isoformat(), codes[0]), (DAY3.isoformat(), codes[1]), (DAY2.isoformat(), codes[0]),
    ]  # fmt: skip
    assert all("empty list" in gap["reason"] and gap["name"] for gap in everything["gaps"])
    assert (everything["total"], everything["next_offset"]) == (3, None)
    one_day = ask("collection/gaps", **{"from": DAY2, "to": DAY2})
    assert [gap["code"] for gap in one_day["gaps"]] == codes[:1]
    assert ask("collection/gaps", to=DAY1) == {"gaps": [], "total": 0, "next_offset": None}
    assert ask("collection/gaps", **{"from": DAY3})["total"] == 2

    first = ask("collection/gaps", limit=2)
    assert (first["total"], first["next_offset"]) == (3, 2)
    rest = ask("collection/gaps", limit=2, offset=2)
    assert first["gaps"] + rest["gaps"] == everything["gaps"]
    assert rest["next_offset"] is None
    assert ask("collection/gaps", offset=50) == {"gaps": [], "total": 3, "next_offset": None}


@pytest.mark.usefixtures("evening")
def test_a_date_that_failed_was_refused_or_was_no_trading_day_says_why(ask, empty_database) -> None:
    runs.record_failure(empty_database, "krx", date(2026, 7, 14), "KRX did not answer")
    runs.record_holiday(empty_database, "krx", date(2026, 7, 13), "임시공휴일")
    bad = [Issue("prices.csv", line, "close", "x", "not a number", (date(2026, 7, 10),)) for line in (2, 5)]
    with empty_database.connect("atlas_loader", autocommit=True) as connection:
        runs.record_rejected(connection.cursor(), "files", bad)
    page = ask("collection/runs")
    told = [(run["date"][8:], run["source"], run["status"], run["rejected"], run["reason"]) for run in page["runs"]]
    assert told == [
        ("14", "krx", "failed", 0, "KRX did not answer"),
        ("13", "krx", "holiday", 0, "임시공휴일"),
        ("10", "files", "rejected", 2, "prices.csv, line 2, close = 'x': not a number"),
    ]
    assert {run["duration_ms"] for run in page["runs"]} == {run["notified_at"] for run in page["runs"]} == {None}
    assert page["absent"] == []


@pytest.mark.usefixtures("evening")
def test_pages_go_back_date_by_date_and_lose_neither_a_source_nor_a_missing_day(ask, empty_database) -> None:
    for day in ((7, 1), (7, 3), (7, 8), (7, 9), (7, 13)):
        record(empty_database, "krx", date(2026, *day))
    record(empty_database, "files", date(2026, 7, 8), "rejected", reason="bad")
    pages, before = [], {}
    while True:
        page = ask("collection/runs", limit=2, **before)
        pages.append(page)
        if page["next_before"] is None:
            break
        before = {"before": page["next_before"]}
    assert [[(run["date"][8:], run["source"]) for run in page["runs"]] for page in pages] == [
        [("13", "krx"), ("09", "krx")],
        [("08", "files"), ("08", "krx"), ("03", "krx")],
        [("01", "krx")],
    ]
    # Weekends are no trading days.
    assert [[day[8:] for day in page["absent"]] for page in pages] == [["14", "10"], ["07", "06"], ["02"]]
    assert ask("collection/runs", before="2026-07-01") == {"runs": [], "absent": [], "next_before": None}


def test_files_have_no_days_to_be_missed(ask, empty_database) -> None:
    record(empty_database, "files", date(2026, 7, 1))
    record(empty_database, "files", date(2026, 7, 8))
    assert ask("collection/runs")["absent"] == []


def test_years_that_the_calendar_does_not_know_are_no_error(ask, empty_database, monkeypatch) -> None:
    monkeypatch.setattr(calendar, "now", lambda: datetime(2040, 7, 14, 19, tzinfo=SEOUL))
    record(empty_database, "krx", date(2027, 12, 29))
    record(empty_database, "krx", date(1990, 1, 3))
    assert len(ask("collection/runs")["runs"]) == 2
    assert ask("collection/runs", limit=1)["absent"] == ["2027-12-30"]


def test_nothing_collected_is_an_empty_list(ask) -> None:
    assert ask("collection/runs") == {"runs": [], "absent": [], "next_before": None}
    assert ask("collection/gaps") == {"gaps": [], "total": 0, "next_offset": None}


def test_without_a_webhook_discord_is_not_set_up(ask) -> None:
    standing = ask("discord")
    assert (standing["configured"], standing["problem"], standing["switched_off"]) == (False, None, None)
    assert set(standing["posts"].values()) == {0}
    assert (standing["last_sent_at"], standing["last_error"]) == (None, None)


def test_discord_tells_what_became_of_the_posts_and_never_its_token(empty_database, settings) -> None:
    chosen = settings.model_copy(update={"discord_webhook_url": SecretStr(ADDRESS)})
    ask = asking(empty_database, chosen)
    post(empty_database, "a", "sent")
    post(empty_database, "b", "waiting")
    post(empty_database, "c", "refused", "400: too long")
    standing = ask("discord")
    assert (standing["configured"], standing["problem"], standing["switched_off"]) == (True, None, None)
    assert [standing["posts"][state] for state in ("sent", "waiting", "refused", "expired")] == [1, 1, 1, 0]
    assert standing["last_sent_at"] is not None
    assert standing["last_error"] == {"key": "c", "state": "refused", "attempts": 0, "reason": "400: too long"}
    assert "planted" not in json.dumps(standing)


def test_a_webhook_that_is_switched_off_or_paused_says_so(empty_database: Database, settings: Settings) -> None:
    ask = asking(empty_database, settings.model_copy(update={"discord_webhook_url": SecretStr(ADDRESS)}))
    with empty_database.connect("atlas_app", autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO discord_destinations (destination, address_hash, switched_off_at, paused_until, reason)
            VALUES ('operator', %s, '2026-07-08 18:00+09', '2026-07-08 19:00+09', '404: Unknown Webhook')
            """,
            [parse(ADDRESS).address_hash],
        )
        standing = ask("discord")
        assert standing["switched_off"]["reason"] == "404: Unknown Webhook"
        assert datetime.fromisoformat(standing["switched_off"]["at"]) == datetime(2026, 7, 8, 18, tzinfo=SEOUL)
        assert datetime.fromisoformat(standing["paused_until"]) == datetime(2026, 7, 8, 19, tzinfo=SEOUL)
        # It was another address that Discord no longer knew.
        connection.execute("UPDATE discord_destinations SET address_hash = 'another'")
        standing = ask("discord")
    assert (standing["configured"], standing["switched_off"], standing["paused_until"]) == (True, None, None)


@pytest.mark.parametrize(
    "address", ["http://discord.com/api/webhooks/1/planted", "planted", "https://evil.example/planted"]
)
def test_an_address_that_is_not_discords_is_told_without_being_repeated(empty_database, settings, address) -> None:
    chosen = settings.model_copy(update={"discord_webhook_url": SecretStr(address)})
    standing = asking(empty_database, chosen)("discord")
    assert standing["configured"] is False
    assert "Discord 웹훅 주소로 쓸 수 없습니다" in standing["problem"]
    assert "planted" not in json.dumps(standing)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("collection/runs", {"limit": 0}),
        ("collection/runs", {"limit": 201}),
        ("collection/runs", {"limit": "all"}),
        ("collection/runs", {"before": "20260708"}),
        ("collection/runs", {"before": "2026-02-30"}),
        ("collection/runs", {"before": "0000-00-00"}),
        ("collection/gaps", {"limit": 501}),
        ("collection/gaps", {"offset": -1}),
        ("collection/gaps", {"offset": 10**30}),
        ("collection/gaps", {"from": "yesterday"}),
        ("collection/gaps", {"from": "2026-07-09", "to": "2026-07-08"}),
        ("collection/gaps", {"to": "2026-07-08\x00"}),
    ],
)
def test_what_cannot_be_asked_is_refused_in_korean(ask, path, parameters) -> None:
    problem = ask(path, 422, **parameters)
    assert any("가" <= letter <= "힣" for letter in problem["detail"])


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_time_are_no_error(ask, empty_database, day) -> None:
    record(empty_database, "krx", date(2026, 7, 8))
    ask("collection/runs", before=day)
    ask("collection/gaps", **{"from": day, "to": day})


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer 한글"])
def test_only_the_token_opens_the_door(empty_database, settings, path, header) -> None:
    client = TestClient(create_app(empty_database, settings))
    headers = {} if header is None else {"Authorization": header.encode()}
    reply = client.get(f"/api/admin/{path}", headers=headers)
    assert (reply.status_code, reply.headers["content-type"]) == (401, "application/problem+json")
