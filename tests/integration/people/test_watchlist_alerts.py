"""The page of the morning says what the alerts of the newest day say, for every kind and threshold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.app import create_app
from backend.collection.load import load, load_files
from backend.collection.sources import sample
from backend.db.engine import Database
from backend.settings import Settings
from tests.people import Somebody, new_person
from tests.watchers import KINDS, add_watches, alerts

WATCHES: tuple[tuple[tuple[str, ...], float, float], ...] = (
    (KINDS, 0, 0),
    (KINDS, 0.5, 0.3),
    (KINDS, 2, 1),
    (("weight",), 0.25, 1),
    (("more", "less"), 0.1, 1),
    (("new", "out"), 100, 1),
    (("premium",), 0.5, 0.1),
)


def _days(database: Database) -> list[date]:
    with database.engine("atlas_app").connect() as connection:
        return list(
            connection.scalars(text("SELECT DISTINCT date FROM etf_snapshots WHERE status <> 'gap' ORDER BY 1"))
        )


def _watch_everything(database: Database) -> list[Somebody]:
    with database.engine("atlas_app").connect() as connection:
        etfs = list(
            connection.scalars(text("SELECT code FROM etfs WHERE holdings_date IS NOT NULL ORDER BY code LIMIT 300"))
        )
    people = [new_person(database) for _ in WATCHES]
    add_watches(
        database,
        [
            (person.id, etf, list(kinds), threshold, premium, True, False)
            for person, (kinds, threshold, premium) in zip(people, WATCHES, strict=True)
            for etf in etfs
        ],
    )
    return people


def _shown(client: TestClient, person: Somebody) -> dict[str, dict[str, Any]]:
    items = client.get("/api/watchlist", headers=person.headers).json()["items"]
    return {item["etf"]["code"]: item["news"] for item in items}


def _agree(news: dict[str, Any], told: dict[str, Any] | None) -> bool:
    """Whether the page and an alert say the same; None is no alert."""
    traded = sum(news[action] for action in ("new", "out", "more", "less"))
    if told is None:
        return not (traded or news["weight"] or news["premium"])
    rows = ("trades", "drift")
    return (
        (traded, news["weight"]) == (told["trades_total"], told["drift_total"])
        and all(news[name] == told[name][:5] for name in rows)
        and (news["since"], news["until"]) == (told["compared_with"], told["date"])
        and news["weights_comparable"] == told["weights_comparable"]
        and news["premium"] == told["premium"]
    )


def _compare(database: Database, settings: Settings, people: list[Somebody], seen: date, newest: date) -> int:
    with database.engine("atlas_app").begin() as connection:
        connection.execute(
            text("UPDATE users SET watchlist_seen_at = now(), watchlist_seen_date = :seen"), {"seen": seen}
        )
    told = {(person, etf): content for person, etf, day, content in alerts(database) if day == newest.isoformat()}
    compared = 0
    with TestClient(create_app(database, settings)) as client:
        for person in people:
            for etf, news in _shown(client, person).items():
                if news["until"] != newest.isoformat():
                    # No basket on the newest day: the last one has been told of before.
                    assert news["trades"] == []
                    continue
                assert _agree(news, told.get((person.id, etf))), (etf, news, told.get((person.id, etf)))
                compared += (person.id, etf) in told
    return compared


def test_page_and_alerts_of_the_sample_market_agree(empty_database: Database, settings: Settings) -> None:
    newest = sample.read().span[1]
    load(empty_database, sample.read, until=newest - timedelta(days=1))
    people, before = _watch_everything(empty_database), _days(empty_database)[-1]
    load(empty_database, sample.read)
    assert _days(empty_database)[-1] == newest > before
    assert _compare(empty_database, settings, people, before, newest) > 10


@pytest.mark.real
def test_page_and_alerts_of_the_real_market_agree(
    new_database: Callable[[], Database], settings: Settings, real_data: Path, tmp_path: Path
) -> None:
    database = new_database()
    for path in real_data.glob("*.csv"):
        (tmp_path / path.name).symlink_to(path)
    with_days = sorted(
        {line.split(",", 1)[0] for line in (real_data / "holdings_small.csv").read_text().splitlines()[1:]}
    )
    days = [date.fromisoformat(day) for day in with_days]
    compared = 0
    load_files(database, tmp_path, until=days[0])
    people = _watch_everything(database)
    for before, day in pairwise(days):
        load_files(database, tmp_path, until=day)
        compared += _compare(database, settings, people, before, day)
    assert compared > 10
