"""The local Discord: it must be as strict as the real one, or the tests of the sender prove nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stub_discord import ID, TOKEN, Answer, StubDiscord

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


def send(discord: StubDiscord, message: Any, *, webhook: str = f"{ID}/{TOKEN}", **query: str) -> httpx.Response:
    return httpx.post(f"{discord.api_url}/webhooks/{webhook}", json=message, params=query, timeout=5)


def embed(**parts: Any) -> dict[str, Any]:
    return {"embeds": [parts]}


def test_a_message_is_taken(discord: StubDiscord) -> None:
    assert send(discord, {"content": "안녕"}).status_code == 204
    answered = send(discord, embed(title="제목"), wait="true")
    assert answered.status_code == 200
    assert answered.json()["webhook_id"] == ID
    assert [post.message for post in discord.await_posts(2)] == [{"content": "안녕"}, embed(title="제목")]


@pytest.mark.parametrize(
    ("message", "path", "code"),
    [
        ({"content": "가" * 2001}, ("content",), "BASE_TYPE_MAX_LENGTH"),
        (embed(title="가" * 257), ("embeds", "0", "title"), "BASE_TYPE_MAX_LENGTH"),
        (embed(description="가" * 4097), ("embeds", "0", "description"), "BASE_TYPE_MAX_LENGTH"),
        (embed(footer={"text": "가" * 2049}), ("embeds", "0", "footer", "text"), "BASE_TYPE_MAX_LENGTH"),
        (embed(fields=[{"name": "n", "value": "v"}] * 26), ("embeds", "0", "fields"), "BASE_TYPE_MAX_LENGTH"),
        (embed(fields=[{"name": "n" * 257, "value": "v"}]), ("embeds", "0", "fields", "0", "name"), None),
        (embed(fields=[{"name": "n", "value": "v" * 1025}]), ("embeds", "0", "fields", "0", "value"), None),
        (
            embed(fields=[{"name": "n", "value": " "}]),
            ("embeds", "0", "fields", "0", "value"),
            "BASE_TYPE_REQUIRED",
        ),
        ({"embeds": [{"title": "t"}] * 11}, ("embeds",), "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"description": "v" * 3001}] * 2}, ("embeds",), "MAX_EMBED_SIZE_EXCEEDED"),
        (embed(title="t", color=0x1000000), ("embeds", "0", "color"), "NUMBER_TYPE_MAX"),
        (embed(title="t", url="javascript:alert(1)"), ("embeds", "0", "url"), "URL_TYPE_INVALID_URL"),
        (embed(title="t", timestamp="gestern"), ("embeds", "0", "timestamp"), "DATE_TIME_TYPE_PARSE"),
        (
            {"content": "a", "allowed_mentions": {"parse": ["all"]}},
            ("allowed_mentions", "parse", "0"),
            "BASE_TYPE_CHOICES",
        ),
    ],
)
def test_what_is_too_long_or_malformed_is_refused(
    discord: StubDiscord, message: Any, path: tuple[str, ...], code: str | None
) -> None:
    answered = send(discord, message)
    assert answered.status_code == 400
    place = answered.json()
    assert place["code"] == 50035
    place = place["errors"]
    for step in path:
        place = place[step]
    assert place["_errors"][0]["code"] == (code or "BASE_TYPE_MAX_LENGTH")
    assert discord.posts == []


def test_the_largest_message_is_taken(discord: StubDiscord) -> None:
    fields = [{"name": "n" * 256, "value": "v" * 1024}, *([{"name": "n", "value": "v"}] * 24)]
    assert send(discord, {"content": "가" * 2000, **embed(fields=fields, description="d" * 4096)}).status_code == 204


@pytest.mark.parametrize(("body", "code"), [(b"{", 50109), (b"{}", 50006), (b"[]", 50035), (b'{"embeds": []}', 50006)])
def test_what_is_no_message_is_refused(discord: StubDiscord, body: bytes, code: int) -> None:
    answered = httpx.post(f"{discord.api_url}/webhooks/{ID}/{TOKEN}", content=body)
    assert (answered.status_code, answered.json()["code"]) == (400, code)


def test_unknown_webhooks_and_tokens_are_refused(discord: StubDiscord) -> None:
    discord.token = "another"
    assert send(discord, {"content": "a"}).json()["code"] == 50027
    discord.gone.add(ID)
    assert send(discord, {"content": "a"}).json()["code"] == 10015
    assert send(discord, {"content": "a"}, webhook="1/2/3").status_code == 404


def test_a_rate_limit_is_told_before_and_when_it_is_reached() -> None:
    with StubDiscord(limit=(1, 0.3)) as discord:
        first, second = send(discord, {"content": "a"}), send(discord, {"content": "b"})
        assert first.headers["X-RateLimit-Remaining"] == "0"
        assert second.status_code == 429
        assert 0 < second.json()["retry_after"] <= 0.3
        time.sleep(second.json()["retry_after"])
        assert send(discord, {"content": "b"}).status_code == 204


def test_it_misbehaves_on_demand(discord: StubDiscord) -> None:
    discord.answers(
        Answer(status=429, retry_after=1.5, global_=True), Answer(status=503), Answer(cut="before"), Answer(cut="after")
    )
    limited = send(discord, {"content": "a"})
    assert limited.json() == {"message": "You are being rate limited.", "retry_after": 1.5, "global": True}
    assert (limited.headers["X-RateLimit-Global"], limited.headers["Retry-After"]) == ("true", "2")
    assert send(discord, {"content": "a"}).status_code == 503
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            send(discord, {"content": "a"})
    assert len(discord.posts) == 1
    assert [what for _, what in discord.requests] == [429, 503, "cut before", "cut after"]


def test_it_runs_as_a_process() -> None:
    command = [sys.executable, "tests/stub_discord.py"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            root = url.removesuffix("/api")
            httpx.post(f"{root}/stub/answers", json=[{"status": 503}])
            statuses = [httpx.post(f"{url}/webhooks/{ID}/{TOKEN}", json={"content": "a"}) for _ in range(2)]
            assert [answer.status_code for answer in statuses] == [503, 204]
            assert [post["message"] for post in httpx.get(f"{root}/stub/posts").json()] == [{"content": "a"}]
            httpx.delete(f"{root}/stub/posts")
            assert json.loads(httpx.get(f"{root}/stub/posts").text) == []
        finally:
            process.terminate()
