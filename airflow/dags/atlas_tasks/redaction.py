"""Taking keys and passwords out of text that people will read."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

SECRET = re.compile(r"^ATLAS_.*(KEY|PASSWORD|SECRET|TOKEN|WEBHOOK_URL|DATABASE_URL|REPLICA_URL|KRX_ID)$|^AIRFLOW_CONN_")
# The password of an address, and a Discord webhook's token.
IN_ADDRESSES = (
    (re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@"), r"\1:***@"),
    (re.compile(r"(webhooks/\d+)/[\w-]+"), r"\1/***"),
)
# Shorter values are words such as `none`, which would blacken ordinary text.
SHORTEST = 6


def redact(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the text without the values of secret variables and without passwords in addresses."""
    secrets = {value for name, value in environment.items() if SECRET.search(name) and len(value) >= SHORTEST}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    for pattern, replacement in IN_ADDRESSES:
        text = pattern.sub(replacement, text)
    return text
