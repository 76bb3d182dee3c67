"""The administrators' page: a bad answer becomes an example that answers the next such question."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect
from scripted_chat import serving

from backend.app import create_app
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.settings import Settings

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def token(settings: Settings) -> str:
    return admin_token(settings)


@pytest.fixture(scope="module")
def curated_server(built_page: None, chat_database: Database, settings: Settings) -> Iterator[str]:
    """The address of the whole application with its own offline agent."""
    with serving(create_app(chat_database, settings)) as address:
        yield address


@pytest.fixture
def admin(open_page: OpenPage, curated_server: str, token: str) -> Page:
    """The page behind the token."""
    page = open_page(f"{curated_server}/admin")
    enter(page, token)
    expect(page.get_by_role("navigation", name="관리")).to_be_visible()
    return page


def enter(page: Page, token: str) -> None:
    page.get_by_label("관리자 토큰").fill(token)
    page.get_by_role("button", name="들어가기").click()


def ask(server: str, question: str, run_id: str, verdict: str | None = None) -> dict:
    """Ask as a visitor of one's own; returns the final object's events as text."""
    with httpx.Client(base_url=server, timeout=30) as client:
        client.get("/api/conversations")
        message = {"id": "q", "role": "user", "content": question}
        body = {
            "threadId": f"thread-{run_id}", "runId": run_id, "messages": [message], "state": {}, "tools": [],
            "context": [], "forwardedProps": {},
        }  # fmt: skip
        client.post("/api/chat", json=body)
        if verdict:
            client.post(f"/api/chat/{run_id}/feedback", json={"verdict": verdict, "reason": "답이 틀려요"})
        return client.get(f"/api/conversations/thread-{run_id}").json()["turns"][0]["answer"]


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="관리").get_by_role("button", name=name, exact=True).click()


def entry(page: Page, words: str):
    return page.locator(".entry", has_text=words)


def test_a_wrong_token_is_refused_in_korean_and_asked_for_again(
    open_page: OpenPage, curated_server: str, token: str
) -> None:
    page = open_page(f"{curated_server}/admin")
    enter(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("관리자 토큰이 올바르지 않습니다.")
    enter(page, token)
    expect(page.get_by_role("navigation", name="관리")).to_be_visible()
    page.reload()
    expect(page.get_by_role("navigation", name="관리")).to_be_visible()


def test_a_token_that_is_refused_later_is_asked_for_again(admin: Page) -> None:
    admin.route("**/api/admin/**", lambda route: route.fulfill(status=401, json={"detail": "다시 들어오세요."}))
    admin.reload()
    expect(admin.get_by_role("alert")).to_contain_text("다시 들어오세요.")
    expect(admin.get_by_label("관리자 토큰")).to_be_visible()
    assert admin.evaluate("sessionStorage.getItem('etf-atlas.admin-token')") is None


def test_turns_are_filtered_and_show_how_their_answers_came_about(admin: Page, curated_server: str) -> None:
    ask(curated_server, "KODEX 200 보수는?", "filter-1")
    ask(curated_server, "KODEX 200 운용사는 어디야?", "filter-2", verdict="down")
    admin.reload()
    expect(entry(admin, "KODEX 200 보수는?").first).to_be_visible()
    admin.get_by_label("아쉬워요만").check()
    expect(entry(admin, "KODEX 200 보수는?")).to_have_count(0)
    found = entry(admin, "KODEX 200 운용사는 어디야?").first
    expect(found).to_contain_text("답이 틀려요")
    found.locator("summary").click()
    for name in ("가린 질문", "답", "시간", "모델"):
        expect(found.locator("dt", has_text=name).first).to_be_visible()
    expect(found).to_contain_text("이름 찾기")
    admin.get_by_label("아쉬워요만").uncheck()
    admin.get_by_label("질문에서 찾기").fill("보수는")
    expect(entry(admin, "KODEX 200 운용사는 어디야?")).to_have_count(0)
    expect(entry(admin, "KODEX 200 보수는?").first).to_be_visible()
    admin.get_by_label("질문에서 찾기").fill("없는 질문입니다")
    expect(admin.get_by_text("조건에 맞는 대화가 없습니다.")).to_be_visible()


def test_an_unanswered_question_becomes_an_example_that_answers_the_next_one(admin: Page, curated_server: str) -> None:
    question = "KODEX 200 종목코드 끝자리까지 또박또박 읊어줄래"
    assert ask(curated_server, question, "loop-1")["source"] != "verified"

    tab(admin, "후보")
    admin.get_by_label("새 후보의 질문").fill(question)
    admin.get_by_role("button", name="만들기").click()
    cypher = admin.get_by_label("Cypher", exact=True)
    cypher.fill("MATCH (e:ETF {name: 'KODEX 200'})\nRETURN e.name AS ETF, e.code AS 코드, e.missing AS 없음")
    admin.get_by_role("button", name="실행").click()
    expect(admin.get_by_role("alert")).to_contain_text("missing")

    cypher.fill("MATCH (e:ETF {name: 'KODEX 200'})\nRETURN e.name AS ETF, e.code AS 코드")
    expect(admin.locator(".cypher-field .cypher-keyword").first).to_have_text("MATCH")
    admin.get_by_role("button", name="이름을 자리로 바꾸기").click()
    expect(admin.get_by_label("질문", exact=True)).to_have_value("{etf} 종목코드 끝자리까지 또박또박 읊어줄래")
    expect(admin.get_by_label("자리 1의 이름")).to_have_value("etf")
    expect(admin.get_by_label("시험 질문")).to_have_value(question)
    expect(cypher).to_have_value("MATCH (e:ETF {code: $etf})\nRETURN e.name AS ETF, e.code AS 코드")
    admin.get_by_role("button", name="실행").click()
    expect(admin.locator(".trial")).to_contain_text("이 질문은 이 예시로 답하게 됩니다.")
    expect(admin.locator(".trial tbody tr")).to_have_count(1)
    expect(admin.locator(".trial")).to_contain_text("069500")
    admin.get_by_role("button", name="검증된 예시로 올리기").click()
    expect(admin.locator(".said")).to_contain_text("검증된 예시로 올렸습니다.")

    answer = ask(curated_server, "TIGER 200 종목코드 끝자리까지 또박또박 읊어줄래", "loop-2")
    assert (answer["source"], answer["status"]) == ("verified", "answered")
    assert "102110" in str(answer["tables"])

    admin.get_by_role("button", name="보관").last.click()
    expect(admin.locator(".said")).to_contain_text("보관했습니다.")
    assert ask(curated_server, "TIGER 200 종목코드 끝자리까지 또박또박 읊어줄래", "loop-3")["source"] != "verified"


def test_a_turn_becomes_a_candidate_once(admin: Page, curated_server: str) -> None:
    question = "삼성전자를 담은 ETF 다섯 개만 보여줘"
    ask(curated_server, question, "candidate-1", verdict="down")
    admin.get_by_label("질문에서 찾기").fill(question)
    entry(admin, question).first.locator("summary").click()
    entry(admin, question).first.get_by_role("button", name="후보로 만들기").click()
    expect(admin.locator(".editor .mark")).to_have_text("후보")
    admin.get_by_role("button", name="목록").click()
    entry(admin, question).first.locator("summary").click()
    expect(entry(admin, question).first.get_by_role("button", name="만든 예시 열기")).to_be_visible()


def test_unsaved_changes_are_not_lost_by_a_click(admin: Page) -> None:
    tab(admin, "후보")
    admin.get_by_label("새 후보의 질문").fill("KODEX 200 순자산은?")
    admin.get_by_role("button", name="만들기").click()
    field = admin.get_by_label("질문", exact=True)
    field.fill("KODEX 200 순자산 알려줘")
    expect(admin.get_by_text("저장하지 않은 변경")).to_be_visible()
    admin.once("dialog", lambda dialog: dialog.dismiss())
    tab(admin, "대화")
    expect(field).to_have_value("KODEX 200 순자산 알려줘")
    admin.get_by_role("button", name="저장", exact=True).click()
    expect(admin.locator(".said")).to_have_text("저장했습니다.")
    tab(admin, "대화")
    expect(field).to_have_count(0)


def test_examples_of_the_file_can_be_tried_but_not_edited(admin: Page) -> None:
    tab(admin, "검증된 예시")
    admin.get_by_label("예시에서 찾기").fill("보수")
    admin.locator(".entry-open").first.click()
    expect(admin.get_by_label("질문", exact=True)).not_to_be_editable()
    expect(admin.get_by_text("기본 예시는 예시 파일에서 고칩니다.")).to_be_visible()
    expect(admin.get_by_role("button", name="저장", exact=True)).to_have_count(0)
