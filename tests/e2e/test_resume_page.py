"""Answers in the page survive lost connections, reloads and second tabs, each told exactly once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from breakable_connection import BreakableConnection
from playwright.sync_api import Page, expect
from scripted_chat import ScriptedAgent

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
STEADY = "천천히 답해 줘"
WHOLE = " ".join(f"낱말{number}" for number in range(40))


@pytest.fixture
def connection(scripted_server: str) -> Iterator[BreakableConnection]:
    """A way to the scripted server that can be cut."""
    with BreakableConnection(int(scripted_server.rsplit(":", 1)[1])) as breakable:
        yield breakable


def ask(page: Page, question: str) -> None:
    page.get_by_label("질문", exact=True).fill(question)
    page.keyboard.press("Enter")


def turn(page: Page):
    return page.locator(".turn").last


def prose(page: Page):
    return turn(page).locator(".prose")


def asked(agent: ScriptedAgent, question: str, before: int) -> int:
    return sum(request.question == question for request in agent.requests[before:])


def test_a_lost_connection_is_taken_up_again_and_the_answer_comes_exactly_once(
    open_page: OpenPage, connection: BreakableConnection, agent: ScriptedAgent
) -> None:
    before = len(agent.requests)
    page = open_page(connection.address)
    ask(page, STEADY)
    expect(prose(page)).to_contain_text("낱말5")
    connection.cut()
    expect(prose(page)).to_contain_text("낱말15")
    connection.cut()
    expect(turn(page)).to_have_attribute("data-phase", "finished")
    expect(prose(page)).to_have_text(WHOLE)
    assert asked(agent, STEADY, before) == 1


def test_the_page_says_that_it_connects_again_and_finds_the_answer_when_the_way_is_back(
    open_page: OpenPage, connection: BreakableConnection, agent: ScriptedAgent
) -> None:
    before = len(agent.requests)
    page = open_page(connection.address)
    ask(page, STEADY)
    expect(prose(page)).to_contain_text("낱말5")
    connection.block()
    expect(turn(page)).to_contain_text("다시 연결하는 중…")
    connection.allow()
    expect(turn(page)).to_have_attribute("data-phase", "finished", timeout=15_000)
    expect(prose(page)).to_have_text(WHOLE)
    expect(turn(page)).not_to_contain_text("다시 연결하는 중…")
    assert asked(agent, STEADY, before) == 1


def test_a_question_that_is_lost_on_its_way_is_sent_again(
    open_page: OpenPage, connection: BreakableConnection, agent: ScriptedAgent
) -> None:
    before = len(agent.requests)
    page = open_page(connection.address)
    expect(page.locator("header")).to_contain_text("예시 데이터")
    connection.block()
    ask(page, STEADY)
    expect(turn(page)).to_contain_text("다시 연결하는 중…")
    connection.allow()
    expect(turn(page)).to_have_attribute("data-phase", "finished", timeout=15_000)
    expect(prose(page)).to_have_text(WHOLE)
    assert asked(agent, STEADY, before) == 1


def test_a_reload_in_the_middle_goes_on_with_the_answer(
    open_page: OpenPage, scripted_server: str, agent: ScriptedAgent
) -> None:
    before = len(agent.requests)
    page = open_page(scripted_server)
    ask(page, STEADY)
    expect(prose(page)).to_contain_text("낱말5")
    page.reload()
    expect(prose(page)).to_contain_text("낱말8")
    expect(turn(page)).to_have_attribute("data-phase", "finished")
    expect(prose(page)).to_have_text(WHOLE)
    expect(page.locator(".turn")).to_have_count(1)
    page.reload()
    expect(prose(page)).to_have_text(WHOLE)
    expect(page.locator(".turn")).to_have_count(1)
    assert asked(agent, STEADY, before) == 1


def test_a_stopped_answer_stays_stopped_after_a_reload(
    open_page: OpenPage, scripted_server: str, agent: ScriptedAgent
) -> None:
    stopped = len(agent.stopped_at)
    page = open_page(scripted_server)
    ask(page, "느린 질문")
    expect(prose(page)).to_contain_text("3")
    with page.expect_request(re.compile(r"/api/chat/[^/]+/cancel$")):
        page.keyboard.press("Escape")
    expect(turn(page)).to_contain_text("답변을 멈췄습니다.")
    deadline = time.monotonic() + 5
    while len(agent.stopped_at) == stopped and time.monotonic() < deadline:
        time.sleep(0.02)
    page.reload()
    expect(turn(page)).to_have_attribute("data-phase", "stopped")
    expect(prose(page)).to_contain_text("0 1 2")


def test_two_tabs_show_the_same_answer_as_it_comes_and_either_can_stop_it(
    open_page: OpenPage, scripted_server: str, agent: ScriptedAgent
) -> None:
    before = len(agent.requests)
    first = open_page(scripted_server)
    ask(first, "삼성전자를 가장 많이 담은 ETF는?")
    expect(turn(first)).to_have_attribute("data-phase", "finished")
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator(".turn")).to_have_count(1)

    ask(first, STEADY)
    expect(second.locator(".turn")).to_have_count(2)
    for page in (first, second):
        expect(turn(page)).to_have_attribute("data-phase", "finished")
        expect(prose(page)).to_have_text(WHOLE)
    assert asked(agent, STEADY, before) == 1

    ask(second, "느린 질문")
    expect(prose(first)).to_contain_text("3")
    first.get_by_label("답변 멈추기").click()
    for page in (first, second):
        expect(turn(page)).to_have_attribute("data-phase", "stopped")


def test_two_tabs_can_hold_two_conversations(open_page: OpenPage, scripted_server: str) -> None:
    first = open_page(scripted_server)
    second = first.context.new_page()
    second.goto(scripted_server)
    ask(first, STEADY)
    ask(second, "내일 오를까?")
    expect(turn(second)).to_have_attribute("data-phase", "finished")
    expect(turn(first)).to_have_attribute("data-phase", "finished")
    for page in (first, second):
        expect(page.locator(".turn")).to_have_count(1)
    first.get_by_role("button", name="지난 대화").click()
    expect(first.locator(".conversation-title")).to_have_count(2)
