"""A local KRX: the Open API and the data service over real sockets, with the real addresses, log-in and kinds of refusal.

It serves a market (`krx_markets`) and misbehaves on demand: `stub.fail("too_many", on="basket", etf="069500", times=2)`.
As a process it prints its addresses as one line of JSON and takes faults over HTTP:

    python tests/stub_krx.py --port 21000 --market invented --from 2026-07-06 --to 2026-07-08 --etfs 12
    curl -X POST http://127.0.0.1:21000/stub/faults -d '{"kind": "server_error", "on": "basket", "times": 1}'
    curl -X DELETE http://127.0.0.1:21000/stub/faults
    curl http://127.0.0.1:21000/stub/calls
"""

from __future__ import annotations

import argparse
import json
import secrets
import select
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.krx_faults import KINDS, Call, Fault, dashed, spoilt
from tests.krx_markets import Market, Row, invented, of_tidy, recorded

__all__ = ["KINDS", "Call", "Fault", "StubKrx"]

OPEN_API = "/svc/apis"
PRICES_PATH = f"{OPEN_API}/etp/etf_bydd_trd"
DATA_PATH = "/comm/bldAttendant/getJsonData.cmd"
LOGIN_PAGES = ("/contents/MDC/COMS/client/MDCCOMS001.cmd", "/contents/MDC/COMS/client/view/login.jsp")
LOGIN_PATH = "/contents/MDC/COMS/client/MDCCOMS001D1.cmd"
STATISTICS = {"MDCSTAT04601": "listing", "MDCSTAT04301": "day_prices", "MDCSTAT05001": "basket"}
PAUSE_S = 0.02


class StubKrx:
    """The server: `open_api_url`, `data_url`, `calls`, `market` (may be changed while it runs).

    `key`, `user` and `password` are what it lets in. With `needs_log_in` off the data service answers everybody.
    """

    def __init__(
        self,
        market: Market,
        *,
        port: int = 0,
        key: str = "stub-key-0123456789",
        user: str = "stub-user",
        password: str = "stub-password-!?",
        needs_log_in: bool = True,
        delay_s: float = 0.0,
    ) -> None:
        self.market = market
        self.key, self.user, self.password = key, user, password
        self.needs_log_in = needs_log_in
        self.delay_s = delay_s
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.sessions: set[str] = set()
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def data_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def open_api_url(self) -> str:
        return self.data_url + OPEN_API

    def settings(self) -> dict[str, Any]:
        """Return settings that lead to this server, for `Settings(**stub.settings())`."""
        return {
            "krx_open_api_url": self.open_api_url,
            "krx_data_url": self.data_url,
            "krx_api_key": self.key,
            "krx_id": self.user,
            "krx_password": self.password,
            "krx_calls_per_s": 1_000,
        }

    def environment(self) -> dict[str, str]:
        """Return the same settings as environment variables, for processes."""
        return {f"ATLAS_{name.upper()}": str(value) for name, value in self.settings().items()}

    def fail(self, kind: str, **how: Any) -> Fault:
        """Misbehave from now on, as a `Fault` says."""
        fault = Fault(kind, **how)
        with self.lock:
            self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Misbehave no more."""
        with self.lock:
            self.faults.clear()

    def log_out(self) -> None:
        """End every session, as KRX does after a while."""
        with self.lock:
            self.sessions.clear()

    def count(self, what: str | None = None, etf: str | None = None) -> int:
        """Return how many calls came."""
        with self.lock:
            return sum(what in (None, call.what) and etf in (None, call.etf) for call in self.calls)

    def counts(self) -> dict[str, int]:
        """Return how many calls came for each thing."""
        with self.lock:
            return dict(Counter(call.what for call in self.calls))

    def note(self, call: Call) -> Fault | None:
        """Record a call and return how it goes wrong."""
        with self.lock:
            call.at = time.monotonic()
            self.calls.append(call)
            return next((fault for fault in self.faults if fault.strikes(call)), None)

    def close(self) -> None:
        """Stop serving."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> StubKrx:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


