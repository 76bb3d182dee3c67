"""The private PostgreSQL server: starting, adopting, recovering, refusing."""

from __future__ import annotations

import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from backend.db import debian_archive, private_packages
from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.db.private_configuration import configuration
from backend.db.private_server import PrivateServer
from backend.db.server_check import check_age_version
from backend.errors import DatabaseSetupError
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def second_server(session_folder: Path, server: PrivateServer, prefix: Path) -> Iterator[PrivateServer]:
    """A server that a test may kill."""
    private = PrivateServer(session_folder / "second", prefix=prefix, options=server.options)
    private.start()
    yield private
    private.stop()


def rows(server: PrivateServer, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def test_a_running_server_is_used_as_it_is(second_server: PrivateServer) -> None:
    pid = second_server.running_pid()
    assert second_server.start() is False
    assert second_server.running_pid() == pid


def test_the_server_listens_only_on_a_socket_in_a_private_folder(second_server: PrivateServer) -> None:
    assert rows(second_server, "SHOW listen_addresses") == [("",)]
    folder = Path(rows(second_server, "SHOW unix_socket_directories")[0][0])
    assert folder.stat().st_mode & 0o777 == 0o700


def test_korean_has_trigrams(empty_database: Database) -> None:
    with empty_database.connect() as connection:
        assert connection.execute("SELECT array_length(show_trgm('삼성전자'), 1)").fetchone() == (5,)


def test_after_a_kill_the_next_start_recovers_what_was_committed(second_server: PrivateServer) -> None:
    with psycopg.connect(second_server.url("postgres"), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = on")
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(second_server.running_pid() or 0, signal.SIGKILL)
    assert second_server.start() is True
    assert rows(second_server, "SELECT answer FROM kept") == [(42,)]


def test_backends_that_outlive_a_killed_server_do_not_stop_the_next_start(second_server: PrivateServer) -> None:
    busy = subprocess.Popen(
        [
            *(sys.executable, "-c", "import psycopg, sys; psycopg.connect(sys.argv[1]).execute(sys.argv[2])"),
            *(second_server.url("postgres"), "SELECT count(*) FROM generate_series(1, 10000000000)"),
        ],
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: rows(second_server, "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'series'")[0][0] > 1)
    os.kill(second_server.running_pid() or 0, signal.SIGKILL)
    assert second_server.start() is True
    assert rows(second_server, "SELECT 1") == [(1,)]
    busy.wait(timeout=20)


def test_a_pid_file_whose_number_belongs_to_another_program_is_stale(second_server: PrivateServer) -> None:
    file = second_server.data / "postmaster.pid"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    second_server.kill()
    file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]), encoding="utf-8")
    assert second_server.running_pid() is None
    assert second_server.start() is True


def test_an_interrupted_creation_of_the_data_folder_starts_over(
    session_folder: Path, server: PrivateServer, prefix: Path
) -> None:
    private = PrivateServer(session_folder / "third", prefix=prefix, options=server.options)
    unfinished = private.base / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n", encoding="ascii")
    private.start()
    assert rows(private, "SELECT datname FROM pg_database WHERE datname = 'atlas'") == [("atlas",)]
    assert private.stop() is True
    assert private.stop() is False


def test_a_long_home_gets_a_short_private_socket_folder(
    session_folder: Path, server: PrivateServer, prefix: Path
) -> None:
    private = PrivateServer(session_folder / ("long" * 30), prefix=prefix, options=server.options)
    private.start()
    try:
        folder = Path(rows(private, "SHOW unix_socket_directories")[0][0])
        assert len(str(folder)) < 60
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        private.stop()
    shutil.rmtree(folder)


def test_several_processes_may_start_the_server_at_once(second_server: PrivateServer) -> None:
    second_server.stop()
    code = (
        "import sys; from pathlib import Path; from backend.db.private_server import PrivateServer as P;"
        "print(P(Path(sys.argv[1]), prefix=Path(sys.argv[2]), options={'fsync': 'off'}).start())"
    )
    command = [sys.executable, "-c", code, str(second_server.home), str(second_server.prefix)]
    starts = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sorted(start.communicate(timeout=60)[0].strip() for start in starts) == ["False", "False", "True"]


def test_a_database_without_character_classes_is_refused(server: PrivateServer, settings: Settings) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE c_classes TEMPLATE template0 LC_CTYPE 'C'")
    with pytest.raises(DatabaseSetupError, match=r"LC_CTYPE C\.UTF-8") as refusal:
        upgrade(Database(server.url("c_classes"), settings))
    assert "\n" not in refusal.value.message


