"""From KRX's answers to the market graph: what came is loaded, what did not come is a gap, and nothing is sold by mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend.collection.load import Summary, load, load_files
from backend.collection.sources.krx import Budget, Holiday, Krx, KrxMissing, KrxUnavailable, Patience, feed
from backend.db.engine import Database
from backend.settings import Settings
from tests.krx_markets import invented, of_tidy, recorded
from tests.stub_krx import StubKrx

FIRST, SECOND, THIRD = date(2026, 7, 6), date(2026, 7, 7), date(2026, 7, 8)
PATIENCE = Patience(attempts=2, wait_initial_s=0.01, wait_max_s=0.05)
PLAIN, ACTIVE, ABROAD, FUTURES = range(4)


@pytest.fixture
def stub() -> Iterator[StubKrx]:
    with StubKrx(invented([FIRST, SECOND, THIRD], 8)) as server:
        yield server


@pytest.fixture
def source(stub: StubKrx, empty_database: Database, tmp_path: Path) -> Iterator[Krx]:
    settings = Settings(home=tmp_path, **stub.settings())
    with Krx(settings, Budget(empty_database, calls_per_s=1_000), patience=PATIENCE) as client:
        yield client


def collect(source: Krx, database: Database, day: date, etfs: list[str]) -> Summary:
    """Fetch and load a day as the daily collection does."""
    baskets, missing = {}, {}
    for etf in etfs:
        try:
            baskets[etf] = source.basket(etf, day)
        except (KrxMissing, KrxUnavailable) as error:
            missing[etf] = error.message
    prices = source.prices(day)
    assert not isinstance(prices, Holiday)
    delivery = feed(day, source.listing(), prices, baskets, missing)
    return load(database, lambda: delivery)


def rows(database: Database, query: str, **values: Any) -> list[Any]:
    with database.engine("atlas_loader").connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def snapshots(database: Database, day: date) -> Mapping[str, tuple[str, str | None]]:
    found = rows(database, "SELECT code, status, reason FROM etf_snapshots WHERE date = :day", day=day)
    return {code: (status, reason) for code, status, reason in found}


def trades(database: Database, day: date) -> dict[str, list[str]]:
    """Return what each ETF did on a day, from the graph."""
    found: dict[str, list[str]] = {}
    query = """
        SELECT e.properties::text, t.properties::text
        FROM etf_history."TRADED" AS t
        JOIN etf_history."ETF" AS e ON e.id = t.start_id
        WHERE t.properties::text LIKE :day
    """
    for etf, trade in rows(database, query, day=f'%"date": "{day}"%'):
        code = etf.partition('"code": "')[2][:6]
        found.setdefault(code, []).append(trade.partition('"action": "')[2].partition('"')[0])
    return found


def test_a_day_is_loaded_with_its_etfs_prices_baskets_and_trades(
    source: Krx, stub: StubKrx, empty_database: Database
) -> None:
    codes = stub.market.codes
    first = collect(source, empty_database, FIRST, codes)
    assert (first.dataset, first.loaded_dates, first.rejected, first.gaps) == ("krx", 1, [], 0)
    assert (first.etfs, first.prices) == (len(codes), len(codes))
    second = collect(source, empty_database, SECOND, codes)
    assert second.trades == sum(map(len, trades(empty_database, SECOND).values())) > 0
    assert trades(empty_database, SECOND).keys() == {codes[1], codes[5]}
    assert {status for status, _ in snapshots(empty_database, SECOND).values()} == {"complete", "partial"}
    named = dict(rows(empty_database, "SELECT code, company FROM etfs"))
    assert set(named.values()) == {"가온자산운용"}


@pytest.mark.parametrize("fault", ["tenth", "only_cash", "empty", "dashes", "unreadable", "server_error"])
def test_a_basket_that_collapsed_or_did_not_come_is_a_gap_and_never_a_sale(
    source: Krx, stub: StubKrx, empty_database: Database, fault: str
) -> None:
    codes = stub.market.codes
    collect(source, empty_database, FIRST, codes)
    victim = codes[ACTIVE]
    stub.fail(fault, on="basket", etf=victim)
    summary = collect(source, empty_database, SECOND, codes)
    assert (summary.loaded_dates, summary.gaps, summary.rejected) == (1, 1, [])
    status, reason = snapshots(empty_database, SECOND)[victim]
    assert status == "gap"
    assert reason
    assert victim not in trades(empty_database, SECOND)
    assert codes[5] in trades(empty_database, SECOND)
    stub.heal()
    filled = collect(source, empty_database, SECOND, codes)
    assert filled.gaps == 0
    assert snapshots(empty_database, SECOND)[victim][0] == "complete"
    assert victim in trades(empty_database, SECOND)


@pytest.mark.parametrize("position", [PLAIN, ABROAD])
def test_a_tenth_of_a_basket_is_a_gap_also_without_weights(
    source: Krx, stub: StubKrx, empty_database: Database, position: int
) -> None:
    collect(source, empty_database, FIRST, stub.market.codes)
    stub.fail("tenth", on="basket", etf=stub.market.codes[position])
    assert collect(source, empty_database, SECOND, stub.market.codes).gaps == 1


def test_the_recorded_baskets_are_loaded(empty_database: Database, tmp_path: Path, real_data: Path) -> None:
    market = recorded(real_data / "krx_responses")
    (day,) = {day for day, _ in market.baskets}
    delivery = feed(
        day,
        market.listing,
        market.prices[date(2021, 3, 25)],
        {isin[3:9]: r for (_, isin), r in market.baskets.items()},
        {},
    )
    summary = load(empty_database, lambda: delivery)
    assert (summary.loaded_dates, summary.rejected, summary.gaps) == (1, [], 0)
    # 201 rows of one basket and, without the notional cash, three of the other.
    assert summary.holdings == 204


def test_krx_over_files_changes_nothing_that_both_know_and_empties_nothing(
    empty_database: Database, real_data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    for name in ("etfs.csv", "stocks.csv", "holdings_small.csv", "etf_renames.csv", "ticker_equivalents.csv"):
        (folder / name).symlink_to(real_data / name)
    load_files(empty_database, folder, until=SECOND)
    known = """
        SELECT code, isin, name, name_en, brand, company, index_name, leverage, replication, active, index_market,
               asset_class, category, listed, creation_unit, fee_pct, tax_type
        FROM etfs ORDER BY code
    """
    before = rows(empty_database, known)
    former = rows(empty_database, "SELECT code, name FROM etf_former_names ORDER BY 1, 2")
    market = of_tidy(real_data, [THIRD], holdings="holdings_small.csv")
    baskets = {isin[3:9]: held for (_, isin), held in market.baskets.items()}
    delivery = feed(THIRD, market.listing, market.prices[THIRD], baskets, {})
    summary = load(empty_database, lambda: delivery)
    assert (summary.loaded_dates, summary.rejected, summary.gaps) == (1, [], 0)
    assert summary.as_of == THIRD
    after = rows(empty_database, known)
    listed = {row[0]: row for row in before}
    changed = {
        (row[0], n)
        for row in after
        for n, (new, old) in enumerate(zip(row, listed[row[0]], strict=True))
        if new != old and old is not None
    }
    assert changed == set()
    assert rows(empty_database, "SELECT code, name FROM etf_former_names ORDER BY 1, 2") == former
    assert snapshots(empty_database, SECOND)
