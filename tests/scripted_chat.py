"""A chat server whose agent follows a script, for tests of the stream and of the page.

The script stands where the agent stands, called in the same way; everything around it is the product's own. What is
asked decides what happens; see SCRIPTS. `python tests/scripted_chat.py PORT [CONCURRENCY]` serves it as a process.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from agent.answer import Answer, Table  # noqa: E402
from agent.events import (  # noqa: E402
    AnswerDelta,
    Sink,
    StepFinished,
    StepStarted,
    TableReady,
    ToolFinished,
    ToolStarted,
)
from backend import problems  # noqa: E402
from backend.chat.routes import router  # noqa: E402
from backend.chat.schemas import ChatRequest  # noqa: E402
from backend.chat.stream import ChatRuns  # noqa: E402
from backend.errors import QueryFailed  # noqa: E402

XSS = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
HOLDERS = Table(
    "삼성전자를 담은 ETF",
    ["ETF", "종목코드", "비중(%)", "순자산(원)", "기준일"],
    [
        ["TIGER 200 IT", "139260", 27.31, 1_234_567_890_123, "2026-07-08"],
        ["KODEX 200", "069500", 24.5, 21_000_000_000_000, "2026-07-08"],
        ["KODEX 삼성그룹", "102780", 23.93, 2_100_500_000_000, "2026-07-08"],
        ["ACE 무비중", "0113G0", None, 0, "2026-07-07"],
    ],
)
CYPHER = (
    "MATCH (e:ETF)-[h:HOLDS]->(s:Stock)\nWHERE s.code IN $stock // 005930\n"
    "RETURN e.name AS ETF, e.code AS 종목코드, h.weight AS `비중(%)`\nORDER BY h.weight DESC\nLIMIT 10"
)


def _answered(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    emit(StepStarted("s1", "link", "종목과 ETF 이름을 찾는 중"))
    emit(StepFinished("s1", "link", "삼성전자 → 005930"))
    emit(StepStarted("s2", "query", "그래프에 묻는 중"))
    emit(ToolStarted("t1", "query_graph", {"cypher": CYPHER, "parameters": {"stock": ["005930"]}}))
    emit(ToolFinished("t1", "query_graph", "4 rows"))
    emit(StepFinished("s2", "query", "4행을 찾았습니다"))
    emit(TableReady(HOLDERS))
    text = "삼성전자를 가장 많이 담은 ETF는 TIGER 200 IT이고 비중은 **27.31%**입니다."
    for start in range(0, len(text), 5):
        emit(AnswerDelta(text[start : start + 5]))
        time.sleep(0.005)
    if not request.verified_first:
        return _answer(text, tables=[HOLDERS], cypher=[CYPHER], source="model", model="stub-large")
    example = "{stock}을 가장 많이 담은 ETF는?"
    return _answer(text, tables=[HOLDERS], cypher=[CYPHER], source="verified", example=example)


def _answer(text: str, **more: object) -> Answer:
    given = {"status": "answered", "as_of": "2026-07-08", "elapsed_ms": 420, "dataset": "sample", **more}
    return Answer(text, **given)


def _slow(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    emit(StepStarted("s1", "think", "생각하는 중"))
    # Long enough for a browser to show the step before the text takes its place.
    if cancelled.wait(1):
        raise InterruptedError("stopped")
    for number in range(600):
        if cancelled.wait(0.05):
            raise InterruptedError("stopped")
        emit(AnswerDelta(f"{number} "))
    return _answer("끝")


def _steady(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    emit(StepStarted("s1", "think", "생각하는 중"))
    emit(StepFinished("s1", "think", "생각했습니다"))
    text = " ".join(f"낱말{number}" for number in range(40))
    for word in text.split():
        if cancelled.wait(0.06):
            raise InterruptedError("stopped")
        emit(AnswerDelta(f"{word} "))
    return _answer(text, source="reading")


def _deaf(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    time.sleep(60)
    return _answer("끝")


def _broken(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    emit(StepStarted("s1", "query", "그래프에 묻는 중"))
    emit(AnswerDelta("반쯤 "))
    raise ZeroDivisionError("secret detail")


def _refused_by_database(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    raise QueryFailed("syntax error at or near", ko="데이터베이스가 질의를 거절했습니다.")


def _kindly_refused(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    text = "앞으로의 주가는 자료로 알 수 없어 예측하지 않습니다. 대신 지난 기간의 수익률은 알려 드릴 수 있어요."
    emit(AnswerDelta(text))
    return _answer(text, status="refused", suggestions=["KODEX 200의 지난달 수익률은?", "KODEX 200 괴리율은?"])


def _asked_back(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    text = "‘현대’는 여러 종목일 수 있어요. 어느 것을 말씀하시나요?"
    emit(AnswerDelta(text))
    suggestions = [f"{name}를 가장 많이 담은 ETF는?" for name in ("현대차", "현대모비스", "현대건설", XSS)]
    return _answer(text, status="clarify", suggestions=suggestions)


def _failed(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    return _answer("질의를 세 번 고쳐 보았지만 답을 얻지 못했습니다.", status="failed", cypher=["MATCH (n) RETURN n"])


def _hostile(request: ChatRequest, emit: Sink, cancelled: threading.Event) -> Answer:
    table = Table(XSS, [XSS, "비중(%)"], [[XSS, 1.0], ["=HYPERLINK(1)", 2.0]])
    emit(TableReady(table))
    text = f"{XSS} [링크](javascript:window.hacked=1) ![그림](https://example.invalid/a.png)"
    emit(AnswerDelta(text))
    return _answer(text, tables=[table], cypher=[XSS], suggestions=[XSS], example=XSS, model=XSS)


SCRIPTS: dict[str, Callable[[ChatRequest, Sink, threading.Event], Answer]] = {
    "느린": _slow,
    "천천히": _steady,
    "안 듣는": _deaf,
    "고장": _broken,
    "데이터베이스": _refused_by_database,
    "오를까": _kindly_refused,
    "현대": _asked_back,
    "실패": _failed,
    "공격": _hostile,
}


class ScriptedAgent:
    """Plays the scripts and remembers what it was asked and how runs ended."""

    def __init__(self) -> None:
        self.requests: list[ChatRequest] = []
        self.stopped_at: list[float] = []

    def __call__(self, request: ChatRequest, *, emit: Sink, cancelled: threading.Event) -> Answer:
        self.requests.append(request)
        script = next((script for word, script in SCRIPTS.items() if word in request.question), _answered)
        try:
            return script(request, emit, cancelled)
        finally:
            if cancelled.is_set():
                self.stopped_at.append(time.monotonic())


def application(agent: ScriptedAgent, **limits: float) -> FastAPI:
    """Return a small application around the chat routes and, where it is built, the page."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.chat_runs = ChatRuns(agent, **limits)
        yield

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)

    problems.install(app)

    @app.get("/api/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/ready")
    def ready() -> dict[str, str]:
        return {"status": "ready", "dataset": "sample", "label": "예시 시장", "as_of": "2026-07-08"}

    dist = ROOT / "backend" / "web" / "dist"
    if dist.is_dir():
        app.mount("/", StaticFiles(directory=dist, html=True))
    return app


@contextlib.contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Serve an application on a port, by default a free one, in a thread; gives its address."""
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the scripted server did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


if __name__ == "__main__":
    at_once = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    app = application(ScriptedAgent(), concurrency=at_once)
    uvicorn.run(app, port=int(sys.argv[1]), log_level="info", timeout_graceful_shutdown=3)
