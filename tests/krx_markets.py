"""Markets in the form in which KRX tells of them: recorded, invented, or made of tidy tables at the time of the test."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from backend.collection.sources.krx.rows import check_digit, isin_of

Row = dict[str, str]
WON_DEPOSIT, NOTIONAL = "KRD010010001", "CASH00000001"


@dataclass
class Market:
    """What KRX knows. Prices are rows of MDCSTAT04301 by day, baskets rows of MDCSTAT05001 by day and ISIN.

    A day without prices is a holiday.
    """

    listing: list[Row] = field(default_factory=list)
    prices: dict[date, list[Row]] = field(default_factory=dict)
    baskets: dict[tuple[date, str], list[Row]] = field(default_factory=dict)

    @property
    def days(self) -> list[date]:
        return sorted(self.prices)

    @property
    def codes(self) -> list[str]:
        return [row["ISU_SRT_CD"] for row in self.listing]

    def basket(self, etf: str, day: date) -> list[Row]:
        """Return an ETF's basket by its code."""
        return self.baskets[day, isin_of(etf)]

    def open_api(self, day: date) -> list[Row]:
        """Return the day's prices as the Open API writes them: no commas, the short code as ISU_CD, the day in each row."""
        renamed = {"ISU_SRT_CD": "ISU_CD", "ISU_ABBRV": "ISU_NM", "FLUC_RT1": "FLUC_RT_IDX"}
        left_out = ("ISU_CD", "SECUGRP_ID", "FLUC_TP_CD", "FLUC_TP_CD1")
        return [
            {"BAS_DD": f"{day:%Y%m%d}"}
            | {renamed.get(name, name): _plain(value) for name, value in row.items() if name not in left_out}
            for row in self.prices.get(day, [])
        ]

    def dashes(self) -> list[Row]:
        """Return what the data service says of prices on a holiday: every ETF, and nothing of it but its shares."""
        kept = ("ISU_SRT_CD", "ISU_CD", "SECUGRP_ID", "ISU_ABBRV", "LIST_SHRS", "IDX_IND_NM")
        rows = self.prices[self.days[-1]] if self.prices else []
        return [
            {name: value if name in kept else "0" if name.startswith("FLUC_TP") else "-" for name, value in row.items()}
            for row in rows
        ]


def _plain(value: str) -> str:
    number = value.replace(",", "")
    return number if number.lstrip("-").replace(".", "", 1).isdigit() else value


def recorded(folder: Path) -> Market:
    """Return the recorded answers of a folder, each under the day it was asked for."""
    market = Market()
    for path in sorted(folder.glob("MDCSTAT*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = content["response"]["output"]
        asked = dict(pair.split("=") for pair in content["request_body"].split("&"))
        day = date.fromisoformat(asked["trdDd"]) if "trdDd" in asked else None
        if "MDCSTAT04601" in path.name:
            market.listing = rows
        elif "MDCSTAT05001" in path.name and day:
            market.baskets[day, asked["isuCd"]] = rows
        elif "MDCSTAT04301" in path.name and "dashes" not in path.name and day:
            market.prices[day] = rows
    return market


SYLLABLES = "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허"


def invented(days: Sequence[date], etfs: int = 12, seed: int = 7) -> Market:
    """Return a market that nobody trades on, the same for the same arguments.

    Of four ETFs one each holds Korean stocks by an index, Korean stocks by choice (with some bought and some sold every
    day), foreign shares that KRX does not value, and a futures contract against another ETF.
    """
    chance = random.Random(seed)
    stocks = [(f"9{n:04}0", "".join(chance.sample(SYLLABLES, 3))) for n in range(80)]
    foreign = [(_isin("US", f"9{n:08}"), f"{_word(chance)} {_word(chance)} INC") for n in range(60)]
    codes = [f"7{n:04}0" if n % 3 else f"7{n:03}{string.ascii_uppercase[n % 26]}0" for n in range(etfs)]
    market = Market([_listed(code, n, days) for n, code in enumerate(codes)])
    price = {code: chance.randrange(5_000, 200_000) for code, _ in stocks}
    chosen = {code: dict.fromkeys(chance.sample(range(len(stocks)), 15), 100) for code in codes[1::4]}
    for day in days:
        for code in price:
            price[code] = max(1_000, round(price[code] * chance.uniform(0.97, 1.03)))
        for held in chosen.values():
            _trade(held, len(stocks), chance)
        for n, code in enumerate(codes):
            match n % 4:
                case 0:
                    rows = [_share(*stocks[k], 500 + 10 * k, price[stocks[k][0]]) for k in range(n, n + 20)]
                case 1:
                    rows = [_share(*stocks[k], shares, price[stocks[k][0]]) for k, shares in chosen[code].items()]
                case 2:
                    rows = [_abroad(*foreign[k], 40 + k) for k in range(n, n + 25)]
                case _:
                    rows = [
                        _row(_isin("KR", "4101R6000"), "가온지수 F 203012", "-3.58", value=-375_184_000, group="FU")
                    ]
                    rows += [_share(codes[0], "가온 대표지수 1", -324, 43_045, group="EF")]
            rows += [_row(WON_DEPOSIT, "원화예금", "-", amount=380_000_000 if n % 4 > 1 else 1_500_000 + n)]
            if n % 4 > 1:
                rows += [_row(NOTIONAL, "설정현금액", "-", amount=380_000_000)]
            market.baskets[day, isin_of(code)] = rows
        market.prices[day] = [_priced(code, n, chance) for n, code in enumerate(codes)]
    return market


def _trade(held: dict[int, int], stocks: int, chance: random.Random) -> None:
    """Sell one position, buy one that was not held, and change two."""
    del held[chance.choice(sorted(held))]
    held[chance.choice([k for k in range(stocks) if k not in held])] = 100
    for k in chance.sample(sorted(held), 2):
        held[k] = round(held[k] * chance.choice((0.6, 1.5)))


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_uppercase, k=6))


