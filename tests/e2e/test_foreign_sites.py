"""A page of another site, opened in the browser in which somebody is signed in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from backend.accounts.signed_in import COOKIE
from backend.db.engine import Database
from tests.people import Somebody, new_person

PAGE = """
<!doctype html><title>another site</title>
<form method="post" action="{target}/api/auth/logout"><button>send</button></form>
<iframe src="{target}/"></iframe>
<script>
const outcome = async (path, options) => {{
  try {{
    const answer = await fetch('{target}' + path, {{ credentials: 'include', ...options }})
    return answer.type + ' ' + (await answer.text())
  }} catch (error) {{ return 'refused' }}
}}
</script>
"""


@pytest.fixture(scope="module")
def person(sample_database: Database) -> Somebody:
    return new_person(sample_database, name="표시되면 안 되는 이름")


@pytest.fixture(scope="module")
def other_site(live_server: str) -> Iterator[str]:
    """A web server whose name is another one than the application's, so that browsers take it for another site."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE.format(target=live_server).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def foreign_page(
    browser: Browser, built_page: None, live_server: str, other_site: str, person: Somebody
) -> Iterator[Page]:
    """The other site's page, in a browser that is signed in to the application; what is refused may be complained of."""
    context = browser.new_context(locale="ko-KR")
    context.set_default_timeout(10_000)
    context.add_cookies(
        [{"name": COOKIE, "value": person.code, "url": live_server, "httpOnly": True, "sameSite": "Lax"}]
    )
    page = context.new_page()
    page.goto(other_site)
    yield page
    context.close()


def still_signed_in(page: Page, live_server: str) -> bool:
    return page.context.request.get(f"{live_server}/api/me").status == 200


def test_its_form_does_not_sign_anybody_out(foreign_page: Page, live_server: str) -> None:
    foreign_page.get_by_role("button", name="send").click()
    foreign_page.wait_for_url(f"{live_server}/**")
    assert "foreign-page" in foreign_page.content()
    assert still_signed_in(foreign_page, live_server)


def test_its_script_neither_reads_nor_writes(foreign_page: Page, live_server: str) -> None:
    assert foreign_page.evaluate("outcome('/api/me')") == "refused"
    assert foreign_page.evaluate("outcome('/api/me', {mode: 'no-cors'})") in ("opaque ", "refused")
    for options in ("{method: 'POST'}", "{method: 'POST', mode: 'no-cors'}", "{method: 'DELETE'}"):
        assert foreign_page.evaluate(f"outcome('/api/auth/logout', {options})") in ("opaque ", "refused")
    assert still_signed_in(foreign_page, live_server)


def test_it_cannot_show_the_application_in_a_frame(foreign_page: Page, live_server: str) -> None:
    frame = foreign_page.frames[1]
    assert urlsplit(frame.url).netloc != urlsplit(live_server).netloc
    assert frame.locator("#root").count() == 0
