"""The KRX data service: baskets, the list of ETFs, and all prices of a day. It wants an account (data.krx.co.kr)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from backend.collection.sources.krx import statistics
from backend.collection.sources.krx.budget import Budget
from backend.collection.sources.krx.connection import Answer, Connection, Patience, forbidden, refuse_other
from backend.collection.sources.krx.errors import KrxMissing, KrxRefused, KrxUnavailable
from backend.collection.sources.krx.rows import (
    BASKET_FIELDS,
    HELD_FIELDS,
    LISTING_FIELDS,
    PRICE_FIELDS,
    TRADED_FIELDS,
    Holiday,
    check_fields,
    says_nothing,
)
from backend.collection.sources.krx.session_file import SessionFile
from backend.errors import AtlasError

SERVICE = "KRX data service"
ROWS = "output"
LOGGED_OUT = b"LOGOUT"
LET_IN, PASSWORD_EXPIRED = "CD001", "CD010"
Rows = list[dict[str, str]]


class LoggedOut(Exception):
    """There is no session, or KRX has ended it."""


class _Session:
    """What pykrx sends its requests through: our connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.last: Any = None

    def get(self, url: str, **options: Any) -> Answer:
        return self._send("GET", url, options)

    def post(self, url: str, **options: Any) -> Answer:
        return self._send("POST", url, options)

    def _send(self, method: str, url: str, options: dict[str, Any]) -> Answer:
        data = statistics.form(options) if method == "POST" else None
        answer = self._connection.send(method, statistics.path_of(url), data=data, headers=options.get("headers"))
        if answer.content.strip() == LOGGED_OUT:
            raise LoggedOut
        if answer.status in (401, 403):
            raise forbidden(answer)
        refuse_other(answer)
        self.last = answer
        return answer


