"""Two web servers on one database behind nginx with the configuration that is shipped: nothing is lost when one is killed."""

from __future__ import annotations

import getpass
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGKILL, SIGQUIT, SIGTERM

import httpx
import pytest
from psycopg.types.json import Jsonb

from backend.db.engine import Database
from tests.debian_programs import unpacked
from tests.debian_unpacking import Unpacked
from tests.event_reader import EventReader
from tests.stub_llm import StubLlm, Turn
from tests.web_process import WebProcess

WEB = Path(__file__).resolve().parents[2] / "docker" / "web"
CONFIGURATION = """
    {user}
    pid {folder}/nginx.pid;
    error_log stderr;
    events {{ worker_connections 512; }}
    http {{
        include {web}/http.conf;
        upstream backend {{
            zone backend 256k;
            hash $visitor consistent;
            server {first} max_fails=1 fail_timeout=1s;
            server {second} max_fails=1 fail_timeout=1s;
            keepalive 32;
        }}
        server {{
            listen 127.0.0.1:{port};
            root {folder}/page;
            include {web}/locations.conf;
        }}
    }}
"""
ADD = "SELECT add_notification('collection', NULL, '2026-07-08', %s, %s)"
LONG = "하나 둘 셋 넷 다섯 " * 60
QUESTION = "KODEX 200에 대해 아무 얘기나 들려줘 제발요"


@pytest.fixture(scope="module")
def nginx(test_home: Path) -> Unpacked:
    return unpacked(test_home, "nginx")


@pytest.fixture(scope="module")
def model() -> Iterator[StubLlm]:
    """A language model that takes a few seconds for each answer."""
    stub = StubLlm([Turn(text=LONG, pause=0.05)])
    yield stub
    stub.close()


@pytest.fixture(scope="module")
def backends(
    chat_database: Database, model: StubLlm, free_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[WebProcess]]:
    settings = {
        "ATLAS_MODEL": "stub",
        "ATLAS_OPENAI_BASE_URL": model.url,
        "ATLAS_BACKGROUND": "false",
        "ATLAS_NOTIFICATION_PING_S": "1",
    }
    folder = tmp_path_factory.mktemp("backends")
    home = chat_database.settings.home
    both = [
        WebProcess(home, chat_database.url(), free_port(), folder / f"{number}.log", **settings) for number in range(2)
    ]
    for process in both:
        process.start()
    try:
        yield [process.ready() for process in both]
    finally:
        for process in both:
            process.end(SIGTERM)


