"""The process that answers questions beside the web server: `python -m backend.chat.worker FD`.

It is told what to run over a socket, carries every run out in a thread, and tells what happens back. It steps behind the
web server for the processor, and it ends when the web server's end of the socket is closed, however that came about.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable

import structlog

from agent.run_context import RunCancelled
from backend.chat.frames import READY, packed, receive
from backend.chat.run import Told
from backend.chat.schemas import ChatRequest
from backend.chat.threads import BROKEN, Ask, outcome

log = structlog.get_logger(__name__)

NICENESS = 5


class Worker:
    """Carries out runs by their numbers and sends what they tell, everything that has come together in one message."""

    def __init__(self, connection: socket.socket, ask: Ask) -> None:
        self._connection = connection
        self._ask = ask
        self._cancelled: dict[int, threading.Event] = {}
        self._outgoing: queue.SimpleQueue[tuple[int, Told | None]] = queue.SimpleQueue()

    def serve(self) -> None:
        """Do what is asked until the other end is gone."""
        threading.Thread(target=self._send, name="worker-sends", daemon=True).start()
        self._outgoing.put((READY, None))
        while True:
            try:
                order, number, *more = receive(self._connection)
            except (EOFError, OSError):
                return
            if order == "start":
                self._start(number, *more)
            elif event := self._cancelled.get(number):
                event.set()

    def _start(self, number: int, request: ChatRequest) -> None:
        cancelled = self._cancelled[number] = threading.Event()
        tell: Callable[[Told], None] = lambda item: self._outgoing.put((number, item))  # noqa: E731 - a name for its type

        def work() -> None:
            try:
                tell(outcome(self._ask, request, tell, cancelled))
            except RunCancelled:
                log.info("chat run cancelled", run_id=request.run_id)
            finally:
                del self._cancelled[number]
                self._outgoing.put((number, None))

        try:
            threading.Thread(target=work, name=f"chat-{number}", daemon=True).start()
        except RuntimeError:
            log.exception("no thread for a chat run", run_id=request.run_id)
            tell(BROKEN)
            self._outgoing.put((number, None))

    def _send(self) -> None:
        while True:
            items = [self._outgoing.get()]
            with contextlib.suppress(queue.Empty):
                while len(items) < 1_000:
                    items.append(self._outgoing.get_nowait())
            try:
                self._connection.sendall(packed(items))
            except OSError:
                return


def main(descriptor: int) -> None:
    """Serve on an inherited socket until its other end is closed."""
    # Ctrl-C reaches every process of the terminal; the web server says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as connection:
        try:
            log_level, factory, arguments = receive(connection)
        except (EOFError, OSError):
            return
        from backend.logs import configure

        configure(log_level)
        worker = Worker(connection, factory(*arguments))
        # Only once it is ready: until then somebody may be waiting for nothing else.
        os.nice(NICENESS)
        worker.serve()
    # Runs that do not notice that nobody waits must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
