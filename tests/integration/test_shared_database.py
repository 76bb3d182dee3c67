"""The web server and Airflow of one home folder share its database: it is up while one of them runs, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.db.private_server import PrivateServer
from backend.installation import AlreadyRunning, OwnedDatabase, address_of, is_held, only_one


@pytest.fixture
def private(session_folder: Path, prefix: Path) -> Iterator[PrivateServer]:
    """A private server that is not running, below a home folder of its own."""
    server = PrivateServer(session_folder / "shared", prefix=prefix, options={"shared_buffers": "16MB"})
    yield server
    server.stop()


def test_the_last_program_stops_the_database_that_the_first_one_started(private: PrivateServer) -> None:
    web, airflow = OwnedDatabase(private), OwnedDatabase(private, "airflow")
    with only_one(private.home, "airflow"):
        with only_one(private.home):
            web.start()
            airflow.start()
            web.stop()
        assert private.running_pid() is not None
        airflow.stop()
    assert private.running_pid() is None


def test_airflow_leaves_the_web_server_its_database(private: PrivateServer) -> None:
    web, airflow = OwnedDatabase(private), OwnedDatabase(private, "airflow")
    with only_one(private.home):
        with only_one(private.home, "airflow"):
            airflow.start()
            web.start()
            airflow.stop()
        assert private.running_pid() is not None
        web.stop()
    assert private.running_pid() is None


def test_a_database_that_was_started_by_hand_stays(private: PrivateServer) -> None:
    private.start()
    airflow = OwnedDatabase(private, "airflow")
    with only_one(private.home, "airflow"):
        airflow.start()
        airflow.stop()
    assert private.running_pid() is not None


def test_each_program_runs_once_beside_the_other(tmp_path: Path) -> None:
    with only_one(tmp_path) as announce_page, only_one(tmp_path, "airflow") as announce:
        announce_page("http://127.0.0.1:8000")
        announce("http://127.0.0.1:8080")
        with (
            pytest.raises(AlreadyRunning, match=r"Airflow already runs at http://127\.0\.0\.1:8080"),
            only_one(tmp_path, "airflow"),
        ):
            pass
        assert address_of(tmp_path, "airflow") == "http://127.0.0.1:8080"
    assert address_of(tmp_path, "airflow") is None
    assert not is_held(tmp_path)
