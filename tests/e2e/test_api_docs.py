"""The description of the API in the browser."""

from __future__ import annotations

from browser import OpenPage


def test_the_description_comes_from_this_server_alone_and_can_be_tried(open_page: OpenPage, live_server: str) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_server}/docs")
    health = page.locator(".opblock", has=page.locator('[data-path="/api/health"]'))
    health.locator(".opblock-summary").click()
    health.get_by_role("button", name="Try it out").click()
    health.get_by_role("button", name="Execute").click()
    health.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
    assert asked
    assert all(url.startswith((f"{live_server}/", "data:", "blob:")) for url in asked), asked
