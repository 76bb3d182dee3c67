"""What a constituent of a KRX basket is: stock, ETF, bond, cash, derivative or other.

KRX groups what it lists itself (SECUGRP_ID, MKT_ID). Everything else comes without a group; then the code says it. The
third character of a Korean code tells its class: KR1, KR2, KR3, KR6 bonds, KR4 derivatives, KR5 funds, KR7 and KR8
shares, KRC and KRZ money market paper, KRD deposits, KRG ETNs, KRY products over the counter. Another country's ISIN
stands for a share unless the name reads like a bond or a contract.
"""

from __future__ import annotations

import re

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


def is_notional(row: Row) -> bool:
    """Whether a row is the notional cash of the basket."""
    return text(row, "COMPST_ISU_CD") == NOTIONAL_CODE or text(row, "COMPST_ISU_NM") in NOTIONAL_NAMES


def kind_of(row: Row) -> str:
    """Return the kind of a constituent."""
    group, market = text(row, "SECUGRP_ID"), text(row, "MKT_ID")
    if group in GROUPS:
        return GROUPS[group]
    code = isin(row) or text(row, "COMPST_ISU_CD") or ""
    name = text(row, "COMPST_ISU_NM") or ""
    if code.startswith("KRD") or code.startswith("CASH"):
        return "cash"
    if market in MARKETS:
        return MARKETS[market]
    return _by_code(code, name)


def _by_code(code: str, name: str) -> str:
    if ISIN.fullmatch(code) or code.startswith("KR"):
        if code.startswith("KR"):
            if code[2:3] in CLASSES:
                return CLASSES[code[2]]
            if MONEY_MARKET.match(code):
                return "bond"
        elif not (BOND_NAME.search(name) or CONTRACT_NAME.search(name)):
            return "stock"
    if CASH_NAME.search(name):
        return "cash"
    if CONTRACT_NAME.search(name):
        return "derivative"
    return "bond" if BOND_NAME.search(name) else "other"


def isin(row: Row) -> str | None:
    """Return the ISIN of a constituent, which KRX writes in either of two fields."""
    return next(
        (code for field in ("COMPST_ISU_CD2", "COMPST_ISU_CD") if (code := text(row, field)) and ISIN.fullmatch(code)),
        None,
    )


def code_of(row: Row, kind: str) -> str:
    """Return the code that a constituent goes by: six characters for what is listed in Korea, the ISIN for others.

    Deposits of every currency are `CASH`; what has no code is `0` and goes by its name.
    """
    if kind == "cash":
        return "CASH"
    code, long = text(row, "COMPST_ISU_CD"), isin(row)
    if kind in ("stock", "etf") and (long is None or long.startswith("KR")):
        if code and ETF_CODE.fullmatch(code):
            return code
        if long and long.startswith("KR7"):
            return long[3:9]
    return long or code or "0"
