"""The Discord alert of a failed task, sent by Airflow's provider to a local Discord."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stub_discord import Answer, StubDiscord

from backend.airflow.environment import AirflowHome
from backend.notifications.discord.address import NotDiscord
from backend.settings import Settings

SECRET = "a-key-that-nobody-may-see"


@pytest.fixture(scope="module")
def posts(run_inside: Callable[..., Any], tmp_path_factory: Any) -> list[dict[str, Any]]:
    """The messages that came of failures of every kind."""
    with StubDiscord() as discord:
        run_inside("inside_alert.py", **connection(discord, tmp_path_factory.mktemp("home")), ATLAS_KRX_API_KEY=SECRET)
        return [post.message for post in discord.posts]


def connection(discord: StubDiscord, home: Path) -> dict[str, str]:
    """The connection that `./atlas airflow up` makes of the webhook's address."""
    settings = Settings(home=home, discord_webhook_url=discord.address, discord_api_url=discord.api_url)
    variables = AirflowHome(settings).variables(8080, {})
    return {name: value for name, value in variables.items() if name.startswith("AIRFLOW_CONN_")}


def titles(posts: list[dict[str, Any]]) -> list[str]:
    return [post["embeds"][0]["title"] for post in posts]


def test_an_alert_says_what_failed_and_why(posts: list[dict[str, Any]]) -> None:
    embed = posts[0]["embeds"][0]
    assert embed["title"] == "실패: etf_daily"
    assert embed["description"] == "KRX refuses the key"
    assert {field["name"]: field["value"] for field in embed["fields"]} == {
        "작업": "baskets",
        "날짜": "2026-07-08",
        "시도": "2회",
        "실행": "manual__2026-07-08",
    }


def test_nobody_is_mentioned(posts: list[dict[str, Any]]) -> None:
    assert all(post["allowed_mentions"] == {"parse": []} for post in posts)


def test_an_alert_is_short_and_without_secrets(posts: list[dict[str, Any]]) -> None:
    assert len(posts[1]["embeds"][0]["description"]) <= 1_500
    assert SECRET not in json.dumps(posts)


def test_parts_of_a_task_are_told_of_once_and_a_stopped_task_not_at_all(posts: list[dict[str, Any]]) -> None:
    assert titles(posts)[:2] == ["실패: etf_daily"] * 2


def test_what_keeps_failing_is_told_once_unless_it_is_just_not_published_yet(posts: list[dict[str, Any]]) -> None:
    warnings = [post["embeds"][0] for post in posts if post["embeds"][0]["title"] == "재시도 중: etf_daily"]
    assert [embed["description"] for embed in warnings] == ["KRX does not answer", "the first part"]


def test_a_task_that_vanished_is_told_of_too(posts: list[dict[str, Any]]) -> None:
    assert titles(posts)[-1] == "실패: etf_daily"
    assert posts[-1]["embeds"][0]["description"] == "작업이 이유를 남기지 않고 끝났습니다."
    assert len(posts) == 5


def test_without_a_connection_nobody_is_told_and_nothing_fails(run_inside: Callable[..., Any]) -> None:
    assert run_inside("inside_alert.py") == {"ended": True}


def test_a_discord_that_refuses_does_not_fail_the_callback(run_inside: Callable[..., Any], tmp_path: Path) -> None:
    with StubDiscord() as discord:
        discord.answers(*[Answer(404), Answer(500), Answer(cut="before")] * 2)
        assert run_inside("inside_alert.py", **connection(discord, tmp_path)) == {"ended": True}
        assert discord.posts == []


def test_an_address_that_is_not_discords_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, discord_webhook_url="https://example.org/api/webhooks/1/abc")
    with pytest.raises(NotDiscord):
        AirflowHome(settings).variables(8080, {})
