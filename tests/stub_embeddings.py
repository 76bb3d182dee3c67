"""An embedding service that speaks OpenAI's /v1/embeddings over a real socket and misbehaves on demand.

Its vectors are deterministic: each text's own direction, so that equal texts, and only these, are near each other.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from agent.embedding.embedders import DIMENSIONS


@dataclass
class Behaviour:
    """How the next requests are answered; change it at any time.

    `status` other than 200 is an error, with `headers`. `size` is the vectors' length. `delay` seconds pass before a reply. A text
    that contains `poison` makes the whole request a 400. `refuses_size` refuses the parameter `dimensions`. `zero` returns zeros.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    size: int = DIMENSIONS
    delay: float = 0.0
    poison: str = ""
    refuses_size: bool = False
    zero: bool = False


class StubEmbeddings:
    """The server: `url` is its base URL, `requests` the bodies it was sent, `behaviour` what it does."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.behaviour = Behaviour()
        self.working = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def texts(self) -> list[str]:
        """Every text that it was asked for, in order."""
        return [text for request in self.requests for text in request["input"]]

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> StubEmbeddings:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                behaviour = stub.behaviour
                stub.requests.append(body)
                stub.headers.append(dict(self.headers))
                stub.working.set()
                time.sleep(behaviour.delay)
                status, content = _reply(self.path, body, behaviour)
                payload = json.dumps(content).encode()
                try:
                    self.send_response(status)
                    for name, value in {"Content-Type": "application/json", **behaviour.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(payload)
                except OSError:
                    return  # the client has gone

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        return Handler


def _reply(path: str, body: dict[str, Any], behaviour: Behaviour) -> tuple[int, dict[str, Any]]:
    if path != "/v1/embeddings":
        return 404, _error(f"Resource not found: {path}")
    if behaviour.status != 200:
        return behaviour.status, _error("the service is out of order")
    if behaviour.refuses_size and "dimensions" in body:
        return 400, _error("This model does not support specifying dimensions.")
    if behaviour.poison and any(behaviour.poison in text for text in body["input"]):
        return 400, _error("the input is not acceptable")
    # Out of order: the index says which text a vector belongs to.
    data = [
        {"object": "embedding", "index": number, "embedding": _vector(body["model"], text, behaviour)}
        for number, text in enumerate(body["input"])
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return 200, {"object": "list", "model": body["model"], "data": data[::-1], "usage": usage}


def _vector(model: str, text: str, behaviour: Behaviour) -> list[float]:
    if behaviour.zero:
        return [0.0] * behaviour.size
    seed = int.from_bytes(hashlib.blake2b(f"{model} {text}".encode(), digest_size=8).digest(), "big")
    vector = np.random.default_rng(seed).standard_normal(behaviour.size)
    return (vector / np.linalg.norm(vector)).tolist()


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "stub", "code": None}}
