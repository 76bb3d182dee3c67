"""The operator's view of the collection: what came of each date, what is missing, and that it keeps up by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from psycopg.types.json import Jsonb
from pydantic import SecretStr
from scripted_chat import XSS, serving

from backend.app import create_app
from backend.collection import calendar, runs
from backend.collection.calendar import SEOUL
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.settings import Settings

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
DAY = date(2026, 7, 14)


@pytest.fixture
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it the evening of Tuesday 2026-07-14 for the calendar."""
    monkeypatch.setattr(calendar, "now", lambda: datetime(2026, 7, 14, 19, tzinfo=SEOUL))


@pytest.fixture
def address(built_page: None, empty_database: Database, settings: Settings, evening: None) -> Iterator[str]:
    """The address of an application that has collected nothing, and tells Discord nothing."""
    with serving(create_app(empty_database, settings.model_copy(update={"background": False}))) as served:
        yield served


def record(database: Database, day: date, status: str = "loaded", source: str = "krx", **values: Any) -> None:
    columns = {"source": source, "date": day, "status": status, **values}
    names, places = ", ".join(columns), ", ".join(f"%({name})s" for name in columns)
    with database.connect("atlas_loader", autocommit=True) as connection:
        connection.execute(f"INSERT INTO collection_runs ({names}, finished_at) VALUES ({places}, now())", columns)


def leave_gaps(database: Database, day: date, count: int, reason: str = "KRX answered with an empty list") -> None:
    """Leave ETFs without a basket on a date; the first has a name."""
    codes = [f"7{n:04}0" for n in range(count)]
    with database.connect("atlas_loader", autocommit=True) as connection:
        connection.execute("INSERT INTO etfs (code, name) VALUES (%s, 'ATLAS 200') ON CONFLICT DO NOTHING", codes[:1])
        connection.cursor().executemany(
            """
            INSERT INTO etf_snapshots (code, date, status, holdings, constituents, reason, content_hash)
            VALUES (%s, %s, 'gap', 0, 0, %s, '')
            """,
            [(code, day, reason) for code in codes],
        )


def tell(database: Database, day: date) -> None:
    """Commit the event of a collected date, as a load does."""
    with database.connect("atlas_loader", autocommit=True) as connection:
        connection.execute("SELECT add_notification('collection', NULL, %s, '', %s)", [day, Jsonb({"etfs": 921})])


def collection(open_page: OpenPage, address: str, settings: Settings, **options: Any) -> Page:
    """Open the page, enter and look at the collection."""
    page = open_page(f"{address}/admin", **options)
    page.get_by_label("관리자 토큰").fill(admin_token(settings))
    page.get_by_role("button", name="들어가기").click()
    page.get_by_role("navigation", name="관리").get_by_role("button", name="수집").click()
    expect(page.locator(".discord")).to_be_visible()
    return page


def row(page: Page, day: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=day))


def test_every_status_says_in_words_what_came_of_a_date(
    open_page: OpenPage, address: str, empty_database: Database, settings: Settings
) -> None:
    counts = {"etfs": 921, "holdings": 59_012, "prices": 1_001, "trades": 812, "duration_ms": 11_840}
    record(empty_database, DAY, **counts, notified_at=datetime.now(SEOUL))
    runs.record_failure(empty_database, "krx", date(2026, 7, 13), "KRX did not answer")
    runs.record_holiday(empty_database, "krx", date(2026, 7, 10), "임시공휴일")
    record(empty_database, date(2026, 7, 7), "rejected", "files", rejected=12, reason=f"line 2 {XSS}")
    record(empty_database, date(2026, 7, 6), **counts)
    page = collection(open_page, address, settings)

    expect(row(page, "2026. 7. 14.")).to_contain_text("KRX")
    for words in ("수집됨", "921", "59,012", "1,001", "812", "없음", "12초", "오늘", "알림 보냄"):
        expect(row(page, "2026. 7. 14.")).to_contain_text(words)
    expect(row(page, "2026. 7. 13.")).to_contain_text("실패")
    expect(row(page, "2026. 7. 13.")).to_contain_text("KRX did not answer")
    expect(row(page, "2026. 7. 10.")).to_contain_text("휴장임시공휴일")
    expect(row(page, "2026. 7. 8.")).to_contain_text("미수집거래일 2일을 수집하지 않았습니다.")
    expect(row(page, "2026. 7. 8.")).to_contain_text("./atlas collect krx --from 2026-07-08 --to 2026-07-09")
    expect(row(page, "2026. 7. 7.")).to_contain_text("거부됨잘못된 행 12개 line 2 <img")
    expect(row(page, "2026. 7. 6.")).not_to_contain_text("알림 보냄")
    assert page.get_by_role("rowheader").count() == 6
    assert page.evaluate("window.hacked") is None


def test_the_gaps_of_a_date_open_below_it_by_keyboard_with_their_reasons(
    open_page: OpenPage, address: str, empty_database: Database, settings: Settings
) -> None:
    record(empty_database, DAY, etfs=921, gaps=103)
    leave_gaps(empty_database, DAY, 103)
    page = collection(open_page, address, settings)
    button = page.get_by_role("button", name="103개")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    gaps = page.get_by_role("list", name="2026. 7. 14. 빠진 ETF").get_by_role("listitem")
    expect(gaps).to_have_count(100)
    expect(gaps.first).to_contain_text("ATLAS 200 700000KRX answered with an empty list")
    assert gaps.first.get_by_role("link").get_attribute("href") == "/etf/700000"
    page.get_by_role("button", name="더 보기", exact=True).click()
    expect(gaps).to_have_count(103)
    expect(page.get_by_role("button", name="더 보기", exact=True)).to_have_count(0)
    button.press("Enter")
    expect(gaps).to_have_count(0)


