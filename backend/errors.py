"""The errors that ETF Atlas raises on purpose.

Every error carries an English message for logs and the terminal, and a Korean sentence (`ko`) for people in the
browser. A class's docstring is its default message.
"""

from __future__ import annotations

import inspect
from http import HTTPStatus


class AtlasError(Exception):
    """Something went wrong inside ETF Atlas."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    slug: str = "internal-error"
    title_ko: str = "내부 오류"

    def __init__(self, message: str | None = None, *, ko: str | None = None, **extra: object) -> None:
        self.message = message or inspect.cleandoc(type(self).__doc__ or AtlasError.__doc__ or "")
        self.ko = ko or self.message
        self.extra = extra
        self.headers: dict[str, str] = {}
        super().__init__(self.message)


class InvalidInput(AtlasError):
    """The input cannot be used as it is."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "invalid-input"
    title_ko = "잘못된 입력"


class NotFound(AtlasError):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND
    slug = "not-found"
    title_ko = "찾을 수 없음"


class Conflict(AtlasError):
    """The request contradicts what is already there."""

    status = HTTPStatus.CONFLICT
    slug = "conflict"
    title_ko = "충돌"


class Unavailable(AtlasError):
    """A part that this needs does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "unavailable"
    title_ko = "지금은 사용할 수 없음"


class Busy(Unavailable):
    """Too much is asked for at once; a little later there is room again."""

    slug = "busy"
    title_ko = "잠시 붐빔"

    def __init__(self, message: str | None = None, *, ko: str | None = None, retry_after_s: int = 5) -> None:
        super().__init__(message, ko=ko or "지금 요청이 몰려 있습니다. 잠시 뒤에 다시 시도하세요.")
        self.headers["Retry-After"] = str(retry_after_s)


class TooMany(AtlasError):
    """Tried too often; `retry_after_s` is the number of seconds to wait."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    slug = "too-many-tries"
    title_ko = "너무 잦은 시도"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"tried too often: try again in {retry_after_s} s",
            ko=f"시도가 너무 많았습니다. {_waiting_ko(retry_after_s)} 뒤에 다시 시도하세요.",
        )
        self.headers["Retry-After"] = str(retry_after_s)


class QueryRefused(AtlasError):
    """The query was refused before it ran."""

    status = HTTPStatus.BAD_REQUEST
    slug = "query-refused"
    title_ko = "거절된 질의"

    @property
    def advice(self) -> str:
        """What to write instead, for whoever wrote the query."""
        return str(self.extra.get("advice", ""))


class QueryFailed(AtlasError):
    """The database could not run the query."""

    status = HTTPStatus.BAD_REQUEST
    slug = "query-failed"
    title_ko = "실패한 질의"


class DatabaseSetupError(Unavailable):
    """The database could not be set up."""

    slug = "database-setup"
    title_ko = "데이터베이스 준비 실패"


class LoadError(InvalidInput):
    """The market data could not be loaded."""

    slug = "load-failed"
    title_ko = "적재 실패"


def _waiting_ko(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}초"
    minutes = -(-seconds // 60)
    return f"{minutes}분" if minutes < 60 else f"{-(-minutes // 60)}시간"
