"""The queue of embeddings on real PostgreSQL, and an embedding service over a real socket that fails in every way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from agent.embedding.queue import LONGEST_WAIT_S, backoff_s, work_batch
from agent.embedding.serving import chosen_model, embedder_of, offline_embedder, serving_model
from agent.embedding.status import forget_others, models
from agent.embedding.worker import EmbeddingWorker
from agent.examples import load_examples, nearest, store
from agent.runner import ask
from agent.verified_example import Example
from backend.db.engine import Database
from backend.settings import Settings
from tests.stub_embeddings import Behaviour, StubEmbeddings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = load_examples()[:40]
MODEL, NEXT = "text-embedding-3-small", "another-model:latest"


@pytest.fixture
def service() -> Iterator[StubEmbeddings]:
    with StubEmbeddings() as stub:
        yield stub


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database with forty examples and their offline vectors."""
    with empty_database.engine("atlas_app").begin() as connection:
        store(connection, EXAMPLES)
    return empty_database


@pytest.fixture
def chosen(settings: Settings, service: StubEmbeddings) -> Settings:
    return settings.model_copy(
        update={"embedding_model": MODEL, "embedding_base_url": service.url, "embedding_timeout_s": 0.5}
    )


def state(database: Database, model: str = MODEL) -> dict:
    with database.engine("atlas_app").connect() as connection:
        return next((row for row in models(connection) if row["model"] == model), {})


def serving(database: Database, settings: Settings) -> str:
    with database.engine("atlas_app").connect() as connection:
        return serving_model(connection, settings)


def found(database: Database, settings: Settings, masked: str) -> tuple[Example, float]:
    with database.engine("atlas_app").connect() as connection:
        return nearest(connection, masked, k=1, settings=settings)[0]


def execute(database: Database, statement: str, **parameters: object) -> None:
    with database.engine("atlas_app").begin() as connection:
        connection.execute(text(statement), parameters)


def make_due(database: Database) -> None:
    execute(database, "UPDATE embedding_queue SET due_at = now()")


def eventually(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_the_old_vectors_serve_until_the_new_model_has_all_of_its_own(
    database: Database, chosen: Settings, service: StubEmbeddings
) -> None:
    worker = EmbeddingWorker(database, chosen)
    worker.choose()
    question = EXAMPLES[5].masked[0]
    assert state(database)["waiting"] == len(EXAMPLES)
    assert worker.work_round() > 0
    assert 0 < state(database)["waiting"] < len(EXAMPLES)
    assert serving(database, chosen) == offline_embedder().name
    assert found(database, chosen, question)[0] == EXAMPLES[5]
    assert question not in service.texts()[-1:]
    worker.drain()
    assert serving(database, chosen) == MODEL
    example, similarity = found(database, chosen, question)
    assert (example, round(similarity, 4)) == (EXAMPLES[5], 1)
    assert service.texts()[-1] == question
    assert state(database)["vectors"] == sum(len(example.wordings) for example in EXAMPLES)


def test_between_two_services_models_the_question_is_embedded_by_the_one_that_serves(
    database: Database, chosen: Settings, service: StubEmbeddings
) -> None:
    EmbeddingWorker(database, chosen).choose()
    EmbeddingWorker(database, chosen).drain()
    switched = chosen.model_copy(update={"embedding_model": NEXT})
    worker = EmbeddingWorker(database, switched)
    worker.choose()
    assert serving(database, switched) == MODEL
    assert found(database, switched, EXAMPLES[3].masked[0])[0] == EXAMPLES[3]
    assert service.requests[-1]["model"] == MODEL
    worker.drain()
    assert serving(database, switched) == NEXT
    assert found(database, switched, EXAMPLES[3].masked[0])[0] == EXAMPLES[3]
    assert service.requests[-1]["model"] == NEXT


def test_only_changed_wordings_are_embedded_again_and_for_every_model(
    database: Database, chosen: Settings, service: StubEmbeddings
) -> None:
    worker = EmbeddingWorker(database, chosen)
    worker.choose()
    worker.drain()
    service.requests.clear()
    execute(
        database,
        "UPDATE cypher_examples SET title = 'another', content_hash = 'another' WHERE id = :id",
        id=EXAMPLES[0].id,
    )
    assert (state(database)["waiting"], service.requests) == (0, [])
    wordings = ["그 하나뿐인 물음", *EXAMPLES[0].masked[1:]]
    execute(database, "UPDATE cypher_examples SET masked = :masked WHERE id = :id", masked=wordings, id=EXAMPLES[0].id)
    assert state(database)["waiting"] == state(database, offline_embedder().name)["waiting"] == 1
    assert serving(database, chosen) == MODEL
    worker.drain()
    assert service.texts() == wordings
    assert state(database, offline_embedder().name)["waiting"] == 0
    assert found(database, chosen, "그 하나뿐인 물음")[1] == pytest.approx(1, abs=1e-4)


def test_an_example_promoted_from_feedback_is_found_once_the_worker_has_seen_it(
    database: Database, chosen: Settings
) -> None:
    worker = EmbeddingWorker(database, chosen, look_every_s=0.05)
    worker.start()
    try:
        eventually(lambda: serving(database, chosen) == MODEL)
        wording = "⟨테마⟩ 쪽에서 요즘 뭐가 눈에 띄나"
        execute(
            database,
            "INSERT INTO cypher_examples (id, kind, lang, question, masked, graph, cypher, answer, content_hash, source)"
            " VALUES ('promoted', 'etfs_of_tag', 'ko', :wording, ARRAY[:wording], 'etf_graph', 'RETURN 1', '[]', 'x', 'feedback')",
            wording=wording,
        )
        eventually(lambda: found(database, chosen, wording)[0].id == "promoted")
    finally:
        worker.stop()


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(status=429, headers={"Retry-After": "33"}), "RateLimitError"),
        (Behaviour(status=500), "InternalServerError"),
        (Behaviour(status=401), "AuthenticationError"),
        (Behaviour(size=768), "768"),
        (Behaviour(zero=True), "direction"),
    ],
)
def test_a_failure_is_kept_with_its_jobs_which_are_tried_later(
    database: Database, chosen: Settings, service: StubEmbeddings, behaviour: Behaviour, error: str
) -> None:
    worker = EmbeddingWorker(database, chosen)
    worker.choose()
    service.behaviour = behaviour
    assert worker.work_round() == 0
    assert worker.work_round() == 0
    assert len(service.requests) == 1, "a service that fails is left alone for a while"
    assert error in state(database)["error"]
    with database.engine("atlas_app").connect() as connection:
        wait = connection.execute(
            text("SELECT extract(epoch FROM min(due_at) - now()) FROM embedding_queue WHERE attempts = 1")
        ).scalar_one()
    assert wait > (25 if behaviour.status == 429 else 0)
    assert found(database, chosen, EXAMPLES[2].masked[0])[0] == EXAMPLES[2]
    service.behaviour = Behaviour()
    make_due(database)
    EmbeddingWorker(database, chosen).drain()
    assert serving(database, chosen) == MODEL


