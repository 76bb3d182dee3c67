"""Alerts of a thousand people who watch twenty ETFs each, over every date of the real market, against DuckDB on the raw files."""

from __future__ import annotations

import csv
import random
from datetime import date
from pathlib import Path

import duckdb
import pytest

from backend.collection.load import load_files
from backend.db.engine import Database
from tests.alerts_oracle import Expected
from tests.watchers import KINDS, add_people, add_watches

pytestmark = [pytest.mark.real, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[3]
PEOPLE, ETFS_EACH = 1_000, 20
DEFAULT_KINDS = ["new", "out", "more", "less", "weight", "fee", "name"]
# The second delivery brings seven dates onto what is stored.
FIRST_UNTIL = date(2026, 7, 6)
DATES = 439


def watches(people: list, etfs: list[str]) -> list[tuple]:
    """Return watches of chance: the defaults half of the time, else any kinds and thresholds."""
    chance = random.Random(20260708)
    rows = []
    for person in people:
        for etf in chance.sample(etfs, ETFS_EACH):
            kinds = DEFAULT_KINDS if chance.random() < 0.5 else chance.sample(KINDS, chance.randint(1, len(KINDS)))
            threshold = chance.choice((0.5, 0.5, 0.5, 0.3, 1, 2, 3, 5, 10, 0))
            rows.append((person, etf, list(kinds), threshold, chance.choice((0.25, 0.5, 1, 1, 2))))
    return rows


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("all")
    for path in [*real_data.glob("*.csv"), *real_data.glob("*.csv.gz")]:
        if path.name != "holdings_small.csv":
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> Expected:
    with (ROOT / "seeds" / "krx_holidays.csv").open(encoding="utf-8", newline="") as file:
        return Expected(folder, {row["date"] for row in csv.DictReader(file)})


@pytest.fixture(scope="module")
def database(new_database, folder: Path, expected: Expected, tmp_path_factory) -> Database:
    """The real market, loaded under the eyes of all watchers; what they were told lies beside what is expected."""
    database = new_database()
    people = add_people(database, PEOPLE)
    rows = watches(people, expected.etfs())
    add_watches(database, [(*row, True, False) for row in rows])
    expected.watch([(str(person), *row) for person, *row in rows])
    load_files(database, folder, until=FIRST_UNTIL)
    load_files(database, folder)
    _copy_told(database, expected.connection, tmp_path_factory.mktemp("told"))
    return database


def _copy_told(database: Database, duck: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Bring the alerts of the database into DuckDB: `found_alert`, and `found_row` for the entries of their lists."""
    queries = {
        "found_alert": """
            SELECT person, subject AS etf, date::text AS date, content ->> 'compared_with' AS previous,
                   content ->> 'weights_comparable' AS comparable, content ->> 'gap_total' AS gap,
                   content ->> 'trades_total' AS trades, content ->> 'drift_total' AS drift,
                   jsonb_array_length(content -> 'trades') AS listed_trades,
                   jsonb_array_length(content -> 'drift') AS listed_drift,
                   content #>> '{premium,after}' AS premium, content #>> '{premium,before}' AS premium_before,
                   content ->> 'fee' AS fee, content ->> 'name' AS name
            FROM notifications
            WHERE kind = 'alert'
        """,
        "found_row": """
            SELECT n.person, n.subject AS etf, n.date::text AS date, r ->> 'label' AS label, r ->> 'code' AS code,
                   r ->> 'action' AS action, r ->> 'weight_before' AS before, r ->> 'weight_after' AS after,
                   coalesce(r ->> 'change_pp', r ->> 'size_pp') AS size
            FROM notifications AS n
            CROSS JOIN LATERAL jsonb_array_elements((n.content -> 'trades') || (n.content -> 'drift')) AS r
            WHERE n.kind = 'alert'
        """,
    }
    with database.connect() as connection:
        for table, query in queries.items():
            path = folder / f"{table}.csv"
            with (
                path.open("wb") as file,
                connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)") as copy,
            ):
                for block in copy:
                    file.write(block)
            duck.execute(f"CREATE TABLE {table} AS SELECT * FROM read_csv('{path}', all_varchar = true, header = true)")


def test_everybody_is_told_of_every_etf_and_date_as_expected(database, expected, record_property):
    rows = expected.rows(
        """
        WITH listed AS (
            SELECT person, etf, date,
                   round(coalesce(sum(abs(CAST(size AS DOUBLE))) FILTER (WHERE action IS NOT NULL), 0), 3) AS largest_trades,
                   round(coalesce(sum(abs(CAST(size AS DOUBLE))) FILTER (WHERE action IS NULL), 0), 3) AS largest_drift
            FROM found_row
            GROUP BY ALL
        )
        SELECT count(*), count(DISTINCT f.date), count(*) FILTER (WHERE e.person IS NULL), count(*) FILTER (WHERE f.person IS NULL),
               count(*) FILTER (
                   WHERE f.previous IS DISTINCT FROM e.previous
                      OR CAST(f.comparable AS BOOLEAN) IS DISTINCT FROM e.comparable
                      OR CAST(f.gap AS INT) IS DISTINCT FROM e.gap
                      OR CAST(f.trades AS INT) IS DISTINCT FROM e.trades
                      OR CAST(f.drift AS INT) IS DISTINCT FROM e.drift
                      OR CAST(f.listed_trades AS INT) IS DISTINCT FROM least(e.trades, 10)
                      OR CAST(f.listed_drift AS INT) IS DISTINCT FROM least(e.drift, 10)
                      OR abs(coalesce(l.largest_trades, 0) - e.largest_trades) > 0.002
                      OR abs(coalesce(l.largest_drift, 0) - e.largest_drift) > 0.002
                      OR CAST(f.premium AS DOUBLE) IS DISTINCT FROM e.premium
                      OR (e.premium IS NOT NULL AND CAST(f.premium_before AS DOUBLE) IS DISTINCT FROM e.premium_before)
                      OR f.fee IS NOT NULL
                      OR f.name IS NOT NULL
               )
        FROM found_alert AS f
        FULL JOIN alert AS e ON e.person = f.person AND e.etf = f.etf AND e.date = f.date
        LEFT JOIN listed AS l ON l.person = f.person AND l.etf = f.etf AND l.date = f.date
        """
    )
    ((alerts, dates, unexpected, lacking, otherwise),) = rows
    record_property("alerts", alerts)
    assert (unexpected, lacking, otherwise) == (0, 0, 0), (alerts, dates)
    assert alerts > 30_000
    assert dates > 400


def test_every_row_that_is_told_is_one_of_those_expected(database, expected):
    ((rows, wrong, actions),) = expected.rows(
        """
        SELECT count(*), count(*) FILTER (WHERE t.person IS NULL), count(DISTINCT f.action)
        FROM found_row AS f
        LEFT JOIN keys AS k ON k.code = f.code AND f.label = 'Stock'
        LEFT JOIN told AS t
          ON t.person = f.person AND t.etf = f.etf AND t.date = f.date AND t.label = f.label
         AND t.key = coalesce(k.key, f.code) AND t.action IS NOT DISTINCT FROM f.action
         AND abs(coalesce(CAST(f.size AS DOUBLE), -1) - coalesce(CASE WHEN t.action IS NULL THEN t.change_pp ELSE t.size_pp END, -1)) <= 0.0001001
         AND abs(coalesce(CAST(f.before AS DOUBLE), -1) - coalesce(t.before, -1)) < 1e-6
         AND (
             abs(coalesce(CAST(f.after AS DOUBLE), -1) - coalesce(t.after, -1)) < 1e-6
             OR (f.after IS NULL AND t.action IN ('more', 'less') AND t.change_pp IS NULL)
         )
        """
    )
    assert wrong == 0, rows
    assert actions == 4
    assert rows > 100_000


def test_nobody_is_told_twice(database):
    with database.connect() as connection:
        (count, distinct) = connection.execute(
            "SELECT count(*), count(DISTINCT (person, date, subject)) FROM notifications WHERE kind = 'alert'"
        ).fetchone()
    assert count == distinct > 0
