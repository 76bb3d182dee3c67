"""HTTP: making an account, signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from sqlalchemy import Connection, text

from backend import problems
from backend.accounts import schemas
from backend.accounts.passwords import verify_password
from backend.accounts.person import Person
from backend.accounts.sessions import LASTS, end_session, open_session
from backend.accounts.signed_in import (
    COOKIE,
    SECURE_COOKIE,
    MaybePerson,
    NotSignedIn,
    Own,
    SignedIn,
    as_person,
    session_code,
)
from backend.accounts.users import create_user, find_user, normalised_email
from backend.visitor import VisitorRoute

router = APIRouter(
    prefix="/api",
    tags=["accounts"],
    route_class=VisitorRoute,
    responses={503: problems.response("The database does not answer")},
)
SIGNED_IN = {401: problems.response("Nobody is signed in")}


class WrongCredentials(NotSignedIn):
    """The e-mail address or the password is wrong."""

    slug = "wrong-credentials"


@router.post("/auth/register", operation_id="register", status_code=202, summary="Make an account")
def register(wish: Annotated[schemas.Registration, Body()], request: Request) -> schemas.Registered:
    """Make an account, unless the address has one. The answer is the same for both, so it tells nobody who has an account."""
    with request.app.state.database.engine("atlas_app").begin() as connection:
        create_user(connection, wish.email, wish.password.get_secret_value(), name=wish.name.strip())
    return schemas.Registered()


@router.post(
    "/auth/login",
    operation_id="login",
    summary="Sign in",
    responses={401: problems.response("The e-mail address or the password is wrong")},
)
def login(given: Annotated[schemas.Credentials, Body()], request: Request, response: Response) -> schemas.Me:
    """Open a session in this browser, as an HttpOnly cookie. A session that the browser had before ends."""
    email = normalised_email(given.email)
    with request.app.state.database.engine("atlas_app").begin() as connection:
        user = find_user(connection, email)
        if not verify_password(given.password.get_secret_value(), user and user.password_hash) or user.disabled_at:
            raise WrongCredentials(ko="이메일 또는 비밀번호가 올바르지 않습니다.")
        _end(connection, request)
        code = open_session(connection, user.id, request.headers.get("user-agent", ""))
    give_cookie(request, response, code)
    return schemas.Me.model_validate(user._mapping)


@router.post("/auth/logout", operation_id="logout", status_code=204, summary="Sign out")
def logout(request: Request, response: Response) -> None:
    """End this browser's session; it is no error if there is none."""
    with request.app.state.database.engine("atlas_app").begin() as connection:
        _end(connection, request)
    for name in (COOKIE, SECURE_COOKIE):
        response.delete_cookie(name, secure=name == SECURE_COOKIE, httponly=True, samesite="lax")


@router.get("/auth/session", operation_id="get_session", summary="Who is signed in in this browser?")
def session(person: MaybePerson, request: Request) -> schemas.Session:
    """Return the account of whoever asks, or null; for pages that serve everybody."""
    if person is None:
        return schemas.Session(person=None)
    with as_person(request.app.state.database, person) as connection:
        return schemas.Session(person=_me(connection, person))


@router.get("/me", operation_id="get_me", summary="One's own account", responses=SIGNED_IN)
def me(person: SignedIn, connection: Own) -> schemas.Me:
    """Return the account of whoever asks."""
    return _me(connection, person)


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


def _me(connection: Connection, person: Person) -> schemas.Me:
    row = connection.execute(text("SELECT id, email, name, role, created_at FROM users")).one_or_none()
    if row is None:
        raise NotSignedIn(ko="로그인이 필요합니다.")
    return schemas.Me.model_validate(row._mapping)


def _end(connection: Connection, request: Request) -> None:
    code = session_code(request)
    if code:
        end_session(connection, code)
