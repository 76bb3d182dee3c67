"""The watchlist's page, the stars that lead to it, and what becomes of a visit, on a small market of three days."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from scripted_chat import serving

from backend.app import create_app
from backend.collection.load import load_files
from backend.db.engine import Database
from backend.settings import Settings
from tests import listed_market as market
from tests.people import PASSWORD, Somebody, new_person

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
# Longer than a page must be looked at before leaving it ends a visit.
LOOK_MS = 1_700


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return market.folder(tmp_path_factory.mktemp("watched"))


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database], files: Path) -> Database:
    database = new_database()
    load_files(database, files, until=market.DAY2)
    return database


@pytest.fixture(scope="module")
def address(built_page: None, database: Database, settings: Settings) -> Iterator[str]:
    with serving(create_app(database, settings)) as address:
        yield address


@pytest.fixture
def person(database: Database) -> Somebody:
    return new_person(database)


@pytest.fixture
def ask(address: str, person: Somebody) -> Callable[..., Any]:
    """A function that asks the watchlist's API as the person."""

    def ask(method: str, path: str = "", **body: Any) -> Any:
        given = {"json": body} if body else {}
        answer = httpx.request(method, f"{address}/api/watchlist{path}", headers=person.headers, timeout=10, **given)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    return ask


@pytest.fixture
def listed(open_page: OpenPage, address: str, person: Somebody, ask: Callable[..., Any]) -> Callable[..., Page]:
    """A function that puts all ETFs of the market on the list and opens its page."""

    def open_(codes: list[str] | None = None, **options: Any) -> Page:
        ask("POST", "/many", codes=codes or list(market.NAMES))
        page = open_page(f"{address}/watchlist", **market.signed_in(person), **options)
        expect(page.locator(".watch-item")).to_have_count(len(codes or market.NAMES))
        return page

    return open_


def item(page: Page, code: str) -> Locator:
    return page.locator(f"#etf-{code}")


def star(place: Page | Locator, code: str) -> Locator:
    return place.get_by_role("button", name=f"{market.NAMES[code]} 관심 ETF", exact=True).first


def test_a_star_leads_to_the_login_and_the_etf_is_watched_afterwards(
    open_page: OpenPage, address: str, person: Somebody, ask: Callable[..., Any]
) -> None:
    page = open_page(f"{address}/etf/{market.TRADES}")
    star(page, market.TRADES).click()
    expect(page).to_have_url(f"{address}/login?next=%2Fetf%2F{market.TRADES}")
    page.get_by_label("이메일", exact=True).fill(person.email)
    page.get_by_label("비밀번호", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="로그인", exact=True).click()
    expect(page).to_have_url(f"{address}/etf/{market.TRADES}")
    expect(star(page, market.TRADES)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".watch-said")).to_contain_text("관심 목록에 넣었습니다")
    assert ask("GET", "/codes")["codes"] == [market.TRADES]


def test_no_link_makes_a_person_watch_anything(
    open_page: OpenPage, address: str, person: Somebody, ask: Callable[..., Any]
) -> None:
    for path in (
        f"/etf/{market.TRADES}?watch={market.TRADES}#watch",
        f"/watchlist?add={market.TRADES}#{market.TRADES}",
    ):
        page = open_page(f"{address}{path}", **market.signed_in(person))
        expect(page.locator(".star, .star-button").first).to_have_attribute("aria-pressed", "false")
    assert ask("GET", "/codes")["codes"] == []


def test_a_star_holds_in_every_tab_and_after_a_reload(open_page: OpenPage, address: str, person: Somebody) -> None:
    page = open_page(f"{address}/etf/{market.TRADES}", **market.signed_in(person))
    other = page.context.new_page()
    other.goto(f"{address}/etf/{market.TRADES}")
    expect(star(other, market.TRADES)).to_have_attribute("aria-pressed", "false")
    star(page, market.TRADES).click()
    expect(star(other, market.TRADES)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".watch-panel")).to_contain_text("0.5%p 이상")
    page.reload()
    expect(star(page, market.TRADES)).to_have_attribute("aria-pressed", "true")


