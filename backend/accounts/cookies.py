"""The cookie that a login session is kept in."""

from __future__ import annotations

from fastapi import Request, Response

from backend.accounts.sessions import LASTS
from backend.accounts.signed_in import COOKIE, SECURE_COOKIE


def give_cookie(request: Request, response: Response, code: str) -> None:
    """Give the browser the cookie of a session."""
    secure = request.url.scheme == "https"
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        code,
        max_age=int(LASTS.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def take_cookie(response: Response) -> None:
    """Let the browser forget its session."""
    for name in (COOKIE, SECURE_COOKIE):
        response.delete_cookie(name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="lax")
