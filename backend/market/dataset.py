"""Which market is loaded, and the date its data stands on."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import Connection, text

from backend.errors import Unavailable


class Dated(BaseModel):
    """What every answer about the market carries."""

    as_of: date = Field(description="Data date: the newest loaded snapshot", examples=["2026-07-08"])
    dataset: Literal["sample", "files", "krx"] = Field(
        description="Who brought the data date: `sample`: the invented market; `files`: loaded files; `krx`: KRX"
    )


def get_dataset(connection: Connection) -> Dated:
    """Return the name and data date of the loaded market. Raises Unavailable when nothing is loaded."""
    row = connection.execute(text("SELECT as_of, name FROM datasets")).one_or_none()
    if row is None:
        raise Unavailable("no market is loaded", ko="아직 적재된 시장 자료가 없습니다.")
    return Dated(as_of=row.as_of, dataset=row.name)