def test_a_star_that_the_server_refuses_goes_out_and_says_why(
    open_page: OpenPage, address: str, person: Somebody
) -> None:
    page = open_page(f"{address}/etf/{market.TRADES}", **market.signed_in(person))
    problem = {"type": "/problems/conflict", "status": 409, "detail": "관심 목록에는 300개까지 넣을 수 있습니다."}
    page.route("**/api/watchlist/*", lambda route: route.fulfill(status=409, json=problem))
    star(page, market.TRADES).click()
    expect(page.locator(".watch-said")).to_contain_text("300개까지")
    expect(star(page, market.TRADES)).to_have_attribute("aria-pressed", "false")


def test_what_was_traded_stands_apart_from_what_prices_moved(listed: Callable[..., Page]) -> None:
    page = listed()
    expect(page.locator(".watchlist-head")).to_contain_text("7개 가운데 2개가 바뀌었습니다")
    assert page.locator(".watch-item").first.get_attribute("id") == f"etf-{market.TRADES}"
    trades = item(page, market.TRADES)
    expect(trades.locator("[data-side=bought]").first).to_contain_text("매수 2")
    expect(trades.locator("[data-side=bought]").first).to_contain_text("이름 000009 신규 +5.00%p")
    expect(trades.locator("[data-side=sold]").first).to_contain_text("이름 000002 편출")
    trades.get_by_role("button", name="자세히").click()
    expect(trades.locator(".change").filter(has_text="000001")).to_contain_text(re.compile("추가 매수.*12.50%.*17.50%"))
    drifts = item(page, market.DRIFTS)
    expect(drifts.locator("[data-side=drift]")).to_contain_text("비중 변화 2")
    expect(drifts.locator("[data-side=bought], [data-side=sold]")).to_have_count(0)
    expect(item(page, market.STILL)).to_contain_text("바뀐 것 없음")


def test_figures_are_those_of_the_market_with_the_colours_of_korea(listed: Callable[..., Page], ask: Any) -> None:
    page = listed()
    for watched in ask("GET")["items"]:
        facts, row = watched["facts"], item(page, watched["etf"]["code"])
        expect(row.locator(".watch-price strong")).to_have_text(f"{facts['close']:,.0f}원")
        change = row.locator(".watch-price span").first
        expect(change).to_have_class("up" if facts["change_pct"] > 0 else "down")
        shown = float(change.inner_text().replace("−", "-").removesuffix("%"))
        assert shown == pytest.approx(facts["change_pct"], abs=0.0051)
        expect(row.locator(".watch-facts")).to_contain_text(f"{facts['fee_pct']:.3f}%")


def test_news_stay_for_the_visit_and_are_none_at_the_next(
    listed: Callable[..., Page], open_page: OpenPage, address: str, person: Somebody, ask: Any
) -> None:
    page = listed()
    page.wait_for_timeout(LOOK_MS)
    item(page, market.TRADES).locator("h3 a").click()
    expect(page.get_by_role("heading", name=market.NAMES[market.TRADES], exact=True)).to_be_visible()
    seen = ask("GET")
    assert seen["seen_at"] is not None
    assert seen["seen_date"] == market.DAY2.isoformat()
    page.go_back()
    expect(item(page, market.TRADES)).to_contain_text("매수 2")
    page.reload()
    expect(item(page, market.TRADES)).to_contain_text("매수 2")
    next_day = open_page(f"{address}/watchlist", **market.signed_in(person))
    expect(next_day.locator(".watchlist-head")).to_contain_text("지난번에 본 뒤로 들어온 자료가 없습니다")
    expect(item(next_day, market.TRADES)).not_to_contain_text("매수 2")


def test_a_glance_ends_no_visit(listed: Callable[..., Page], address: str, ask: Any) -> None:
    page = listed()
    page.goto(f"{address}/etf/{market.STILL}")
    assert ask("GET")["seen_at"] is None


