"""A way to PostgreSQL's Unix socket that a test can silence, as a network does whose other end is gone."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self


class UnreliableServer:
    """Passes bytes between `folder`'s socket and the server's, until told to be silent or to refuse."""

    def __init__(self, folder: Path, upstream: Path, port: int) -> None:
        self.folder = folder
        self.connections = 0
        self._upstream = str(upstream / f".s.PGSQL.{port}")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{port}"))
        self._listener.listen()
        self._passing = threading.Event()
        self._passing.set()
        self._refusing = False
        self._open: list[socket.socket] = []

    def silence(self) -> None:
        """Pass nothing on any more, and close nothing."""
        self._passing.clear()

    def refuse(self) -> None:
        """Break every connection, and every new one at once."""
        self._refusing = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def allow(self) -> None:
        """Let new connections through again; what was silenced stays so for connections of that time."""
        self._refusing = False
        self._passing = threading.Event()
        self._passing.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.refuse()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._refusing:
                    client.close()
                    continue
                self.connections += 1
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._upstream)
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(*pair, self._passing), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, passing: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not passing.is_set():
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
