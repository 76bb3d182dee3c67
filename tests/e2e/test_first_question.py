"""The whole way: a person asks in a browser, and the answer comes from the graph of the sample market."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from backend.db.engine import Database

pytestmark = pytest.mark.browser

HOLDERS = text("""
    SELECT e.properties ->> 'name'::text, round((h.properties ->> 'weight'::text)::numeric, 2)
    FROM etf_graph."HOLDS" h
    JOIN etf_graph."Stock" s ON s.id = h.end_id
    JOIN etf_graph."ETF" e ON e.id = h.start_id
    WHERE s.properties ->> 'code'::text = '005930'
    ORDER BY 2 DESC NULLS LAST
    LIMIT 5
""")


def test_a_person_asks_and_reads_the_answer_with_its_evidence(
    open_page: Callable[..., Page], live_server: str, sample_database: Database
) -> None:
    with sample_database.engine("atlas_owner").connect() as connection:
        expected = list(connection.execute(HOLDERS))
    as_of = httpx.get(f"{live_server}/api/ready").json()["as_of"]
    shown_date = "{}. {}. {}.".format(*(int(part) for part in as_of.split("-")))

    page = open_page(live_server)
    expect(page.locator("header")).to_contain_text("예시 데이터")
    page.get_by_label("질문", exact=True).fill("삼성전자를 가장 많이 담은 ETF는?")
    page.keyboard.press("Enter")
    turn = page.locator(".turn").last
    expect(turn).to_have_attribute("data-phase", "finished", timeout=20_000)

    expect(turn.locator(".prose").first).to_contain_text(expected[0][0])
    rows = turn.locator("tbody tr")
    for index, (name, weight) in enumerate(expected):
        expect(rows.nth(index)).to_contain_text(name)
        expect(rows.nth(index)).to_contain_text(f"{weight:.2f}")
    turn.get_by_text("Cypher 질의 보기").click()
    expect(turn.locator("pre").first).to_contain_text("MATCH")
    expect(turn.locator(".evidence")).to_contain_text(f"{shown_date} 기준")
    expect(turn.locator(".evidence")).to_contain_text("오프라인")


def test_every_question_that_the_page_offers_is_answered(open_page: Callable[..., Page], live_server: str) -> None:
    page = open_page(live_server)
    offered = page.locator(".featured-question, .more .chip").all_inner_texts()
    assert len(offered) > 8
    unanswered = {}
    for question in offered:
        message = {"id": "q", "role": "user", "content": question}
        body = {"threadId": "t", "runId": "r", "messages": [message]}
        reply = httpx.post(f"{live_server}/api/chat", json=body, timeout=30).text
        if '"status":"answered"' not in reply:
            unanswered[question] = reply[-500:]
    assert unanswered == {}
