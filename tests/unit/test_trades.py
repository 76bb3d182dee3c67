"""What counts as a trade between two snapshots."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from backend.collection.stored import POSITIONS
from backend.market.trades import derive

BEFORE, AFTER = date(2026, 1, 2), date(2026, 1, 5)
PAIR = pl.DataFrame(
    [("AAA001", BEFORE, AFTER)], schema={"etf": pl.String, "previous": pl.Date, "date": pl.Date}, orient="row"
)


def trades(before: dict, after: dict, label: str = "Stock") -> dict[str, tuple]:
    """Return action and change (%) by code, from quantities or (quantity, weight) by code."""
    rows = []
    for day, basket in ((BEFORE, before), (AFTER, after)):
        for code, held in basket.items():
            shares, weight = held if isinstance(held, tuple) else (held, 10.0)
            rows.append((day, "AAA001", label, code, weight, shares))
    derived = derive(pl.DataFrame(rows, schema=POSITIONS, orient="row"), PAIR)
    return {row["code"]: (row["action"], row["shares_change"]) for row in derived.iter_rows(named=True)}


def test_a_rescaled_basket_is_no_trade():
    assert trades({"A": 100, "B": 200, "C": 50}, {"A": 141, "B": 282, "C": 70.5}) == {}


def test_a_trade_in_a_rescaled_basket_is_measured_against_the_median_ratio():
    found = trades({"A": 100, "B": 200, "C": 50, "D": 10}, {"A": 141, "B": 282, "C": 70.5, "D": 28.2})
    assert found == {"D": ("more", pytest.approx(100.0))}


def test_a_price_move_is_no_trade():
    assert trades({"A": (100, 10.0), "B": (50, 5.0)}, {"A": (100, 14.0), "B": (50, 1.0)}) == {}


@pytest.mark.parametrize(("after", "expected"), [(100.9, {}), (101.2, "more"), (99.1, {}), (98.8, "less")])
def test_one_percent_is_the_threshold(after, expected):
    found = trades({"A": 100.0, "B": 10.0, "C": 20.0}, {"A": after, "B": 10.0, "C": 20.0})
    assert ({code: action for code, (action, _) in found.items()} or {}) == ({"A": expected} if expected else {})


def test_what_appears_is_new_and_what_disappears_is_out():
    found = trades({"A": 100, "B": 50, "C": 10}, {"A": 100, "B": 50, "D": 7})
    assert found == {"C": ("out", -100.0), "D": ("new", None)}


def test_a_position_weighs_nothing_where_it_is_not_held():
    rows = [
        (BEFORE, "AAA001", "Stock", "A", 60.0, 1.0),
        (BEFORE, "AAA001", "Stock", "B", 40.0, 1.0),
        (AFTER, "AAA001", "Stock", "A", None, 1.0),
        (AFTER, "AAA001", "Stock", "C", 40.0, 1.0),
    ]
    derived = derive(pl.DataFrame(rows, schema=POSITIONS, orient="row"), PAIR)
    weights = {row["code"]: (row["weight_before"], row["weight_after"]) for row in derived.iter_rows(named=True)}
    assert weights == {"B": (40.0, 0.0), "C": (0.0, 40.0)}


def test_a_quantity_that_the_source_does_not_give_says_nothing_about_its_change():
    assert trades({"A": 100, "B": 0, "C": 10}, {"A": 100, "B": 30, "C": 10}) == {}


def test_etfs_are_traded_and_bonds_are_not():
    assert trades({"A": 100, "B": 10}, {"A": 100, "B": 10, "C": 5}, label="ETF") == {"C": ("new", None)}
    assert trades({"A": 100, "B": 10}, {"A": 100, "C": 5}, label="Asset") == {}


def test_a_source_that_prints_whole_shares_invents_no_trade():
    assert trades({"A": 100.0, "B": 4.05, "C": 33.3}, {"A": 100, "B": 4, "C": 33}) == {}


def test_a_real_trade_is_seen_through_a_change_of_precision():
    found = trades({"A": 100.0, "B": 4.05, "C": 33.3}, {"A": 100, "B": 9, "C": 33})
    assert {code: action for code, (action, _) in found.items()} == {"B": "more"}
