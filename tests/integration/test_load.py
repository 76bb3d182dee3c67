"""Loading: what is in both graphs after each date, whatever comes in whatever order."""

from __future__ import annotations

from datetime import date

from backend.collection.load import load_files
from backend.graph.labels import HISTORY, MARKET
from tests import graph_contents as contents
from tests import market_files as market
from tests.small_market import D1, D2, D3, ETFS, FIRST, folder, held, holds, trades


def test_both_graphs_and_the_tables_hold_what_the_files_say(empty_database, tmp_path):
    rows = market.basket(D1, "AAA001", FIRST)
    rows += market.basket(D2, "AAA001", {"005930": (110, 55.0), "000660": (20, 25.0), "NVDA US": (5, 20.0)})
    rows += market.basket(D1, "BBB002", {"AAA001": (7, 90.0)}, kind="etf")
    rows += market.basket(D1, "BBB002", {"CASH": (1000, 10.0)}, kind="cash")
    prices = [
        market.price(D1, "AAA001", 10_100, 10_000.0, volume_shares=5),
        market.price(D2, "AAA001", 9_950, 10_000.0),
    ]
    renames = [
        {"etf_code": "AAA001", "name_20210325": "OLD 반도체", "name_202607": "TEST 반도체", "kind": "name_change"}
    ]
    summary = load_files(empty_database, folder(tmp_path, holdings=rows, prices=prices, etf_renames=renames))

    assert summary.as_dict() | {"seconds": 0} == {
        "dataset": "files",
        "loaded_dates": 2,
        "corrected_dates": 0,
        "skipped_dates": 0,
        "rejected_dates": [],
        "empty_dates": [],
        "notified_dates": [D1, D2],
        "etfs": 2,
        "holdings": 8,
        "prices": 2,
        "trades": 1,
        "gaps": 0,
        "alerts": 0,
        "notified": True,
        "rejected": [],
        "as_of": D2,
        "seconds": 0,
    }
    found = contents.everything(empty_database)
    assert found["etf_graph.ETF"] == [
        {
            "code": "AAA001",
            "name": "TEST 반도체",
            "isin": "KR7AAA001003",
            "fee": 0.15,
            "aum": 120_000_000_000,
            "listed": "2020-03-02",
            "active": False,
            "holdings_date": D2,
            "close": 9950,
            "nav": 10000.0,
            "premium": -0.5,
            "price_date": D2,
        },
        {"code": "BBB002", "name": "TEST 코스피액티브", "active": True, "holdings_date": D1},
    ]
    assert found["etf_graph.HOLDS"] == [
        ("AAA001", "000660", {"date": D2, "weight": 25.0, "shares": 20.0}),
        ("AAA001", "005930", {"date": D2, "weight": 55.0, "shares": 110.0}),
        ("AAA001", "NVDA US", {"date": D2, "weight": 20.0, "shares": 5.0}),
        ("BBB002", "AAA001", {"date": D1, "weight": 90.0, "shares": 7.0}),
        ("BBB002", "CASH", {"date": D1, "weight": 10.0, "shares": 1000.0}),
    ]
    assert len(found["etf_history.HELD"]) == 8
    traded = {
        "date": D2,
        "previous": D1,
        "action": "more",
        "shares_change": 10.0,
        "weight_before": 50.0,
        "weight_after": 55.0,
    }
    assert found["etf_history.TRADED"] == found["etf_graph.TRADED"] == [("AAA001", "005930", traded)]
    assert [node["name"] for node in found["etf_graph.Stock"]] == ["SK하이닉스", "삼성전자", "엔비디아"]
    assert found["etf_graph.Asset"] == [{"code": "CASH", "name": "현금", "kind": "cash"}]
    assert found["etf_graph.MANAGED_BY"] == [("AAA001", "시험자산운용", {}), ("BBB002", "시험자산운용", {})]
    assert found["etf_graph.TRACKS"] == [("AAA001", "시험 반도체 지수", {})]
    assert ("AAA001", "반도체", {}) in found["etf_graph.TAGGED"]
    assert found["etf_graph.IN_INDUSTRY"] == [("000660", "반도체 제조업", {}), ("005930", "반도체 제조업", {})]
    assert found["etf_history.Price"] == [
        {"code": "AAA001", "date": D1, "close": 10100, "nav": 10000.0, "volume": 5},
        {"code": "AAA001", "date": D2, "close": 9950, "nav": 10000.0},
    ]
    assert len(found["etf_history.HAS_PRICE"]) == len(found["daily_prices"]) == 2
    assert found["etf_former_names"] == [["AAA001", "OLD 반도체", None]]
    assert contents.dangling(empty_database) == 0


