"""What a constituent of a KRX basket is: stock, ETF, bond, cash, derivative or other.

KRX groups what it lists itself (SECUGRP_ID, MKT_ID). Everything else comes without a group; then the code says it. The
third character of a Korean code tells its class: KR1, KR2, KR3, KR6 bonds, KR4 derivatives, KR5 funds, KR7 and KR8
shares, KRC and KRZ money market paper, KRD deposits, KRG ETNs, KRY products over the counter. Another country's ISIN
stands for a share unless the name reads like a bond or a contract.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from backend.collection.sources.krx.rows import ETF_CODE, ISIN, Row, text

GROUPS = {
    # Shares: also depositary receipts, foreign shares, and the companies that hold property, ships, roads or other companies.
    **dict.fromkeys(("ST", "DR", "FS", "RT", "MF", "SC", "IF"), "stock"),
    "EF": "etf",
    **dict.fromkeys(("FU", "OP", "SP"), "derivative"),
    **dict.fromkeys(("BN", "BD"), "bond"),
    # ETNs, warrants, subscription rights, beneficiary certificates.
    **dict.fromkeys(("EN", "EW", "SR", "SW", "BC"), "other"),
}
MARKETS = {"BND": "bond", "DRV": "derivative", "STK": "stock", "KSQ": "stock", "KNX": "stock"}
CLASSES = {
    **dict.fromkeys("1236", "bond"),
    "4": "derivative",
    **dict.fromkeys("78", "stock"),
    **dict.fromkeys("CZ", "bond"),
    **dict.fromkeys("5G", "other"),
    "D": "cash",
}
IDENTITY = ("COMPST_ISU_CD", "COMPST_ISU_CD2", "MKT_ID", "SECUGRP_ID", "COMPST_ISU_NM")
# The cash with which a creation unit is set up. It stands for the whole basket, so it is no position in it.
NOTIONAL_CODE = "CASH00000001"
NOTIONAL_NAMES = ("설정현금액", "100%현금설정액")
CASH_NAME = re.compile(r"(예금|현금|현금성자산|증거금|예수금)$|^(KRW|USD|JPY|CNY|CNH|HKD|EUR)( CASH)?$", re.IGNORECASE)
CONTRACT_NAME = re.compile(
    r"\b(TRS|SWAP|FUT|FUTS|FUTURES?|FUTR|FWD|E-?MINI?)\b|스왑|선물|선도|포워드"
    r"|\b[FCP] 20\d{4}\b|\b[CP] ?\d[\d,.]*( (INDEX|EQUITY))?$|\d INDEX$",
    re.IGNORECASE,
)
BOND_NAME = re.compile(
    r"\b(TREASURY|T-?BILLS?|T-?NOTES?|T-?BONDS?|BONDS?|NOTES?|PERP)\b|\b\d{1,2}/\d{1,2}/\d{2,4}$"
    r"|국고|국채|통안|채권|\(CP\)|\(단\)",
    re.IGNORECASE,
)
MONEY_MARKET = re.compile(r"KRYZCP|KRYZST")


class Constituent(NamedTuple):
    """What a row stands for. `code` is six characters for what is listed in Korea, the ISIN for others.

    Deposits of every currency are `CASH`; what has no code is `0` and goes by its name. `valued` says that KRX gives an
    amount for its kind, be it 0; `notional` that it stands for the whole basket.
    """

    kind: str
    code: str
    name: str | None
    notional: bool
    valued: bool


def constituent(row: Row) -> Constituent:
    """Return what a row of a basket stands for."""
    return _constituent(*(text(row, field) for field in IDENTITY))


# A security is in dozens of baskets.
@lru_cache(maxsize=50_000)
def _constituent(
    short: str | None, long: str | None, market: str | None, group: str | None, name: str | None
) -> Constituent:
    isin = next((code for code in (long, short) if code and ISIN.fullmatch(code)), None)
    kind = _kind(isin or short or "", market, group, name or "")
    code = _code(kind, short, isin)
    listed = market is not None or (kind in ("stock", "etf") and ETF_CODE.fullmatch(code) is not None)
    notional = short == NOTIONAL_CODE or name in NOTIONAL_NAMES
    return Constituent(kind, code, name, notional, listed or kind in ("cash", "derivative"))


def _kind(code: str, market: str | None, group: str | None, name: str) -> str:
    if group in GROUPS:
        return GROUPS[group]
    if code.startswith(("KRD", "CASH")):
        return "cash"
    if market in MARKETS:
        return MARKETS[market]
    if code.startswith("KR"):
        if code[2:3] in CLASSES:
            return CLASSES[code[2]]
        if MONEY_MARKET.match(code):
            return "bond"
    elif ISIN.fullmatch(code) and not (BOND_NAME.search(name) or CONTRACT_NAME.search(name)):
        return "stock"
    if CASH_NAME.search(name):
        return "cash"
    if CONTRACT_NAME.search(name):
        return "derivative"
    return "bond" if BOND_NAME.search(name) else "other"


def _code(kind: str, short: str | None, isin: str | None) -> str:
    if kind == "cash":
        return "CASH"
    if kind in ("stock", "etf") and (isin is None or isin.startswith("KR")):
        if short and ETF_CODE.fullmatch(short):
            return short
        if isin and isin.startswith("KR7"):
            return isin[3:9]
    return isin or short or "0"
