"""Requests to language models that end the moment nobody waits for them any more.

Every request of the process runs on one event loop in a thread of its own. Whoever asked takes the pieces from a queue and looks
at the same time whether the run was cancelled, so that also a request that waits for its first byte, or for its next try, is given up.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import openai

from backend.errors import InvalidInput
from backend.settings import Settings

CONNECT_SECONDS = 10.0
# How soon a cancelled run is noticed while nothing arrives.
LOOK_SECONDS = 0.05
_T = TypeVar("_T")
_LOCK = threading.Lock()
_LOOPS: list[asyncio.AbstractEventLoop] = []


@dataclass(frozen=True)
class Server:
    """Where models are asked: OpenAI's own server without a base URL, Azure with an API version."""

    base_url: str | None
    api_version: str | None = None
    key: str = field(default="none", repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Server:
        """The server of the settings. Raises InvalidInput for Azure without an address."""
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
        if settings.openai_api_version and not settings.openai_base_url:
            raise InvalidInput(
                "ATLAS_OPENAI_API_VERSION is for Azure and needs its endpoint in ATLAS_OPENAI_BASE_URL",
                ko="Azure OpenAI의 주소가 없습니다. ATLAS_OPENAI_BASE_URL을 설정해 주세요.",
            )
        address = _address(settings.openai_base_url, azure=bool(settings.openai_api_version))
        return cls(address, settings.openai_api_version, key.strip() or "none")


def _address(url: str | None, *, azure: bool) -> str | None:
    """The address as the client wants it: people leave out `http://` and `/v1`, or paste the whole path."""
    if not url or not url.strip():
        return None
    url = url.strip()
    parts = urlsplit(url if "://" in url else f"http://{url}")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    if azure:
        # The client adds /openai/deployments/… itself.
        path = path.partition("/openai")[0]
    elif not path:
        path = "/v1"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


@lru_cache(maxsize=4)
def client(server: Server) -> openai.AsyncOpenAI:
    """One client, with its connections, for each server. Retrying and time limits are not its business."""
    timeout = openai.Timeout(None, connect=CONNECT_SECONDS)
    if server.api_version:
        return openai.AsyncAzureOpenAI(
            azure_endpoint=server.base_url or "", api_version=server.api_version, api_key=server.key,
            timeout=timeout, max_retries=0,
        )  # fmt: skip
    return openai.AsyncOpenAI(base_url=server.base_url, api_key=server.key, timeout=timeout, max_retries=0)


def _loop() -> asyncio.AbstractEventLoop:
    with _LOCK:
        if not _LOOPS:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="model-requests", daemon=True).start()
            _LOOPS.append(loop)
        return _LOOPS[0]


@dataclass(frozen=True)
class _Ended:
    error: BaseException | None = None


def pieces(source: Callable[[], AsyncIterator[_T]], check: Callable[[], None]) -> Iterator[_T]:
    """Yield what an asynchronous source yields, in the caller's thread.

    `check` is called at least every LOOK_SECONDS; what it raises, and leaving the iteration, cancels the source, which closes its
    connection.
    """
    arrived: queue.SimpleQueue[_T | _Ended] = queue.SimpleQueue()

    async def pump() -> None:
        try:
            async for piece in source():
                arrived.put(piece)
        except BaseException as error:
            arrived.put(_Ended(error))
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            arrived.put(_Ended())

    pumping = asyncio.run_coroutine_threadsafe(pump(), _loop())
    try:
        while True:
            try:
                piece = arrived.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                check()
                continue
            check()
            if isinstance(piece, _Ended):
                if piece.error is not None:
                    raise piece.error
                return
            yield piece
    finally:
        pumping.cancel()
