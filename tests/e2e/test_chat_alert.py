"""Setting an alert by chat in a real browser: proposed, confirmed by the person alone, and found on the watchlist."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import OpenPage
from playwright.sync_api import Locator, Page, expect
from scripted_chat import serving

from backend import web_build
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import PASSWORD, Somebody, new_person

pytestmark = pytest.mark.browser

WISH = "KODEX 200에서 2%p 넘게 팔면 디스코드로 알려줘"
SCREENS = Path(os.environ["ATLAS_TEST_SCREENS"]) if os.environ.get("ATLAS_TEST_SCREENS") else None


@pytest.fixture(scope="module")
def address(built_page: None, chat_database: Database, settings: Settings) -> Iterator[str]:
    with serving(create_app(chat_database, settings)) as address:
        yield address


@pytest.fixture
def person(chat_database: Database) -> Somebody:
    return new_person(chat_database, name="김투자")


@pytest.fixture
def watches(address: str, person: Somebody) -> Callable[[], dict[str, Any]]:
    """A function that asks the API what the person watches."""

    def ask() -> dict[str, Any]:
        listed = httpx.get(f"{address}/api/watchlist", headers=person.headers, timeout=10).raise_for_status().json()
        return {item["etf"]["code"]: item for item in listed["items"]}

    return ask


@pytest.fixture
def signed_in(open_page: OpenPage, address: str, person: Somebody) -> Callable[..., Page]:
    """A function that opens the page in a browser in which the person has signed in."""

    def open_(**options: Any) -> Page:
        cookies = [{"name": name, "value": value, "url": address} for name, value in person.cookies.items()]
        return open_page(
            address, storage_state={"cookies": cookies and [_cookie(one, address) for one in cookies]}, **options
        )

    return open_


def _cookie(cookie: dict[str, str], address: str) -> dict[str, Any]:
    host = re.sub(r"^https?://|:\d+$", "", address)
    return {
        "name": cookie["name"], "value": cookie["value"], "domain": host, "path": "/", "expires": -1, "httpOnly": True,
        "secure": False, "sameSite": "Lax",
    }  # fmt: skip


def say(page: Page, words: str) -> None:
    before = page.locator(".turn").count()
    page.get_by_label("질문", exact=True).fill(words)
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(before + 1)
    expect(page.locator(".turn").last).to_have_attribute("data-phase", "finished", timeout=20_000)


def card(page: Page) -> Locator:
    return page.locator(".proposal").last


def look(page: Page, name: str) -> None:
    if SCREENS is not None:
        page.screenshot(path=SCREENS / f"alert-{name}.png", full_page=True)


def test_a_wish_is_set_with_the_card(signed_in: Callable[..., Page], watches: Callable[[], dict[str, Any]]) -> None:
    page = signed_in()
    say(page, WISH)
    expect(card(page).get_by_role("heading", name="KODEX 200의 알림 설정")).to_be_visible()
    expect(card(page).get_by_label("얼마나 바뀌면")).to_have_value("2")
    expect(card(page).get_by_text("웹훅이 없어")).to_be_visible()
    look(page, "open")
    assert watches() == {}

    card(page).get_by_role("checkbox", name="비중 변화").click()
    card(page).get_by_label("얼마나 바뀌면").fill("1.5")
    card(page).get_by_role("checkbox", name="디스코드로도 받기").click()
    card(page).get_by_role("button", name="알림 설정").click()
    expect(card(page).get_by_text("설정했습니다.")).to_be_visible()
    look(page, "set")
    watch = watches()["069500"]
    assert (watch["kinds"], watch["threshold_pp"], watch["discord"]) == (["out", "less", "weight"], 1.5, False)

    page.reload()
    expect(card(page).get_by_role("link", name="관심 목록에서 보고 바꾸기")).to_be_visible()
    expect(card(page).get_by_role("button", name="알림 설정")).to_have_count(0)


def test_yes_sets_it_and_the_card_says_so(
    signed_in: Callable[..., Page], watches: Callable[[], dict[str, Any]]
) -> None:
    page = signed_in(width=390, height=844, phone=True, color_scheme="dark")
    say(page, WISH)
    expect(card(page).get_by_role("button", name="알림 설정")).to_be_visible()
    look(page, "phone-dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    say(page, "네")
    expect(page.locator(".turn").last.locator(".prose")).to_contain_text("설정했습니다.")
    expect(card(page).get_by_text("설정했습니다.")).to_be_visible()
    assert watches()["069500"]["threshold_pp"] == 2
    page.locator(".turn").last.get_by_role("link", name="관심 목록").click()
    expect(page).to_have_url(re.compile(r"/watchlist$"))


def test_no_drops_it(signed_in: Callable[..., Page], watches: Callable[[], dict[str, Any]]) -> None:
    page = signed_in()
    say(page, WISH)
    say(page, "아니요")
    expect(card(page).get_by_text("설정하지 않기로 했습니다.")).to_be_visible()
    say(page, WISH)
    card(page).get_by_role("button", name="그만두기").click()
    expect(card(page).get_by_text("설정하지 않기로 했습니다.")).to_be_visible()
    assert watches() == {}


def test_whoever_has_to_sign_in_first_finds_the_proposal_again(
    open_page: OpenPage, address: str, person: Somebody, watches: Callable[[], dict[str, Any]]
) -> None:
    page = open_page(address)
    say(page, WISH)
    thread = page.url
    look(page, "nobody")
    card(page).get_by_role("link", name="로그인하고 설정").click()
    page.get_by_label("이메일").fill(person.email)
    page.get_by_label("비밀번호", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(thread)
    card(page).get_by_role("button", name="알림 설정").click()
    expect(card(page).get_by_text("설정했습니다.")).to_be_visible()
    assert watches()["069500"]["kinds"] == ["out", "less"]


def test_it_works_with_the_keyboard_alone(
    signed_in: Callable[..., Page], watches: Callable[[], dict[str, Any]]
) -> None:
    page = signed_in()
    say(page, "KODEX 200 비중이 바뀌면 알려줘")
    first = card(page).get_by_role("checkbox", name="신규 편입")
    first.focus()
    page.keyboard.press("Space")
    expect(first).to_be_checked()
    card(page).get_by_role("button", name="알림 설정").focus()
    page.keyboard.press("Enter")
    expect(card(page).get_by_role("status").first).to_contain_text("설정했습니다.")
    assert watches()["069500"]["kinds"] == ["new", "weight"]


def test_alerts_are_switched_off_and_the_reload_knows(
    signed_in: Callable[..., Page], watches: Callable[[], dict[str, Any]], address: str, person: Somebody
) -> None:
    httpx.put(f"{address}/api/watchlist/069500", headers=person.headers, json={}, timeout=10).raise_for_status()
    page = signed_in()
    say(page, "KODEX 200 알림 꺼줘")
    card(page).get_by_role("button", name="알림 끄기").click()
    expect(card(page).get_by_text("알림을 껐습니다.")).to_be_visible()
    assert watches()["069500"]["muted"] is True
    httpx.put(f"{address}/api/watchlist/069500", headers=person.headers, json={"muted": False}, timeout=10)
    page.reload()
    expect(card(page).get_by_text("설정한 뒤에 바뀌었습니다")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_card_keeps_the_rules_of_accessibility(signed_in: Callable[..., Page], scheme: str, width: int) -> None:
    page = signed_in(width=width, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate((web_build.WEB / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))

    def violations() -> list[str]:
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
        found = page.evaluate("rules => axe.run('.proposal', {runOnly: rules})", rules)["violations"]
        return [f"{rule['id']}: {node['html'][:150]}" for rule in found for node in rule["nodes"]]

    say(page, "KODEX 200 비중이 1%p 이상 바뀌거나 괴리율이 2% 넘으면 디스코드로 알려줘")
    expect(card(page).get_by_role("button", name="알림 설정")).to_be_visible()
    assert violations() == []
    card(page).get_by_role("button", name="알림 설정").click()
    expect(card(page).get_by_text("설정했습니다.")).to_be_visible()
    assert violations() == []