def test_loading_again_changes_nothing(empty_database, tmp_path):
    rows = market.basket(D1, "AAA001", FIRST) + market.basket(
        D2, "AAA001", {"005930": (90, 60.0), "NVDA US": (5, 40.0)}
    )
    directory = folder(tmp_path, holdings=rows, prices=[market.price(D1, "AAA001", 100)])
    load_files(empty_database, directory)
    before = contents.everything(empty_database)
    again = load_files(empty_database, directory)
    assert (again.loaded_dates, again.corrected_dates, again.skipped_dates) == (0, 0, 2)
    assert contents.everything(empty_database) == before


def test_a_date_with_a_bad_row_changes_nothing_and_the_others_load(empty_database, tmp_path):
    rows = market.basket(D1, "AAA001", FIRST) + market.basket(D2, "AAA001", FIRST) + market.basket(D3, "AAA001", FIRST)
    rows += market.basket(D2, "BBB002", {"새 종목": ("?", 100.0)})
    summary = load_files(empty_database, folder(tmp_path, holdings=rows, prices=[market.price(D2, "AAA001", 100)]))
    assert summary.as_dict()["rejected"] == [
        {
            "file": "holdings.csv",
            "line": 11,
            "column": "qty_per_cu",
            "value": "?",
            "reason": "is no number between -1e+15 and 1e+15",
            "dates": [D2],
        }
    ]
    assert (summary.loaded_dates, summary.as_dict()["rejected_dates"]) == (2, [D2])
    assert not held(empty_database, D2)
    assert len(held(empty_database, D1)) == len(held(empty_database, D3)) == 3
    assert not contents.nodes(empty_database, HISTORY, "Price")
    assert "새 종목" not in str(contents.everything(empty_database))


def test_a_corrected_date_is_replaced_and_the_trades_after_it_are_derived_anew(empty_database, tmp_path):
    rows = {day: market.basket(day, "AAA001", FIRST) for day in (D1, D2, D3)}
    load_files(empty_database, folder(tmp_path / "a", holdings=[row for day in rows.values() for row in day]))
    assert trades(empty_database) == []
    rows[D2] = market.basket(D2, "AAA001", FIRST | {"005930": (200, 70.0), "000660": (20, 10.0)})
    corrected = load_files(
        empty_database, folder(tmp_path / "b", holdings=[row for day in rows.values() for row in day])
    )
    assert (corrected.loaded_dates, corrected.corrected_dates, corrected.skipped_dates) == (0, 1, 2)
    assert held(empty_database, D2)["005930"] == (70.0, 200.0)
    expected = [("AAA001", D2, D1, "005930", "more"), ("AAA001", D3, D2, "005930", "less")]
    assert trades(empty_database) == trades(empty_database, MARKET) == expected
    assert set(holds(empty_database).values()) == {D3}


