"""Embeddings: the offline ones, and those of an OpenAI-compatible service over a real socket."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from statistics import median

import numpy as np
import openai
import pytest

from agent.embedding.embedders import DIMENSIONS, OfflineEmbedder, OpenAIEmbedder, vector_literal
from agent.examples import load_examples, offline_embedder
from agent.question_words import question_words

ETF, STOCK, TAG, DATE, PERIOD = "⟨ETF⟩", "⟨종목⟩", "⟨테마⟩", "⟨날짜⟩", "⟨기간⟩"


def similarity(one: str, other: str) -> float:
    left, right = offline_embedder().embed([one, other])
    return math.fsum(a * b for a, b in zip(left, right, strict=True))


def test_vectors_have_length_one_and_1536_numbers() -> None:
    for vector in offline_embedder().embed(["삼성전자를 많이 담은 ETF는?", "!?", ""]):
        assert len(vector) == DIMENSIONS
        assert math.isclose(math.hypot(*vector), 1, abs_tol=1e-9)


def test_vectors_are_the_same_in_every_process() -> None:
    [vector] = OfflineEmbedder(["가 나", "나 다"]).embed(["나 라"])
    top = sorted(range(DIMENSIONS), key=lambda place: -abs(vector[place]))[:3]
    assert [place for place in top if vector[place]] == top
    assert OfflineEmbedder(["나 다", "가 나"]).embed(["나 라"]) == [vector]


def test_the_model_name_follows_the_corpus() -> None:
    assert OfflineEmbedder(["가"]).name != OfflineEmbedder(["나"]).name


@pytest.mark.parametrize(
    ("question", "nearer", "farther"),
    [
        (
            f"{TAG} ETF 중 수수료가 제일 싼 거",
            f"{TAG} ETF 중에서 보수가 가장 낮은 것은?",
            f"{TAG} ETF 중에서 순자산이 가장 큰 것은?",
        ),
        (f"{STOCK}을 들고 있는 ETF", f"{STOCK}를 담은 ETF는?", f"{STOCK}를 판 ETF는?"),
        (f"{STOCK} 안 담은 {TAG} ETF", f"{STOCK}가 없는 {TAG} ETF", f"{STOCK}를 담은 {TAG} ETF"),
        (f"{DATE}에 {ETF}가 뭘 팔았죠", f"{ETF}가 {DATE}에 매도한 종목은?", f"{ETF}가 {DATE}에 매수한 종목은?"),
        (f"{ETF} 보수 알려주시겠어요", f"{ETF} 총보수가 얼마야", f"{ETF} 순자산이 얼마야"),
        (f"{ETF} 괴리률", f"{ETF} 괴리율은?", f"{ETF} 상장일은?"),
        (f"How much did {ETF} gain in {PERIOD}", f"{ETF}의 {PERIOD} 수익률은?", f"{ETF}의 {PERIOD} 평균 종가는?"),
    ],
)
def test_questions_that_mean_the_same_lie_nearer(question: str, nearer: str, farther: str) -> None:
    assert similarity(question, nearer) > similarity(question, farther)


def test_what_a_question_names_tells_it_apart() -> None:
    assert similarity(f"{ETF} 비중", f"{ETF}의 비중") > similarity(f"{ETF} 비중", f"{STOCK} 비중")
    assert similarity(f"{ETF} {ETF} 비교", f"{ETF}와 {ETF}를 비교") > similarity(f"{ETF} {ETF} 비교", f"{ETF} 비교")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("수수료가 제일 싼", {"fee", "superlative", "cheap"}),
        ("실시간 시세", {"live", "price"}),
        ("총보수", {"fee"}),
        ("순자산가치", {"nav"}),
        (f"{TAG} ⟨지수⟩", set()),
    ],
)
def test_concepts_of_a_text(text: str, expected: set[str]) -> None:
    assert set(question_words().concepts(text)) == expected


def test_a_question_is_embedded_within_a_millisecond() -> None:
    embedder = offline_embedder()
    questions = [
        f"{wording} {number}번째" for number, example in enumerate(load_examples()) for wording in example.masked[:1]
    ]
    seconds = []
    for question in questions:
        started = time.perf_counter()
        embedder.embed([question])
        seconds.append(time.perf_counter() - started)
    assert median(seconds) < 0.001


def test_a_vector_is_written_as_pgvector_reads_it() -> None:
    assert vector_literal([0.0, -0.25, 1e-7]) == "[0,-0.25,1e-07]"


class _Service(BaseHTTPRequestHandler):
    """An OpenAI-compatible embeddings endpoint that answers in reverse order; `size` is the vectors' length."""

    size = DIMENSIONS
    requests: list[dict]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).requests.append({"path": self.path, "key": self.headers["Authorization"], **body})
        data = [
            {"object": "embedding", "index": number, "embedding": [float(len(text))] * type(self).size}
            for number, text in enumerate(body["input"])
        ]
        answer = json.dumps(
            {
                "object": "list",
                "model": body["model"],
                "data": data[::-1],
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            }
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[tuple[str, type[_Service]]]:
    class Service(_Service):
        requests: list[dict] = []  # noqa: RUF012

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", Service
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


def test_a_service_is_asked_for_1536_numbers_and_its_order_is_restored(service: tuple[str, type[_Service]]) -> None:
    address, handler = service
    vectors = OpenAIEmbedder("secret", address).embed(["a", "bbb"])
    assert [vector[0] for vector in vectors] == [1, 3]
    assert np.shape(vectors) == (2, DIMENSIONS)
    [request] = handler.requests
    assert request["path"] == "/v1/embeddings"
    assert request["key"] == "Bearer secret"
    assert (request["model"], request["dimensions"], request["encoding_format"]) == (
        "text-embedding-3-small",
        DIMENSIONS,
        "float",
    )


def test_nothing_is_asked_for_no_texts(service: tuple[str, type[_Service]]) -> None:
    address, handler = service
    assert OpenAIEmbedder("secret", address).embed([]) == []
    assert handler.requests == []


def test_vectors_of_another_size_are_refused(service: tuple[str, type[_Service]]) -> None:
    address, handler = service
    handler.size = 8
    with pytest.raises(ValueError, match="1536"):
        OpenAIEmbedder("secret", address).embed(["a"])


def test_a_service_that_does_not_answer_is_an_error() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with pytest.raises(openai.OpenAIError):
            OpenAIEmbedder("secret", address).embed(["a"])
