"""Put the sample market together: the rows of every table of the tidy format."""

from dataclasses import dataclass
from pathlib import Path

from seeds.sample_market.definitions import Definitions, Fund, Stock, definitions, isin_of
from seeds.sample_market.portfolios import Portfolio, Snapshot
from seeds.sample_market.price_paths import PricePaths
from seeds.sample_market.quotes import Quote, quotes
from seeds.sample_market.tidy import Row, write_table

SOURCE = "sample"


@dataclass(frozen=True)
class SampleMarket:
    """Real names and codes, invented figures. Rows have the columns of the tidy format; None is unknown."""

    etfs: list[Row]
    stocks: list[Row]
    holdings: list[Row]
    prices: list[Row]
    renames: list[Row]
    equivalents: list[Row]

    def write_csv(self, directory: Path | str, *, compressed: bool = False) -> list[Path]:
        """Write the six tables into `directory` (made if missing) in the tidy format; returns their paths."""
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        return [write_table(folder, name, rows, compressed=compressed) for name, rows in vars(self).items()]


def generate() -> SampleMarket:
    """The sample market, the same on every machine and at every call."""
    return _Generator(definitions()).generate()


class _Generator:
    def __init__(self, written: Definitions):
        self._definitions = written
        self._market = written.market
        self._events = written.market["events"]
        self._dates = [day.isoformat() for day in written.trading_days]
        paths = PricePaths(written)
        self._krw = paths.krw
        self._dollar = paths.currencies["USD"]
        self._snapshots: dict[str, list[Snapshot]] = {}
        self._quotes: dict[str, list[Quote]] = {}

    def generate(self) -> SampleMarket:
        for fund in self._definitions.funds.values():
            self._live(fund)
        funds = self._definitions.funds.values()
        return SampleMarket(
            etfs=[self._etf_row(fund) for fund in funds],
            stocks=[_stock_row(stock) for stock in self._definitions.stocks.values()],
            holdings=[row for fund in funds for row in self._holding_rows(fund)],
            prices=[row for fund in funds for row in self._price_rows(fund)],
            renames=[dict(row) for row in self._definitions.renames],
            equivalents=[_equivalent_row(stock) for stock in self._definitions.stocks.values() if not stock.is_korean],
        )

    def _live(self, fund: Fund) -> None:
        """Follow a fund through the days, after the funds it holds."""
        if fund.code in self._snapshots:
            return
        for code in self._definitions.baskets[fund.basket].others:
            if code in self._definitions.funds:
                self._live(self._definitions.funds[code])
        listed = fund.attributes["listed"]
        first_day = next(day for day, date in enumerate(self._dates) if date >= listed)
        snapshots = Portfolio(fund, self._definitions, self._price_of, first_day).snapshots()
        self._snapshots[fund.code] = snapshots
        self._quotes[fund.code] = quotes(fund, snapshots)
        self._krw[fund.code] = [0.0] * first_day + [float(quote.close) for quote in self._quotes[fund.code]]

    def _price_of(self, code: str, day: int) -> float:
        return self._krw[code][day]

    def _etf_row(self, fund: Fund) -> Row:
        attributes, last = fund.attributes, self._quotes[fund.code][-1]
        known = bool(attributes["index"])  # a young ETF is not in the master file yet
        return {
            "etf_code": fund.code,
            "isin": isin_of(fund.code) if known else None,
            "name_ko": attributes["name"],
            "name_krx_20260125_if_different": None,
            "name_full_ko": None,
            "name_en": attributes["name_en"] or None,
            "brand": fund.brand,
            "manager_ko": self._market["managers"][fund.brand],
            "manager_krx_abbrv": self._market["managers"][fund.brand] if known else None,
            "underlying_index": attributes["index"] or None,
            "index_provider": attributes["provider"] or None,
            "leverage_type": attributes["leverage"] or None,
            "replication": attributes["replication"] or None,
            "is_active": "Y" if "액티브" in attributes["name"] else "N",
            "index_market": attributes["market"] or None,
            "asset_class": attributes["asset_class"] or None,
            "provider_category": attributes["category"] or None,
            "listing_date": attributes["listed"],
            "cu_qty_shares": fund.creation_unit if known else None,
            "listed_shares_20260125": None,
            "total_fee_pct_per_year": f"{fund.fee:.6f}" if attributes["fee"] else None,
            "tax_type": _tax_type(fund) if known else None,
            "aum_date": self._dates[-1],
            "net_asset_krw": round(last.listed_shares * last.nav),
            "market_cap_krw": last.listed_shares * last.close,
            "listed_shares": last.listed_shares,
            "aum_source": SOURCE,
            "in_krx_master_20260125": "Y" if known else "N",
            "in_provider_lineup_20260714": "Y",
        }

    def _price_rows(self, fund: Fund) -> list[Row]:
        return [
            {
                "date": self._dates[snapshot.day],
                "etf_code": fund.code,
                "open": quote.open,
                "high": quote.high,
                "low": quote.low,
                "close": quote.close,
                "nav": quote.nav,
                "volume_shares": quote.volume,
                "value_krw": quote.value,
                "index_close": None,
                "net_asset_krw": round(quote.listed_shares * quote.nav),
                "market_cap_krw": quote.listed_shares * quote.close,
                "listed_shares": quote.listed_shares,
                "source": SOURCE,
            }
            for snapshot, quote in zip(self._snapshots[fund.code], self._quotes[fund.code], strict=True)
        ]

    def _holding_rows(self, fund: Fund) -> list[Row]:
        absent = {
            self._events[name]["date"].isoformat() for name in ("late", "gap") if self._events[name]["etf"] == fund.code
        }
        return [
            row
            for snapshot in self._snapshots[fund.code]
            if self._dates[snapshot.day] not in absent
            for row in self._snapshot_rows(fund, snapshot)
        ]

    def _snapshot_rows(self, fund: Fund, snapshot: Snapshot) -> list[Row]:
        rows = []
        for code, quantity in snapshot.quantities.items():
            value = quantity * self._krw[code][snapshot.day]
            rows.extend(self._security_rows(fund, snapshot, code, quantity, value))
        for code, quantity in snapshot.exposure.items():
            value = quantity * self._krw[code][snapshot.day]
            instrument = self._definitions.instruments[code]
            row = self._row(fund, snapshot, code, instrument.name, instrument.kind, round(quantity, 2), value)
            rows.append(row | {"weight_pct": None, "weight_basis": "U"})
        rows.extend(self._cash_rows(fund, snapshot))
        return rows

    def _security_rows(self, fund: Fund, snapshot: Snapshot, code: str, quantity: float, value: float) -> list[Row]:
        shown, name, kind = self._identity(fund, code)
        event = self._events["split_row"]
        if (event["etf"], event["code"]) == (fund.code, code):
            part = quantity // 3
            shares = (part, quantity - part)
            return [self._row(fund, snapshot, shown, name, kind, share, value * share / quantity) for share in shares]
        row = self._row(fund, snapshot, shown, name, kind, quantity, value)
        event = self._events["unweighted"]
        if (event["etf"], event["code"]) == (fund.code, code):
            row |= {"valuation_krw_per_cu": None, "weight_pct_source": None, "weight_pct": None}
        return [row]

    def _identity(self, fund: Fund, code: str) -> tuple[str, str, str]:
        """The code, name and kind under which this fund's manager reports a security."""
        if code in self._definitions.funds:
            return code, self._definitions.funds[code].attributes["name"], "etf"
        if code in self._definitions.instruments:
            instrument = self._definitions.instruments[code]
            return code, instrument.name, instrument.kind
        stock = self._definitions.stocks[code]
        if not stock.is_korean and fund.brand in self._market["isin_brands"]:
            return stock.isin, stock.name.upper(), "stock"
        return code, stock.name, "stock"

    def _cash_rows(self, fund: Fund, snapshot: Snapshot) -> list[Row]:
        won = "원화현금" if fund.brand == "KODEX" else "원화예금"
        dollars = snapshot.cash / 2 if self._keeps_dollars(fund) else 0.0
        rows = [self._row(fund, snapshot, "CASH", won, "cash", round(snapshot.cash - dollars), snapshot.cash - dollars)]
        if dollars:
            amount = round(dollars / self._dollar[snapshot.day], 2)
            rows.append(self._row(fund, snapshot, "CASH", "[USD] 예금", "cash", amount, dollars))
        if fund.brand in self._market["notional_cash_brands"] and not self._is_plain(fund):
            row = self._row(fund, snapshot, "CASH_NOTIONAL", "설정현금액", "cash", 0, snapshot.value)
            rows.append(row | {"weight_pct_source": 0, "weight_pct": None})
        return rows

    def _keeps_dollars(self, fund: Fund) -> bool:
        return fund.brand == self._events["two_cash_rows"]["brand"] and fund.attributes["market"] == "해외"

    def _is_plain(self, fund: Fund) -> bool:
        return fund.is_domestic_stock_fund and not self._definitions.baskets[fund.basket].exposure

    def _row(
        self, fund: Fund, snapshot: Snapshot, code: str, name: str, kind: str, quantity: float, value: float
    ) -> Row:
        weight = round(value / snapshot.value * 100, 2)
        usable = not self._definitions.baskets[fund.basket].daily_reset
        basis = "P" if fund.code == self._events["unweighted"]["etf"] else "R"
        return {
            "date": self._dates[snapshot.day],
            "etf_code": fund.code,
            "constituent_code": code,
            "constituent_code_source": None,
            "constituent_name": name,
            "kind": kind,
            "qty_per_cu": int(quantity) if quantity == int(quantity) else quantity,
            "valuation_krw_per_cu": round(value),
            "weight_pct_source": weight,
            "weight_pct": weight if usable else None,
            "weight_basis": basis if usable else "U",
        }


def _tax_type(fund: Fund) -> str:
    is_tax_free = fund.is_domestic_stock_fund and not any(
        word in fund.attributes["name"] for word in ("액티브", "레버리지", "인버스", "커버드콜")
    )
    return "비과세" if is_tax_free else "배당소득세(보유기간과세)"


def _stock_row(stock: Stock) -> Row:
    return {
        "stock_code": stock.code,
        "isin": stock.isin or isin_of(stock.code),
        "name": stock.name,
        "name_ko_for_foreign": stock.name_ko or None,
        "other_names_seen": None,
        "market": stock.market,
        "krx_dept": None,
        "industry_ksic": stock.industry or None,
        "products": None,
        "close_krw_20260320": None,
        "market_cap_krw_20260320": None,
        "n_holding_rows": None,
    }


def _equivalent_row(stock: Stock) -> Row:
    return {"code_a": stock.isin, "code_b": stock.code, "company": stock.name, "evidence": SOURCE}
