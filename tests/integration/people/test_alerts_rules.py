"""What counts for a watch: every rule of an alert on small markets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.collection.load import load_files
from backend.db.engine import Database
from tests import market_files as market
from tests.watched_market import D1, D2, D3, D4, D5, ETF, FLAT, OTHER, WatchedMarket


def basket_like(**changed: tuple[float, float | None] | None) -> dict[str, tuple[float, float | None]]:
    """Return FLAT with some positions changed (`s1` is 000001), added, or gone."""
    basket = dict(FLAT)
    for name, position in changed.items():
        code = f"00000{name[1:]}"
        if position is None:
            del basket[code]
        else:
            basket[code] = position
    return basket


@pytest.fixture
def small(empty_database: Database, tmp_path: Path) -> WatchedMarket:
    return WatchedMarket(empty_database, tmp_path)


def test_an_alert_says_what_was_traded_and_what_only_moved(small):
    small.watch()
    small.days(
        {D1: FLAT, D2: {"000001": (100, 42.0), "000002": (110, 33.0), "000003": (100, 20.0), "000005": (7, 5.0)}}
    )
    assert small.alert() == {
        "etf": {"code": ETF, "name": "TEST 반도체"},
        "date": D2,
        "compared_with": D1,
        "gap": [],
        "gap_total": 0,
        "weights_comparable": True,
        "trades": [
            {
                "code": "000004", "name": "이름 000004", "label": "Stock", "action": "out", "shares_change_pct": -100,
                "weight_before": 10, "weight_after": 0, "size_pp": 10,
            },
            {
                "code": "000005", "name": "이름 000005", "label": "Stock", "action": "new", "shares_change_pct": None,
                "weight_before": 0, "weight_after": 5, "size_pp": 5,
            },
            {
                "code": "000002", "name": "이름 000002", "label": "Stock", "action": "more", "shares_change_pct": 10,
                "weight_before": 30, "weight_after": 33, "size_pp": 3,
            },
        ],
        "trades_total": 3,
        "drift": [
            {"code": "000001", "name": "이름 000001", "label": "Stock", "weight_before": 40, "weight_after": 42, "change_pp": 2}
        ],
        "drift_total": 1,
        "premium": None,
        "fee": None,
        "name": None,
        "threshold_pp": 0.5,
        "sample": False,
    }  # fmt: skip


def test_a_price_move_is_no_sale(small):
    small.watch(kinds=["less", "out"], threshold_pp=0)
    small.days(
        {D1: FLAT, D2: {"000001": (100, 30.0), "000002": (100, 40.0), "000003": (100, 20.0), "000004": (100, 10.0)}}
    )
    assert small.alerts == []


def test_a_rescaled_basket_is_no_trade(small):
    small.watch(threshold_pp=0)
    small.days({D1: FLAT, D2: {code: (shares * 1.41, weight) for code, (shares, weight) in FLAT.items()}})
    assert small.alerts == []


@pytest.mark.parametrize(
    ("threshold", "told"),
    [(0, ["000001", "000002", "000003"]), (0.5, ["000001", "000002"]), (3, ["000001"]), (3.01, [])],
)
def test_buying_and_selling_count_from_the_threshold_on(small, threshold, told):
    # 000001: 7.5 % of 40 %; 000002: 10 % of 5 %; 000003 without a weight is as large as anything or nothing.
    before = {
        "000001": (1000, 40.0),
        "000002": (1000, 5.0),
        "000003": (1000, None),
        "000004": (1000, 40.0),
        "000005": (1000, 10.0),
    }
    after = before | {"000001": (1075, 40.0), "000002": (900, 5.0), "000003": (2000, None)}
    small.watch(kinds=["more", "less"], threshold_pp=threshold)
    small.days({D1: before | {"000006": (10, 5.0)}, D2: after | {"000006": (10, 5.0)}})
    assert [row["code"] for content in small.alerts for row in content["trades"]] == told


def test_what_is_new_or_gone_is_told_whatever_its_size(small):
    small.watch(kinds=["new", "out"], threshold_pp=100)
    small.days({D1: FLAT, D2: basket_like(s4=None, s5=(1, 0.01))})
    assert [(row["code"], row["action"]) for row in small.alert()["trades"]] == [("000004", "out"), ("000005", "new")]


def test_kinds_that_were_not_chosen_are_not_told(small):
    small.watch(kinds=["out"])
    small.days({D1: FLAT, D2: basket_like(s1=(200, 40.0), s5=(1, 3.0))})
    assert small.alerts == []


def test_a_weight_beside_a_trade_is_told_with_the_trade(small):
    small.watch(kinds=["weight"], threshold_pp=2)
    small.days({D1: FLAT, D2: basket_like(s1=(90, 36.0), s2=(100, 32.0), s3=(100, 21.9))})
    content = small.alert()
    assert [(row["code"], row["action"]) for row in content["trades"]] == [("000001", "less")]
    assert [(row["code"], row["change_pp"]) for row in content["drift"]] == [("000002", 2)]


def test_differences_are_decimal(small):
    small.watch(kinds=["weight"], threshold_pp=0.3)
    small.days({D1: basket_like(s1=(100, 39.9), s4=(100, 0.1)), D2: basket_like(s1=(100, 39.6), s4=(100, 0.4))})
    assert [row["change_pp"] for row in small.alert()["drift"]] == [-0.3, 0.3]


def test_no_threshold_makes_an_unchanged_weight_a_change(small):
    small.watch(kinds=["weight"], threshold_pp=0)
    small.days({D1: FLAT, D2: FLAT | {"000001": (100, 40.01)}})
    assert [row["code"] for row in small.alert()["drift"]] == ["000001"]


def test_lists_hold_the_ten_largest_and_say_how_many_there_are(small):
    before = {f"{n:06}": (100, 4.0) for n in range(1, 26)}
    after = {code: (100 + n, 4.0 + n / 10) for n, code in enumerate(before)}
    small.watch(kinds=["weight", "more", "less"], threshold_pp=0)
    small.days(
        {
            D1: before,
            D2: {code: (100, weight) for code, (_, weight) in after.items()},
            D3: after | {"000001": (50, 4.0)},
        }
    )
    drifted, traded = small.alerts
    assert drifted["drift_total"] == 24
    assert [row["change_pp"] for row in drifted["drift"]] == [round(2.4 - n / 10, 1) for n in range(10)]
    sizes = [row["size_pp"] for row in traded["trades"]]
    assert len(sizes) == 10 < traded["trades_total"]
    assert sizes == sorted(sizes, reverse=True)


class TestWeightsThatCannotBeCompared:
    BEFORE = market.basket(D1, ETF, FLAT, basis="R")

    def test_reported_and_recomputed_ones(self, small):
        small.watch()
        small.load(self.BEFORE)
        small.load(
            market.basket(
                D2,
                ETF,
                {"000001": (50, 60.0), "000002": (100, 30.0), "000003": (100, 5.0), "000004": (100, 5.0)},
                basis="C",
            )
        )
        content = small.alert()
        assert content["weights_comparable"] is False
        assert (content["drift"], content["drift_total"]) == ([], 0)
        ((row,), total) = content["trades"], content["trades_total"]
        assert (row["code"], row["action"], row["weight_before"], row["weight_after"], row["size_pp"], total) == (
            "000001",
            "less",
            40,
            None,
            20,
            1,
        )

    def test_recomputed_ones_after_rows_were_dropped(self, small):
        small.watch()
        cash = market.basket(D1, ETF, {"KRW": (1, 60.0)}, kind="cash", basis="C")
        half = {code: (shares, weight * 0.4) for code, (shares, weight) in FLAT.items()}
        small.load(market.basket(D1, ETF, half, basis="C") + cash)
        small.load(market.basket(D2, ETF, FLAT, basis="C"))
        assert small.alerts == []

    def test_recomputed_ones_of_the_same_rows_are_comparable(self, small):
        small.watch()
        small.load(market.basket(D1, ETF, FLAT, basis="C"))
        small.load(market.basket(D2, ETF, basket_like(s1=(100, 45.0), s2=(100, 25.0)), basis="C"))
        assert [(row["code"], row["change_pp"]) for row in small.alert()["drift"]] == [("000001", 5), ("000002", -5)]

    def test_reported_ones_are_comparable_where_cash_rows_are_missing(self, small):
        small.watch()
        stocks = {code: (shares, weight * 0.9) for code, (shares, weight) in FLAT.items()}
        small.load(market.basket(D1, ETF, stocks) + market.basket(D1, ETF, {"KRW": (1, 10.0)}, kind="cash"))
        small.load(market.basket(D2, ETF, stocks | {"000004": (100, 8.0)}, basis="P"))
        assert [(row["code"], row["change_pp"]) for row in small.alert()["drift"]] == [("000004", -1)]

    def test_unusable_ones(self, small):
        small.watch(kinds=["weight", "out"])
        small.load(self.BEFORE)
        small.load(
            market.basket(D2, ETF, {"000001": (100, None), "000002": (100, None), "000003": (100, None)}, basis="U")
        )
        content = small.alert()
        assert ([row["action"] for row in content["trades"]], content["weights_comparable"]) == (["out"], False)

    def test_more_than_the_whole_fund_is_no_weight(self, small):
        small.watch(kinds=["more", "less", "weight"])
        small.load(market.basket(D1, ETF, FLAT | {"000009": (10, -40.0), "000001": (100, 80.0)}, basis="C"))
        short = {"CNF": (1, -800.0)}
        huge = {"000001": (100, 340.0), "000002": (100, 330.0), "000003": (100, 120.0), "000004": (100, 110.0)}
        small.load(
            market.basket(D2, ETF, huge, basis="C") + market.basket(D2, ETF, short, kind="derivative", basis="C")
        )
        small.load(
            market.basket(D3, ETF, huge | {"000001": (200, 340.0)}, basis="C")
            + market.basket(D3, ETF, short, kind="derivative", basis="C")
        )
        assert small.alerts == []


class TestPremium:
    def prices(
        self, small: WatchedMarket, *premiums: float | None, limit: float = 1, baskets: bool = True
    ) -> list[dict]:
        small.watch(kinds=["premium"], premium_pct=limit)
        for day, premium in zip((D1, D2, D3, D4, D5), premiums, strict=False):
            prices = [] if premium is None else [market.price(day, ETF, 10_000 * (1 + premium / 100), 10_000)]
            small.load(market.basket(day, ETF, FLAT) if baskets else market.basket(day, OTHER, FLAT), prices)
        return [(content["date"], content["premium"]) for content in small.alerts]

    def test_it_is_told_when_it_crosses_the_limit_and_not_while_it_stays(self, small):
        assert self.prices(small, 0.2, -1.0, -1.5, 0.99, 2) == [
            (D2, {"before": 0.2, "after": -1, "limit": 1}),
            (D5, {"before": 0.99, "after": 2, "limit": 1}),
        ]

    def test_it_is_told_where_the_one_before_is_unknown(self, small):
        assert self.prices(small, None, 1.2) == [(D2, {"before": None, "after": 1.2, "limit": 1})]

    def test_a_day_without_a_price_is_skipped(self, small):
        assert self.prices(small, 1.5, None, 1.6, 0.1) == [(D1, {"before": None, "after": 1.5, "limit": 1})]

    def test_an_etf_that_never_had_a_basket_is_judged_by_its_prices(self, small):
        assert self.prices(small, 0.5, 1.5, baskets=False) == [(D2, {"before": 0.5, "after": 1.5, "limit": 1})]
        assert small.alert()["compared_with"] is None

    def test_a_price_that_comes_after_the_basket_is_told_on_its_own(self, small):
        small.watch()
        small.days({D1: FLAT, D2: FLAT})
        small.load(market.basket(D2, ETF, FLAT), [market.price(D2, ETF, 10_300, 10_000)])
        content = small.alert()
        assert (content["premium"]["after"], content["trades"], content["compared_with"]) == (3, [], D1)

    def test_a_price_of_a_day_without_a_basket_hides_no_crossing(self, small):
        small.watch(kinds=["premium"])
        low, high = 10_010, 10_200
        small.load(market.basket(D1, ETF, FLAT), [market.price(D1, ETF, low, 10_000)])
        small.load(market.basket(D2, OTHER, FLAT), [market.price(D2, ETF, high, 10_000)])
        small.load(market.basket(D3, ETF, FLAT), [market.price(D3, ETF, high, 10_000)])
        assert [(content["date"], content["premium"]["before"]) for content in small.alerts] == [(D3, 0.1)]

    def test_an_older_price_is_no_news(self, small):
        small.watch(kinds=["premium"])
        small.load(market.basket(D2, OTHER, FLAT), [market.price(D2, ETF, 10_000, 10_000)])
        small.load(market.basket(D1, OTHER, FLAT), [market.price(D1, ETF, 10_500, 10_000)])
        assert small.alerts == []


class TestFeeAndName:
    FEE = "total_fee_pct_per_year"

    def load(self, small: WatchedMarket, day: str, **etf: Any) -> None:
        small.load(market.basket(day, ETF, FLAT), **{"manager_ko": "시험", **etf})

    def test_they_are_told_once_with_the_next_date(self, small):
        small.watch()
        self.load(small, D1, total_fee_pct_per_year=0.15, name_ko="KBSTAR 반도체")
        self.load(small, D2, total_fee_pct_per_year=0.1, name_ko="RISE 반도체")
        self.load(small, D3, total_fee_pct_per_year=0.1, name_ko="RISE 반도체")
        content = small.alert()
        assert (content["date"], content["fee"], content["name"]) == (
            D2, {"before": 0.15, "after": 0.1}, {"before": "KBSTAR 반도체", "after": "RISE 반도체"},
        )  # fmt: skip
        assert content["etf"]["name"] == "RISE 반도체"

    def test_a_fee_that_another_source_cuts_is_the_same(self, small):
        small.watch()
        self.load(small, D1, total_fee_pct_per_year=0.0068)
        self.load(small, D2, total_fee_pct_per_year=0.006)
        self.load(small, D3, total_fee_pct_per_year=0.0068)
        assert small.alerts == []

    def test_a_name_by_which_it_was_never_listed_is_no_former_name(self, small):
        small.watch("ZZZ999")
        small.days({D1: FLAT}, etf="ZZZ999")
        folder = market.folder(
            small.folder / "named", etfs=[market.etf("ZZZ999", name_ko="TEST 나중")], holdings=market.basket(D2, "ZZZ999", FLAT)
        )  # fmt: skip
        load_files(small.database, folder)
        assert small.alerts == []

    def test_several_changes_are_one_and_none_if_it_is_as_before(self, small):
        self.load(small, D1, total_fee_pct_per_year=0.3, name_ko="가")
        small.watch()
        for fee, name in ((0.2, "나"), (0.1, "가")):
            small.load(market.basket(D1, ETF, FLAT), **{self.FEE: fee, "name_ko": name, "manager_ko": "시험"})
        self.load(small, D2, total_fee_pct_per_year=0.1, name_ko="다")
        content = small.alert()
        assert content["fee"] == {"before": 0.3, "after": 0.1}
        assert content["name"] is None or content["name"]["after"] == "다"

    def test_what_changed_before_the_watch_is_not_told(self, small):
        self.load(small, D1, total_fee_pct_per_year=0.3)
        small.load(market.basket(D1, ETF, FLAT), **{self.FEE: 0.2, "manager_ko": "시험"})
        small.watch()
        self.load(small, D2, total_fee_pct_per_year=0.2)
        assert small.alerts == []
