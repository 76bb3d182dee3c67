"""What the project promises a person who watches ETFs, from the registration to the alert: all real but Discord."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from browser import OpenPage
from playwright.sync_api import Page, expect

from backend.collection.load import load_files
from backend.db.engine import Database
from tests import load_processes
from tests.stub_discord import StubDiscord
from tests.web_process import WebProcess, serving

PASSWORD = "말 배터리 스테이플 정답"
BEFORE, DAY = date(2026, 7, 7), date(2026, 7, 8)
# One whose manager bought and sold on the day, and one in which only prices moved.
TRADED, DRIFTED = ("495230", "KoAct 코리아밸류업액티브"), ("069500", "KODEX 200")
SCREENS = Path(os.environ["ATLAS_TEST_SCREENS"]) if os.environ.get("ATLAS_TEST_SCREENS") else None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def market(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the real market with the baskets of 12 ETFs."""
    folder = tmp_path_factory.mktemp("market")
    for path in real_data.glob("*.csv"):
        (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord() as stub:
        yield stub


@pytest.fixture
def evening(
    empty_database: Database,
    market: Path,
    discord: StubDiscord,
    session_folder: Path,
    free_port: Callable[[], int],
    tmp_path: Path,
) -> Iterator[WebProcess]:
    """A web server on the evening before: the market up to the day before is loaded."""
    load_files(empty_database, market, until=BEFORE)
    process = WebProcess(
        session_folder / "home", empty_database.url(), free_port(), tmp_path / "server.log",
        ATLAS_DISCORD_API_URL=discord.api_url, ATLAS_PUBLIC_URL="https://etf.example.org", ATLAS_DISCORD_WEBHOOK_URL="",
    )  # fmt: skip
    with serving(process):
        yield process.ready()


@pytest.mark.parametrize(
    ("screen", "scheme"), [({"width": 1280, "height": 900}, "light"), ({"width": 390, "height": 844, "phone": True}, "dark")],
    ids=["desktop", "phone"],
)  # fmt: skip
def test_a_person_hears_of_a_trade_once_and_within_a_second(
    open_page: OpenPage, evening: WebProcess, empty_database: Database, market: Path, discord: StubDiscord,
    screen: dict[str, object], scheme: str,
) -> None:  # fmt: skip
    page = open_page(evening.address, color_scheme=scheme, **screen)
    look = Looking(page, f"{'phone' if screen.get('phone') else 'desktop'}-{scheme}")

    register(page, evening.address)
    look("registered")
    give_webhook(page, evening.address, discord)
    look("webhook")
    watch(page, evening.address, "KoAct 코리아벨류업", TRADED, threshold="0.3")
    watch(page, evening.address, "코덱스200", DRIFTED, threshold="0.5")
    page.goto(f"{evening.address}/watchlist")
    expect(page.locator(".watch-items > li")).to_have_count(2)
    look("watchlist")
    posts = len(discord.posts)

    started = time.monotonic()
    loader = load_processes.start(empty_database, "files", "--dir", str(market), "--until", str(DAY))
    arrival = page.locator(".arrival-card")
    arrival.wait_for(timeout=120_000)
    shown = time.monotonic()
    status, _, errors = load_processes.finish(loader)
    assert status == 0, errors
    ended = time.monotonic()
    assert shown < ended + 1, (
        f"shown {shown - started:.1f} s after the start of the load, which took {ended - started:.1f} s"
    )

    look("arrived")
    page.locator(".bell").click()
    cards = page.locator(".notification.alert")
    expect(cards).to_have_count(2)
    traded, drifted = (
        cards.filter(has=page.get_by_role("link", name=name, exact=True)) for _, name in (TRADED, DRIFTED)
    )
    expect(traded).to_contain_text("매수")
    expect(traded).to_contain_text("대한항공")
    expect(traded).to_contain_text("매도")
    expect(traded).to_contain_text("해성디에스")
    expect(drifted).to_contain_text("비중 변화")
    expect(drifted).to_contain_text("삼성전자")
    expect(drifted).not_to_contain_text("매도")
    look("alerts")

    told = [json.dumps(post.message, ensure_ascii=False) for post in discord.await_posts(posts + 2)[posts:]]
    assert len(told) == 2
    (of_traded,) = [message for message in told if TRADED[1] in message]
    assert "대한항공" in of_traded
    assert f"https://etf.example.org/etf/{TRADED[0]}" in of_traded
    assert "https://etf.example.org/unsubscribe#" in of_traded

    traded.get_by_role("link", name=TRADED[1], exact=True).click()
    page.wait_for_url(f"**/etf/{TRADED[0]}")
    expect(page.get_by_role("heading", name=TRADED[1], exact=True)).to_be_visible()
    expect(page.locator("main")).to_contain_text("대한항공")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    look("etf")

    sign_out(page)
    page.goto(f"{evening.address}/watchlist")
    expect(page.locator("main").get_by_role("link", name="로그인")).to_be_visible()
    page.locator(".bell").click()
    expect(page.locator(".notification").first).to_be_visible()
    expect(page.locator(".notification.alert")).to_have_count(0)
    look("left")
    # Whatever was sent twice would have come by now: the load has long ended.
    assert len(discord.posts) == posts + 2


class Looking:
    """Keeps screenshots in the folder of ATLAS_TEST_SCREENS, where somebody wants to look at them."""

    def __init__(self, page: Page, prefix: str) -> None:
        self._page, self._prefix, self._count = page, prefix, 0

    def __call__(self, name: str) -> None:
        self._count += 1
        if SCREENS:
            self._page.screenshot(path=SCREENS / f"{self._prefix}-{self._count}-{name}.png")


def register(page: Page, address: str) -> None:
    page.goto(f"{address}/register")
    page.get_by_label("이메일").fill("investor@example.com")
    page.get_by_label("비밀번호", exact=True).fill(PASSWORD)
    page.get_by_label("이름 (선택)").fill("김투자")
    page.get_by_role("button", name="가입", exact=False).click()
    page.wait_for_url(f"{address}/")
    expect(page.locator(".header")).to_contain_text("김투자")


def give_webhook(page: Page, address: str, discord: StubDiscord) -> None:
    page.goto(f"{address}/account")
    page.get_by_label("웹후크 URL").fill(discord.address)
    page.locator("#discord").get_by_role("button", name="저장").click()
    page.get_by_role("button", name="시험 메시지 보내기").click()
    expect(page.locator("#discord")).to_contain_text("시험 메시지를 보냈습니다")
    assert discord.await_posts(1)


def watch(page: Page, address: str, typed: str, etf: tuple[str, str], *, threshold: str) -> None:
    """Find an ETF by what somebody types, watch it, and set from which size on it is told of."""
    _, name = etf
    page.goto(f"{address}/watchlist")
    page.locator(".search-field").fill(typed)
    star = page.get_by_role("button", name=f"{name} 관심 ETF", exact=True).first
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.goto(f"{address}/watchlist")
    page.get_by_role("button", name=f"{name} 알림 설정").click()
    page.get_by_label("얼마나 바뀌면", exact=True).fill(threshold)
    page.get_by_role("button", name="저장", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def sign_out(page: Page) -> None:
    page.get_by_title("김투자님의 메뉴").click()
    # Nothing of a person stays on a page that they left: it is loaded anew.
    with page.expect_navigation():
        page.get_by_role("button", name="로그아웃").click()
    expect(page.get_by_title("김투자님의 메뉴")).to_have_count(0)
