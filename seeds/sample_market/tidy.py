"""The tidy format: its columns, and how the sample market is written in them."""

import csv
import gzip
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

Row = dict[str, str | float | int | None]


def _columns(header: str) -> tuple[str, ...]:
    return tuple(header.split(","))


ETF_COLUMNS = _columns(
    "etf_code,isin,name_ko,name_krx_20260125_if_different,name_full_ko,name_en,brand,manager_ko,manager_krx_abbrv,"
    "underlying_index,index_provider,leverage_type,replication,is_active,index_market,asset_class,provider_category,"
    "listing_date,cu_qty_shares,listed_shares_20260125,total_fee_pct_per_year,tax_type,aum_date,net_asset_krw,"
    "market_cap_krw,listed_shares,aum_source,in_krx_master_20260125,in_provider_lineup_20260714"
)
STOCK_COLUMNS = _columns(
    "stock_code,isin,name,name_ko_for_foreign,other_names_seen,market,krx_dept,industry_ksic,products,"
    "close_krw_20260320,market_cap_krw_20260320,n_holding_rows"
)
HOLDING_COLUMNS = _columns(
    "date,etf_code,constituent_code,constituent_code_source,constituent_name,kind,qty_per_cu,valuation_krw_per_cu,"
    "weight_pct_source,weight_pct,weight_basis"
)
PRICE_COLUMNS = _columns(
    "date,etf_code,open,high,low,close,nav,volume_shares,value_krw,index_close,net_asset_krw,market_cap_krw,"
    "listed_shares,source"
)
RENAME_COLUMNS = _columns("etf_code,name_20210325,name_20260125,name_202607,kind")
EQUIVALENT_COLUMNS = _columns("code_a,code_b,company,evidence")

FILES = {
    "etfs": ("etfs.csv", ETF_COLUMNS),
    "stocks": ("stocks.csv", STOCK_COLUMNS),
    "holdings": ("holdings_full.csv", HOLDING_COLUMNS),
    "prices": ("prices.csv", PRICE_COLUMNS),
    "renames": ("etf_renames.csv", RENAME_COLUMNS),
    "equivalents": ("ticker_equivalents.csv", EQUIVALENT_COLUMNS),
}


def as_csv(columns: Iterable[str], rows: Iterable[Row]) -> str:
    """Rows as CSV text with a header; what is unknown (None) is left empty."""
    text = StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_table(directory: Path, name: str, rows: Iterable[Row], *, compressed: bool) -> Path:
    """Write one table of the tidy format and return its path; `compressed` makes it a .csv.gz."""
    file_name, columns = FILES[name]
    text = as_csv(columns, rows).encode()
    if not compressed:
        path = directory / file_name
        path.write_bytes(text)
        return path
    path = directory / f"{file_name}.gz"
    path.write_bytes(gzip.compress(text, mtime=0))
    return path
