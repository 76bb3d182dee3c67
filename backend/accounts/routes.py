"""HTTP: one's own account, its sessions and its bearer tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Row, text

from backend import problems
from backend.accounts import schemas
from backend.accounts.account import account_of, rename, set_quiet_hours
from backend.accounts.cookies import give_cookie, take_cookie
from backend.accounts.export import exported
from backend.accounts.limits import BY_EXPORTER, BY_SESSION, Tries
from backend.accounts.password_rules import check_new_password
from backend.accounts.passwords import hash_password
from backend.accounts.person import Person
from backend.accounts.sessions import end_sessions, replace_code
from backend.accounts.sign_in import check_password
from backend.accounts.sign_in_routes import LIMITED, Renewable, renew
from backend.accounts.sign_in_routes import router as sign_in_router
from backend.accounts.signed_in import Forbidden, NotSignedIn, Own, SignedIn, SignedInHere
from backend.accounts.tokens import list_tokens, make_token, revoke_token
from backend.accounts.transaction import app_transaction
from backend.accounts.users import delete_user, find_user, set_password
from backend.accounts.waiting_room import COUNTING, HASHING
from backend.errors import AtlasError, NotFound
from backend.visitor import VisitorRoute, forget_browser

router = APIRouter(
    prefix="/api",
    tags=["accounts"],
    route_class=VisitorRoute,
    responses={503: problems.response("The database does not answer, or too much is asked at once")},
)
router.include_router(sign_in_router)
SIGNED_IN = {401: problems.response("Nobody is signed in")}
HERE = {**SIGNED_IN, 403: problems.response("This takes a session: a bearer token may not do it")}
PROVED = {
    **SIGNED_IN,
    403: problems.response("The password is wrong, or this takes a session and not a bearer token"),
    **LIMITED,
}
Id = Annotated[UUID, Path(description="Its id")]


class WrongPassword(AtlasError):
    """The password is wrong."""

    status = HTTPStatus.FORBIDDEN
    slug = "wrong-credentials"
    title_ko = "비밀번호가 다름"


@router.get("/me", operation_id="get_me", summary="One's own account", responses=SIGNED_IN)
def me(person: SignedIn, connection: Own, renewable: Renewable, request: Request, response: Response) -> schemas.Me:
    """Return the account of whoever asks."""
    told = account_of(connection, person.id)
    if told is None:
        raise NotSignedIn(ko="로그인이 필요합니다.")
    if renewable:
        renew(request, response, person)
    return schemas.Me.model_validate(told)


@router.patch("/me", operation_id="change_me", summary="Change one's account", responses=SIGNED_IN)
def change(person: SignedIn, wish: Annotated[schemas.AccountChange, Body()], connection: Own) -> schemas.Me:
    """Change the name or the quiet hours, and return the account."""
    if wish.name is not None:
        rename(connection, person.id, wish.name.strip())
    if "quiet_hours" in wish.model_fields_set:
        set_quiet_hours(connection, person.id, wish.quiet_hours)
    told = account_of(connection, person.id)
    if told is None:
        raise NotSignedIn(ko="로그인이 필요합니다.")
    return schemas.Me.model_validate(told)


@router.post(
    "/me/password", operation_id="change_password", status_code=204, summary="Change the password", responses=PROVED
)
async def change_password(
    person: SignedInHere, wish: Annotated[schemas.PasswordChange, Body()], request: Request, response: Response
) -> None:
    """Change the password. Every other session ends, and this one gets a new code; bearer tokens stay."""
    database, new = request.app.state.database, wish.new.get_secret_value()
    check_new_password(new, email=person.email, name=person.name)
    user = await _proved(request, person, wish.current.get_secret_value())
    new_hash = await HASHING.run(hash_password, new)

    def store() -> str:
        with app_transaction(database) as connection:
            if not set_password(connection, person.id, new_hash, instead_of=user.password_hash):
                raise _wrong()
            end_sessions(connection, person.id, but=person.session)
            return replace_code(connection, person.session)

    give_cookie(request, response, await COUNTING.run(store))


@router.delete(
    "/me",
    operation_id="delete_me",
    status_code=204,
    summary="Delete the account",
    responses={**PROVED, 409: problems.response("It is the last administrator's account")},
)
async def delete(
    person: SignedInHere, farewell: Annotated[schemas.Farewell, Body()], request: Request, response: Response
) -> None:
    """Delete the account with everything that is kept for it, at once and for good."""
    await _proved(request, person, farewell.password.get_secret_value())

    def remove() -> None:
        with app_transaction(request.app.state.database) as connection:
            delete_user(connection, person.id)

    await COUNTING.run(remove)
    take_cookie(response)
    forget_browser(request)


@router.get(
    "/me/export",
    operation_id="export_me",
    summary="All that is kept about one",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "One JSON object, as a file",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        **SIGNED_IN,
        **LIMITED,
    },
)
def export(person: SignedIn, request: Request) -> StreamingResponse:
    """Return everything that is kept about whoever asks as one JSON file: each table with the rows about them.

    Secrets are left out, for nobody can read them: the password, codes and tokens are kept as hashes, addresses sealed.
    """
    database = request.app.state.database
    Tries(database).take([BY_EXPORTER.of(person.id)])
    name = f"etf-atlas-{datetime.now(UTC):%Y%m%d}.json"
    return StreamingResponse(
        exported(database, person),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/me/sessions", operation_id="list_sessions", summary="Where one is signed in", responses=SIGNED_IN)
def sessions(person: SignedIn, connection: Own) -> schemas.LoginSessions:
    """Return the open sessions, the one that was used last first."""
    rows = connection.execute(
        text("""
            SELECT id, device, created_at, seen_at, id IS NOT DISTINCT FROM CAST(:current AS uuid) AS current
            FROM login_sessions
            WHERE expires_at > now()
            ORDER BY seen_at DESC, id
        """),
        {"current": person.session},
    ).mappings()
    return schemas.LoginSessions(items=[schemas.LoginSession.model_validate(dict(row)) for row in rows])


@router.delete(
    "/me/sessions", operation_id="end_other_sessions", status_code=204, summary="Sign out elsewhere", responses=HERE
)
def end_others(person: SignedInHere, connection: Own) -> None:
    """End every session but the one that asks."""
    end_sessions(connection, person.id, but=person.session)


@router.delete(
    "/me/sessions/{session}",
    operation_id="end_session",
    status_code=204,
    summary="End a session",
    responses={**HERE, 404: problems.response("There is no such session")},
)
def end_one(session: Id, person: SignedInHere, connection: Own, request: Request, response: Response) -> None:
    """End one session; with the one that asks, this browser is signed out."""
    if connection.execute(text("DELETE FROM login_sessions WHERE id = :id"), {"id": session}).rowcount == 0:
        raise NotFound("there is no such session", ko="그런 로그인이 없습니다. 이미 끝났을 수 있습니다.")
    if session == person.session:
        take_cookie(response)
        forget_browser(request)


@router.get("/me/tokens", operation_id="list_tokens", summary="One's bearer tokens", responses=SIGNED_IN)
def tokens(person: SignedIn, connection: Own) -> schemas.Tokens:
    """Return the bearer tokens without their secrets, newest first."""
    return schemas.Tokens(items=[schemas.Token.model_validate(row._mapping) for row in list_tokens(connection)])


@router.post(
    "/me/tokens",
    operation_id="make_token",
    status_code=201,
    summary="Make a bearer token",
    responses={**HERE, 409: problems.response("There are as many tokens as one may have")},
)
def add_token(person: SignedInHere, wish: Annotated[schemas.TokenWish, Body()], connection: Own) -> schemas.NewToken:
    """Make a bearer token for a program. It may do what its owner may, but for what concerns the account itself."""
    row, token = make_token(connection, person.id, wish.name.strip(), wish.days)
    return schemas.NewToken.model_validate({**row._mapping, "token": token})


@router.delete(
    "/me/tokens/{token}",
    operation_id="revoke_token",
    status_code=204,
    summary="Revoke a bearer token",
    responses={
        **SIGNED_IN,
        403: problems.response("A bearer token may revoke itself only"),
        404: problems.response("There is no such token"),
    },
)
def remove_token(token: Id, person: SignedIn, connection: Own) -> None:
    """Revoke a bearer token; it opens nothing from then on."""
    if person.token not in (None, token):
        raise Forbidden("a token may revoke itself only", ko="API 토큰으로는 그 토큰 자신만 폐기할 수 있습니다.")
    if not revoke_token(connection, token):
        raise NotFound("there is no such token", ko="그런 토큰이 없습니다. 이미 폐기되었을 수 있습니다.")


async def _proved(request: Request, person: Person, password: str) -> Row[Any]:
    """Return the account of whoever asks if they know its password. Raises WrongPassword, TooMany, Busy, Unavailable."""
    user = await check_password(
        request.app.state.database,
        [BY_SESSION.of(person.session)],
        lambda connection: find_user(connection, person.email),
        password,
    )
    if user is None:
        raise _wrong()
    return user


def _wrong() -> WrongPassword:
    return WrongPassword(ko="비밀번호가 올바르지 않습니다.")
