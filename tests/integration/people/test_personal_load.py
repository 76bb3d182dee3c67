"""From a load to its watchers: on every open page and in their own Discord within a second, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from backend.accounts.signed_in import COOKIE
from backend.db.engine import Database
from tests.event_reader import EventReader
from tests.people import new_person
from tests.stub_discord import StubDiscord
from tests.watched_market import D1, D2, D3, ETF, FLAT, WatchedMarket
from tests.watchers import watch
from tests.web_process import WebProcess, serving


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


@pytest.fixture
def webs(
    empty_database: Database,
    session_folder: Path,
    free_port: Callable[[], int],
    tmp_path: Path,
    discord: StubDiscord,
) -> Iterator[list[WebProcess]]:
    """Two web servers on one database, both of which post to Discord."""
    settings = {"ATLAS_DISCORD_API_URL": discord.api_url, "ATLAS_PUBLIC_URL": "https://etf.example.org"}
    with ExitStack() as running:
        yield [
            running.enter_context(
                serving(
                    WebProcess(
                        session_folder / "home",
                        empty_database.url(),
                        free_port(),
                        tmp_path / f"{number}.log",
                        **settings,
                    )
                )
            )
            for number in range(2)
        ]


def test_a_watcher_hears_of_a_load_within_a_second_on_all_pages_and_in_discord(
    webs: list[WebProcess], empty_database: Database, discord: StubDiscord, tmp_path: Path
) -> None:
    anna, bert = new_person(empty_database), new_person(empty_database)
    market = WatchedMarket(empty_database, tmp_path)
    market.days({D1: FLAT})
    for somebody, kinds in ((anna, ("more", "less", "weight")), (bert, ("fee",))):
        watch(empty_database, somebody.id, ETF, kinds=kinds)
        put = httpx.put(
            f"{webs[0].address}/api/me/discord", headers=somebody.headers, json={"address": discord.address}
        )
        assert put.status_code == 200, put.text
    with ExitStack() as reading:
        pages = [
            reading.enter_context(EventReader(web.address, cookie=f"{COOKIE}={anna.code}"))
            for web in (webs[0], webs[1], webs[1])
        ]
        berts = reading.enter_context(EventReader(webs[0].address, cookie=f"{COOKIE}={bert.code}"))
        market.days({D2: {**FLAT, "000001": (50, 25.0), "000002": (100, 45.0)}})
        loaded, loaded_clock = time.perf_counter(), time.monotonic()
        for page in pages:
            page.wait_for(
                lambda page=page: any(event["kind"] == "alert" for event in page.events), "the alert did not come", 5
            )
            [number] = [number for number, event in enumerate(page.events) if event["kind"] == "alert"]
            assert page.arrived[number] - loaded < 1
        (post,) = discord.await_posts(1)
        assert post.at - loaded_clock < 1.5
        market.days({D3: {**FLAT, "000001": (50, 25.0), "000002": (100, 45.0)}})
        time.sleep(1.5)
        alerts = [event for event in pages[0].events if event["kind"] == "alert"]
        assert [(event["subject"], event["date"]) for event in alerts] == [(ETF, D2)]
        assert not [event for event in berts.events if event["kind"] == "alert"]
    assert len(discord.posts) == 1
    (embed,) = post.message["embeds"]
    assert embed["url"] == f"https://etf.example.org/etf/{ETF}"
    told = {field["name"]: field["value"] for field in embed["fields"]}
    assert "일부 매도 **이름 000001**" in told["매도"]
    assert "**이름 000002**" in told["비중 변화 (매매 없음)"]
    token = embed["description"].split("unsubscribe#")[1].rstrip(")")
    muted = httpx.post(f"{webs[1].address}/api/unsubscribe", json={"token": token}).json()
    assert (muted["etf"]["code"], muted["muted"]) == (ETF, True)
    market.days({"2026-01-08": FLAT})
    time.sleep(1.5)
    assert len(discord.posts) == 1
