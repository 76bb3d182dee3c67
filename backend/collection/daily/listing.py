"""The list of ETFs on its own: names, fees and managers, between two daily runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from backend.collection import calendar
from backend.collection.daily.planning import Progress
from backend.collection.load import load
from backend.collection.sources import krx
from backend.db.engine import Database
from backend.errors import Conflict


@dataclass
class Refreshed:
    """What the list of ETFs changed: codes of ETFs that are new, and of changed names, fees and managers old and new."""

    etfs: int = 0
    new: list[str] = field(default_factory=list)
    renamed: dict[str, tuple[str, str]] = field(default_factory=dict)
    fees: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    managers: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the changes as JSON values."""
        return {
            "etfs": self.etfs,
            "new": self.new,
            "renamed": _pairs(self.renamed),
            "fees": _pairs(self.fees),
            "managers": _pairs(self.managers),
        }

    def __str__(self) -> str:
        names = [f"{code}: {old} → {new}" for code, (old, new) in self.renamed.items()]
        counts = (
            f"{self.etfs:,} ETFs: {len(self.new)} new, {len(self.renamed)} renamed, {len(self.fees)} fees and "
            f"{len(self.managers)} managers changed"
        )
        return "\n".join([*names, counts])


def _pairs(changes: Mapping[str, tuple[Any, Any]]) -> list[dict[str, Any]]:
    return [{"code": code, "from": old, "to": new} for code, (old, new) in changes.items()]


def refresh(database: Database, source: krx.Krx, *, progress: Progress | None = None) -> Refreshed:
    """Bring names, fees (% per year) and managers level with KRX; an ETF that was renamed is found by both names.

    No date is loaded and nobody is told. Raises Conflict while no real market is loaded, and the source's errors.
    """
    with database.engine("atlas_loader").connect() as connection:
        dataset = connection.scalar(text("SELECT name FROM datasets"))
    if dataset in (None, "sample"):
        raise Conflict(
            "There is no real market to refresh: collect a date first (`./atlas collect krx`), which brings the list, too.",
            ko="아직 실제 시장이 적재되지 않았습니다. 먼저 하루를 수집하세요(`./atlas collect krx`).",
        )
    before = _etfs(database)
    rows = source.listing()
    load(database, lambda: krx.feed(calendar.today(), rows, [], {}, {}), progress=progress)
    return _difference(before, _etfs(database))


def _etfs(database: Database) -> dict[str, tuple]:
    with database.engine("atlas_loader").connect() as connection:
        found = connection.execute(text("SELECT code, name, fee_pct::float8, company FROM etfs"))
        return {code: tuple(values) for code, *values in found}


def _difference(before: dict[str, tuple], after: dict[str, tuple]) -> Refreshed:
    changed = {code: list(zip(before[code], after[code], strict=True)) for code in sorted(before.keys() & after.keys())}
    names, fees, managers = (
        {code: pairs[n] for code, pairs in changed.items() if pairs[n][0] != pairs[n][1]} for n in range(3)
    )
    return Refreshed(len(after), sorted(after.keys() - before.keys()), names, fees, managers)
