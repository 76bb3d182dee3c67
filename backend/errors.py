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
