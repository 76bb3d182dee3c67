"""What the browser tests share: a Chromium, and pages whose console is watched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from scripted_chat import ScriptedAgent, serving

from backend import web_build
from backend.app import create_app
from backend.chat.stream import ChatRuns
from backend.db.engine import Database
from backend.settings import Settings

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


@pytest.fixture(scope="session")
def agent() -> ScriptedAgent:
    """The scripted agent behind `scripted_server`."""
    return ScriptedAgent()


@pytest.fixture(scope="session")
def scripted_server(
    built_page: None, agent: ScriptedAgent, chat_database: Database, settings: Settings
) -> Iterator[str]:
    """The address of the whole application, whose agent follows the scripts of scripted_chat, with a model to be asked."""
    app = create_app(chat_database, settings.model_copy(update={"model": "stub-large"}))
    with serving(app) as address:
        app.state.chat_runs = ChatRuns(agent, recorder=app.state.turns)
        yield address
