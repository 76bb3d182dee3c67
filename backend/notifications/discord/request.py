"""One message to Discord over HTTP, and what came of it. Neither log nor outcome ever holds the webhook's token."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

import httpx

from backend.notifications.discord.address import Webhook
from backend.notifications.discord.markdown import one_line

REQUEST_S = 10.0
"""Deadline of one message with all that Discord answers."""
STOP_S = 0.5
"""How long an answer is still waited for when the process is to end."""
POLITE_S = 0.5
LONGEST_WAIT_S = 86_400.0
# What is asked for where a limit was reached and the answer does not say for how long.
UNTOLD_WAIT_S = 60.0
# Somebody between us and Discord gave up waiting for it: the message may have arrived.
UNCLEAR = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT, 520, 524)
ANSWER_BYTES = 65_536
# Of the form that Discord's API asks for; it may bar others.
USER_AGENT = "DiscordBot (ETF Atlas, 0.1)"
Verdict = Literal["sent", "again", "refused", "gone", "in_doubt"]


@dataclass(frozen=True)
class Outcome:
    """What came of a message, and why.

    `again` means that Discord certainly did not take it; `gone` that the webhook is no longer one; `in_doubt` that nobody here
    can tell whether it was taken. Discord is to be left alone for `wait_s` seconds, by every webhook if `everywhere`.
    """

    verdict: Verdict
    reason: str = ""
    wait_s: float = 0.0
    everywhere: bool = False


@dataclass
class _Exchange:
    """How far a request got: whether a byte of it may have left, and what of the answer came."""

    begun: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.begun = True


class _HideWebhooks(logging.Filter):
    """httpx logs the URL of each request, which is the secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "/webhooks/" in message:
            record.msg, record.args = re.sub(r"(/webhooks/\d+/)[\w-]+", r"\1(token)", message), ()
        return True


logging.getLogger("httpx").addFilter(_HideWebhooks())


def post(
    webhook: Webhook,
    api_url: str,
    message: Mapping[str, Any],
    *,
    deadline_s: float = REQUEST_S,
    stopped: threading.Event | None = None,
) -> Outcome:
    """Send a message as `deliver` does, where there is no event loop."""
    loop = asyncio.new_event_loop()
    try:
        # Closing the loop does not wait for a name that is still being looked up.
        return loop.run_until_complete(_post(webhook, api_url, message, deadline_s, stopped))
    finally:
        loop.close()


async def _post(
    webhook: Webhook, api_url: str, message: Mapping[str, Any], deadline_s: float, stopped: threading.Event | None
) -> Outcome:
    ending = asyncio.Event()
    delivery = asyncio.create_task(deliver(webhook, api_url, message, deadline_s=deadline_s, stopped=ending))
    while not delivery.done():
        await asyncio.wait({delivery}, timeout=0.05 if stopped else None)
        if stopped and stopped.is_set():
            ending.set()
    return delivery.result()


async def deliver(
    webhook: Webhook,
    api_url: str,
    message: Mapping[str, Any],
    *,
    deadline_s: float = REQUEST_S,
    stopped: asyncio.Event | None = None,
) -> Outcome:
    """Send a message and return what came of it within the deadline, or shortly after `stopped` is set. Raises nothing that a network can cause."""
    exchange = _Exchange()
    task = asyncio.create_task(_send(webhook.url(api_url), message, deadline_s, exchange))
    try:
        await _done_within(task, deadline_s, stopped)
    finally:
        task.cancel()
    if not task.done():
        await asyncio.wait({task}, timeout=1.0)
    error = None if not task.done() or task.cancelled() else task.exception()
    if exchange.status is not None:
        return judged(exchange.status, exchange.headers, exchange.body, webhook)
    if error is not None and not isinstance(error, (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError)):
        raise error
    if error is None or isinstance(error, httpx.ReadTimeout):
        what = f"no answer within {deadline_s:g} s or before the process ended"
    else:
        what = ": ".join(filter(None, (type(error).__name__, str(error))))
    reason = webhook.hide(one_line(what))[:300]
    never_left = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout))
    return Outcome("in_doubt" if exchange.begun and not never_left else "again", reason)


