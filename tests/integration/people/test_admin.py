"""The feedback loop: from a 👎 to an example that answers the next such question; and who may turn it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agent.examples import store
from backend.app import create_app
from backend.curation.access import admin_token
from backend.db.engine import Database
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
SAME_MANAGER = """
MATCH (e:ETF {code: '069500'})-[:MANAGED_BY]->(c:Company)<-[:MANAGED_BY]-(other:ETF)
WHERE other.code <> e.code
RETURN other.name AS ETF, other.code AS 종목코드, other.aum AS `순자산(원)`
ORDER BY other.aum IS NULL, other.aum DESC, other.code
LIMIT 5
"""


@pytest.fixture(scope="module")
def browser(chat_database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(chat_database, settings)) as client:
        yield client


@pytest.fixture(scope="module")
def admin(browser: TestClient, settings: Settings) -> TestClient:
    """A client with the administrator's token."""
    return TestClient(browser.app, headers={"Authorization": f"Bearer {admin_token(settings)}"})


_runs = iter(range(1_000_000))


def ask(client: TestClient, question: str) -> dict:
    body = {
        "threadId": "admin", "runId": f"admin-{next(_runs)}", "messages": [{"id": "1", "role": "user", "content": question}],
    }  # fmt: skip
    lines = client.post("/api/chat", json=body).text.split("\n")
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    return next(event["value"] for event in events if event.get("name") == "answer")


def made(admin: TestClient, question: str, cypher: str, graph: str = "etf_graph") -> str:
    reply = admin.post("/api/admin/examples", json={"question": question, "cypher": cypher, "graph": graph})
    assert reply.status_code == 201, reply.text
    return reply.json()["id"]


