"""A server that answers webhook messages as Discord does, over a real socket, and misbehaves on demand.

In a test: `with StubDiscord() as discord:` and give the sender `discord.api_url` and `discord.address`. As a process:
`python tests/stub_discord.py --port 26000`; then `GET /stub/posts` lists what was taken, `DELETE /stub/posts` forgets it and
`POST /stub/answers` with a list such as `[{"status": 429, "retry_after": 0.5}]` says how the next messages are answered.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.discord_form import problem

ID, TOKEN = "1418000000000000001", "stub-Token_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
WEBHOOK = re.compile(r"^/api(?:/v\d+)?/webhooks/(\d+)/([\w-]+)$")
CODES = {401: (50027, "Invalid Webhook Token"), 403: (50013, "Missing Permissions"), 404: (10015, "Unknown Webhook")}


@dataclass(frozen=True)
class Answer:
    """How one message is answered, in place of taking it: an HTTP `status`, after `delay` seconds.

    429 carries `retry_after` seconds and whether the limit is `global_`; `body` replaces the JSON that belongs to the status (a text
    is sent as HTML). `cut` ends the connection: `before` the message is read, or `after` it was taken. `silent` takes it and never answers.
    A `drip` is how many seconds pass before each byte of the answer. 200 takes the message like any other, so that `delay` makes it slow.
    """

    status: int = 200
    delay: float = 0.0
    retry_after: float | None = None
    global_: bool = False
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: Literal["", "before", "after"] = ""
    silent: bool = False
    drip: float = 0.0


@dataclass(frozen=True)
class Post:
    """A message that was taken. `at` is a time of the monotonic clock, `clock` one of the wall, seconds."""

    webhook: str
    message: dict[str, Any]
    query: dict[str, str]
    at: float
    clock: float


class _Server(ThreadingHTTPServer):
    # Many messages may come at the same moment.
    request_queue_size = 256


class StubDiscord:
    """The server: `posts` were taken, `requests` are (time, status or what was done) of every message, taken or not.

    `limit` is (messages, seconds): as many are taken from one webhook in that time, told in the headers, and more get 429. Webhooks
    in `gone` are answered with 404, and `token` is the only one that is valid. `answer_of` is asked, with a webhook's number, how
    to answer a message to it, before the `answers` are; None leaves it to them.
    """

    def __init__(self, *, port: int = 0, limit: tuple[int, float] | None = None, token: str | None = None) -> None:
        self.posts: list[Post] = []
        self.requests: list[tuple[float, int | str]] = []
        self.gone: set[str] = set()
        self.limit = limit
        self.token = token
        self.answer_of: Callable[[str], Answer | None] | None = None
        self._answers: deque[Answer] = deque()
        self._windows: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        # Clients that hang up are part of what is tested.
        self._server.handle_error = lambda *_: None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def api_url(self) -> str:
        """What stands in the settings for https://discord.com/api."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def address(self) -> str:
        """A webhook's address as Discord gives it out; its ID and TOKEN are valid here."""
        return f"https://discord.com/api/webhooks/{ID}/{self.token or TOKEN}"

    def answers(self, *answers: Answer) -> None:
        """Say how the next messages are answered, one each; the ones after them are taken."""
        with self._lock:
            self._answers.extend(answers)

    def await_posts(self, many: int, timeout_s: float = 5.0) -> list[Post]:
        """Wait until so many messages were taken and return them; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.posts) >= many, timeout_s):
                raise TimeoutError(f"{len(self.posts)} of {many} messages came within {timeout_s} s; {self.requests}")
            return list(self.posts)

    def await_requests(self, many: int, timeout_s: float = 5.0) -> None:
        """Wait until so many messages came, taken or not; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= many, timeout_s):
                raise TimeoutError(f"{len(self.requests)} of {many} requests came within {timeout_s} s")

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS with every connection from here on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def close(self) -> None:
        """Stop serving."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> StubDiscord:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self, path: str) -> Answer:
        found = WEBHOOK.match(urlsplit(path).path)
        with self._lock:
            if found and self.answer_of and (answer := self.answer_of(found[1])):
                return answer
            return self._answers.popleft() if self._answers else Answer()

    def _note(self, what: int | str, post: Post | None = None) -> None:
        with self._changed:
            self.requests.append((time.monotonic(), what))
            if post:
                self.posts.append(post)
            self._changed.notify_all()

    def _spend(self, webhook: str) -> tuple[dict[str, str], float]:
        """Return the headers of the rate limit and how long to wait, seconds; 0 where the message may be taken."""
        if self.limit is None:
            return {}, 0.0
        most, seconds = self.limit
        now = time.monotonic()
        with self._lock:
            window = self._windows.setdefault(webhook, deque())
            while window and window[0] <= now - seconds:
                window.popleft()
            wait = window[0] + seconds - now if len(window) >= most else 0.0
            if not wait:
                window.append(now)
            reset = window[0] + seconds - now
        headers = {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(most - len(window)),
            "X-RateLimit-Reset": f"{time.time() + reset:.3f}",
            "X-RateLimit-Reset-After": f"{reset:.3f}",
            "X-RateLimit-Bucket": "stub",
        }
        return headers, wait

    def _decide(self, path: str, body: bytes, answer: Answer) -> tuple[int, Any, dict[str, str], Post | None]:
        """Return status, JSON, headers and the message where it is taken."""
        address = urlsplit(path)
        found = WEBHOOK.match(address.path)
        if found is None:
            return 404, {"message": "404: Not Found", "code": 0}, {}, None
        webhook, token = found.groups()
        if answer.status == 429:
            return 429, *_limited(answer.retry_after or 1.0, answer.global_), None
        if answer.status >= 300:
            code, message = CODES.get(answer.status, (0, f"{answer.status}: stub"))
            return answer.status, answer.body or {"message": message, "code": code}, {}, None
        if webhook in self.gone:
            return 404, {"message": "Unknown Webhook", "code": 10015}, {}, None
        if self.token is not None and token != self.token:
            return 401, {"message": "Invalid Webhook Token", "code": 50027}, {}, None
        fault = problem(body)
        if fault:
            return 400, fault, {}, None
        headers, wait = self._spend(webhook)
        if wait:
            content, more = _limited(wait, False)
            return 429, content, {**headers, **more}, None
        message = json.loads(body)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        post = Post(webhook, message, query, time.monotonic(), time.time())
        if query.get("wait") == "true":
            made = {"id": str(1419 * 10**15 + len(self.posts)), "webhook_id": webhook, "type": 0, **message}
            return 200, made, headers, post
        return 204, None, headers, post

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                if self.path == "/stub/answers":
                    stub.answers(*(Answer(**answer) for answer in json.loads(self._body())))
                    self._send(204, None, {})
                    return
                answer = stub._next(self.path)
                if answer.cut == "before":
                    stub._note("cut before")
                    self._reset()
                    return
                status, content, headers, post = stub._decide(self.path, self._body(), answer)
                # A slow answer is to a message that was taken when it came.
                stub._note("cut after" if answer.cut else "silent" if answer.silent else status, post)
                if answer.cut == "after":
                    self._reset()
                elif answer.silent:
                    stub._closing.wait()
                    self.close_connection = True
                else:
                    stub._closing.wait(answer.delay)
                    self._send(status, content, {**headers, **answer.headers}, answer.drip)

            def do_GET(self) -> None:
                with stub._lock:
                    posts = [asdict(post) for post in stub.posts]
                    requests = list(stub.requests)
                known = {"/stub/posts": posts, "/stub/requests": requests}
                self._send(200 if self.path in known else 404, known.get(self.path), {})

            def do_DELETE(self) -> None:
                with stub._lock:
                    stub.posts.clear()
                    stub.requests.clear()
                self._send(204, None, {})

            def _body(self) -> bytes:
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def _reset(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True

            def _send(self, status: int, content: Any, headers: dict[str, str], drip: float = 0.0) -> None:
                html = isinstance(content, str)
                body = b"" if content is None else (content if html else json.dumps(content)).encode()
                self.send_response(status)
                if body:
                    self.send_header("Content-Type", "text/html" if html else "application/json")
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                try:
                    self.end_headers()
                    for start in range(0, len(body), 1 if drip else len(body) or 1):
                        if drip and stub._closing.wait(drip):
                            return
                        self.wfile.write(body[start : start + 1] if drip else body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler


def _limited(wait: float, everywhere: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """Return body and headers of a 429; the header is in whole seconds, rounded up, as Discord's is."""
    scope = (
        {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"} if everywhere else {"X-RateLimit-Scope": "user"}
    )
    content = {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": everywhere}
    return content, {"Retry-After": str(int(wait) + 1), **scope}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A local server that answers webhook messages as Discord does.")
    parser.add_argument("--port", type=int, default=0)
    stub = StubDiscord(port=parser.parse_args().port)
    print(stub.api_url, flush=True)
    threading.Event().wait()