def test_a_date_that_comes_in_is_shown_at_once_and_fills_what_was_missing(
    open_page: OpenPage, address: str, empty_database: Database, settings: Settings
) -> None:
    record(empty_database, date(2026, 7, 13), etfs=921)
    page = collection(open_page, address, settings)
    expect(row(page, "2026. 7. 14.")).to_contain_text("미수집")
    page.locator(".bell").click()
    expect(page.get_by_text("알림을 불러오는 중…")).to_have_count(0)
    expect(page.get_by_text("실시간 연결이 끊겨")).to_have_count(0)
    page.get_by_role("button", name="닫기").click()
    record(empty_database, DAY, etfs=777)
    tell(empty_database, DAY)
    expect(row(page, "2026. 7. 14.")).to_contain_text("777", timeout=5_000)
    expect(page.get_by_text("미수집")).to_have_count(0)
    expect(page.locator(".bell-count")).to_have_text("1")


def test_a_date_that_failed_is_shown_when_the_page_is_looked_at_again(
    open_page: OpenPage, address: str, empty_database: Database, settings: Settings
) -> None:
    record(empty_database, date(2026, 7, 13), etfs=921)
    page = collection(open_page, address, settings)
    expect(row(page, "2026. 7. 14.")).to_contain_text("미수집")
    runs.record_failure(empty_database, "krx", DAY, "KRX did not answer")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(row(page, "2026. 7. 14.")).to_contain_text("KRX did not answer")
    expect(page.locator(".discord")).to_contain_text("대기 1")


def test_older_dates_are_read_page_by_page_and_stay_when_a_new_one_comes(
    open_page: OpenPage, address: str, empty_database: Database, settings: Settings
) -> None:
    days = calendar.trading_days(date(2026, 5, 1), date(2026, 7, 13))
    for day in days:
        record(empty_database, day, etfs=900)
    page = collection(open_page, address, settings)
    loaded = page.locator(".run[data-status=loaded]")
    expect(loaded).to_have_count(30)
    page.get_by_role("button", name="지난 날 더 보기").click()
    expect(loaded).to_have_count(len(days))
    expect(page.get_by_role("button", name="지난 날 더 보기")).to_have_count(0)
    record(empty_database, DAY, etfs=777)
    tell(empty_database, DAY)
    expect(loaded).to_have_count(len(days) + 1)


def test_nothing_collected_says_how_to_begin(open_page: OpenPage, address: str, settings: Settings) -> None:
    page = collection(open_page, address, settings)
    expect(page.get_by_text("아직 수집한 날이 없습니다.")).to_contain_text("./atlas collect krx")
    expect(page.locator(".discord")).to_contain_text("설정 안 됨대기 0보냄 0실패 0")


def test_discord_is_said_in_a_line(
    open_page: OpenPage, built_page: None, empty_database: Database, settings: Settings, evening: None
) -> None:
    webhook = SecretStr("https://discord.com/api/webhooks/123456789/planted-Secret_token")
    with empty_database.connect("atlas_app", autocommit=True) as connection:
        for key, state, reason in (("a", "sent", None), ("b", "waiting", None), ("c", "refused", "400: too long")):
            connection.execute(
                """
                INSERT INTO discord_posts (key, kind, content, state, reason, sent_at)
                VALUES (%s, 'collection', '{}', %s, %s, now())
                """,
                [key, state, reason],
            )
    # Nothing is sent from here: the sender runs in the background.
    quiet = settings.model_copy(update={"discord_webhook_url": webhook, "background": False})
    with serving(create_app(empty_database, quiet)) as address:
        page = collection(open_page, address, settings)
        line = page.locator(".discord")
        expect(line).to_contain_text("설정됨대기 1보냄 1실패 1마지막 전송 오늘")
        expect(line).to_contain_text("마지막 오류: 400: too long")
        assert "planted" not in page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(
    open_page: OpenPage, address: str, empty_database: Database, settings: Settings, scheme: str
) -> None:
    record(empty_database, DAY, etfs=921, holdings=59_012, prices=1_001, trades=812, gaps=2, duration_ms=65_000)
    leave_gaps(empty_database, DAY, 2, reason=f"an_endless_reason_{'x' * 300}")
    runs.record_failure(empty_database, "krx", date(2026, 7, 13), f"refused: {'y' * 300}")
    page = collection(open_page, address, settings, width=360, phone=True, color_scheme=scheme)
    page.get_by_role("button", name="2개").click()
    expect(page.get_by_role("list", name="2026. 7. 14. 빠진 ETF").get_by_role("listitem")).to_have_count(2)
    for words in ("ETF 921", "구성종목 59,012", "시세 1,001", "매매 812", "빠진 ETF 2개", "1분 5초"):
        expect(row(page, "2026. 7. 14.")).to_contain_text(words)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("document.querySelector('.tabs').scrollWidth") <= 328
