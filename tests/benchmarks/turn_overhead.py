"""What a turn costs besides the model: from the question to the first token of the answer, with a model that answers at once.

The model first calls for a query and then gives the answer. LangChain's graph QA chain is measured beside the agent in the same run:
the same model over a socket, the same database, the same question, the same query, both in warm processes of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from agent.examples import store
from backend.collection.load import load_sample
from backend.db.engine import Database
from backend.settings import get_settings
from backend.virtual_environment import uv_settings
from tests.benchmarks.scratch import scratch_database

TURNS, WARM_UP = 100, 10
QUESTION = "KODEX 200의 총보수는 얼마야?"
PORT, MODEL_PORT = 18_432, 18_433
ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements-bench.txt"
INSTALL_SECONDS = 600


def measure() -> dict[str, list[float]]:
    """Return the milliseconds of every turn, by what was measured; LangChain's are missing where it cannot be installed."""
    with scratch_database("bench_turns") as database, _instant_model() as model_url:
        load_sample(database)
        with database.engine("atlas_app").begin() as connection:
            store(connection)
        with _server(database, model_url) as address:
            figures = dict(zip(("turn_to_first_token", "turn_to_end"), _turns(address), strict=True))
        return {**figures, **_langchain(database, model_url)}


def _turns(address: str) -> tuple[list[float], list[float]]:
    first, end = [], []
    with httpx.Client(timeout=60) as client:
        for number in range(TURNS + WARM_UP):
            to_first, to_end = _turn(client, address)
            if number >= WARM_UP:
                first.append(to_first)
                end.append(to_end)
    return first, end


def _turn(client: httpx.Client, address: str) -> tuple[float, float]:
    message = {"id": "q", "role": "user", "content": QUESTION}
    run = {
        "threadId": "bench",
        "runId": str(uuid.uuid4()),
        "messages": [message],
        "forwardedProps": {"answerBy": "model"},
    }
    first, source = 0.0, None
    started = time.perf_counter()
    with client.stream("POST", f"{address}/api/chat", json=run) as reply:
        for line in reply.iter_lines():
            if not first and "TEXT_MESSAGE_CONTENT" in line:
                first = time.perf_counter()
            if '"answer"' in line and line.startswith("data:"):
                value = json.loads(line[5:]).get("value") or {}
                source = value.get("source") if isinstance(value, dict) else source
    ended = time.perf_counter()
    if source != "model" or not first:
        raise RuntimeError(f"the turn was not answered by the model but by {source}")
    return (first - started) * 1000, (ended - started) * 1000


def _langchain(database: Database, model_url: str) -> dict[str, list[float]]:
    python = _langchain_python()
    if python is None:
        print("LangChain could not be installed: its figures are missing")
        return {}
    info = psycopg.conninfo.conninfo_to_dict(database.url())
    known = {name: info[name] for name in ("host", "port", "user", "password", "dbname") if info.get(name)}
    script = Path(__file__).parent / "langchain_chain.py"
    arguments = [model_url, json.dumps(known), "etf_graph", QUESTION, str(TURNS), str(WARM_UP)]
    ran = subprocess.run([python, str(script), *arguments], capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode:
        print(f"LangChain did not run: {ran.stderr.strip().splitlines()[-1:]}")
        return {}
    figures = json.loads(ran.stdout)
    return {"langchain_to_first_token": figures["first"], "langchain_to_end": figures["end"]}


def _langchain_python() -> str | None:
    """The Python of LangChain's environment, made below ATLAS_HOME at first use; None where that fails."""
    environment = get_settings().home / "bench-environment"
    done, python = environment / REQUIREMENTS.name, environment / "bin" / "python"
    if done.is_file() and done.read_bytes() == REQUIREMENTS.read_bytes():
        return str(python)
    print("installing LangChain into an environment of its own", flush=True)
    uv = shutil.which("uv") or str(Path(sys.prefix) / "bin" / "uv")
    variables = {**os.environ, **uv_settings(os.environ)}
    variables.pop("VIRTUAL_ENV", None)
    install = [
        "pip",
        "install",
        "--quiet",
        "--python",
        str(python),
        "--require-hashes",
        "--no-deps",
        "-r",
        str(REQUIREMENTS),
    ]
    try:
        for command in (["venv", "--quiet", "--clear", "--python", sys.executable, str(environment)], install):
            subprocess.run([uv, *command], env=variables, check=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    shutil.copyfile(REQUIREMENTS, done)
    return str(python)


@contextmanager
def _instant_model() -> Iterator[str]:
    model = subprocess.Popen(
        [sys.executable, "-m", "tests.stub_llm", str(MODEL_PORT)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield model.stdout.readline().strip()
    finally:
        model.terminate()
        model.wait(10)


@contextmanager
def _server(database: Database, model_url: str) -> Iterator[str]:
    environment = {
        **os.environ, "ATLAS_DATABASE_URL": database.url(), "ATLAS_MODEL": "stub", "ATLAS_OPENAI_BASE_URL": model_url,
        # The limits are looked at, but not reached.
        "ATLAS_MODEL_DAILY_TOKENS": "1000000000", "ATLAS_MODEL_DAILY_TOKENS_PER_USER": "1000000000",
    }  # fmt: skip
    command = [sys.executable, "-m", "backend.cli", "serve", "--port", str(PORT)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{PORT}"
    try:
        _await(f"{address}/api/ready")
        yield address
    finally:
        server.terminate()
        server.wait(10)


def _await(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError("the server did not start")
