"""Random codes that prove something by being known: cookies and bearer tokens. Only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_PREFIX = "atlas_"
"""Begins every bearer token, so that scanners for leaked secrets recognise it."""


def new_code(prefix: str = "") -> str:
    """Return a code that nobody can guess: 256 random bits after the prefix."""
    return prefix + secrets.token_urlsafe(32)


def hash_code(code: str) -> bytes:
    """Return the SHA-256 of a code. A slow hash would add nothing: codes are random, not chosen."""
    return hashlib.sha256(code.encode(errors="replace")).digest()
