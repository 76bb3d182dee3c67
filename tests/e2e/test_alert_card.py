"""Alerts in the bell: told to their person at once, in every tab and on every device, and to nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from alert_events import ETF, OTHER_ETF, new_watcher, row, tell_alert
from people import PASSWORD, Somebody, new_person
from playwright.sync_api import Locator, Page, expect
from scripted_chat import XSS
from sqlalchemy import text

from backend.db.engine import Database
from backend.notifications.unsubscribing import UnsubscribeLinks, Watch
from backend.settings import Settings

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Tell = Callable[..., None]


@pytest.fixture
def somebody(chat_database: Database) -> Somebody:
    """A person who watches KODEX 200."""
    return new_watcher(chat_database)


@pytest.fixture
def tell(chat_database: Database) -> Tell:
    """A function that commits an alert for a person, as a load does."""
    return partial(tell_alert, chat_database)


def muted(database: Database, somebody: Somebody) -> bool:
    with database.engine("atlas_app").connect() as connection:
        return connection.scalar(text("SELECT muted FROM watchlist WHERE person = :id"), {"id": somebody.id})


def give_session(page: Page, site: str, somebody: Somebody) -> None:
    page.context.add_cookies([{"name": name, "value": code, "url": site} for name, code in somebody.cookies.items()])


def followed(page: Page) -> Page:
    """Wait until the page follows the stream as the person, and give it."""
    expect(page.locator(".account-button")).to_be_visible()
    page.locator(".bell").click()
    expect(page.get_by_role("button", name="내 알림")).to_be_visible()
    expect(page.get_by_text("알림을 불러오는 중…")).to_have_count(0)
    expect(page.get_by_text("실시간 연결이 끊겨")).to_have_count(0)
    page.get_by_role("button", name="닫기").click()
    return page


def as_person(page: Page, site: str, somebody: Somebody, path: str = "/") -> Page:
    give_session(page, site, somebody)
    page.goto(site + path)
    return followed(page)


def count(page: Page) -> Locator:
    return page.locator(".bell-count")


def test_an_alert_is_told_at_once_and_tells_trades_from_prices(
    open_page: OpenPage, scripted_server: str, somebody: Somebody, tell: Tell
) -> None:
    page = as_person(open_page(scripted_server), scripted_server, somebody)
    tell(somebody.id)
    toast = page.locator(".arrival-card")
    expect(toast).to_have_text("KODEX 200: 삼성전자 매수 외 15건", timeout=2_000)
    expect(count(page)).to_have_text("1")
    toast.click()
    card = page.locator(".notification.alert").first
    expect(card).to_have_attribute("data-unread", "true")
    expect(card).to_contain_text(re.compile("7월 8일 · 7월 6일과 비교"))
    expect(card).to_contain_text("7월 7일의 구성종목 자료가 없어")
    groups = {"매수": ("추가 매수", "신규 편입"), "매도": ("일부 매도", "편출"), "비중 변화": ("리노공업", "+1.21%p")}
    for title, said in groups.items():
        group = card.locator("section").filter(has=page.get_by_role("heading", name=title, exact=True))
        for words in said:
            expect(group).to_contain_text(words)
    for before, after in (
        ("20.10%", "21.35%"),
        ("0.35%", "1.20%"),
        ("0.45%", "0.15%"),
        ("KODEX 200", "KODEX 코스피200"),
    ):
        expect(card).to_contain_text(re.compile(rf"{before}\s*→\s*에서\s*{after}"))
    for said in ("기준 1.00%를 넘음", "매매 8건 더 있음"):
        expect(card).to_contain_text(said)
    page.keyboard.press("Escape")
    expect(count(page)).to_have_count(0)
    page.locator(".bell").click()
    card.get_by_role("link", name="KODEX 200", exact=True).click()
    page.wait_for_url(f"{scripted_server}/etf/069500")


def test_nobody_else_hears_of_it(
    open_page: OpenPage, scripted_server: str, chat_database: Database, somebody: Somebody, tell: Tell
) -> None:
    other = new_person(chat_database)
    pages = [open_page(scripted_server), as_person(open_page(scripted_server), scripted_server, other)]
    told = as_person(open_page(scripted_server), scripted_server, somebody)
    tell(somebody.id)
    expect(count(told)).to_have_text("1")
    for page in pages:
        expect(count(page)).to_have_count(0)
        page.locator(".bell").click()
        expect(page.get_by_text("알림을 불러오는 중…")).to_have_count(0)
        expect(page.locator(".notification.alert")).to_have_count(0)


def test_a_stock_leads_to_the_question_of_who_else_did_so(
    open_page: OpenPage, scripted_server: str, somebody: Somebody, tell: Tell
) -> None:
    page = as_person(open_page(scripted_server), scripted_server, somebody)
    tell(somebody.id)
    page.locator(".arrival-card").click()
    page.locator(".notification.alert").first.get_by_role("button", name="SK하이닉스").click()
    expect(page.locator(".turn").last).to_contain_text("2026년 7월 8일에 SK하이닉스를 판 액티브 ETF는?")


def test_the_alerts_of_an_etf_are_switched_off_from_the_card_and_on_again(
    open_page: OpenPage, scripted_server: str, chat_database: Database, somebody: Somebody, tell: Tell
) -> None:
    tell(somebody.id)
    page = as_person(open_page(scripted_server), scripted_server, somebody)
    page.locator(".bell").click()
    card = page.locator(".notification.alert").first
    card.get_by_role("button", name="이 ETF 알림 끄기: KODEX 200").click()
    expect(card.get_by_text("알림을 껐습니다.")).to_be_visible()
    assert muted(chat_database, somebody)
    card.get_by_role("button", name="되돌리기: KODEX 200").click()
    expect(card.get_by_role("button", name="이 ETF 알림 끄기: KODEX 200")).to_be_visible()
    assert not muted(chat_database, somebody)


def test_what_is_read_on_one_device_is_read_on_the_other(
    open_page: OpenPage, scripted_server: str, somebody: Somebody, tell: Tell
) -> None:
    desk = as_person(open_page(scripted_server), scripted_server, somebody)
    phone = as_person(open_page(scripted_server, width=390, phone=True), scripted_server, somebody)
    second_tab = desk.context.new_page()
    second_tab.goto(scripted_server)
    tell(somebody.id)
    for page in (desk, second_tab, phone):
        expect(count(page)).to_have_text("1")
    phone.locator(".bell").click()
    for page in (desk, second_tab, phone):
        expect(count(page)).to_have_count(0)


def test_ones_own_alerts_can_be_looked_at_alone(
    open_page: OpenPage, scripted_server: str, somebody: Somebody, tell: Tell, collected: Callable[..., date]
) -> None:
    tell(somebody.id)
    collected()
    page = open_page(scripted_server)
    give_session(page, scripted_server, somebody)
    page.goto(scripted_server)
    expect(count(page)).not_to_have_count(0)
    page.locator(".bell").click()
    # What is unread and one's own is shown first.
    expect(page.get_by_role("button", name="내 알림")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".notification.alert")).to_have_count(1)
    expect(page.locator(".notification")).to_have_count(1)
    collected()
    tell(somebody.id, etf=OTHER_ETF)
    expect(page.locator(".notification")).to_have_count(2)
    page.get_by_role("button", name="전체").click()
    expect(page.locator(".notification:not(.alert)").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".bell").click()
    expect(page.get_by_role("button", name="전체")).to_have_attribute("aria-pressed", "true")


def test_an_open_page_hears_of_its_person_after_they_sign_in_and_of_nobody_after_they_have_gone(
    open_page: OpenPage, scripted_server: str, somebody: Somebody, tell: Tell
) -> None:
    first = open_page(scripted_server)
    expect(first.get_by_role("link", name="로그인")).to_be_visible()
    second = first.context.new_page()
    second.goto(f"{scripted_server}/login")
    second.get_by_label("이메일", exact=True).fill(somebody.email)
    second.get_by_label("비밀번호", exact=True).fill(PASSWORD)
    second.keyboard.press("Enter")
    second.wait_for_url(f"{scripted_server}/")
    followed(first)
    tell(somebody.id)
    for page in (first, second):
        expect(count(page)).to_have_text("1")
    first.locator(".bell").click()
    expect(first.locator(".notification.alert")).to_have_count(1)
    second.locator(".account-button").click()
    second.get_by_role("button", name="로그아웃", exact=True).click()
    tell(somebody.id, etf=OTHER_ETF)
    for page in (first, second):
        expect(page.get_by_role("link", name="로그인")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.locator(".bell").click()
        expect(page.get_by_text("알림을 불러오는 중…")).to_have_count(0)
        expect(page.locator(".notification.alert")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(count(page)).to_have_count(0)


def test_names_are_text_and_nothing_else(
    open_page: OpenPage, scripted_server: str, somebody: Somebody, tell: Tell
) -> None:
    page = as_person(open_page(scripted_server), scripted_server, somebody)
    hostile = {**ETF, "name": XSS}
    tell(somebody.id, etf=hostile, trades=[row(XSS, "new", None, 1, 1)], name={"before": XSS, "after": XSS})
    page.locator(".arrival-card").click()
    expect(page.locator(".notification.alert").first).to_contain_text("<img src=x")
    assert page.evaluate("window.hacked") is None


def test_a_link_of_discord_switches_the_alerts_off_by_being_opened(
    open_page: OpenPage, scripted_server: str, chat_database: Database, settings: Settings, somebody: Somebody
) -> None:
    token = UnsubscribeLinks(settings).token(Watch(somebody.id, ETF["code"]))
    page = open_page(f"{scripted_server}/unsubscribe#{token}")
    expect(page.get_by_role("heading", name="KODEX 200 알림을 껐습니다")).to_be_visible()
    assert muted(chat_database, somebody)
    page.get_by_role("button", name="되돌리기").click()
    expect(page.get_by_role("heading", name="KODEX 200 알림을 다시 켰습니다")).to_be_visible()
    assert not muted(chat_database, somebody)
    expect(page.locator(".unsubscribe").get_by_role("link", name="관심 목록")).to_have_attribute("href", "/watchlist")
    page.goto(f"{scripted_server}/unsubscribe#{token[:-2]}")
    expect(page.get_by_role("heading", name="이 링크로는 알림을 끌 수 없습니다")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_an_alert_fits_a_phone(
    open_page: OpenPage, scripted_server: str, somebody: Somebody, tell: Tell, width: int, scheme: str
) -> None:
    page = open_page(scripted_server, width=width, phone=True, color_scheme=scheme)
    as_person(page, scripted_server, somebody)
    tell(somebody.id)
    expect(page.locator(".arrival-card")).to_be_in_viewport(ratio=1)
    page.locator(".arrival-card").click()
    panel = page.get_by_role("list", name="알림 목록")
    expect(panel.locator(".notification.alert")).to_be_visible()
    assert panel.evaluate("list => list.scrollWidth <= list.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
