"""What tests of accounts do over HTTP, as a page does it, and what they look up or change past it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
from prometheus_client import REGISTRY
from sqlalchemy import text

from backend.db.engine import Database
from tests.people import PASSWORD

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)


def new_email() -> str:
    """Return an address that nobody has."""
    return f"{uuid4().hex[:12]}@example.com"


def register(client: Any, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """Make an account."""
    return client.post("/api/auth/register", json={"email": email, "password": password, **more})


def login(client: Any, email: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    """Sign in; the client keeps the cookies."""
    return client.post("/api/auth/login", json={"email": email, "password": password}, headers=headers)


def signed_up(client: Any, **more: str) -> str:
    """Make an account and sign in to it; returns its address."""
    email = new_email()
    assert register(client, email, **more).status_code == 202
    assert login(client, email).status_code == 200
    return email


def execute(database: Database, statement: str, **values: object) -> list[Any]:
    """Run a statement as atlas_app and return its rows."""
    with database.engine("atlas_app").begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def hashes_computed() -> float:
    """Return how often this process has computed argon2id so far."""
    return REGISTRY.get_sample_value("atlas_password_hashes_total")
