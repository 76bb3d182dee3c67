"""A web server under a bounded flood of sign-ins, and what it takes for the address of whoever tries."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from backend.accounts.limits import BY_ADDRESS, BY_ADDRESS_AND_ACCOUNT
from backend.db.engine import Database
from tests.accounts import execute, new_email
from tests.people import PASSWORD, new_person
from tests.web_process import WebProcess, serving

FLOOD = 240
WRONG = "not the password"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def serve(
    database: Database, free_port: Callable[[], int], tmp_path: Path
) -> Callable[..., AbstractContextManager[WebProcess]]:
    """A function that serves the database with some settings, nothing having been tried yet."""
    execute(database, "DELETE FROM sign_in_tries")

    def start(**settings: str) -> AbstractContextManager[WebProcess]:
        log = tmp_path / "server.log"
        process = WebProcess(
            database.settings.home, database.url(), free_port(), log, ATLAS_BACKGROUND="false", **settings
        )
        return serving(process)

    return start


def attempt(client: httpx.Client, email: str, password: str = WRONG, **headers: str) -> httpx.Response:
    return client.post("/api/auth/login", json={"email": email, "password": password}, headers=headers)


def test_a_flood_is_limited_exactly_and_everything_else_goes_on(serve: Callable, database: Database) -> None:
    owner = new_person(database)
    health: list[float] = []
    over = threading.Event()

    def watch(address: str) -> None:
        with httpx.Client(base_url=address, timeout=20, cookies=owner.cookies) as client:
            while not over.is_set():
                started = time.monotonic()
                assert client.get("/api/health").status_code == 200
                assert client.get("/api/me").status_code == 200
                health.append(time.monotonic() - started)

    with serve() as server, httpx.Client(base_url=server.address, timeout=60) as client:
        # The device of the owner is known before the flood begins.
        assert attempt(client, owner.email, PASSWORD).status_code == 200
        before = server.metric("atlas_password_hashes_total")
        watching = threading.Thread(target=watch, args=(server.address,))
        watching.start()
        with ThreadPoolExecutor(40) as pool, httpx.Client(base_url=server.address, timeout=60) as flood:
            answers = list(pool.map(lambda number: attempt(flood, f"{number}-{new_email()}"), range(FLOOD)))
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= {401, 429, 503}, statuses
        assert 0 < statuses[401] <= BY_ADDRESS.most
        assert server.metric("atlas_password_hashes_total") - before == statuses[401], "nothing is computed in vain"
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code != 401)
        # What was sent away for want of room has cost no try: the rest of the limit is still there, to the last one.
        left = [attempt(client, new_email()).status_code for _ in range(BY_ADDRESS.most - statuses[401] + 3)]
        assert left == [401] * (BY_ADDRESS.most - statuses[401]) + [429] * 3
        assert attempt(client, owner.email, PASSWORD).status_code == 200, "the owner's browser is known"
        over.set()
        watching.join(20)
    assert len(health) > 10
    # Hashing takes every core it gets, and so may other programs of the machine: what counts is that nobody waits in line.
    assert statistics.median(health) < 2, sorted(health)


def test_registrations_in_a_flood_are_limited_exactly(serve: Callable, database: Database) -> None:
    def make(client: httpx.Client) -> int:
        body = {"email": new_email(), "password": PASSWORD}
        return client.post("/api/auth/register", json=body).status_code

    before = execute(database, "SELECT count(*) AS all FROM users")[0].all
    with (
        serve(ATLAS_REGISTRATIONS_PER_HOUR="7") as server,
        ThreadPoolExecutor(20) as pool,
        httpx.Client(base_url=server.address, timeout=60) as client,
    ):
        statuses = Counter(pool.map(lambda _: make(client), range(40)))
    assert statuses == {202: 7, 429: 33}
    assert execute(database, "SELECT count(*) AS all FROM users")[0].all == before + 7


def test_what_a_client_says_of_its_address_counts_for_nothing_by_default(serve: Callable, database: Database) -> None:
    email, most = new_email(), BY_ADDRESS_AND_ACCOUNT.most
    with serve() as server, httpx.Client(base_url=server.address, timeout=20) as client:
        spoofed = [
            attempt(client, email, **{"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"})
            for number in range(most + 2)
        ]
        secure = client.post(
            "/api/auth/login", json={"email": email, "password": WRONG}, headers={"X-Forwarded-Proto": "https"}
        )
    assert [answer.status_code for answer in spoofed] == [401] * most + [429] * 2
    assert "strict-transport-security" not in secure.headers


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(serve: Callable, database: Database) -> None:
    email, most = new_email(), BY_ADDRESS_AND_ACCOUNT.most
    with (
        serve(ATLAS_TRUSTED_PROXIES="127.0.0.0/8") as server,
        httpx.Client(base_url=server.address, timeout=20) as client,
    ):
        # A proxy adds the address that it saw to what the client claimed.
        claimed = [
            attempt(client, email, **{"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7"}).status_code
            for number in range(most + 1)
        ]
        other = attempt(client, email, **{"X-Forwarded-For": "198.51.100.8"}).status_code
        owner = new_person(database)
        signed_in = attempt(client, owner.email, PASSWORD, **{"X-Forwarded-Proto": "https"})
    assert claimed == [401] * most + [429]
    assert other == 401
    assert "__Host-atlas_session" in signed_in.headers["set-cookie"]