def test_an_older_date_that_comes_late_leaves_what_is_held_now(empty_database, tmp_path):
    last = {"005930": (300, 80.0), "000660": (20, 10.0), "NVDA US": (5, 10.0)}
    rows = market.basket(D1, "AAA001", FIRST) + market.basket(D3, "AAA001", last)
    load_files(empty_database, folder(tmp_path / "a", holdings=rows))
    now = contents.edges(empty_database, MARKET, "HOLDS")
    assert trades(empty_database) == [("AAA001", D3, D1, "005930", "more")]
    late = load_files(empty_database, folder(tmp_path / "b", holdings=market.basket(D2, "AAA001", last)))
    assert (late.loaded_dates, late.as_dict()["as_of"]) == (1, D3)
    assert contents.edges(empty_database, MARKET, "HOLDS") == now
    assert trades(empty_database) == trades(empty_database, MARKET) == [("AAA001", D2, D1, "005930", "more")]


def test_the_order_in_which_dates_come_makes_no_difference(new_database, tmp_path):
    baskets = {
        D1: FIRST,
        D2: {"005930": (141, 52.0), "000660": (28.2, 28.0), "NVDA US": (9, 20.0)},
        D3: {"005930": (150, 60.0), "NVDA US": (9, 40.0)},
    }
    together, apart = new_database(), new_database()
    rows = {day: market.basket(day, "AAA001", positions) for day, positions in baskets.items()}
    load_files(together, folder(tmp_path / "all", holdings=[row for day in rows.values() for row in day]))
    for day in (D2, D3, D1):
        load_files(apart, folder(tmp_path / day, holdings=rows[day]))
    found, expected = contents.everything(apart), contents.everything(together)
    for part in ("etf_graph.HOLDS", "etf_graph.TRADED", "etf_history.HELD", "etf_history.TRADED", "etf_graph.ETF"):
        assert found[part] == expected[part]


def test_an_etf_that_lags_keeps_what_it_held_last(empty_database, tmp_path):
    rows = market.basket(D1, "AAA001", FIRST) + market.basket(D1, "BBB002", {"005930": (1, 100.0)})
    rows += market.basket(D2, "AAA001", {"005930": (100, 100.0)})
    load_files(empty_database, folder(tmp_path, holdings=rows))
    assert holds(empty_database) == {"005930": D2}
    assert holds(empty_database, "BBB002") == {"005930": D1}


def test_an_empty_or_partial_basket_is_a_gap_and_no_liquidation(empty_database, tmp_path):
    whole = {f"{n:06}": (10, 5.0) for n in range(20)}
    rows = market.basket(D1, "AAA001", whole)
    rows += market.basket(D2, "AAA001", {"000000": (10, 5.0)}, basis="P")
    rows += market.basket(D3, "AAA001", whole)
    rows += market.basket(D1, "BBB002", {"005930": (1, 100.0)})
    rows += market.basket(D2, "BBB002", {"CASH": (1, None)}, kind="cash", basis="U")
    summary = load_files(empty_database, folder(tmp_path, holdings=rows))
    assert (summary.gaps, summary.trades) == (2, 0)
    assert not held(empty_database, D2)
    assert holds(empty_database, "BBB002") == {"005930": D1}
    assert set(holds(empty_database).values()) == {D3}
    with empty_database.connect() as connection:
        rows = connection.execute(
            "SELECT code, reason FROM etf_snapshots WHERE status = 'gap' ORDER BY code"
        ).fetchall()
    assert [code for code, _ in rows] == ["AAA001", "BBB002"]
    assert "1 of 20 constituents" in rows[0][1]
    assert "nothing but cash" in rows[1][1]


def test_a_basket_that_collapsed_since_it_was_loaded_corrects_nothing(empty_database, tmp_path):
    whole = {f"{n:06}": (10, 5.0) for n in range(20)}
    rows = market.basket(D1, "AAA001", whole) + market.basket(D2, "AAA001", whole)
    load_files(empty_database, folder(tmp_path / "a", holdings=rows))
    collapsed = market.basket(D2, "AAA001", {"000000": (10, 5.0)}, basis="P")
    summary = load_files(empty_database, folder(tmp_path / "b", holdings=collapsed))
    assert summary.corrected_dates == 0
    assert len(held(empty_database, D2)) == 20


