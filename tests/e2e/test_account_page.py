"""The pages of accounts: making one, signing in and out in every tab, settings, leaving; on a phone and in the dark too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from people import PASSWORD, Somebody, new_person
from playwright.sync_api import Page, expect
from scripted_chat import XSS, serving
from stub_discord import ID, StubDiscord

from backend.accounts.sessions import open_session
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
NEW_PASSWORD = "another long horse 42"
WEBHOOK = f"https://discord.com/api/webhooks/{ID}/planted-Personal_token-0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def accounts(new_database: Callable[[], Database]) -> Database:
    """A database with accounts and nothing else."""
    return new_database()


@pytest.fixture(scope="module")
def discord() -> Iterator[StubDiscord]:
    """What stands for Discord."""
    with StubDiscord(token=WEBHOOK.rsplit("/", 1)[1]) as stub:
        yield stub


@pytest.fixture(scope="module")
def site(built_page: None, accounts: Database, settings: Settings, discord: StubDiscord) -> Iterator[str]:
    """The address of the application in which everybody may make an account."""
    changed = {"background": False, "registrations_per_hour": 1_000, "discord_api_url": discord.api_url}
    with serving(create_app(accounts, settings.model_copy(update=changed))) as address:
        yield address


@pytest.fixture
def somebody(accounts: Database) -> Somebody:
    """A person with an account."""
    return new_person(accounts, name="김하늘")


def as_person(page: Page, address: str, somebody: Somebody, path: str = "/account") -> Page:
    """Give a browser a person's session, and open a page."""
    page.context.add_cookies([{"name": name, "value": code, "url": address} for name, code in somebody.cookies.items()])
    page.goto(address + path)
    return page


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("이메일", exact=True).fill(email)
    page.get_by_label("비밀번호", exact=True).fill(password)
    page.get_by_role("button", name="로그인", exact=True).click()


def sign_out(page: Page) -> None:
    page.locator(".account-button").click()
    page.get_by_role("button", name="로그아웃", exact=True).click()


def card(page: Page, name: str):
    return page.get_by_role("region", name=name, exact=True)