def test_settings_say_what_they_mean_and_are_kept(listed: Callable[..., Page], ask: Any) -> None:
    page = listed()
    item(page, market.DRIFTS).get_by_role("button", name=re.compile("알림 설정")).click()
    drawer = page.get_by_role("dialog", name="알림 설정")
    drawer.get_by_label("괴리율", exact=False).first.check()
    drawer.get_by_label("추가 매수").uncheck()
    drawer.get_by_label("얼마나 바뀌면", exact=True).fill("1.25")
    expect(drawer).to_contain_text("비중이 1.25%p 이상 바뀌면 알려 드립니다. 예: 3% → 4.25%")
    drawer.get_by_label("얼마나 바뀌면", exact=True).fill("많이")
    expect(drawer.get_by_role("button", name="저장")).to_be_disabled()
    drawer.get_by_label("얼마나 바뀌면", exact=True).fill("1.25")
    drawer.get_by_label("괴리율이 얼마나 벌어지면", exact=True).fill("2")
    expect(drawer.get_by_role("link", name="계정 화면에서 등록하기")).to_have_attribute("href", "/account#discord")
    drawer.get_by_role("button", name="저장").click()
    expect(drawer).to_have_count(0)
    expect(page.locator(".watch-said")).to_contain_text("저장했습니다")
    watch = ask("GET", f"/{market.DRIFTS}")
    assert (watch["threshold_pp"], watch["premium_pct"]) == (1.25, 2)
    assert "premium" in watch["kinds"]
    assert "more" not in watch["kinds"]
    # The drift of 1.5 points still counts, others below the threshold would not.
    expect(item(page, market.DRIFTS)).to_contain_text("비중 변화 2")


def test_settings_of_one_can_be_those_of_all(listed: Callable[..., Page], ask: Any) -> None:
    page = listed()
    item(page, market.STILL).get_by_role("button", name=re.compile("알림 설정")).click()
    drawer = page.get_by_role("dialog", name="알림 설정")
    drawer.get_by_role("button", name="2%p").click()
    drawer.get_by_label("알림 끄기").check()
    drawer.get_by_role("button", name="모두에 적용").click()
    drawer.get_by_role("button", name="모두 바꾸기").click()
    expect(drawer).to_have_count(0)
    expect(page.locator(".watch-item .badge", has_text="알림 꺼짐")).to_have_count(len(market.NAMES))
    assert {(watch["threshold_pp"], watch["muted"]) for watch in ask("GET")["items"]} == {(2, True)}


def test_what_is_taken_off_comes_back_with_its_settings(listed: Callable[..., Page], ask: Any) -> None:
    ask("PUT", f"/{market.TRADES}", threshold_pp=3.5)
    page = listed()
    star(item(page, market.TRADES), market.TRADES).click()
    expect(item(page, market.TRADES)).to_contain_text("목록에서 뺌")
    assert market.TRADES not in ask("GET", "/codes")["codes"]
    page.get_by_role("button", name="되돌리기").click()
    expect(item(page, market.TRADES)).not_to_contain_text("목록에서 뺌")
    assert ask("GET", f"/{market.TRADES}")["threshold_pp"] == 3.5


def test_a_list_is_ordered_and_filtered(listed: Callable[..., Page]) -> None:
    page = listed()
    page.get_by_label("차례").select_option("보수 낮은 순")
    expect(page.locator(".watch-item h3").first).to_have_text(market.NAMES[market.DRIFTS])
    page.get_by_label("목록에서 찾기").fill("test코스")
    expect(page.locator(".watch-item")).to_have_count(3)
    page.get_by_label("목록에서 찾기").fill("없는 것")
    expect(page.get_by_text("들어간 ETF가 없습니다")).to_be_visible()
    page.reload()
    expect(page.locator(".watch-item h3").first).to_have_text(market.NAMES[market.DRIFTS])


def test_an_empty_list_helps_to_begin(open_page: OpenPage, address: str, person: Somebody, ask: Any) -> None:
    page = open_page(f"{address}/watchlist", **market.signed_in(person))
    popular = page.get_by_role("region", name="순자산이 큰 ETF에서 고르기")
    expect(popular.locator("li a").first).to_have_text(market.NAMES["GGG007"])
    star(popular, "GGG007").click()
    expect(item(page, "GGG007")).to_be_visible()
    assert ask("GET", "/codes")["codes"] == ["GGG007"]


def test_a_pasted_list_is_read_line_by_line(open_page: OpenPage, address: str, person: Somebody, ask: Any) -> None:
    page = open_page(f"{address}/watchlist", **market.signed_in(person))
    page.get_by_role("button", name="목록 붙여넣기").first.click()
    drawer = page.get_by_role("dialog", name="목록 붙여넣기")
    drawer.get_by_role("textbox").fill("TEST 나스닥100\nAAA001\n쀍쀍쀍쀍쀍쀍\nTEST 코스")
    drawer.get_by_role("button", name="찾기", exact=True).click()
    expect(drawer.get_by_role("checkbox", name=re.compile("TEST 나스닥100"))).to_be_checked()
    expect(drawer.locator(".paste-unknown")).to_contain_text("쀍쀍쀍쀍쀍쀍")
    choice = drawer.get_by_label("TEST 코스", exact=True)
    choice.select_option("FFF006")
    drawer.get_by_role("checkbox", name=re.compile(market.NAMES[market.DRIFTS])).uncheck()
    drawer.get_by_role("button", name="2개 넣기").click()
    expect(drawer).to_have_count(0)
    expect(page.locator(".watch-told")).to_have_text("2개를 관심 목록에 넣었습니다.")
    expect(page.locator(".watch-item")).to_have_count(2)
    assert sorted(ask("GET", "/codes")["codes"]) == ["FFF006", "GGG007"]


