"""Loads as processes: killed, cut off, two at once, and what the command line says."""

from __future__ import annotations

import json
import signal
import time

from backend.collection.load import load_sample, make_ready
from backend.db.engine import Database
from tests import graph_contents as contents
from tests import market_files as market
from tests.load_processes import await_dates, finish, start


def assert_whole_dates(database: Database) -> int:
    """Assert that each date is there as its run says, and nothing else; return the number of dates."""
    with database.connect() as connection:
        runs = dict(connection.execute("SELECT date::text, holdings FROM collection_runs").fetchall())
        prices = connection.execute("SELECT DISTINCT date::text FROM daily_prices").fetchall()
        as_of = connection.execute("SELECT as_of::text FROM datasets").fetchone()
    found: dict[str, int] = {}
    for _, _, values in contents.edges(database, "etf_history", "HELD"):
        found[values["date"]] = found.get(values["date"], 0) + 1
    assert found == {day: count for day, count in runs.items() if count}
    assert {day for (day,) in prices} <= set(runs)
    assert as_of == (max(runs),)
    assert {values["date"] for _, _, values in contents.edges(database, "etf_graph", "HOLDS")} <= set(runs)
    assert contents.dangling(database) == 0
    return len(runs)


def test_a_killed_load_leaves_whole_dates_and_the_next_one_goes_on(empty_database, sample_database):
    process = start(empty_database, "sample")
    await_dates(empty_database, 10, process)
    process.send_signal(signal.SIGKILL)
    finish(process)
    dates = assert_whole_dates(empty_database)
    assert dates >= 10

    code, output, errors = finish(start(empty_database, "sample", "--json"))
    assert code == 0, errors
    summary = json.loads(output)
    assert summary["skipped_dates"] == dates
    found, expected = contents.everything(empty_database), contents.everything(sample_database)
    for part, rows in expected.items():
        assert found[part] == rows, part


def test_a_load_killed_while_it_replaces_the_sample_leaves_one_whole_market(empty_database, tmp_path):
    load_sample(empty_database)
    sample = contents.everything(empty_database)
    rows = [
        row for day in range(1, 29) for row in market.basket(f"2026-01-{day:02}", "AAA001", {"005930": (day, 100.0)})
    ]
    market.folder(tmp_path, etfs=[market.etf("AAA001")], holdings=rows)
    for delay in (0.8, 1.2, 1.6, 2.0, 2.4):
        process = start(empty_database, "files", "--dir", str(tmp_path))
        time.sleep(delay)
        process.kill()
        finish(process)
        with empty_database.connect() as connection:
            (name,) = connection.execute("SELECT name FROM datasets").fetchone()
        if name == "files":
            break
        assert contents.everything(empty_database) == sample
    assert finish(start(empty_database, "files", "--dir", str(tmp_path)))[0] == 0
    assert assert_whole_dates(empty_database) == 28
    assert [node["code"] for node in contents.nodes(empty_database, "etf_graph", "ETF")] == ["AAA001"]


def test_a_load_whose_database_connection_is_cut_leaves_whole_dates(empty_database):
    process = start(empty_database, "sample")
    await_dates(empty_database, 5, process)
    with empty_database.connect(autocommit=True) as connection:
        connection.execute(
            """
            SELECT pg_terminate_backend(pid)
            FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'atlas_loader'
            """
        )
    code, _, errors = finish(process)
    assert code == 1
    assert errors.startswith("error: The database went away")
    assert_whole_dates(empty_database)
    assert finish(start(empty_database, "sample"))[0] == 0


def test_an_interrupted_load_leaves_whole_dates(empty_database):
    process = start(empty_database, "sample")
    await_dates(empty_database, 5, process)
    process.send_signal(signal.SIGINT)
    code, _, _ = finish(process)
    assert code != 0
    assert_whole_dates(empty_database)


def test_two_loads_at_once_queue(empty_database, sample_database):
    one, other = start(empty_database, "sample", "--json"), start(empty_database, "sample", "--json")
    summaries = []
    for process in (one, other):
        code, output, errors = finish(process)
        assert code == 0, errors
        summaries.append(json.loads(output))
    dates = len(contents.everything(sample_database)["collection_runs"])
    assert sorted(summary["loaded_dates"] for summary in summaries) == [0, dates]
    assert sorted(summary["skipped_dates"] for summary in summaries) == [0, dates]
    found, expected = contents.everything(empty_database), contents.everything(sample_database)
    for part, rows in expected.items():
        assert found[part] == rows, part


def test_the_command_line_reports_bad_rows_and_fails(empty_database, tmp_path):
    rows = market.basket("2026-01-05", "AAA001", {"005930": (1, 100.0)})
    rows += market.basket("2026-01-06", "AAA001", {"005930": ("many", 100.0)})
    market.folder(tmp_path, etfs=[market.etf("AAA001")], holdings=rows)
    code, output, errors = finish(start(empty_database, "files", "--dir", str(tmp_path), "--json"))
    assert code == 1
    assert errors == ""
    summary = json.loads(output)
    assert (summary["loaded_dates"], summary["rejected_dates"]) == (1, ["2026-01-06"])
    assert [(row["file"], row["line"], row["column"]) for row in summary["rejected"]] == [
        ("holdings.csv", 3, "qty_per_cu")
    ]

    code, output, errors = finish(start(empty_database, "files", "--dir", str(tmp_path)))
    assert code == 1
    assert "1 rejected" in output
    assert errors.strip() == "holdings.csv, line 3, qty_per_cu = 'many': is no number between -1e+15 and 1e+15"


def test_a_file_that_cannot_be_read_fails_in_one_line(empty_database, tmp_path):
    (tmp_path / "etfs.csv").write_text("etf_code\nAAA001\n")
    code, output, errors = finish(start(empty_database, "files", "--dir", str(tmp_path), "--json"))
    assert (code, output) == (1, "")
    assert errors.strip() == "error: etfs.csv lacks the column name_ko."


def test_indexes_that_a_killed_load_left_off_come_back(empty_database, tmp_path):
    def indexes() -> set[str]:
        with empty_database.connect() as connection:
            query = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'etf_history' AND tablename = 'HELD'"
            return {definition for (definition,) in connection.execute(query)}

    def leave_off() -> None:
        with empty_database.connect("atlas_loader") as connection:
            connection.execute("SELECT defer_history_indexes()")
        assert not indexes() & expected

    expected = indexes()
    leave_off()
    market.folder(tmp_path, etfs=[market.etf("AAA001")], prices=[market.price("2026-01-05", "AAA001", 1)])
    assert finish(start(empty_database, "files", "--dir", str(tmp_path)))[0] == 0
    assert indexes() == expected
    leave_off()
    make_ready(empty_database)
    assert indexes() == expected


def test_a_sample_market_that_was_left_half_loaded_is_completed(empty_database, sample_database):
    process = start(empty_database, "sample")
    await_dates(empty_database, 3, process)
    process.kill()
    finish(process)
    make_ready(empty_database)
    assert assert_whole_dates(empty_database) == assert_whole_dates(sample_database)
