"""Sends alerts as a failed task does and prints what the callback did with each, as JSON.

Run with Airflow's interpreter; the environment's AIRFLOW_CONN_ATLAS_DISCORD says where to, as in a task.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "airflow" / "dags"), str(ROOT / "airflow" / "plugins")]

from atlas_tasks.alert import alert, warn  # noqa: E402
from atlas_tasks.command import CommandFailed, CommandRefused, CommandStopped  # noqa: E402

REASON = "KRX refuses the key"


def context(
    exception: Exception | None, *, map_index: int = -1, others: dict[str, str] | None = None, tries: int = 2
) -> dict[str, Any]:
    """Return what Airflow gives a callback, as far as the alert looks at it."""
    ti = SimpleNamespace(
        dag_id="etf_daily",
        task_id="baskets",
        run_id="manual__2026-07-08",
        map_index=map_index,
        try_number=tries,
        log_url="http://127.0.0.1:8080/dags/etf_daily",
        task=SimpleNamespace(arguments=["collect", "baskets", "--date", "2026-07-08"], more=["--etfs", "A"]),
        get_task_states=lambda **_: {"manual__2026-07-08": others or {}},
    )
    return {"ti": ti, "exception": exception}


def main() -> None:
    """Send one alert of each kind."""
    alert(context(CommandRefused(REASON)))
    secret = os.environ.get("ATLAS_KRX_API_KEY", "")
    alert(context(CommandRefused(f"@everyone {secret} " + "가" * 9_000), map_index=3, others={"baskets_3": "failed"}))
    alert(context(CommandRefused("said already"), map_index=4, others={"baskets_3": "failed"}))
    alert(context(CommandStopped("stopped")))
    late = CommandFailed("KRX has not published 2026-07-08 yet")
    late.kind = "not-published"
    for tries in range(1, 7):
        warn(context(CommandFailed("KRX does not answer"), tries=tries))
        warn(context(late, tries=tries))
    retried = {"baskets_2": "up_for_retry", "baskets_5": "up_for_retry"}
    warn(context(CommandFailed("the first part"), map_index=2, others=retried, tries=4))
    warn(context(CommandFailed("another part"), map_index=5, others=retried, tries=4))
    alert(context(None))


if __name__ == "__main__":
    main()
    print(json.dumps({"ended": True}))
