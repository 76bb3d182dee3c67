"""A small market that is loaded delivery by delivery under the eyes of one person, for tests of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from backend.collection.load import load_files
from backend.db.engine import Database
from tests import market_files as market
from tests.watchers import add_people, alerts, watch

ETF = "AAA001"
OTHER = "BBB002"
# A Monday to a Friday.
D1, D2, D3, D4, D5 = (f"2026-01-{day:02}" for day in range(5, 10))
FLAT = {"000001": (100, 40.0), "000002": (100, 30.0), "000003": (100, 20.0), "000004": (100, 10.0)}


class WatchedMarket:
    """A market that is loaded delivery by delivery, with one person who watches ETF."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self._numbers = database, folder, count()
        (self.person,) = add_people(database, 1)

    def watch(self, etf: str = ETF, **settings: Any) -> None:
        watch(self.database, self.person, etf, **settings)

    def load(self, baskets: list[dict] = (), prices: list[dict] = (), *, until: str | None = None, **etf: Any) -> None:
        """Load one delivery; `etf` are cells of ETF's row in etfs.csv."""
        folder = market.folder(
            self.folder / str(next(self._numbers)),
            etfs=[market.etf(ETF, **etf), market.etf(OTHER)],
            **{name: rows for name, rows in (("holdings", baskets), ("prices", prices)) if rows},
        )
        load_files(self.database, folder, until=date.fromisoformat(until) if until else None)

    def days(self, baskets: Mapping[str, Mapping], *, etf: str = ETF, **more: Any) -> None:
        """Load each day's basket in a delivery of its own."""
        for day, positions in baskets.items():
            self.load(market.basket(day, etf, positions, **more))

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return [content for person, _, _, content in alerts(self.database) if person == self.person]

    def alert(self) -> dict[str, Any]:
        """Return the only alert there is."""
        (content,) = self.alerts
        return content
