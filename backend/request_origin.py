"""No other site may act through a visitor's browser, with the cookies that it sends along.

A browser says with every request that may change something where the page came from: in `Sec-Fetch-Site` over https and on
this machine, and in `Origin` everywhere. A request with neither is no browser's, so nobody's cookies are misused by it.
The scheme's source: https://words.filippo.io/csrf.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from backend import problems
from backend.errors import AtlasError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OWN_PAGE = frozenset({"same-origin", "none"})


class ForeignPage(AtlasError):
    """The request comes from a page of another site."""

    status = HTTPStatus.FORBIDDEN
    slug = "foreign-page"
    title_ko = "다른 사이트에서 온 요청"


class RequestOrigin:
    """Pure ASGI middleware that refuses what another site's page sends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or is_own(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        refusal = problems.document(
            Request(scope),
            ForeignPage(
                ko="다른 사이트의 화면에서 온 요청이라 처리하지 않았습니다. 이 서비스의 화면에서 다시 시도하세요."
            ),
        )
        await refusal(scope, receive, send)


def is_own(headers: Headers) -> bool:
    """Say whether a request that may change something comes from a page of this server, or from no page at all."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in OWN_PAGE
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        named = urlsplit(origin).netloc
    except ValueError:  # such as http://[
        return False
    return origin != "null" and named.lower() == headers.get("host", "").lower()