def test_an_apache_age_that_lets_readers_write_is_refused(server: PrivateServer, settings: Settings) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE old_age")
    database = Database(server.url("old_age"), settings)
    with database.connect() as connection:
        connection.execute("CREATE EXTENSION age")
        connection.execute("UPDATE pg_extension SET extversion = '1.5.0' WHERE extname = 'age'")
    with pytest.raises(DatabaseSetupError, match=r"Apache AGE 1\.5\.0.*1\.7 or newer"):
        upgrade(database)


@pytest.mark.parametrize("version", ["1.7.0", "1.8.0", "1.8.0-rc0", "1.10.0", "2.0"])
def test_newer_versions_of_apache_age_are_accepted(version: str) -> None:
    check_age_version(version)


def test_a_server_that_does_not_answer_is_named(settings: Settings, free_port: Callable[[], int]) -> None:
    with pytest.raises(DatabaseSetupError, match="cannot be reached"):
        upgrade(Database(f"postgresql://postgres@127.0.0.1:{free_port()}/atlas", settings))


def test_roles_of_a_server_with_passwords_log_in_with_theirs(
    session_folder: Path, server: PrivateServer, prefix: Path, settings: Settings, free_port: Callable[[], int]
) -> None:
    port = free_port()
    listening = {**server.options, "listen_addresses": "127.0.0.1", "shared_preload_libraries": ""}
    private = PrivateServer(session_folder / "passwords", prefix=prefix, options=listening, port=port)
    private.start()
    try:
        with psycopg.connect(private.url("postgres"), autocommit=True) as connection:
            connection.execute("ALTER ROLE postgres PASSWORD 'p@ss/word'")
            rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            (private.data / "pg_hba.conf").write_text(rules, encoding="ascii")
            connection.execute("SELECT pg_reload_conf()")
        database = Database(f"postgresql+psycopg://postgres:p%40ss%2Fword@127.0.0.1:{port}/atlas", settings)
        upgrade(database)
        with database.connect("atlas_reader") as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("atlas_reader",)
            # The server loads Apache AGE for nobody by itself: our roles bring it along.
            graph = "SELECT count(*) FROM ag_catalog.cypher('etf_graph', $$ MATCH (e:ETF) RETURN e $$) AS (e agtype)"
            assert connection.execute(graph).fetchone() == (0,)
        wrong = database.url("atlas_reader").replace("atlas_reader:", "atlas_reader:0")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
    finally:
        private.stop()
    assert (settings.home / "secret").stat().st_mode & 0o777 == 0o600


def test_settings_replace_the_sizes_chosen_for_the_machine() -> None:
    text = configuration(Path("/run/it's"), 5432, {"shared_buffers": "64MB"})
    assert text.count("shared_buffers") == 1
    assert "shared_buffers = '64MB'" in text
    assert "unix_socket_directories = '/run/it''s'" in text


def test_without_apt_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseSetupError, match=r"no apt-get.*ATLAS_DATABASE_URL"):
        private_packages.install(tmp_path / "prefix")


def test_an_archive_that_cannot_be_reached_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    address = f"http://127.0.0.1:{free_port()}/debian"
    monkeypatch.setenv("ATLAS_DEBIAN_MIRROR", address)
    with pytest.raises(DatabaseSetupError, match=rf"{address} could not be read.*ATLAS_DEBIAN_MIRROR"):
        private_packages.install(tmp_path / "prefix")


def test_a_full_disk_is_named_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=10 * 2**20))
    with pytest.raises(DatabaseSetupError, match="only 10 MB left"):
        private_packages.install(tmp_path / "prefix")


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("E: Failed to fetch http://x/p.deb  Hash Sum mismatch", "not the one that Debian signed"),
        ("E: Write error - write (28: No space left on device)", "The disk is full"),
        ("W: GPG error: NO_PUBKEY 1234", "debian-archive-keyring"),
        ("Err:1 http://x forky InRelease\n  Could not resolve 'x'", "check the network"),
    ],
)
def test_what_apt_complains_about_becomes_advice(output: str, sentence: str) -> None:
    assert sentence in debian_archive.explain(output, "http://x").message


def test_a_tampered_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror hands on the signed list of the archive, but other packages lists than the signed ones."""
    import urllib.error
    import urllib.request

    real = debian_archive.host_mirror().rstrip("/")

    class Tampering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"tampered"
            if "InRelease" in self.path:
                with urllib.request.urlopen(real + self.path, timeout=30) as answer:
                    body = answer.read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tampering) as mirror:
        threading.Thread(target=mirror.serve_forever, daemon=True).start()
        monkeypatch.setenv("ATLAS_DEBIAN_MIRROR", f"http://127.0.0.1:{mirror.server_port}")
        try:
            with pytest.raises(DatabaseSetupError, match="not the one that Debian signed"):
                private_packages.install(tmp_path / "prefix")
        finally:
            mirror.shutdown()


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
