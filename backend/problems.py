"""Errors as RFC 9457 problem documents, with a Korean `detail` for people."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from backend.errors import AtlasError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TITLES = {404: "찾을 수 없음", 405: "허용되지 않는 방법", 422: "잘못된 입력"}


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="URI reference of the kind of problem", examples=["/problems/not-found"])
    title: str = Field(description="The kind of problem, in Korean", examples=["찾을 수 없음"])
    status: int = Field(description="HTTP status code", examples=[404])
    detail: str = Field(description="What went wrong and what to do, in Korean")
    instance: str = Field(description="Path of the request")


def response(description: str) -> dict[str, Any]:
    """Return the OpenAPI entry of one kind of problem answer."""
    return {
        "description": description,
        "model": Problem,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


RESPONSES: dict[int | str, dict[str, Any]] = {422: response("The request cannot be used as it is")}


def install(app: FastAPI) -> None:
    """Turn every error of the application into a problem document."""

    @app.exception_handler(AtlasError)
    async def atlas_error(request: Request, error: AtlasError) -> JSONResponse:
        if error.status >= 500:
            log.error("request failed", path=request.url.path, error=error.message)
        return document(request, error)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"where": ".".join(str(part) for part in e["loc"]), "what": e["msg"]} for e in error.errors()]
        where = ", ".join(item["where"] for item in errors)
        return _document(
            request, 422, "invalid-input", TITLES[422], f"요청을 이해할 수 없습니다: {where}", {"errors": errors}
        )

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        title = TITLES.get(error.status_code, "요청을 처리할 수 없음")
        answer = _document(
            request, error.status_code, f"http-{error.status_code}", title, f"{title}: {request.url.path}", {}
        )
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.exception("unexpected error", path=request.url.path, exc_info=error)
        return _document(
            request, 500, "internal-error", "내부 오류", "예상하지 못한 오류가 났습니다. 서버 기록을 확인하세요.", {}
        )


def document(request: Request, error: AtlasError) -> JSONResponse:
    """Return the problem document of an error; for middleware, where no handler is reached."""
    answer = _document(request, int(error.status), error.slug, error.title_ko, error.ko, error.extra)
    answer.headers.update(error.headers)
    return answer


def _document(request: Request, status: int, slug: str, title: str, detail: str, extra: dict[str, Any]) -> JSONResponse:
    body = {
        **extra,
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    return JSONResponse(body, status, media_type=MEDIA_TYPE)
