"""What an answer of Discord's means, and what is never said about a request."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from backend.notifications.discord import request
from backend.notifications.discord.address import Webhook
from backend.notifications.discord.request import LONGEST_WAIT_S, UNTOLD_WAIT_S, Outcome, judged
from tests.stub_discord import ID, TOKEN, Answer, StubDiscord

WEBHOOK = Webhook(ID, TOKEN)
MESSAGE = {"content": "안녕"}


def post(*arguments: Any, **options: Any) -> Outcome:
    """Post as the sender does, from a thread: browser tests leave an event loop in the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(request.post, *arguments, **options).result()


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


def verdict(status: int, body: Any = None, **headers: str) -> Outcome:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return judged(status, named, b"" if body is None else json.dumps(body).encode(), WEBHOOK)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "sent"),
        (204, "sent"),
        (301, "refused"),
        (400, "refused"),
        (401, "gone"),
        (403, "gone"),
        (404, "gone"),
        (405, "refused"),
        (408, "in_doubt"),
        (413, "refused"),
        (429, "again"),
        (500, "again"),
        (502, "again"),
        (503, "again"),
        (504, "in_doubt"),
        (520, "in_doubt"),
        (521, "again"),
        (524, "in_doubt"),
    ],
)
def test_a_status_decides(status: int, expected: str) -> None:
    assert verdict(status).verdict == expected


@pytest.mark.parametrize(
    ("body", "headers", "wait_s"),
    [
        ({"retry_after": 0.734, "global": False}, {"retry_after": "1"}, 0.734),
        ({"retry_after": 2}, {}, 2.0),
        ({}, {"retry_after": "65"}, 65.0),
        (None, {"x_ratelimit_reset_after": "1.5"}, 1.5),
        (None, {}, UNTOLD_WAIT_S),
        ({"retry_after": "nan"}, {"retry_after": "inf"}, UNTOLD_WAIT_S),
        ({"retry_after": True}, {}, UNTOLD_WAIT_S),
        ({"retry_after": -5}, {}, 0.0),
        ({"retry_after": 1e300}, {}, LONGEST_WAIT_S),
    ],
)
def test_a_rate_limit_says_for_how_long(body: Any, headers: dict[str, str], wait_s: float) -> None:
    assert verdict(429, body, **headers).wait_s == wait_s


def test_a_limit_for_all_is_told_from_one_webhooks() -> None:
    assert verdict(429, {"retry_after": 1, "global": True}).everywhere
    assert verdict(429, None, x_ratelimit_global="true").everywhere
    assert not verdict(429, {"retry_after": 1, "global": False}).everywhere


def test_the_last_message_that_a_limit_allows_says_so() -> None:
    assert verdict(200, None, x_ratelimit_remaining="0", x_ratelimit_reset_after="1.25").wait_s == 1.25
    assert verdict(200, None, x_ratelimit_remaining="3", x_ratelimit_reset_after="1.25").wait_s == 0.0


@given(st.integers(100, 599), st.binary(max_size=200), st.dictionaries(st.sampled_from(["retry-after"]), st.text()))
def test_no_answer_is_too_strange(status: int, body: bytes, headers: dict[str, str]) -> None:
    outcome = judged(status, headers, body, WEBHOOK)
    assert 0 <= outcome.wait_s <= LONGEST_WAIT_S
    assert len(outcome.reason) <= 500


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["_errors", "embeds", "0", "code"]), inner)
    ),
)


@given(JSON, JSON, JSON)
def test_no_error_is_too_strange(message: Any, code: Any, errors: Any) -> None:
    body = {"message": message, "code": code, "errors": errors, "retry_after": code}
    assert verdict(400, body).verdict == "refused"
    assert verdict(429, body).verdict == "again"


def test_an_error_that_is_nested_without_end_is_an_error() -> None:
    body = b'{"errors": ' + b'{"a": ' * 9_000 + b"0" + b"}" * 9_001
    assert judged(400, {}, body, WEBHOOK) == Outcome("refused", "HTTP 400")


def test_a_relay_that_repeats_the_address_does_not_spread_it() -> None:
    assert TOKEN not in verdict(400, {"message": f"POST /api/webhooks/{ID}/{TOKEN} is bad"}).reason


def test_the_token_is_in_no_log_at_any_level(discord: StubDiscord, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    discord.answers(Answer(), Answer(status=404), Answer(cut="after"))
    verdicts = [post(WEBHOOK, discord.api_url, MESSAGE).verdict for _ in range(3)]
    assert verdicts == ["sent", "gone", "in_doubt"]
    assert post(WEBHOOK, "http://127.0.0.1:1/api", MESSAGE).verdict == "again"
    assert post(WEBHOOK, "http://[bad/api", MESSAGE).verdict == "again"
    assert f"/webhooks/{ID}/(token)" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("answer", [Answer(silent=True), Answer(delay=30)])
def test_an_answer_that_does_not_come_is_waited_for_only_so_long(discord: StubDiscord, answer: Answer) -> None:
    discord.answers(answer)
    begun = time.monotonic()
    assert post(WEBHOOK, discord.api_url, MESSAGE, deadline_s=0.5).verdict == "in_doubt"
    assert time.monotonic() - begun < 1.5


def test_an_answer_that_drips_ends_at_the_deadline(discord: StubDiscord) -> None:
    discord.answers(Answer(status=400, drip=0.1, body={"message": "x" * 500}))
    begun = time.monotonic()
    assert post(WEBHOOK, discord.api_url, MESSAGE, deadline_s=0.6).verdict == "refused"
    assert time.monotonic() - begun < 1.6


def test_a_process_that_ends_does_not_wait_for_discord(discord: StubDiscord) -> None:
    discord.answers(Answer(silent=True))
    stopped = threading.Event()
    threading.Timer(0.2, stopped.set).start()
    begun = time.monotonic()
    assert post(WEBHOOK, discord.api_url, MESSAGE, stopped=stopped).verdict == "in_doubt"
    assert time.monotonic() - begun < 1.2


def test_a_door_that_nobody_opens_is_certain() -> None:
    with socket.socket() as door, socket.socket() as first:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        # The one place in the queue is taken, so that a second connection is never made.
        first.connect(door.getsockname())
        outcome = post(WEBHOOK, f"http://127.0.0.1:{door.getsockname()[1]}/api", MESSAGE, deadline_s=0.4)
    assert outcome.verdict == "again"


def nobodys_certificate() -> bytes:
    """Return a certificate for localhost that no authority has signed, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate.public_bytes(encoding)


def test_a_door_with_a_false_name_is_certain(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(nobodys_certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(key)
    with StubDiscord() as discord:
        discord.secure(context)
        outcome = post(WEBHOOK, discord.api_url.replace("http:", "https:"), MESSAGE)
        assert outcome.verdict == "again"
        assert "CERTIFICATE_VERIFY_FAILED" in outcome.reason
        assert discord.requests == []
