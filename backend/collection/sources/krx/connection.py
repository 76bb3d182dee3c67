"""Requests to KRX, each under a deadline that covers all of it: connecting, every header and the last byte of the body.

httpx alone has a time limit for each read, which a server that sends a byte now and then never exceeds.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import stamina
import structlog
from anyio.from_thread import BlockingPortal, start_blocking_portal

from backend.collection.sources.krx.budget import LONGEST_WAIT_S, Budget
from backend.collection.sources.krx.errors import KrxRefused, KrxUnavailable

log = structlog.get_logger(__name__)

# The list of every ETF has about a megabyte.
MOST_BYTES = 64 * 1024 * 1024
_T = TypeVar("_T")


def _tell_retry(retry: stamina.instrumentation.RetryDetails) -> None:
    """Log that a call is made again. Stamina's own line names a "<context block>" and its arguments."""
    log.warning(
        "trying again",
        reason=str(retry.caused_by),
        attempt=retry.retry_num + 1,
        in_s=round(retry.wait_for, 1),
    )


stamina.instrumentation.set_on_retry_hooks([_tell_retry])


@dataclass(frozen=True)
class Patience:
    """How often a call that fails in passing is made, and how long is waited in between (exponentially, with jitter)."""

    attempts: int = 5
    wait_initial_s: float = 1.0
    wait_max_s: float = 20.0
    # A server that wants to be left alone for longer than this is asked another time.
    longest_wait_s: float = LONGEST_WAIT_S

    def call(self, ask: Callable[[], _T]) -> _T:
        """Return what `ask` returns. Raises the KrxUnavailable of the last attempt, or at once what will not pass."""
        tries = stamina.retry_context(
            self._wait_for,
            attempts=self.attempts,
            timeout=None,
            wait_initial=self.wait_initial_s,
            wait_max=self.wait_max_s,
            wait_jitter=self.wait_initial_s,
        )
        made = 0
        failure: KrxUnavailable | None = None
        try:
            for attempt in tries:
                with attempt:
                    made = attempt.num
                    return ask()
        except KrxUnavailable as error:
            failure = error
        if failure is None:
            raise AssertionError("stamina ended without a result")
        if made > 1:
            failure = KrxUnavailable(
                f"{failure.message} Tried {made} times.",
                ko=f"{failure.ko} ({made}번 시도)",
                passing=failure.passing,
                retry_after_s=failure.retry_after_s,
            )
        # Raised out here, it carries no trace of the request, whose headers hold the key.
        raise failure

    def _wait_for(self, error: Exception) -> bool | float:
        """Whether to try again, or after how many seconds."""
        if not isinstance(error, KrxUnavailable) or not error.passing:
            return False
        if error.retry_after_s is None:
            return True
        return error.retry_after_s if error.retry_after_s <= self.longest_wait_s else False


