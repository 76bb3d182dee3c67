"""Loading: codes that mean one security, the list of ETFs, and which market makes room for which."""

from __future__ import annotations

import pytest

from backend.collection.feed import Feed
from backend.collection.load import load, load_files, load_sample
from backend.collection.sources import files
from backend.errors import Conflict
from backend.graph.labels import MARKET
from tests import graph_contents as contents
from tests import market_files as market
from tests.small_market import D1, D2, ETFS, FIRST, folder, held, holds, trades


def test_codes_of_one_security_are_one_holding(empty_database, tmp_path):
    rows = market.basket(D1, "AAA001", {"US67066G1040": (2, 40.0), "005930": (1, 60.0)})
    rows += market.basket(D1, "BBB002", {"NVDA US": (5, 100.0)})
    load_files(empty_database, folder(tmp_path, holdings=rows))
    assert set(holds(empty_database)) == {"NVDA US", "005930"}
    assert set(holds(empty_database, "BBB002")) == {"NVDA US"}


def test_real_data_takes_the_place_of_the_sample_and_not_the_other_way_round(empty_database, tmp_path):
    load_sample(empty_database)
    assert contents.edges(empty_database, MARKET, "HOLDS")
    bad = folder(tmp_path / "bad", holdings=market.basket(D1, "AAA001", {"005930": ("x", 1.0)}))
    assert load_files(empty_database, bad).as_dict()["dataset"] == "files"
    with empty_database.connect() as connection:
        assert connection.execute("SELECT name FROM datasets").fetchone() == ("sample",)
    load_files(empty_database, folder(tmp_path / "good", holdings=market.basket(D1, "AAA001", FIRST)))
    found = contents.everything(empty_database)
    assert [node["code"] for node in found["etf_graph.ETF"]] == ["AAA001", "BBB002"]
    assert len(found["etf_history.HELD"]) == len(found["etf_graph.HOLDS"]) == 3
    assert found["datasets"][0][1] == "files"
    with pytest.raises(Conflict):
        load_sample(empty_database)
    assert contents.everything(empty_database) == found


def test_reference_tables_alone_can_be_loaded(empty_database, tmp_path):
    summary = load_files(empty_database, folder(tmp_path))
    assert (summary.loaded_dates, summary.etfs) == (0, 2)
    assert len(contents.nodes(empty_database, MARKET, "Stock")) == 3


def test_a_changed_list_of_etfs_changes_their_nodes_and_edges(empty_database, tmp_path):
    load_files(empty_database, folder(tmp_path / "a", holdings=market.basket(D1, "AAA001", FIRST)))
    changed = {"name_ko": "TEST 조선", "manager_ko": "새자산운용", "underlying_index": "시험 조선 지수"}
    renamed = [market.etf("AAA001", **changed), ETFS[1]]
    load_files(empty_database, folder(tmp_path / "b", etfs=renamed))
    found = contents.everything(empty_database)
    assert found["etf_graph.ETF"][0]["name"] == found["etf_history.ETF"][0]["name"] == "TEST 조선"
    assert found["etf_graph.ETF"][0]["holdings_date"] == D1
    assert found["etf_graph.MANAGED_BY"] == [("AAA001", "새자산운용", {}), ("BBB002", "시험자산운용", {})]
    assert {tag for etf, tag, _ in found["etf_graph.TAGGED"] if etf == "AAA001"} >= {"조선"}
    assert ("AAA001", "반도체", {}) not in found["etf_graph.TAGGED"]


def test_an_equivalence_that_comes_late_joins_what_is_loaded(empty_database, tmp_path):
    rows = market.basket(D1, "AAA001", {"US0000000001": (2, 40.0), "005930": (1, 60.0)})
    rows += market.basket(D1, "BBB002", {"ABC US": (5, 100.0)})
    load_files(empty_database, folder(tmp_path / "a", holdings=rows))
    assert set(holds(empty_database)) == {"US0000000001", "005930"}
    pairs = [{"code_a": "US0000000001", "code_b": "ABC US"}, {"code_a": "ABC US", "code_b": "COR US"}]
    second = market.basket(D2, "AAA001", {"COR US": (2, 40.0), "005930": (1, 60.0)})
    load_files(empty_database, folder(tmp_path / "b", holdings=second, ticker_equivalents=pairs))
    assert set(held(empty_database, D1)) == set(held(empty_database, D2)) == {"COR US", "005930"}
    assert held(empty_database, D1, "BBB002") == {"COR US": (100.0, 5.0)}
    assert trades(empty_database) == []
    codes = {node["code"] for node in contents.nodes(empty_database, MARKET, "Stock")}
    assert codes == {"005930", "000660", "NVDA US", "COR US"}
    assert contents.dangling(empty_database) == 0


def test_a_stock_takes_the_code_that_a_bond_had(empty_database, tmp_path):
    bond = market.basket(D1, "AAA001", {"039492": (1, 100.0)}, kind="bond")
    load_files(empty_database, folder(tmp_path / "a", holdings=bond))
    rows = market.basket(D2, "AAA001", {"039492": (1, 50.0)}, kind="bond")
    rows += market.basket(D2, "AAA001", {"039492": (9, 50.0)})
    load_files(empty_database, folder(tmp_path / "b", holdings=rows))
    assert held(empty_database, D1) == {"039492 (bond)": (100.0, 1.0)}
    assert held(empty_database, D2) == {"039492 (bond)": (50.0, 1.0), "039492": (50.0, 9.0)}
    assert [node["code"] for node in contents.nodes(empty_database, MARKET, "Asset")] == ["039492 (bond)"]


def test_notional_cash_leaves_no_trace(empty_database, tmp_path):
    rows = market.basket(D1, "AAA001", FIRST) + market.basket(D1, "AAA001", {"CASH_NOTIONAL": (1, 100.0)}, kind="cash")
    load_files(empty_database, folder(tmp_path, holdings=rows))
    assert contents.nodes(empty_database, MARKET, "Asset") == []
    assert sum(values["weight"] for _, _, values in contents.edges(empty_database, MARKET, "HOLDS")) == 100.0


def test_a_bad_row_in_the_list_of_etfs_leaves_the_holdings_alone(empty_database, tmp_path):
    etfs = [ETFS[0], market.etf("BBB002", total_fee_pct_per_year="free")]
    rows = market.basket(D1, "AAA001", FIRST) + market.basket(D1, "BBB002", FIRST)
    summary = load_files(empty_database, folder(tmp_path, etfs=etfs, holdings=rows))
    assert [issue.column for issue in summary.rejected] == ["total_fee_pct_per_year"]
    assert summary.loaded_dates == 1
    assert len(held(empty_database, D1, "BBB002")) == 3


def test_another_version_of_the_sample_market_replaces_the_first(empty_database, tmp_path):
    def version(name: str, rows: list) -> None:
        feed = files.read(folder(tmp_path / name, holdings=rows))
        load(empty_database, lambda: Feed("sample", "표본", feed.tables))

    version("a", market.basket(D1, "AAA001", FIRST) + market.basket(D2, "BBB002", FIRST))
    version("b", market.basket(D1, "AAA001", {"005930": (1, 100.0)}))
    assert held(empty_database, D1) == {"005930": (100.0, 1.0)}
    assert not held(empty_database, D2, "BBB002")
