"""Passwords, hashed with argon2id; which ones are refused is said in `password_rules`."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from prometheus_client import Counter
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

# RFC 9106, section 4, for little memory: 64 MiB, three passes, four lanes.
_HASHES = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65_536, parallelism=4),))
COMPUTED = Counter("atlas_password_hashes", "Computations of argon2id, each of 64 MiB")


def normalised_password(password: str) -> str:
    """Return a password in Unicode's NFKC: keyboards and systems send one Hangul syllable in several ways (RFC 8265)."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, with its salt and parameters."""
    COMPUTED.inc()
    return _HASHES.hash(normalised_password(password))


def verify_password(password: str, password_hash: str | None) -> bool:
    """Say whether a password is the one that was hashed; takes as long where there is no hash to compare with."""
    compared = password_hash or _nobodys_hash()
    COMPUTED.inc()
    right = _HASHES.verify(normalised_password(password), compared)
    return right and password_hash is not None


@lru_cache
def _nobodys_hash() -> str:
    return _HASHES.hash("nobody has this password")
