"""Read the sample market's definitions: the CSV and YAML files beside this module."""

import csv
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from math import fsum
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Stock:
    code: str
    isin: str
    name: str
    name_ko: str
    market: str
    industry: str
    sector: str
    price: float  # in the currency of its market
    size: float  # free-float value, comparable within one country; 0 keeps it out of the broad indexes

    @property
    def is_korean(self) -> bool:
        return self.market.startswith("KO")


@dataclass(frozen=True)
class Instrument:
    """A bond, contract or metal: everything held that is neither a stock nor an ETF. Its price is in KRW a unit."""

    code: str
    name: str
    kind: str
    price: float
    follows: str
    beta: float


@dataclass(frozen=True)
class Basket:
    """Weights in % of net assets, exposure in multiples of net assets."""

    stocks: dict[str, float]
    others: dict[str, float] = field(default_factory=dict)
    exposure: dict[str, float] = field(default_factory=dict)
    pool: tuple[str, ...] = ()
    active: bool = False
    daily_reset: bool = False


@dataclass(frozen=True)
class Fund:
    """One ETF: its attributes as in the tidy format, its first price (KRW) and the basket it follows."""

    code: str
    attributes: dict[str, str]
    price: float
    creation_unit: int
    basket: str

    @property
    def brand(self) -> str:
        return self.attributes["name"].split()[0]

    @property
    def fee(self) -> float:
        return float(self.attributes["fee"] or 0)

    @property
    def is_domestic_stock_fund(self) -> bool:
        return self.attributes["market"] == "국내" and self.attributes["asset_class"] == "주식"


@dataclass(frozen=True)
class Definitions:
    stocks: dict[str, Stock]
    instruments: dict[str, Instrument]
    funds: dict[str, Fund]
    baskets: dict[str, Basket]
    market: dict
    renames: tuple[dict[str, str], ...]
    trading_days: tuple[date, ...]


def isin_of(code: str) -> str:
    """The ISIN of a Korean share or ETF: KR7, its code, 00 and the Luhn digit of ISO 6166."""
    body = f"KR7{code}00"
    digits = "".join(str(int(character, 36)) for character in body)
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if position % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return f"{body}{-total % 10}"


def read_csv(name: str) -> list[dict[str, str]]:
    with open(FOLDER / name, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _read_yaml(name: str) -> dict:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def _weights(lines: list[str] | None) -> dict[str, float]:
    pairs = (line.rsplit(" ", 1) for line in lines or ())
    return {code: float(weight) for code, weight in pairs}


def _basket(definition: dict, stocks: dict[str, Stock]) -> Basket:
    markets = definition.get("markets")
    if markets:
        weights = {stock.code: stock.size for stock in stocks.values() if stock.market in markets and stock.size}
    else:
        weights = _weights(definition.get("stocks"))
    others = _weights(definition.get("others"))
    room = 100 - definition.get("cash", 0) - fsum(others.values())
    total = fsum(weights.values())
    return Basket(
        stocks={code: weight * room / total for code, weight in weights.items()},
        others=others,
        exposure=_weights(definition.get("exposure")),
        pool=tuple(definition.get("pool", ())),
        active=definition.get("active", False),
        daily_reset=definition.get("daily_reset", False),
    )


def _trading_days(market: dict) -> tuple[date, ...]:
    day, last, holidays = market["first_day"], market["last_day"], set(market["holidays"])
    days = []
    while day <= last:
        if day.weekday() < 5 and day not in holidays:
            days.append(day)
        day += timedelta(days=1)
    return tuple(days)


@cache
def definitions() -> Definitions:
    """The whole sample market as it is written down; ValueError names a basket line whose code is unknown."""
    market = _read_yaml("market.yaml")
    stocks = {
        row["code"]: Stock(**(row | {"price": float(row["price"]), "size": float(row["size"])}))
        for row in read_csv("stocks.csv")
    }
    instruments = {
        row["code"]: Instrument(**(row | {"price": float(row["price"]), "beta": float(row["beta"])}))
        for row in read_csv("instruments.csv")
    }
    funds = {
        row["code"]: Fund(row["code"], row, float(row["price"]), int(row["creation_unit"] or 50_000), row["basket"])
        for row in read_csv("etfs.csv")
    }
    baskets = {name: _basket(entry, stocks) for name, entry in _read_yaml("baskets.yaml").items()}
    for name, basket in baskets.items():
        named = {*basket.stocks, *basket.others, *basket.exposure, *basket.pool}
        unknown = named - stocks.keys() - instruments.keys() - funds.keys()
        if unknown:
            raise ValueError(f"basket {name} names unknown codes: {sorted(unknown)}")
    return Definitions(
        stocks, instruments, funds, baskets, market, tuple(read_csv("renames.csv")), _trading_days(market)
    )
