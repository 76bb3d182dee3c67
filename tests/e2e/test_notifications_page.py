"""The bell: what was collected is told at once in every tab, and after a sleep, a lost network and a restarted server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from breakable_connection import BreakableConnection
from fastapi import FastAPI
from playwright.sync_api import Locator, Page, expect
from scripted_chat import XSS, serving

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
Collected = Callable[..., date]


@pytest.fixture
def application(chat_database: Database, settings: Settings) -> FastAPI:
    """The whole application, before it is served."""
    return create_app(chat_database, settings)


@pytest.fixture
def connection(scripted_server: str) -> Iterator[BreakableConnection]:
    """A way to the scripted server that can be cut."""
    with BreakableConnection(int(scripted_server.rsplit(":", 1)[1])) as breakable:
        yield breakable


def bell(page: Page) -> Locator:
    return page.locator(".bell")


def count(page: Page) -> Locator:
    return page.locator(".bell-count")


def said(day: date) -> str:
    return f"{day.month}월 {day.day}일 시장 자료가 들어왔습니다"


def ready(page: Page) -> Page:
    """Wait until the page follows the stream, and give it."""
    bell(page).click()
    expect(page.get_by_text("알림을 불러오는 중…")).to_have_count(0)
    expect(page.get_by_text("실시간 연결이 끊겨")).to_have_count(0)
    page.get_by_role("button", name="닫기").click()
    return page


def test_a_newcomer_has_nothing_unread(open_page: OpenPage, scripted_server: str, collected: Collected) -> None:
    day = collected()
    page = ready(open_page(scripted_server))
    expect(count(page)).to_have_count(0)
    bell(page).click()
    expect(page.locator(".notification").first).to_contain_text(said(day))


def test_a_collection_is_told_at_once_and_shows_what_changed(
    open_page: OpenPage, scripted_server: str, collected: Collected
) -> None:
    page = ready(open_page(scripted_server))
    day = collected()
    expect(page.locator(".arrival-card")).to_contain_text(said(day), timeout=1_000)
    expect(count(page)).to_have_text("1")
    page.locator(".arrival-card").click()
    card = page.locator(".notification").first
    expect(card).to_have_attribute("data-unread", "true")
    expect(card).to_contain_text("ETF 921개 · 구성종목 59,012건 · 시세 1,001건 · 매매 812건")
    for title, rest in (("새로 담긴 종목", "외 28종목"), ("빠진 종목", ""), ("액티브 ETF가 산 종목", "")):
        section = card.locator(".movement").filter(has=page.get_by_role("heading", name=title, exact=True))
        expect(section).to_contain_text("삼성전자")
        expect(section).to_contain_text(rest)
    card.get_by_text("수집되지 않은 ETF 1개").click()
    expect(card.get_by_text("KODEX 200 답이 오지 않음")).to_be_visible()
    page.keyboard.press("Escape")
    expect(count(page)).to_have_count(0)
    page.reload()
    ready(page)
    expect(count(page)).to_have_count(0)


def test_a_stock_leads_to_the_question_of_who_moved_it(
    open_page: OpenPage, scripted_server: str, collected: Collected
) -> None:
    page = ready(open_page(scripted_server))
    day = collected()
    page.locator(".arrival-card").click()
    bought = page.locator(".notification").first.locator("[data-movement=bought]")
    bought.get_by_role("button", name=re.compile("한미반도체")).click()
    expect(page.locator(".turn").last).to_contain_text(
        f"{day.year}년 {day.month}월 {day.day}일에 한미반도체를 산 액티브 ETF는?"
    )


def test_every_tab_hears_it_once_over_one_stream_and_reading_in_one_is_reading_in_all(
    open_page: OpenPage, chat_database: Database, application: FastAPI, collected: Collected, built_page: None
) -> None:
    with serving(application) as address:
        first = ready(open_page(address))
        tabs = [first, *(first.context.new_page() for _ in range(7))]
        for tab in tabs[1:]:
            tab.goto(address)
        collected()
        for tab in tabs:
            expect(count(tab)).to_have_text("1")
        assert application.state.hub.clients == 1
        # The tab that listened goes; another takes its place and misses nothing.
        first.close()
        collected()
        for tab in tabs[1:]:
            expect(count(tab)).to_have_text("2")
        bell(tabs[3]).click()
        for tab in tabs[1:]:
            expect(count(tab)).to_have_count(0)
        assert application.state.hub.clients == 1


def test_an_announcement_can_be_put_aside_and_stays_unread(
    open_page: OpenPage, scripted_server: str, collected: Collected
) -> None:
    page = ready(open_page(scripted_server))
    collected()
    page.get_by_role("button", name="나중에 보기").click()
    expect(page.locator(".arrival-card")).to_have_count(0)
    expect(count(page)).to_have_text("1")


def test_what_came_while_the_network_was_away_is_told_when_it_is_back(
    open_page: OpenPage, connection: BreakableConnection, collected: Collected
) -> None:
    page = ready(open_page(connection.address))
    connection.block()
    days = [collected() for _ in range(3)]
    connection.allow()
    expect(count(page)).to_have_text("3", timeout=20_000)
    bell(page).click()
    for card, day in zip(page.locator(".notification").all(), reversed(days), strict=False):
        expect(card).to_contain_text(said(day))


def test_what_was_committed_while_the_server_was_down_is_told_once_it_is_up_again(
    open_page: OpenPage, chat_database: Database, settings: Settings, collected: Collected, built_page: None
) -> None:
    with serving(create_app(chat_database, settings)) as address:
        page = ready(open_page(address))
    collected()
    bell(page).click()
    expect(page.get_by_text("실시간 연결이 끊겨 다시 연결하는 중입니다.")).to_be_visible()
    page.keyboard.press("Escape")
    with serving(create_app(chat_database, settings), int(address.rsplit(":", 1)[1])):
        expect(count(page)).to_have_text("1", timeout=20_000)
        day = collected()
        expect(count(page)).to_have_text("2")
        bell(page).click()
        expect(page.locator(".notification").first).to_contain_text(said(day))
        assert page.locator(".notification[data-unread]").count() == 2
        # The open drawer marks as read what it shows, before the server goes.
        expect(count(page)).to_have_count(0)


def test_a_computer_that_slept_asks_what_it_missed(
    open_page: OpenPage, connection: BreakableConnection, collected: Collected
) -> None:
    page = ready(open_page(connection.address))
    # A page that is put aside is told nothing: its timers and its connection stand still.
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    connection.cut()
    collected()
    session.send("Page.setWebLifecycleState", {"state": "active"})
    expect(count(page)).to_have_text("1", timeout=20_000)


def test_many_days_at_once_are_one_announcement_and_older_ones_are_a_click_away(
    open_page: OpenPage, scripted_server: str, collected: Collected
) -> None:
    page = ready(open_page(scripted_server))
    days = [collected(new=[], out=[], bought=[], sold=[], gaps=0) for _ in range(25)]
    expect(page.locator(".arrival-card")).to_contain_text("시장 자료 25일치가 들어왔습니다")
    expect(count(page)).to_have_text("25")
    page.reload()
    bell(page).click()
    expect(page.locator(".notification")).to_have_count(20)
    page.get_by_role("button", name="지난 알림 더 보기").click()
    expect(page.locator(".notification").nth(24)).to_contain_text(said(days[0]))


def test_names_are_text_and_nothing_else(open_page: OpenPage, scripted_server: str, collected: Collected) -> None:
    page = ready(open_page(scripted_server))
    collected(
        new=[{"code": "X", "name": XSS, "etfs": 1, "active": 0}], missing=[{"code": "Y", "name": XSS, "reason": XSS}]
    )
    page.locator(".arrival-card").click()
    expect(page.locator(".notification").first).to_contain_text("<img src=x")
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_header_and_the_list_fit_every_screen(
    open_page: OpenPage, scripted_server: str, collected: Collected, width: int
) -> None:
    page = ready(open_page(scripted_server, width=width, phone=width < 500))
    page.get_by_label("질문", exact=True).fill("삼성전자를 가장 많이 담은 ETF는?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="새 대화")).to_be_visible()
    collected()
    expect(page.locator(".arrival-card")).to_be_in_viewport(ratio=1)
    if width < 500:
        page.get_by_role("button", name="로그인과 설정").click()
    expect(page.get_by_role("button", name=re.compile("화면으로"))).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".arrival-card").click()
    expect(page.locator(".notification").first).to_be_in_viewport(ratio=0.5)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