def test_a_person_registers_signs_out_and_comes_back_to_where_they_wanted_to_go(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/account")
    page.wait_for_url("**/login?next=%2Faccount")
    expect(page.get_by_text("질문은 계정 없이도 할 수 있습니다.")).to_be_visible()
    page.get_by_role("link", name="회원 가입").click()
    page.get_by_label("이메일", exact=True).fill("sky@example.com")
    page.get_by_label("비밀번호", exact=True).fill(PASSWORD)
    expect(page.get_by_text("강도: 강함")).to_be_visible()
    page.get_by_label("이름 (선택)").fill("김하늘")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/account")
    expect(card(page, "내 정보")).to_contain_text("sky@example.com")
    expect(page.locator(".account-button")).to_have_text("김하늘")

    sign_out(page)
    page.wait_for_url(f"{site}/")
    expect(page.get_by_role("link", name="로그인")).to_be_visible()
    assert page.evaluate("fetch('/api/me').then(answer => answer.status)") == 401

    page.goto(f"{site}/login?next=/account")
    sign_in(page, "Sky@Example.com", PASSWORD)
    expect(card(page, "내 정보")).to_contain_text("sky@example.com")


def test_what_is_wrong_is_said_beside_the_field_and_before_anything_is_sent(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/register")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("이메일", exact=True).fill("sky@")
    page.get_by_label("비밀번호", exact=True).fill("short")
    expect(page.get_by_text("5자 더 필요합니다.")).to_be_visible()
    page.get_by_role("button", name="가입하고 시작하기").click()
    email = page.get_by_label("이메일", exact=True)
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description(re.compile("이메일 주소를 확인해 주세요"))
    expect(page.get_by_role("alert").filter(has_text="10자 이상이어야 합니다")).to_be_visible()
    assert sent == []
    email.fill("sky@example.org")
    expect(email).not_to_have_attribute("aria-invalid", "true")
    # What only the server knows to be common is said in the same place.
    page.get_by_label("비밀번호", exact=True).fill("qwertyuiop")
    page.get_by_role("button", name="가입하고 시작하기").click()
    expect(page.get_by_label("비밀번호", exact=True)).to_have_accessible_description(re.compile("너무 흔해서"))


def test_a_wrong_password_says_so_and_tells_nobody_whose_addresses_are_known(
    open_page: OpenPage, site: str, somebody: Somebody
) -> None:
    page = open_page(f"{site}/login")
    said = []
    for email in (somebody.email, "nobody@example.com"):
        sign_in(page, email, "wrong wrong wrong")
        expect(page.get_by_label("비밀번호", exact=True)).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("비밀번호", exact=True)).to_be_focused()
        said.append(page.get_by_role("alert").filter(has_text="올바르지").inner_text())
        page.get_by_label("비밀번호", exact=True).fill("")
    assert said[0] == said[1]


def test_password_managers_find_their_fields_and_a_password_can_be_looked_at(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/login")
    expect(page.get_by_label("이메일", exact=True)).to_have_attribute("autocomplete", "username")
    password = page.get_by_label("비밀번호", exact=True)
    expect(password).to_have_attribute("autocomplete", "current-password")
    expect(password).to_have_attribute("type", "password")
    show = page.get_by_role("button", name="비밀번호 보기")
    show.click()
    expect(show).to_have_attribute("aria-pressed", "true")
    expect(password).to_have_attribute("type", "text")
    page.goto(f"{site}/register")
    expect(page.get_by_label("비밀번호", exact=True)).to_have_attribute("autocomplete", "new-password")


def test_too_many_tries_say_how_long_to_wait(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/login")
    page.evaluate("""async () => {
        for (let tries = 0; tries < 10; tries += 1) {
            const body = JSON.stringify({email: 'flood@example.com', password: 'wrong wrong'})
            await fetch('/api/auth/login', {method: 'POST', body, headers: {'Content-Type': 'application/json'}})
        }
    }""")
    sign_in(page, "flood@example.com", "wrong wrong wrong")
    button = page.get_by_role("button", name=re.compile("뒤에 다시"))
    expect(button).to_be_disabled()
    expect(page.locator(".account-complaint")).to_be_visible()
    first = button.inner_text()
    expect(button).not_to_have_text(first)
    # Who mistyped the address need not wait.
    page.get_by_label("이메일", exact=True).fill("another@example.com")
    expect(page.get_by_role("button", name="로그인", exact=True)).to_be_enabled()


def test_closed_registration_is_said_kindly(
    open_page: OpenPage, built_page: None, accounts: Database, settings: Settings
) -> None:
    closed = settings.model_copy(update={"background": False, "registration": "closed"})
    with serving(create_app(accounts, closed)) as address:
        page = open_page(f"{address}/register?next=/watchlist")
        expect(page.get_by_role("heading", name="지금은 가입을 받지 않습니다")).to_be_visible()
        expect(page.get_by_label("비밀번호", exact=True)).to_have_count(0)
        expect(page.locator(".sign-in").get_by_role("link", name="로그인")).to_have_attribute(
            "href", "/login?next=%2Fwatchlist"
        )
        page.goto(f"{address}/login")
        expect(page.get_by_role("button", name="로그인", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="회원 가입")).to_have_count(0)


def test_whoever_has_signed_in_goes_on_and_never_to_another_site(
    open_page: OpenPage, site: str, somebody: Somebody
) -> None:
    page = as_person(open_page(site), site, somebody, "/login?next=/etf/069500")
    page.wait_for_url(f"{site}/etf/069500")
    for trap in ("//evil.invalid/", "https://evil.invalid/", "/%5Cevil.invalid", "/.//evil.invalid", "javascript:1"):
        page.goto(f"{site}/login?next={trap}")
        page.wait_for_url(f"{site}/")


def test_signing_in_in_one_tab_is_seen_in_the_other_and_signing_out_forgets_in_both(
    open_page: OpenPage, site: str, somebody: Somebody
) -> None:
    first = open_page(site)
    expect(first.get_by_role("link", name="로그인")).to_be_visible()
    second = first.context.new_page()
    second.goto(f"{site}/login?next=/account")
    sign_in(second, somebody.email, PASSWORD)
    expect(card(second, "내 정보")).to_contain_text(somebody.email)
    expect(first.locator(".account-button")).to_have_text("김하늘")
    sign_out(first)
    second.wait_for_url("**/login?next=%2Faccount")
    for page in (first, second):
        expect(page.get_by_role("link", name="로그인")).to_be_visible()
        assert somebody.email not in page.content()
        assert "김하늘" not in page.content()


def test_a_device_that_is_signed_out_from_another_one_notices_by_itself(
    open_page: OpenPage, site: str, accounts: Database, somebody: Somebody
) -> None:
    lost = as_person(open_page(site), site, somebody)
    expect(card(lost, "내 정보")).to_be_visible()
    with accounts.engine("atlas_app").begin() as connection:
        code = open_session(connection, somebody.id, "Safari on iPhone")
    here = open_page(site)
    here.context.add_cookies([{"name": next(iter(somebody.cookies)), "value": code, "url": site}])
    here.goto(f"{site}/account")
    devices = card(here, "로그인한 기기")
    expect(devices.get_by_role("listitem")).to_have_count(2)
    expect(devices.get_by_text("이 기기")).to_have_count(1)
    devices.get_by_role("button", name=re.compile("로그아웃")).click()
    expect(devices.get_by_role("listitem")).to_have_count(1)
    lost.wait_for_url("**/login?next=%2Faccount", timeout=15_000)
    assert somebody.email not in lost.content()


def test_the_password_is_changed_and_the_account_deleted(open_page: OpenPage, site: str, somebody: Somebody) -> None:
    page = as_person(open_page(site), site, somebody)
    changing = card(page, "비밀번호 바꾸기")
    changing.get_by_label("지금 비밀번호", exact=True).fill("wrong wrong wrong")
    changing.get_by_label("새 비밀번호", exact=True).fill(NEW_PASSWORD)
    changing.get_by_role("button", name="비밀번호 바꾸기").click()
    expect(changing.get_by_label("지금 비밀번호", exact=True)).to_have_attribute("aria-invalid", "true")
    changing.get_by_label("지금 비밀번호", exact=True).fill(PASSWORD)
    changing.get_by_role("button", name="비밀번호 바꾸기").click()
    expect(changing.get_by_text("비밀번호를 바꾸었습니다.")).to_be_visible()

    leaving = card(page, "계정 삭제")
    leaving.get_by_role("button", name="계정 삭제…").click()
    leaving.get_by_label("비밀번호", exact=True).fill(NEW_PASSWORD)
    expect(leaving.get_by_role("button", name="영구히 삭제")).to_be_disabled()
    leaving.get_by_label("확인을 위해").fill("계정 삭제")
    leaving.get_by_role("button", name="영구히 삭제").click()
    page.wait_for_url(f"{site}/")
    page.goto(f"{site}/login")
    sign_in(page, somebody.email, NEW_PASSWORD)
    expect(page.get_by_role("alert").filter(has_text="올바르지")).to_be_visible()


def test_a_token_is_shown_once_and_revoked(open_page: OpenPage, site: str, somebody: Somebody) -> None:
    page = as_person(open_page(site), site, somebody)
    tokens = card(page, "API 토큰")
    tokens.get_by_label("새 토큰의 이름").fill("내 노트북")
    tokens.get_by_role("button", name="토큰 만들기").click()
    token = tokens.locator(".token-made code").inner_text()
    headers = {"Authorization": f"Bearer {token}"}
    asked = "([headers]) => fetch('/api/me', {headers, credentials: 'omit'}).then(answer => answer.status)"
    assert page.evaluate(asked, [headers]) == 200
    page.reload()
    expect(tokens.get_by_text("내 노트북")).to_be_visible()
    assert token not in page.content()
    tokens.get_by_role("button", name="내 노트북 토큰 없애기").click()
    tokens.get_by_role("button", name="없애기", exact=True).click()
    expect(tokens.get_by_text("‘내 노트북’ 토큰을 없앴습니다.")).to_be_visible()
    assert page.evaluate(asked, [headers]) == 401


def test_name_and_quiet_hours_stay(open_page: OpenPage, site: str, somebody: Somebody) -> None:
    page = as_person(open_page(site), site, somebody)
    profile, quiet = card(page, "내 정보"), card(page, "방해 금지 시간")
    profile.get_by_label("이름", exact=True).fill(XSS[:60])
    profile.get_by_role("button", name="이름 저장").click()
    expect(profile.get_by_text("이름을 바꾸었습니다.")).to_be_visible()
    quiet.get_by_label("방해 금지 시간 두기").check()
    quiet.get_by_label("부터").fill("23:30")
    quiet.get_by_role("button", name="저장").click()
    expect(quiet.get_by_text("23:30부터 07:00까지는 보내지 않습니다.")).to_be_visible()
    page.reload()
    expect(quiet.get_by_label("부터")).to_have_value("23:30")
    expect(page.locator(".account-button")).to_contain_text("<img src=x")
    assert page.evaluate("window.hacked") is None


def test_a_webhook_is_tried_and_its_address_never_shown_again(
    open_page: OpenPage, site: str, somebody: Somebody, discord: StubDiscord
) -> None:
    page = as_person(open_page(site), site, somebody, "/account#discord")
    webhook = card(page, "디스코드로 알림 받기")
    expect(webhook).to_be_in_viewport()
    address = webhook.get_by_label("웹후크 URL")
    address.fill("https://discord.com.evil.example/api/webhooks/1/x")
    webhook.get_by_role("button", name="저장").click()
    expect(address).to_have_accessible_description(re.compile("디스코드 웹후크의 주소가 아닙니다"))
    address.fill(WEBHOOK)
    webhook.get_by_role("button", name="저장").click()
    expect(webhook.get_by_text("연결되어 있습니다")).to_be_visible()
    webhook.get_by_role("button", name="시험 메시지 보내기").click()
    expect(webhook.get_by_text("시험 메시지를 보냈습니다.")).to_be_visible()
    assert len(discord.await_posts(1)) == 1
    page.reload()
    expect(webhook.get_by_text("연결되어 있습니다")).to_be_visible()
    assert WEBHOOK.rsplit("/", 1)[1] not in page.content()
    webhook.get_by_role("button", name="지우기").click()
    expect(webhook.get_by_label("웹후크 URL")).to_have_value("")


def test_ones_data_are_taken_along_without_secrets(
    open_page: OpenPage, site: str, somebody: Somebody, tmp_path: Path
) -> None:
    page = as_person(open_page(site), site, somebody)
    with page.expect_download() as downloading:
        card(page, "내 자료 내려받기").get_by_role("button", name="내려받기").click()
    downloading.value.save_as(tmp_path / "data.json")
    text = (tmp_path / "data.json").read_text(encoding="utf-8")
    assert json.loads(text)["users"][0]["email"] == somebody.email
    assert "argon2" not in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("path", ["/login", "/register", "/account", "/unsubscribe"])
def test_the_pages_fit_a_phone_and_do_not_zoom_in(
    open_page: OpenPage, site: str, somebody: Somebody, path: str, width: int, scheme: str
) -> None:
    page = open_page(f"{site}{path}", width=width, phone=True, color_scheme=scheme)
    if path == "/account":
        as_person(page, site, somebody)
        expect(card(page, "API 토큰").locator("li")).to_have_count(1)
    expect(page.get_by_role("heading", level=2)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sizes = "[...document.querySelectorAll('.field')].map(field => parseFloat(getComputedStyle(field).fontSize))"
    assert all(size >= 16 for size in page.evaluate(sizes))
    page.locator(".account-button").click()
    toggle = page.get_by_role("button", name=re.compile("화면으로"))
    expect(toggle).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(toggle).to_be_hidden()
