"""HTTP: making an account, signing in and out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response

from backend import problems
from backend.accounts import schemas
from backend.accounts.account import account_of
from backend.accounts.cookies import give_cookie, take_cookie
from backend.accounts.device_words import device_words
from backend.accounts.devices import known_device, remember_device
from backend.accounts.limits import Tries, network_of, registrations
from backend.accounts.password_rules import check_new_password
from backend.accounts.passwords import hash_password
from backend.accounts.person import Person
from backend.accounts.sessions import end_session, renew_session
from backend.accounts.sign_in import address_to_find, check_password, counted_for, sign_in
from backend.accounts.signed_in import Forbidden, MaybePerson, NotSignedIn, is_renewable, session_code
from backend.accounts.transaction import app_transaction
from backend.accounts.users import create_user, find_user, normalised_email
from backend.accounts.waiting_room import COUNTING, HASHING
from backend.errors import Busy
from backend.visitor import Browser, VisitorRoute, forget_browser

router = APIRouter(prefix="/auth", route_class=VisitorRoute)
LIMITED = {429: problems.response("Tried too often; Retry-After says in how many seconds to try again")}
Renewable = Annotated[bool, Depends(is_renewable)]


class WrongCredentials(NotSignedIn):
    """The e-mail address or the password is wrong."""

    slug = "wrong-credentials"

    def __init__(self) -> None:
        super().__init__(ko="이메일 또는 비밀번호가 올바르지 않습니다.")


class RegistrationClosed(Forbidden):
    """Accounts are made by the administrator: `./atlas user add`."""

    status = HTTPStatus.FORBIDDEN
    slug = "registration-closed"
    title_ko = "가입할 수 없음"


@router.post(
    "/register",
    operation_id="register",
    status_code=202,
    summary="Make an account",
    responses={403: problems.response("Only the administrator makes accounts here"), **LIMITED},
)
async def register(
    wish: Annotated[schemas.Registration, Body()], request: Request, person: MaybePerson, browser: Browser
) -> schemas.Registered:
    """Make an account, unless the address has one. The answer is the same for both, so it tells nobody who has an account."""
    state = request.app.state
    if state.settings.registration == "closed":
        raise RegistrationClosed(ko="가입이 닫혀 있습니다. 관리자에게 계정을 요청하세요.")
    email, name, password = normalised_email(wish.email), wish.name.strip(), wish.password.get_secret_value()
    check_new_password(password, email=email, name=name)
    tries = Tries(state.database)
    counted = [
        registrations(state.settings.registrations_per_hour).of(network_of(request.client and request.client.host))
    ]
    await COUNTING.run(tries.take, counted)
    try:
        password_hash = await HASHING.run(hash_password, password)
    except Busy:
        await COUNTING.run(tries.give_back, counted)
        raise

    def create() -> None:
        with app_transaction(state.database) as connection:
            create_user(connection, email, password_hash, name=name, browser=None if person else browser)

    await COUNTING.run(create)
    return schemas.Registered()


@router.post(
    "/login",
    operation_id="login",
    summary="Sign in",
    responses={401: problems.response("The e-mail address or the password is wrong"), **LIMITED},
)
async def login(
    given: Annotated[schemas.Credentials, Body()], request: Request, response: Response, browser: Browser
) -> schemas.Me:
    """Open a session in this browser, as an HttpOnly cookie. A session that the browser had before ends."""
    database, email = request.app.state.database, address_to_find(given.email)
    counted = counted_for(request.client and request.client.host, email, known_device(request, email))
    password = given.password.get_secret_value()
    user = await check_password(database, counted, lambda connection: find_user(connection, email), password)
    if user is None:
        raise WrongCredentials

    def open_one() -> tuple[str | None, dict[str, Any] | None]:
        device, before = device_words(request.headers.get("user-agent", "")), session_code(request)
        with app_transaction(database) as connection:
            code = sign_in(connection, user, device=device, before=before, browser=browser)
            return code, account_of(connection, user.id)

    code, me = await COUNTING.run(open_one)
    if code is None or me is None:
        raise WrongCredentials
    give_cookie(request, response, code)
    remember_device(request, response, email)
    return schemas.Me.model_validate(me)


@router.post("/logout", operation_id="logout", status_code=204, summary="Sign out")
def logout(request: Request, response: Response) -> None:
    """End this browser's session; it is no error if there is none. The browser is another visitor from then on."""
    code = session_code(request)
    if code is None:
        return
    with app_transaction(request.app.state.database) as connection:
        end_session(connection, code)
    take_cookie(response)
    forget_browser(request)


@router.get("/session", operation_id="get_session", summary="Who is signed in in this browser?")
def session(person: MaybePerson, renewable: Renewable, request: Request, response: Response) -> schemas.Session:
    """Return the account of whoever asks, or null; for pages that serve everybody.

    Pages ask this when they open, so it is here that a session in use gets a new code from time to time.
    """
    state = request.app.state
    me = None
    if person:
        with app_transaction(state.database) as connection:
            me = account_of(connection, person.id)
        if me and renewable:
            renew(request, response, person)
    return schemas.Session(person=me and schemas.Me.model_validate(me), registration=state.settings.registration)


def renew(request: Request, response: Response, person: Person) -> None:
    """Give a session that is due for it a new code."""
    shown = session_code(request)
    if person.session and shown:
        with app_transaction(request.app.state.database) as connection:
            code = renew_session(connection, person.session, shown)
        if code:
            give_cookie(request, response, code)
