"""Questions as people write them, asked of the whole real market; what is right is computed from the raw files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings

QUESTIONS = yaml.safe_load((Path(__file__).parents[1] / "questions" / "investor.yaml").read_text(encoding="utf-8"))
UNANSWERED = ("refused", "clarify")
VIEWS = """
    CREATE TABLE etfs AS SELECT * FROM read_csv('{data}/etfs.csv', {text});
    CREATE TABLE prices AS
        SELECT date::date AS date, etf_code, close::double AS close, nav::double AS nav
        FROM read_csv('{data}/prices.csv', {text});
    CREATE TABLE full_rows AS
        SELECT date::date AS date, etf_code, constituent_code AS code, constituent_name AS name, kind, weight_pct::double AS w
        FROM read_csv('{data}/holdings_full.csv.gz', {text});
    CREATE TABLE active_rows AS
        SELECT date::date AS date, etf_code, constituent_code AS code, constituent_name AS name, kind, weight_pct::double AS w
        FROM read_csv('{data}/holdings_active.csv.gz', {text});
    CREATE TABLE h AS
        SELECT * FROM full_rows
        UNION ALL
        SELECT * FROM active_rows WHERE (date, etf_code) NOT IN (SELECT date, etf_code FROM full_rows);
    CREATE TABLE now AS
        SELECT DISTINCT h.* FROM h
        JOIN (SELECT etf_code, max(date) AS latest FROM h WHERE date <= '2026-07-08' GROUP BY 1) AS newest
            ON h.etf_code = newest.etf_code AND h.date = newest.latest;
"""


@pytest.fixture(scope="module")
def raw(real_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        text = "all_varchar = true, quote = '\"', escape = '\"'"
        connection.execute(VIEWS.format(data=real_data, text=text))
        yield connection


@pytest.mark.real
@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked["question"])
def test_question(
    asked: dict[str, str], full_real_database: Database, settings: Settings, raw: duckdb.DuckDBPyConnection
):
    answer = ask(full_real_database, asked["question"], settings=settings)
    expect = asked["expect"]
    if expect in UNANSWERED:
        assert answer.status == expect, answer.answer
        return
    if expect == "unanswered":
        assert answer.status in UNANSWERED, answer.answer
        return
    assert answer.status == "answered", answer.answer
    assert (answer.proposal is not None) == (expect == "proposal")
    if expect == "proposal":
        return
    expected = raw.execute(asked["sql"]).fetchall()
    tables = [table.rows for table in answer.tables]
    assert _agrees(expect, expected, tables, answer.answer), f"expected {expected[:5]}\n{answer.answer}\n{tables}"


def _agrees(expect: str, expected: list[tuple], tables: list[list[list[Any]]], text: str) -> bool:
    if expect == "value":
        said = [float(number.replace(",", "")) for number in re.findall(r"-?\d[\d,]*\.?\d*", text)]
        cells = [cell for rows in tables for row in rows[:1] for cell in row]
        return any(_same(found, expected[0][0]) for found in (*said, *cells))
    if expect == "text":
        cells = [str(cell) for rows in tables for row in rows for cell in row]
        return any(str(expected[0][0]) in found for found in (text, *cells))
    if expect == "first":
        return any(rows and _holds(rows[0], expected[0]) for rows in tables)
    for rows in tables:
        shown = rows[: len(expected)] if expect == "ranked" else rows
        if len(shown) == len(expected) and all(any(_holds(row, one) for row in shown) for one in expected):
            return True
    return False


def _holds(row: list[Any], expected: tuple) -> bool:
    return all(any(_same(cell, value) for cell in row) for value in expected)


def _same(cell: Any, value: Any) -> bool:
    if isinstance(cell, int | float) and isinstance(value, int | float):
        return abs(cell - value) <= max(0.011, abs(value) * 1e-4)
    return cell == value
