"""A market of two ETFs and three stocks, and what the graphs hold of it after a load."""

from __future__ import annotations

from backend.graph.labels import HISTORY, MARKET
from tests import graph_contents as contents
from tests import market_files as market

D1, D2, D3 = "2026-01-05", "2026-01-06", "2026-01-07"
ETFS = [
    market.etf(
        "AAA001",
        isin="KR7AAA001003",
        underlying_index="시험 반도체 지수",
        is_active="N",
        total_fee_pct_per_year="0.150000",
        listing_date="2020-03-02",
        net_asset_krw="120000000000",
    ),
    market.etf("BBB002", is_active="Y", listing_date="1900-01-01", net_asset_krw="0"),
]
STOCKS = [
    {
        "stock_code": "005930",
        "isin": "KR7005930003",
        "name": "삼성전자",
        "market": "KOSPI",
        "industry_ksic": "반도체 제조업",
    },
    {
        "stock_code": "000660",
        "isin": "KR7000660001",
        "name": "SK하이닉스",
        "market": "KOSPI",
        "industry_ksic": "반도체 제조업",
    },
    {
        "stock_code": "NVDA US",
        "isin": "US67066G1040",
        "name": "NVIDIA Corp",
        "name_ko_for_foreign": "엔비디아",
        "market": "US",
    },
]
FIRST = {"005930": (100, 50.0), "000660": (20, 30.0), "NVDA US": (5, 20.0)}


def held(database, day: str, etf: str = "AAA001") -> dict[str, tuple]:
    return {
        end: (values.get("weight"), values.get("shares"))
        for start, end, values in contents.edges(database, HISTORY, "HELD")
        if (start, values["date"]) == (etf, day)
    }


def holds(database, etf: str = "AAA001") -> dict[str, str]:
    """Return the date of each HOLDS edge of an ETF by what it holds."""
    return {end: values["date"] for start, end, values in contents.edges(database, MARKET, "HOLDS") if start == etf}


def trades(database, graph: str = HISTORY) -> list[tuple]:
    return sorted(
        (start, values["date"], values["previous"], end, values["action"])
        for start, end, values in contents.edges(database, graph, "TRADED")
    )


def folder(tmp_path, **tables):
    return market.folder(tmp_path, **{"etfs": ETFS, "stocks": STOCKS, **tables})
