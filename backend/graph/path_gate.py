"""Queries that walk paths, and loads of the market: never at once.

For a pattern of variable length Apache AGE reads the whole graph into the session and keeps it until a statement
changes the graph. It looks at when the statement ran, not at when its transaction was committed: what a session reads
in between counts as current afterwards, refers to rows that are gone, and makes later queries answer wrongly, fail
with "stale TID" or end the server. A streaming replica never hears of a change at all.
"""

from __future__ import annotations

import re

from psycopg import Cursor
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from backend.graph.client import QueryTimeout
from backend.graph.labels import MARKET

# The parent of all edges: whoever reads the market's labels may hold it, and hardly a query reads it itself.
GATE = f"{MARKET}._ag_label_edge"
_WALK = re.compile(r"\[[^\[\]]*\*[^\[\]]*\]")


def walks_paths(cypher: str) -> bool:
    """Say whether a query may have a pattern of variable length. Such a query belongs on the primary."""
    return _WALK.search(cypher) is not None


def enter(connection: Connection, timeout_ms: int) -> None:
    """Wait until no load is writing the market, and keep new ones waiting until the transaction ends.

    Raises QueryTimeout after `timeout_ms`.
    """
    try:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(timeout_ms)}")
        connection.exec_driver_sql(f"LOCK TABLE ONLY {GATE} IN ACCESS SHARE MODE")
    except DBAPIError as error:
        raise QueryTimeout(
            "the market was being loaded all the time", ko="시장 자료를 적재하는 중입니다. 잠시 후 다시 물어봐 주세요."
        ) from error


def close(cursor: Cursor) -> None:
    """Wait for the queries that are walking paths, and keep new ones waiting until the transaction ends."""
    cursor.execute(f"LOCK TABLE ONLY {GATE} IN ACCESS EXCLUSIVE MODE")
