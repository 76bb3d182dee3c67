"""A language model server that speaks OpenAI's chat completions over a real socket, by script.

Each request takes the next `Turn` of the script. A turn streams text or tool calls in small pieces, answers with an HTTP error, waits
before it begins, hangs up in the middle, or never answers at all. Azure's addresses are known beside OpenAI's.
"""

from __future__ import annotations

import json
import re
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

PATHS = re.compile(r"^/v1/chat/completions$|^/openai/deployments/[^/]+/chat/completions\?api-version=[\w-]+$")


@dataclass(frozen=True)
class Turn:
    """One reply. `tool` with `arguments` is a tool call, else `text` is said. `status` other than 200 is an error with `text` as message.

    `delay` seconds pass before the first byte and `pause` between pieces; `cut` ends the stream after that many pieces without a finish,
    and `silent` never sends a byte. `reasoning` is told as `reasoning_content` first. `calls` are further tool calls. `call_style` is
    how servers differ: in `pieces` as OpenAI does, `whole`, with the arguments as an `object`, or `bare` of index and id. `usage` is
    (prompt, completion) tokens, sent when the request asks for it. `finish` is the finish_reason; "" for none at all. `error` adds
    to the error object, `headers` to the reply's. `whole_reply` answers with one JSON object although a stream was asked for.
    """

    text: str = ""
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    delay: float = 0.0
    pause: float = 0.0
    cut: int | None = None
    silent: bool = False
    reasoning: str = ""
    calls: Sequence[tuple[str, dict[str, Any]]] = ()
    call_style: Literal["pieces", "whole", "object", "bare"] = "pieces"
    usage: tuple[int, int] | None = None
    finish: str | None = None
    error: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    whole_reply: bool = False
    piece: int = 7


Script = Sequence[Turn] | Callable[[dict[str, Any]], Turn]