def generalised(admin: TestClient, question: str, cypher: str, graph: str = "etf_graph") -> dict:
    body = {"question": question, "cypher": cypher, "graph": graph}
    reply = admin.post("/api/admin/examples/generalise", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_question_that_failed_becomes_an_example_that_answers_the_next_one(
    browser: TestClient, admin: TestClient, chat_database: Database
) -> None:
    question = "KODEX 200과 운용사가 같은 ETF를 순자산 순으로 5개"
    failed = ask(browser, question)
    assert failed["status"] == "refused"
    browser.post(f"/api/chat/{failed['run_id']}/feedback", json={"verdict": "down", "reason": "질문을 잘못 이해했어요"})

    [turn] = admin.get("/api/admin/turns", params={"verdict": "down", "q": "운용사가 같은"}).json()["turns"]
    assert (turn["run_id"], turn["masked"]) == (failed["run_id"], "⟨ETF⟩과 운용사가 같은 ETF를 순자산 순으로 ⟨수⟩개")
    assert turn["feedback"] == {"verdict": "down", "reason": "질문을 잘못 이해했어요"}

    candidate = admin.post("/api/admin/examples", json={"run_id": turn["run_id"]}).json()
    assert (candidate["status"], candidate["source"], candidate["turn_id"]) == ("candidate", "feedback", turn["id"])
    proposal = generalised(admin, candidate["question"], SAME_MANAGER)
    assert proposal["question"] == "{etf}과 운용사가 같은 ETF를 순자산 순으로 {n}개"
    assert "{code: $etf}" in proposal["cypher"]
    assert "LIMIT $n" in proposal["cypher"]
    assert proposal["unplaced"] == []

    address = f"/api/admin/examples/{candidate['id']}"
    edited = {key: proposal[key] for key in ("question", "cypher", "slots", "graph")}
    assert admin.put(address, json=edited).status_code == 200
    tried = admin.post(f"{address}/run", json={"question": "TIGER 200과 운용사가 같은 ETF를 순자산 순으로 3개"}).json()
    assert tried["parameters"] == {"etf": "102110", "n": 3}
    assert tried["matches"] is True
    assert tried["columns"] == ["ETF", "종목코드", "순자산(원)"]
    assert len(tried["rows"]) == 3
    assert ask(browser, question)["status"] == "refused"

    promoted = admin.post(f"{address}/promote")
    assert promoted.status_code == 200, promoted.text
    assert promoted.json()["example"]["status"] == "verified"

    answer = ask(browser, "TIGER 200과 운용사가 같은 ETF를 순자산 순으로 3개")
    assert (answer["status"], answer["source"], answer["example"]) == ("answered", "verified", proposal["question"])
    assert answer["tables"][0]["rows"] == tried["rows"]
    assert answer["answer"].startswith("결과 3건입니다.")
    assert turn["id"] == admin.get(address).json()["turn_id"]
    assert admin.get("/api/admin/turns", params={"q": question}).json()["turns"][-1]["made_into"] == [candidate["id"]]

    with chat_database.engine("atlas_app").begin() as connection:
        # As at every start: the seeds are stored again.
        store(connection)
    assert ask(browser, question)["source"] == "verified"

    assert admin.post(f"{address}/retire").json()["status"] == "retired"
    assert ask(browser, question)["status"] == "refused"


def test_other_words_that_nobody_knows_are_not_answered_by_a_promoted_example(
    browser: TestClient, admin: TestClient
) -> None:
    query = "MATCH (e:ETF)-[:TRACKS]->(i:Index)<-[:TRACKS]-(o:ETF) WHERE e.code = '069500' AND o.code <> e.code RETURN o.name AS ETF"
    question = "KODEX 200의 라이벌 ETF는?"
    example = made(admin, question, query)
    proposal = generalised(admin, question, query)
    admin.put(f"/api/admin/examples/{example}", json={key: proposal[key] for key in ("question", "cypher", "slots")})
    assert admin.post(f"/api/admin/examples/{example}/promote").status_code == 200
    assert ask(browser, "TIGER 200의 라이벌 ETF는?")["source"] == "verified"
    assert ask(browser, "TIGER 200의 단짝 ETF는?")["source"] is None


def test_a_verified_example_that_is_edited_answers_nothing_until_it_is_promoted_again(
    browser: TestClient, admin: TestClient
) -> None:
    question, query = "KODEX 200의 별명은?", "MATCH (e:ETF) WHERE e.code = '069500' RETURN e.name AS 이름"
    address = f"/api/admin/examples/{made(admin, question, query)}"
    proposal = generalised(admin, question, query)
    form = {key: proposal[key] for key in ("question", "cypher", "slots")}
    admin.put(address, json=form)
    assert admin.post(f"{address}/promote").status_code == 200
    assert ask(browser, question)["answer"].startswith("이름 **KODEX 200**입니다.")
    told = {"answer": [{"text": "{etf|은는} {rows[0].이름|이라}고 부릅니다."}]}
    assert admin.put(address, json={**form, **told}).json()["status"] == "candidate"
    assert ask(browser, question)["source"] is None
    assert admin.post(f"{address}/promote").status_code == 200
    assert ask(browser, "TIGER 200의 별명은?")["answer"].startswith("TIGER 200은 TIGER 200이라고 부릅니다.")


@pytest.mark.parametrize(
    ("question", "cypher", "wording", "general", "slots"),
    [
        (
            "삼성전자를 많이 담은 ETF 3개", "MATCH (e:ETF)-[h:HOLDS]->(s:Stock {code: '005930'}) RETURN e.name AS n LIMIT 3",
            "{stock}를 많이 담은 ETF {n}개", "{code: $stock[0]}) RETURN e.name AS n LIMIT $n", ["stock", "n"],
        ),
        (
            "KODEX 200의 상위 5개 종목", "MATCH (e:ETF {code: '069500'})-[h:HOLDS]->(s) RETURN s.name AS n LIMIT 5",
            "{etf}의 상위 {n}개 종목", "{code: $etf})-[h:HOLDS]->(s) RETURN s.name AS n LIMIT $n", ["etf", "n"],
        ),
        (
            "삼성전자를 담은 ETF", "MATCH (e:ETF)-[:HOLDS]->(s:Stock) WHERE s.code = '005930' RETURN e.name AS n",
            "{stock}를 담은 ETF", "WHERE s.code IN $stock RETURN", ["stock"],
        ),
        (
            "삼성전자를 담은 ETF", "MATCH (e:ETF)-[:HOLDS]->(s:Stock) WHERE s.name = '삼성전자' RETURN e.name AS n",
            "{stock}를 담은 ETF", "WHERE s.code IN $stock RETURN", ["stock"],
        ),
        (
            "KODEX 200과 TIGER 200의 보수", "MATCH (e:ETF) WHERE e.code IN ['069500', '102110'] RETURN e.fee AS f",
            "{etf}과 {etf2}의 보수", "[$etf, $etf2]", ["etf", "etf2"],
        ),
        (
            "KODEX 200에서 비중이 5% 이상인 종목", "MATCH (e:ETF {name: 'KODEX 200'})-[h:HOLDS]->(s) WHERE h.weight >= 5 RETURN s.name AS n",
            "{etf}에서 비중이 {percent} 이상인 종목", "(h.weight >= $percent_low AND h.weight <= $percent_high)", ["etf", "percent"],
        ),
        (
            "반도체 ETF 5개 중 5% 넘게 오른 것", "MATCH (e:ETF)-[:TAGGED]->(t:Tag {name: '반도체'}) WHERE e.change > 5 RETURN e.name AS n LIMIT 5",
            "{tag} ETF {n}개 중 {percent} 넘게 오른 것", "(e.change >= $percent_low AND e.change <= $percent_high) RETURN e.name AS n LIMIT $n",
            ["tag", "n", "percent"],
        ),
        (
            "2026년 7월 8일 KODEX 200 종가", "MATCH (e:ETF)-[p:PRICED]->(d) WHERE e.code = '069500' AND p.date = '2026-07-08' RETURN p.close AS c",
            "{date} {etf} 종가", "p.date = $date", ["date", "etf"],
        ),
        (
            "2026년 6월 KODEX 200 종가", "MATCH (e:ETF {code: '069500'})-[p:PRICED]->(d) WHERE p.date >= '2026-06-01' AND p.date <= '2026-06-30' RETURN p.close AS c",
            "{period} {etf} 종가", "p.date >= $from AND p.date <= $to", ["period", "etf"],
        ),
    ],
)  # fmt: skip
def test_what_the_query_holds_becomes_slots(
    admin: TestClient, question: str, cypher: str, wording: str, general: str, slots: list[str]
) -> None:
    proposal = generalised(admin, question, cypher)
    assert proposal["question"] == wording
    assert general in proposal["cypher"]
    assert [slot["name"] for slot in proposal["slots"]] == slots
    assert proposal["unplaced"] == []


def test_what_the_query_does_not_hold_is_told_and_stays(admin: TestClient) -> None:
    query = "MATCH (e:ETF) WHERE e.name CONTAINS 'KODEX' RETURN e.name AS n LIMIT 3"
    proposal = generalised(admin, "KODEX 200 같은 ETF 3개", query)
    assert proposal["unplaced"] == [{"text": "KODEX 200", "type": "etf"}]
    assert proposal["question"] == "KODEX 200 같은 ETF {n}개"


def promotion(admin: TestClient, **form: object) -> dict:
    example = made(admin, "KODEX 200의 별칭은?", "")
    address = f"/api/admin/examples/{example}"
    changed = admin.put(
        address, json={"question": "{etf}의 별칭은?", "slots": [{"name": "etf", "type": "etf"}], **form}
    )
    assert changed.status_code == 200, changed.text
    reply = admin.post(f"{address}/promote")
    assert reply.headers["content-type"] == "application/problem+json", reply.text
    assert admin.get(address).json()["status"] == "candidate"
    return reply.json()


@pytest.mark.parametrize(
    ("cypher", "status", "advice"),
    [
        ("", 422, "Write the query"),
        ("MATCH (e:ETF) RETURN e.name AS n", 422, "Use $etf in the query"),
        ("MATCH (e:ETF) WHERE e.code = $etf AND e.name = $name RETURN e.name AS n", 422, "The slots offer $etf"),
        ("MATCH (e:ETF) WHERE e.code = $etf DELETE e", 400, "Only read"),
        ("MATCH (e:Fund) WHERE e.code = $etf RETURN e.name AS n", 400, ""),
        ("MATCH (e:ETF WHERE e.code = $etf RETURN e.name AS n", 400, ""),
    ],
)
def test_a_query_that_cannot_answer_is_not_promoted(admin: TestClient, cypher: str, status: int, advice: str) -> None:
    problem = promotion(admin, cypher=cypher)
    assert problem["status"] == status
    assert advice in problem.get("advice", "")


def test_an_answer_that_refers_to_nothing_is_not_promoted(admin: TestClient) -> None:
    query = "MATCH (e:ETF) WHERE e.code = $etf RETURN e.name AS n"
    problem = promotion(admin, cypher=query, answer=[{"text": "{rows[0].이름}"}])
    assert (problem["status"], "이름" in problem["detail"]) == (422, True)


def test_an_example_that_its_own_question_does_not_match_is_not_promoted(admin: TestClient) -> None:
    query = "MATCH (e:ETF) WHERE e.code = $etf RETURN e.name AS n"
    assert promotion(admin, cypher=query, question="{etf}의 순자산은?")["status"] == 422


def test_a_question_with_slots_cannot_be_tried(admin: TestClient) -> None:
    example = made(admin, "KODEX 200의 별칭은?", "MATCH (e:ETF) RETURN e.name AS n")
    reply = admin.post(f"/api/admin/examples/{example}/run", json={"question": "{etf}의 별칭은?"})
    assert reply.status_code == 422


def test_seeds_are_listed_and_retired_but_edited_in_their_file_only(admin: TestClient, browser: TestClient) -> None:
    [seed] = [one for one in admin.get("/api/admin/examples", params={"q": "top-holdings", "limit": 200}).json()["examples"] if one["id"] == "top-holdings"]  # fmt: skip
    assert (seed["status"], seed["source"]) == ("verified", "seed")
    form = {"question": "무엇", "cypher": "MATCH (e:ETF) RETURN e.name AS n"}
    assert admin.put("/api/admin/examples/top-holdings", json=form).status_code == 409
    assert admin.post("/api/admin/examples/top-holdings/retire").json()["status"] == "retired"
    assert ask(browser, "KODEX 200의 상위 5개 종목은?")["example"] != seed["question"]
    reply = admin.post("/api/admin/examples/top-holdings/promote", json={"question": "KODEX 200의 상위 5개 종목은?"})
    assert reply.status_code == 200, reply.text
    assert ask(browser, "KODEX 200의 상위 5개 종목은?")["example"] == seed["question"]


def test_personal_data_gets_into_no_example(admin: TestClient) -> None:
    example = made(admin, "010-1234-5678로 KODEX 200 알려줘", "MATCH (e:ETF) RETURN e.name AS n")
    assert "1234" not in admin.get(f"/api/admin/examples/{example}").text


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer 한글"])
def test_only_the_token_opens_the_door(browser: TestClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    for method, path in (
        ("GET", "turns"), ("GET", "examples"), ("POST", "examples"), ("PUT", "examples/x"), ("POST", "examples/x/promote"),
    ):  # fmt: skip
        reply = browser.request(method, f"/api/admin/{path}", headers=headers, json={} if method != "GET" else None)
        assert (reply.status_code, reply.headers["content-type"]) == (401, "application/problem+json"), path


def test_the_command_prints_the_token(settings: Settings) -> None:
    command = [sys.executable, "-m", "backend.cli", "admin", "token"]
    environment = {"ATLAS_HOME": str(settings.home), "PATH": "/usr/bin:/bin"}
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert printed == f"{admin_token(settings)}\n"


def test_turns_are_listed_page_by_page(browser: TestClient, admin: TestClient) -> None:
    for _ in range(3):
        ask(browser, "KODEX 200의 총보수는?")
    first = admin.get("/api/admin/turns", params={"limit": 2, "status": "answered"}).json()["turns"]
    second = admin.get("/api/admin/turns", params={"limit": 1, "before": first[-1]["id"]}).json()["turns"]
    assert first[0]["id"] > first[1]["id"] > second[0]["id"]
    assert first[0]["source"] == "verified"
    assert {"link", "examples", "query"} <= set(first[0]["stages_ms"])
