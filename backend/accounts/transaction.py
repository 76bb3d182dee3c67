"""Transactions of atlas_app, which sees everybody's rows: for what has to be done before it is known who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.db.engine import Database
from backend.errors import Unavailable


@contextmanager
def app_transaction(database: Database) -> Iterator[Connection]:
    """Lend a transaction that is committed at the end. Raises Unavailable where the database does not answer."""
    try:
        with database.engine("atlas_app").begin() as connection:
            yield connection
    except (OperationalError, PoolTimeout) as error:
        raise away(error) from error


def away(error: OperationalError | PoolTimeout) -> Unavailable:
    """Return what to raise where the database does not answer."""
    return Unavailable(f"the database does not answer: {error}", ko="데이터베이스가 응답하지 않습니다.")
