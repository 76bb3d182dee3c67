"""The real market, loaded, against counts and trades that are computed without the loader: DuckDB and plain Python."""

from __future__ import annotations

import csv
import gzip
import statistics
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from psycopg import sql

from backend.collection.load import load_files
from backend.db.engine import Database
from tests import graph_contents as contents
from tests.conftest import REAL_DATA_UNTIL

pytestmark = [pytest.mark.real]
UNTIL = REAL_DATA_UNTIL.isoformat()


def query(database: Database, text: str) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(sql.SQL(text)).fetchall()


def holding_counts(database: Database) -> dict[tuple[str, str, str], int]:
    """Return the number of HELD edges by ETF, date and label of what is held."""
    rows = query(
        database,
        """
        SELECT s.properties::text::json ->> 'code', e.properties::text::json ->> 'date', l.name::text, count(*)
        FROM etf_history."HELD" AS e
        JOIN etf_history."ETF" AS s ON s.id = e.start_id
        JOIN ag_catalog.ag_label AS l ON l.id = e.end_id::text::bigint >> 48
        JOIN ag_catalog.ag_graph AS g ON g.graphid = l.graph AND g.name = 'etf_history'
        GROUP BY 1, 2, 3
        """,
    )
    return {(etf, day, label): count for etf, day, label, count in rows}


def files_by_preference(folder: Path) -> list[Path]:
    names = ("holdings_full.csv.gz", "holdings_small.csv", "holdings_active.csv.gz")
    return [folder / name for name in names if (folder / name).exists()]


def expected_counts(folder: Path, kinds: str) -> dict[tuple[str, str], int]:
    """Count distinct resolved codes by ETF and date in SQL; the first file that has a snapshot gives it."""
    duck = duckdb.connect()
    for n, path in enumerate(files_by_preference(folder)):
        duck.execute(
            f"""
            CREATE TABLE h{n} AS
            SELECT {n} AS preference, date, etf_code, constituent_code, kind
            FROM read_csv('{path}', all_varchar = true, quote = '"', escape = '"', header = true, delim = ',')
            WHERE date <= '{UNTIL}'
            """
        )
    union = " UNION ALL ".join(f"SELECT * FROM h{n}" for n in range(len(files_by_preference(folder))))
    rows = duck.execute(
        f"""
        WITH rows AS ({union}),
        chosen AS (SELECT date, etf_code, min(preference) AS preference FROM rows GROUP BY ALL),
        newer AS (
            SELECT code_a, code_b
            FROM read_csv('{folder}/ticker_equivalents.csv', all_varchar = true, quote = '"', header = true)
        )
        SELECT etf_code, date, count(DISTINCT coalesce(n.code_b, constituent_code))
        FROM rows
        JOIN chosen USING (date, etf_code, preference)
        LEFT JOIN newer AS n ON n.code_a = constituent_code AND kind = 'stock'
        WHERE kind IN ({kinds})
        GROUP BY ALL
        """
    ).fetchall()
    return {(etf, day): count for etf, day, count in rows}


def linked(folder: Path, target: Path, *names: str) -> Path:
    for name in names:
        (target / name).symlink_to(folder / name)
    return target


@pytest.fixture(scope="module")
def small_folder(real_data, tmp_path_factory) -> Path:
    return linked(
        real_data,
        tmp_path_factory.mktemp("real"),
        "holdings_small.csv",
        "ticker_equivalents.csv",
        "etfs.csv",
        "prices.csv",
    )


def test_holdings_by_etf_and_date_agree_with_an_independent_count(real_database, small_folder):
    found = holding_counts(real_database)
    for label, kinds in (("Stock", "'stock'"), ("ETF", "'etf'")):
        expected = expected_counts(small_folder, kinds)
        assert {(etf, day): count for (etf, day, held), count in found.items() if held == label} == expected


def test_every_etf_and_price_is_there(real_database, real_data):
    etfs, prices = real_data / "etfs.csv", real_data / "prices.csv"
    assert len(contents.nodes(real_database, "etf_graph", "ETF")) == len(list(csv.reader(etfs.open()))) - 1
    listed = {row["etf_code"] for row in csv.DictReader(etfs.open())}
    rows = [row for row in csv.DictReader(prices.open()) if row["date"] <= UNTIL]
    assert query(real_database, "SELECT count(*) FROM daily_prices") == [(len(rows),)]
    of_listed = sum(row["etf_code"] in listed for row in rows)
    assert query(real_database, 'SELECT count(*) FROM etf_history."Price"') == [(of_listed,)]
    assert query(real_database, 'SELECT count(*) FROM etf_history."HAS_PRICE"') == [(of_listed,)]


def test_no_edge_lacks_a_node(real_database):
    assert contents.dangling(real_database) == 0


def test_the_same_folder_again_changes_nothing(new_database, small_folder):
    database = new_database()
    assert load_files(database, small_folder).loaded_dates > 300
    before = contents.everything(database)
    again = load_files(database, small_folder)
    assert (again.loaded_dates, again.corrected_dates, again.holdings, again.prices) == (0, 0, 0, 0)
    assert contents.everything(database) == before


def common_stocks(database: Database, one: str, other: str) -> int:
    return query(
        database,
        f"""
        SELECT count(*)
        FROM etf_graph."HOLDS" AS a
        JOIN etf_graph."HOLDS" AS b ON b.end_id = a.end_id
        JOIN etf_graph."Stock" AS s ON s.id = a.end_id
        JOIN etf_graph."ETF" AS x ON x.id = a.start_id AND x.properties::text::json ->> 'code' = '{one}'
        JOIN etf_graph."ETF" AS y ON y.id = b.start_id AND y.properties::text::json ->> 'code' = '{other}'
        """,
    )[0][0]


