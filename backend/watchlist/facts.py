"""What is known of each ETF on a list: a few queries for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812
from decimal import Decimal

from sqlalchemy import Connection, Row, text

from backend.market.prices import premium
from backend.watchlist.schemas import Facts

NOTHING = Facts(
    company=None, close=None, price_date=None, change_pct=None, previous_date=None, nav=None, premium_pct=None,
    aum_krw=None, aum_date=None, fee_pct=None, holdings_date=None, closes=[],
)  # fmt: skip
CLOSES = 30
"""Days whose closes are listed."""
OLDEST_PRICE_DAYS = 365
"""An older close says nothing about the market as it stands."""


@dataclass(frozen=True, slots=True)
class Known:
    """An ETF of the market. `premiums` are those of its last days with one, in %, oldest first."""

    code: str
    name: str
    facts: Facts
    premiums: list[tuple[Date, float]]

    def premium_on(self, date: Date) -> float | None:
        """Return the last premium known on a date, as far back as `premiums` goes; None where there is none."""
        return next((premium for day, premium in reversed(self.premiums) if day <= date), None)


def known_etfs(connection: Connection, codes: Sequence[str], as_of: Date) -> dict[str, Known]:
    """Return those of the ETFs that the market has, by code, with what is known of them up to the data date."""
    rows = connection.execute(
        text(
            f"""
            SELECT e.code, e.name, e.company, e.fee_pct::float8 AS fee_pct, e.aum_krw, e.aum_date, e.holdings_date,
                p.dates, p.closes, p.navs
            FROM etfs AS e
            LEFT JOIN LATERAL (
                SELECT array_agg(date ORDER BY date) AS dates,
                    array_agg(close ORDER BY date) AS closes,
                    array_agg(nav ORDER BY date) AS navs
                FROM (
                    SELECT date, close, nav
                    FROM daily_prices
                    WHERE code = e.code
                      AND date > CAST(:as_of AS date) - {OLDEST_PRICE_DAYS}
                    ORDER BY date DESC
                    LIMIT {CLOSES}
                ) AS latest
            ) AS p ON true
            WHERE e.code = ANY(:codes)
            """
        ),
        {"codes": list(codes), "as_of": as_of},
    )
    return {row.code: _known(row) for row in rows}


def _known(row: Row) -> Known:
    days = list(zip(row.dates or [], row.closes or [], row.navs or [], strict=True))
    premiums = [(day, premium(close, nav)) for day, close, nav in days if close is not None and nav]
    return Known(row.code, row.name, _facts(row, days), premiums)


def _facts(row: Row, days: list[tuple[Date, Decimal | None, Decimal | None]]) -> Facts:
    priced = [day for day in days if day[1] is not None]
    last = priced[-1] if priced else None
    before = priced[-2] if len(priced) > 1 else None
    return Facts(
        company=row.company,
        close=last and last[1],
        price_date=last and last[0],
        change_pct=round(float((last[1] / before[1] - 1) * 100), 4) if last and before and before[1] else None,
        previous_date=before and before[0],
        nav=last and last[2],
        premium_pct=premium(last[1], last[2]) if last else None,
        aum_krw=row.aum_krw,
        aum_date=row.aum_date,
        fee_pct=row.fee_pct,
        holdings_date=row.holdings_date,
        closes=[day[1] for day in days],
    )
