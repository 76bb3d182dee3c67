"""Who is asking: the person of a request's session cookie or bearer token, and their rows of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from backend.accounts.codes import TOKEN_PREFIX
from backend.accounts.person import Person
from backend.accounts.sessions import person_of_session, person_of_token
from backend.db.engine import Database
from backend.errors import AtlasError, Unavailable

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

    A bearer token that is one of ours counts before the cookie. The database is asked once a request.
    """
    known = connection.scope.setdefault("state", {})
    if "person" not in known:
        token, code = bearer(connection), session_code(connection)
        known["person"] = None
        if token or code:
            known["person"] = await run_in_threadpool(who_is, connection.app.state.database, code, token)
    return known["person"]


def who_is(database: Database, code: str | None, token: str | None) -> Person | None:
    """Return the person of a bearer token, or else of a session's code. Raises Unavailable."""
    try:
        with database.engine("atlas_app").connect() as connection:
            if token:
                return person_of_token(connection, token)
            return person_of_session(connection, code) if code else None
    except OperationalError as error:
        raise away(error) from error


def session_code(connection: HTTPConnection) -> str | None:
    """Return the value of the session's cookie, if one was sent."""
    return connection.cookies.get(SECURE_COOKIE) or connection.cookies.get(COOKIE)


def bearer(connection: HTTPConnection) -> str | None:
    """Return the bearer token, if one of ours was sent; the keys of other endpoints are none."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.startswith(TOKEN_PREFIX) else None


async def maybe_person(connection: HTTPConnection) -> Person | None:
    """Return who asks, as a dependency of a route that serves everybody."""
    return await find_person(connection)


async def signed_in(connection: HTTPConnection) -> Person:
    """Return who asks, as a dependency of a route for people who are signed in. Raises NotSignedIn."""
    person = await find_person(connection)
    if person is None:
        raise NotSignedIn(ko="로그인이 필요합니다.")
    return person


MaybePerson = Annotated[Person | None, Depends(maybe_person)]
SignedIn = Annotated[Person, Depends(signed_in)]


@contextmanager
def as_person(database: Database, person: Person) -> Iterator[Connection]:
    """Lend a transaction in which the database shows this person's rows alone; it is committed at the end.

    Raises Unavailable.
    """
    try:
        connection = database.engine("atlas_app").connect()
    except OperationalError as error:
        raise away(error) from error
    with connection, connection.begin():
        connection.execute(text("SELECT set_config('atlas.person', :id, true)"), {"id": str(person.id)})
        connection.execute(text("SET LOCAL ROLE atlas_person"))
        yield connection


def own_rows(connection: HTTPConnection, person: SignedIn) -> Iterator[Connection]:
    """Lend a route the transaction of `as_person`; what it wrote is committed before the answer leaves."""
    with as_person(connection.app.state.database, person) as opened:
        yield opened


Own = Annotated[Connection, Depends(own_rows, scope="function")]


def away(error: OperationalError) -> Unavailable:
    """Return what to raise where the database does not answer."""
    return Unavailable(f"the database does not answer: {error.orig}", ko="데이터베이스가 응답하지 않습니다.")
