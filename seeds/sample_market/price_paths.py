"""Invented daily prices of everything the sample's ETFs hold, in KRW.

Only additions and multiplications of random.Random(text).random() go in, so that every machine and every Python
computes the same bits: log, exp and cos may differ in the last place from one C library to the next. Sums are
math.fsum, because the built-in sum adds floats in another way since Python 3.12.
"""

from itertools import pairwise
from math import fsum
from random import Random

from seeds.sample_market.definitions import Definitions

SEED = "etf-atlas sample 2026"
OWN_SWING = {"Korean": 1.15, "foreign": 0.95}  # % a day, besides what the sector does


def normal(rng: Random) -> float:
    """A draw that is close to standard normal: twelve uniform ones, less six."""
    return fsum(rng.random() for _ in range(12)) - 6.0


def tick(price: float) -> int:
    """A share price in KRW rounded to KRX's price steps."""
    limits = ((2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500))
    step = next((step for limit, step in limits if price < limit), 1_000)
    return max(step, round(price / step) * step)


class PricePaths:
    """`krw[code][day]`: the price in KRW of a unit on each trading day, stocks rounded as their market quotes them."""

    def __init__(self, definitions: Definitions):
        self._days = len(definitions.trading_days)
        self._factors = self._factor_returns(definitions.market["factors"])
        self.currencies = {
            name: self._path(name, entry["rate"], self._draws(name, entry["drift"], entry["swing"]))
            for name, entry in definitions.market["currencies"].items()
        }
        self.krw: dict[str, list[float]] = {}
        for stock in definitions.stocks.values():
            self.krw[stock.code] = self._stock_path(stock, definitions.market["market_currency"][stock.market])
        indexes = {
            "KOSPI200": self._index(definitions, ("KOSPI",)),
            "KOSDAQ150": self._index(definitions, ("KOSDAQ", "KOSDAQ GLOBAL")),
            "NIFTY50": self._index(definitions, ("IN",)),
            "USD": self.currencies["USD"],
        }
        for instrument in definitions.instruments.values():
            follows = indexes.get(instrument.follows) or self.krw.get(instrument.follows)
            returns = _returns(follows) if follows else self._factors[instrument.follows]
            path = self._path(instrument.code, instrument.price, [instrument.beta * change for change in returns])
            self.krw[instrument.code] = path

    def _draws(self, name: str, drift: float, swing: float) -> list[float]:
        rng = Random(f"{SEED}:{name}")
        return [0.0] + [(drift + swing * normal(rng)) / 100 for _ in range(self._days - 1)]

    def _factor_returns(self, factors: dict) -> dict[str, list[float]]:
        returns: dict[str, list[float]] = {}
        for name, entry in factors.items():
            own = self._draws(name, entry["drift"], entry["swing"])
            shared = returns[entry["with"]] if "with" in entry else [0.0] * self._days
            returns[name] = [a + b for a, b in zip(own, shared, strict=True)]
        return returns

    def _path(self, name: str, start: float, returns: list[float]) -> list[float]:
        path = [start]
        for change in returns[1:]:
            path.append(path[-1] * (1 + change))
        return path

    def _stock_path(self, stock, currency: str) -> list[float]:
        swing = OWN_SWING["Korean" if stock.is_korean else "foreign"]
        own = self._draws(stock.code, 0.0, swing)
        path = self._path(
            stock.code, stock.price, [a + b for a, b in zip(own, self._factors[stock.sector], strict=True)]
        )
        if stock.is_korean:
            return [float(tick(price)) for price in path]
        return [round(price, 2) * rate for price, rate in zip(path, self.currencies[currency], strict=True)]

    def _index(self, definitions: Definitions, markets: tuple[str, ...]) -> list[float]:
        members = [stock for stock in definitions.stocks.values() if stock.market in markets and stock.size]
        total = fsum(stock.size for stock in members)
        return [
            fsum(stock.size * self.krw[stock.code][day] / self.krw[stock.code][0] for stock in members) / total
            for day in range(self._days)
        ]


def _returns(path: list[float]) -> list[float]:
    return [0.0] + [after / before - 1 for before, after in pairwise(path)]