def test_a_file_that_lacks_an_etf_says_nothing_about_it(empty_database, tmp_path):
    rows = market.basket(D1, "AAA001", FIRST) + market.basket(D1, "BBB002", {"005930": (1, 100.0)})
    load_files(empty_database, folder(tmp_path / "a", holdings=rows))
    load_files(
        empty_database, folder(tmp_path / "b", holdings=market.basket(D1, "AAA001", FIRST | {"005930": (50, 50.0)}))
    )
    assert held(empty_database, D1)["005930"] == (50.0, 50.0)
    assert held(empty_database, D1, "BBB002") == {"005930": (100.0, 1.0)}


def test_until_is_the_last_date_that_is_loaded(empty_database, tmp_path):
    rows = [row for day in (D1, D2, D3) for row in market.basket(day, "AAA001", FIRST)]
    directory = folder(tmp_path, holdings=rows, prices=[market.price(D3, "AAA001", 1)])
    until = date.fromisoformat(D2)
    assert load_files(empty_database, directory, until=until).loaded_dates == 2
    assert not held(empty_database, D3)
    rest = load_files(empty_database, directory)
    assert (rest.loaded_dates, rest.skipped_dates) == (1, 2)


def test_trades_leave_the_market_graph_after_ninety_days(empty_database, tmp_path):
    second = FIRST | {"005930": (150, 50.0)}
    rows = market.basket("2025-09-01", "AAA001", FIRST) + market.basket("2025-09-02", "AAA001", second)
    load_files(empty_database, folder(tmp_path / "a", holdings=rows))
    assert len(trades(empty_database, MARKET)) == 1
    rows = market.basket("2025-12-01", "AAA001", second) + market.basket("2025-12-02", "AAA001", FIRST)
    load_files(empty_database, folder(tmp_path / "b", holdings=rows))
    assert [row[1] for row in trades(empty_database, MARKET)] == ["2025-12-02"]
    assert [row[1] for row in trades(empty_database)] == ["2025-09-02", "2025-12-02"]


def test_a_corrected_price_replaces_the_first(empty_database, tmp_path):
    load_files(empty_database, folder(tmp_path / "a", prices=[market.price(D1, "AAA001", 100, 100.0)]))
    summary = load_files(empty_database, folder(tmp_path / "b", prices=[market.price(D1, "AAA001", 102, 100.0)]))
    assert (summary.corrected_dates, summary.prices) == (1, 1)
    assert contents.nodes(empty_database, HISTORY, "Price") == [
        {"code": "AAA001", "date": D1, "close": 102, "nav": 100.0}
    ]
    assert contents.nodes(empty_database, MARKET, "ETF")[0]["premium"] == 2.0
    assert len(contents.edges(empty_database, HISTORY, "HAS_PRICE")) == 1


def test_prices_of_an_etf_without_a_node_wait_for_it(empty_database, tmp_path):
    prices = [market.price(D1, "AAA001", 100), market.price(D1, "CCC003", 50)]
    load_files(empty_database, folder(tmp_path / "a", prices=prices))
    assert [node["code"] for node in contents.nodes(empty_database, HISTORY, "Price")] == ["AAA001"]
    load_files(empty_database, folder(tmp_path / "b", etfs=[*ETFS, market.etf("CCC003")]))
    assert [node["code"] for node in contents.nodes(empty_database, HISTORY, "Price")] == ["AAA001", "CCC003"]
    assert contents.dangling(empty_database) == 0


def test_an_etf_held_without_being_listed_gets_a_node(empty_database, tmp_path):
    load_files(
        empty_database, folder(tmp_path, holdings=market.basket(D1, "AAA001", {"0113G0": (3, 100.0)}, kind="etf"))
    )
    assert {"code": "0113G0", "name": "이름 0113G0", "active": False} in contents.nodes(empty_database, MARKET, "ETF")
    assert holds(empty_database) == {"0113G0": D1}