def _isin(country: str, national: str) -> str:
    return country + national + check_digit(country + national)


def _listed(code: str, n: int, days: Sequence[date]) -> Row:
    kind = ("대표지수", "성장액티브", "미국기업", "선물인버스")[n % 4]
    name = f"가온 {kind} {n + 1}"
    return {
        "ISU_CD": isin_of(code),
        "ISU_SRT_CD": code,
        "ISU_NM": f"{name} 증권상장지수투자신탁",
        "ISU_ABBRV": name,
        "ISU_ENG_NM": f"GAON ETF {n + 1}",
        "LIST_DD": "2020/01/02" if n or not days else f"{days[0]:%Y/%m/%d}",
        "ETF_OBJ_IDX_NM": f"가온 {kind} 지수",
        "IDX_CALC_INST_NM1": "가온지수",
        "IDX_CALC_INST_NM2": "1X 인버스" if n % 4 == 3 else "일반",
        "ETF_REPLICA_METHD_TP_CD": "실물(액티브)" if n % 4 == 1 else "실물(패시브)",
        "IDX_MKT_CLSS_NM": "해외" if n % 4 == 2 else "국내",
        "IDX_ASST_CLSS_NM": "주식",
        "LIST_SHRS": f"{1_000_000 + n:,}",
        "COM_ABBRV": "가온자산운용",
        "CU_QTY": "50,000",
        "ETF_TOT_FEE": f"0.{(n + 1) * 10:06}"[:8],
        "TAX_TP_CD": "비과세",
    }


def _priced(code: str, n: int, chance: random.Random) -> Row:
    close = 10_000 + 5 * chance.randrange(0, 400)
    return price_row(
        code, f"가온 {n + 1}", close, nav=close + 12.34, opening=close - 20, high=close + 55, low=close - 45,
        volume=1_000 * (n + 1), net_assets=close * 1_000_000,
    )  # fmt: skip


def price_row(
    code: str,
    name: str,
    close: float,
    *,
    nav: float,
    opening: float,
    high: float,
    low: float,
    volume: int,
    net_assets: int,
) -> Row:
    """Return a row of MDCSTAT04301."""
    return {
        "ISU_SRT_CD": code,
        "ISU_CD": isin_of(code),
        "SECUGRP_ID": "EF",
        "ISU_ABBRV": name,
        "TDD_CLSPRC": f"{close:,.0f}",
        "CMPPREVDD_PRC": "20",
        "FLUC_TP_CD": "1",
        "FLUC_RT": "0.20",
        "NAV": f"{nav:,.2f}",
        "TDD_OPNPRC": f"{opening:,.0f}",
        "TDD_HGPRC": f"{high:,.0f}",
        "TDD_LWPRC": f"{low:,.0f}",
        "ACC_TRDVOL": f"{volume:,}",
        "ACC_TRDVAL": f"{round(volume * close):,}",
        "MKTCAP": f"{net_assets:,}",
        "INVSTASST_NETASST_TOTAMT": f"{net_assets:,}",
        "LIST_SHRS": "1,000,000",
        "IDX_IND_NM": "지수",
        "OBJ_STKPRC_IDX": "1,234.56",
        "CMPPREVDD_IDX": "1.43",
        "FLUC_TP_CD1": "1",
        "FLUC_RT1": "0.12",
    }


def _row(
    code: str,
    name: str,
    shares: str,
    *,
    isin: str | None = None,
    market: str | None = None,
    group: str = "",
    value: int | None = None,
    amount: int | None = None,
) -> Row:
    """Return a row of MDCSTAT05001."""
    markets = {"ST": "STK", "EF": "STK", "FU": "DRV", "OP": "DRV"}
    return {
        "COMPST_ISU_CD": code,
        "COMPST_ISU_CD2": isin or code,
        "MKT_ID": markets.get(group, "") if market is None else market,
        "SECUGRP_ID": group,
        "COMPST_ISU_NM": name,
        "COMPST_ISU_CU1_SHRS": shares,
        "VALU_AMT": "-" if value is None else f"{value:,}",
        "COMPST_AMT": "-" if amount is None else f"{amount:,}",
        "COMPST_RTO": "-",
    }