def test_a_suggestion_is_watched_by_the_keyboard_alone(
    open_page: OpenPage, address: str, person: Somebody, ask: Any
) -> None:
    page = open_page(f"{address}/watchlist", **market.signed_in(person))
    field = page.get_by_role("combobox")
    field.press_sequentially("TEST 나스닥100", delay=10)
    expect(page.get_by_role("option").first).to_contain_text("TEST 나스닥100")
    field.press("Tab")
    page.keyboard.press("Enter")
    expect(item(page, "GGG007")).to_be_visible()
    assert ask("GET", "/codes")["codes"] == ["GGG007"]


def test_a_name_with_markup_is_text_everywhere(listed: Callable[..., Page], address: str) -> None:
    page = listed([market.MARKUP, market.TRADES])
    expect(item(page, market.MARKUP).locator("h3")).to_have_text(market.MARKUP_NAME)
    item(page, market.MARKUP).get_by_role("button", name=re.compile("알림 설정")).click()
    expect(page.locator(".watch-settings-name")).to_have_text(market.MARKUP_NAME)
    page.keyboard.press("Escape")
    star(item(page, market.MARKUP), market.MARKUP).click()
    expect(page.locator(".watch-said")).to_contain_text(market.MARKUP_NAME)
    page.goto(f"{address}/etf/{market.MARKUP}")
    expect(page.locator(".etf-head h2")).to_have_text(market.MARKUP_NAME)
    page.get_by_role("combobox").fill("img src")
    expect(page.get_by_role("option").filter(has_text="onerror")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0


def test_nobody_is_invited(open_page: OpenPage, address: str) -> None:
    page = open_page(f"{address}/watchlist")
    expect(page.get_by_role("main").get_by_role("link", name="로그인")).to_have_attribute(
        "href", "/login?next=%2Fwatchlist"
    )
    expect(page.get_by_role("region", name="순자산이 큰 ETF에서 고르기").locator("li")).to_have_count(len(market.NAMES))


def test_the_list_follows_a_load_while_it_is_open(
    open_page: OpenPage, built_page: None, empty_database: Database, files: Path, settings: Settings
) -> None:
    load_files(empty_database, files, until=market.DAY2)
    somebody = new_person(empty_database)
    with serving(create_app(empty_database, settings)) as address:
        codes = {"codes": [market.DRIFTS, market.TRADES]}
        httpx.post(f"{address}/api/watchlist/many", json=codes, headers=somebody.headers).raise_for_status()
        seen = {"as_of": market.DAY1.isoformat()}
        httpx.post(f"{address}/api/watchlist/seen", json=seen, headers=somebody.headers).raise_for_status()
        page = open_page(f"{address}/watchlist", **market.signed_in(somebody))
        expect(item(page, market.DRIFTS)).to_contain_text("비중 변화 2")
        expect(page.locator(".brand-date")).to_contain_text("7. 8.")
        load_files(empty_database, files)
        expect(page.locator(".watch-told")).to_contain_text("7월 9일 자료가 들어와")
        expect(item(page, market.DRIFTS)).to_contain_text("매도 1")
        # What was news when the visit began still is.
        expect(item(page, market.TRADES)).to_contain_text("매수 2")


@pytest.mark.parametrize("width", [320, 390])
def test_the_page_fits_a_phone(listed: Callable[..., Page], width: int) -> None:
    page = listed(width=width, height=844, phone=True)
    for more in page.locator(".watch-more").all():
        more.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    item(page, market.STILL).get_by_role("button", name=re.compile("알림 설정")).click()
    drawer = page.get_by_role("dialog", name="알림 설정")
    expect(drawer.get_by_role("button", name="저장")).to_be_in_viewport()
    assert drawer.evaluate("drawer => drawer.scrollWidth <= drawer.clientWidth")
