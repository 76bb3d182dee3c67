"""`./atlas bench` finds the benchmarks and keeps its figures apart from its tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app
from backend.commands import bench
from backend.errors import NotFound

BENCHMARK = """
def run():
    print("a table for people")
    return {"seconds": 0.5}
"""


@pytest.fixture
def _two_benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second"):
        (tmp_path / f"bench_{name}.py").write_text(BENCHMARK, encoding="utf-8")
    monkeypatch.setattr(bench, "BENCHMARKS", tmp_path)


@pytest.mark.usefixtures("_two_benchmarks")
def test_json_is_all_that_stands_on_the_standard_output() -> None:
    result = CliRunner().invoke(app, ["bench", "first", "--json"])
    assert json.loads(result.stdout) == {"seconds": 0.5}
    assert "a table for people" in result.stderr


@pytest.mark.usefixtures("_two_benchmarks")
def test_without_a_name_all_of_them_run() -> None:
    result = CliRunner().invoke(app, ["bench", "--json"])
    assert json.loads(result.stdout) == {"first": {"seconds": 0.5}, "second": {"seconds": 0.5}}


@pytest.mark.usefixtures("_two_benchmarks")
def test_the_table_is_for_people() -> None:
    result = CliRunner().invoke(app, ["bench", "second"])
    assert result.stdout == "a table for people\n"


@pytest.mark.usefixtures("_two_benchmarks")
def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    result = CliRunner().invoke(app, ["bench", "third"])
    assert isinstance(result.exception, NotFound)
    assert "first, second" in str(result.exception)


def test_decoding_maps_is_fifty_times_faster_than_apache_age_python(monkeypatch: pytest.MonkeyPatch) -> None:
    agtype = bench.load_benchmark("agtype")
    monkeypatch.setattr(agtype, "MAPS", 1_000)
    assert agtype.run()["times_faster"] >= 50
