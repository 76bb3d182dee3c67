"""Fixtures of the tests that open the page: a Chromium, and pages whose console is watched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from backend import web_build

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# A failing request is the browser's own message, and what some tests are about.
EXPECTED = "Failed to load resource"

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def built_page() -> None:
    """The browser application, built from its sources as they are."""
    web_build.build(print)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        message = f"THE BROWSER IS MISSING: none of {', '.join(PROGRAMS)} is installed"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, built_page: None) -> Iterator[OpenPage]:
    """A function that opens an address as a person would; the test fails if a page complained in its console."""
    complaints: list[str] = []
    contexts = []

    def open_(address: str, *, width: int = 1280, height: int = 860, phone: bool = False, **options: object) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="ko-KR", is_mobile=phone, has_touch=phone, **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"{message.type}: {message.text}")
                if message.type in ("error", "warning") and not message.text.startswith(EXPECTED)
                else None
            ),
        )
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
