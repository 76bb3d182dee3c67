"""Which rows make a basket, and when a basket is a gap."""

from __future__ import annotations

from datetime import date

import pytest

from backend.collection import snapshots
from backend.collection.resolve import resolve
from backend.collection.sources import files
from backend.collection.validate import validate
from tests import market_files as market

DAY = "2026-01-05"


def positions(tmp_path, **tables):
    feed = files.read(market.folder(tmp_path, etfs=[market.etf("AAA001")], **tables))
    checked = validate(feed, set(), today=date(2026, 3, 2))
    assert not checked.issues
    found = resolve(checked.holdings, checked.etfs, checked.stocks, checked.equivalents)
    merged = snapshots.merge(snapshots.choose(checked.holdings), found)
    return {row["code"]: (row["weight"], row["shares"]) for row in merged.iter_rows(named=True)}


def test_a_snapshot_comes_from_one_file_and_never_from_a_mix(tmp_path):
    full = market.basket(DAY, "AAA001", {"A": (10, 60.0), "B": (5, 40.0)})
    active = market.basket(DAY, "AAA001", {"A": (10.4, 59.9), "C": (1, 40.1)})
    assert positions(tmp_path, holdings_full=full, holdings_active=active) == {"A": (60.0, 10.0), "B": (40.0, 5.0)}


def test_a_complete_basket_goes_before_a_partial_one(tmp_path):
    full = market.basket(DAY, "AAA001", {"A": (10, 60.0)}, basis="P")
    active = market.basket(DAY, "AAA001", {"A": (10, 60.0), "B": (5, 40.0)})
    assert set(positions(tmp_path, holdings_full=full, holdings_active=active)) == {"A", "B"}


def test_repeated_rows_are_one_and_two_rows_of_a_security_are_summed(tmp_path):
    rows = market.basket(DAY, "AAA001", {"A": (10, 30.0)}) * 2 + market.basket(DAY, "AAA001", {"B": (1, 20.0)})
    rows += market.basket(DAY, "AAA001", {"B": (2, 50.0)})
    assert positions(tmp_path, holdings=rows) == {"A": (30.0, 10.0), "B": (70.0, 3.0)}


def test_a_settlement_line_brings_no_quantity(tmp_path):
    rows = market.basket(DAY, "AAA001", {"010120": (124, 1.4)}) + market.basket(DAY, "AAA001", {"010120": (10120, 0.0)})
    assert positions(tmp_path, holdings=rows) == {"010120": (1.4, 124.0)}


def test_notional_cash_is_no_position(tmp_path):
    rows = market.basket(DAY, "AAA001", {"A": (10, 100.0)})
    rows += market.basket(DAY, "AAA001", {"CASH_NOTIONAL": (1, 100.0)}, kind="cash")
    assert positions(tmp_path, holdings=rows) == {"A": (100.0, 10.0)}


def test_a_weight_that_no_row_gives_is_unknown(tmp_path):
    assert positions(tmp_path, holdings=market.basket(DAY, "AAA001", {"A": (10, None)}, basis="U")) == {
        "A": (None, 10.0)
    }


BEFORE, NOW, LATER = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)


def basket(constituents: int, weights: float | None = 100.0, basis: str | None = "R") -> snapshots.Basket:
    return snapshots.Basket(constituents, constituents, weights, basis)


@pytest.mark.parametrize(
    ("found", "gap"),
    [
        (basket(0), True),
        (basket(3, 15.0, "P"), True),
        (basket(3, None, "U"), True),
        (basket(3, 100.0, "C"), True),
        (basket(3, 100.0, "R"), False),
        (basket(12, 60.0, "P"), False),
        (basket(20), False),
    ],
)
def test_a_basket_that_collapsed_is_a_gap_unless_its_own_weights_add_up(found, gap):
    gaps = snapshots.find_gaps({("AAA001", NOW): found}, {"AAA001": {BEFORE: 20}})
    assert (("AAA001", NOW) in gaps) is gap


def test_a_basket_is_compared_with_the_last_whole_one():
    found = {
        ("AAA001", BEFORE): basket(20),
        ("AAA001", NOW): basket(2, 9.0, "P"),
        ("AAA001", LATER): basket(3, 12.0, "P"),
    }
    assert set(snapshots.find_gaps(found, {})) == {("AAA001", NOW), ("AAA001", LATER)}


def test_a_first_basket_is_no_gap():
    assert not snapshots.find_gaps({("AAA001", NOW): basket(2, 9.0, "P")}, {})