class StubLlm:
    """The server: `url` is its base URL, `requests` are the bodies it was sent, `hung_up` counts clients that left in the middle.

    The script is a sequence, whose last turn repeats, or a function of the request's body. Parameters that it `refuses` are answered
    as OpenAI answers them: 400 with the parameter's name, without using up a turn. With `keep_alive` connections are used again.
    """

    def __init__(
        self,
        turns: Script,
        *,
        refuses: Sequence[str] = (),
        keep_alive: bool = False,
        port: int = 0,
        record: bool = True,
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self.hung_up = 0
        self.refuses = tuple(refuses)
        self.keep_alive = keep_alive
        self._record = record
        self._script = turns if callable(turns) else None
        self._turns = [] if callable(turns) else list(turns)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    @property
    def root(self) -> str:
        """The address without a path, which is what Azure calls the endpoint."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> StubLlm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next_turn(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Turn:
        """Note a request and choose what it gets."""
        with self._lock:
            if self._record:
                self.requests.append(body)
                self.headers.append(headers)
                self.paths.append(path)
                self.times.append(time.monotonic())
            if not PATHS.match(path):
                return Turn(status=404, text=f"Resource not found: {path}")
            for name in self.refuses:
                if name in body:
                    text = f"Unsupported parameter: '{name}' is not supported with this model."
                    if name == "max_tokens":
                        text += " Use 'max_completion_tokens' instead."
                    return Turn(status=400, text=text, error={"param": name, "code": "unsupported_parameter"})
            if self._script is not None:
                return self._script(body)
            return self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                turn = stub.next_turn(self.path, body, dict(self.headers))
                if turn.silent:
                    self._await_hang_up()
                    return
                time.sleep(turn.delay)
                if turn.status != 200:
                    error = {"message": turn.text, "type": "stub", "code": None, **turn.error}
                    self._object(turn, turn.status, {"error": error})
                elif turn.whole_reply or not body.get("stream"):
                    self._object(turn, 200, _completion(turn))
                else:
                    self._stream(turn, bool((body.get("stream_options") or {}).get("include_usage")))

            def _await_hang_up(self) -> None:
                self.close_connection = True
                while not stub._closing.is_set():
                    if select.select([self.connection], [], [], 0.02)[0] and not self.connection.recv(1):
                        stub.hung_up += 1
                        return

            def _object(self, turn: Turn, status: int, content: dict[str, Any]) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self._send_headers(turn, {"Content-Type": "application/json", "Content-Length": str(len(body))})
                self.wfile.write(body)

            def _send_headers(self, turn: Turn, headers: dict[str, str]) -> None:
                for name, value in {**headers, **turn.headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def _stream(self, turn: Turn, with_usage: bool) -> None:
                framing = {"Transfer-Encoding": "chunked"} if stub.keep_alive else {"Connection": "close"}
                self.send_response(200)
                self._send_headers(turn, {"Content-Type": "text/event-stream", **framing})
                self.close_connection = not stub.keep_alive
                try:
                    for number, piece in enumerate(_events(turn, with_usage)):
                        if turn.cut is not None and number >= turn.cut:
                            self.close_connection = True
                            return
                        self._send(piece)
                        if turn.pause:
                            time.sleep(turn.pause)
                    self._send(b"data: [DONE]\n\n")
                    if stub.keep_alive:
                        self.wfile.write(b"0\r\n\r\n")
                except (BrokenPipeError, ConnectionResetError):
                    stub.hung_up += 1
                    self.close_connection = True

            def _send(self, piece: bytes) -> None:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if stub.keep_alive else piece)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler


def _events(turn: Turn, with_usage: bool) -> Iterator[bytes]:
    for delta in _deltas(turn):
        yield _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    finish = turn.finish if turn.finish is not None else ("tool_calls" if _calls(turn) else "stop")
    if finish:
        yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if with_usage and turn.usage:
        yield _event({"choices": [], "usage": _usage(turn)})


def _calls(turn: Turn) -> list[tuple[str, dict[str, Any]]]:
    return [*([(turn.tool, turn.arguments)] if turn.tool else []), *turn.calls]


def _deltas(turn: Turn) -> Iterator[dict[str, Any]]:
    calls = _calls(turn)
    yield {"role": "assistant", "content": None if calls and not turn.text else ""}
    yield from ({"reasoning_content": piece} for piece in _pieces(turn.reasoning, turn.piece))
    yield from ({"content": piece} for piece in _pieces(turn.text, turn.piece))
    for index, (name, arguments) in enumerate(calls):
        written = json.dumps(arguments, ensure_ascii=False)
        match turn.call_style:
            case "pieces":
                first = {"id": f"call_{index + 1}", "type": "function", "function": {"name": name, "arguments": ""}}
                yield {"tool_calls": [{"index": index, **first}]}
                for piece in _pieces(written, turn.piece):
                    yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
            case "whole":
                function = {"name": name, "arguments": written}
                yield {
                    "tool_calls": [{"index": 0, "id": f"call_{index + 1}", "type": "function", "function": function}]
                }
            case "object":
                yield {"tool_calls": [{"index": index, "function": {"name": name, "arguments": arguments}}]}
            case "bare":
                yield {"tool_calls": [{"function": {"name": name, "arguments": ""}}]}
                for piece in _pieces(written, turn.piece):
                    yield {"tool_calls": [{"function": {"arguments": piece}}]}


def _completion(turn: Turn) -> dict[str, Any]:
    """The reply to a request that asked for no stream."""
    calls = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for number, (name, arguments) in enumerate(_calls(turn), 1)
    ]
    message = {"role": "assistant", "content": turn.text or None, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    usage = {"usage": _usage(turn)} if turn.usage else {}
    return {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [choice],
        **usage,
    }


def _usage(turn: Turn) -> dict[str, int]:
    prompt, completion = turn.usage or (0, 0)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _event(content: dict[str, Any]) -> bytes:
    chunk = {"id": "chatcmpl-stub", "object": "chat.completion.chunk", "created": 0, "model": "stub", **content}
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def instant(body: dict[str, Any]) -> Turn:
    """A model that answers at once: one query and then the answer with tools, Cypher and then the answer without."""
    said = json.dumps(body["messages"], ensure_ascii=False)
    if not body.get("tools"):
        return Turn(text=CYPHER if "Generate Cypher" in said else ANSWER, piece=40)
    if "Observation" not in said:
        return Turn(tool="query_graph", arguments={"cypher": CYPHER, "graph": "etf_graph"}, piece=40)
    return Turn(tool="final_answer", arguments={"answer": ANSWER, "status": "answered"}, piece=40)


CYPHER = "MATCH (e:ETF) WHERE e.code = '069500' RETURN e.name AS name, e.fee AS fee"
ANSWER = "KODEX 200의 총보수는 연 0.15%입니다. " * 3

if __name__ == "__main__":
    stub = StubLlm(instant, keep_alive=True, port=int(sys.argv[1]), record=False)
    print(stub.url, flush=True)
    threading.Event().wait()
