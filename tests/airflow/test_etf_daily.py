"""A day's collection from end to end: Airflow, KRX, the database, an open page and Discord, all real but KRX and Discord."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from installation_processes import DAYS, Collection
from playwright.sync_api import Page, expect

from backend.collection import calendar

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

OpenPage = Callable[..., Page]
SEOUL = ZoneInfo("Asia/Seoul")
PREVIOUS, DAY, REFUSED_DAY = DAYS[1:]
TWO_CHUNKS = ("--param", "chunks=2")
EVERY_TASK = {"plan[-1]": "success", "baskets[0]": "success", "baskets[1]": "success", "load[-1]": "success"}


def said(day: date) -> str:
    return f"{day.month}월 {day.day}일 시장 자료가 들어왔습니다"


def of_collections(collection: Collection) -> list[dict[str, Any]]:
    return [
        post.message for post in collection.discord.posts if "실패" not in json.dumps(post.message, ensure_ascii=False)
    ]


def alerts(collection: Collection) -> list[dict[str, Any]]:
    """Return what Airflow told of failed tasks."""
    embeds = [post.message["embeds"][0] for post in collection.discord.posts]
    return [embed for embed in embeds if embed["title"] == "실패: etf_daily"]


def test_the_schedule_begins_with_the_evening_that_was_missed(collection: Collection) -> None:
    collection.api.set_paused("etf_daily", False)
    ends = time.monotonic() + 60
    while not (runs := collection.api.runs("etf_daily")) and time.monotonic() < ends:
        time.sleep(0.2)
    moment = datetime.fromisoformat(runs[0]["logical_date"]).astimezone(SEOUL)
    # That evening is not what the next tests are about, and the local KRX does not know it.
    collection.api.end_run("etf_daily", runs[0]["dag_run_id"], "success")
    assert runs[0]["run_type"] == "scheduled"
    assert (moment.hour, moment.minute) == (19, 0)
    assert calendar.is_trading_day(moment.date())
    assert calendar.next_trading_day(moment.date()) >= datetime.now(SEOUL).date()


def test_backfill_collects_the_trading_days_of_a_range(collection: Collection) -> None:
    status, result, _ = collection.trigger("backfill", "--param", "from=2026-07-04", "--param", f"to={PREVIOUS}")
    assert (status, result["state"]) == (0, "success")
    assert result["tasks"] == {"days[-1]": "success", "collect[0]": "success", "collect[1]": "success"}


def test_a_collected_day_is_told_in_the_open_page_and_on_discord_once(
    collection: Collection, open_page: OpenPage
) -> None:
    page = open_page(collection.page)
    page.evaluate(
        """() => new Promise((open) => {
            window.events = [];
            const source = new EventSource('/api/notifications/stream');
            source.onmessage = (event) => window.events.push(JSON.parse(event.data));
            source.onopen = open;
        })"""
    )
    told, posted = len(collection.notifications()), len(of_collections(collection))

    status, result, _ = collection.trigger("etf_daily", "--date", str(DAY), *TWO_CHUNKS)
    assert (status, result["state"], result["tasks"]) == (0, "success", EVERY_TASK)
    collection.discord.await_posts(posted + 1)
    expect(page.locator(".bell-count")).to_have_text("1")
    page.wait_for_function("window.events.length === 1")
    event = page.evaluate("window.events[0]")
    assert (event["kind"], event["content"]["date"], event["content"]["etfs"]) == ("collection", str(DAY), 12)
    assert len(collection.notifications()) == told + 1
    message = json.dumps(of_collections(collection)[-1], ensure_ascii=False)
    assert str(DAY) in message or f"{DAY.month}월 {DAY.day}일" in message

    asked = collection.krx.count("basket")
    status, result, _ = collection.trigger("etf_daily", "--date", str(DAY), *TWO_CHUNKS)
    assert (status, result["state"], result["tasks"]) == (0, "success", EVERY_TASK)
    assert collection.krx.count("basket") == asked
    # Whatever the second run had told would have come with the load, which has ended.
    page.wait_for_timeout(1_500)
    assert page.evaluate("window.events.length") == 1
    expect(page.locator(".bell-count")).to_have_text("1")
    assert len(collection.notifications()) == told + 1
    assert len(of_collections(collection)) == posted + 1


def test_a_holiday_ends_after_the_plan(collection: Collection) -> None:
    status, result, _ = collection.trigger("etf_daily", "--date", "2026-07-17", *TWO_CHUNKS)
    assert (status, result["state"]) == (0, "success")
    assert result["tasks"] == {"plan[-1]": "success", "baskets[-1]": "skipped", "load[-1]": "skipped"}


def test_a_refused_key_fails_at_once_and_the_operator_reads_why(collection: Collection) -> None:
    key, collection.krx.key = collection.krx.key, "another-key"
    try:
        status, result, said = collection.trigger("etf_daily", "--date", str(REFUSED_DAY), *TWO_CHUNKS)
    finally:
        collection.krx.key = key
    assert (status, result["state"]) == (1, "failed")
    assert result["tasks"]["plan[-1]"] == "failed"
    assert "KRX" in said
    embeds = alerts(collection)
    assert len(embeds) == 1
    embed = embeds[0]
    assert embed["description"] in said
    assert str(REFUSED_DAY) in json.dumps(embed["fields"])
    assert key not in json.dumps([post.message for post in collection.discord.posts])
    assert embed["url"].startswith(collection.api.address)
    # Nor did the backend tell of it: one failure is one message.
    failures = [post for post in collection.discord.posts if "실패" in json.dumps(post.message, ensure_ascii=False)]
    assert len(failures) == 1


def test_a_chunk_that_is_refused_fails_the_run_and_loads_nothing(collection: Collection) -> None:
    collection.krx.fail("forbidden", on="basket", day=str(REFUSED_DAY))
    told = len(alerts(collection))
    try:
        status, result, _ = collection.trigger("etf_daily", "--date", str(REFUSED_DAY), "--param", "chunks=1")
    finally:
        collection.krx.heal()
    assert (status, result["state"]) == (1, "failed")
    assert result["tasks"] == {"plan[-1]": "success", "baskets[0]": "failed", "load[-1]": "upstream_failed"}
    assert [embed["fields"][0]["value"] for embed in alerts(collection)[told:]] == ["baskets [0]"]


def test_a_run_that_is_ended_takes_its_command_with_it(collection: Collection) -> None:
    collection.krx.fail("silent", on="basket", day=str(REFUSED_DAY), seconds=180)
    try:
        asked = collection.krx.count("basket")
        run = collection.api.trigger("etf_daily", {"date": str(REFUSED_DAY), "chunks": 1})
        ends = time.monotonic() + 120
        while collection.krx.count("basket") == asked and time.monotonic() < ends:
            time.sleep(0.1)
        assert commands_of(REFUSED_DAY)
        collection.api.end_run("etf_daily", run, "failed")
        ends = time.monotonic() + 40
        while commands_of(REFUSED_DAY) and time.monotonic() < ends:
            time.sleep(0.1)
        assert commands_of(REFUSED_DAY) == []
    finally:
        collection.krx.heal()


def test_the_log_of_a_task_has_what_its_command_said(collection: Collection) -> None:
    run = next(run for run in collection.api.runs("etf_daily", limit=20) if run["conf"].get("date") == str(DAY))
    load = next(task for task in collection.api.tasks("etf_daily", run["dag_run_id"]) if task["task_id"] == "load")
    lines = [line.get("event", "") for line in collection.api.log("etf_daily", run["dag_run_id"], load)]
    assert any(f"./atlas collect load --date {DAY} --json" in line for line in lines)


def commands_of(day: date) -> list[str]:
    """Return the commands that are about a day."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"collect" in arguments and str(day).encode() in arguments:
            found.append(b" ".join(arguments).decode())
    return found
