"""The peer in C: nginx with the nchan module, from Debian's packages in a private folder, and the bridge that feeds it.

nchan knows nothing of PostgreSQL: a process of its own listens there and posts every new row to nginx. Both belong to its
way, so that all start at the same commit. `python -m tests.benchmarks.nchan URL PORT` is the bridge.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import orjson
import psycopg

from backend.db.debian_archive import make_folder
from backend.notifications.event import Event
from tests.debian_unpacking import Unpacked, unpack

PACKAGES = ("nginx", "libnginx-mod-nchan")
CONFIGURATION = """
load_module {module};
worker_processes 1;
worker_rlimit_nofile {files};
daemon off;
pid {work}/nginx.pid;
error_log {work}/error.log warn;
{user}
events {{ worker_connections {files}; }}
http {{
    access_log off;
    keepalive_timeout 75s;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    client_body_buffer_size 64k;
    nchan_shared_memory_size 256m;
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        tcp_nodelay on;
        location = /stream {{
            nchan_subscriber eventsource;
            nchan_channel_id all;
            nchan_subscriber_first_message newest;
            nchan_eventsource_ping_interval 15;
        }}
        location = /publish {{
            nchan_publisher;
            nchan_channel_id all;
            nchan_message_buffer_length 100;
        }}
    }}
}}
"""


def install(prefix: Path) -> None:
    """Unpack nginx and nchan into `prefix` unless they are there. Raises DatabaseSetupError, OSError or CalledProcessError."""
    unpack(prefix, PACKAGES)


def command(prefix: Path, work: Path, port: int, files: int) -> list[str]:
    """Write nginx's configuration into `work` and return the command that starts it in the foreground."""
    make_folder(work)
    configuration = work / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            module=prefix / "usr/lib/nginx/modules/ngx_nchan_module.so",
            files=files,
            work=work,
            port=port,
            user="user root;" if os.geteuid() == 0 else "",
        ),
        encoding="utf-8",
    )
    return [
        *Unpacked(prefix).command("usr/sbin/nginx"),
        "-p",
        str(work),
        "-c",
        str(configuration),
        "-e",
        str(work / "error.log"),
    ]


async def bridge(url: str, port: int) -> None:
    """Post every row of `notifications` that is committed from here on."""
    rows = "SELECT id, kind, date, subject, content, created_at, person FROM notifications WHERE id > %s ORDER BY id"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("LISTEN notifications")
        newest = await (await connection.execute("SELECT coalesce(max(id), 0) FROM notifications")).fetchone()
        last = newest[0]
        print("listening", flush=True)
        while True:
            async for _ in connection.notifies(timeout=10, stop_after=1):
                pass
            cursor = await connection.execute(rows, (last,))
            for row in await cursor.fetchall():
                event = Event(*row)
                last = event.id
                body = orjson.dumps(event.as_dict())
                writer.write(
                    b"POST /publish HTTP/1.1\r\nHost: nchan\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
                )
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)


if __name__ == "__main__":
    asyncio.run(bridge(sys.argv[1], int(sys.argv[2])))
