"""Why a date could not be collected, and its record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import structlog
from psycopg import OperationalError
from sqlalchemy.exc import OperationalError as EngineError

from backend.collection import runs
from backend.db.engine import Database
from backend.errors import AtlasError, InvalidInput, Unavailable

log = structlog.get_logger()


class NotPublished(Unavailable):
    """KRX has not published the figures of that date yet."""

    slug = "not-published"


class TooFewAnswers(Unavailable):
    """The source answered for too small a part of the market."""

    slug = "too-few-answers"


class NotPlanned(InvalidInput):
    """The date has no plan."""

    slug = "not-planned"


@contextmanager
def failure_recorded(database: Database, source: str, day: date) -> Iterator[None]:
    """Record why a date failed; what is only late or asked wrongly is no failure of the date."""
    try:
        yield
    except (NotPublished, InvalidInput):
        raise
    except (OperationalError, EngineError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unavailable(
            f"The database went away ({reason}). What came is kept: collect the date again to go on.",
            ko="데이터베이스 연결이 끊겼습니다. 다시 수집하면 이어집니다.",
        ) from error
    except AtlasError as error:
        try:
            runs.record_failure(database, source, day, error.message)
        except (OperationalError, EngineError) as gone:
            log.warning("failure_not_recorded", date=day.isoformat(), reason=str(gone).splitlines()[0])
        raise
