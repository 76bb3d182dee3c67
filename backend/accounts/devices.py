"""Device cookies: a browser that has been signed in to an account before is not locked out by strangers' failures.

After OWASP's "Slow Down Online Guessing Attacks with Device Cookies". The cookie is a random number with one signature for
each account, and says nothing to whoever reads it. It opens nothing: the password is asked for all the same.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets

from fastapi import Request, Response

from backend.db.roles import secret
from backend.settings import Settings

COOKIE = "atlas_device"
LASTS_S = 365 * 24 * 3600
MOST_ACCOUNTS = 5
"""Accounts that one browser is remembered for; the one that was used last comes first."""
_VALUE = re.compile(rf"[A-Za-z0-9_-]{{22}}(\.[A-Za-z0-9_-]{{22}}){{1,{MOST_ACCOUNTS}}}")


def known_device(request: Request, email: str) -> str | None:
    """Return the random number of a browser that has been signed in to the account with this address, else None."""
    value = request.cookies.get(COOKIE, "")
    if not _VALUE.fullmatch(value):
        return None
    number, *signatures = value.split(".")
    expected = _signature(request.app.state.settings, number, email)
    known = [hmac.compare_digest(signature, expected) for signature in signatures]
    return number if any(known) else None


def remember_device(request: Request, response: Response, email: str) -> None:
    """Give the browser the cookie that says that it has been signed in to this account."""
    settings, value = request.app.state.settings, request.cookies.get(COOKIE, "")
    number, *signatures = value.split(".") if _VALUE.fullmatch(value) else (secrets.token_urlsafe(16),)
    signature = _signature(settings, number, email)
    others = [other for other in signatures if other != signature]
    response.set_cookie(
        COOKIE,
        ".".join((number, signature, *others[: MOST_ACCOUNTS - 1])),
        max_age=LASTS_S,
        path="/api/auth",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _signature(settings: Settings, number: str, email: str) -> str:
    digest = hmac.digest(secret(settings), f"device|{number}|{email}".encode(errors="replace"), "sha256")
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
