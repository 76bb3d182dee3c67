"""Addresses of Discord webhooks: only Discord's are taken, and the token is never shown."""

from __future__ import annotations

import pickle
import re
import traceback
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.notifications.discord.address import NotDiscord, Webhook, parse

ID = "1418000000000000001"
TOKEN = "s3cret-Token_of-68-characters-0123456789abcdefghijklmnopqrstuvwxyzABC"
ADDRESS = f"https://discord.com/api/webhooks/{ID}/{TOKEN}"


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        f"{ADDRESS}/",
        f"  {ADDRESS}\n",
        ADDRESS.replace("discord.com", "discordapp.com"),
        ADDRESS.replace("discord.com", "ptb.discord.com"),
        ADDRESS.replace("discord.com", "canary.discord.com"),
        ADDRESS.replace("/api/", "/api/v10/"),
        ADDRESS.replace("https://discord", "HTTPS://Discord"),
    ],
)
def test_every_form_that_discord_gives_out_is_taken(address: str) -> None:
    assert parse(address) == Webhook(ID, TOKEN)


def test_a_thread_is_kept() -> None:
    webhook = parse(f"{ADDRESS}?thread_id=1419000000000000002")
    assert webhook.thread == "1419000000000000002"
    assert webhook.url("http://relay/api/") == (
        f"http://relay/api/webhooks/{ID}/{TOKEN}?wait=true&thread_id=1419000000000000002"
    )
    assert webhook.address_hash != parse(ADDRESS).address_hash


NASTY = [
    "",
    "https://",
    "discord.com",
    ADDRESS.replace("https", "http"),
    ADDRESS.replace("https", "ftp"),
    ADDRESS.replace("https://", "//"),
    ADDRESS.replace("https://", "https:/"),
    ADDRESS.replace("https://", "https:\\\\"),
    ADDRESS.replace("discord.com", "discord.com@evil.example"),
    ADDRESS.replace("discord.com", "evil.example@discord.com"),
    ADDRESS.replace("discord.com", f"{TOKEN}:x@discord.com"),
    ADDRESS.replace("discord.com", "discord.com:443"),
    ADDRESS.replace("discord.com", "discord.com:"),
    ADDRESS.replace("discord.com", "discord.com."),
    ADDRESS.replace("discord.com", "discord.com.evil.example"),
    ADDRESS.replace("discord.com", "evil-discord.com"),
    ADDRESS.replace("discord.com", "sub.discord.com"),
    ADDRESS.replace("discord.com", "discordXcom"),
    ADDRESS.replace("discord.com", "disc\u043erd.com"),
    ADDRESS.replace("discord.com", "di\u017fcord.com"),
    ADDRESS.replace("discord.com", "discord\u3002com"),
    ADDRESS.replace("discord.com", "ｄiscord.com"),
    ADDRESS.replace("discord.com", "discord.com\\@evil.example"),
    ADDRESS.replace("discord.com", "127.0.0.1"),
    ADDRESS.replace("discord.com", "[::1]"),
    ADDRESS.replace("discord.com", "[discord.com"),
    ADDRESS.replace("discord.com", "localhost"),
    ADDRESS.replace("/api/", "/api/../../"),
    ADDRESS.replace("/api/", "/%61pi/"),
    ADDRESS.replace("/webhooks/", "//webhooks/"),
    ADDRESS.replace("/webhooks/", "/v999/webhooks/"),
    ADDRESS.replace(ID, "１４１８００００００"),
    ADDRESS.replace(ID, "1418\u0660"),
    ADDRESS.replace(ID, "0x1418"),
    ADDRESS.replace(ID, "1" * 21),
    ADDRESS.replace(TOKEN, ""),
    ADDRESS.replace(TOKEN, f"{TOKEN}\n"[:5] + "\n" + TOKEN[5:]),
    ADDRESS.replace(TOKEN, f"{TOKEN}%0d%0aX: y"),
    ADDRESS.replace(TOKEN, f"{TOKEN}\r\nHost: evil.example"),
    ADDRESS.replace(TOKEN, f"{TOKEN}/../../../admin"),
    ADDRESS.replace(TOKEN, f"{TOKEN}\x00"),
    ADDRESS.replace(TOKEN, f"{TOKEN}é"),
    f"{ADDRESS}/slack",
    f"{ADDRESS}?wait=false",
    f"{ADDRESS}?thread_id=1&wait=false",
    f"{ADDRESS}?thread_id=١",
    f"{ADDRESS}#",
    f"{ADDRESS}#@evil.example",
    f"{ADDRESS};x",
    f"{ADDRESS} {ADDRESS}",
]


@pytest.mark.parametrize("address", NASTY)
def test_anything_else_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(NotDiscord) as caught:
        parse(address)
    told = (
        caught.value.message + caught.value.ko + repr(caught.value) + "".join(traceback.format_exception(caught.value))
    )
    assert TOKEN not in told
    assert "evil" not in told.replace("test_", "")
    assert "https://discord.com/api/webhooks/ID/TOKEN" in caught.value.message
    assert re.search("[가-힣]", caught.value.ko)


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        (ADDRESS.replace("https", "http"), "https://"),
        (ADDRESS.replace("discord.com", "evil.example"), "host is not Discord's"),
        (ADDRESS.replace("discord.com", "me@discord.com"), "names a user"),
        (ADDRESS.replace("discord.com", "discord.com:8443"), "names a port"),
        (ADDRESS.replace("webhooks", "channels"), "path"),
        (f"{ADDRESS}?x=1", "parameters"),
        (f"{ADDRESS}#x", "after #"),
        ("https://[x", "not a URL"),
    ],
)
def test_an_error_says_what_is_wrong(address: str, fault: str) -> None:
    with pytest.raises(NotDiscord, match=fault):
        parse(address)


@given(st.text())
@example("https://discord.com/api/webhooks/1/a\n\n\x0b")
@example("https://[")
def test_no_text_is_taken_that_is_not_discords(text: str) -> None:
    try:
        webhook = parse(text)
    except NotDiscord:
        return
    parts = urlsplit(text.strip())
    assert parts.hostname.endswith(("discord.com", "discordapp.com"))
    assert webhook.url("https://x").isascii()


@given(put_in=st.text(alphabet=st.characters(codec="utf-8"), max_size=6), where=st.integers(0, len(ADDRESS)))
def test_an_address_with_something_put_into_it_leads_nowhere_else(put_in: str, where: int) -> None:
    try:
        webhook = parse(ADDRESS[:where] + put_in + ADDRESS[where:])
    except NotDiscord:
        return
    url = webhook.url("http://127.0.0.1:1/api")
    assert re.fullmatch(r"http://127\.0\.0\.1:1/api/webhooks/[0-9]+/[A-Za-z0-9_-]+\?wait=true", url)


def test_a_webhook_hides_its_token() -> None:
    webhook = parse(ADDRESS)
    assert TOKEN not in f"{webhook} {webhook!r} {[webhook]} {webhook.address_hash}"
    assert webhook.hide(f"POST /webhooks/{ID}/{TOKEN} failed") == f"POST /webhooks/{ID}/(token) failed"
    assert pickle.loads(pickle.dumps(webhook)) == webhook
