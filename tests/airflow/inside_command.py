"""Runs the operator on programs that behave in every way a command can, and prints what came of each as JSON.

Run with Airflow's interpreter: `python inside_command.py FOLDER`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "airflow" / "dags"), str(ROOT / "airflow" / "plugins")]

from atlas_tasks import command  # noqa: E402
from atlas_tasks.redaction import redact  # noqa: E402

PROGRAM = """#!/bin/sh
case $1 in
    answer) echo 'fetching 1 of 2' >&2; echo '{"chunks": [["069500"], ["102110"]], "etfs": 2}' ;;
    lines) printf '{\\n "etfs": 2\\n}\\n' ;;
    text) echo 'nothing waits' ;;
    more) printf '{"arguments": "%s"}' "$*" ;;
    refused) echo 'error: too' >&2; echo '{"error": "krx-refused", "reason": "KRX refuses the key secret-key-1", "retry": false}'; exit 1 ;;
    unavailable) echo '{"error": "krx-unavailable", "reason": "KRX does not answer", "retry": true}'; exit 1 ;;
    says) echo 'first' >&2; echo 'error: the disk is full' >&2; exit 1 ;;
    trace) echo 'ValueError: no such thing' >&2; exit 1 ;;
    silent) exit 3 ;;
    killed) kill -9 $$ ;;
    hangs) echo $$ > "$PIDS/hangs"; sleep 60 & echo $! > "$PIDS/child"; wait ;;
    stubborn) trap '' TERM; echo $$ > "$PIDS/stubborn"; while :; do sleep 0.1; done ;;
    leaves) sleep 30 & echo $! > "$PIDS/left"; echo '{}' ;;
    environment) env > "$PIDS/environment"; echo '{}' ;;
esac
"""


def outcome(call: Callable[[], Any]) -> dict[str, Any]:
    """Return the result or the exception of a call, with the seconds it took."""
    started = time.monotonic()
    try:
        result = {"result": call()}
    except Exception as error:  # noqa: BLE001 (whatever it raises is what is asked for)
        result = {"error": type(error).__name__, "reason": str(error), "retries": "AirflowFail" not in _bases(error)}
    return {**result, "seconds": time.monotonic() - started}


def _bases(error: Exception) -> str:
    return " ".join(kind.__name__ for kind in type(error).__mro__)


def alive(name: str, folder: Path) -> bool:
    """Say whether the process whose number a program noted still lives."""
    pid = int((folder / name).read_text())
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def main(folder: Path) -> dict[str, Any]:
    """Return what came of each program."""
    program = folder / "atlas"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    command.ATLAS = program
    os.environ |= {"PIDS": str(folder), "ATLAS_KRX_API_KEY": "secret-key-1", "AIRFLOW__CORE__FERNET_KEY": "x"}
    os.environ |= {"PYTHONPATH": "/nowhere", "VIRTUAL_ENV": "/nowhere", "ATLAS_PORT": "8123"}

    def operator(name: str, **options: Any) -> command.AtlasCommand:
        return command.AtlasCommand(task_id=name, arguments=[name], **options)

    def run(name: str, **options: Any) -> dict[str, Any]:
        return outcome(lambda: operator(name, **options).execute({}))

    names = ("answer", "lines", "text", "refused", "unavailable", "says", "trace", "silent", "killed", "environment")
    found = {name: run(name) for name in names}
    found["more"] = run("more", more=["--etfs", "A,B"])
    found["hangs"] = run("hangs", deadline=timedelta(seconds=0.5))
    found["hangs"]["alive"] = alive("hangs", folder) or alive("child", folder)
    found["leaves"] = run("leaves", deadline=timedelta(seconds=20))
    os.kill(int((folder / "left").read_text()), signal.SIGKILL)
    stopped = operator("stubborn")
    threading.Timer(0.5, stopped.on_kill).start()
    found["stopped"] = outcome(lambda: stopped.execute({}))
    found["stopped"]["alive"] = alive("stubborn", folder)
    found["names"] = sorted(line.partition("=")[0] for line in (folder / "environment").read_text().splitlines())
    found["redacted"] = redact(
        "key secret-key-1, postgresql://atlas:pw@db/atlas, https://discord.com/api/webhooks/12/tok-EN_1?wait=true"
    )
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
