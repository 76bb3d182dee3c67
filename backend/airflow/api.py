"""Airflow's REST API on this machine: whether it is healthy, starting a run, how a run goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from backend.airflow.environment import USER
from backend.errors import AtlasError, NotFound, Unavailable

PARTS = ("metadatabase", "scheduler", "dag_processor")
TIMEOUT_S = 30
ENDED = ("success", "failed")


class AirflowRefused(AtlasError):
    """Airflow refused the request."""


@dataclass
class AirflowApi:
    """The API at an address, for the one user of the installation. Raises Unavailable, NotFound, AirflowRefused."""

    address: str
    password: str
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        # What stands between this process and the loopback address must not be asked.
        self._client = httpx.Client(base_url=self.address, timeout=TIMEOUT_S, trust_env=False)

    def is_healthy(self, since: datetime) -> bool:
        """Say whether all parts work and have been heard of since a moment, so that no earlier process is taken for them."""
        try:
            health = self._client.get("/api/v2/monitor/health").raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return False
        beats = [health[part].get(f"latest_{part}_heartbeat") for part in PARTS[1:]]
        return all(health[part]["status"] == "healthy" for part in PARTS) and all(
            beat and datetime.fromisoformat(beat) >= since for beat in beats
        )

    def dags(self) -> list[dict[str, Any]]:
        """Return the DAGs: dag_id, is_paused, next_dagrun_run_after, …"""
        return self._get("/api/v2/dags", limit=100)["dags"]

    def import_errors(self) -> list[str]:
        """Return what is wrong with DAG files that cannot be read."""
        errors = self._get("/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def trigger(self, dag: str, parameters: dict[str, Any]) -> str:
        """Start a run of a DAG and return the run's id."""
        body = {"logical_date": None, "conf": parameters}
        return self._request("POST", f"/api/v2/dags/{dag}/dagRuns", json=body)["dag_run_id"]

    def run(self, dag: str, run: str) -> dict[str, Any]:
        """Return a run: state, start_date, end_date, …"""
        return self._get(f"/api/v2/dags/{dag}/dagRuns/{run}")

    def runs(self, dag: str, limit: int = 1) -> list[dict[str, Any]]:
        """Return the newest runs of a DAG."""
        return self._get(f"/api/v2/dags/{dag}/dagRuns", limit=limit, order_by="-run_after")["dag_runs"]

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """Return the task instances of a run: task_id, map_index, state, try_number, …"""
        return self._get(f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances", limit=1000)["task_instances"]

    def log(self, dag: str, run: str, task: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the log of a task instance's last try: event, timestamp, error_detail, …"""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        return self._get(path, map_index=task["map_index"], full_content=True)["content"]

    def reason(self, dag: str, run: str, task: dict[str, Any]) -> str:
        """Return the last error in the log of a task instance."""
        return next(_reasons(reversed(self.log(dag, run, task))), "its log says nothing")

    def end_run(self, dag: str, run: str, state: str) -> None:
        """Mark a run as success or failed, which ends its tasks."""
        self._request("PATCH", f"/api/v2/dags/{dag}/dagRuns/{run}", json={"state": state})

    def set_paused(self, dag: str, paused: bool) -> None:
        """Pause or unpause a DAG."""
        self._request("PATCH", f"/api/v2/dags/{dag}", json={"is_paused": paused})

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        return self._request("GET", path, params=parameters)

    def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            if "authorization" not in self._client.headers:
                self._log_in()
            answer = self._client.request(method, path, **options)
            if answer.status_code == httpx.codes.UNAUTHORIZED:  # a token lives for a day
                self._log_in()
                answer = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise Unavailable(f"Airflow does not answer at {self.address}: {error}") from error
        if answer.is_success:
            return answer.json()
        kind = NotFound if answer.status_code == httpx.codes.NOT_FOUND else AirflowRefused
        raise kind(f"Airflow says {answer.status_code}: {_detail(answer)}")

    def _log_in(self) -> None:
        answer = self._client.post("/auth/token", json={"username": USER, "password": self.password})
        if not answer.is_success:
            raise AirflowRefused(f"Airflow refuses the log-in with {answer.status_code}: {_detail(answer)}")
        self._client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"


def now() -> datetime:
    """Return this moment, to be compared with Airflow's heartbeats."""
    return datetime.now(UTC)


def _detail(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:300] or answer.reason_phrase
    return (
        "; ".join(str(one.get("msg", one)) for one in detail)
        if isinstance(detail, list)
        else str(detail).strip().splitlines()[0]
    )


def _reasons(lines: Iterator[dict[str, Any]]) -> Iterator[str]:
    for line in lines:
        for error in line.get("error_detail") or ():
            yield f"{error.get('exc_value')}"
