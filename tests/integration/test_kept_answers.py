"""Answers about the market are kept only while the same market is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.collection.load import load_files
from backend.db.engine import Database
from backend.market.kept import Kept
from backend.settings import Settings
from tests.market_files import basket, etf, folder

CODE = "AAA001"


@pytest.fixture
def client(empty_database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(empty_database, settings)) as client:
        yield client


def weigh(client: TestClient) -> list[float]:
    return [row["weight_pct"] for row in client.get(f"/api/etfs/{CODE}/holdings").json()["holdings"]]


def test_a_load_is_seen_by_the_next_request(client: TestClient, empty_database: Database, tmp_path: Path) -> None:
    def load(fee: float, *days: tuple[str, float]) -> None:
        baskets = [row for day, weight in days for row in basket(day, CODE, {"005930": (10, weight)})]
        load_files(empty_database, folder(tmp_path, etfs=[etf(CODE, total_fee_pct_per_year=fee)], holdings=baskets))

    def seen() -> tuple[float, list[float]]:
        return client.get(f"/api/etfs/{CODE}").json()["fee_pct"], weigh(client)

    load(0.1, ("2026-07-06", 30.0))
    assert [seen(), seen()] == [(0.1, [30.0])] * 2
    load(0.1, ("2026-07-06", 30.0), ("2026-07-07", 40.0))
    assert seen() == (0.1, [40.0])
    # Reference data alone, without a new date.
    load(0.2, ("2026-07-06", 30.0), ("2026-07-07", 40.0))
    assert seen() == (0.2, [40.0])
    # A correction of a date that is loaded.
    load(0.2, ("2026-07-06", 30.0), ("2026-07-07", 50.0))
    assert seen() == (0.2, [50.0])


def test_what_is_asked_differently_is_answered_differently(
    client: TestClient, empty_database: Database, tmp_path: Path
) -> None:
    rows = basket("2026-07-06", CODE, {"005930": (10, 60.0), "000660": (10, 40.0)})
    load_files(empty_database, folder(tmp_path, etfs=[etf(CODE)], holdings=rows))
    address = f"/api/etfs/{CODE}/holdings"
    assert len(client.get(address).json()["holdings"]) == 2
    assert len(client.get(address, params={"limit": 1}).json()["holdings"]) == 1
    assert client.get(f"/api/etfs/{CODE}X/holdings").status_code == 404
    assert len(client.get(address).json()["holdings"]) == 2


def test_what_is_kept_never_outgrows_its_bound(empty_database: Database) -> None:
    kept: Kept[int, bytes] = Kept(100, weigh=len)
    reads: list[int] = []

    def read(missing: list[int]) -> dict[int, bytes]:
        reads.extend(missing)
        return {key: bytes(30) for key in missing}

    with empty_database.engine().connect() as connection:
        for key in (1, 2, 3, 4, 4, 1):
            assert kept.get(connection, [key], read) == {key: bytes(30)}
    assert reads == [1, 2, 3, 4, 1]
