"""Who may curate: whoever holds the installation's token, which `./atlas admin token` prints."""

from __future__ import annotations

import hashlib
import hmac

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.db.roles import secret
from backend.errors import AtlasError
from backend.settings import Settings

_BEARER = HTTPBearer(auto_error=False, description="The token that `./atlas admin token` prints")


class Unauthorised(AtlasError):
    """The administrator's token is missing or wrong: `./atlas admin token` prints it."""

    status = 401
    slug = "unauthorised"
    title_ko = "인증 필요"


def admin_token(settings: Settings) -> str:
    """Return the administrator's token: HMAC-SHA256 of "admin" under the installation's secret."""
    return hmac.new(secret(settings), b"admin", hashlib.sha256).hexdigest()


def administrator(request: Request, given: HTTPAuthorizationCredentials | None = Depends(_BEARER)) -> None:
    """Let only requests with the token pass. Raises Unauthorised."""
    expected = admin_token(request.app.state.settings)
    if given is None or not hmac.compare_digest(given.credentials.encode(errors="replace"), expected.encode()):
        raise Unauthorised(ko="관리자 토큰이 없거나 올바르지 않습니다. `./atlas admin token`으로 확인하세요.")