def test_a_service_that_is_silent_fails_after_its_time_limit(
    database: Database, chosen: Settings, service: StubEmbeddings
) -> None:
    EmbeddingWorker(database, chosen).choose()
    service.behaviour = Behaviour(delay=2)
    batch = work_batch(database, embedder_of(MODEL, chosen, timeout_s=0.2))
    assert (batch.failed > 0, batch.done) == (True, 0)
    assert "Timeout" in state(database)["error"]


def test_the_wait_between_tries_doubles_up_to_a_limit() -> None:
    assert [0.75 <= backoff_s(attempts) / 2**attempts <= 1.25 for attempts in range(8)] == [True] * 8
    assert backoff_s(1_000) <= 1.25 * LONGEST_WAIT_S


def test_a_text_that_the_service_refuses_holds_up_no_other(
    database: Database, chosen: Settings, service: StubEmbeddings
) -> None:
    service.behaviour = Behaviour(poison=EXAMPLES[0].masked[0])
    worker = EmbeddingWorker(database, chosen)
    worker.choose()
    eventually(lambda: worker.work_round() >= 0 and state(database)["waiting"] <= 1)
    assert state(database)["failed"] == 1
    assert "BadRequestError" in state(database)["error"]
    assert serving(database, chosen) == offline_embedder().name


def test_an_example_that_is_refused_for_good_is_done_without_until_its_wordings_change(
    database: Database, chosen: Settings, service: StubEmbeddings
) -> None:
    service.behaviour = Behaviour(poison=EXAMPLES[0].masked[0])
    worker = EmbeddingWorker(database, chosen)
    worker.choose()
    for _ in range(60):
        make_due(database)
        worker.work_round()
    assert (state(database)["given_up"], state(database)["examples"]) == (1, len(EXAMPLES) - 1)
    assert serving(database, chosen) == MODEL
    assert worker.drain() == 0
    asked = len(service.requests)
    make_due(database)
    worker.work_round()
    assert len(service.requests) == asked, "it is asked for no more"
    service.behaviour = Behaviour()
    reworded = "UPDATE cypher_examples SET masked = array_replace(masked, masked[1], 'other words') WHERE id = :id"
    execute(database, reworded, id=EXAMPLES[0].id)
    assert worker.drain() > 0
    assert (state(database)["given_up"], state(database)["examples"]) == (0, len(EXAMPLES))


