"""How KRX writes numbers, nothing, and ISINs."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.collection.sources.krx.errors import KrxUnavailable
from backend.collection.sources.krx.rows import NotANumber, check_fields, isin_of, number, says_nothing


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=2))
def test_a_number_keeps_its_value_however_krx_writes_it(value: Decimal) -> None:
    for written in (f"{value:,.2f}", f"{value:.2f}", f" {value:,.2f} "):
        assert Decimal(number({"x": written}, "x") or "") == value


@given(st.text(alphabet="0123456789,.-+ eENaninf#/A", max_size=12))
def test_what_is_taken_for_a_number_can_be_read_as_one(written: str) -> None:
    try:
        read = number({"x": written}, "x")
    except NotANumber:
        return
    if read is None:
        assert written.strip() in ("", "-")
    else:
        assert Decimal(read).is_finite()
        assert "," not in read


@pytest.mark.parametrize(
    "written", ["1,2", "12,34", "1,2345", "--1", "1-", "#N/A", "nan", "inf", "1e5", "0x10", ",", "."]
)
def test_what_is_no_number_is_not_read_as_one(written: str) -> None:
    with pytest.raises(NotANumber):
        number({"x": written}, "x")


@pytest.mark.parametrize("row", [{"x": "-"}, {"x": ""}, {"x": " - "}, {"x": None}, {}])
def test_a_dash_is_nothing_and_not_zero(row: dict) -> None:
    assert number(row, "x") is None
    assert number({"x": "0"}, "x") == "0"


def test_rows_of_dashes_say_nothing_and_a_single_figure_says_something() -> None:
    rows = [{"a": "-", "b": "-"}, {"a": "-", "b": "-"}]
    assert says_nothing(rows, ("a", "b"))
    assert not says_nothing([*rows, {"a": "-", "b": "0"}], ("a", "b"))


def test_a_renamed_field_is_reported_by_its_name() -> None:
    with pytest.raises(KrxUnavailable, match="without the field NAV") as caught:
        check_fields([{"ISU_CD": "1", "NAV": "2"}, {"ISU_CD": "1", "NAV_NEW": "2"}], ("ISU_CD", "NAV"), "prices")
    assert not caught.value.passing


def test_the_isin_of_every_real_etf_follows_from_its_code(real_data: Path) -> None:
    with (real_data / "etfs.csv").open(encoding="utf-8") as file:
        pairs = [(row["etf_code"], row["isin"]) for row in csv.DictReader(file) if row["isin"]]
    assert len(pairs) > 1_000
    assert [code for code, isin in pairs if isin_of(code) != isin] == []
