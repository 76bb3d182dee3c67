"""An ETF's own page, and the search that leads to it while one types."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from backend.db.engine import Database
from tests.listed_market import signed_in
from tests.people import new_person

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
CODE, NAME = "069500", "KODEX 200"


@pytest.fixture
def told(scripted_server: str) -> Callable[[str], dict]:
    """A function that asks the market API."""
    return lambda path: httpx.get(f"{scripted_server}/api/{path}", timeout=10).raise_for_status().json()


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def rows(place: Locator) -> Locator:
    return place.locator("tbody tr")


def test_the_facts_stand_with_their_dates(
    open_page: OpenPage, scripted_server: str, told: Callable[[str], dict]
) -> None:
    etf = told(f"etfs/{CODE}")
    page = open_page(f"{scripted_server}/etf/{CODE}")
    expect(page.get_by_role("heading", name=NAME, exact=True)).to_be_visible()
    expect(page).to_have_title(f"{NAME} · ETF Atlas")
    facts = page.locator(".facts")
    for term, value in (
        ("총보수", f"연 {etf['fee_pct']:.3f}%"),
        ("종가", f"{etf['close_krw']:,.0f}원"),
        ("구성종목", f"주식 {etf['number_of_holdings']:,}종목"),
    ):
        expect(facts.locator(".fact").filter(has_text=term).first).to_contain_text(value)
    day = date.fromisoformat(etf["price_date"])
    expect(facts.locator(".fact").filter(has_text="괴리율")).to_contain_text(
        f"{day.year}. {day.month}. {day.day}. 기준"
    )
    page.reload()
    expect(page.get_by_role("heading", name=NAME, exact=True)).to_be_visible()


def test_the_basket_shows_weights_and_how_they_moved(
    open_page: OpenPage, scripted_server: str, told: Callable[[str], dict]
) -> None:
    holdings, previous = told(f"etfs/{CODE}/holdings"), told(f"etfs/{CODE}/changes")["previous"]
    before = {row["code"]: row["weight_pct"] for row in told(f"etfs/{CODE}/holdings?date={previous}")["holdings"]}
    page = open_page(f"{scripted_server}/etf/{CODE}")
    basket = section(page, "구성종목")
    first, moved = holdings["holdings"][0], basket.get_by_role("button", name=re.compile("비중 변화"))
    expect(moved).to_be_visible()
    expect(rows(basket).first).to_contain_text(first["name"])
    expect(rows(basket).first).to_contain_text(f"{first['weight_pct']:.2f}")
    change = first["weight_pct"] - before[first["code"]]
    expect(rows(basket).first).to_contain_text(f"{abs(change):.2f}")


def test_trades_stand_apart_from_what_prices_moved(
    open_page: OpenPage, scripted_server: str, told: Callable[[str], dict]
) -> None:
    active = [etf["code"] for etf in told("etfs?active=true&limit=50")["etfs"]]
    code, trades = next((code, changes) for code in active if (changes := told(f"etfs/{code}/changes")["changes"]))
    names = {"new": "신규 편입", "more": "추가 매수", "less": "일부 매도", "out": "전량 편출"}
    page = open_page(f"{scripted_server}/etf/{code}")
    traded = section(page, "최근 매매")
    if (more := traded.get_by_role("button", name=re.compile("전체 .*행 보기"))).is_visible():
        more.click()
    expect(rows(traded)).to_have_count(len(trades))
    for trade in trades[:5]:
        expect(rows(traded).filter(has_text=trade["name"]).first).to_contain_text(names[trade["action"]])


def test_trades_are_shown_over_the_period_that_is_chosen(
    open_page: OpenPage, scripted_server: str, told: Callable[[str], dict]
) -> None:
    active = [etf["code"] for etf in told("etfs?active=true&limit=50")["etfs"]]
    code = next(code for code in active if told(f"etfs/{code}/changes")["changes"])
    page = open_page(f"{scripted_server}/etf/{code}")
    traded = section(page, "최근 매매")
    last = date.fromisoformat(told(f"etfs/{code}")["holdings_date"])
    wanted = told(f"etfs/{code}/changes?from={last - timedelta(days=6)}")
    previous = date.fromisoformat(wanted["previous"])
    traded.get_by_role("button", name="1주").click()
    expect(traded).to_contain_text(f"{previous.year}. {previous.month}. {previous.day}. →")
    expect(traded.locator(".table-count")).to_have_text(f"{len(wanted['changes'])}행")


def test_the_manager_is_introduced_with_what_else_they_manage(
    open_page: OpenPage, scripted_server: str, told: Callable[[str], dict]
) -> None:
    company = told(f"etfs/{CODE}")["company"]
    manager = next(one for one in told("companies")["companies"] if one["name"] == company)
    page = open_page(f"{scripted_server}/etf/{CODE}")
    place = section(page, "운용사")
    expect(place.locator(".etf-lead")).to_contain_text(f"ETF {manager['etfs']}개")
    expect(rows(place)).to_have_count(min(manager["etfs"] - 1, 6))
    expect(place.locator("tbody")).not_to_contain_text(f"{NAME}{CODE}")


def test_who_watches_it_sees_what_they_are_told_and_changes_it_there(
    open_page: OpenPage, scripted_server: str, chat_database: Database
) -> None:
    page = open_page(f"{scripted_server}/etf/{CODE}", **signed_in(new_person(chat_database)))
    expect(page.locator(".watch-panel")).to_have_count(0)
    page.locator(".etf-head").get_by_role("button", name=f"{NAME} 관심 ETF").click()
    expect(page.locator(".watch-panel")).to_contain_text("0.5%p 이상")
    page.get_by_role("button", name=f"{NAME} 알림 설정 고치기").click()
    page.get_by_role("dialog").get_by_role("button", name="2%p", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="저장").click()
    expect(page.locator(".watch-panel")).to_contain_text("2%p 이상")
    page.reload()
    expect(page.locator(".watch-panel")).to_contain_text("2%p 이상")


def test_price_and_premium_are_drawn_for_the_period_that_is_chosen(open_page: OpenPage, scripted_server: str) -> None:
    page = open_page(f"{scripted_server}/etf/{CODE}")
    price = page.get_by_role("img", name=re.compile("종가: 처음"))
    expect(price.locator("canvas")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^괴리율: 최저"))).to_be_visible()
    whole = price.get_attribute("aria-label")
    page.get_by_role("group", name="기간", exact=True).get_by_role("button", name="1개월").click()
    expect(price).not_to_have_attribute("aria-label", whole or "")


def test_like_etfs_lead_to_their_pages_and_back(open_page: OpenPage, scripted_server: str) -> None:
    page = open_page(f"{scripted_server}/etf/{CODE}")
    other = section(page, "비슷한 ETF").locator("a").first
    name = other.inner_text()
    other.click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name=NAME, exact=True)).to_be_visible()


def test_an_etf_in_an_answer_leads_to_its_page(open_page: OpenPage, live_server: str, built_page: None) -> None:
    page = open_page(live_server)
    page.get_by_label("질문", exact=True).fill("삼성전자를 가장 많이 담은 ETF는?")
    page.keyboard.press("Enter")
    link = page.locator(".turn .table-card a").first
    name = link.inner_text()
    link.click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_a_question_about_the_etf_is_asked_in_the_conversation_once(open_page: OpenPage, scripted_server: str) -> None:
    page = open_page(f"{scripted_server}/etf/{CODE}")
    page.get_by_role("button", name=f"{NAME} 보수는?").click()
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".turn")).to_contain_text(f"{NAME} 보수는?")
    page.reload()
    expect(page.locator(".turn")).to_have_count(1)


@pytest.mark.parametrize("typed", ["코덱스200", "kodex 200", "KODXE 200", "069500"])
def test_the_search_finds_while_one_types(open_page: OpenPage, scripted_server: str, typed: str) -> None:
    page = open_page(f"{scripted_server}/etf/{CODE}")
    page.get_by_role("combobox").press_sequentially(typed, delay=20)
    option = page.get_by_role("option").filter(has_text=re.compile(rf"{NAME}\s*{CODE}")).first
    expect(option).to_be_visible()


def test_the_search_is_led_by_the_keyboard_alone(open_page: OpenPage, scripted_server: str) -> None:
    page = open_page(scripted_server)
    field = page.get_by_role("combobox")
    field.press_sequentially("TIGER 200", delay=10)
    expect(page.get_by_role("option").first).to_contain_text("TIGER 200")
    field.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    field.press("ArrowDown")
    field.press("ArrowUp")
    field.press("Enter")
    expect(page).to_have_url(re.compile(r"/etf/[0-9A-Z]{6}$"))


def test_a_stock_that_is_found_is_asked_about(open_page: OpenPage, scripted_server: str) -> None:
    page = open_page(scripted_server)
    page.get_by_role("combobox").fill("삼성전자")
    page.get_by_role("option").filter(has_text="005930").click()
    expect(page.locator(".turn")).to_contain_text("삼성전자를 가장 많이 담은 ETF는?")


def test_nothing_like_it_is_said_and_so_is_an_unknown_code(open_page: OpenPage, scripted_server: str) -> None:
    page = open_page(f"{scripted_server}/etf/ZZZZZZ")
    expect(page.get_by_role("heading", name="이 코드의 ETF가 없습니다")).to_be_visible()
    page.get_by_role("combobox").fill("쀍쀍쀍쀍")
    expect(page.get_by_text("비슷한 이름이 없습니다.")).to_be_visible()


@pytest.mark.parametrize("width", [320, 375])
def test_the_page_fits_a_phone(open_page: OpenPage, scripted_server: str, width: int) -> None:
    page = open_page(f"{scripted_server}/etf/{CODE}", width=width, phone=True)
    expect(page.locator("canvas").first).to_be_visible()
    expect(section(page, "비슷한 ETF").locator("tbody tr").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
