"""Limits of sign-in and registration: what is refused, for how long, and whom it does not touch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from backend.accounts.devices import COOKIE as DEVICE_COOKIE
from backend.accounts.limits import (
    BY_ACCOUNT,
    BY_ADDRESS,
    BY_ADDRESS_AND_ACCOUNT,
    BY_DEVICE,
    HOUR,
    Limit,
    Tries,
    network_of,
)
from backend.accounts.waiting_room import HASHING
from backend.app import create_app
from backend.db.engine import Database
from backend.errors import TooMany
from backend.settings import Settings
from tests.accounts import execute, hashes_computed, login, new_email, register
from tests.people import new_person

WRONG = "not the password"


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def browser(database: Database, settings: Settings) -> Iterator[Callable[..., TestClient]]:
    """A function that gives one more browser, at an address."""
    execute(database, "DELETE FROM sign_in_tries")
    app = create_app(database, settings)
    with TestClient(app):
        yield lambda address="192.0.2.1": TestClient(app, client=(address, 50_000))


def statuses(client: TestClient, email: str, count: int, password: str = WRONG) -> list[int]:
    return [login(client, email, password).status_code for _ in range(count)]


@pytest.mark.parametrize("known", [True, False])
def test_tries_at_an_account_from_one_address_are_limited_whether_or_not_it_exists(
    browser: Callable, database: Database, known: bool
) -> None:
    email = new_person(database).email if known else new_email()
    most = BY_ADDRESS_AND_ACCOUNT.most
    before = hashes_computed()
    assert statuses(browser(), email, most + 3) == [401] * most + [429] * 3
    assert hashes_computed() - before == most, "nothing is computed for a try that is refused"
    refused = login(browser(), email, WRONG)
    assert refused.json()["type"] == "/problems/too-many-tries"
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
    assert refused.json()["detail"] == "시도가 너무 많았습니다. 15분 뒤에 다시 시도하세요."


def test_the_right_password_is_refused_as_well_while_the_window_lasts_and_then_counts_for_nothing(
    browser: Callable, database: Database
) -> None:
    email = new_email()
    register(browser(), email)
    statuses(browser(), email, BY_ADDRESS_AND_ACCOUNT.most)
    assert login(browser(), email).status_code == 429
    execute(database, "UPDATE sign_in_tries SET ends_at = now() - interval '1 second'")
    assert statuses(browser(), email, BY_ADDRESS_AND_ACCOUNT.most + 5, "correct horse battery") == [200] * 15


def test_refused_tries_do_not_make_the_wait_longer(browser: Callable, database: Database) -> None:
    email = new_email()
    statuses(browser(), email, BY_ADDRESS_AND_ACCOUNT.most)
    before = execute(database, "SELECT * FROM sign_in_tries ORDER BY key")
    statuses(browser(), email, 20)
    assert execute(database, "SELECT * FROM sign_in_tries ORDER BY key") == before


def test_one_address_may_try_so_many_accounts_and_no_more(
    browser: Callable, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.accounts.sign_in.BY_ADDRESS", Limit("address", 6, HOUR))
    cautious = browser("2001:db8:1:2:aaaa::1")
    assert [login(cautious, new_email(), WRONG).status_code for _ in range(7)] == [401] * 6 + [429]
    assert login(browser("2001:db8:1:2:bbbb::2"), new_email(), WRONG).status_code == 429, "the same /64"
    assert login(browser("2001:db8:1:3::1"), new_email(), WRONG).status_code == 401


def test_strangers_everywhere_cannot_lock_the_owner_out_of_a_browser_that_is_known(
    browser: Callable, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.accounts.sign_in.BY_ACCOUNT", Limit("account", 8, HOUR))
    email, owners = new_email(), browser("198.51.100.7")
    register(owners, email)
    assert login(owners, email).status_code == 200
    owners.post("/api/auth/logout")
    tried = [login(browser(f"203.0.113.{number}"), email, WRONG).status_code for number in range(10)]
    assert tried == [401] * 8 + [429] * 2
    # Neither the account's limit nor that of an address behind which strangers sit as well.
    statuses(browser("198.51.100.7"), email, 12)
    assert login(browser("203.0.113.99"), email).status_code == 429, "a browser that nobody knows has to wait"
    assert login(owners, email, WRONG).status_code == 401
    assert login(owners, email).status_code == 200


def test_a_known_browser_has_a_limit_of_its_own(browser: Callable, database: Database) -> None:
    email, known = new_email(), browser()
    register(known, email)
    login(known, email)
    assert statuses(known, email, BY_DEVICE.most + 2) == [401] * BY_DEVICE.most + [429] * 2
    assert login(browser("192.0.2.77"), email).status_code == 200, "who has stolen a device locks nobody else out"


def test_a_device_cookie_counts_for_its_own_account_and_installation_only(
    browser: Callable, database: Database
) -> None:
    mine, victim, mallory = new_email(), new_email(), browser()
    register(mallory, mine)
    register(browser("192.0.2.9"), victim)
    login(mallory, mine)
    number, signature = mallory.cookies[DEVICE_COOKIE].split(".")
    statuses(browser(), victim, BY_ADDRESS_AND_ACCOUNT.most)
    for forged in (mallory.cookies[DEVICE_COOKIE], f"{number}.{signature[::-1]}", f"{signature}.{number}", "x", ""):
        attacker = browser()
        attacker.cookies.set(DEVICE_COOKIE, forged, path="/api/auth")
        assert login(attacker, victim, WRONG).status_code == 429, forged


def test_one_browser_is_known_to_several_accounts_and_keeps_its_number(browser: Callable, database: Database) -> None:
    family, emails = browser(), [new_email() for _ in range(7)]
    numbers = set()
    for email in emails:
        register(browser(), email)
        assert login(family, email).status_code == 200
        numbers.add(family.cookies[DEVICE_COOKIE].split(".")[0])
    assert len(numbers) == 1
    assert family.cookies[DEVICE_COOKIE].count(".") == 5
    assert not any(email in family.cookies[DEVICE_COOKIE] for email in emails)


def test_registrations_from_one_address_are_limited(database: Database, settings: Settings) -> None:
    execute(database, "DELETE FROM sign_in_tries")
    few = settings.model_copy(update={"registrations_per_hour": 3})
    with TestClient(create_app(database, few), client=("192.0.2.1", 1)) as client:
        before = hashes_computed()
        assert [register(client, new_email()).status_code for _ in range(5)] == [202] * 3 + [429] * 2
        assert hashes_computed() - before == 3
        refused = register(client, new_email())
        assert 3500 < int(refused.headers["retry-after"]) <= 3600
        assert "1시간 뒤" in refused.json()["detail"]


def test_a_flood_of_tries_at_once_lets_exactly_the_limit_through(database: Database) -> None:
    limits = [Limit("flood", 25, HOUR).of("one"), Limit("wide flood", 1000, HOUR).of("all")]
    start = threading.Barrier(16)

    def hammer(_: int) -> int:
        start.wait()
        passed = 0
        for _ in range(20):
            try:
                # Given in either order: the rows are locked in one.
                Tries(database).take(limits if passed % 2 else limits[::-1])
            except TooMany:
                continue
            passed += 1
        return passed

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(hammer, range(16))) == 25
    (wide,) = execute(database, "SELECT max(tries) AS most FROM sign_in_tries")
    assert wide.most == 25, "a try that one limit refuses counts for no other"


def test_what_has_run_out_is_cleared_away(database: Database) -> None:
    execute(database, "DELETE FROM sign_in_tries")
    limit = Limit("old", 5, HOUR)
    for number in range(15):
        Tries(database).take([limit.of(number)])
    execute(database, "UPDATE sign_in_tries SET ends_at = now() - interval '1 minute'")
    Tries(database).take([limit.of("new")])
    assert len(execute(database, "SELECT key FROM sign_in_tries")) == 1


def test_nobody_can_read_from_the_counters_whose_tries_they_are(browser: Callable, database: Database) -> None:
    email = new_email()
    login(browser("192.0.2.55"), email, WRONG)
    keys = execute(database, "SELECT convert_from(key, 'LATIN1') AS key, octet_length(key) AS size FROM sign_in_tries")
    assert {row.size for row in keys} == {16}
    assert len(keys) == 3
    assert not any(email in row.key or "192.0.2.55" in row.key for row in keys)


def test_who_finds_the_waiting_room_full_is_sent_away_at_once_and_loses_no_try(
    browser: Callable, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = new_email()
    monkeypatch.setattr(HASHING, "_room", threading.BoundedSemaphore(1))
    assert HASHING._room.acquire(blocking=False)
    before = hashes_computed()
    answer = login(browser(), email)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/busy")
    assert int(answer.headers["retry-after"]) > 0
    assert register(browser(), email).status_code == 503
    assert hashes_computed() == before
    assert execute(database, "SELECT sum(tries) AS all FROM sign_in_tries")[0].all == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_one_customer_counts_as_one_address(address: str | None, counted: str) -> None:
    assert network_of(address) == counted


def test_the_limits_leave_room_for_mistakes_and_none_for_guessing() -> None:
    assert (BY_ADDRESS_AND_ACCOUNT.most, BY_DEVICE.most) == (10, 10)
    # The most guesses a day at one account, from any number of addresses, while its owner uses a known browser.
    assert BY_ACCOUNT.most * 24 <= 1_200
    assert BY_ADDRESS.most > BY_ADDRESS_AND_ACCOUNT.most
