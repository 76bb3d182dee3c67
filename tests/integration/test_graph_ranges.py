"""Comparisons find the same nodes through an index as without one."""

from __future__ import annotations

import pytest

from backend.db.engine import Database
from backend.graph.client import run_cypher

BOUND = "2026-07-01"


@pytest.mark.parametrize("operator", ["<", "<=", "=", ">=", ">"])
def test_a_range_over_an_indexed_property_takes_its_bound_as_the_operator_says(
    sample_database: Database, operator: str
) -> None:
    indexed = f"MATCH (p:Price) WHERE p.code = '069500' AND p.date {operator} $bound RETURN p.date AS day"
    unindexed = (
        "MATCH (p:Price) WITH p.code AS code, p.date AS day LIMIT 100000 "
        f"WHERE code = '069500' AND day {operator} $bound RETURN day"
    )
    with sample_database.engine("atlas_reader").connect() as connection:
        found = run_cypher(connection, "etf_history", indexed, {"bound": BOUND}).rows
        expected = run_cypher(connection, "etf_history", unindexed, {"bound": BOUND}).rows
    assert sorted(found) == sorted(expected)
    assert ((BOUND,) in found) == ("=" in operator)
