"""Passwords, hashed with argon2id."""

from __future__ import annotations

from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

# RFC 9106, section 4, for little memory: 64 MiB, three passes, four lanes.
_HASHES = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65_536, parallelism=4),))


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, with its salt and parameters."""
    return _HASHES.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Say whether a password is the one that was hashed; takes as long where there is no hash to compare with."""
    right = _HASHES.verify(password, password_hash or _nobodys_hash())
    return right and password_hash is not None


@lru_cache
def _nobodys_hash() -> str:
    return _HASHES.hash("nobody has this password")
