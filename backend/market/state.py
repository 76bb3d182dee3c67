"""One state of the market, to be read from as long as an answer takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.db.engine import Database
from backend.errors import Unavailable


@contextmanager
def market_state(database: Database) -> Iterator[Connection]:
    """Lend a connection that sees one state of the market, whatever is loaded meanwhile. Raises Unavailable."""
    try:
        opened = database.reading()
    except (OperationalError, PoolTimeout) as error:
        raise Unavailable(
            f"the database does not answer: {getattr(error, 'orig', error)}", ko="데이터베이스가 응답하지 않습니다."
        ) from error
    with opened:
        yield opened.execution_options(isolation_level="REPEATABLE READ")