async def _done_within(task: asyncio.Task[None], deadline_s: float, stopped: asyncio.Event | None) -> None:
    """Wait for the task until the deadline; once `stopped` is set, only a moment longer."""
    until = time.monotonic() + deadline_s
    if stopped is None:
        await asyncio.wait({task}, timeout=deadline_s)
        return
    ending = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({task, ending}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and ending.done():
            await asyncio.wait({task}, timeout=min(STOP_S, max(0.0, until - time.monotonic())))
    finally:
        ending.cancel()


async def _send(url: str, message: Mapping[str, Any], deadline_s: float, exchange: _Exchange) -> None:
    # A connection of its own: one that was kept may have been closed by the other side just when a message leaves on it.
    async with (
        httpx.AsyncClient(timeout=deadline_s, verify=trust(), headers={"User-Agent": USER_AGENT}) as client,
        client.stream("POST", url, json=message, extensions={"trace": exchange.trace}) as answer,
    ):
        exchange.headers, exchange.status = answer.headers, answer.status_code
        # Where the message was taken, the rest is read out of politeness only.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLITE_S if answer.is_success else None):
                async for piece in answer.aiter_bytes():
                    exchange.body += piece
                    if len(exchange.body) > ANSWER_BYTES:
                        return


@cache
def trust() -> ssl.SSLContext:
    """Return the authorities whose certificates count; reading them takes longer than sending a message, so it is done once, ahead."""
    return httpx.create_ssl_context()


def judged(status: int, headers: Mapping[str, str], body: bytes, webhook: Webhook) -> Outcome:
    """Return what an answer of Discord's means for the message."""
    content = _json(body)
    reason = webhook.hide(_reason(status, content))
    match status:
        case _ if 200 <= status < 300:
            return Outcome("sent", wait_s=_until_reset(headers))
        case HTTPStatus.TOO_MANY_REQUESTS:
            everywhere = content.get("global") is True or headers.get("x-ratelimit-global") == "true"
            return Outcome("again", reason, _retry_after(headers, content), everywhere)
        case HTTPStatus.FORBIDDEN if "html" in headers.get("content-type", ""):
            # Not Discord's answer but that of what stands before it, which bars an address of the Internet for a while.
            return Outcome("again", reason, UNTOLD_WAIT_S)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN | HTTPStatus.NOT_FOUND:
            return Outcome("gone", reason)
        case _ if status in UNCLEAR:
            return Outcome("in_doubt", reason)
        case _ if status >= 500:
            return Outcome("again", reason, _seconds(headers.get("retry-after")) or 0.0)
        case _:
            return Outcome("refused", reason)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _reason(status: int, content: Mapping[str, Any]) -> str:
    """Return an answer in one line: status, message, code, and each fault of a form with its place."""
    said = [f"HTTP {status}", one_line(str(content.get("message") or ""))]
    if content.get("code"):
        said.append(f"(code {one_line(str(content['code']))[:20]})")
    return one_line(" ".join([*said, *_faults(content.get("errors"))]))[:500]


def _faults(errors: Any, place: str = "", depth: int = 8) -> list[str]:
    if not isinstance(errors, dict) or not depth:
        return []
    here = errors.get("_errors")
    found = [
        f"{place}: {fault.get('message')} [{fault.get('code')}]"
        for fault in (here if isinstance(here, list) else [])
        if isinstance(fault, dict)
    ]
    for name, inner in list(errors.items())[:30]:
        if name != "_errors":
            found += _faults(inner, f"{place}.{name}".lstrip("."), depth - 1)
    return found


def _retry_after(headers: Mapping[str, str], content: Mapping[str, Any]) -> float:
    """Return how long a 429 asks to wait, seconds: the body's figure is more exact than the header's."""
    for told in (content.get("retry_after"), headers.get("retry-after"), headers.get("x-ratelimit-reset-after")):
        seconds = _seconds(told)
        if seconds is not None:
            return seconds
    return UNTOLD_WAIT_S


def _until_reset(headers: Mapping[str, str]) -> float:
    """Return how long the next message has to wait when this was the last that the rate limit allows, seconds."""
    if _seconds(headers.get("x-ratelimit-remaining")) != 0:
        return 0.0
    return _seconds(headers.get("x-ratelimit-reset-after")) or 0.0


def _seconds(told: object) -> float | None:
    if isinstance(told, bool) or not isinstance(told, (int, float, str)):
        return None
    try:
        seconds = float(told)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if math.isfinite(seconds) else None
