"""The sample market: the same everywhere, in the tidy format, consistent in itself and as faulty as real data."""

import csv
import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from seeds.sample_market import SampleMarket, generate, write_csv
from seeds.sample_market.definitions import definitions, isin_of
from seeds.sample_market.price_paths import tick
from seeds.sample_market.tidy import FILES, as_csv

LAST_DAY = "2026-07-31"
# Renew it after an intended change of a definition: the failing assertion shows the new one.
DIGEST = "d5a3dd391ff56a74101047f96160642a6df7e83031524581b0713006442579c3"


@pytest.fixture(scope="module")
def market() -> SampleMarket:
    return generate()


@pytest.fixture(scope="module")
def snapshots(market) -> dict[tuple[str, str], list[dict]]:
    rows = defaultdict(list)
    for row in market.holdings:
        rows[row["etf_code"], row["date"]].append(row)
    return rows


def stock_quantities(rows: list[dict]) -> dict[str, float]:
    quantities: dict[str, float] = defaultdict(float)
    for row in rows:
        if row["kind"] == "stock":
            quantities[row["constituent_code"]] += row["qty_per_cu"]
    return quantities


def digest_of(market: SampleMarket) -> str:
    digest = hashlib.sha256()
    for name, rows in vars(market).items():
        digest.update(as_csv(FILES[name][1], rows).encode())
    return digest.hexdigest()


def test_it_is_the_same_on_every_machine(market):
    assert digest_of(market) == DIGEST


def test_it_does_not_depend_on_the_hash_seed():
    code = "from tests.unit.test_sample_market import digest_of, generate; print(digest_of(generate()))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_it_covers_the_trading_days_of_a_quarter(market):
    days = sorted({row["date"] for row in market.holdings})
    assert (days[0], days[-1], len(days)) == ("2026-05-04", LAST_DAY, 61)
    assert all(date.fromisoformat(day).weekday() < 5 for day in days)
    assert not {"2026-05-05", "2026-05-25", "2026-06-03", "2026-07-17"} & set(days)


def test_it_has_the_size_of_a_demonstration(market):
    assert 60 <= len(market.etfs) <= 80
    assert 150 <= len(market.stocks) <= 220
    assert sum(" " in row["stock_code"] for row in market.stocks) >= 50


def test_codes_are_unique_and_well_formed(market):
    etfs = [row["etf_code"] for row in market.etfs]
    stocks = [row["stock_code"] for row in market.stocks]
    assert len(set(etfs)) == len(etfs)
    assert len(set(stocks)) == len(stocks)
    assert not set(etfs) & set(stocks)
    assert all(len(code) == 6 for code in etfs)


