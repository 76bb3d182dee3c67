"""Who is asking: the person of a request's session cookie or bearer token, and their rows of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from psycopg.errors import ForeignKeyViolation
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import HTTPConnection

from backend.accounts.codes import TOKEN_PREFIX
from backend.accounts.lookup import Found, Lookup
from backend.accounts.person import Person
from backend.accounts.transaction import away
from backend.db.engine import Database
from backend.errors import AtlasError

COOKIE = "atlas_session"
SECURE_COOKIE = "__Host-atlas_session"
"""The cookie's name where the page is served over https: browsers then accept it from this very host only."""


class NotSignedIn(AtlasError):
    """This is for people who are signed in."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "not-signed-in"
    title_ko = "로그인 필요"


class Forbidden(AtlasError):
    """This is not for everybody who is signed in."""

    status = HTTPStatus.FORBIDDEN
    slug = "forbidden"
    title_ko = "권한 없음"


async def find_person(connection: HTTPConnection) -> Person | None:
    """Return who sends a request or opens a stream; None for whoever has not signed in. Raises Unavailable.

    A bearer token that is one of ours counts before the cookie. The database is asked once a request at most.
    """
    found = await _find(connection)
    return found.person if found else None


async def is_renewable(connection: HTTPConnection) -> bool:
    """Say whether the session of a request's cookie is due for a new code."""
    found = await _find(connection)
    return found is not None and found.renewable


async def _find(connection: HTTPConnection) -> Found | None:
    known = connection.scope.setdefault("state", {})
    if "found" not in known:
        token, code = bearer(connection), session_code(connection)
        known["found"] = known["person"] = None
        if token or code:
            known["found"] = await _lookup(connection).find(token or code, token=bool(token))
            known["person"] = known["found"] and known["found"].person
    return known["found"]


def _lookup(connection: HTTPConnection) -> Lookup:
    state, loop = connection.app.state, asyncio.get_running_loop()
    if getattr(state, "lookup_loop", None) is not loop:
        state.lookup, state.lookup_loop = Lookup(state.database), loop
    return state.lookup


def session_code(connection: HTTPConnection) -> str | None:
    """Return the value of the session's cookie, if one was sent.

    Over https the other name counts for nothing: any host of the same domain can give a browser a cookie of that name, and
    so sign it in as somebody else.
    """
    return connection.cookies.get(SECURE_COOKIE if connection.url.scheme in ("https", "wss") else COOKIE)


def bearer(connection: HTTPConnection) -> str | None:
    """Return the bearer token, if one of ours was sent; the keys of other endpoints are none."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.startswith(TOKEN_PREFIX) else None


async def maybe_person(connection: HTTPConnection) -> Person | None:
    """Return who asks, as a dependency of a route that serves everybody."""
    return await find_person(connection)


# Both are read by find_person; here they describe the two ways in.
_SESSION = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    auto_error=False,
    description=f"The session that POST /api/auth/login opens; over https the cookie is called {SECURE_COOKIE}",
)
_TOKEN = HTTPBearer(scheme_name="token", auto_error=False, description="A bearer token that POST /api/me/tokens made")


async def signed_in(
    connection: HTTPConnection,
    _session: Annotated[str | None, Depends(_SESSION)],
    _token: Annotated[HTTPAuthorizationCredentials | None, Depends(_TOKEN)],
) -> Person:
    """Return who asks, as a dependency of a route for people who are signed in. Raises NotSignedIn."""
    person = await find_person(connection)
    if person is None:
        raise NotSignedIn(ko="로그인이 필요합니다.")
    return person


async def signed_in_here(connection: HTTPConnection, _session: Annotated[str | None, Depends(_SESSION)]) -> Person:
    """Return who has signed in with a password, for what no program may do for them. Raises NotSignedIn, Forbidden."""
    person = await find_person(connection)
    if person is None:
        raise NotSignedIn(ko="로그인이 필요합니다.")
    if person.session is None:
        raise Forbidden(
            "this takes a session: a bearer token may not do it",
            ko="API 토큰으로는 할 수 없는 일입니다. 화면에서 로그인한 뒤에 하세요.",
        )
    return person


MaybePerson = Annotated[Person | None, Depends(maybe_person)]
SignedIn = Annotated[Person, Depends(signed_in)]
SignedInHere = Annotated[Person, Depends(signed_in_here)]
"""Who has signed in in this browser; a bearer token is refused."""


# Both until the end of the transaction, like SET LOCAL.
_BECOME = text("SELECT set_config('atlas.person', :id, true), set_config('role', 'atlas_person', true)")


@contextmanager
def as_person(database: Database, person: Person) -> Iterator[Connection]:
    """Lend a transaction in which the database shows this person's rows alone; it is committed at the end.

    Raises Unavailable, and NotSignedIn where the account was deleted after it was found out who asks.
    """
    try:
        connection = database.engine("atlas_app").connect()
    except (OperationalError, PoolTimeout) as error:
        raise away(error) from error
    try:
        with connection, connection.begin():
            connection.execute(_BECOME, {"id": str(person.id)})
            yield connection
    except IntegrityError as error:
        # The only rows that what is a person's refers to are those of accounts.
        if isinstance(error.orig, ForeignKeyViolation):
            raise NotSignedIn(ko="로그인이 필요합니다.") from error
        raise


def own_rows(connection: HTTPConnection, person: SignedIn) -> Iterator[Connection]:
    """Lend a route the transaction of `as_person`; what it wrote is committed before the answer leaves."""
    with as_person(connection.app.state.database, person) as opened:
        yield opened


Own = Annotated[Connection, Depends(own_rows, scope="function")]
