"""The page against the accessibility rules of axe-core (WCAG 2.1 A and AA): names, roles, contrast, structure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from alert_events import new_watcher, tell_alert
from people import new_person
from playwright.sync_api import Page, expect
from scripted_chat import serving

from backend import web_build
from backend.accounts.audit import COMMAND_LINE, record
from backend.accounts.signed_in import COOKIE
from backend.accounts.users import set_disabled
from backend.app import create_app
from backend.collection.load import load_files
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.notifications.discord.address import Webhook
from backend.notifications.discord.personal import store_webhook, switch_off
from backend.notifications.discord.sealed_address import Seal
from backend.settings import Settings
from tests import listed_market

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(scope="session")
def axe(test_home: Path) -> str:
    """The source of axe-core."""
    web_build.install(web_build.find_node(print, test_home / "node"), print)
    return (web_build.WEB / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def collection_server(built_page: None, new_database: Callable[[], Database], settings: Settings) -> Iterator[str]:
    """The address of an application with a date of each status, one of them with a gap, and trading days missed."""
    database = new_database()
    reason = "not a number"
    with database.connect("atlas_loader", autocommit=True) as connection:
        for day, status, gaps in ((10, "loaded", 1), (9, "rejected", 0), (8, "failed", 0), (7, "holiday", 0)):
            connection.execute(
                "INSERT INTO collection_runs (source, date, status, gaps, reason, duration_ms) VALUES ('krx', %s, %s, %s, %s, 900)",
                [date(2026, 7, day), status, gaps, None if status == "loaded" else reason],
            )
        connection.execute(
            """
            INSERT INTO etf_snapshots (code, date, status, holdings, constituents, reason, content_hash)
            VALUES ('069500', '2026-07-10', 'gap', 0, 0, 'an empty list', '')
            """
        )
    with serving(create_app(database, settings.model_copy(update={"background": False}))) as address:
        yield address


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    result = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [f"{rule['id']}: {node['html'][:150]}" for rule in result["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_state_of_the_page_keeps_the_rules(
    open_page: Callable[..., Page], scripted_server: str, axe: str, scheme: str, width: int
) -> None:
    page = open_page(scripted_server, width=width, color_scheme=scheme, reduced_motion="reduce")
    assert violations(page, axe) == []
    for question in ("삼성전자를 가장 많이 담은 ETF는?", "현대를 담은 ETF", "내일 오를까?", "고장", "실패"):
        page.get_by_label("질문", exact=True).fill(question)
        page.keyboard.press("Enter")
        expect(page.locator(".turn").last).not_to_have_attribute("data-phase", "running")
    for fold in page.locator("details").all():
        fold.evaluate("fold => { fold.open = true }")
    page.locator(".turn").first.get_by_role("button", name="아쉬워요").click()
    expect(page.locator(".reasons")).to_be_visible()
    assert violations(page, axe) == []
    page.get_by_role("button", name="지난 대화").click()
    expect(page.locator(".conversation").first).to_be_visible()
    assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_bell_and_its_list_keep_the_rules(
    open_page: Callable[..., Page],
    scripted_server: str,
    collected: Callable[..., date],
    axe: str,
    scheme: str,
    width: int,
) -> None:
    page = open_page(scripted_server, width=width, color_scheme=scheme, reduced_motion="reduce")
    page.locator(".bell").click()
    expect(page.get_by_text("알림을 불러오는 중…")).to_have_count(0)
    page.keyboard.press("Escape")
    collected()
    expect(page.locator(".arrival-card")).to_be_visible()
    assert violations(page, axe) == []
    page.locator(".arrival-card").click()
    page.locator(".gaps summary").first.click()
    assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_state_of_the_administrators_page_keeps_the_rules(
    open_page: Callable[..., Page], scripted_server: str, settings: Settings, axe: str, scheme: str, width: int
) -> None:
    page = open_page(f"{scripted_server}/admin", width=width, color_scheme=scheme, reduced_motion="reduce")
    page.get_by_label("관리자 토큰").fill("wrong")
    page.get_by_role("button", name="들어가기").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page, axe) == []
    page.get_by_label("관리자 토큰").fill(admin_token(settings))
    page.get_by_role("button", name="들어가기").click()
    expect(page.locator(".entries, .empty").first).to_be_visible()
    for fold in page.locator("details").all()[:5]:
        fold.evaluate("fold => { fold.open = true }")
    assert violations(page, axe) == []

    page.get_by_role("navigation", name="관리").get_by_role("button", name="후보").click()
    page.get_by_label("새 후보의 질문").fill("KODEX 200 보수는?")
    page.get_by_role("button", name="만들기").click()
    page.get_by_label("Cypher", exact=True).fill("MATCH (e:ETF {code: '069500'}) RETURN e.name AS ETF // 이름")
    page.get_by_role("button", name="이름을 자리로 바꾸기").click()
    expect(page.get_by_label("자리 1의 이름")).to_be_visible()
    page.get_by_role("button", name="실행").click()
    expect(page.locator(".trial tbody tr")).to_have_count(1)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_collection_keeps_the_rules(
    open_page: Callable[..., Page],
    collection_server: str,
    settings: Settings,
    axe: str,
    scheme: str,
    width: int,
) -> None:
    page = open_page(f"{collection_server}/admin", width=width, color_scheme=scheme, reduced_motion="reduce")
    page.get_by_label("관리자 토큰").fill(admin_token(settings))
    page.get_by_role("button", name="들어가기").click()
    page.get_by_role("navigation", name="관리").get_by_role("button", name="수집").click()
    expect(page.locator(".run")).to_have_count(5)
    page.locator(".gaps-toggle").click()
    expect(page.locator(".gap-list li")).to_have_count(1)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_administration_of_people_keeps_the_rules(
    open_page: Callable[..., Page],
    built_page: None,
    empty_database: Database,
    settings: Settings,
    axe: str,
    scheme: str,
    width: int,
) -> None:
    boss = new_person(empty_database, role="admin", email="boss@example.com")
    person = new_person(empty_database, email="person@example.com", name="홍길동")
    with empty_database.engine("atlas_app").begin() as connection:
        store_webhook(connection, person.id, Webhook("123456789012345678", "secret"), Seal(settings))
        switch_off(connection, person.id, "글이 너무 많습니다")
        set_disabled(connection, person.id, True)
        record(connection, COMMAND_LINE, "user.role", str(person.id), {"was": "user", "is": "admin"})
    with serving(create_app(empty_database, settings.model_copy(update={"background": False}))) as address:
        page = open_page(f"{address}/admin", width=width, color_scheme=scheme, reduced_motion="reduce")
        expect(page.get_by_role("region", name="관리자로 로그인하세요")).to_be_visible()
        assert violations(page, axe) == []
        page.context.add_cookies([{"name": COOKIE, "value": boss.code, "url": address}])
        page.goto(f"{address}/admin")
        tabs = page.get_by_role("navigation", name="관리")
        for name in ("사용자", "웹훅", "기록"):
            tabs.get_by_role("button", name=name, exact=True).click()
            expect(page.get_by_role("region", name=name).get_by_text("person@example.com").first).to_be_visible()
            assert violations(page, axe) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width
        tabs.get_by_role("button", name="사용자", exact=True).click()
        page.get_by_role("button", name="삭제 (홍길동)").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_of_an_etf_keeps_the_rules(
    open_page: Callable[..., Page], scripted_server: str, axe: str, scheme: str, width: int
) -> None:
    page = open_page(f"{scripted_server}/etf/069500", width=width, color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.get_by_role("region", name="비슷한 ETF").locator("tbody tr").first).to_be_visible()
    page.get_by_role("combobox").fill("삼전")
    expect(page.get_by_role("option").first).to_be_visible()
    assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_of_accounts_keep_the_rules(
    open_page: Callable[..., Page],
    scripted_server: str,
    chat_database: Database,
    axe: str,
    scheme: str,
    width: int,
) -> None:
    page = open_page(f"{scripted_server}/login", width=width, color_scheme=scheme, reduced_motion="reduce")
    page.get_by_role("button", name="로그인", exact=True).click()
    expect(page.locator(".field-error").first).not_to_be_empty()
    assert violations(page, axe) == []
    page.goto(f"{scripted_server}/register")
    page.get_by_label("비밀번호", exact=True).fill("short")
    page.get_by_role("button", name="가입하고 시작하기").click()
    assert violations(page, axe) == []
    page.goto(f"{scripted_server}/unsubscribe")
    expect(page.get_by_role("heading", level=2)).to_be_visible()
    assert violations(page, axe) == []

    person = new_person(chat_database, name="김하늘")
    page.context.add_cookies(
        [{"name": name, "value": code, "url": scripted_server} for name, code in person.cookies.items()]
    )
    page.goto(f"{scripted_server}/account")
    page.get_by_label("새 토큰의 이름").fill("내 노트북")
    page.get_by_role("button", name="토큰 만들기").click()
    expect(page.locator(".token-made")).to_be_visible()
    page.get_by_label("웹후크 URL").fill("https://example.com")
    page.get_by_role("region", name="디스코드로 알림 받기").get_by_role("button", name="저장").click()
    page.get_by_role("button", name="계정 삭제…").click()
    page.locator(".account-button").click()
    expect(page.get_by_role("button", name="로그아웃", exact=True)).to_be_visible()
    assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_an_alert_keeps_the_rules(
    open_page: Callable[..., Page],
    scripted_server: str,
    chat_database: Database,
    axe: str,
    scheme: str,
    width: int,
) -> None:
    person = new_watcher(chat_database)
    tell_alert(chat_database, person.id)
    page = open_page(scripted_server, width=width, color_scheme=scheme, reduced_motion="reduce")
    page.context.add_cookies(
        [{"name": name, "value": code, "url": scripted_server} for name, code in person.cookies.items()]
    )
    page.reload()
    expect(page.locator(".account-button")).to_be_visible()
    page.locator(".bell").click()
    expect(page.get_by_role("button", name="이 ETF 알림 끄기: KODEX 200")).to_be_visible()
    assert violations(page, axe) == []


@pytest.fixture(scope="module")
def watched(
    built_page: None, new_database: Callable[[], Database], settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Database]]:
    """The address of an application on the small market of the watchlist's tests, and its database."""
    database = new_database()
    load_files(database, listed_market.folder(tmp_path_factory.mktemp("watched")), until=listed_market.DAY2)
    with serving(create_app(database, settings.model_copy(update={"background": False}))) as address:
        yield address, database


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_state_of_the_watchlist_keeps_the_rules(
    open_page: Callable[..., Page], watched: tuple[str, Database], axe: str, scheme: str, width: int
) -> None:
    address, database = watched
    somebody = listed_market.signed_in(new_person(database))
    page = open_page(f"{address}/watchlist", width=width, color_scheme=scheme, reduced_motion="reduce", **somebody)
    expect(page.locator(".watch-popular li").first).to_be_visible()
    assert violations(page, axe) == []
    page.get_by_role("button", name="목록 붙여넣기").first.click()
    page.get_by_role("dialog").get_by_role("textbox").fill(
        "AAA001, BBB002, CCC003, DDD004, EEE005, FFF006\nTEST 코스\n쀍쀍쀍쀍쀍쀍"
    )
    page.get_by_role("button", name="찾기", exact=True).click()
    expect(page.locator(".paste-counts")).to_be_visible()
    assert violations(page, axe) == []
    page.get_by_role("dialog").get_by_role("button", name="6개 넣기").click()
    expect(page.locator(".watch-item")).to_have_count(6)
    for more in page.locator(".watch-more").all():
        more.click()
    page.locator(".watch-item .star").first.click()
    expect(page.locator(".watch-item[data-gone]")).to_be_visible()
    expect(page.locator(".watch-card")).to_be_visible()
    assert violations(page, axe) == []
    page.locator(".watch-edit:enabled").first.click()
    page.get_by_role("dialog").get_by_label("괴리율", exact=False).first.check()
    expect(page.get_by_role("link", name="계정 화면에서 등록하기")).to_be_visible()
    assert violations(page, axe) == []
    page.get_by_role("button", name="모두에 적용").click()
    assert violations(page, axe) == []
    page.goto(f"{address}/etf/{listed_market.STILL}")
    expect(page.locator(".watch-panel")).to_be_visible()
    page.get_by_role("combobox").fill("TEST")
    expect(page.locator(".hit-stars .star").first).to_be_visible()
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