def test_isins_carry_their_check_digit(market):
    assert isin_of("005930") == "KR7005930003"
    assert isin_of("069500") == "KR7069500007"
    for row in market.stocks:
        digits = "".join(str(int(character, 36)) for character in row["isin"])
        doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
        assert sum(d // 10 + d % 10 for d in doubled) % 10 == 0, row


def test_every_row_has_the_columns_of_its_table(market):
    for name, rows in vars(market).items():
        assert {tuple(row) for row in rows} == {tuple(FILES[name][1])}, name


def test_a_written_market_reads_back_as_generated(market, tmp_path):
    paths = {path.name: path for path in write_csv(tmp_path)}
    assert set(paths) == {file_name for file_name, _ in FILES.values()}
    with open(paths["holdings_full.csv"], encoding="utf-8", newline="") as lines:
        written = list(csv.DictReader(lines))
    as_text = [{key: "" if value is None else str(value) for key, value in row.items()} for row in market.holdings]
    assert written == as_text


def test_weights_of_a_usable_snapshot_sum_to_a_hundred(snapshots):
    for key, rows in snapshots.items():
        if all(row["weight_basis"] in ("R", "U") for row in rows):
            weights = [row["weight_pct"] for row in rows if row["weight_pct"] is not None]
            assert not weights or 98.5 <= sum(weights) <= 101.5, key


def test_a_weight_is_the_share_of_the_valuation(snapshots):
    rows = [row for row in snapshots["069500", LAST_DAY] if row["constituent_code"] != "CASH_NOTIONAL"]
    total = sum(row["valuation_krw_per_cu"] for row in rows)
    assert all(row["weight_pct"] == pytest.approx(row["valuation_krw_per_cu"] / total * 100, abs=0.01) for row in rows)


def test_samsung_electronics_leads_the_kospi_200(snapshots):
    rows = {row["constituent_name"]: row["weight_pct"] for row in snapshots["069500", LAST_DAY]}
    assert max(rows, key=rows.get) == "삼성전자"
    assert 24 <= rows["삼성전자"] <= 33


def test_everything_held_is_described(market):
    known = {row["stock_code"] for row in market.stocks} | {row["isin"] for row in market.stocks}
    etfs = {row["etf_code"] for row in market.etfs}
    assert {row["constituent_code"] for row in market.holdings if row["kind"] == "stock"} <= known
    assert {row["constituent_code"] for row in market.holdings if row["kind"] == "etf"} <= etfs


def test_every_kind_of_holding_occurs(market):
    assert {row["kind"] for row in market.holdings} == {"stock", "etf", "bond", "cash", "derivative", "other"}


def test_prices_cover_every_day_since_listing(market):
    days = [day.isoformat() for day in definitions().trading_days]
    listed = {row["etf_code"]: row["listing_date"] for row in market.etfs}
    dates = defaultdict(list)
    for row in market.prices:
        dates[row["etf_code"]].append(row["date"])
    assert dates == {code: [day for day in days if day >= since] for code, since in listed.items()}


def test_quotes_are_possible_and_keep_near_the_nav(market):
    for row in market.prices:
        assert row["low"] <= min(row["open"], row["close"]) <= max(row["open"], row["close"]) <= row["high"]
        assert row["close"] == pytest.approx(row["nav"], rel=0.02)
        assert row["volume_shares"] > 0


def test_premiums_have_either_sign(market):
    signs = Counter((row["close"] > row["nav"]) for row in market.prices)
    assert min(signs.values()) > 0.3 * len(market.prices)


def test_a_price_is_rounded_to_the_step_of_its_range():
    assert [tick(price) for price in (1234.4, 4_321, 12_344, 43_210, 123_449, 432_100, 1_234_400)] == [
        1_234, 4_320, 12_340, 43_200, 123_400, 432_000, 1_234_000,
    ]  # fmt: skip


def test_active_etfs_trade_nearly_every_day(snapshots):
    days = sorted(day for code, day in snapshots if code == "385720")
    changed = sum(
        stock_quantities(snapshots["385720", before]) != stock_quantities(snapshots["385720", after])
        for before, after in pairwise(days)
    )
    assert changed > 40


def test_index_etfs_change_their_quantities_at_the_review_alone(snapshots):
    days = sorted(day for code, day in snapshots if code == "102110")
    changed = [
        after
        for before, after in pairwise(days)
        if stock_quantities(snapshots["102110", before]) != stock_quantities(snapshots["102110", after])
    ]
    assert changed == ["2026-06-12"]


def test_one_basket_is_rescaled_without_a_trade(snapshots, market):
    before = stock_quantities(snapshots["456600", "2026-06-23"])
    after = stock_quantities(snapshots["456600", "2026-06-24"])
    ratios = [after[code] / before[code] for code in before]
    assert before.keys() == after.keys()
    assert median(ratios) == pytest.approx(1.41, abs=0.001)
    assert all(ratio / median(ratios) == pytest.approx(1, abs=0.01) for ratio in ratios)
    navs = {row["date"]: row["nav"] for row in market.prices if row["etf_code"] == "456600"}
    assert navs["2026-06-24"] == pytest.approx(navs["2026-06-23"], rel=0.06)


def test_one_snapshot_is_missing_in_the_middle_and_one_at_the_end(snapshots):
    days = {day.isoformat() for day in definitions().trading_days}
    missing = {
        (code, day)
        for code in definitions().funds
        for day in days - {held for etf, held in snapshots if etf == code}
        if code != "0193T0"
    }
    assert missing == {("466920", "2026-06-17"), ("442320", LAST_DAY)}


def test_one_young_etf_lacks_its_master_data(market):
    young = [row for row in market.etfs if row["total_fee_pct_per_year"] is None]
    assert [row["etf_code"] for row in young] == ["0193T0"]
    assert [young[0][key] for key in ("isin", "underlying_index", "asset_class", "leverage_type")] == [None] * 4


def test_one_stock_is_held_without_a_weight(snapshots):
    rows = [
        row
        for row in snapshots["442320", "2026-07-30"]
        if row["constituent_code"] == definitions().stocks["CCJ US"].isin
    ]
    assert [(row["kind"], row["weight_pct"], row["valuation_krw_per_cu"]) for row in rows] == [("stock", None, None)]


def test_one_stock_comes_in_two_rows(snapshots):
    rows = [row for row in snapshots["161510", LAST_DAY] if row["constituent_code"] == "086790"]
    assert len(rows) == 2


def test_cash_in_two_currencies_comes_under_one_code(snapshots):
    names = [row["constituent_name"] for row in snapshots["360200", LAST_DAY] if row["constituent_code"] == "CASH"]
    assert names == ["원화예금", "[USD] 예금"]


def test_one_bond_has_the_code_of_a_stock(market):
    kinds = {row["kind"] for row in market.holdings if row["constituent_code"] == "029780"}
    assert kinds == {"bond"}


def test_managers_report_one_security_under_different_codes(market, snapshots):
    ticker = {row["constituent_code"] for row in snapshots["360750", LAST_DAY]}
    isin = {row["constituent_code"] for row in snapshots["360200", LAST_DAY]}
    assert "NVDA US" in ticker
    assert "US67066G1040" in isin
    assert ("US67066G1040", "NVDA US") in {(row["code_a"], row["code_b"]) for row in market.equivalents}


def test_leveraged_etfs_have_futures_and_no_usable_weights(snapshots):
    rows = snapshots["114800", LAST_DAY]
    assert all(row["weight_pct"] is None for row in rows)
    assert any(row["kind"] == "derivative" and row["qty_per_cu"] < 0 for row in rows)
    assert any(row["constituent_code"] == "CASH_NOTIONAL" for row in rows)


def test_a_leveraged_etf_moves_twice_as_much(market):
    navs = {(row["etf_code"], row["date"]): row["nav"] for row in market.prices}
    days = [day.isoformat() for day in definitions().trading_days]
    for before, after in pairwise(days):
        plain = navs["069500", after] / navs["069500", before] - 1
        double = navs["122630", after] / navs["122630", before] - 1
        assert double == pytest.approx(2 * plain, abs=0.006)


def test_former_names_belong_to_etfs_of_the_sample(market):
    assert {row["etf_code"] for row in market.renames} <= {row["etf_code"] for row in market.etfs}
    assert any((row["name_20210325"] or "").startswith("KBSTAR") for row in market.renames)
