"""Names, fees and managers between two daily runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.collection import daily
from backend.collection.daily import listing
from backend.collection.load import load_sample
from backend.collection.sources.krx import KrxUnavailable
from backend.errors import Conflict
from backend.market.search import search
from tests import graph_contents as contents
from tests.collecting import DAY1, DAY2, ETFS, run_of, source_of, stub_of, told
from tests.stub_krx import StubKrx


@pytest.fixture
def stub() -> Iterator[StubKrx]:
    with stub_of() as server:
        yield server


@pytest.fixture
def source(empty_database, stub):
    with source_of(empty_database, stub) as krx:
        yield krx


def found(database, text: str) -> list[str]:
    with database.engine("atlas_app").connect() as connection:
        return [hit.code for hit in search(connection, text)]


def test_a_renamed_etf_is_found_by_both_names_and_its_fee_and_manager_follow(empty_database, source, stub):
    stub.market.listing[2]["ETF_TOT_FEE"] = "0.300000"
    daily.collect(empty_database, source, DAY1)
    changed = stub.market.listing[1]
    code, old = changed["ISU_SRT_CD"], changed["ISU_ABBRV"]
    changed["ISU_ABBRV"] = "누리 성장액티브"
    stub.market.listing[2]["ETF_TOT_FEE"] = "0.450000"
    stub.market.listing[3]["COM_ABBRV"] = "누리자산운용"
    refreshed = listing.refresh(empty_database, source)
    assert refreshed.as_dict() == {
        "etfs": ETFS,
        "new": [],
        "renamed": [{"code": code, "from": old, "to": "누리 성장액티브"}],
        "fees": [{"code": stub.market.codes[2], "from": 0.3, "to": 0.45}],
        "managers": [{"code": stub.market.codes[3], "from": "가온자산운용", "to": "누리자산운용"}],
    }
    assert str(refreshed).startswith(
        f"{code}: {old} → 누리 성장액티브\n{ETFS} ETFs: 0 new, 1 renamed, 1 fees and 1 managers"
    )
    assert found(empty_database, "누리 성장액티브")[0] == code
    assert found(empty_database, old)[0] == code
    assert len(told(empty_database)) == 2
    assert listing.refresh(empty_database, source).renamed == {}


def test_a_rename_comes_with_the_next_day_as_well(empty_database, source, stub):
    daily.collect(empty_database, source, DAY1)
    changed = stub.market.listing[0]
    code, old = changed["ISU_SRT_CD"], changed["ISU_ABBRV"]
    changed["ISU_ABBRV"] = "누리 대표지수"
    daily.collect(empty_database, source, DAY2)
    assert found(empty_database, "누리 대표지수")[0] == code
    assert found(empty_database, old)[0] == code


def test_a_refresh_leaves_dates_and_holdings_alone(empty_database, source):
    daily.collect(empty_database, source, DAY1)
    before, run = contents.everything(empty_database), run_of(empty_database, DAY1)
    listing.refresh(empty_database, source)
    assert contents.everything(empty_database) == before
    assert run_of(empty_database, DAY1) == run


def test_a_new_etf_is_listed_before_its_first_basket(empty_database, source, stub):
    daily.collect(empty_database, source, DAY1)
    stub.market.listing.append(stub.market.listing[0] | {"ISU_SRT_CD": "7A00B0", "ISU_ABBRV": "가온 신상품"})
    assert listing.refresh(empty_database, source).new == ["7A00B0"]
    assert found(empty_database, "가온 신상품")[0] == "7A00B0"


def test_without_a_real_market_there_is_nothing_to_refresh(empty_database, source, stub):
    with pytest.raises(Conflict, match="collect a date first"):
        listing.refresh(empty_database, source)
    load_sample(empty_database)
    before = contents.everything(empty_database)
    with pytest.raises(Conflict):
        listing.refresh(empty_database, source)
    assert contents.everything(empty_database) == before
    assert stub.count() == 0


def test_an_empty_list_changes_nothing(empty_database, source, stub):
    daily.collect(empty_database, source, DAY1)
    before = contents.everything(empty_database)
    stub.fail("empty", on="listing")
    with pytest.raises(KrxUnavailable, match="empty list of ETFs"):
        listing.refresh(empty_database, source)
    assert contents.everything(empty_database) == before
