"""Prices, NAV and premium of an ETF over a period."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Connection, Row, text

from backend.errors import InvalidInput
from backend.market.dataset import get_dataset
from backend.market.etfs import etf_code
from backend.market.schemas import PriceDay, Prices

DEFAULT_PERIOD = timedelta(days=365)


def check_period(start: Date | None, end: Date | None) -> None:
    """Raise InvalidInput when a period ends before it starts."""
    if start and end and start > end:
        raise InvalidInput(
            f"the period ends ({end}) before it starts ({start})",
            ko=f"기간의 시작({start})이 끝({end})보다 늦습니다.",
        )


def premium(close: Decimal | None, nav: Decimal | None) -> float | None:
    """Return (close − NAV) / NAV × 100, in %, signed; None where either is unknown."""
    return round(float((close - nav) / nav * 100), 4) if close is not None and nav else None


def get_prices(connection: Connection, code: str, start: Date | None = None, end: Date | None = None) -> Prices:
    """Return an ETF's prices from `start` to `end`, both included, and its return over the period.

    Without `end` the period ends with the last price known, without `start` it covers the 365 days up to its end. The
    return divides the last close in the period by the last close before it; where there is none, the period's first
    close serves and `base_in_period` says so. Raises UnknownEtf, and InvalidInput for a period that ends early.
    """
    check_period(start, end)
    code = etf_code(connection, code)
    end = end or connection.scalar(text("SELECT max(date) FROM daily_prices WHERE code = :code"), {"code": code})
    start = start or (end and max(end, Date.min + DEFAULT_PERIOD) - DEFAULT_PERIOD)
    rows = connection.execute(
        text(
            """
            SELECT date, open, high, low, close, nav, volume, value_krw, aum_krw
            FROM daily_prices
            WHERE code = :code
              AND date BETWEEN :start AND :end
            ORDER BY date
            """
        ),
        {"code": code, "start": start, "end": end},
    ).all()
    before = connection.execute(
        text(
            """
            SELECT date, close
            FROM daily_prices
            WHERE code = :code
              AND date < :start
              AND close IS NOT NULL
            ORDER BY date DESC
            LIMIT 1
            """
        ),
        {"code": code, "start": start},
    ).one_or_none()
    closes = [row for row in rows if row.close is not None]
    base = before or (closes[0] if closes else None)
    known = bool(base and closes and (before or len(closes) > 1))
    return Prices(
        **get_dataset(connection).model_dump(),
        code=code,
        name=connection.scalar(text("SELECT name FROM etfs WHERE code = :code"), {"code": code}),
        start=rows[0].date if rows else None,
        end=rows[-1].date if rows else None,
        return_pct=round(float((closes[-1].close / base.close - 1) * 100), 4) if known and base else None,
        base_date=base.date if known and base else None,
        base_in_period=known and before is None,
        prices=[_day(row) for row in rows],
    )


def _day(row: Row) -> PriceDay:
    return PriceDay(
        date=row.date,
        open_krw=row.open,
        high_krw=row.high,
        low_krw=row.low,
        close_krw=row.close,
        nav_krw=row.nav,
        premium_pct=premium(row.close, row.nav),
        volume_shares=row.volume,
        value_krw=row.value_krw,
        aum_krw=row.aum_krw,
    )
