"""Every bad row is found, with its place and reason."""

from __future__ import annotations

from datetime import date

import pytest

from backend.collection.sources import files
from backend.collection.validate import validate
from tests import market_files as market

TODAY = date(2026, 3, 2)
GOOD = {
    "date": "2026-01-05",
    "etf_code": "AAA001",
    "constituent_code": "005930",
    "constituent_name": "삼성전자",
    "kind": "stock",
    "qty_per_cu": "10",
    "weight_pct": "50.0",
    "weight_basis": "R",
}


def checked(tmp_path, **tables):
    folder = market.folder(tmp_path, **{"etfs": [market.etf("AAA001"), market.etf("BBB002")], **tables})
    return validate(files.read(folder), set(), today=TODAY)


def places(found):
    return [(issue.file, issue.line, issue.column) for issue in found.issues]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("date", "2026-13-45"),
        ("date", "05.01.2026"),
        ("date", "20260105"),
        ("date", ""),
        ("date", "2026-03-03"),
        ("date", "1899-12-31"),
        ("etf_code", ""),
        ("etf_code", "AAA01"),
        ("etf_code", "aaa001"),
        ("etf_code", "ZZZ999"),
        ("constituent_code", ""),
        ("kind", ""),
        ("kind", "share"),
        ("qty_per_cu", "ten"),
        ("qty_per_cu", "1,000"),
        ("qty_per_cu", "nan"),
        ("qty_per_cu", "inf"),
        ("weight_pct", "-inf"),
        ("weight_pct", "50%"),
        ("weight_pct", "1e9"),
        ("weight_pct", "250"),
        ("weight_basis", "X"),
    ],
)
def test_a_bad_cell_of_a_holding_is_found(tmp_path, column, value):
    found = checked(tmp_path, holdings=[GOOD, GOOD | {"constituent_code": "000660", column: value}])
    assert places(found) == [("holdings.csv", 3, column)]
    assert found.issues[0].value == (value or None)


def test_a_row_that_ends_early_is_found(tmp_path):
    market.folder(tmp_path, etfs=[market.etf("AAA001")], holdings=[GOOD])
    with (tmp_path / "holdings.csv").open("a") as file:
        file.write("2026-01-05,AAA001,000660\n")
    found = validate(files.read(tmp_path), set(), today=TODAY)
    assert ("holdings.csv", 3, "kind") in places(found)


def test_every_bad_row_is_reported(tmp_path):
    rows = [GOOD | {"constituent_code": f"{n:06}", "kind": "x" if n % 3 == 0 else "stock"} for n in range(30)]
    found = checked(tmp_path, holdings=rows)
    assert places(found) == [("holdings.csv", n + 2, "kind") for n in range(0, 30, 3)]


def test_a_bad_row_takes_its_date_out_and_no_other(tmp_path):
    found = checked(tmp_path, holdings=[GOOD, GOOD | {"date": "2026-01-06", "weight_pct": "x"}])
    assert found.rejected_dates == {date(2026, 1, 6)}
    assert found.accepted().holdings["date"].to_list() == [date(2026, 1, 5)]


def test_a_row_without_a_readable_date_takes_the_dates_around_it_out(tmp_path):
    days = ["2026-01-05", "2026-01-06", "bad", "2026-01-07", "2026-01-08"]
    found = checked(tmp_path, holdings=[GOOD | {"date": day} for day in days])
    assert found.rejected_dates == {date(2026, 1, 6), date(2026, 1, 7)}


def test_an_empty_weight_or_a_negative_quantity_is_no_fault(tmp_path):
    rows = [GOOD | {"weight_pct": ""}, GOOD | {"constituent_code": "A01690", "kind": "derivative", "qty_per_cu": "-3"}]
    assert not checked(tmp_path, holdings=rows).issues


def test_a_weight_above_the_fund_passes_where_short_legs_offset_it(tmp_path):
    rows = [
        GOOD | {"weight_pct": "1600"},
        GOOD | {"constituent_code": "KR4A", "kind": "derivative", "weight_pct": "-1500"},
    ]
    assert not checked(tmp_path, holdings=rows).issues


def test_notional_cash_is_no_part_of_the_sum(tmp_path):
    rows = [
        GOOD | {"weight_pct": "200"},
        GOOD | {"constituent_code": "CASH_NOTIONAL", "kind": "cash", "weight_pct": "-100"},
    ]
    assert places(checked(tmp_path, holdings=rows)) == [("holdings.csv", 2, "weight_pct")]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"close": "abc"}, "close"),
        ({"close": "-5"}, "close"),
        ({"close": "", "nav": ""}, "close"),
        ({"close": "100", "high": "90", "low": "110"}, "high"),
        ({"close": "100", "date": "2026/01/05"}, "date"),
        ({"close": "100", "etf_code": "x"}, "etf_code"),
        ({"close": "100", "volume_shares": "1e30"}, "volume_shares"),
    ],
)
def test_a_bad_price_is_found(tmp_path, row, column):
    header = {"date": "2026-01-05", "etf_code": "AAA001", "high": "", "low": "", "nav": "", "volume_shares": ""}
    found = checked(tmp_path, prices=[header | row])
    assert places(found) == [("prices.csv", 2, column)]


def test_two_prices_of_a_day_that_contradict_each_other_are_both_named(tmp_path):
    day = "2026-01-05"
    rows = [market.price(day, "AAA001", 100), market.price(day, "BBB002", 5), market.price(day, "AAA001", 101)]
    assert [line for _, line, _ in places(checked(tmp_path, prices=rows))] == [2, 4]


def test_repeated_rows_that_agree_are_one(tmp_path):
    found = checked(tmp_path, prices=[market.price("2026-01-05", "AAA001", 100)] * 2)
    assert not found.issues
    assert len(found.prices) == 1


def test_a_bad_etf_is_left_out_and_the_others_stay(tmp_path):
    rows = [market.etf("AAA001"), market.etf("BBB002", name_ko=""), market.etf("CCC003", total_fee_pct_per_year="0,15")]
    found = validate(files.read(market.folder(tmp_path, etfs=rows)), set(), today=TODAY)
    assert found.etfs["code"].to_list() == ["AAA001"]
    assert places(found) == [("etfs.csv", 3, "name_ko"), ("etfs.csv", 4, "total_fee_pct_per_year")]
    assert not found.rejected_dates


def test_etf_rows_that_contradict_each_other_are_all_named(tmp_path):
    rows = [market.etf("AAA001"), market.etf("BBB002"), market.etf("AAA001", name_ko="다른 이름")]
    found = validate(files.read(market.folder(tmp_path, etfs=rows)), set(), today=TODAY)
    assert places(found) == [("etfs.csv", 2, "etf_code"), ("etfs.csv", 4, "etf_code")]


def test_unknown_stays_unknown(tmp_path):
    row = market.etf("AAA001", listing_date="1900-01-01", net_asset_krw=0, aum_date="2026-01-05")
    found = validate(files.read(market.folder(tmp_path, etfs=[row])), set(), today=TODAY)
    assert not found.issues
    assert found.etfs.select("listed", "aum_krw", "aum_date", "fee_pct").row(0) == (None, None, None, None)


def test_any_well_formed_code_is_taken_where_no_list_of_etfs_is_known(tmp_path):
    market.folder(tmp_path, holdings=[GOOD])
    feed = files.read(tmp_path)
    assert not validate(feed, set(), today=TODAY).issues
    assert validate(feed, {"BBB002"}, today=TODAY).issues
