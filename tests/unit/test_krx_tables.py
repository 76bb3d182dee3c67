"""What becomes of the rows that KRX sends."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.collection.feed import Feed, columns
from backend.collection.sources.krx import feed, isin_of
from backend.collection.sources.krx.kinds import constituent as read
from backend.collection.sources.krx.tables import PRICES
from backend.collection.validate import validate
from tests.krx_markets import Market, Row, invented, price_row, recorded

DAY = date(2026, 7, 8)
PLAIN, ACTIVE, ABROAD, FUTURES = range(4)


def constituent(code: str = "005930", name: str = "가", shares: str = "10", amount: str = "1,000", **other: str) -> Row:
    return {
        "COMPST_ISU_CD": code, "COMPST_ISU_CD2": code, "MKT_ID": "", "SECUGRP_ID": "", "COMPST_ISU_NM": name,
        "COMPST_ISU_CU1_SHRS": shares, "VALU_AMT": "-", "COMPST_AMT": amount, "COMPST_RTO": "-",
    } | other  # fmt: skip


def stock(code: str, amount: str, **other: str) -> Row:
    return constituent(code, f"주식 {code}", amount=amount, MKT_ID="STK", SECUGRP_ID="ST", **other)


@pytest.fixture(scope="module")
def market() -> Market:
    return invented([DAY], 8)


def delivered(market: Market) -> Feed:
    return feed(DAY, market.listing, market.prices[DAY], {code: market.basket(code, DAY) for code in market.codes}, {})


def basket_of(*rows: Row) -> Feed:
    return feed(DAY, [], [price_row("069500", "지수", 100, nav=100, opening=100, high=100, low=100, volume=1, net_assets=1)],
                {"069500": rows}, {})  # fmt: skip


def weights(delivery: Feed) -> dict[str, float | None]:
    rows = delivery["holdings"].select("constituent_code", pl.col("weight_pct").cast(pl.Float64))
    return dict(rows.iter_rows())


def test_a_day_is_text_with_the_place_each_row_came_from(market: Market) -> None:
    delivery = delivered(market)
    for table in ("etfs", "holdings", "prices"):
        assert delivery[table].columns == [*columns(table), "file", "line"]
        assert set(delivery[table].dtypes[:-1]) == {pl.String}
    code = market.codes[ACTIVE]
    row = delivery["holdings"].filter(etf_code=code).row(2, named=True)
    assert (row["file"], row["line"]) == (f"KRX MDCSTAT05001 {code} 2026-07-08", 3)


def test_a_day_of_the_whole_market_passes_validation(market: Market) -> None:
    checked = validate(delivered(market), set(), today=DAY)
    assert checked.issues == []
    assert checked.holdings["etf"].n_unique() == len(market.codes)
    assert len(checked.prices) == len(market.codes)


def test_weights_are_parts_of_the_amount_with_cash() -> None:
    delivery = basket_of(
        stock("000010", "600"), stock("000020", "300"), constituent("KRD010010001", "원화예금", "-", "100")
    )
    assert weights(delivery) == {"000010": 60, "000020": 30, "CASH": 10}
    assert set(delivery["holdings"]["weight_basis"]) == {"C"}


def test_cash_has_as_many_shares_as_krw() -> None:
    delivery = basket_of(stock("000010", "600"), constituent("KRD010010001", "원화예금", "-", "1,400"))
    assert delivery["holdings"].filter(kind="cash")["qty_per_cu"].to_list() == ["1400"]


def test_a_basket_that_krx_does_not_value_has_quantities_and_no_weights(market: Market) -> None:
    rows = delivered(market)["holdings"].filter(etf_code=market.codes[ABROAD])
    assert set(rows["weight_basis"]) == {"U"}
    assert rows["weight_pct"].null_count() == len(rows)
    assert rows["qty_per_cu"].null_count() == 0


def test_a_worthless_share_listed_in_korea_does_not_hide_the_weights_of_the_others() -> None:
    assert weights(basket_of(stock("000010", "500"), stock("000020", "500"), stock("000030", "0"))) == {
        "000010": 50, "000020": 50, "000030": 0,
    }  # fmt: skip


def test_the_notional_cash_is_left_out(market: Market) -> None:
    rows = delivered(market)["holdings"].filter(etf_code=market.codes[ABROAD])
    assert rows.filter(kind="cash")["constituent_name"].to_list() == ["원화예금"]


def test_amounts_that_cancel_out_give_no_weights() -> None:
    short = stock("000020", "-999,999", COMPST_ISU_CU1_SHRS="-10")
    assert weights(basket_of(stock("000010", "1,000,000"), short)) == {"000010": None, "000020": None}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "an empty basket"),
        ([constituent(shares="-", amount="-")], "dashes"),
        ([stock("000010", "100"), stock("000020", "#N/A")], "row 2: COMPST_AMT = '#N/A' is no number"),
        ([stock("000010", "100"), constituent("-", "-")], "row 2 has neither code nor name"),
        ([stock("000010", "1" + ",000" * 6)], "row 1 has a figure beyond 1e+15"),
        ([constituent("CASH00000001", "설정현금액", "-", "388,739,133")], "without any quantity"),
    ],
)
def test_a_basket_that_cannot_be_used_is_missing_as_a_whole_with_the_reason(rows: list[Row], reason: str) -> None:
    delivery = basket_of(*rows)
    assert delivery["holdings"].is_empty()
    assert delivery.missing.keys() == {("069500", DAY)}
    assert reason in delivery.missing["069500", DAY]


def test_the_reasons_of_baskets_that_did_not_come_are_handed_on() -> None:
    delivery = feed(DAY, [], [], {}, {"069500": "429"})
    assert delivery.missing == {("069500", DAY): "429"}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"SECUGRP_ID": "ST", "MKT_ID": "KSQ"}, "stock"),
        ({"SECUGRP_ID": "RT", "MKT_ID": "STK"}, "stock"),
        ({"SECUGRP_ID": "EF", "MKT_ID": "STK"}, "etf"),
        ({"SECUGRP_ID": "EN", "MKT_ID": "STK"}, "other"),
        ({"SECUGRP_ID": "FU", "MKT_ID": "DRV"}, "derivative"),
        ({"SECUGRP_ID": "OP", "MKT_ID": "DRV"}, "derivative"),
        ({"COMPST_ISU_CD": "KRD010010001", "COMPST_ISU_NM": "원화예금"}, "cash"),
        ({"COMPST_ISU_CD": "KR103502GC90", "COMPST_ISU_NM": "국고채권"}, "bond"),
        ({"COMPST_ISU_CD": "KR6000011A00", "COMPST_ISU_NM": "회사1"}, "bond"),
        ({"COMPST_ISU_CD": "KRZF00000000", "COMPST_ISU_NM": "회사 (CP)"}, "bond"),
        ({"COMPST_ISU_CD": "KR4101R60000", "COMPST_ISU_NM": "지수 F 202106"}, "derivative"),
        ({"COMPST_ISU_CD": "US0000000001", "COMPST_ISU_NM": "ALPHA INC"}, "stock"),
        ({"COMPST_ISU_CD": "US0000000001", "COMPST_ISU_NM": "T 4 1/8 11/15/32"}, "bond"),
        ({"COMPST_ISU_CD": "US0000000001", "COMPST_ISU_NM": "ALPH 5.15 03/01/30"}, "bond"),
        ({"COMPST_ISU_CD": "0", "COMPST_ISU_NM": "SPXW US 05/26/26 C7450 INDEX"}, "derivative"),
        ({"COMPST_ISU_CD": "KRYZTRS00000", "COMPST_ISU_NM": "스왑(증권)_250424"}, "derivative"),
        ({"COMPST_ISU_CD": "KRG530000000", "COMPST_ISU_NM": "지수 ETN"}, "other"),
        ({"COMPST_ISU_CD": "X1", "COMPST_ISU_NM": "?"}, "other"),
        ({"SECUGRP_ID": "ZZ", "COMPST_ISU_CD": "X1", "COMPST_ISU_NM": "?"}, "other"),
    ],
)
def test_what_a_constituent_is(fields: Row, kind: str) -> None:
    assert read({"MKT_ID": "", "SECUGRP_ID": ""} | fields).kind == kind


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"COMPST_ISU_CD": "KR7005930003", "SECUGRP_ID": "ST", "MKT_ID": "STK"}, "005930"),
        ({"COMPST_ISU_CD": "US67066G1040", "COMPST_ISU_NM": "NVIDIA"}, "US67066G1040"),
        ({"COMPST_ISU_CD": "67066G", "COMPST_ISU_CD2": "US67066G1040", "COMPST_ISU_NM": "NVIDIA"}, "US67066G1040"),
        ({"COMPST_ISU_CD": "-", "COMPST_ISU_NM": "지수 TRS"}, "0"),
    ],
)
def test_the_code_that_a_constituent_goes_by(fields: Row, code: str) -> None:
    row = constituent("", COMPST_ISU_CD2="") | fields
    assert basket_of(stock("000010", "1"), row)["holdings"]["constituent_code"].to_list()[1] == code


def test_a_price_row_reads_alike_from_both_services(market: Market) -> None:
    one = feed(DAY, [], market.prices[DAY], {}, {})["prices"]
    other = feed(DAY, [], market.open_api(DAY), {}, {})["prices"]
    assert one.equals(other)
    assert one["close"].to_list() == [row["TDD_CLSPRC"].replace(",", "") for row in market.prices[DAY]]


def test_an_etf_without_prices_on_the_day_has_no_row(market: Market) -> None:
    assert feed(DAY, [], market.dashes(), {}, {})["prices"].is_empty()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"NAV": "#N/A"}, "prices, row 2: NAV = '#N/A' is no number"),
        ({"TDD_CLSPRC": "-100"}, "TDD_CLSPRC = -100 is not between 0"),
        ({"TDD_HGPRC": "10", "TDD_LWPRC": "20"}, "the high 10 is below the low 20"),
    ],
)
def test_an_etf_whose_prices_cannot_be_read_is_missing_and_the_others_are_not(
    market: Market, cell: Row, reason: str
) -> None:
    one, bad, *others = market.prices[DAY]
    baskets = {code: market.basket(code, DAY) for code in market.codes}
    delivery = feed(DAY, market.listing, [one, bad | cell, *others], baskets, {})
    assert list(delivery.missing) == [(market.codes[1], DAY)]
    assert reason in delivery.missing[market.codes[1], DAY]
    for table in ("prices", "holdings"):
        assert set(delivery[table]["etf_code"]) == set(market.codes) - {market.codes[1]}
    assert validate(delivery, set(), today=DAY).issues == []


def test_two_price_rows_of_one_etf_must_agree(market: Market) -> None:
    row = market.prices[DAY][0]
    assert len(feed(DAY, [], [row, row], {}, {})["prices"]) == 1
    delivery = feed(DAY, [], [row, row | {"NAV": "1.00"}], {}, {})
    assert delivery["prices"].is_empty()
    assert "contradicts" in delivery.missing[market.codes[0], DAY]


CELLS = st.one_of(
    st.sampled_from(
        ["-", "", "0", "1", "1,000.00", "-5.5", "#N/A", "1" + ",000" * 5, "1" + ",000" * 6, "0.0000001", "NaN"]
    ),
    st.integers(-(10**13), 10**13).map("{:,}".format),
)
CODES = st.sampled_from(
    [
        "005930",
        "KR7005930003",
        "US67066G1040",
        "KRD010010001",
        "CASH00000001",
        "KR4101R60000",
        "KR6000011A00",
        "0",
        "-",
        "",
        "X",
    ]
)
CONSTITUENTS = st.fixed_dictionaries(
    {
        "COMPST_ISU_CD": CODES,
        "COMPST_ISU_CD2": CODES,
        "MKT_ID": st.sampled_from(["STK", "DRV", ""]),
        "SECUGRP_ID": st.sampled_from(["ST", "EF", "FU", "ZZ", ""]),
        "COMPST_ISU_NM": st.sampled_from(["가", "설정현금액", "원화예금", "T 4 1/8 11/15/32", "-", ""]),
        "COMPST_ISU_CU1_SHRS": CELLS,
        "VALU_AMT": CELLS,
        "COMPST_AMT": CELLS,
        "COMPST_RTO": CELLS,
    }
)


@settings(max_examples=100, deadline=None)
@given(
    baskets=st.dictionaries(st.sampled_from(["069500", "0015B0", "114800"]), st.lists(CONSTITUENTS, max_size=6)),
    prices=st.lists(
        st.fixed_dictionaries(
            {"ISU_CD": st.sampled_from(["069500", "0015B0", "KR7"])} | {f: CELLS for f in PRICES.values()}
        ),
        max_size=4,
    ),
)
def test_whatever_krx_sends_of_one_etf_takes_no_other_down(baskets: dict[str, list[Row]], prices: list[Row]) -> None:
    delivery = feed(DAY, [], prices, baskets, {})
    checked = validate(delivery, set(), today=DAY)
    assert [str(issue) for issue in checked.issues] == []
    held = set(delivery["holdings"]["etf_code"])
    absent = {etf for etf, _ in delivery.missing}
    assert held.isdisjoint(absent)
    assert baskets.keys() <= held | absent


def test_an_etf_that_is_listed_no_more_keeps_its_basket_under_its_name(market: Market) -> None:
    delivery = feed(
        DAY, market.listing[1:], market.prices[DAY], {market.codes[0]: market.basket(market.codes[0], DAY)}, {}
    )
    assert validate(delivery, set(), today=DAY).issues == []
    named = delivery["etfs"].filter(etf_code=market.codes[0]).row(0, named=True)
    assert (named["name_ko"], named["total_fee_pct_per_year"]) == ("가온 1", None)


def test_net_assets_come_from_the_prices_and_not_where_krx_gives_none(market: Market) -> None:
    prices = [market.prices[DAY][0], market.prices[DAY][1] | {"INVSTASST_NETASST_TOTAMT": "0"}]
    etfs = feed(DAY, market.listing, prices, {}, {})["etfs"]
    assert etfs["net_asset_krw"].to_list()[:2] == [prices[0]["INVSTASST_NETASST_TOTAMT"].replace(",", ""), None]
    assert etfs["aum_date"].to_list()[:2] == ["2026-07-08", None]


def test_recorded_baskets_are_read_whole(real_data: Path) -> None:
    market = recorded(real_data / "krx_responses")
    (day, _), (other, _) = sorted(market.baskets)
    assert day == other
    delivery = feed(day, [], [], {isin[3:9]: rows for (_, isin), rows in market.baskets.items()}, {})
    assert delivery.missing == {}
    assert validate(delivery, set()).issues == []
    plain = delivery["holdings"].filter(etf_code="152100").with_columns(pl.col("weight_pct").cast(pl.Float64))
    assert len(plain) == 201
    assert plain["weight_pct"].sum() == pytest.approx(100, abs=0.001)
    reported = {row["COMPST_ISU_CD"]: float(row["COMPST_RTO"]) for row in market.baskets[day, isin_of("152100")]}
    assert plain.filter(constituent_code="005930")["weight_pct"].item() == pytest.approx(reported["005930"], abs=0.01)
    inverse = {row["kind"]: row for row in delivery["holdings"].filter(etf_code="114800").iter_rows(named=True)}
    assert inverse.keys() == {"etf", "derivative", "cash"}
    assert float(inverse["etf"]["weight_pct"]) == pytest.approx(-3.72, abs=0.01)
    assert float(inverse["cash"]["weight_pct"]) == pytest.approx(103.72, abs=0.01)
    assert (inverse["derivative"]["qty_per_cu"], inverse["derivative"]["weight_pct"]) == ("-3.58", None)


def test_the_recorded_list_agrees_with_the_tidy_files_in_all_that_krx_tells(real_data: Path) -> None:
    with (real_data / "etfs.csv").open(encoding="utf-8") as file:
        tidy = {row["etf_code"]: row for row in csv.DictReader(file)}
    listed = feed(DAY, recorded(real_data / "krx_responses").listing, [], {}, {})["etfs"]
    untold = {"provider_category", "aum_date", "net_asset_krw"}
    compared = [column for column in columns("etfs") if column not in untold]
    assert len(listed) == 8
    for row in listed.iter_rows(named=True):
        assert {c: row[c] or "" for c in compared} == {c: tidy[row["etf_code"]][c] for c in compared}


def test_every_real_brand_is_read_from_the_name(real_data: Path) -> None:
    from backend.collection.sources.krx.reference_rows import brand_of

    with (real_data / "etfs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["name_ko"] for row in rows if brand_of(row["name_ko"]) != row["brand"]] == []
