"""Reads the DAGs as Airflow does and prints what it found, as JSON.

Run with Airflow's interpreter and the environment of `./atlas airflow run`.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")
BEGIN = time.perf_counter()


def runs(timetable: Any, after: str, many: int) -> list[str]:
    """Return the next runs after a moment, as a scheduler that has run at that moment finds them, in Seoul's time."""
    import pendulum
    from airflow.timetables.base import DataInterval, TimeRestriction

    moment = pendulum.parse(after)
    found = []
    for _ in range(many):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=DataInterval(moment, moment),
            restriction=TimeRestriction(earliest=None, latest=None, catchup=True),
        )
        moment = info.run_after
        found.append(moment.astimezone(SEOUL).isoformat())
    return found


def callbacks(task: Any) -> list[Any]:
    options = getattr(task, "partial_kwargs", None)
    found = options.get("on_failure_callback") if options is not None else task.on_failure_callback
    return list(found) if isinstance(found, (list, tuple)) else [found] if found else []


def main() -> dict[str, Any]:
    """Return the DAGs, their import errors and times, and what their schedules say."""
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.settings import DAGS_FOLDER

    imported = time.perf_counter()
    modules = set(sys.modules)
    bag = BundleDagBag(DAGS_FOLDER, bundle_path=Path(DAGS_FOLDER), bundle_name="dags-folder")
    seconds = time.perf_counter() - imported
    own = {name.partition(".")[0] for name in set(sys.modules) - modules}
    stored = {name: DagSerialization.from_dict(DagSerialization.to_dict(dag)) for name, dag in bag.dags.items()}
    daily = bag.dags["etf_daily"]
    collected_day = daily.user_defined_macros["collected_day"]

    class Run:
        def __init__(self, run_after: str, logical_date: str | None = None) -> None:
            self.run_after = datetime.fromisoformat(run_after)
            self.logical_date = logical_date and datetime.fromisoformat(logical_date)

    return {
        "errors": bag.import_errors,
        "seconds": seconds,
        "modules": sorted(own),
        "dags": {
            name: {
                "tasks": {
                    task.task_id: {
                        "upstream": sorted(task.upstream_task_ids),
                        "retries": task.retries,
                        "alerts": [callback.__name__ for callback in callbacks(task)],
                        "rule": str(task.trigger_rule),
                    }
                    for task in dag.tasks
                },
                "catchup": dag.catchup,
                "max_active_runs": dag.max_active_runs,
                "parameters": sorted(dag.params),
                "timetable": type(stored[name].timetable).__name__,
            }
            for name, dag in bag.dags.items()
        },
        "evenings": runs(stored["etf_daily"].timetable, "2026-02-12T00:00:00+09:00", 6),
        "unknown_year": runs(stored["etf_daily"].timetable, "2031-01-02T00:00:00+09:00", 3),
        "mornings": runs(stored["refresh_reference"].timetable, "2026-02-13T12:00:00+09:00", 2),
        "days": {
            "asked for": collected_day(Run("2026-07-09T12:00:00+09:00"), {"date": "2026-07-01"}),
            "scheduled": collected_day(Run("2026-07-08T19:00:00+09:00", "2026-07-08T19:00:00+09:00"), {"date": None}),
            "by hand in the afternoon": collected_day(Run("2026-07-09T05:00:00+00:00"), {"date": None}),
            "by hand in the evening": collected_day(Run("2026-07-09T10:00:00+00:00"), {"date": None}),
            "by hand on a Sunday": collected_day(Run("2026-07-12T05:00:00+00:00"), {"date": None}),
            "by hand on a holiday": collected_day(Run("2026-02-17T12:00:00+00:00"), {"date": None}),
        },
    }


if __name__ == "__main__":
    print(json.dumps(main()))
