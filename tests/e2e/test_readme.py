"""Every command that the README shows does what the README says, from an empty home folder."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from backend.db.private_server import PrivateServer
from seeds.sample_market import generate

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

PASSWORD = "a password that is asked for"

# Commands that need more than a home folder, and what runs them; what serves this test and what runs it need nothing.
ELSEWHERE = {
    "./atlas up": None,
    "./atlas test": None,
    "./atlas collect": "tests/integration/test_collect_readme.py",
    "./atlas airflow": "tests/airflow",
    "./atlas discord test": "tests/integration/test_discord_secrets.py",
    "docker": "tests/containers/check.sh",
}


def shown_commands() -> list[str]:
    """Return the lines of the README's shell blocks, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [re.sub(r"\s+#.*", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.fixture(scope="module")
def environment(session_folder: Path, server: PrivateServer) -> Iterator[dict[str, str]]:
    """An environment with an empty home folder, but for the database programs that are there already."""
    home = session_folder / "readme" / "home"
    (home / "postgresql").mkdir(parents=True)
    (home / "postgresql" / "prefix").symlink_to(server.programs_folder, target_is_directory=True)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ATLAS_")}
    yield {**variables, "ATLAS_HOME": str(home), "COLUMNS": "120"}
    PrivateServer(home).stop()


@pytest.fixture(scope="module")
def running(environment: dict[str, str], free_port: Callable[[], int], session_folder: Path) -> Iterator[str]:
    """The address of what `./atlas up` serves."""
    port = free_port()
    log = session_folder / "readme" / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["./atlas", "up", "--no-browser", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 240
    while not _is_ready(address):
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.2)
    yield address
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/ready", timeout=5).is_success
    except httpx.TransportError:
        return False


def fetch(words: list[str], running: str) -> None:
    """Do what a line with curl does; of a stream, which never ends, the first bytes are enough."""
    address = words[-1].replace("http://127.0.0.1:8000", running)
    headers = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
    with httpx.stream("GET", address, headers=headers, timeout=30) as answer:
        assert answer.is_success, words
        if "-N" in words:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert next(answer.iter_text())
        else:
            assert answer.read()


def test_whoever_runs_the_other_commands_is_there():
    for command, test in ELSEWHERE.items():
        assert any(line.startswith(command) for line in shown_commands()), f"the README shows no {command}"
        assert test is None or (ROOT / test).exists(), f"{test}, which runs {command}, is gone"


@pytest.mark.slow
def test_commands_of_the_readme(running: str, environment: dict[str, str], tmp_path: Path):
    generate().write_csv(tmp_path)
    tried = 0
    for line in shown_commands():
        if line.startswith("export "):
            assert all(name.startswith("ATLAS_") for name in re.findall(r"(\w+)=", line)), line
            continue
        words = shlex.split(line)
        if any(line.startswith(command) for command in ELSEWHERE):
            continue
        if "--dir" in words:
            words[words.index("--dir") + 1] = str(tmp_path)
        if words[0] == "curl":
            fetch(words, running)
        else:
            assert words[0] == "./atlas", line
            done = subprocess.run(
                words, cwd=ROOT, env=environment, input=f"{PASSWORD}\n", capture_output=True, text=True, timeout=180
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        tried += 1
    assert tried >= 5


@pytest.mark.slow
def test_questions_of_the_readme_are_answered(running: str, environment: dict[str, str]):
    table = README.split("## What it can answer", 1)[1].split("##", 1)[0]
    rows = [row.split("|")[2] for row in table.splitlines() if row.startswith("| ")][2:]
    questions = [question.strip() for row in rows for question in row.split("·")]
    assert len(questions) >= 10
    for question in questions:
        done = subprocess.run(
            ["./atlas", "ask", question, "--json"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert '"status":"answered"' in done.stdout.replace(" ", ""), f"{question}\n{done.stdout}\n{done.stderr}"
