"""The operator that runs a command of ETF Atlas with the project's own interpreter.

BashOperator would tell a failure's callback nothing but the exit status, and `@task.external_python` does not end at its
time limit. This operator ends the command at its deadline and whenever the task is cleared, marked or killed; the
command's progress goes to the task's log, its JSON answer is the task's result, and its reason is the task's exception.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from atlas_tasks.redaction import redact

ATLAS = Path(__file__).resolve().parents[3] / "atlas"
# Airflow's own, and what its interpreter set for itself.
FOREIGN = re.compile(r"^_?AIRFLOW|^PYTHON|^VIRTUAL_ENV|^UV_|^OTEL_")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# What a command may take to end after SIGTERM, seconds. Airflow itself loses patience after five.
PATIENCE = 4.0
LAST_LINES = 20
PR_SET_PDEATHSIG = 1


class CommandFailed(AirflowException):
    """A command of ETF Atlas failed; trying again may help. `kind` is the command's name for it, if it gave one."""

    kind: str | None = None


ALERT_CONNECTION = "AIRFLOW_CONN_ATLAS_DISCORD"


class CommandRefused(AirflowFailException):
    """A command of ETF Atlas failed in a way that trying again does not mend, such as a refused key."""


class CommandStopped(AirflowException):
    """A command was ended because its task was."""


def environment(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that a command gets: those of this process but Airflow's and its interpreter's.

    Where the alert has a connection, it tells of a failure after the last try, and the command does not tell of each.
    """
    own = {name: value for name, value in variables.items() if not FOREIGN.search(name)}
    return own | ({"ATLAS_DISCORD_FAILURES": "false"} if ALERT_CONNECTION in variables else {})


class AtlasCommand(BaseOperator):
    """Runs `./atlas ARGUMENTS MORE` and returns what it printed as JSON.

    `more` are further arguments, for `.expand(more=…)`; `deadline` is how long the command may take. `answer` names the
    part of the answer that becomes the task's result (all of it is then the XCom `answer`).
    Raises CommandFailed, CommandRefused (no retries) or CommandStopped, each with the command's own reason.
    """

    template_fields: Sequence[str] = ("arguments", "more")
    ui_color = "#e8f0fe"

    def __init__(
        self,
        *,
        arguments: Sequence[str],
        more: Sequence[str] = (),
        deadline: timedelta = timedelta(hours=1),
        answer: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.arguments = arguments
        self.more = more
        self.deadline = deadline
        self.answer = answer
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def execute(self, context: Mapping[str, Any]) -> Any:
        answer = self._run([str(ATLAS), *self.arguments, *self.more])
        if self.answer is None:
            return answer
        context["ti"].xcom_push(key="answer", value=answer)
        return answer[self.answer]

    def on_kill(self) -> None:
        self._stopped = True
        self._end()

    def _run(self, command: list[str]) -> Any:
        self.log.info("./atlas %s", redact(" ".join(command[1:])))
        ends = time.monotonic() + self.deadline.total_seconds()
        last_lines: deque[str] = deque(maxlen=LAST_LINES)
        with tempfile.TemporaryFile() as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                env=environment(),
                cwd=ATLAS.parent,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
            try:
                for line in _lines(self._process, ends):
                    last_lines.append(redact(line))
                    self.log.info(last_lines[-1])
            finally:
                too_late = self._end()
            output.seek(0)
            printed = output.read().decode(errors="replace")
        if self._stopped:
            raise CommandStopped(f"./atlas {' '.join(command[1:3])} was stopped with its task")
        if too_late:
            raise CommandFailed(f"./atlas {' '.join(command[1:3])} did not end within {self.deadline}")
        answer = _answer(printed)
        if self._process.returncode:
            raise _failure(command, self._process.returncode, answer, last_lines)
        return answer

    def _end(self) -> bool:
        """End the command with all that it started, if it has not ended by itself; return whether that was needed."""
        process = self._process
        if process is None or process.poll() is not None:
            return False
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            # Whatever the command started and left behind goes with it.
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def _end_with_parent() -> None:
    """Have the kernel end the command when the task's process dies, also by kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _lines(process: subprocess.Popen[bytes], ends: float) -> Iterator[str]:
    """Yield what the command says on its standard error, until it ends or its time is up.

    Not until the stream ends: a database server that the command started may keep it open.
    """
    stream: IO[bytes] = process.stderr  # type: ignore[assignment]
    os.set_blocking(stream.fileno(), False)
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while time.monotonic() < ends:
            ended = process.poll() is not None
            selector.select(0 if ended else min(1.0, max(0.0, ends - time.monotonic())))
            block = stream.read(65_536)
            *lines, rest = re.split(rb"[\r\n]+", rest + (block or b""))
            yield from filter(None, (_plain(line) for line in lines))
            if block == b"" or (ended and not block):
                break
    if text := _plain(rest):
        yield text
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, ends - time.monotonic()))


def _plain(line: bytes) -> str:
    return ESCAPES.sub("", line.decode(errors="replace")).rstrip()


def _answer(printed: str) -> Any:
    """Return the JSON that a command printed, or its last line where it printed text, or None."""
    lines = printed.strip().splitlines()
    for text in (printed, lines[-1] if lines else ""):
        with suppress(ValueError):
            return json.loads(text)
    return lines[-1] if lines else None


def _failure(command: list[str], status: int, answer: Any, last_lines: Sequence[str]) -> AirflowException:
    if isinstance(answer, dict) and "reason" in answer:
        reason = redact(str(answer["reason"]))
        if not answer.get("retry", True):
            return CommandRefused(reason)
        failure = CommandFailed(reason)
        failure.kind = answer.get("error")
        return failure
    said = [line for line in last_lines if line.startswith("error: ")] or list(last_lines)
    reason = said[-1].removeprefix("error: ") if said else "it said nothing"
    ended = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"failed with status {status}"
    return CommandFailed(f"./atlas {' '.join(command[1:3])} {ended}: {reason}")
