"""Who may use the endpoints for programs: everybody, or whoever knows the key of ATLAS_API_KEY."""

from __future__ import annotations

import hashlib
import secrets
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers

from backend.errors import AtlasError
from backend.settings import Settings


class KeyRequired(AtlasError):
    """This endpoint wants the key of ATLAS_API_KEY as a bearer token."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "invalid_api_key"
    title_ko = "키가 필요함"


def allowed(headers: Headers, settings: Settings) -> bool:
    """Whether a request brings the key, where one is set."""
    if settings.api_key is None:
        return True
    return secrets.compare_digest(_bearer(headers).encode(), settings.api_key.get_secret_value().encode())


def check_key(request: Request) -> None:
    """Raise KeyRequired unless the request brings the key."""
    if not allowed(request.headers, request.app.state.settings):
        raise KeyRequired(ko="올바른 API 키가 필요합니다.")


def asker(request: Request) -> str:
    """Whom a model's tokens are counted for: the holder of a key, or an address."""
    if request.app.state.settings.api_key is not None:
        return "key:" + hashlib.sha256(_bearer(request.headers).encode()).hexdigest()[:16]
    return f"address:{request.client.host if request.client else 'unknown'}"


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