class DataService:
    """The client of the KRX data service. Each request, also a repeated one or one that logs in, is taken from the budget.

    May be used by several threads.
    """

    def __init__(
        self,
        url: str,
        user: SecretStr | None,
        password: SecretStr | None,
        budget: Budget,
        *,
        folder: Path,
        timeout_s: float = 20,
        patience: Patience | None = None,
    ) -> None:
        self._connection = Connection(SERVICE, url, budget, timeout_s=timeout_s)
        self._user, self._password = user, password
        self._patience = patience or Patience()
        self._file = SessionFile(folder, url, user.get_secret_value()) if user else None
        self._lock = threading.Lock()
        # Grows with each session, so that of many threads that are logged out one logs in.
        self._sessions = 0
        self._in_use: dict[str, str] = {}
        self._refusal: KrxRefused | None = None

    def listing(self) -> Rows:
        """Return one row for each ETF that is listed today. Raises KrxRefused, KrxBudgetSpent, KrxUnavailable."""

        def ask(session: _Session) -> Any:
            return self._rows(statistics.load().listing(session), LISTING_FIELDS, "the list of ETFs")

        rows = self._ask(ask)
        if not rows:
            raise KrxUnavailable(
                f"{SERVICE} sent an empty list of ETFs. Try again later.",
                ko="KRX가 빈 ETF 목록을 보냈습니다. 나중에 다시 시도해 주세요.",
            )
        return rows

    def prices(self, day: date) -> Rows | Holiday:
        """Return one row for each ETF, or Holiday where KRX has none for the day. Raises as `listing` does."""

        def ask(session: _Session) -> Any:
            return self._rows(statistics.load().prices(session, f"{day:%Y%m%d}"), PRICE_FIELDS, "prices")

        rows = self._ask(ask)
        return Holiday(day) if says_nothing(rows, TRADED_FIELDS) else rows

    def basket(self, isin: str, day: date) -> Rows:
        """Return one row for each constituent of an ETF's basket, at least one.

        Raises KrxMissing where KRX has no basket for the day, else as `listing` does.
        """

        def ask(session: _Session) -> Any:
            return self._rows(statistics.load().basket(session, f"{day:%Y%m%d}", isin), BASKET_FIELDS, "a basket")

        rows = self._ask(ask)
        if not rows:
            raise KrxMissing(
                f"KRX has no basket of {isin} on {day}: it sent an empty list.",
                ko=f"KRX에 {isin}의 {day} 구성종목이 없습니다(빈 목록).",
            )
        if says_nothing(rows, HELD_FIELDS):
            raise KrxMissing(
                f"KRX has no basket of {isin} on {day}: it sent rows of dashes, as on a holiday.",
                ko=f"KRX에 {isin}의 {day} 구성종목이 없습니다(휴장일처럼 빈 값).",
            )
        return rows

    def close(self) -> None:
        self._connection.close()
        self._sessions, self._in_use = 0, {}

    def _rows(self, answer: Any, fields: tuple[str, ...], what: str) -> Rows:
        rows = answer.get(ROWS) if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise KrxUnavailable(
                f"{SERVICE} sent {what} as JSON without {ROWS!r}: its answers have changed, so this version of ETF "
                "Atlas cannot read them. Look for a newer version.",
                ko="KRX 데이터 서비스의 응답 형식이 바뀌어 읽을 수 없습니다. ETF Atlas를 새 버전으로 바꿔 주세요.",
            )
        check_fields(rows, fields, what)
        return rows

    def _ask(self, ask: Callable[[_Session], Rows]) -> Rows:
        return self._patience.call(lambda: self._with_session(ask))

    def _with_session(self, ask: Callable[[_Session], Rows]) -> Rows:
        """Ask within a session: a kept one, else a new one, and once more a new one if KRX has ended it."""
        if self._refusal:
            raise KrxRefused(self._refusal.message, ko=self._refusal.ko)
        session = _Session(self._connection)
        logged_in = False
        # At most: without a session, with one that another process kept, with one of our own.
        for _ in range(3):
            seen = self._sessions
            if not seen and self._user:
                logged_in = self._renew(session, seen)
                seen = self._sessions
            try:
                return ask(session)
            except LoggedOut:
                if logged_in:
                    break
            logged_in = self._renew(session, seen)
        raise KrxRefused(
            f"{SERVICE} ended the session right after the log-in (LOGOUT). The account of ATLAS_KRX_ID may be in use "
            "elsewhere: KRX allows one session. Log out there, then run this again.",
            ko="로그인 직후 KRX가 세션을 끊었습니다. 같은 계정을 다른 곳에서 쓰고 있지 않은지 확인한 뒤 다시 실행해 주세요.",
        )

    def _renew(self, session: _Session, seen: int) -> bool:
        """Have another session than the `seen`th; return whether that took a log-in of ours."""
        with self._lock:
            if self._sessions != seen:
                return False
            if self._refusal:
                raise KrxRefused(self._refusal.message, ko=self._refusal.ko)
            if not (self._user and self._password and self._file):
                raise self._remember(_no_account())
            with self._file.locked():
                kept = self._file.read()
                adopts = bool(kept) and kept != self._in_use
                if adopts:
                    self._connection.set_cookies(kept)
                    self._in_use = kept
                else:
                    self._log_in(session, self._user, self._password)
                    self._in_use = self._connection.cookies()
                    self._file.write(self._in_use)
            self._sessions += 1
            return not adopts

    def _log_in(self, session: _Session, user: SecretStr, password: SecretStr) -> None:
        self._connection.set_cookies({})
        failure: AtlasError | None = None
        let_in = False
        try:
            let_in = statistics.load().log_in(session, user.get_secret_value(), password.get_secret_value())
        except LoggedOut:
            failure = KrxUnavailable(
                f"{SERVICE} answers the log-in with LOGOUT.", ko="KRX가 로그인을 받지 않습니다.", passing=True
            )
        except AtlasError as error:
            failure = error.with_traceback(None)
        except (AttributeError, TypeError):
            failure = KrxUnavailable(
                f"{SERVICE} answers the log-in in a form that is not known. Look for a newer version of ETF Atlas.",
                ko="KRX 로그인 응답의 형식이 바뀌었습니다. ETF Atlas를 새 버전으로 바꿔 주세요.",
            )
        if failure:
            # Raised out here, it carries no trace of the request, which holds the password.
            raise failure
        if not let_in:
            answer = session.last.json() if session.last else {}
            raise self._remember(_not_let_in(str(answer.get("_error_code", ""))))

    def _remember(self, refusal: KrxRefused) -> KrxRefused:
        """Keep a refusal: an account is locked after a few wrong passwords, and a thousand ETFs are waiting."""
        self._refusal = refusal
        return refusal


def _no_account() -> KrxRefused:
    return KrxRefused(
        f"{SERVICE} wants a log-in. Set ATLAS_KRX_ID and ATLAS_KRX_PASSWORD to an account of https://data.krx.co.kr "
        "(free of charge).",
        ko="KRX 데이터 서비스에 로그인이 필요합니다. https://data.krx.co.kr 계정을 ATLAS_KRX_ID와 "
        "ATLAS_KRX_PASSWORD에 설정해 주세요.",
    )


def _not_let_in(code: str) -> KrxRefused:
    if code == PASSWORD_EXPIRED:
        return KrxRefused(
            f"{SERVICE} wants the password of the account changed ({code}). Change it at https://data.krx.co.kr and set "
            "ATLAS_KRX_PASSWORD to the new one.",
            ko="KRX가 비밀번호 변경을 요구합니다. https://data.krx.co.kr 에서 바꾼 뒤 ATLAS_KRX_PASSWORD를 고쳐 주세요.",
        )
    return KrxRefused(
        f"{SERVICE} does not let the account in ({code or 'no reason given'}): check ATLAS_KRX_ID and "
        "ATLAS_KRX_PASSWORD by logging in at https://data.krx.co.kr. KRX locks an account after several wrong attempts.",
        ko="KRX 데이터 서비스에 로그인하지 못했습니다. ATLAS_KRX_ID와 ATLAS_KRX_PASSWORD를 https://data.krx.co.kr 에서 "
        "확인해 주세요. 여러 번 틀리면 계정이 잠깁니다.",
    )
