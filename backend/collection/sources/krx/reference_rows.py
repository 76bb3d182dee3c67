"""The ETFs that KRX lists, as rows of the table `etfs`.

What KRX does not tell (the brand where a name shows none, the manager's own category) stays empty, and an empty cell of
this source never replaces what is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

import polars as pl

from backend.collection.feed import columns
from backend.collection.sources.krx.rows import ETF_CODE, NotANumber, Row, number, text

# Managers by the names they use themselves, where KRX spells them out.
MANAGERS = {"케이비자산운용": "KB자산운용"}
ACTIVE = "액티브"
# The number that older lists put behind a multiple: "2X 레버리지 (2)".
MULTIPLE_MARK = re.compile(r"\s*\(-?\d+\)$")
# Brands that are not always followed by a space.
BRAND = re.compile(r"(TIGER|KODEX|KIWOOM|HANARO|KoAct|RISE|PLUS|TIME|SOL|ACE|1Q)(?![A-Za-z])")
COLUMNS = (*columns("etfs"), "file", "line")


def etfs(day: date, listing: Sequence[Row], prices: Sequence[Row], held: Iterable[str]) -> pl.DataFrame:
    """Return the table `etfs`: every listed ETF, and with its name alone what has a basket and is listed no more."""
    traded = {code: row for row in prices if (code := text(row, "ISU_SRT_CD") or text(row, "ISU_CD"))}
    rows = {}
    for line, row in enumerate(listing, 1):
        code = text(row, "ISU_SRT_CD")
        if code and ETF_CODE.fullmatch(code) and text(row, "ISU_ABBRV"):
            rows[code] = _listed(row, line) | _net_assets(day, traded.get(code))
    for code in sorted(set(held) - rows.keys()):
        row = traded.get(code, {})
        name = text(row, "ISU_ABBRV") or text(row, "ISU_NM") or code
        rows[code] = {"etf_code": code, "name_ko": name, "brand": brand_of(name), "line": 0} | _net_assets(day, row)
    schema = dict.fromkeys(COLUMNS, pl.String) | {"line": pl.Int64}
    return pl.DataFrame(
        [tuple((values | {"file": "KRX MDCSTAT04601"}).get(column) for column in COLUMNS) for values in rows.values()],
        schema=schema,
        orient="row",
    )


def _listed(row: Row, line: int) -> dict[str, str | int | None]:
    name, replication = text(row, "ISU_ABBRV"), text(row, "ETF_REPLICA_METHD_TP_CD")
    manager = text(row, "COM_ABBRV")
    leverage = text(row, "IDX_CALC_INST_NM2")
    return {
        "etf_code": text(row, "ISU_SRT_CD"),
        "isin": text(row, "ISU_CD"),
        "name_ko": name,
        "name_en": text(row, "ISU_ENG_NM"),
        "brand": brand_of(name or ""),
        "manager_ko": MANAGERS.get(manager or "", manager),
        "underlying_index": text(row, "ETF_OBJ_IDX_NM"),
        "leverage_type": MULTIPLE_MARK.sub("", leverage) if leverage else None,
        "replication": replication,
        # Lists from before 2024 give the replication without saying who chooses; then the name does, by KRX's rule.
        "is_active": "Y" if ACTIVE in (replication or "") or ACTIVE in (name or "") else "N",
        "index_market": text(row, "IDX_MKT_CLSS_NM"),
        "asset_class": text(row, "IDX_ASST_CLSS_NM"),
        "listing_date": _day(text(row, "LIST_DD")),
        "cu_qty_shares": _figure(row, "CU_QTY"),
        "total_fee_pct_per_year": _figure(row, "ETF_TOT_FEE"),
        "tax_type": text(row, "TAX_TP_CD"),
        "line": line,
    }


def _net_assets(day: date, row: Row | None) -> dict[str, str | None]:
    figure = _figure(row, "INVSTASST_NETASST_TOTAMT") if row else None
    # On the newest day KRX may give 0 for what it has not reckoned yet.
    if not figure or float(figure) <= 0:
        return {}
    return {"net_asset_krw": figure, "aum_date": day.isoformat()}


def _figure(row: Row, field: str) -> str | None:
    """Return a number as plain text, None where the cell holds none: the ETF is worth loading without its fee."""
    try:
        return number(row, field)
    except NotANumber:
        return None


def _day(written: str | None) -> str | None:
    """Return a date of either of KRX's spellings (2002/10/14, 20021014) as ISO 8601."""
    digits = re.sub(r"[/.-]", "", written or "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if re.fullmatch(r"\d{8}", digits) else None


def brand_of(name: str) -> str | None:
    """Return the brand that an ETF's name begins with."""
    known = BRAND.match(name)
    if known:
        return known.group()
    first, _, rest = name.partition(" ")
    return first if rest else None
