"""Whose conversations a browser may read: those of the person who is signed in, else those of a random cookie.

Of the cookie only the hash is stored. It is no account: whoever sends none is somebody new each time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Coroutine
from hashlib import blake2b
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from backend.accounts.signed_in import find_person

COOKIE = "atlas_visitor"
_YEAR_S = 365 * 24 * 3600
_VALUE = re.compile(r"[A-Za-z0-9_-]{22}")


class VisitorRoute(APIRoute):
    """A route whose answer gives the cookie to whoever came without one; `visitor` reads it."""

    gives_cookie = True

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler with the cookie around it."""
        handle = super().get_route_handler()

        async def known(request: Request) -> Response:
            value = request.cookies.get(COOKIE, "")
            given = bool(_VALUE.fullmatch(value))
            if not given:
                value = secrets.token_urlsafe(16)
            person = await find_person(request)
            request.state.browser = blake2b(value.encode(), digest_size=16).hexdigest()
            request.state.visitor = person.reader if person else request.state.browser
            request.state.returning = given
            request.state.forgotten = False
            response = await handle(request)
            if request.state.forgotten:
                value = secrets.token_urlsafe(16)
            if request.state.forgotten or (not given and self.gives_cookie):
                secure = request.url.scheme == "https"
                response.set_cookie(COOKIE, value, max_age=_YEAR_S, httponly=True, samesite="lax", secure=secure)
            return response

        return known


class ReturningVisitorRoute(VisitorRoute):
    """A VisitorRoute that gives no cookie.

    It is for what a page asks beside other things: two answers at once, each with a new cookie, would make one visitor
    two, and lose what was said to the first.
    """

    gives_cookie = False


def visitor(request: Request) -> str:
    """Return `person:` and an account's id, or the hash of the visitor's cookie, within a VisitorRoute."""
    return request.state.visitor


def browser(request: Request) -> str | None:
    """Return the hash of the visitor's cookie, whoever is signed in; None for a browser that came without one."""
    return request.state.browser if request.state.returning else None


def forget_browser(request: Request) -> None:
    """Give the browser another visitor's cookie with the answer: what it asked so far is not read in it again."""
    request.state.forgotten = True


def asker(request: Request) -> str:
    """Whom a model's tokens are counted for: the person, the visitor, or the address of one that keeps no cookie."""
    if request.state.person:
        return request.state.person.reader
    if request.state.returning:
        return f"visitor:{request.state.visitor}"
    return f"address:{request.client.host if request.client else 'unknown'}"


Visitor = Annotated[str, Depends(visitor)]
Browser = Annotated[str | None, Depends(browser)]
Asker = Annotated[str, Depends(asker)]
