"""nginx serves the page from files, and has to tell browsers what the backend tells them."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from backend.security_headers import SecurityHeaders

LOCATIONS = Path(__file__).parents[2] / "docker" / "web" / "locations.conf"
OF_FILES = {"cache-control"}


def test_nginx_sends_the_page_with_the_headers_of_the_backend() -> None:
    page = re.search(r"location / \{(.*?)\n\}", LOCATIONS.read_text(encoding="utf-8"), re.DOTALL)
    assert page is not None
    sent = {
        name.lower(): value.strip('"') for name, value in re.findall(r"add_header (\S+) (.*);", page[1])
    }  # fmt: skip
    answer = TestClient(SecurityHeaders(Starlette())).get("/")
    of_middleware = {
        name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")
    }
    assert {name: value for name, value in sent.items() if name not in OF_FILES} == of_middleware
