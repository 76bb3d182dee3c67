"""Keys that are derived from the installation's secret, each good for one purpose alone."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.db import roles
from backend.settings import Settings

KEY_BYTES = 32


def derived_key(settings: Settings, purpose: str) -> bytes:
    """Return the key of a purpose: HKDF-SHA256 (RFC 5869) over the installation's secret. Raises DatabaseSetupError."""
    derivation = HKDF(SHA256(), KEY_BYTES, salt=b"etf-atlas", info=purpose.encode())
    return derivation.derive(roles.secret(settings))
