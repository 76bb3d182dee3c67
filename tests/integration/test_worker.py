"""`./atlas worker`: what goes on beside answering, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from agent.examples import store
from backend.app import create_app
from backend.background import services
from backend.db.engine import Database
from backend.settings import Settings
from tests.stub_embeddings import StubEmbeddings

ROOT = Path(__file__).resolve().parents[2]
MODEL = "text-embedding-3-small"


def await_that(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the worker ended"
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def vectors(database: Database) -> int:
    with database.engine("atlas_app").connect() as connection:
        counted = "SELECT count(*) FROM example_embeddings WHERE model = %s"
        return connection.exec_driver_sql(counted, (MODEL,)).scalar_one()


def test_the_worker_does_what_waits_shows_that_it_lives_and_stops_at_once(
    empty_database: Database, tmp_path: Path
) -> None:
    with empty_database.engine("atlas_app").begin() as connection:
        store(connection)
    service = StubEmbeddings()
    environment = {
        **os.environ,
        "ATLAS_HOME": str(tmp_path),
        "ATLAS_DATABASE_URL": empty_database.url(),
        "ATLAS_EMBEDDING_MODEL": MODEL,
        "ATLAS_EMBEDDING_BASE_URL": service.url,
    }
    worker = subprocess.Popen([sys.executable, "-m", "backend.cli", "worker"], cwd=ROOT, env=environment)
    try:
        await_that(lambda: vectors(empty_database) > 0, worker)
        await_that((tmp_path / "worker.alive").exists, worker)
        started = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        assert time.monotonic() - started < 15
        assert not (tmp_path / "worker.alive").exists()
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
        service.close()


def test_a_web_server_leaves_it_to_the_worker_where_it_is_told_to(
    empty_database: Database, settings: Settings, monkeypatch
) -> None:
    started: list[type] = []

    class Watched:
        def __init__(self, service: object) -> None:
            self.service = service

        def start(self) -> None:
            started.append(type(self.service))

        def stop(self) -> None: ...

    def watched(database: Database, given: Settings) -> list[Watched]:
        return [Watched(service) for service in services(database, given)]

    monkeypatch.setattr("backend.background.services", watched)
    for background in (True, False):
        with TestClient(create_app(empty_database, settings.model_copy(update={"background": background}))):
            assert bool(started) is background
        started.clear()