def _share(code: str, name: str, shares: float, price: int, group: str = "ST") -> Row:
    amount = round(shares * price)
    return _row(code, name, f"{shares:,.2f}", isin=isin_of(code), group=group, value=amount, amount=amount)


def _abroad(isin: str, name: str, shares: float) -> Row:
    """Return a foreign share, which KRX does not value."""
    return _row(isin, name, f"{shares:,.2f}", value=0, amount=0)


def of_tidy(folder: Path, days: Iterable[date], *, holdings: str = "holdings_full.csv.gz") -> Market:
    """Return what KRX would say of the days in a folder of tidy CSV files."""
    wanted = [day.isoformat() for day in days]
    etfs = pl.read_csv(folder / "etfs.csv", infer_schema=False)
    stocks = pl.read_csv(folder / "stocks.csv", infer_schema=False).filter(pl.col("isin").is_not_null())
    isins = {code: isin.partition(";")[0] for code, isin in stocks.select("stock_code", "isin").iter_rows()}
    held = pl.read_csv(folder / holdings, infer_schema=False).filter(pl.col("date").is_in(wanted))
    market = Market([_listed_as(row) for row in etfs.iter_rows(named=True)])
    closes = pl.read_csv(folder / "prices.csv", infer_schema=False).filter(pl.col("close").is_not_null()).sort("date")
    last = {row["etf_code"]: row for row in closes.iter_rows(named=True)}
    on_day = {(row["date"], row["etf_code"]): row for row in closes.iter_rows(named=True)}
    for (day, etf), rows in held.group_by("date", "etf_code", maintain_order=True):
        market.baskets[date.fromisoformat(str(day)), isin_of(str(etf))] = [
            _held_as(row, isins) for row in rows.iter_rows(named=True)
        ]
    for day in wanted:
        market.prices[date.fromisoformat(day)] = [
            _priced_as(row, on_day.get((day, row["etf_code"])) or last.get(row["etf_code"]) or {})
            for row in etfs.iter_rows(named=True)
        ]
    return market


def _listed_as(row: dict[str, str | None]) -> Row:
    listed = row["listing_date"] or "2026-01-02"
    values = {
        "ISU_CD": isin_of(row["etf_code"] or ""),
        "ISU_SRT_CD": row["etf_code"],
        "ISU_NM": row["name_full_ko"],
        "ISU_ABBRV": row["name_ko"],
        "ISU_ENG_NM": row["name_en"],
        "LIST_DD": listed.replace("-", "/"),
        "ETF_OBJ_IDX_NM": row["underlying_index"],
        "IDX_CALC_INST_NM1": row["index_provider"],
        "IDX_CALC_INST_NM2": row["leverage_type"],
        "ETF_REPLICA_METHD_TP_CD": row["replication"],
        "IDX_MKT_CLSS_NM": row["index_market"],
        "IDX_ASST_CLSS_NM": row["asset_class"],
        "LIST_SHRS": _commas(row["listed_shares"]),
        "COM_ABBRV": row["manager_krx_abbrv"] or row["manager_ko"],
        "CU_QTY": _commas(row["cu_qty_shares"]),
        "ETF_TOT_FEE": row["total_fee_pct_per_year"],
        "TAX_TP_CD": row["tax_type"],
    }
    return {name: value or "-" for name, value in values.items()}


def _priced_as(row: dict[str, str | None], price: dict[str, str | None]) -> Row:
    close = float(price.get("close") or 10_000)
    return price_row(
        row["etf_code"] or "", row["name_ko"] or "", close, nav=float(price.get("nav") or close),
        opening=float(price.get("open") or close), high=float(price.get("high") or close),
        low=float(price.get("low") or close), volume=int(float(price.get("volume_shares") or 100)),
        net_assets=int(float(row["net_asset_krw"] or 10_000_000_000)),
    )  # fmt: skip


def _held_as(row: dict[str, str | None], isins: dict[str, str]) -> Row:
    code, name, kind = row["constituent_code"] or "", row["constituent_name"] or "", row["kind"] or ""
    shares = "-" if row["qty_per_cu"] is None else f"{float(row['qty_per_cu']):,.2f}"
    amount = None if row["valuation_krw_per_cu"] is None else round(float(row["valuation_krw_per_cu"]))
    if kind == "cash":
        return _row(NOTIONAL if code == "CASH_NOTIONAL" else WON_DEPOSIT, name, "-", amount=amount)
    if kind in ("stock", "etf"):
        if len(code) == 6 and code.isalnum():
            group = "EF" if kind == "etf" else "ST"
            return _row(code, name, shares, isin=isin_of(code), group=group, value=amount, amount=amount)
        return _row(isins.get(code, code), name, shares, value=0, amount=0)
    if kind == "derivative":
        group = "FU" if code.startswith("KR4A") else "OP" if code.startswith("KR4") else ""
        return _row(code, name, shares, group=group, value=amount)
    return _row(code, name, shares, value=amount, amount=amount)


def _commas(number: str | None) -> str | None:
    return None if number is None else f"{int(float(number)):,}"