def _handler(stub: StubKrx) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        call = Call("unknown")

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == PRICES_PATH:
                self._open_api()
            elif path in LOGIN_PAGES:
                self.call = Call("login_page")
                stub.note(self.call)
                self._send(200, "text/html; charset=utf-8", b"<html>log-in</html>", self._new_session())
            elif path == "/stub/calls":
                self._json(200, {"counts": stub.counts(), "calls": [asdict(call) for call in stub.calls]})
            else:
                self._send(404, "text/html", b"<html>404</html>")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            if path == "/stub/faults":
                stub.fail(**json.loads(body))
                self._json(200, {"faults": len(stub.faults)})
                return
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            if path == LOGIN_PATH:
                self._log_in(form)
            elif path == DATA_PATH:
                self._data(form)
            else:
                self._send(404, "text/html", b"<html>404</html>")

        def do_DELETE(self) -> None:
            stub.heal()
            self._json(200, {"faults": 0})

        def _open_api(self) -> None:
            asked = dict(parse_qsl(urlsplit(self.path).query))
            day = _day(asked.get("basDd", ""))
            self.call = Call("prices", day=day.isoformat() if day else None, parameters=asked)
            fault = stub.note(self.call)
            time.sleep(stub.delay_s)
            if self.headers.get("AUTH_KEY") != stub.key:
                self._json(401, {"respMsg": "Unauthorized Key", "respCode": "401"})
            elif day is None:
                self._json(400, {"respMsg": "Bad Request", "respCode": "400"})
            else:
                self._answer(fault, "OutBlock_1", stub.market.open_api(day), "application/json;charset=UTF-8")

        def _data(self, form: dict[str, str]) -> None:
            what = STATISTICS.get(form.get("bld", "").rpartition("/")[2], "unknown")
            day, isin = _day(form.get("trdDd", "")), form.get("isuCd", "")
            self.call = Call(what, isin[3:9] or None, day.isoformat() if day else None, parameters=form)
            fault = stub.note(self.call)
            time.sleep(stub.delay_s)
            if stub.needs_log_in and self._session() not in stub.sessions:
                self._send(400, "text/html; charset=utf-8", b"LOGOUT")
            elif what == "listing":
                self._answer(fault, "output", stub.market.listing)
            elif what == "day_prices" and day:
                self._answer(fault, "output", stub.market.prices.get(day) or stub.market.dashes())
            elif what == "basket" and day:
                rows = stub.market.baskets.get((day, isin), [])
                if not rows and day not in stub.market.prices:
                    rows = dashed(next((r for (_, i), r in stub.market.baskets.items() if i == isin), []))
                self._answer(fault, "output", rows)
            else:
                self._send(400, "text/html", b"<html>400</html>")

        def _log_in(self, form: dict[str, str]) -> None:
            self.call = Call("login", parameters={name: form[name] for name in form if name != "pw"})
            fault = stub.note(self.call)
            if fault and fault.kind == "password_expired":
                self._json(200, {"_error_code": "CD010", "_error_message": "비밀번호를 변경하세요."})
            elif fault:
                self._answer(fault, "output", [])
            elif (form.get("mbrId"), form.get("pw")) != (stub.user, stub.password):
                self._json(200, {"_error_code": "CD003", "_error_message": "아이디 또는 비밀번호가 올바르지 않습니다."})
            elif stub.sessions and form.get("skipDup") != "Y":
                self._json(200, {"_error_code": "CD011", "_error_message": "이미 로그인되어 있습니다."})
            else:
                with stub.lock:
                    stub.sessions = {self._session() or ""}
                self._json(200, {"_error_code": "CD001", "_error_message": "정상"})

        def _session(self) -> str | None:
            cookie = SimpleCookie(self.headers.get("Cookie") or "").get("JSESSIONID")
            return cookie.value if cookie else None

        def _new_session(self) -> dict[str, str]:
            return {} if self._session() else {"Set-Cookie": f"JSESSIONID={secrets.token_hex(16)}; Path=/; HttpOnly"}

        def _answer(
            self, fault: Fault | None, block: str, rows: list[Row], content_type: str = "text/html; charset=utf-8"
        ) -> None:
            kind = fault.kind if fault else ""
            if fault and self._refused(fault):
                return
            content: dict[str, Any] = {block: spoilt(kind, rows), "CURRENT_DATETIME": "2026.07.08 PM 07:25:18"}
            if block == "OutBlock_1":
                del content["CURRENT_DATETIME"]
            if kind == "no_block":
                content = {"result": []}
            body = json.dumps(content, ensure_ascii=False).encode()
            if kind == "html":
                body, content_type = b"<!DOCTYPE html><html><body>\xec\xa0\x90\xea\xb2\x80</body></html>", "text/html"
            if kind == "truncated":
                body = body[: len(body) // 2]
            if fault and kind in ("slow_headers", "slow_body", "silent", "cut", "hang_up"):
                self._break(fault, content_type, body)
            else:
                self._send(200, content_type, body)

        def _refused(self, fault: Fault) -> bool:
            later = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
            match fault.kind:
                case "unauthorized":
                    self._json(401, {"respMsg": "Unauthorized API Call", "respCode": "401"})
                case "forbidden":
                    self._send(403, "text/html", b"<html>403 Forbidden</html>")
                case "not_found":
                    self._send(404, "text/html", b"<html>404</html>")
                case "too_many":
                    self._send(429, "text/html", b"<html>Too Many Requests</html>", later)
                case "server_error":
                    self._send(fault.status, "text/html", b"<html>error</html>", later)
                case "logout":
                    stub.log_out()
                    self._send(400, "text/html; charset=utf-8", b"LOGOUT")
                case _:
                    return False
            return True

        def _break(self, fault: Fault, content_type: str, body: bytes) -> None:
            """Send the answer too slowly, or break off."""
            self.close_connection = True
            self.call.status = 200
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            if fault.kind == "cut":
                self.wfile.write(head + body[: len(body) // 2])
                self._reset()
            elif fault.kind == "hang_up":
                self._reset()
            elif fault.kind == "silent":
                self._drip([b""] * round(fault.seconds / PAUSE_S))
            else:
                slowly = head if fault.kind == "slow_headers" else body
                pieces = max(1, round(fault.seconds / PAUSE_S))
                size = max(1, len(slowly) // pieces)
                if fault.kind == "slow_body":
                    self.wfile.write(head)
                self._drip([slowly[n : n + size] for n in range(0, len(slowly), size)])
                if fault.kind == "slow_headers":
                    self.wfile.write(body)

        def _drip(self, pieces: list[bytes]) -> None:
            for piece in pieces:
                if stub.closing.is_set() or self._hung_up():
                    return
                self.wfile.write(piece)
                time.sleep(PAUSE_S)

        def _hung_up(self) -> bool:
            return bool(select.select([self.connection], [], [], 0)[0]) and not self.connection.recv(1)

        def _reset(self) -> None:
            """Break the connection off without the usual farewell."""
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def _json(self, status: int, content: Any) -> None:
            self._send(status, "application/json;charset=UTF-8", json.dumps(content, ensure_ascii=False).encode())

        def _send(self, status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.call.status = status
            self.send_response(status)
            for name, value in {
                "Content-Type": content_type,
                "Content-Length": str(len(body)),
                **(headers or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Handler


def _day(written: str) -> date | None:
    try:
        return datetime.strptime(written, "%Y%m%d").date()
    except ValueError:
        return None


def weekdays(first: date, last: date) -> Iterator[date]:
    """Yield the days from Monday to Friday."""
    for n in range((last - first).days + 1):
        if (first + timedelta(days=n)).weekday() < 5:
            yield first + timedelta(days=n)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--market", choices=("invented", "recorded", "tidy"), default="invented")
    parser.add_argument("--folder", type=Path, help="of recorded answers, or of tidy CSV files")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2026, 7, 6))
    parser.add_argument("--to", dest="last", type=date.fromisoformat, default=date(2026, 7, 8))
    parser.add_argument("--holiday", type=date.fromisoformat, action="append", default=[])
    parser.add_argument("--etfs", type=int, default=12)
    parser.add_argument("--delay", type=float, default=0.0, help="before each answer, seconds")
    options = parser.parse_args()
    days = [day for day in weekdays(options.first, options.last) if day not in options.holiday]
    if options.market == "invented":
        market = invented(days, options.etfs)
    elif options.folder is None:
        parser.error(f"--market {options.market} needs --folder")
    else:
        market = recorded(options.folder) if options.market == "recorded" else of_tidy(options.folder, days)
    with StubKrx(market, port=options.port, delay_s=options.delay) as stub:
        print(
            json.dumps({"open_api_url": stub.open_api_url, "data_url": stub.data_url, **stub.environment()}), flush=True
        )
        threading.Event().wait()


if __name__ == "__main__":
    main()
