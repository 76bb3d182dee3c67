"""Proving who one is by a password: what is counted, and what happens when it is the right one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from backend.accounts.limits import (
    BY_ACCOUNT,
    BY_ADDRESS,
    BY_ADDRESS_AND_ACCOUNT,
    BY_DEVICE,
    Counted,
    Tries,
    network_of,
)
from backend.accounts.passwords import verify_password
from backend.accounts.sessions import end_session, open_session
from backend.accounts.transaction import app_transaction
from backend.accounts.users import normalised_email
from backend.accounts.waiting_room import COUNTING, HASHING
from backend.db.engine import Database
from backend.errors import Busy, InvalidInput


def address_to_find(email: str) -> str:
    """Return an address as accounts are found by; one that is none is left as it is, for no account has it."""
    try:
        return normalised_email(email)
    except InvalidInput:
        # PostgreSQL takes no NUL.
        return email.strip().lower().replace("\0", "\N{REPLACEMENT CHARACTER}")


def counted_for(host: str | None, email: str, device: str | None) -> list[Counted]:
    """Return what a failed sign-in counts for.

    A device that is known to the account has limits of its own: neither strangers who try the account from elsewhere, nor
    others behind the same address, lock it out.
    """
    if device:
        return [BY_DEVICE.of(device, email)]
    network = network_of(host)
    return [BY_ADDRESS.of(network), BY_ADDRESS_AND_ACCOUNT.of(network, email), BY_ACCOUNT.of(email)]


async def check_password(
    database: Database,
    counted: Sequence[Counted],
    find: Callable[[Connection], Row[Any] | None],
    password: str,
) -> Row[Any] | None:
    """Return the account that `find` gives if the password is right and the account open, None otherwise.

    The try is counted before, and given back where it succeeds; nothing is computed for one that is refused. As much is
    computed where there is no account. Raises TooMany, Busy, Unavailable.
    """
    tries = Tries(database)

    def begin() -> Row[Any] | None:
        tries.take(counted)
        with app_transaction(database) as connection:
            return find(connection)

    user = await COUNTING.run(begin)
    try:
        right = await HASHING.run(verify_password, password, user and user.password_hash)
    except Busy:
        await COUNTING.run(tries.give_back, counted)
        raise
    if not right or user is None or user.disabled_at:
        return None
    await COUNTING.run(tries.give_back, counted)
    return user


def sign_in(
    connection: Connection, user: Row[Any], *, device: str, before: str | None, browser: str | None
) -> str | None:
    """Open a session for whoever knew the password and return its code.

    `before` is the code of the session that the browser had, which ends. `browser` is the hash of its visitor's cookie: where
    the account was made in it and nobody has signed in since, what was asked there goes to the account. Returns None where
    the account was closed or given another password in the meantime.
    """
    # Locked, so that who changes the password at this moment finds the session and ends it, or is found out here; by one at a
    # time, for the first of two shared locks to write the row would wait for the second, and the second for the first.
    first_visitor = connection.execute(
        text("""
            SELECT first_visitor FROM users
            WHERE id = :id AND password_hash = :hash AND disabled_at IS NULL
            FOR NO KEY UPDATE
        """),
        {"id": user.id, "hash": user.password_hash},
    ).one_or_none()
    if first_visitor is None:
        return None
    if before:
        end_session(connection, before)
    if first_visitor[0] is not None:
        if first_visitor[0] == browser:
            _adopt(connection, user.id, browser)
        connection.execute(text("UPDATE users SET first_visitor = NULL WHERE id = :id"), {"id": user.id})
    return open_session(connection, user.id, device)


def _adopt(connection: Connection, person: UUID, browser: str) -> None:
    """Give a person what was asked in a browser, with what its model used and what was read."""
    names = {"person": f"person:{person}", "browser": browser, "visitor": f"visitor:{browser}"}
    for statement in (
        "UPDATE conversations SET visitor = :person WHERE visitor = :browser",
        "UPDATE model_usage SET asker = :person WHERE asker = :visitor",
        "UPDATE notification_reads SET reader = :person WHERE reader = :visitor",
    ):
        connection.execute(text(statement), names)
