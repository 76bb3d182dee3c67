"""Invented exchange quotes of an ETF: its close keeps near the NAV, at a premium or discount that comes and goes."""

from dataclasses import dataclass
from random import Random

from seeds.sample_market.definitions import Fund
from seeds.sample_market.portfolios import Snapshot
from seeds.sample_market.price_paths import SEED, normal


@dataclass(frozen=True)
class Quote:
    """Prices in KRW a share, value and net assets in KRW."""

    open: int
    high: int
    low: int
    close: int
    nav: float
    volume: int
    value: int
    listed_shares: int


def etf_tick(price: float) -> int:
    """An ETF price rounded to its steps: 1 won below 2,000 won, 5 won from there."""
    step = 1 if price < 2_000 else 5
    return max(1, round(price / step) * step)


def _premium_swing(fund: Fund) -> float:
    """How far the premium swings, % a day: what trades abroad while Korea sleeps is priced less tightly."""
    if fund.attributes["market"] in ("해외", "국내&해외"):
        return 0.28
    return 0.12 if fund.attributes["leverage"] not in ("일반",) else 0.06


def quotes(fund: Fund, snapshots: list[Snapshot]) -> list[Quote]:
    """One quote for each snapshot's day."""
    rng = Random(f"{SEED}:quotes:{fund.code}")
    swing = _premium_swing(fund)
    shares = max(1, round(float(fund.attributes["aum"]) * 1e8 / fund.price / fund.creation_unit)) * fund.creation_unit
    premium, previous_close = 0.0, snapshots[0].nav
    result = []
    for snapshot in snapshots:
        premium = 0.5 * premium + swing * normal(rng) / 100
        close = etf_tick(snapshot.nav * (1 + premium))
        open_ = etf_tick(previous_close * (1 + 0.5 * (close / previous_close - 1) + 0.0015 * normal(rng)))
        high = max(open_, close, etf_tick(max(open_, close) * (1 + 0.004 * rng.random())))
        low = min(open_, close, etf_tick(min(open_, close) * (1 - 0.004 * rng.random())))
        if rng.random() < 0.3:
            units = shares // fund.creation_unit
            shares += fund.creation_unit * round(units * 0.01 * normal(rng))
        turnover = 0.004 + 0.012 * rng.random() + 3 * abs(close / previous_close - 1) * 0.1
        volume = max(1, round(shares * turnover))
        result.append(Quote(open_, high, low, close, snapshot.nav, volume, round(volume * (open_ + close) / 2), shares))
        previous_close = close
    return result
