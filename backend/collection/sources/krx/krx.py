"""KRX as one source: prices from the Open API where there is a key, everything else from the data service."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date

from backend.collection.sources.krx.budget import Budget
from backend.collection.sources.krx.connection import Patience
from backend.collection.sources.krx.data_service import DataService
from backend.collection.sources.krx.open_api import OpenApi
from backend.collection.sources.krx.rows import ETF_CODE, Holiday, isin_of
from backend.settings import Settings

Rows = list[dict[str, str]]


class Krx(AbstractContextManager):
    """The rows of KRX as its services name and write them. May be used by several threads.

    Every call may raise KrxRefused (key or account), KrxBudgetSpent (calls of the day) and KrxUnavailable (once trying
    again has not helped).
    """

    def __init__(self, settings: Settings, budget: Budget, *, patience: Patience | None = None) -> None:
        self.budget = budget
        self._data = DataService(
            settings.krx_data_url,
            settings.krx_id,
            settings.krx_password,
            budget,
            folder=settings.home,
            timeout_s=settings.krx_timeout_s,
            patience=patience,
        )
        self._has_account = bool(settings.krx_id)
        self._open_api = (
            OpenApi(
                settings.krx_open_api_url,
                settings.krx_api_key,
                budget,
                timeout_s=settings.krx_timeout_s,
                patience=patience,
            )
            if settings.krx_api_key and settings.krx_api_key.get_secret_value().strip()
            else None
        )

    def listing(self) -> Rows:
        """Return one row for each ETF listed today (MDCSTAT04601): names, manager, index, fee, creation unit."""
        return self._data.listing()

    def prices(self, day: date) -> Rows | Holiday:
        """Return one row for each ETF with its prices, NAV, volume and net assets of the day, KRW.

        Holiday means that KRX has none: on a trading day they are not out yet. The Open API may have a day's figures as
        late as the next morning; until then the data service is asked, where there is an account for it.
        """
        rows = self._open_api.prices(day) if self._open_api else None
        if rows is None or (isinstance(rows, Holiday) and self._has_account):
            return self._data.prices(day)
        return rows

    def basket(self, etf: str, day: date) -> Rows:
        """Return one row for each constituent of an ETF's creation unit on a day (MDCSTAT05001).

        `etf` is its code or its ISIN. Raises KrxMissing where KRX has no basket for that day.
        """
        return self._data.basket(isin_of(etf) if ETF_CODE.fullmatch(etf) else etf, day)

    def close(self) -> None:
        """Close the connections."""
        self._data.close()
        if self._open_api:
            self._open_api.close()

    def __exit__(self, *_: object) -> None:
        self.close()
