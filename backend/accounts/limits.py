"""How often something may be tried, counted in the database, so that it holds over all processes.

What is counted for an address of the network or for an account is kept under a keyed hash, and only while its window lasts.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil

from sqlalchemy import text

from backend.accounts.transaction import app_transaction
from backend.db.engine import Database
from backend.db.roles import secret
from backend.errors import TooMany

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Limit:
    """At most `most` tries of a kind in a window that begins with the first one."""

    kind: str
    most: int
    lasts: timedelta

    def of(self, *what: object) -> Counted:
        """Return the limit for what the tries have in common."""
        return Counted(self, "|".join(map(str, what)))


@dataclass(frozen=True)
class Counted:
    """A limit, and what its tries have in common."""

    limit: Limit
    what: str


BY_ADDRESS = Limit("address", 100, QUARTER)
"""Failed sign-ins from one address, whatever the account."""
BY_ADDRESS_AND_ACCOUNT = Limit("address+account", 10, QUARTER)
BY_ACCOUNT = Limit("account", 50, HOUR)
"""Failed sign-ins to one account from devices that have never been signed in to it, whatever the address."""
BY_DEVICE = Limit("device+account", 10, QUARTER)
"""Failed sign-ins from a device that has been signed in to the account: nothing else locks it out."""
BY_SESSION = Limit("session", 10, QUARTER)
"""Wrong passwords of somebody who is signed in and has to prove again who they are."""
BY_EXPORTER = Limit("export", 10, HOUR)


def registrations(per_hour: int) -> Limit:
    """Return how many accounts may be made from one address."""
    return Limit("registration", per_hour, HOUR)


class Tries:
    """The counted tries of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._secret = secret(database.settings)

    def take(self, counted: Sequence[Counted]) -> None:
        """Count one try under each, committed when this returns. Raises TooMany where one has had its most.

        Then nothing is counted, so that whoever goes on trying does not wait the longer for it. Raises Unavailable.
        """
        with app_transaction(self._database) as connection:
            wait = connection.scalar(
                text("SELECT take_try(:keys, :mosts, :lasts)"),
                {
                    "keys": [self._key(each) for each in counted],
                    "mosts": [each.limit.most for each in counted],
                    "lasts": [each.limit.lasts for each in counted],
                },
            )
        if wait is not None:
            raise TooMany(max(1, ceil(wait.total_seconds())))

    def give_back(self, counted: Sequence[Counted]) -> None:
        """Forget one try under each: it was none of those that are to be limited."""
        with app_transaction(self._database) as connection:
            connection.execute(text("SELECT give_try_back(:keys)"), {"keys": [self._key(each) for each in counted]})

    def _key(self, counted: Counted) -> bytes:
        told = f"tries|{counted.limit.kind}|{counted.what}".encode(errors="replace")
        return hmac.digest(self._secret, told, "sha256")[:16]


def network_of(host: str | None) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 one, of which each customer has all."""
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return host or "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    return str(address)
