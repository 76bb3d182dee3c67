"""What every task of ETF Atlas has in common, and the parameters that several DAGs take."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Param

from atlas_tasks.alert import alert, warn

# 5, 10, 20, 40 and 60 minutes: a service that is down for an evening's maintenance costs no day.
PERSISTENT: dict[str, Any] = {
    "owner": "etf-atlas",
    "retries": 5,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(hours=1),
    "on_failure_callback": alert,
    "on_retry_callback": warn,
}


def date_param(default: str | None, description: str) -> Param:
    """Return a parameter that is a date, or nothing where there is no default."""
    return Param(default, type="string" if default else ["null", "string"], format="date", description=description)