@pytest.mark.slow
class TestTheWholeMarket:
    """Everything until 2026-07-08: 921 ETFs on the last days."""

    def test_stocks_by_etf_and_date_agree_with_an_independent_count(self, full_real_database, real_data, tmp_path):
        names = ("holdings_full.csv.gz", "holdings_active.csv.gz", "ticker_equivalents.csv")
        expected = expected_counts(linked(real_data, tmp_path, *names), "'stock'")
        found = holding_counts(full_real_database)
        assert {(etf, day): count for (etf, day, held), count in found.items() if held == "Stock"} == expected

    def test_codes_are_resolved_across_managers(self, full_real_database):
        # Taken by the codes as they are written, the two have 483 stocks in common.
        assert common_stocks(full_real_database, "360750", "379800") == 501

    def test_an_etf_that_lags_is_in_what_is_held_now(self, full_real_database):
        rows = query(full_real_database, "SELECT code FROM etfs WHERE holdings_date < '2026-07-08' ORDER BY code")
        assert {code for (code,) in rows} >= {"0021D0", "461270", "483240"}
        held = contents.edges(full_real_database, "etf_graph", "HOLDS")
        assert {start for start, _, _ in held} >= {"0021D0", "461270", "483240"}

    def test_what_is_held_now_is_the_latest_snapshot_of_each_etf(self, full_real_database):
        latest = dict(
            query(full_real_database, "SELECT code, holdings_date::text FROM etfs WHERE holdings_date IS NOT NULL")
        )
        held = contents.edges(full_real_database, "etf_history", "HELD")
        assert contents.edges(full_real_database, "etf_graph", "HOLDS") == [
            edge for edge in held if edge[2]["date"] == latest[edge[0]]
        ]

    def test_the_market_graph_has_the_trades_of_the_last_ninety_days(self, full_real_database):
        traded = contents.edges(full_real_database, "etf_history", "TRADED")
        oldest = (REAL_DATA_UNTIL - timedelta(days=90)).isoformat()
        assert contents.edges(full_real_database, "etf_graph", "TRADED") == [
            edge for edge in traded if edge[2]["date"] > oldest
        ]

    def test_no_edge_lacks_a_node(self, full_real_database):
        assert contents.dangling(full_real_database) == 0

    def test_a_rescaled_basket_invents_no_trades(self, full_real_database, real_data):
        before, after = (basket_of(real_data, "0015B0", day) for day in ("2025-02-27", "2025-02-28"))
        scale = statistics.median(after[code] / before[code] for code in before.keys() & after.keys())
        assert scale == pytest.approx(1.41, abs=0.01)
        found = {
            end: values
            for start, end, values in contents.edges(full_real_database, "etf_history", "TRADED")
            if (start, values["date"]) == ("0015B0", "2025-02-28")
        }
        expected = trades_between(before, after)
        assert {code: values["action"] for code, values in found.items()} == expected
        changes = {
            code: values["shares_change"] for code, values in found.items() if values["action"] in ("more", "less")
        }
        assert changes == {
            code: pytest.approx((after[code] / before[code] / scale - 1) * 100, abs=1e-3) for code in changes
        }
        grown = {code for code in before.keys() & after.keys() if after[code] > before[code]}
        assert len(grown) > 2 * sum(change > 0 for change in changes.values())

    def test_the_trades_of_an_active_etf_agree_with_a_plain_computation(self, full_real_database, real_data):
        baskets = baskets_of(real_data, "0015B0")
        days = sorted(day for day in baskets if day <= "2026-03-31")
        expected = {
            (day, code): action
            for previous, day in pairwise(days)
            for code, action in trades_between(baskets[previous], baskets[day]).items()
        }
        found = {
            (values["date"], end): values["action"]
            for start, end, values in contents.edges(full_real_database, "etf_history", "TRADED")
            if start == "0015B0" and values["date"] <= "2026-03-31"
        }
        assert found == expected
        assert len(found) > 1000


def baskets_of(folder: Path, etf: str) -> dict[str, dict[str, float]]:
    """Return the quantities of an ETF's stocks by date, straight from the file of active ETFs."""
    newer = {row["code_a"]: row["code_b"] for row in csv.DictReader((folder / "ticker_equivalents.csv").open())}
    baskets: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    with gzip.open(folder / "holdings_active.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["etf_code"] == etf and row["kind"] in ("stock", "etf"):
                code = newer.get(row["constituent_code"], row["constituent_code"])
                baskets[row["date"]][code] += float(row["qty_per_cu"])
    return baskets


def basket_of(folder: Path, etf: str, day: str) -> dict[str, float]:
    return baskets_of(folder, etf)[day]


def trades_between(before: dict[str, float], after: dict[str, float]) -> dict[str, str]:
    """Return the action by code, by the rule: quantity ratio over the median ratio, beyond one percent."""
    ratios = {code: after[code] / before[code] for code in before.keys() & after.keys() if before[code] and after[code]}
    scale = statistics.median(ratios.values())
    actions = {code: "new" for code in after.keys() - before.keys()}
    actions |= {code: "out" for code in before.keys() - after.keys()}
    actions |= {code: "more" for code, ratio in ratios.items() if ratio / scale - 1 > 0.01}
    actions |= {code: "less" for code, ratio in ratios.items() if ratio / scale - 1 < -0.01}
    return actions
