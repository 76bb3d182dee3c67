"""What one ETF holds on each day of the sample: its basket, followed through prices, reviews and trades."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from math import fsum
from random import Random

from seeds.sample_market.definitions import Definitions, Fund
from seeds.sample_market.price_paths import SEED

PriceOf = Callable[[str, int], float]
LEAST_CASH = 0.003  # share of net assets an active fund keeps
REVIEW_CASH = 0.001  # and an index fund after a review
MOST_CASH = 0.07


@dataclass(frozen=True)
class Snapshot:
    """One creation unit at the close: quantities by code, cash and value in KRW, NAV in KRW a share."""

    day: int
    quantities: dict[str, float]
    exposure: dict[str, float]
    cash: float
    value: float
    nav: float


class Portfolio:
    """One ETF's creation unit; `snapshots()` lives through the trading days, from the ETF's listing on."""

    def __init__(self, fund: Fund, definitions: Definitions, price_of: PriceOf, first_day: int):
        self._fund = fund
        self._definitions = definitions
        self._price_of = price_of
        self._first_day = first_day
        self._basket = definitions.baskets[fund.basket]
        self._rng = Random(f"{SEED}:portfolio:{fund.code}")
        self._scale = 1.0
        self._value = fund.price * fund.creation_unit
        self._quantities: dict[str, float] = {}
        self._exposure: dict[str, float] = {}
        self._pool = sorted(self._basket.pool)
        self._cash = 0.0

    def snapshots(self) -> list[Snapshot]:
        days = self._definitions.trading_days
        snapshots = []
        for day in range(self._first_day, len(days)):
            if day == self._first_day:
                self._buy_basket(day)
            else:
                self._settle(day, (days[day] - days[day - 1]).days)
                self._act(days[day], day)
            nav = round(self._value / (self._fund.creation_unit * self._scale), 2)
            snapshots.append(
                Snapshot(
                    day, dict(sorted(self._quantities.items())), dict(self._exposure), self._cash, self._value, nav
                )
            )
        return snapshots

    def _buy_basket(self, day: int) -> None:
        for code, weight in self._basket.stocks.items():
            # Two trackers of one index never hold it in exactly the same proportions.
            jitter = 1 + (self._rng.random() - 0.5) * 0.02
            self._quantities[code] = self._quantity(code, weight * jitter, day)
        self._reset(day)

    def _reset(self, day: int) -> None:
        for code, weight in self._basket.others.items():
            self._quantities[code] = self._quantity(code, weight, day)
        for code, multiple in self._basket.exposure.items():
            self._exposure[code] = self._value * multiple / self._price_of(code, day)
        self._cash = self._value - self._holdings_value(day)

    def _settle(self, day: int, calendar_days: int) -> None:
        """Carry yesterday's quantities to today's prices; futures pay into the cash, the fee comes out of it."""
        for code, quantity in self._exposure.items():
            self._cash += quantity * (self._price_of(code, day) - self._price_of(code, day - 1))
        self._value = self._holdings_value(day) + self._cash
        fee = self._value * self._fund.fee / 100 * calendar_days / 365
        self._cash -= fee
        self._value -= fee

    def _act(self, today: date, day: int) -> None:
        rescaled = self._definitions.market["events"]["rescaled"]
        if rescaled["etf"] == self._fund.code and rescaled["date"] == today:
            self._rescale(rescaled["factor"])
        elif self._basket.daily_reset:
            self._reset(day)
        elif self._basket.active:
            self._trade(day)
        else:
            self._review(today, day)

    def _rescale(self, factor: float) -> None:
        self._scale *= factor
        self._quantities = {code: round(quantity * factor, 2) for code, quantity in self._quantities.items()}
        self._cash *= factor
        self._value *= factor

    def _review(self, today: date, day: int) -> None:
        for review in self._definitions.market["reviews"]:
            if review["date"] == today and self._fund.basket in review["baskets"]:
                for code in review["out"]:
                    self._quantities.pop(code, None)
                for code, factor in review["change"].items():
                    if code in self._quantities:
                        self._quantities[code] = self._whole(code, self._quantities[code] * factor)
                self._cash = self._value - self._holdings_value(day)
                self._spread(review["into"], day)

    def _spread(self, codes: list[str], day: int) -> None:
        """Spend the cash above its floor on `codes` in equal parts."""
        free = self._cash / self._value - REVIEW_CASH
        for code in codes if free > 0 else ():
            bought = self._quantity(code, free * 100 / len(codes), day)
            self._change(code, self._quantities.get(code, 0) + bought, self._price_of(code, day))

    def _trade(self, day: int) -> None:
        if self._rng.random() < 0.12:
            return
        for _ in range(1 + int(self._rng.random() * 3)):
            self._resize(self._pick(self._stocks_held()), day)
        if self._rng.random() < 0.16:
            self._sell_out(self._pick(self._stocks_held()), day)
        if self._pool and self._rng.random() < 0.20:
            self._buy_new(self._pick(self._pool), day)

    def _resize(self, code: str, day: int) -> None:
        price, quantity = self._price_of(code, day), self._quantities[code]
        share = 0.05 + 0.25 * self._rng.random()
        cash_share = self._cash / self._value
        most = max(0.06, 1.2 * self._basket.stocks.get(code, 0) / 100)
        wants_more = self._rng.random() < (0.75 if cash_share > MOST_CASH / 2 else 0.35)
        buys = wants_more and quantity * price < most * self._value
        if buys:
            share = min(share, (cash_share - LEAST_CASH) * self._value / (quantity * price))
        if share < 0.03:
            return
        resized = self._whole(code, quantity * (1 + share if buys else 1 - share))
        if resized > 0:
            self._change(code, resized, price)

    def _sell_out(self, code: str, day: int) -> None:
        price = self._price_of(code, day)
        is_small = self._quantities[code] * price < 0.045 * self._value
        if is_small and len(self._stocks_held()) > 6 and self._cash < MOST_CASH * self._value:
            self._change(code, 0, price)
            self._pool = sorted([*self._pool, code])

    def _buy_new(self, code: str, day: int) -> None:
        price = self._price_of(code, day)
        share = min(0.008 + 0.022 * self._rng.random(), self._cash / self._value - LEAST_CASH)
        if share > 0.005 and (quantity := self._quantity(code, share * 100, day)) > 0:
            self._change(code, quantity, price)
            self._pool = [candidate for candidate in self._pool if candidate != code]

    def _change(self, code: str, quantity: float, price: float) -> None:
        self._cash -= (quantity - self._quantities.get(code, 0)) * price
        if quantity:
            self._quantities[code] = quantity
        else:
            del self._quantities[code]

    def _stocks_held(self) -> list[str]:
        return sorted(code for code in self._quantities if code in self._definitions.stocks)

    def _pick(self, codes: list[str]) -> str:
        return codes[int(self._rng.random() * len(codes))]

    def _quantity(self, code: str, weight: float, day: int) -> float:
        return self._whole(code, self._value * weight / 100 / self._price_of(code, day))

    def _whole(self, code: str, quantity: float) -> float:
        """Korean shares, ETFs and bonds come whole; what is held abroad comes with two decimals."""
        stock = self._definitions.stocks.get(code)
        is_abroad = not stock.is_korean if stock else not (code in self._definitions.funds or code.startswith("KR1"))
        return round(quantity, 2) if is_abroad else float(round(quantity))

    def _holdings_value(self, day: int) -> float:
        return fsum(quantity * self._price_of(code, day) for code, quantity in self._quantities.items())