@dataclass(frozen=True)
class Answer:
    """A complete answer. `where` names what was asked, for messages."""

    status: int
    content: bytes
    where: str

    def json(self) -> Any:
        """Return the body as JSON. Raises KrxUnavailable, worth trying again, where it is none or only its beginning."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            pass
        start = self.content.lstrip()[:1]
        what = "a page instead of data (maintenance?)" if start == b"<" else "JSON that breaks off or is none"
        raise KrxUnavailable(
            f"{self.where} sent {what}, {len(self.content):,} bytes.",
            ko=f"{self.where}의 응답을 읽을 수 없습니다. KRX가 점검 중일 수 있습니다.",
            passing=True,
        )


class Connection(AbstractContextManager):
    """One service at one address, `name` to its budget and in messages; `auth` adds what proves who asks.

    Every request is taken from the budget, and where the service asks to be left alone, everybody leaves it so. May be
    used by several threads. The requests run on an event loop of the connection's own, begun by the first.
    """

    def __init__(
        self, name: str, url: str, budget: Budget, *, timeout_s: float, auth: httpx.Auth | None = None
    ) -> None:
        self.name = name
        self._budget = budget
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._auth = auth
        self._lock = threading.Lock()
        self._starting: AbstractContextManager[BlockingPortal] | None = None
        self._portal: BlockingPortal | None = None
        self._client: httpx.AsyncClient | None = None

    @property
    def host(self) -> str:
        return urlsplit(self._url).netloc.rpartition("@")[2]

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return the whole answer, whatever its status but those that say "later".

        Raises KrxUnavailable (passing) for 429, 5xx, what takes too long and what breaks, and as the budget does.
        """
        self._budget.take(self.name)
        where = f"{self.name} ({self.host}{path.partition('?')[0]})"
        portal = self._running()
        failure = "", ""
        try:
            status, after, content = portal.call(self._send, method, self._url + path, params, data, headers)
        except TimeoutError:
            failure = (
                f"did not answer completely within {self._timeout_s:g} s",
                f"{self._timeout_s:g}초 안에 응답을 마치지 않았습니다",
            )
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            failure = f"cannot be reached or broke off ({type(error).__name__})", "연결되지 않거나 연결이 끊어졌습니다"
        if failure[0]:
            raise KrxUnavailable(f"{where} {failure[0]}.", ko=f"{where}: {failure[1]}.", passing=True)
        if status == 429 or status >= 500:
            later = _later(status, after, where)
            if later.retry_after_s:
                self._budget.postpone(self.name, later.retry_after_s)
            raise later
        return Answer(status, content, where)

    def cookies(self) -> dict[str, str]:
        """Return the cookies that the service has set."""
        return self._running().call(self._cookies)

    def set_cookies(self, cookies: Mapping[str, str]) -> None:
        """Put these cookies in the place of all others."""
        self._running().call(self._set_cookies, dict(cookies))

    def close(self) -> None:
        """Close what is open; the next request opens it again."""
        with self._lock:
            if self._portal is not None and self._starting is not None and self._client is not None:
                self._portal.call(self._client.aclose)
                self._starting.__exit__(None, None, None)
            self._portal = self._starting = self._client = None

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running(self) -> BlockingPortal:
        with self._lock:
            if self._portal is None:
                self._starting = start_blocking_portal(name=f"krx-{self.host}")
                self._portal = self._starting.__enter__()
                self._client = self._portal.call(self._new_client)
            return self._portal

    async def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(auth=self._auth, timeout=None)

    async def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        data: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> tuple[int, str | None, bytes]:
        assert self._client is not None
        request = self._client.stream(method, url, params=params, data=data, headers=headers)
        async with asyncio.timeout(self._timeout_s), request as response:
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > MOST_BYTES:
                    raise httpx.DecodingError("the answer has no end", request=None)
            return response.status_code, response.headers.get("retry-after"), bytes(content)

    async def _cookies(self) -> dict[str, str]:
        assert self._client is not None
        return {cookie.name: cookie.value or "" for cookie in self._client.cookies.jar}

    async def _set_cookies(self, cookies: dict[str, str]) -> None:
        assert self._client is not None
        self._client.cookies.clear()
        for name, value in cookies.items():
            self._client.cookies.set(name, value)


def _later(status: int, after: str | None, where: str) -> KrxUnavailable:
    seconds = _seconds(after)
    asks = f" and asks to wait {seconds:g} s" if seconds is not None else ""
    if status == 429:
        return KrxUnavailable(
            f"{where} says that it is asked too often (429){asks}. Lower ATLAS_KRX_CALLS_PER_S if that lasts.",
            ko=f"{where}에 요청이 너무 잦습니다(429). 계속되면 ATLAS_KRX_CALLS_PER_S를 낮춰 주세요.",
            passing=True,
            retry_after_s=seconds,
        )
    return KrxUnavailable(
        f"{where} has a fault of its own ({status}){asks}.",
        ko=f"{where}에 오류가 났습니다({status}).",
        passing=True,
        retry_after_s=seconds,
    )


def _seconds(after: str | None) -> float | None:
    """Return what Retry-After says in seconds; it is a number or a date (RFC 9110, 10.2.3)."""
    if not after:
        return None
    try:
        return max(0.0, float(after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def refuse_other(answer: Answer) -> None:
    """Raise KrxUnavailable for any status but 200 that nobody has dealt with: what is asked for is not there."""
    if answer.status != 200:
        raise KrxUnavailable(
            f"{answer.where} answered {answer.status}. If an address was set for it, check that; otherwise KRX has "
            "changed its service: look for a newer version of ETF Atlas.",
            ko=f"{answer.where}의 응답이 {answer.status}입니다. 설정한 주소를 확인하거나 ETF Atlas를 새 버전으로 바꿔 주세요.",
        )


def forbidden(answer: Answer) -> KrxRefused:
    """Return the error for a service that turns this machine away."""
    return KrxRefused(
        f"{answer.where} refuses to serve this machine ({answer.status}): too many requests from its address, or one "
        "that KRX does not serve. Wait, and lower ATLAS_KRX_CALLS_PER_S.",
        ko=f"{answer.where}가 이 컴퓨터의 요청을 거절했습니다({answer.status}). 잠시 뒤에, 더 천천히 요청해 주세요.",
    )
