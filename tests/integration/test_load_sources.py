"""Several sources of one market, baskets that did not come, and the record of every run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from backend.collection.feed import Feed
from backend.collection.load import Summary, load, load_files, load_sample, make_ready
from backend.collection.runs import record_failure, record_holiday
from backend.collection.sources import files
from backend.db.engine import Database
from backend.errors import Conflict
from tests import graph_contents as contents
from tests import market_files as market

D1, D2, D3 = "2026-01-05", "2026-01-06", "2026-01-07"
FIRST = {"005930": (100, 50.0), "000660": (20, 30.0), "035720": (5, 20.0)}
SECOND = {"005930": (150, 60.0), "000660": (20, 40.0)}
ETFS = [market.etf("AAA001"), market.etf("BBB002", is_active="Y"), market.etf("CCC003")]
MARKET = tuple(
    f"{graph}.{part}"
    for graph, parts in (
        ("etf_graph", ("ETF", "Stock", "Asset", "HOLDS", "TRADED")),
        ("etf_history", ("ETF", "Stock", "Asset", "HELD", "TRADED", "Price", "HAS_PRICE")),
    )
    for part in parts
)


def feed(
    path: Path,
    *baskets: list[dict],
    source: str = "krx",
    missing: Mapping[tuple[str, str], str] | None = None,
    etfs: list[dict] | None = None,
    **tables: list[dict],
) -> Feed:
    """Return a delivery of some baskets and other tables."""
    rows = [row for basket in baskets for row in basket]
    given = {"holdings": rows, **tables} if rows else tables
    read = files.read(market.folder(path, etfs=ETFS if etfs is None else etfs, **given))
    absent = {(etf, date.fromisoformat(day)): reason for (etf, day), reason in (missing or {}).items()}
    return Feed(source, source.upper(), read.tables, absent)


@pytest.fixture
def deliver(empty_database, tmp_path):
    """A function that loads a delivery into an empty database."""
    count = 0

    def run(*baskets: list[dict], **options: object) -> Summary:
        nonlocal count
        count += 1
        delivered = feed(tmp_path / str(count), *baskets, **options)
        return load(empty_database, lambda: delivered)

    return run


def rows(database: Database, query: str) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def gaps(database: Database) -> list[tuple]:
    return rows(database, "SELECT code, date::text, reason FROM etf_snapshots WHERE status = 'gap' ORDER BY 1, 2")


def runs(database: Database) -> list[tuple]:
    return rows(
        database,
        "SELECT source, date::text, status, etfs, holdings, prices, trades, gaps, reason FROM collection_runs ORDER BY 1, 2",
    )


def graphs(database: Database) -> dict[str, list]:
    found = contents.everything(database)
    return {part: found[part] for part in MARKET}


def test_krx_goes_on_where_files_ended_and_files_go_on_after_krx(empty_database, deliver):
    deliver(market.basket(D1, "AAA001", FIRST), source="files")
    deliver(market.basket(D2, "AAA001", SECOND))
    assert rows(empty_database, "SELECT name, label, as_of::text FROM datasets") == [("krx", "KRX", D2)]
    deliver(market.basket(D3, "AAA001", FIRST), source="files")
    assert rows(empty_database, "SELECT name, as_of::text FROM datasets") == [("files", D3)]
    held = contents.edges(empty_database, "etf_history", "HELD")
    assert {values["date"] for _, _, values in held} == {D1, D2, D3}
    assert [(row[0], row[1]) for row in runs(empty_database)] == [("files", D1), ("files", D3), ("krx", D2)]


def test_who_brings_an_older_date_does_not_give_the_market_its_name(empty_database, deliver):
    deliver(market.basket(D2, "AAA001", FIRST))
    deliver(market.basket(D1, "AAA001", FIRST), source="files")
    assert rows(empty_database, "SELECT name, as_of::text FROM datasets") == [("krx", D2)]


def test_the_sample_makes_room_for_krx_and_not_the_other_way_round(empty_database, deliver):
    load_sample(empty_database)
    deliver(etfs=[market.etf("AAA001")])
    assert rows(empty_database, "SELECT name FROM datasets") == [("sample",)]
    deliver(market.basket(D1, "AAA001", FIRST))
    found = contents.everything(empty_database)
    assert {node["code"] for node in found["etf_graph.ETF"]} == {"AAA001", "BBB002", "CCC003"}
    with pytest.raises(Conflict):
        load_sample(empty_database)
    make_ready(empty_database)
    assert contents.everything(empty_database) == found


def test_what_a_list_does_not_say_leaves_what_is_known(empty_database, deliver):
    known = market.etf(
        "BBB002", is_active="Y", brand="TEST", total_fee_pct_per_year="0.5", net_asset_krw="900", aum_date="2026-01-06"
    )
    deliver(market.basket(D1, "BBB002", FIRST), source="files", etfs=[known])
    listing = market.etf("BBB002", isin="KR7BBB002001", net_asset_krw="100", aum_date="2026-01-02")
    deliver(etfs=[listing, market.etf("CCC003")])
    query = "SELECT code, isin, brand, active, fee_pct::float8, aum_krw FROM etfs ORDER BY code"
    assert rows(empty_database, query) == [
        ("BBB002", "KR7BBB002001", "TEST", True, 0.5, 900),
        ("CCC003", None, None, False, None, None),
    ]


def test_a_renamed_etf_keeps_its_old_name_among_its_former_ones(empty_database, deliver):
    old, new = market.etf("AAA001", name_ko="KBSTAR 200"), market.etf("AAA001", name_ko="RISE 200")
    deliver(market.basket(D1, "AAA001", FIRST), source="files", etfs=[old])
    deliver(etfs=[new])
    for _ in range(2):
        assert rows(empty_database, "SELECT name FROM etfs") == [("RISE 200",)]
        assert rows(empty_database, "SELECT name, until IS NOT NULL FROM etf_former_names") == [("KBSTAR 200", True)]
        found = rows(empty_database, "SELECT spelling FROM search_names WHERE kind = 'etf' AND source = 'former'")
        assert found == [("KBSTAR 200",)]
        # An older list does not bring the old name back.
        deliver(source="files", etfs=[old])


def test_a_basket_that_did_not_come_is_a_gap_and_changes_no_graph(empty_database, deliver):
    deliver(market.basket(D1, "AAA001", FIRST), market.basket(D1, "BBB002", FIRST))
    before = graphs(empty_database)
    missing = {("BBB002", D2): "no answer after 3 tries", ("0000X0", D2): "never seen"}
    summary = deliver(market.basket(D2, "AAA001", FIRST), missing=missing)
    assert (summary.loaded_dates, summary.gaps, summary.as_dict()["notified_dates"]) == (1, 2, [D2])
    assert gaps(empty_database) == [("0000X0", D2, "never seen"), ("BBB002", D2, "no answer after 3 tries")]
    after = graphs(empty_database)
    of_b = [edge for edge in before["etf_graph.HOLDS"] if edge[0] == "BBB002"]
    assert [edge for edge in after["etf_graph.HOLDS"] if edge[0] == "BBB002"] == of_b
    assert after["etf_graph.TRADED"] == []
    assert [row[7] for row in runs(empty_database)] == [0, 2]
    [(content,)] = rows(empty_database, f"SELECT content FROM notifications WHERE date = '{D2}'")
    assert content["gaps"] == 2
    assert content["missing"] == [
        {"code": "0000X0", "name": "0000X0", "reason": "never seen"},
        {"code": "BBB002", "name": "TEST 코스피액티브", "reason": "no answer after 3 tries"},
    ]


def test_the_same_gaps_again_change_nothing(empty_database, deliver):
    deliver(market.basket(D1, "AAA001", FIRST), missing={("BBB002", D1): "slow"})
    before = contents.everything(empty_database)
    again = deliver(market.basket(D1, "AAA001", FIRST), missing={("BBB002", D1): "slow"})
    assert (again.loaded_dates, again.corrected_dates, again.skipped_dates, again.gaps) == (0, 0, 1, 0)
    assert contents.everything(empty_database) == before


def test_what_is_there_is_not_turned_into_a_gap(empty_database, deliver):
    deliver(market.basket(D1, "AAA001", FIRST), market.basket(D1, "BBB002", FIRST))
    before = contents.everything(empty_database)
    deliver(market.basket(D1, "AAA001", FIRST), missing={("BBB002", D1): "slow"})
    assert contents.everything(empty_database) == before


@pytest.mark.parametrize("in_whole", [True, False])
def test_a_gap_is_filled_by_a_later_load_and_nobody_is_told_again(
    new_database, deliver, empty_database, tmp_path, in_whole
):
    days = {D1: FIRST, D2: SECOND, D3: FIRST}
    baskets = [market.basket(day, etf, held) for day, held in days.items() for etf in ("AAA001", "BBB002")]
    undisturbed = new_database()
    load(undisturbed, lambda: feed(tmp_path / "whole", *baskets))
    late = market.basket(D2, "BBB002", SECOND)
    baskets.remove(late)
    deliver(*baskets, missing={("BBB002", D2): "slow"})
    of_the_day = [rows for rows in (*baskets, late) if rows[0]["date"] == D2]
    filled = deliver(*of_the_day) if in_whole else deliver(late)
    assert (filled.corrected_dates, filled.notified) == (1, False)
    assert gaps(empty_database) == []
    assert graphs(empty_database) == graphs(undisturbed)
    # The trades of a later date that are derived anew are no part of that date's own run.
    assert runs(empty_database)[:2] == runs(undisturbed)[:2]
    assert rows(empty_database, "SELECT count(*) FROM notifications") == [(3,)]


def test_a_date_of_which_no_basket_came_is_not_loaded(empty_database, deliver):
    deliver(market.basket(D1, "AAA001", FIRST))
    before = contents.everything(empty_database)
    missing = {("AAA001", D2): "slow", ("BBB002", D2): "slow"}
    summary = deliver(prices=[market.price(D2, "AAA001", 100)], missing=missing)
    assert summary.as_dict()["empty_dates"] == [D2]
    assert (summary.loaded_dates, summary.notified) == (0, False)
    assert contents.everything(empty_database) == before
    # A basket that collapsed is none that came.
    shrunk = market.basket(D2, "AAA001", {"005930": (1, None)}, kind="cash", basis="U")
    assert deliver(shrunk, missing={("BBB002", D2): "slow"}).empty_dates == [date.fromisoformat(D2)]
    assert contents.everything(empty_database) == before


def test_gaps_of_a_date_that_another_delivery_brought_are_recorded(empty_database, deliver):
    deliver(market.basket(D1, "AAA001", FIRST), source="files")
    summary = deliver(missing={("AAA001", D1): "slow", ("BBB002", D1): "slow"})
    assert (summary.empty_dates, summary.corrected_dates, summary.notified) == ([], 1, False)
    assert gaps(empty_database) == [("BBB002", D1, "slow")]


def test_a_rejected_date_is_recorded_with_its_reason_until_it_is_loaded(empty_database, deliver):
    bad = market.basket(D2, "AAA001", {"005930": ("many", 60.0), "000660": ("few", 40.0)})
    deliver(market.basket(D1, "AAA001", FIRST), bad, source="files")
    reason = "holdings.csv, line 5, qty_per_cu = 'many': is no number between -1e+15 and 1e+15"
    assert runs(empty_database)[1] == ("files", D2, "rejected", 0, 0, 0, 0, 0, reason)
    assert rows(empty_database, "SELECT rejected FROM collection_runs ORDER BY date") == [(0,), (2,)]
    assert rows(empty_database, "SELECT date::text FROM notifications") == [(D1,)]
    assert deliver(market.basket(D2, "AAA001", SECOND), source="files").as_dict()["notified_dates"] == [D2]
    loaded = ("files", D2, "loaded", 1, 2, 0, 3, 0, None)
    assert runs(empty_database)[1] == loaded
    deliver(bad, source="files")
    assert runs(empty_database)[1] == loaded


def test_a_failure_is_recorded_and_posted_once_and_overwritten_by_success(empty_database, deliver):
    day = date.fromisoformat(D1)
    assert record_failure(empty_database, "krx", day, "KRX refused the key")
    assert record_failure(empty_database, "krx", day, "KRX did not answer")
    assert runs(empty_database) == [("krx", D1, "failed", 0, 0, 0, 0, 0, "KRX did not answer")]
    assert rows(empty_database, "SELECT key, kind, content FROM discord_posts") == [
        (
            f"collection_failed:krx:{D1}",
            "collection_failed",
            {"source": "krx", "date": D1, "reason": "KRX refused the key"},
        )
    ]
    assert deliver(market.basket(D1, "AAA001", FIRST)).notified
    assert runs(empty_database) == [("krx", D1, "loaded", 1, 3, 0, 0, 0, None)]
    assert not record_failure(empty_database, "krx", day, "too late")
    assert not record_holiday(empty_database, "krx", day)
    assert runs(empty_database) == [("krx", D1, "loaded", 1, 3, 0, 0, 0, None)]


def test_a_failure_is_not_posted_where_whoever_collects_tells_of_it(empty_database):
    quiet = empty_database.settings.model_copy(update={"discord_failures": False})
    assert record_failure(Database(empty_database.url(), quiet), "krx", date.fromisoformat(D1), "KRX refused the key")
    assert runs(empty_database)[0][2] == "failed"
    assert rows(empty_database, "SELECT count(*) FROM discord_posts") == [(0,)]


def test_a_holiday_that_was_none_is_loaded_later(empty_database, deliver):
    assert record_holiday(empty_database, "krx", date.fromisoformat(D1), "신정")
    assert runs(empty_database)[0][2::6] == ("holiday", "신정")
    assert rows(empty_database, "SELECT count(*) FROM discord_posts") == [(0,)]
    assert deliver(market.basket(D1, "AAA001", FIRST)).loaded_dates == 1


def test_each_run_says_how_long_it_took(empty_database, deliver):
    summary = deliver(*(market.basket(day, "AAA001", FIRST) for day in (D1, D2)))
    durations = [ms for (ms,) in rows(empty_database, "SELECT duration_ms FROM collection_runs ORDER BY date")]
    assert all(ms > 0 for ms in durations)
    assert sum(durations) <= summary.seconds * 1000


def test_files_are_loaded_again_after_krx_without_effect(empty_database, tmp_path):
    path = market.folder(tmp_path / "files", etfs=ETFS, holdings=market.basket(D1, "AAA001", FIRST))
    load_files(empty_database, path)
    load(empty_database, lambda: feed(tmp_path / "krx", market.basket(D2, "AAA001", SECOND)))
    before = contents.everything(empty_database)
    assert load_files(empty_database, path).skipped_dates == 1
    assert contents.everything(empty_database) == before
