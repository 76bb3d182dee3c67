"""A language model server that speaks OpenAI's chat completions over a real socket, by script.

Each request takes the next `Turn` of the script. A turn streams text or one tool call in small pieces, answers with an HTTP error, waits
before it begins, or hangs up in the middle.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Turn:
    """One reply. `tool` with `arguments` is a tool call, else `text` is said. `status` other than 200 is an error with `text` as message.

    `delay` seconds pass before the first byte and `pause` between pieces; `cut` ends the stream after that many pieces without a finish.
    """

    text: str = ""
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    delay: float = 0.0
    pause: float = 0.0
    cut: int | None = None


class StubLlm:
    """The server: `url` is its base URL, `requests` are the bodies it was sent, `hung_up` counts clients that left in the middle."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.hung_up = 0
        self._turns = list(turns)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> StubLlm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self, body: dict[str, Any], headers: dict[str, str]) -> Turn:
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            return self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                turn = stub._next(body, dict(self.headers))
                time.sleep(turn.delay)
                if turn.status != 200:
                    self._error(turn)
                else:
                    self._stream(turn)

            def _error(self, turn: Turn) -> None:
                body = json.dumps({"error": {"message": turn.text, "type": "stub", "code": None}}).encode()
                self.send_response(turn.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _stream(self, turn: Turn) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                pieces = [_event(delta) for delta in _deltas(turn)]
                try:
                    for number, piece in enumerate(pieces):
                        if turn.cut is not None and number >= turn.cut:
                            return
                        self.wfile.write(piece)
                        self.wfile.flush()
                        time.sleep(turn.pause)
                    finish = "tool_calls" if turn.tool else "stop"
                    self.wfile.write(_event({}, finish) + b"data: [DONE]\n\n")
                except (BrokenPipeError, ConnectionResetError):
                    stub.hung_up += 1
                finally:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler


def _deltas(turn: Turn) -> list[dict[str, Any]]:
    if not turn.tool:
        return [{"role": "assistant", "content": ""}, *[{"content": piece} for piece in _pieces(turn.text)]]
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": turn.tool, "arguments": ""}}
    arguments = json.dumps(turn.arguments, ensure_ascii=False)
    return [
        {"role": "assistant", "content": None, "tool_calls": [first]},
        *[{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in _pieces(arguments)],
    ]


def _pieces(text: str, size: int = 7) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _event(delta: dict[str, Any], finish: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-stub", "object": "chat.completion.chunk", "created": 0, "model": "stub",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }  # fmt: skip
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()
