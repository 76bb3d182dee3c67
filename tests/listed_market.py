"""A small market for the watchlist's page: one ETF trades, one only drifts, one stands still, one has markup for a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tests import market_files as market
from tests.people import Somebody

DAY1, DAY2, DAY3 = date(2026, 7, 7), date(2026, 7, 8), date(2026, 7, 9)
DRIFTS, TRADES, STILL, MARKUP = "AAA001", "BBB002", "CCC003", "DDD004"
MARKUP_NAME = '<img src=x onerror="window.hacked=1"> ETF'
NAMES = {
    DRIFTS: "TEST 반도체", TRADES: "TEST 코스피액티브", STILL: "TEST 채권혼합", MARKUP: MARKUP_NAME,
    "EEE005": "TEST 코스피200", "FFF006": "TEST 코스닥150", "GGG007": "TEST 나스닥100",
}  # fmt: skip
STOCKS = [f"00000{number}" for number in range(1, 9)]
EVEN = {stock: (100.0, 12.5) for stock in STOCKS}


def folder(path: Path) -> Path:
    """Write the market of three days as a folder of tidy files."""
    traded = EVEN | {"000001": (140.0, 17.5), "000009": (40.0, 5.0)}
    del traded["000002"]
    sold = EVEN | {"000001": (50.0, 6.25)}
    baskets: dict[str, Mapping[date, Mapping[str, tuple[float, float | None]]]] = {
        DRIFTS: {DAY1: EVEN, DAY2: EVEN | {"000001": (100.0, 14.0), "000002": (100.0, 11.0)}, DAY3: sold},
        TRADES: {DAY1: EVEN, DAY2: traded, DAY3: traded},
    }
    rows = [
        row
        for code in NAMES
        for day in (DAY1, DAY2, DAY3)
        for row in market.basket(day.isoformat(), code, baskets.get(code, {}).get(day, EVEN))
    ]
    prices = [
        market.price(day.isoformat(), code, 10_000 + 100 * number + step * (-1) ** number, 10_000 + 100 * number)
        for number, code in enumerate(NAMES)
        for step, day in zip((0, 50, 150), (DAY1, DAY2, DAY3), strict=True)
    ]
    etfs = [
        market.etf(
            code,
            name_ko=name,
            total_fee_pct_per_year=0.1 + number / 100,
            net_asset_krw=(number + 1) * 10**11,
            is_active="Y" if code == TRADES else "N",
        )
        for number, (code, name) in enumerate(NAMES.items())
    ]
    return market.folder(path, etfs=etfs, holdings=rows, prices=prices)


def signed_in(person: Somebody) -> dict[str, Any]:
    """Return the options of a browser's context in which a person is signed in on this machine."""
    place = {"domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
    cookies = [{"name": name, "value": value} | place for name, value in person.cookies.items()]
    return {"storage_state": {"cookies": cookies, "origins": []}}
