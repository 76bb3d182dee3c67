"""Every verified example answers on the sample market what independent SQL over the raw tidy rows computes."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from agent.example_query import ExampleAnswer, run_example
from agent.examples import load_examples
from agent.sandbox import run_guarded
from agent.verified_example import Example, SlotValue
from backend.db.engine import Database
from backend.graph.client import Result
from seeds.sample_market import generate
from seeds.tags import tags_for

FOLDER = Path(__file__).resolve().parent.parent / "examples_sql"
DEFAULTS = yaml.safe_load((FOLDER / "defaults.yaml").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = {
    example_id: case
    for path in sorted(FOLDER.glob("*.yaml"))
    if path.name != "defaults.yaml"
    for example_id, case in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}
ANSWERED = [example for example in load_examples() if example.outcome == "answered"]
CODE_COLUMNS = {"종목코드", "코드", "code"}


@pytest.fixture(scope="module")
def raw_rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The sample market's raw rows in DuckDB, with what base.sql derives from them."""
    folder = tmp_path_factory.mktemp("tidy")
    generate().write_csv(folder)
    connection = duckdb.connect()
    with (folder / "etfs.csv").open(encoding="utf-8") as file:
        tags = [(row["etf_code"], tag, theme) for row in csv.DictReader(file) for tag, theme in tags_for(row)]
    connection.execute("CREATE TABLE tags (etf VARCHAR, tag VARCHAR, theme VARCHAR)")
    connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", tags)
    connection.execute(f"SET VARIABLE folder = '{folder}'")
    connection.execute((FOLDER / "base.sql").read_text(encoding="utf-8"))
    yield connection
    connection.close()


def test_every_example_that_answers_has_its_sql() -> None:
    assert {example.id for example in ANSWERED} == set(CASES)


@pytest.mark.parametrize("example", ANSWERED, ids=lambda example: example.id)
def test_example_agrees_with_sql(
    example: Example, sample_database: Database, raw_rows: duckdb.DuckDBPyConnection
) -> None:
    case = _case(example.id)
    values = _slot_values(example, case, raw_rows)
    answer = _ask(example, sample_database, values)
    columns, expected = _expected(example, case, values, raw_rows)
    assert answer.rows, f"{example.id} finds nothing on the sample market: choose other values"
    positions = [list(answer.columns).index(column) for column in columns]
    rows = [_comparable(columns, [row[position] for position in positions], raw_rows) for row in answer.rows]
    wanted = [_comparable(columns, row, raw_rows) for row in expected]
    if case.get("unordered"):
        rows, wanted = sorted(rows), sorted(wanted)
    assert len(rows) == len(wanted), (rows[:5], wanted[:5])
    for place, (row, other) in enumerate(zip(rows, wanted, strict=True)):
        assert all(map(_same, row, other)), f"row {place}: {row} instead of {other}"


@pytest.mark.parametrize("example", load_examples(), ids=lambda example: example.id)
def test_example_says_its_answer_in_words(
    example: Example, sample_database: Database, raw_rows: duckdb.DuckDBPyConnection
) -> None:
    values = _slot_values(example, _case(example.id) if example.outcome == "answered" else {}, raw_rows)
    answer = _ask(example, sample_database, values)
    assert answer.text
    assert not re.search(r"[{}]|None|알 수 없음%|\(을\)|\(를\)", answer.text + answer.title), answer.text


def _case(example_id: str) -> dict[str, Any]:
    """The case of an example: its own, or that of the Korean one that asks the same, with `columns` to rename."""
    case = CASES[example_id]
    return {**CASES[case["same_as"]], **case} if "same_as" in case else case


def _slot_values(
    example: Example, case: Mapping[str, Any], raw_rows: duckdb.DuckDBPyConnection
) -> dict[str, SlotValue]:
    chosen = {**DEFAULTS, **case.get("values", {})}
    return {slot.name: _slot_value(slot.type, chosen[slot.name], raw_rows) for slot in example.slots}


def _slot_value(slot_type: str, value: Any, raw_rows: duckdb.DuckDBPyConnection) -> SlotValue:
    if slot_type in ("etf", "stock"):
        codes = (value,) if slot_type == "etf" else tuple(value)
        table = "etf" if slot_type == "etf" else "listed_stock"
        [name] = raw_rows.execute(f"SELECT name FROM {table} WHERE code = ?", [codes[0]]).fetchone()
        return SlotValue(slot_type, codes=codes, name=name, mention=name)
    if slot_type == "period":
        return SlotValue(slot_type, value=tuple(value), mention="지난달")
    return SlotValue(slot_type, value=value, mention=str(value))


def _ask(example: Example, database: Database, values: Mapping[str, SlotValue]) -> ExampleAnswer:
    def run(graph: str, cypher: str, parameters: Mapping[str, Any]) -> Result:
        return run_guarded(database, graph, cypher, parameters, timeout_ms=5000, row_limit=100_000)

    return run_example(example, values, run, as_of="2026-07-31")


def _expected(
    example: Example, case: Mapping[str, Any], values: Mapping[str, SlotValue], raw_rows: duckdb.DuckDBPyConnection
) -> tuple[list[str], list[tuple]]:
    parameters: dict[str, Any] = {}
    for slot in example.slots:
        value = values[slot.name]
        if slot.type == "period":
            parameters["first"], parameters["last"] = value.value
        elif slot.type == "stock":
            parameters[slot.name] = [_root(code, raw_rows) for code in value.codes]
        else:
            parameters[slot.name] = value.codes[0] if slot.type == "etf" else value.value
    if "prepare" in case:
        raw_rows.execute("DROP TABLE IF EXISTS ends")
        _execute(raw_rows, case["prepare"], parameters)
    result = _execute(raw_rows, case["sql"], parameters)
    names = [column[0] for column in result.description]
    rows = result.fetchall()
    if "columns" not in case:
        return names, rows
    kept = [position for position, name in enumerate(names) if name in case["columns"]]
    return [case["columns"][names[position]] for position in kept], [tuple(row[p] for p in kept) for row in rows]


def _execute(raw_rows: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    return raw_rows.execute(sql, {name: value for name, value in parameters.items() if re.search(rf"\${name}\b", sql)})


def _comparable(columns: list[str], row: Any, raw_rows: duckdb.DuckDBPyConnection) -> tuple:
    """A row with codes of one security made equal, because which of them is shown is the loader's choice."""
    return tuple(
        _root(value, raw_rows) if column in CODE_COLUMNS else value for column, value in zip(columns, row, strict=True)
    )


def _root(code: str, raw_rows: duckdb.DuckDBPyConnection) -> str:
    found = raw_rows.execute("SELECT root FROM same_code WHERE code = ?", [code]).fetchone()
    return found[0] if found else code


def _same(value: Any, other: Any) -> bool:
    """Equal, or numbers that differ by no more than rounding to two decimals."""
    if isinstance(value, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return math.isclose(value, other, rel_tol=1e-9, abs_tol=0.0051)
    return value == other
