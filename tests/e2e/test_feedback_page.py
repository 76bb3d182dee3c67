"""👍 and 👎 in the page: given, explained, seen again after a reload, taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from backend.db.engine import Database

pytestmark = pytest.mark.browser

QUESTION = "삼성전자를 가장 많이 담은 ETF는?"


def stored(database: Database) -> tuple[str, str] | None:
    """The verdict and reason of the newest turn."""
    query = text("""
        SELECT f.verdict, f.reason FROM turns AS t LEFT JOIN feedback AS f ON f.turn_id = t.id ORDER BY t.id DESC LIMIT 1
    """)
    with database.engine("atlas_app").connect() as connection:
        verdict, reason = connection.execute(query).one()
    return verdict and (verdict, reason)


def ask(page: Page, question: str = QUESTION) -> None:
    page.get_by_label("질문", exact=True).fill(question)
    page.keyboard.press("Enter")
    expect(turn(page)).not_to_have_attribute("data-phase", "running")


def turn(page: Page):
    return page.locator(".turn").last


def button(page: Page, name: str):
    return turn(page).get_by_role("button", name=name, exact=True)


@pytest.fixture
def page(open_page: Callable[..., Page], scripted_server: str) -> Page:
    page = open_page(scripted_server)
    ask(page)
    return page


def test_praise_is_stored_and_taken_back_by_pressing_again(page: Page, chat_database: Database) -> None:
    button(page, "도움이 됐어요").click()
    expect(button(page, "도움이 됐어요")).to_have_attribute("aria-pressed", "true")
    expect(turn(page)).to_contain_text("평가해 주셔서 고맙습니다.")
    assert stored(chat_database) == ("up", "")
    button(page, "도움이 됐어요").click()
    expect(button(page, "도움이 됐어요")).to_have_attribute("aria-pressed", "false")
    expect(turn(page)).to_contain_text("평가를 거두었습니다.")
    assert stored(chat_database) is None


def test_a_complaint_has_a_reason_that_is_still_there_after_a_reload(page: Page, chat_database: Database) -> None:
    button(page, "아쉬워요").click()
    turn(page).get_by_label("답이 틀려요").check()
    turn(page).get_by_label("자세한 이유").fill("비중이 달라요")
    button(page, "보내기").click()
    expect(turn(page)).to_contain_text("의견을 남겼습니다.")
    assert stored(chat_database) == ("down", "답이 틀려요: 비중이 달라요")
    page.reload()
    expect(button(page, "아쉬워요")).to_have_attribute("aria-pressed", "true")
    expect(turn(page)).to_contain_text("이유: 답이 틀려요: 비중이 달라요")
    button(page, "도움이 됐어요").click()
    expect(button(page, "아쉬워요")).to_have_attribute("aria-pressed", "false")
    assert stored(chat_database) == ("up", "")


def test_the_reason_can_be_chosen_with_the_keyboard_alone(page: Page, chat_database: Database) -> None:
    button(page, "아쉬워요").focus()
    page.keyboard.press("Enter")
    expect(turn(page).get_by_role("group", name="무엇이 아쉬웠나요?")).to_be_visible()
    offered = turn(page).get_by_role("radio")
    assert [choice.get_attribute("value") for choice in offered.all()] == [
        "답이 틀려요",
        "질문을 잘못 이해했어요",
        "너무 느려요",
        "기타",
    ]
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(offered.nth(1)).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(turn(page)).to_contain_text("의견을 남겼습니다.")
    assert stored(chat_database) == ("down", "질문을 잘못 이해했어요")


def test_feedback_that_cannot_be_stored_says_so_and_changes_nothing(page: Page) -> None:
    page.route("**/feedback", lambda route: route.abort("connectionrefused"))
    button(page, "도움이 됐어요").click()
    expect(turn(page)).to_contain_text("서버에 연결할 수 없습니다.")
    expect(button(page, "도움이 됐어요")).to_have_attribute("aria-pressed", "false")


def test_the_other_tab_sees_what_was_said(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    expect(button(other, "도움이 됐어요")).to_be_visible()
    button(page, "도움이 됐어요").click()
    expect(button(other, "도움이 됐어요")).to_have_attribute("aria-pressed", "true")
