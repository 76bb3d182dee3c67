"""Personal events on the stream: to their person alone, for as long as the session lasts, in every process."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from backend.accounts.signed_in import COOKIE
from backend.db.engine import Database
from tests.event_reader import PATH, EventReader
from tests.people import PASSWORD, Somebody, new_person
from tests.web_process import WebProcess, serving


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture(scope="module")
def webs(
    database: Database, session_folder: Path, free_port: Callable[[], int], tmp_path_factory: Any
) -> Iterator[list[WebProcess]]:
    """Two web servers on one database."""
    folder = tmp_path_factory.mktemp("webs")
    with ExitStack() as running:
        yield [
            running.enter_context(
                serving(WebProcess(session_folder / "home", database.url(), free_port(), folder / f"{number}.log"))
            )
            for number in range(2)
        ]


def add(database: Database, subject: str, person: UUID | None = None) -> int:
    with database.connect("atlas_app") as connection:
        row = connection.execute(
            "SELECT add_notification('alert', %s, '2026-07-08', %s, %s)", (person, subject, Jsonb({"n": subject}))
        ).fetchone()
    return row[0]


def execute(database: Database, statement: str, **values: Any) -> None:
    with database.engine("atlas_app").begin() as connection:
        connection.execute(text(statement), values)


def cookie(somebody: Somebody) -> str:
    return f"{COOKIE}={somebody.code}"


class Stream:
    """One connection to the stream: `status`, the `ids` it was told, and whether it `ended`."""

    def __init__(self, web: WebProcess, headers: dict[str, str], query: str = "") -> None:
        parts = urlsplit(web.address)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        self._connection.request("GET", PATH + query, headers=headers)
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.ids: list[int] = []
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while line := self._answer.readline():
                if line.startswith(b"data: "):
                    self.ids.append(json.loads(line[6:])["id"])
        except (OSError, ValueError, AttributeError):
            pass
        self.ended.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.sock and self._connection.sock.close()

    def await_id(self, id: int) -> None:
        deadline = time.monotonic() + 10
        while id not in self.ids:
            assert time.monotonic() < deadline, f"{id} did not come: {self.ids}"
            time.sleep(0.01)


def test_personal_events_reach_their_person_alone(webs: list[WebProcess], database: Database) -> None:
    anna, bert = new_person(database), new_person(database)
    start = add(database, "start")
    with ExitStack() as reading:
        annas = [
            reading.enter_context(EventReader(webs[0].address, last_id=start, cookie=cookie(anna))),
            reading.enter_context(
                EventReader(webs[1].address, last_id=start, authorization=anna.headers["Authorization"])
            ),
        ]
        berts = reading.enter_context(EventReader(webs[1].address, last_id=start, cookie=cookie(bert)))
        nobodys = reading.enter_context(EventReader(webs[0].address, last_id=start))
        first, second = add(database, "one", anna.id), add(database, "two", bert.id)
        last = add(database, "everybody")
        for reader in annas:
            reader.wait_for_ids([first, last])
        berts.wait_for_ids([second, last])
        nobodys.wait_for_ids([last])
    with ExitStack() as reading:
        later = {
            name: reading.enter_context(EventReader(webs[0].address, last_id=start, cookie=who))
            for name, who in (("anna", cookie(anna)), ("bert", cookie(bert)), ("nobody", None))
        }
        later["anna"].wait_for_ids([first, last])
        later["bert"].wait_for_ids([second, last])
        later["nobody"].wait_for_ids([last])
    lists = {
        name: [
            item["id"]
            for item in httpx.get(f"{webs[0].address}/api/notifications", headers=headers).json()["items"]
            if item["id"] > start
        ]
        for name, headers in (("anna", anna.headers), ("bert", {"Cookie": cookie(bert)}), ("nobody", {}))
    }
    assert lists == {"anna": [last, first], "bert": [last, second], "nobody": [last]}


def test_a_token_in_the_address_is_ignored(webs: list[WebProcess], database: Database) -> None:
    anna = new_person(database)
    queries = [f"?{name}={value}" for name in ("token", "access_token", COOKIE) for value in (anna.token, anna.code)]
    with ExitStack() as reading:
        streams = [reading.enter_context(Stream(webs[0], {}, query)) for query in queries]
        own, last = add(database, "own", anna.id), add(database, "for everybody after it")
        for stream in streams:
            stream.await_id(last)
            assert own not in stream.ids


@pytest.mark.parametrize("authorization", ["Bearer atlas_wrong", "Bearer something", "bearer"])
def test_a_wrong_bearer_token_is_said(webs: list[WebProcess], authorization: str) -> None:
    answer = httpx.get(webs[0].address + PATH, headers={"Authorization": authorization}, timeout=10)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")


def test_an_expired_bearer_token_is_said(webs: list[WebProcess], database: Database) -> None:
    anna = new_person(database)
    execute(database, "UPDATE api_tokens SET expires_at = now() WHERE person = :id", id=anna.id)
    assert httpx.get(webs[0].address + PATH, headers=anna.headers, timeout=10).status_code == 401


def test_an_expired_cookie_is_nobodys_stream(webs: list[WebProcess], database: Database) -> None:
    anna = new_person(database)
    execute(database, "UPDATE login_sessions SET expires_at = now() WHERE person = :id", id=anna.id)
    with Stream(webs[0], {"Cookie": cookie(anna)}) as stream:
        assert stream.status == 200
        own, last = add(database, "own of the expired", anna.id), add(database, "after the expired")
        stream.await_id(last)
        assert own not in stream.ids


def log_out(web: WebProcess, _database: Database, anna: Somebody) -> None:
    answer = httpx.post(f"{web.address}/api/auth/logout", headers={"Cookie": cookie(anna)})
    assert answer.status_code == 204


def change_password(web: WebProcess, database: Database, anna: Somebody) -> None:
    with database.engine("atlas_app").begin() as connection:
        from backend.accounts.sessions import end_sessions

        end_sessions(connection, anna.id)


def disable(_web: WebProcess, database: Database, anna: Somebody) -> None:
    execute(database, "UPDATE users SET disabled_at = now() WHERE id = :id", id=anna.id)


def delete(_web: WebProcess, database: Database, anna: Somebody) -> None:
    execute(database, "DELETE FROM users WHERE id = :id", id=anna.id)


def expire(_web: WebProcess, database: Database, anna: Somebody) -> None:
    execute(database, "UPDATE login_sessions SET expires_at = now() WHERE person = :id", id=anna.id)


@pytest.mark.parametrize(
    ("ending", "within_s"), [(log_out, 3), (change_password, 3), (disable, 3), (delete, 3), (expire, 13)]
)
def test_streams_end_with_their_session_in_every_process(
    webs: list[WebProcess],
    database: Database,
    ending: Callable[[WebProcess, Database, Somebody], None],
    within_s: float,
) -> None:
    anna, bert = new_person(database), new_person(database)
    with ExitStack() as reading:
        annas = [reading.enter_context(Stream(web, {"Cookie": cookie(anna)})) for web in webs for _ in range(2)]
        others = [reading.enter_context(Stream(web, headers)) for web in webs for headers in (bert.headers, {})]
        add(database, f"before {ending.__name__}")
        ending(webs[0], database, anna)
        deadline = time.monotonic() + within_s
        for stream in annas:
            assert stream.ended.wait(max(0, deadline - time.monotonic())), "the stream goes on"
        last = add(database, f"after {ending.__name__}")
        for stream in others:
            stream.await_id(last)
            assert not stream.ended.is_set()
        assert not any(last in stream.ids for stream in annas)


def test_a_revoked_bearer_token_ends_its_stream_alone(webs: list[WebProcess], database: Database) -> None:
    anna = new_person(database)
    with Stream(webs[1], anna.headers) as by_token, Stream(webs[1], {"Cookie": cookie(anna)}) as by_cookie:
        execute(database, "DELETE FROM api_tokens WHERE person = :id", id=anna.id)
        assert by_token.ended.wait(3)
        by_cookie.await_id(add(database, "still", anna.id))


def test_what_is_read_on_one_device_is_told_to_the_others(webs: list[WebProcess], database: Database) -> None:
    anna, bert = new_person(database), new_person(database)
    with ExitStack() as reading:
        annas = [reading.enter_context(EventReader(web.address, cookie=cookie(anna))) for web in webs]
        berts = reading.enter_context(EventReader(webs[1].address, cookie=cookie(bert)))
        first, second = add(database, "read one", anna.id), add(database, "read two", anna.id)
        client = httpx.Client(base_url=webs[0].address, headers={"Cookie": cookie(anna)})
        page = client.get("/api/notifications").json()
        assert (page["unread"], page["read_until"]) == (2, first - 1)
        marked = client.post("/api/notifications/read", json={"until": first}).json()
        assert marked == {"unread": 1, "read_until": first}
        for reader in annas:
            reader.wait_for(lambda r=reader: r.words, "the mark was not told")
            assert reader.words == [("read", {"read_until": first, "unread": 1})]
            reader.wait_for_ids([first, second])
            assert reader.last_id == second
        client.post("/api/notifications/read", json={"until": second})
        client.post("/api/notifications/read", json={"until": first})
        for reader in annas:
            reader.wait_for(lambda r=reader: len(r.words) >= 3, "the marks were not told")
            assert [word["read_until"] for _, word in reader.words] == [first, second, second]
        assert berts.words == []
        assert client.get("/api/notifications").json()["unread"] == 0


def test_a_person_signs_in_and_hears_what_came_meanwhile(webs: list[WebProcess], database: Database) -> None:
    anna = new_person(database)
    known = add(database, "known")
    own = add(database, "while away", anna.id)
    client = httpx.Client(base_url=webs[0].address)
    signed_in = client.post("/api/auth/login", json={"email": anna.email, "password": PASSWORD})
    assert signed_in.status_code == 200
    value = f"{COOKIE}={client.cookies[COOKIE]}"
    with EventReader(webs[1].address, last_id=known, cookie=value) as reader:
        reader.wait_for_ids([own])
    log_out_answer = client.post("/api/auth/logout")
    assert log_out_answer.status_code == 204
    after = add(database, "for everybody again")
    with EventReader(webs[1].address, last_id=known, cookie=value) as reader:
        reader.wait_for_ids([after])


def test_ones_own_can_be_listed_apart(webs: list[WebProcess], database: Database) -> None:
    anna = new_person(database)
    own = [add(database, f"apart {number}", anna.id) for number in range(3)]
    add(database, "apart for everybody")
    client = httpx.Client(base_url=webs[0].address, headers=anna.headers)

    def ids(**chosen: Any) -> list[int]:
        return [item["id"] for item in client.get("/api/notifications", params=chosen).json()["items"]]

    assert ids(mine=True) == own[::-1]
    page = client.get("/api/notifications", params={"mine": True, "limit": 2}).json()
    assert (len(page["items"]), page["unread"], page["next_before"]) == (2, 4, own[1])
    assert ids(mine=True, before=page["next_before"]) == [own[0]]
    assert ids(kind="discord_off") == []
    assert own[0] in ids(kind="alert")
    nobody = httpx.get(f"{webs[0].address}/api/notifications", params={"mine": True}).json()
    assert nobody["items"] == []
