"""The administrators' page for people: who gets in, and what can be done to accounts and webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from scripted_chat import XSS, serving

from backend.accounts.audit import COMMAND_LINE, record
from backend.accounts.signed_in import COOKIE
from backend.app import create_app
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.notifications.discord.address import Webhook
from backend.notifications.discord.personal import store_webhook
from backend.notifications.discord.sealed_address import Seal
from backend.settings import Settings
from tests.people import Somebody, new_person

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture
def address(built_page: None, empty_database: Database, settings: Settings) -> Iterator[str]:
    """The address of an application in which nobody has an account."""
    with serving(create_app(empty_database, settings.model_copy(update={"background": False}))) as served:
        yield served


@pytest.fixture
def boss(empty_database: Database) -> Somebody:
    return new_person(empty_database, role="admin", email="boss@example.com", name="김관리")


def signed_in(open_page: OpenPage, address: str, person: Somebody, **options: object) -> Page:
    """Open the page in a browser in which somebody is signed in."""
    page = open_page(f"{address}/api/health", **options)
    page.context.add_cookies([{"name": COOKIE, "value": person.code, "url": address}])
    page.goto(f"{address}/admin")
    return page


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="관리").get_by_role("button", name=name, exact=True).click()


def card(page: Page, words: str) -> Locator:
    return page.get_by_role("list", name="사용자 목록").get_by_role("listitem").filter(has_text=words)


def with_webhook(database: Database, settings: Settings, email: str) -> Somebody:
    person = new_person(database, email=email)
    with database.engine("atlas_app").begin() as connection:
        store_webhook(connection, person.id, Webhook("123456789012345678", "planted-Secret_token"), Seal(settings))
    return person


def test_nobody_is_shown_the_way_in_and_may_use_the_token(
    open_page: OpenPage, address: str, settings: Settings
) -> None:
    page = open_page(f"{address}/admin")
    gate = page.get_by_role("region", name="관리자로 로그인하세요")
    assert gate.get_by_role("link", name="로그인").get_attribute("href") == "/login?next=%2Fadmin"
    gate.get_by_label("관리자 토큰").fill(admin_token(settings))
    gate.get_by_role("button", name="들어가기").click()
    expect(page.get_by_text("관리자 토큰으로 들어와 있습니다.")).to_be_visible()
    tab(page, "사용자")
    expect(page.get_by_text("아직 계정이 없습니다.")).to_contain_text("./atlas user add")
    page.get_by_role("button", name="나가기").click()
    expect(gate).to_be_visible()


def test_an_administrator_gets_in_without_a_token_even_where_a_stale_one_is_kept(
    open_page: OpenPage, address: str, boss: Somebody
) -> None:
    page = signed_in(open_page, address, boss)
    expect(page.get_by_role("navigation", name="관리")).to_be_visible()
    expect(page.get_by_text("관리자 토큰")).to_have_count(0)
    page.evaluate("sessionStorage.setItem('etf-atlas.admin-token', 'stale')")
    page.reload()
    tab(page, "사용자")
    expect(card(page, "김관리")).to_contain_text("나")
    expect(page.get_by_text("관리자 토큰")).to_have_count(0)


def test_a_user_is_kindly_told_that_this_is_for_administrators(
    open_page: OpenPage, address: str, empty_database: Database
) -> None:
    page = signed_in(open_page, address, new_person(empty_database, email="user@example.com"))
    gate = page.get_by_role("region", name="관리자만 볼 수 있는 화면입니다")
    expect(gate).to_contain_text("user@example.com")
    expect(page.get_by_role("navigation", name="관리")).to_have_count(0)
    expect(gate.get_by_label("관리자 토큰")).not_to_be_visible()
    gate.get_by_role("link", name="질문 화면으로 가기").click()
    expect(page).to_have_url(f"{address}/")


def test_an_administrator_who_is_none_any_more_is_shown_out(
    open_page: OpenPage, address: str, boss: Somebody, empty_database: Database
) -> None:
    page = signed_in(open_page, address, boss)
    expect(page.get_by_role("navigation", name="관리")).to_be_visible()
    with empty_database.connect(autocommit=True) as owner:
        owner.execute("UPDATE users SET role = 'user'")
    tab(page, "사용자")
    expect(page.get_by_role("region", name="관리자만 볼 수 있는 화면입니다")).to_be_visible()


def test_accounts_are_found_and_changed_after_a_question_that_names_them(
    open_page: OpenPage, address: str, boss: Somebody, empty_database: Database
) -> None:
    new_person(empty_database, email="one@example.com", name="홍길동")
    new_person(empty_database, email="two@example.com")
    page = signed_in(open_page, address, boss)
    tab(page, "사용자")
    expect(card(page, "")).to_have_count(3)
    expect(card(page, "김관리").get_by_role("button")).to_have_count(0)
    page.get_by_label("이메일이나 이름에서 찾기").fill("길동")
    expect(card(page, "")).to_have_count(1)
    one = card(page, "홍길동")
    for words in ("one@example.com", "가입오늘", "로그인1곳", "관심 ETF0개"):
        expect(one).to_contain_text(words)

    one.get_by_role("button", name="관리자로 지정").click()
    dialog = page.get_by_role("dialog", name="이 사람을 관리자로 지정할까요?")
    expect(dialog).to_contain_text("홍길동")
    expect(dialog).to_contain_text("one@example.com")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(one.locator(".mark")).to_have_count(0)
    one.get_by_role("button", name="관리자로 지정").click()
    dialog.get_by_role("button", name="관리자로 지정").click()
    expect(page.get_by_role("status").filter(has_text="one@example.com")).to_contain_text("관리자로 지정했습니다.")
    expect(one).to_contain_text("관리자")

    one.get_by_role("button", name="사용 중지").click()
    page.get_by_role("dialog", name="이 계정을 사용 중지할까요?").get_by_role("button", name="사용 중지").click()
    expect(one).to_contain_text("사용 중지")
    expect(one).to_contain_text("로그인0곳")
    one.get_by_role("button", name="다시 허용").click()
    expect(one.get_by_role("button", name="사용 중지")).to_be_visible()

    page.get_by_label("이메일이나 이름에서 찾기").fill("two")
    card(page, "two@example.com").get_by_role("button", name="삭제").click()
    dialog = page.get_by_role("dialog", name="이 계정을 삭제할까요?")
    expect(dialog).to_contain_text("two@example.com")
    expect(dialog).to_contain_text("되돌릴 수 없습니다")
    dialog.get_by_role("button", name="삭제").click()
    expect(page.get_by_text("찾는 사용자가 없습니다.")).to_be_visible()

    tab(page, "기록")
    log = page.get_by_role("list", name="관리자가 한 일").get_by_role("listitem")
    expect(log).to_have_count(4)
    for entry, words in zip(
        log.all(), ("계정 삭제", "다시 허용", "사용 중지", "권한 바꾸기one@example.com사용자 → 관리자"), strict=True
    ):
        expect(entry).to_contain_text(words)
        expect(entry).to_contain_text("boss@example.com")
    expect(log.first).to_contain_text("(지워진 계정)")
    expect(log.first).not_to_contain_text("two@example.com")
    page.get_by_label("한 일", exact=True).select_option(label="웹훅")
    expect(page.get_by_text("조건에 맞는 기록이 없습니다.")).to_be_visible()


def test_what_was_refused_is_said_where_it_was_asked(
    open_page: OpenPage, address: str, boss: Somebody, settings: Settings
) -> None:
    page = open_page(f"{address}/admin")
    page.get_by_label("관리자 토큰").fill(admin_token(settings))
    page.get_by_role("button", name="들어가기").click()
    tab(page, "사용자")
    card(page, "김관리").get_by_role("button", name="삭제").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="삭제").click()
    expect(dialog.get_by_role("alert")).to_contain_text("마지막 관리자입니다.")
    dialog.get_by_role("button", name="취소").click()
    expect(card(page, "김관리")).to_be_visible()


def test_a_webhook_is_switched_off_with_a_reason_and_on_again(
    open_page: OpenPage, address: str, boss: Somebody, empty_database: Database, settings: Settings
) -> None:
    with_webhook(empty_database, settings, "hook@example.com")
    page = signed_in(open_page, address, boss)
    tab(page, "웹훅")
    hook = page.get_by_role("list", name="웹훅 목록").get_by_role("listitem")
    expect(hook).to_contain_text("hook@example.com웹훅 …5678켜짐")
    hook.get_by_role("button", name="끄기").click()
    dialog = page.get_by_role("dialog", name="이 웹훅을 끌까요?")
    expect(dialog).to_contain_text("hook@example.com")
    dialog.get_by_label("이 사람에게 보일 이유").fill("글이 너무 많습니다")
    dialog.get_by_role("button", name="끄기").click()
    expect(hook).to_contain_text("꺼짐")
    expect(hook).to_contain_text("글이 너무 많습니다")
    hook.get_by_role("button", name="켜기").click()
    expect(hook).to_contain_text("켜짐")
    assert "planted" not in page.content()


def test_markup_in_names_and_addresses_is_text(
    open_page: OpenPage, address: str, boss: Somebody, empty_database: Database, settings: Settings
) -> None:
    hostile = with_webhook(empty_database, settings, '"<img/src=x/onerror=window.hacked=1>"@example.com')
    with empty_database.engine("atlas_app").begin() as connection:
        connection.exec_driver_sql("UPDATE users SET name = %s WHERE id = %s", (XSS[:60], hostile.id))
        record(connection, COMMAND_LINE, "user.role", str(hostile.id), {XSS: XSS})
        record(connection, XSS, "example.edit", XSS)
    page = signed_in(open_page, address, boss)
    tab(page, "사용자")
    expect(card(page, "<img src=x onerror=")).to_contain_text('"<img/src=x/onerror=window.hacked=1>"@example.com')
    card(page, "<img").get_by_role("button", name="삭제").click()
    expect(page.get_by_role("dialog")).to_contain_text("<img src=x onerror=")
    page.get_by_role("button", name="취소").click()
    tab(page, "웹훅")
    expect(page.get_by_role("list", name="웹훅 목록")).to_contain_text('"<img/src=x')
    tab(page, "기록")
    expect(page.get_by_role("list", name="관리자가 한 일")).to_contain_text(XSS)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(
    open_page: OpenPage, address: str, boss: Somebody, empty_database: Database, settings: Settings, scheme: str
) -> None:
    with_webhook(empty_database, settings, f"{'a-very-long-address' * 3}@example.com")
    page = signed_in(open_page, address, boss, width=360, phone=True, color_scheme=scheme)
    tab(page, "사용자")
    card(page, "a-very-long").get_by_role("button", name="사용 중지").click()
    page.get_by_role("dialog").get_by_role("button", name="사용 중지").click()
    expect(card(page, "a-very-long")).to_contain_text("오늘")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for name in ("웹훅", "기록"):
        tab(page, name)
        expect(page.get_by_role("main").get_by_role("listitem").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
