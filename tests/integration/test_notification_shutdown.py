"""A web server that is told to stop is gone in a moment, however many streams are open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGTERM
from urllib.parse import urlsplit

from backend.db.engine import Database
from tests.event_reader import PATH
from tests.web_process import WebProcess, serving

STREAMS = 200
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
LAST_CHUNK = b"0\r\n\r\n"


async def end_with_open_streams(process: WebProcess) -> tuple[float, list[bytes]]:
    """Open the streams and stop the server; returns the seconds until it was gone and how each stream ended."""
    parts = urlsplit(process.address)
    streams = await asyncio.gather(*[asyncio.open_connection(parts.hostname, parts.port) for _ in range(STREAMS)])
    for reader, writer in streams:
        writer.write(REQUEST)
        await reader.readuntil(b"retry:")
    ended = asyncio.gather(*[reader.read() for reader, _ in streams])
    took = await asyncio.to_thread(process.end, SIGTERM)
    ends = await asyncio.wait_for(ended, 5)
    for _, writer in streams:
        writer.close()
    return took, ends


def test_streams_end_cleanly_within_two_seconds(
    empty_database: Database, session_folder: Path, free_port: Callable[[], int], tmp_path: Path
) -> None:
    process = WebProcess(session_folder / "home", empty_database.url(), free_port(), tmp_path / "server.log")
    with serving(process), ThreadPoolExecutor(1) as thread:
        took, ends = thread.submit(asyncio.run, end_with_open_streams(process)).result()
    assert took < 2, f"{took:.1f} s\n{process.output()[-3000:]}"
    assert all(end.endswith(LAST_CHUNK) for end in ends)
    for word in ("Traceback", "error", "Cancel", "exceeded"):
        assert word not in process.output()
