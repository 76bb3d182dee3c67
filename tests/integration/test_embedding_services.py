"""An embedding service over a real socket: how it is asked, and with which key."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from agent.embedding.embedders import DIMENSIONS, OpenAIEmbedder
from agent.embedding.serving import QuestionService, embedder_of
from backend.settings import Settings
from tests.stub_embeddings import Behaviour, StubEmbeddings

MODEL = "text-embedding-3-small"


@pytest.fixture
def service() -> Iterator[StubEmbeddings]:
    with StubEmbeddings() as stub:
        yield stub


def test_a_question_is_embedded_once(service: StubEmbeddings) -> None:
    questions = QuestionService(OpenAIEmbedder("", service.url, MODEL), timeout_s=2)
    assert questions.vector("가") == questions.vector("가")
    assert len(service.texts()) == 1


def test_a_service_that_failed_is_asked_again_after_a_pause(service: StubEmbeddings) -> None:
    questions = QuestionService(OpenAIEmbedder("", service.url, MODEL), timeout_s=2, pause_s=0.1)
    service.behaviour = Behaviour(status=503)
    assert questions.vector("가") is None
    service.behaviour = Behaviour()
    time.sleep(0.15)
    assert questions.vector("가") is not None


def test_a_model_of_one_size_is_not_asked_for_a_size_again(service: StubEmbeddings) -> None:
    service.behaviour = Behaviour(refuses_size=True)
    embedder = OpenAIEmbedder("", service.url, MODEL)
    assert len(embedder.embed(["가"])[0]) == DIMENSIONS
    embedder.embed(["나"])
    assert ["dimensions" in request for request in service.requests] == [True, False, False]


def test_the_language_models_key_goes_to_no_other_address(settings: Settings, service: StubEmbeddings) -> None:
    own = settings.model_validate(
        {
            **settings.model_dump(),
            "openai_api_key": "sk-secret",
            "embedding_model": MODEL,
            "embedding_base_url": service.url,
        }
    )
    embedder_of(MODEL, own).embed(["가"])
    assert "sk-secret" not in str(service.headers)
    shared = own.model_copy(update={"embedding_base_url": None, "openai_base_url": service.url})
    embedder_of(MODEL, shared).embed(["가"])
    assert "Bearer sk-secret" in service.headers[-1].values()