def test_two_workers_never_do_a_job_twice(database: Database, chosen: Settings, service: StubEmbeddings) -> None:
    service.behaviour = Behaviour(delay=0.05)
    workers = [EmbeddingWorker(database, chosen) for _ in range(2)]
    workers[0].choose()
    threads = [threading.Thread(target=worker.drain) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    wordings = [wording for example in EXAMPLES for wording in example.masked]
    assert sorted(service.texts()) == sorted(wordings)
    assert state(database)["vectors"] == len(wordings)
    assert serving(database, chosen) == MODEL


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(
    database: Database, chosen: Settings, service: StubEmbeddings
) -> None:
    service.behaviour = Behaviour(delay=60)
    environment = {
        **os.environ,
        "ATLAS_HOME": str(chosen.home),
        "ATLAS_DATABASE_URL": database.url(),
        "ATLAS_EMBEDDING_MODEL": MODEL,
        "ATLAS_EMBEDDING_BASE_URL": service.url,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "embed", "run"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert service.working.wait(30)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert state(database)["waiting"] == len(EXAMPLES)
    service.behaviour = Behaviour()
    EmbeddingWorker(database, chosen).drain()
    assert state(database)["vectors"] == sum(len(example.wordings) for example in EXAMPLES)
    assert serving(database, chosen) == MODEL


def test_examples_change_and_go_while_a_worker_waits_for_its_service(
    database: Database, chosen: Settings, service: StubEmbeddings
) -> None:
    service.behaviour = Behaviour(delay=0.5)
    worker = EmbeddingWorker(database, chosen)
    worker.choose()
    thread = threading.Thread(target=worker.drain)
    thread.start()
    assert service.working.wait(10)
    shorter = replace(EXAMPLES[1], question="{etf} 다른 물음", paraphrases=())
    with database.engine("atlas_app").begin() as connection:
        store(connection, [shorter, *EXAMPLES[3:]])
    service.behaviour = Behaviour()
    thread.join(30)
    EmbeddingWorker(database, chosen).drain()
    with database.engine("atlas_app").connect() as connection:
        numbers = connection.execute(
            text("SELECT example_id, count(*) FROM example_embeddings WHERE model = :model GROUP BY 1"),
            {"model": MODEL},
        ).all()
    assert dict(map(tuple, numbers)) == {example.id: len(example.wordings) for example in [shorter, *EXAMPLES[3:]]}


@pytest.mark.parametrize("behaviour", [Behaviour(status=500), Behaviour(size=8), Behaviour(delay=3)])
def test_a_question_falls_back_to_the_offline_vectors_when_the_service_fails(
    database: Database, chosen: Settings, service: StubEmbeddings, behaviour: Behaviour
) -> None:
    worker = EmbeddingWorker(database, chosen)
    worker.choose()
    worker.drain()
    service.behaviour = behaviour
    service.requests.clear()
    for example in EXAMPLES[:3]:
        # Other words than the stored ones, so that only meaning can tell.
        assert found(database, chosen, f"{example.masked[0]} 알려줘")[0].kind == example.kind
    assert len(service.requests) == 1, "a service that fails is not asked again at once"


def test_models_that_nobody_wants_are_dropped_with_vectors_jobs_and_index(database: Database, chosen: Settings) -> None:
    worker = EmbeddingWorker(database, chosen)
    worker.choose()
    worker.drain()
    execute(database, "SELECT index_embeddings(:model)", model=MODEL)
    assert found(database, chosen, EXAMPLES[7].masked[0])[0] == EXAMPLES[7]
    with database.engine("atlas_app").begin() as connection:
        assert forget_others(connection, {offline_embedder().name}) == [MODEL]
    assert state(database) == {}
    assert serving(database, chosen) == offline_embedder().name
    with database.engine("atlas_app").connect() as connection:
        indexes = connection.execute(
            text("SELECT count(*) FROM pg_indexes WHERE tablename = 'example_embeddings' AND indexdef LIKE '%hnsw%'")
        ).scalar_one()
    assert indexes == 0


def test_the_index_finds_what_comparing_with_every_wording_finds(empty_database: Database) -> None:
    model = offline_embedder().name
    questions = [f"{example.masked[0]} 좀 알려줄래" for example in load_examples()[::9]]
    with empty_database.engine("atlas_app").connect() as connection:
        store(connection)
        execute_drop = text("SELECT to_regclass('public.' || embedding_index(:model))")
        indexed = connection.execute(execute_drop, {"model": model}).scalar_one()
        exact = [
            [round(similarity, 6) for _, similarity in nearest(connection, question, k=8)] for question in questions
        ]
        assert indexed is None
        connection.execute(text("SELECT index_embeddings(:model)"), {"model": model})
        near = [
            [round(similarity, 6) for _, similarity in nearest(connection, question, k=8)] for question in questions
        ]
    agreed = sum(one == other for one, other in zip(exact, near, strict=True))
    assert agreed / len(questions) >= 0.95


def test_offline_the_chosen_model_is_the_one_of_this_version(settings: Settings, database: Database) -> None:
    assert chosen_model(settings) == serving(database, settings) == offline_embedder().name


def test_verified_examples_are_matched_by_the_offline_vectors_whatever_model_serves(
    sample_database: Database, chosen: Settings, service: StubEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = [(EXAMPLES[0], 0.01)]
    monkeypatch.setattr("agent.offline_answers.examples_for", lambda *_: far)
    answer = ask(sample_database, "KODEX 200 보수 얼마야?", settings=chosen)
    assert (answer.status, answer.source) == ("answered", "verified")