@pytest.fixture(scope="module")
def proxy(nginx: str, backends: list[WebProcess], free_port: Callable[[], int], session_folder: Path) -> Iterator[str]:
    """The address of nginx with what docker/web ships, before two backends that it knows by their ports."""
    folder, port = session_folder / "nginx", free_port()
    (folder / "page").mkdir(parents=True)
    (folder / "page" / "index.html").write_text("<title>ETF Atlas</title>", encoding="utf-8")
    first, second = (backend.address.removeprefix("http://") for backend in backends)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            user=f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
            folder=folder, web=WEB, first=first, second=second, port=port,
        )
    )  # fmt: skip
    shutil.copy(nginx.prefix / "etc" / "nginx" / "mime.types", folder)
    command = [*nginx.command("usr/sbin/nginx"), "-p", str(folder), "-c", str(configuration), "-e", "stderr"]
    process = subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        await_that(lambda: answers(f"{address}/api/health"))
        yield address
    finally:
        process.send_signal(SIGQUIT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait(10)


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.TransportError:
        return False


def await_that(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def cookie(number: int) -> str:
    return f"atlas_visitor={number:022d}"


def add(database: Database, subjects: Iterator[int], count: int) -> list[int]:
    """Commit so many events, each in a transaction of its own; returns their ids."""
    with database.connect("atlas_app", autocommit=True) as connection:
        return [
            connection.execute(ADD, (f"several-{subject}", Jsonb({}))).fetchone()[0]
            for subject, _ in zip(subjects, range(count), strict=False)
        ]


def question(run_id: str) -> dict[str, object]:
    asked = {"id": "1", "role": "user", "content": QUESTION}
    return {
        "threadId": run_id, "runId": run_id, "messages": [asked], "tools": [], "context": [], "state": {},
        "forwardedProps": {"answerBy": "model"},
    }  # fmt: skip


def numbers(reply: httpx.Response, count: int | None = None) -> list[int]:
    """Read the numbers of a stream's events: so many, or all."""
    found = (int(line[4:]) for line in reply.iter_lines() if line.startswith("id: "))
    return list(itertools.islice(found, count))


def test_nginx_takes_the_configuration_of_the_container(nginx: Unpacked, tmp_path: Path) -> None:
    text = (WEB / "nginx.conf").read_text(encoding="utf-8").replace("/etc/nginx/atlas", str(WEB))
    (tmp_path / "nginx.conf").write_text(text.replace("/tmp/nginx.pid", f"{tmp_path}/pid"), encoding="utf-8")
    shutil.copy(nginx.prefix / "etc" / "nginx" / "mime.types", tmp_path)
    command = [
        *nginx.command("usr/sbin/nginx"),
        "-p",
        str(tmp_path),
        "-c",
        str(tmp_path / "nginx.conf"),
        "-e",
        "stderr",
    ]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "[emerg]" not in tested.stderr


def test_the_page_and_the_api_come_from_one_address(proxy: str) -> None:
    assert "<title>ETF Atlas</title>" in httpx.get(f"{proxy}/etf/069500").text
    assert httpx.get(f"{proxy}/api/etfs/069500").json()["code"] == "069500"
    assert httpx.get(f"{proxy}/metrics").status_code == 404


def test_a_stream_is_passed_on_at_once_from_either_backend(
    proxy: str, backends: list[WebProcess], chat_database: Database
) -> None:
    subjects = itertools.count(1_000)
    with ExitStack() as stack:
        readers = [stack.enter_context(EventReader(proxy, cookie=cookie(number))) for number in range(12)]
        assert all(backend.metric("atlas_notification_streams_open") > 0 for backend in backends)
        ids = add(chat_database, subjects, 5)
        for reader in readers:
            reader.wait_for_ids(ids, seconds=5)


@pytest.mark.parametrize("visitor", range(4))
def test_an_answer_goes_on_after_its_connection_broke(proxy: str, visitor: int) -> None:
    with httpx.Client(base_url=proxy, timeout=20) as browser:
        # Two of the visitors bring no cookie: what answers them first need not be where their cookie leads.
        if visitor % 2:
            browser.cookies.set("atlas_visitor", f"{visitor:022d}")
        run = f"several-{visitor}"
        with browser.stream("POST", "/api/chat", json=question(run)) as reply:
            first = numbers(reply, 6)
        with browser.stream("GET", f"/api/chat/{run}/events", headers={"Last-Event-ID": str(first[-1])}) as reply:
            assert reply.status_code == 200
            second = numbers(reply, 10)
        assert first + second == list(range(1, 17))
        assert browser.post(f"/api/chat/{run}/cancel").status_code == 202


def test_what_nobody_began_is_unknown_everywhere(proxy: str) -> None:
    headers = {"Cookie": cookie(7)}
    assert httpx.get(f"{proxy}/api/chat/nothing/events", headers=headers).status_code == 404
    assert httpx.post(f"{proxy}/api/chat/nothing/cancel", headers=headers).status_code == 404


def test_a_client_cannot_claim_another_address(proxy: str, chat_database: Database) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9"}
    with (
        httpx.Client(base_url=proxy, timeout=20) as browser,
        browser.stream("POST", "/api/chat", json=question("claimed"), headers=forged) as reply,
    ):
        numbers(reply, 6)
        browser.post("/api/chat/claimed/cancel")

    def askers() -> set[str]:
        with chat_database.engine("atlas_app").connect() as connection:
            return set(connection.exec_driver_sql("SELECT asker FROM model_usage").scalars())

    await_that(lambda: "address:127.0.0.1" in askers())
    assert "address:203.0.113.9" not in askers()


def test_when_a_backend_is_killed_its_readers_go_on_at_the_other_and_lose_nothing(
    proxy: str, backends: list[WebProcess], chat_database: Database
) -> None:
    subjects = itertools.count(2_000)
    with ExitStack() as stack:
        readers = [stack.enter_context(EventReader(proxy, cookie=cookie(number))) for number in range(12)]
        ids = add(chat_database, subjects, 5)
        for reader in readers:
            reader.wait_for_ids(ids)
        backends[0].end(SIGKILL)
        ids += add(chat_database, subjects, 20)
        for reader in readers:
            reader.wait_for_ids(ids)
        assert {reader.connections for reader in readers} == {1, 2}, "some had to come back, and some did not"
    assert httpx.get(f"{proxy}/api/etfs/069500").is_success
