"""Which codes mean the same security."""

from __future__ import annotations

import polars as pl

from backend.collection.resolve import resolve

TEXT = pl.String
ETFS = {"code": TEXT, "isin": TEXT}
STOCKS = {"code": TEXT, "isin": TEXT}
EQUIVALENTS = {"code_a": TEXT, "code_b": TEXT}


def resolved(held, *, etfs=(), stocks=(), equivalents=(), known=()) -> dict[tuple[str, str], tuple[str, str]]:
    """Return label and canonical by code and kind, from held (basket, code, kind[, name])."""
    rows = [(f"basket {row[0]}", "d", row[0], row[1], row[2], row[3] if len(row) > 3 else row[1]) for row in held]
    holdings = pl.DataFrame(
        rows, schema=dict.fromkeys(("file", "date", "etf", "code", "kind", "name"), TEXT), orient="row"
    )
    frame = resolve(
        holdings,
        pl.DataFrame(list(etfs), schema=ETFS, orient="row"),
        pl.DataFrame(list(stocks), schema=STOCKS, orient="row"),
        pl.DataFrame(list(equivalents), schema=EQUIVALENTS, orient="row"),
        known,
    )
    return {(code, kind): (label, canonical) for code, kind, _, canonical, label, _ in frame.iter_rows()}


def test_an_isin_becomes_the_ticker():
    found = resolved(
        [("X", "NVDA US", "stock"), ("Y", "US67066G1040", "stock")], equivalents=[("US67066G1040", "NVDA US")]
    )
    assert set(found.values()) == {("Stock", "NVDA US")}


def test_the_isin_of_the_list_of_stocks_joins_as_well():
    found = resolved([("X", "KR7005930003", "stock")], stocks=[("005930", "KR7005930003")])
    assert found["KR7005930003", "stock"] == ("Stock", "005930")


def test_an_old_ticker_becomes_the_newer_one():
    found = resolved([("X", "ABC US", "stock"), ("Y", "COR US", "stock")], equivalents=[("ABC US", "COR US")])
    assert set(found.values()) == {("Stock", "COR US")}


def test_equivalences_chain():
    pairs = [("US0000000001", "OLD US"), ("OLD US", "NEW US")]
    found = resolved([("X", "US0000000001", "stock"), ("Y", "NEW US", "stock")], equivalents=pairs)
    assert set(found.values()) == {("Stock", "NEW US")}


def test_a_bond_is_never_joined_to_a_stock():
    found = resolved(
        [("X", "005930", "stock"), ("X", "KR6005931234", "bond"), ("Y", "005930", "bond")],
        equivalents=[("KR6005931234", "005930")],
    )
    assert found == {
        ("005930", "stock"): ("Stock", "005930"),
        ("KR6005931234", "bond"): ("Asset", "KR6005931234"),
        ("005930", "bond"): ("Asset", "005930 (bond)"),
    }


def test_share_classes_that_one_basket_lists_apart_stay_apart():
    pairs = [("GOOG US", "GOOGL US"), ("US02079K3059", "GOOGL US")]
    held = [("X", "GOOG US", "stock"), ("X", "GOOGL US", "stock"), ("Y", "US02079K3059", "stock")]
    found = resolved(held, equivalents=pairs)
    assert found["GOOG US", "stock"] == ("Stock", "GOOG US")
    assert found["GOOGL US", "stock"] == found["US02079K3059", "stock"] == ("Stock", "GOOGL US")


def test_listings_on_two_markets_without_an_equivalence_stay_two():
    found = resolved([("X", "TSM US", "stock"), ("Y", "2330 TT", "stock")])
    assert {canonical for _, canonical in found.values()} == {"TSM US", "2330 TT"}


def test_a_held_korean_etf_is_an_etf_and_a_foreign_one_a_stock():
    held = [("X", "069500", "etf"), ("X", "KR7069500007", "etf"), ("X", "VT US", "etf"), ("X", "0113G0", "etf")]
    found = resolved(held, etfs=[("069500", "KR7069500007")])
    assert found == {
        ("069500", "etf"): ("ETF", "069500"),
        ("KR7069500007", "etf"): ("ETF", "069500"),
        ("VT US", "etf"): ("Stock", "VT US"),
        ("0113G0", "etf"): ("ETF", "0113G0"),
    }


def test_what_has_no_code_goes_by_its_name():
    found = resolved([("X", "0", "derivative", "KOSPI 200 TRS")])
    assert found["0", "derivative"] == ("Asset", "KOSPI 200 TRS")


def test_earlier_resolutions_hold():
    found = resolved([("X", "NVDA US", "stock")], known=[("US67066G1040", "stock", "NVDA US")])
    assert found["NVDA US", "stock"] == ("Stock", "NVDA US")
