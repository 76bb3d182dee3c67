"""Who may curate and administer: people with the role admin, and whoever holds the installation's token.

`./atlas admin token` prints the token; it is for scripts, and for the time before there is an administrator.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from backend import problems
from backend.accounts.audit import INSTALLATION_TOKEN
from backend.accounts.person import Person
from backend.accounts.signed_in import COOKIE, Forbidden, bearer, find_person
from backend.db.roles import secret
from backend.errors import AtlasError
from backend.settings import Settings

_BEARER = HTTPBearer(
    auto_error=False,
    description="A bearer token of an administrator's account, or the token that `./atlas admin token` prints",
)
# Read by find_person; here it only describes the other way in.
_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="The session of an administrator who is signed in")


class Unauthorised(AtlasError):
    """Nobody is signed in, and the administrator's token is missing or wrong: `./atlas admin token` prints it."""

    status = 401
    slug = "unauthorised"
    title_ko = "인증 필요"


def admin_token(settings: Settings) -> str:
    """Return the administrator's token: HMAC-SHA256 of "admin" under the installation's secret."""
    return hmac.new(secret(settings), b"admin", hashlib.sha256).hexdigest()


async def administrator(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    _cookie: Annotated[str | None, Depends(_COOKIE)],
) -> Person | str:
    """Return who administers: a person with the role admin, or INSTALLATION_TOKEN.

    A bearer token that opens nothing is refused even beside the cookie of an administrator. Raises Unauthorised,
    Forbidden, Unavailable.
    """
    if given is not None:
        expected = admin_token(request.app.state.settings)
        if hmac.compare_digest(given.credentials.encode(errors="replace"), expected.encode()):
            return INSTALLATION_TOKEN
        if bearer(request) is None:
            raise Unauthorised(ko="관리자 토큰이 올바르지 않습니다. `./atlas admin token`으로 확인하세요.")
    person = await find_person(request)
    if person is None:
        raise Unauthorised(ko="관리자로 로그인하거나, `./atlas admin token`이 알려 주는 관리자 토큰을 보내 주세요.")
    if person.role != "admin":
        raise Forbidden("this is for administrators", ko="관리자만 볼 수 있는 곳입니다.")
    return person


PROBLEMS = {
    401: problems.response("Nobody is signed in, and the administrator's token is missing or wrong"),
    403: problems.response("Whoever is signed in is no administrator"),
    503: problems.response("The database does not answer"),
}
"""The problems that any route for administrators may answer with."""
Administrator = Annotated[Person | str, Depends(administrator)]
"""Who administers, as the audit log names them."""
