"""The chat page in a real browser, with an agent that follows a script so that every state can be reached."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from scripted_chat import XSS, ScriptedAgent

pytestmark = pytest.mark.browser

QUESTION = "삼성전자를 가장 많이 담은 ETF는?"
OpenPage = Callable[..., Page]


def ask(page: Page, question: str) -> None:
    page.get_by_label("질문", exact=True).fill(question)
    page.keyboard.press("Enter")


def turn(page: Page):
    return page.locator(".turn").last


def await_end(page: Page, phase: str = "finished") -> None:
    expect(turn(page)).to_have_attribute("data-phase", phase)


@pytest.fixture
def page(open_page: OpenPage, scripted_server: str) -> Page:
    return open_page(scripted_server)


def test_the_header_names_the_product_its_data_date_and_that_the_data_is_a_sample(page: Page) -> None:
    header = page.locator("header").first
    expect(header).to_contain_text("ETF Atlas")
    expect(header).to_contain_text("2026. 7. 31. 기준")
    expect(header).to_contain_text("예시 데이터")
    expect(page).to_have_title("ETF Atlas")


def test_an_answer_streams_in_with_table_cypher_and_evidence(page: Page) -> None:
    ask(page, QUESTION)
    await_end(page)
    answer = turn(page)
    expect(answer.locator(".prose")).to_have_text(
        "삼성전자를 가장 많이 담은 ETF는 TIGER 200 IT이고 비중은 27.31%입니다."
    )
    expect(answer.locator("strong")).to_have_text("27.31%")
    expect(answer.locator("tbody tr")).to_have_count(4)
    expect(answer.locator("pre")).not_to_be_visible()
    answer.get_by_text("Cypher 질의 보기").click()
    expect(answer.locator("pre")).to_contain_text("MATCH (e:ETF)-[h:HOLDS]->(s:Stock)")
    evidence = answer.locator(".evidence")
    for shown in ("2026. 7. 8. 기준", "예시 데이터", "오프라인", "0.4초", "검증된 질의"):
        expect(evidence).to_contain_text(shown)


def test_steps_are_shown_while_they_happen_and_folded_away_afterwards(page: Page) -> None:
    ask(page, "느린 질문")
    expect(page.locator(".steps.live .step").first).to_contain_text("생각하는 중")
    page.get_by_label("답변 멈추기").click()
    ask(page, QUESTION)
    await_end(page)
    expect(turn(page).locator(".steps-fold .step").first).not_to_be_visible()
    turn(page).get_by_text("과정 2단계").click()
    expect(turn(page).locator(".steps-fold")).to_contain_text("삼성전자 → 005930")


def test_amounts_are_readable_with_the_exact_figure_at_hand(page: Page) -> None:
    ask(page, QUESTION)
    cells = turn(page).locator("tbody tr").first.locator("td")
    expect(cells.nth(2)).to_have_text("27.31")
    expect(cells.nth(3)).to_have_text("1조 2,346억")
    expect(cells.nth(3)).to_have_attribute("title", "1,234,567,890,123원")
    assert cells.nth(3).evaluate("cell => getComputedStyle(cell).textAlign") == "right"


def test_a_missing_weight_is_shown_as_missing_and_not_as_zero(page: Page) -> None:
    ask(page, QUESTION)
    missing = turn(page).locator("tbody tr").last.locator("td").nth(2)
    expect(missing).to_contain_text("–")
    expect(missing).to_contain_text("없음")


def test_columns_sort_and_missing_values_stay_last(page: Page) -> None:
    ask(page, QUESTION)
    await_end(page)
    head = turn(page).get_by_role("columnheader", name="비중")
    names = turn(page).locator("tbody tr td:first-child")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert names.all_inner_texts() == ["KODEX 삼성그룹", "KODEX 200", "TIGER 200 IT", "ACE 무비중"]
    head.get_by_role("button").click()
    assert names.all_inner_texts() == ["TIGER 200 IT", "KODEX 200", "KODEX 삼성그룹", "ACE 무비중"]


def test_a_table_can_be_downloaded_and_copied(open_page: OpenPage, scripted_server: str) -> None:
    page = open_page(scripted_server, permissions=["clipboard-read", "clipboard-write"])
    ask(page, QUESTION)
    await_end(page)
    with page.expect_download() as download:
        turn(page).get_by_role("button", name="CSV 내려받기").click()
    assert download.value.suggested_filename == "삼성전자를_담은_ETF.csv"
    lines = Path(download.value.path()).read_bytes().decode("utf-8-sig").splitlines()
    assert lines[:2] == ["ETF,종목코드,비중(%),순자산(원),기준일", "TIGER 200 IT,139260,27.31,1234567890123,2026-07-08"]
    turn(page).get_by_role("button", name="표 복사").click()
    expect(turn(page)).to_contain_text("복사됨")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[1] == "TIGER 200 IT\t139260\t27.31\t1234567890123\t2026-07-08"


def test_an_example_is_asked_by_a_click(page: Page, agent: ScriptedAgent) -> None:
    page.get_by_role("button", name=QUESTION).click()
    await_end(page)
    assert agent.requests[-1].question == QUESTION
    expect(turn(page).locator(".question")).to_contain_text(QUESTION)


def test_enter_sends_shift_enter_breaks_the_line_and_a_half_typed_syllable_is_not_sent(page: Page) -> None:
    field = page.get_by_label("질문", exact=True)
    field.fill("첫 줄")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("둘째 줄")
    expect(field).to_have_value("첫 줄\n둘째 줄")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    field.dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    expect(page.locator(".turn")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(1)
    expect(field).to_have_value("")


def test_stopping_ends_the_run_on_the_server_and_keeps_what_was_written(page: Page, agent: ScriptedAgent) -> None:
    before = len(agent.stopped_at)
    ask(page, "느린 질문")
    expect(turn(page).locator(".prose")).to_contain_text("3")
    page.get_by_label("답변 멈추기").click()
    await_end(page, "stopped")
    expect(turn(page)).to_contain_text("답변을 멈췄습니다.")
    expect(turn(page).locator(".prose")).to_contain_text("0 1 2 3")
    deadline = time.monotonic() + 2
    while len(agent.stopped_at) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(agent.stopped_at) == before + 1


def test_the_last_messages_go_along_with_the_next_question(page: Page, agent: ScriptedAgent) -> None:
    ask(page, QUESTION)
    await_end(page)
    ask(page, "그중에서 가장 큰 것은?")
    await_end(page)
    assert [message.role for message in agent.requests[-1].history] == ["user", "assistant"]


def test_an_ambiguous_name_is_asked_back_with_candidates_to_click(page: Page) -> None:
    ask(page, "현대를 담은 ETF")
    expect(turn(page)).to_contain_text("어느 것인지 알려 주세요")
    turn(page).get_by_role("button", name="현대모비스를 가장 많이 담은 ETF는?").click()
    expect(page.locator(".turn")).to_have_count(2)


def test_a_refusal_is_kind_and_offers_other_questions(page: Page) -> None:
    ask(page, "내일 오를까?")
    expect(turn(page)).to_contain_text("이 질문에는 답할 수 없어요")
    expect(turn(page).get_by_role("button", name="KODEX 200 괴리율은?")).to_be_visible()


def test_a_failure_is_told_in_korean_and_can_be_tried_again(page: Page, agent: ScriptedAgent) -> None:
    ask(page, "고장")
    alert = turn(page).get_by_role("alert")
    expect(alert).to_contain_text("답을 만드는 중에 문제가 생겼습니다. 다시 시도해 주세요.")
    asked = len(agent.requests)
    alert.get_by_role("button", name="다시 시도").click()
    expect(turn(page).get_by_role("alert")).to_be_visible()
    assert len(agent.requests) == asked + 1
    expect(page.locator(".turn")).to_have_count(1)


def test_a_failed_answer_can_be_tried_again(page: Page) -> None:
    ask(page, "실패")
    expect(turn(page)).to_contain_text("답을 얻지 못했습니다")
    expect(turn(page).get_by_role("button", name="다시 시도")).to_be_enabled()


def test_a_server_that_is_away_is_told_in_korean(page: Page) -> None:
    page.route("**/api/chat", lambda route: route.abort("connectionrefused"))
    ask(page, QUESTION)
    expect(turn(page).get_by_role("alert")).to_contain_text("서버에 연결할 수 없습니다.")


def test_a_refused_request_is_told_in_the_servers_words(page: Page) -> None:
    def refuse(route: Route) -> None:
        body = json.dumps({"title": "바쁨", "status": 503, "detail": "지금 질문이 너무 많습니다."})
        route.fulfill(status=503, content_type="application/problem+json", body=body)

    page.route("**/api/chat", refuse)
    ask(page, QUESTION)
    expect(turn(page).get_by_role("alert")).to_contain_text("지금 질문이 너무 많습니다.")


def test_a_stream_that_ends_without_its_last_event_is_a_failure(page: Page) -> None:
    body = 'data: {"type":"RUN_STARTED"}\n\ndata: {"type":"TEXT_MESSAGE_CONTENT","delta":"반쯤 온 답"}\n\n'
    page.route("**/api/chat", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    ask(page, QUESTION)
    expect(turn(page).get_by_role("alert")).to_contain_text("답변이 도중에 끊겼습니다.")
    expect(turn(page).locator(".prose").first).to_have_text("반쯤 온 답")


def test_a_reload_keeps_the_conversation_and_new_conversation_begins_another(page: Page) -> None:
    ask(page, QUESTION)
    await_end(page)
    page.reload()
    expect(turn(page).locator("tbody tr")).to_have_count(4)
    expect(turn(page).locator(".evidence")).to_contain_text("2026. 7. 8.")
    page.get_by_role("button", name="새 대화").click()
    expect(page.locator(".turn")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="무엇이든 물어보세요")).to_be_visible()
    page.go_back()
    expect(turn(page).locator("tbody tr")).to_have_count(4)


def test_an_answer_says_what_answered_and_the_model_can_be_asked_instead(page: Page, agent: ScriptedAgent) -> None:
    ask(page, QUESTION)
    await_end(page)
    expect(turn(page).locator(".source")).to_have_text("검증된 질의종목을 가장 많이 담은 ETF는?")
    page.get_by_role("button", name="AI 모델에게 다시 묻기").click()
    expect(page.locator(".turn")).to_have_count(2)
    await_end(page)
    assert agent.requests[-1].verified_first is False
    assert agent.requests[-1].question == QUESTION
    assert agent.requests[-1].history == ()
    expect(turn(page).locator(".source")).to_have_text("AI 모델 답변 · stub-large")
    expect(turn(page).get_by_role("button", name="AI 모델에게 다시 묻기")).to_have_count(0)


def test_a_question_that_was_read_is_not_called_verified(page: Page) -> None:
    ask(page, "천천히 답해 줘")
    await_end(page)
    expect(turn(page).locator(".source")).to_have_text("질문을 읽어 만든 질의")
    expect(turn(page)).not_to_contain_text("검증된 질의")


def test_earlier_conversations_are_listed_opened_and_removed(page: Page) -> None:
    ask(page, QUESTION)
    await_end(page)
    page.get_by_role("button", name="새 대화").click()
    ask(page, "내일 오를까?")
    await_end(page)
    page.get_by_role("button", name="지난 대화").click()
    drawer = page.get_by_role("dialog", name="지난 대화")
    expect(drawer.locator(".conversation-title")).to_have_text(["내일 오를까?", QUESTION])
    expect(drawer.locator(".conversation").first).to_contain_text("오늘")
    drawer.get_by_role("button", name=QUESTION).first.click()
    expect(drawer).to_have_count(0)
    expect(turn(page).locator(".question")).to_contain_text(QUESTION)

    page.get_by_role("button", name="지난 대화").click()
    drawer.get_by_role("button", name=f"대화 지우기: {QUESTION}").click()
    drawer.get_by_role("button", name="지우기", exact=True).click()
    expect(drawer.locator(".conversation-title")).to_have_text(["내일 오를까?"])
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(page.get_by_role("button", name="지난 대화")).to_be_focused()
    expect(page.locator(".turn")).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="지난 대화").click()
    expect(drawer.locator(".conversation-title")).to_have_text(["내일 오를까?"])


def test_an_answer_goes_on_while_another_conversation_is_read(page: Page) -> None:
    ask(page, "천천히 답해 줘")
    expect(turn(page).locator(".prose")).to_contain_text("낱말3")
    page.get_by_role("button", name="새 대화").click()
    expect(page.locator(".turn")).to_have_count(0)
    page.go_back()
    await_end(page)
    expect(turn(page).locator(".prose")).to_contain_text("낱말39")


def test_a_conversation_of_somebody_else_is_not_shown(open_page: OpenPage, page: Page) -> None:
    ask(page, QUESTION)
    await_end(page)
    stranger = open_page(page.url)
    expect(stranger.get_by_role("heading", name="대화를 찾을 수 없습니다")).to_be_visible()
    stranger.get_by_role("button", name="새 대화 시작하기").click()
    expect(stranger.get_by_role("heading", name="무엇이든 물어보세요")).to_be_visible()


def test_hostile_text_stays_text_everywhere(page: Page) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    ask(page, f"공격 {XSS}")
    await_end(page)
    turn(page).get_by_text("Cypher 질의 보기").click()
    expect(turn(page).locator(".question")).to_contain_text(XSS)
    expect(turn(page).locator(".table-title")).to_have_text(XSS)
    expect(turn(page).locator("pre")).to_contain_text(XSS)
    expect(turn(page).locator("article img, .answer img, .answer script")).to_have_count(0)
    assert turn(page).locator('a[href^="javascript"]').count() == 0
    page.reload()
    expect(turn(page).locator(".table-title")).to_have_text(XSS)
    assert page.evaluate("window.hacked") is None
    assert not [url for url in requested if "example.invalid" in url or url.endswith("/x")]


def test_a_phone_sees_everything_without_scrolling_the_page_sideways(open_page: OpenPage, scripted_server: str) -> None:
    page = open_page(scripted_server, width=360, height=740, phone=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("button", name=QUESTION).tap()
    await_end(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    table = turn(page).locator(".table-card .table-scroll")
    assert table.evaluate("box => box.scrollWidth > box.clientWidth")
    expect(page.get_by_label("질문", exact=True)).to_be_in_viewport()
    expect(page.get_by_label("질문 보내기")).to_be_in_viewport()


@pytest.mark.parametrize("phone", [True, False])
def test_neither_header_nor_composer_covers_what_is_asked_answered_or_filled_in(
    open_page: OpenPage, scripted_server: str, phone: bool
) -> None:
    page = open_page(scripted_server, width=390 if phone else 1280, height=740, phone=phone, reduced_motion="reduce")
    for _ in range(2):
        ask(page, QUESTION)
        await_end(page)
    below_header = "header => header.getBoundingClientRect().bottom"
    assert turn(page).locator(".question").bounding_box()["y"] > page.locator(".header").evaluate(below_header)
    turn(page).get_by_role("button", name="아쉬워요").click()
    form = turn(page).locator(".reasons").bounding_box()
    assert form["y"] + form["height"] <= page.locator(".composer-box").bounding_box()["y"]


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_colours_follow_the_system_until_one_chooses(
    open_page: OpenPage, scripted_server: str, scheme: str, dark: bool
) -> None:
    page = open_page(scripted_server, color_scheme=scheme)

    def is_dark() -> bool:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour[4:-1].split(",")) < 3 * 128

    assert is_dark() is dark
    page.get_by_role("button", name="밝은 화면으로" if dark else "어두운 화면으로").click()
    assert is_dark() is not dark
    page.reload()
    assert is_dark() is not dark


def test_everything_can_be_reached_with_the_keyboard(page: Page) -> None:
    ask(page, QUESTION)
    await_end(page)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(document.activeElement.ariaLabel ?? document.activeElement.innerText).trim()"))
    expected = {
        "새 대화",
        "어두운 화면으로",
        "표 복사",
        "CSV 내려받기",
        "Cypher 질의 보기",
        "지난 대화",
        "도움이 됐어요",
        "아쉬워요",
        "AI 모델에게 다시 묻기",
        "질문",
        "삼성전자를 담은 ETF",
    }
    assert expected <= reached, expected - reached


def test_a_screen_reader_hears_the_answer_once_it_stands(page: Page) -> None:
    ask(page, QUESTION)
    expect(page.locator(".chat > [role=status][aria-live=polite]")).to_have_text(
        "답변: 삼성전자를 가장 많이 담은 ETF는 TIGER 200 IT이고 비중은 27.31%입니다."
    )
