"""A person's own webhook: taken, sealed, tried, switched off, and never shown to anybody."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.app import create_app
from backend.db.engine import Database
from backend.notifications.discord import personal
from backend.notifications.discord.address import parse
from backend.notifications.discord.sealed_address import CannotBeOpened, Seal
from backend.settings import Settings
from tests.people import Somebody, new_person
from tests.stub_discord import ID, Answer, StubDiscord

SECRET = "planted-Personal_token-0123456789abcdefghijklmnopqrstuvwxyz"
ADDRESS = f"https://discord.com/api/webhooks/{ID}/{SECRET}"
PATH = "/api/me/discord"


@pytest.fixture
def discord() -> Iterator[StubDiscord]:
    with StubDiscord(token=SECRET) as stub:
        yield stub


@pytest.fixture
def told(settings: Settings, discord: StubDiscord) -> Settings:
    return settings.model_copy(update={"discord_api_url": discord.api_url, "background": False})


@pytest.fixture
def client(empty_database: Database, told: Settings) -> TestClient:
    return TestClient(create_app(empty_database, told))


@pytest.fixture
def anna(empty_database: Database) -> Somebody:
    return new_person(empty_database)


@pytest.fixture
def bert(empty_database: Database) -> Somebody:
    return new_person(empty_database)


def call(client: TestClient, method: str, somebody: Somebody, path: str = PATH, **more: Any) -> Any:
    return client.request(method, path, headers=somebody.headers, **more)


def put(client: TestClient, somebody: Somebody, address: str = ADDRESS) -> Any:
    return call(client, "PUT", somebody, json={"address": address})


def stored(database: Database) -> list[Any]:
    with database.engine("atlas_app").connect() as connection:
        return list(connection.execute(text("SELECT * FROM discord_webhooks")))


def off(database: Database, person: UUID) -> tuple[str | None, str | None]:
    with database.engine("atlas_app").connect() as connection:
        row = connection.execute(
            text("SELECT switched_off_by, reason FROM discord_destinations WHERE destination = :of"),
            {"of": personal.destination(person)},
        ).one()
    return row.switched_off_by, row.reason


def test_nobody_is_asked_to_sign_in(client: TestClient) -> None:
    for method, path in (("GET", PATH), ("PUT", PATH), ("DELETE", PATH), ("POST", f"{PATH}/test")):
        answer = client.request(method, path, json={"address": ADDRESS})
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-signed-in")


def test_a_webhook_is_kept_sealed_and_shown_by_a_hint_alone(
    client: TestClient, empty_database: Database, told: Settings, anna: Somebody, bert: Somebody
) -> None:
    empty = {
        "configured": False,
        "address_hint": None,
        "switched_off_at": None,
        "reason": None,
        "waiting": 0,
        "last_sent_at": None,
    }
    assert call(client, "GET", anna).json() == empty
    given = put(client, anna)
    assert given.status_code == 200
    assert given.json() == {**empty, "configured": True, "address_hint": "웹훅 …0001"}
    assert SECRET not in given.text + call(client, "GET", anna).text
    assert call(client, "GET", bert).json() == empty
    (row,) = stored(empty_database)
    assert SECRET.encode() not in bytes(row.sealed_address)
    assert Seal(told).open(bytes(row.sealed_address), anna.id) == parse(ADDRESS)
    with pytest.raises(CannotBeOpened):
        Seal(told).open(bytes(row.sealed_address), bert.id)


def test_two_people_may_use_one_webhook(client: TestClient, anna: Somebody, bert: Somebody) -> None:
    assert put(client, anna).status_code == put(client, bert).status_code == 200
    assert call(client, "DELETE", anna).status_code == 204
    assert call(client, "GET", bert).json()["configured"] is True


def test_removing_forgets_the_address_and_what_waits(
    client: TestClient, empty_database: Database, anna: Somebody, bert: Somebody
) -> None:
    put(client, anna)
    put(client, bert)
    with empty_database.engine("atlas_loader").begin() as connection:
        for somebody in (anna, bert):
            connection.execute(
                text("INSERT INTO discord_posts (destination, key, kind, content) VALUES (:to, 'a', 'alert', '{}')"),
                {"to": personal.destination(somebody.id)},
            )
    assert call(client, "GET", anna).json()["waiting"] == 1
    assert call(client, "DELETE", anna).status_code == 204
    assert call(client, "DELETE", anna).status_code == 204
    assert call(client, "GET", anna).json()["configured"] is False
    assert [row.person for row in stored(empty_database)] == [bert.id]
    assert call(client, "GET", bert).json()["waiting"] == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/api/webhooks/1/x",
        "https://[::1]/api/webhooks/1/x",
        "https://2130706433/api/webhooks/1/x",
        "https://localhost/api/webhooks/1/x",
        "https://discord.com@127.0.0.1/api/webhooks/1/x",
        "https://discord.com:443@10.0.0.1/api/webhooks/1/x",
        "https://discord.com.evil.example/api/webhooks/1/x",
        "https://discord.com:8080/api/webhooks/1/x",
        "https://discord.com/api/webhooks/1/x/../../../users/@me",
        "https://discord.com/api/webhooks/1/x?wait=true&thread_id=1",
        "https://discord.com/api/webhooks/1/x#@127.0.0.1",
        "https://discord.com\\@127.0.0.1/api/webhooks/1/x",
        "https://ｄiscord.com/api/webhooks/1/x",
        "file:///etc/passwd",
        "gopher://discord.com/api/webhooks/1/x",
        "https://discord.com/api/webhooks/1/x\r\nHost: 127.0.0.1",
        "",
    ],
)
def test_no_address_leads_anywhere_but_to_discord(
    client: TestClient,
    empty_database: Database,
    discord: StubDiscord,
    anna: Somebody,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    import socket

    asked: list[Any] = []
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: (asked.append(a[0]), resolve(*a, **k))[1])
    answer = put(client, anna, address)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-a-discord-webhook")
    assert stored(empty_database) == []
    assert discord.requests == []
    # Whether a name resolves inwards is never asked: nothing of an address but ID, TOKEN and thread is used.
    assert not [host for host in asked if "127.0.0.1" not in str(host) and "/" not in str(host) and host]


def test_a_refused_address_is_repeated_nowhere(
    client: TestClient, anna: Somebody, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = [f"https://evil.example/api/webhooks/{ID}/{SECRET}", f"{ADDRESS}/github", SECRET * 20]
    answers = [put(client, anna, address) for address in wrong]
    answers.append(call(client, "PUT", anna, json={"address": {"url": ADDRESS}}))
    answers.append(call(client, "PUT", anna, json={"adress": ADDRESS}))
    assert [answer.status_code for answer in answers] == [422] * 5
    output = capfd.readouterr()
    assert SECRET not in "".join(answer.text for answer in answers) + caplog.text + output.out + output.err


def test_a_test_message_is_posted_at_once_and_not_too_often(
    client: TestClient, empty_database: Database, discord: StubDiscord, anna: Somebody, bert: Somebody
) -> None:
    assert call(client, "POST", anna, f"{PATH}/test").status_code == 404
    put(client, anna)
    put(client, bert)
    answer = call(client, "POST", anna, f"{PATH}/test")
    assert answer.json() == {"sent": True, "detail": "Discord가 시험 메시지를 받았습니다. 채널을 확인하세요."}
    assert discord.posts[0].message["embeds"][0]["title"] == "ETF Atlas 시험 메시지"
    again = call(client, "POST", anna, f"{PATH}/test")
    assert (again.status_code, again.headers["Retry-After"]) == (429, "10")
    assert call(client, "POST", bert, f"{PATH}/test").json()["sent"] is True
    assert len(discord.posts) == 2


@pytest.mark.parametrize(
    ("answer", "said", "switched_off"),
    [
        (Answer(status=404), "더는 받아 주지 않습니다(HTTP 404 Unknown Webhook (code 10015))", True),
        (Answer(status=401), "더는 받아 주지 않습니다(HTTP 401 Invalid Webhook Token (code 50027))", True),
        (Answer(status=429, retry_after=7), "7초 뒤에 다시", False),
        (Answer(status=500), "고장", False),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}), "거절", False),
        (Answer(status=400), "거절", False),
        (Answer(cut="after"), "알 수 없습니다", False),
    ],
)
def test_a_test_says_what_discord_answered(
    client: TestClient,
    empty_database: Database,
    discord: StubDiscord,
    anna: Somebody,
    answer: Answer,
    said: str,
    switched_off: bool,
) -> None:
    put(client, anna)
    discord.answers(answer)
    result = call(client, "POST", anna, f"{PATH}/test")
    assert result.status_code == 200
    assert result.json()["sent"] is False
    assert said in result.json()["detail"]
    assert SECRET not in result.text
    # A redirect is not followed, and nothing is tried twice.
    assert len(discord.requests) == 1
    standing = call(client, "GET", anna).json()
    assert (standing["switched_off_at"] is not None) is switched_off
    assert (standing["reason"] is not None) is switched_off


def test_a_working_test_or_the_address_given_anew_switches_on(
    client: TestClient, empty_database: Database, discord: StubDiscord, anna: Somebody
) -> None:
    put(client, anna)
    discord.answers(Answer(status=404))
    call(client, "POST", anna, f"{PATH}/test")
    assert off(empty_database, anna.id)[0] == "discord"
    put(client, anna)
    assert off(empty_database, anna.id) == (None, None)
    with empty_database.engine("atlas_app").begin() as connection:
        connection.execute(text("UPDATE discord_webhooks SET tested_at = NULL"))
        connection.execute(text("UPDATE discord_destinations SET switched_off_at = now(), switched_off_by = 'discord'"))
    assert call(client, "POST", anna, f"{PATH}/test").json()["sent"] is True
    assert off(empty_database, anna.id) == (None, None)


def test_what_an_administrator_switched_off_stays_off(
    client: TestClient, empty_database: Database, anna: Somebody, bert: Somebody
) -> None:
    put(client, anna)
    with empty_database.engine("atlas_app").begin() as connection:
        assert personal.switch_off(connection, anna.id, "광고") is True
        assert personal.switch_off(connection, bert.id) is False
    assert call(client, "GET", anna).json()["reason"] == "관리자가 이 웹훅을 껐습니다. (광고)"
    put(client, anna, ADDRESS.replace(ID, "1418000000000000077"))
    call(client, "DELETE", anna)
    put(client, anna)
    call(client, "POST", anna, f"{PATH}/test")
    assert off(empty_database, anna.id) == ("admin", "광고")
    with empty_database.engine("atlas_app").begin() as connection:
        (listed,) = personal.list_webhooks(connection)
        assert (listed["person"], listed["state"], listed["switched_off_by"]) == (anna.id, "off", "admin")
        assert SECRET not in str(listed)
        assert personal.switch_on(connection, anna.id) is True
        assert personal.switch_on(connection, bert.id) is False
        assert personal.list_webhooks(connection)[0]["state"] == "on"


def test_another_secret_is_said_in_words(
    client: TestClient, empty_database: Database, told: Settings, anna: Somebody, tmp_path: Path
) -> None:
    put(client, anna)
    (tmp_path / "atlas_secret").write_text("another secret")
    (tmp_path / "atlas_secret").chmod(0o600)
    changed = TestClient(create_app(empty_database, told.model_copy(update={"secrets_dir": tmp_path})))
    answer = call(changed, "POST", anna, f"{PATH}/test")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/webhook-cannot-be-opened")
    assert "다시 등록" in answer.json()["detail"]
    put(changed, anna)
    assert call(changed, "GET", anna).json()["configured"] is True


def test_an_account_that_is_deleted_leaves_no_webhook(
    client: TestClient, empty_database: Database, anna: Somebody
) -> None:
    put(client, anna)
    with empty_database.engine("atlas_app").begin() as connection:
        connection.execute(text("DELETE FROM users WHERE id = :id"), {"id": anna.id})
        assert connection.execute(text("SELECT count(*) FROM discord_destinations")).scalar_one() == 0
    assert stored(empty_database) == []
