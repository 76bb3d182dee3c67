"""Airflow's three processes: started together, watched, and stopped with all that they started."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from backend.airflow.environment import AirflowFailed, program
from backend.airflow.process_tree import descendants

# A log server of the scheduler would listen on every address; on one machine the page reads the files.
ARGUMENTS = {"api-server": [], "scheduler": ["--skip-serve-logs"], "dag-processor": []}
START_SECONDS = 180
# A task's supervisor looks every five seconds whether its task has ended.
TASKS_END_SECONDS = 12
# The API server answers nothing any more after a moment, but lingers.
STOP_SECONDS = 3
# scheduler → worker of the LocalExecutor → task
TASK_DEPTH = 2
LAST_LINES = 5
PR_SET_PDEATHSIG = 1


@dataclass
class Processes:
    """The API server, the scheduler and the DAG processor, each with a log file in `logs`."""

    variables: Mapping[str, str]
    logs: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start all three. Call it from the main thread: they end when that does."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for name, arguments in ARGUMENTS.items():
            with self._log(name).open("wb") as log:
                self._running[name] = subprocess.Popen(
                    [program(), name, *arguments],
                    env=dict(self.variables),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C in the terminal is for us, who then stop them in order.
                    start_new_session=True,
                    preexec_fn=_end_with_parent,
                )

    def raise_if_dead(self) -> None:
        """Raise AirflowFailed, which says which process ended and what it said last, if one has."""
        for name, process in self._running.items():
            if (status := process.poll()) is not None:
                how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
                raise AirflowFailed(f"Airflow's {name} {how}; the end of {self._log(name)}:\n{self._last_words(name)}")

    def await_healthy(self, is_healthy: Callable[[], bool], say: Callable[[str, int, int], None]) -> None:
        """Return once `is_healthy` says so. Raises AirflowFailed when a process dies or time is up."""
        started = time.monotonic()
        while not is_healthy():
            self.raise_if_dead()
            waited = time.monotonic() - started
            if waited > START_SECONDS:
                raise AirflowFailed(f"Airflow is not healthy after {START_SECONDS} s; its logs are in {self.logs}")
            say("waiting, s", int(waited) + 1, START_SECONDS)
            time.sleep(0.25)

    def stop(self) -> None:
        """Stop all three and whatever they started, within seconds; a running task is tried again after the next start."""
        family = [one for process in self._running.values() for one in descendants(process.pid)]
        scheduler = self._running.get("scheduler")
        tasks = [one for one in descendants(scheduler.pid) if one.depth == TASK_DEPTH] if scheduler else []
        self._end(["scheduler", "dag-processor"])
        for task in tasks:
            task.signal(signal.SIGTERM)
        # The scheduler waits for its tasks, whose end the API server has to hear of.
        self._await_end(["scheduler", "dag-processor"], TASKS_END_SECONDS)
        self._end(["api-server"])
        self._await_end(["api-server"], STOP_SECONDS)
        for process in self._running.values():
            process.kill()
            process.wait()
        for one in family:
            one.signal(signal.SIGKILL)

    def _end(self, names: list[str]) -> None:
        for name in names:
            if (process := self._running.get(name)) and process.poll() is None:
                process.terminate()

    def _await_end(self, names: list[str], seconds: float) -> None:
        ends = time.monotonic() + seconds
        for name in names:
            if process := self._running.get(name):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, ends - time.monotonic()))

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _last_words(self, name: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return "\n".join(lines[-LAST_LINES:]) or "(nothing)"


def _end_with_parent() -> None:
    """Have the kernel stop the process when we die, also by kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
