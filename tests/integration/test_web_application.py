"""The web application around the rooms: problem documents, operations and the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.db.engine import Database
from backend.errors import Conflict
from backend.settings import Settings


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A built page of two files, with a secret beside it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>ETF Atlas</title>", encoding="utf-8")
    (folder / "assets" / "main.js").write_text("1", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("top-secret content", encoding="utf-8")
    return folder


@pytest.fixture
def empty_client(empty_database: Database, settings: Settings, page: Path) -> Iterator[TestClient]:
    """The application on a database without a market, with two routes that fail."""
    application = create_app(empty_database, settings, page=page)

    @application.post("/api/conflict")
    def conflict() -> None:
        raise Conflict("they differ", ko="서로 다릅니다.", code="069500")

    @application.post("/api/crash")
    def crash() -> None:
        raise RuntimeError("the password is 1234")

    with TestClient(application, raise_server_exceptions=False) as client:
        yield client


def problem(answer: Any) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    return document


def test_an_error_of_ours_becomes_a_problem_document_with_its_details(empty_client: TestClient) -> None:
    assert problem(empty_client.post("/api/conflict")) == {
        "type": "/problems/conflict",
        "title": "충돌",
        "status": 409,
        "detail": "서로 다릅니다.",
        "instance": "/api/conflict",
        "code": "069500",
    }


def test_an_unexpected_error_tells_nothing_of_the_inside(empty_client: TestClient) -> None:
    answer = empty_client.post("/api/crash")
    assert problem(answer)["status"] == 500
    assert "1234" not in answer.text


def test_an_unknown_address_and_a_wrong_method_are_problems_too(empty_client: TestClient) -> None:
    assert problem(empty_client.get("/api/nothing"))["status"] == 404
    assert problem(empty_client.delete("/api/health"))["status"] == 405


def test_an_unusable_request_names_the_field(empty_client: TestClient) -> None:
    document = problem(empty_client.get("/api/search", params={"q": "삼성", "limit": "many"}))
    assert document["status"] == 422
    assert "limit" in document["detail"]


def test_the_process_is_healthy_before_it_is_ready(empty_client: TestClient) -> None:
    assert empty_client.get("/api/health").json() == {"status": "ok"}
    assert problem(empty_client.get("/api/ready"))["status"] == 503


def test_with_a_market_it_is_ready_and_says_on_which_data(client: TestClient) -> None:
    answer = client.get("/api/ready")
    assert answer.status_code == 200
    assert answer.json()["dataset"] == "sample"


def test_a_database_that_is_gone_is_unavailable_rather_than_broken(settings: Settings, page: Path) -> None:
    gone = Database("postgresql://postgres@127.0.0.1:1/atlas", settings)
    with TestClient(create_app(gone, settings, page=page), raise_server_exceptions=False) as client:
        assert client.get("/api/health").status_code == 200
        assert problem(client.get("/api/ready"))["status"] == 503


def test_metrics_count_requests_by_route(empty_client: TestClient) -> None:
    empty_client.get("/api/health")
    lines = empty_client.get("/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("atlas_http_requests_total") and 'route="/api/health"' in line]
    assert any('status="200"' in line for line in counted)


@pytest.mark.parametrize("path", ["/", "/etfs/069500", "/settings"])
def test_the_page_is_served_wherever_it_is_reloaded(empty_client: TestClient, path: str) -> None:
    answer = empty_client.get(path)
    assert answer.status_code == 200
    assert "ETF Atlas" in answer.text
    assert empty_client.head(path).status_code == 200


def test_files_of_the_page_are_served_and_nothing_beside_them(empty_client: TestClient) -> None:
    assert empty_client.get("/assets/main.js").text == "1"
    assert problem(empty_client.get("/assets/missing.js"))["status"] == 404
    for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt"):
        assert "top-secret" not in empty_client.get(path).text


def test_without_a_built_page_the_api_still_serves(
    empty_database: Database, settings: Settings, tmp_path: Path
) -> None:
    with TestClient(create_app(empty_database, settings, page=tmp_path / "none")) as client:
        assert client.get("/api/health").status_code == 200
        assert "./atlas up" in problem(client.get("/"))["detail"]
