"""Which dates alert: what is newest and was not there, compared with the last basket before; nobody is told twice."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from backend.collection import runs
from backend.collection.feed import Feed
from backend.collection.load import load, load_files, load_sample
from backend.collection.sources import files
from backend.db.engine import Database
from tests import market_files as market
from tests.watched_market import D1, D2, D3, D4, ETF, FLAT, OTHER, WatchedMarket
from tests.watchers import add_people, alerts, give_webhook, posts, watch

ROOT = Path(__file__).resolve().parents[3]
SOLD = {code: position for code, position in FLAT.items() if code != "000004"}
BOUGHT = FLAT | {"000005": (5, 5.0)}
MONDAY = "2026-01-12"


@pytest.fixture
def small(empty_database: Database, tmp_path: Path) -> WatchedMarket:
    return WatchedMarket(empty_database, tmp_path)


def told(small: WatchedMarket) -> list[tuple[str, str | None]]:
    return [(content["date"], content["compared_with"]) for content in small.alerts]


def test_the_first_basket_has_nothing_to_be_compared_with(small):
    small.watch(threshold_pp=0)
    small.days({D1: FLAT})
    assert small.alerts == []


def test_the_same_delivery_again_tells_nobody(small):
    small.watch()
    small.days({D1: FLAT, D2: SOLD})
    small.days({D1: FLAT, D2: SOLD})
    assert told(small) == [(D2, D1)]


def test_a_correction_tells_nobody(small):
    small.watch()
    small.days({D1: FLAT, D2: SOLD})
    small.load(market.basket(D2, ETF, BOUGHT))
    assert told(small) == [(D2, D1)]
    assert [row["action"] for row in small.alert()["trades"]] == ["out"]


def test_a_date_that_is_filled_in_later_tells_nobody(small):
    small.watch()
    small.days({D1: FLAT, D3: FLAT})
    small.days({D2: SOLD})
    assert small.alerts == []


def test_after_a_correction_the_next_date_is_compared_with_what_is_right(small):
    small.watch()
    small.days({D1: FLAT})
    small.load(market.basket(D1, ETF, SOLD))
    small.days({D2: SOLD})
    assert small.alerts == []


def test_many_dates_at_once_are_told_each_with_the_one_before(small):
    small.watch()
    small.load(
        [
            row
            for day, basket in ((D1, FLAT), (D2, SOLD), (D3, FLAT), (D4, FLAT))
            for row in market.basket(day, ETF, basket)
        ]
    )
    assert told(small) == [(D2, D1), (D3, D2)]


def test_old_and_new_dates_in_one_delivery_tell_only_of_the_new(small):
    small.watch()
    small.days({D2: FLAT})
    small.load(market.basket(D1, ETF, SOLD) + market.basket(D3, ETF, BOUGHT))
    assert told(small) == [(D3, D2)]


def test_a_weekend_and_a_holiday_are_skipped_and_a_gap_is_named(small):
    small.watch()
    small.days({"2026-02-13": FLAT, "2026-02-20": SOLD})
    # The lunar new year was from 16 to 18 February.
    assert small.alert()["gap"] == ["2026-02-19"]
    assert (small.alert()["gap_total"], small.alert()["compared_with"]) == (1, "2026-02-13")


def test_a_holiday_that_only_the_exchange_knew_of_is_no_gap(small):
    small.watch()
    runs.record_holiday(small.database, "krx", date.fromisoformat(D2))
    small.days({D1: FLAT, D4: SOLD})
    assert small.alert()["gap"] == [D3]


def test_of_a_long_gap_the_first_days_are_named(small):
    small.watch()
    small.days({D1: FLAT, "2026-02-10": SOLD})
    content = small.alert()
    assert (content["gap"][0], len(content["gap"]), content["gap_total"]) == (D2, 10, 25)


def test_beyond_the_calendar_nobody_guesses_what_is_missing(small):
    small.watch()
    small.days({"2019-03-04": FLAT, "2019-03-08": SOLD})
    assert (small.alert()["gap"], small.alert()["gap_total"]) == ([], None)


def test_a_collapsed_basket_sells_nothing_and_is_a_gap(small):
    small.watch()
    small.load(market.basket(D1, ETF, FLAT))
    small.load(market.basket(D2, ETF, {"000001": (100, 40.0)}) + market.basket(D2, OTHER, FLAT))
    assert small.alerts == []
    small.days({D3: SOLD})
    assert (told(small), small.alert()["gap"]) == ([(D3, D1)], [D2])


def test_a_gap_that_is_filled_while_it_is_newest_is_told_then(small):
    small.watch()
    small.load(market.basket(D1, ETF, FLAT))
    small.load(market.basket(D2, ETF, {"000001": (100, 40.0)}) + market.basket(D2, OTHER, FLAT))
    small.days({D2: SOLD})
    assert told(small) == [(D2, D1)]


def test_an_etf_that_lags_is_told_of_by_its_own_date(small):
    small.watch()
    small.watch(OTHER)
    small.load(market.basket(D1, ETF, FLAT) + market.basket(D1, OTHER, FLAT))
    small.load(market.basket(D2, OTHER, SOLD))
    small.load(market.basket(D2, ETF, SOLD) + market.basket(D3, OTHER, FLAT))
    assert sorted((content["etf"]["code"], content["date"]) for content in small.alerts) == [
        (ETF, D2),
        (OTHER, D2),
        (OTHER, D3),
    ]


def test_two_sources_of_a_date_tell_once(small):
    small.watch()
    small.days({D1: FLAT, D2: SOLD})
    folder = market.folder(small.folder / "krx", etfs=[market.etf(ETF)], holdings=market.basket(D2, ETF, BOUGHT))
    load(small.database, lambda: Feed("krx", "KRX", files.read(folder).tables))
    assert told(small) == [(D2, D1)]


def test_a_watch_counts_from_the_next_load_on(small):
    small.days({D1: FLAT, D2: SOLD})
    small.watch()
    small.days({D2: SOLD})
    assert small.alerts == []
    small.days({D3: FLAT})
    assert told(small) == [(D3, D2)]


def test_who_is_muted_or_disabled_hears_nothing(small):
    small.watch(muted=True)
    (disabled,) = add_people(small.database, 1)
    watch(small.database, disabled, ETF)
    with small.database.connect() as connection:
        connection.execute("UPDATE users SET disabled_at = now() WHERE id = %s", (disabled,))
        connection.commit()
    small.days({D1: FLAT, D2: SOLD})
    assert alerts(small.database) == []


def test_real_data_takes_back_what_was_told_of_the_invented_market(small):
    give_webhook(small.database, small.person)
    with (ROOT / "seeds" / "sample_market" / "etfs.csv").open(encoding="utf-8", newline="") as file:
        etfs = [row["code"] for row in csv.DictReader(file)]
    for etf in [ETF, *etfs]:
        small.watch(etf, threshold_pp=0)
    load_sample(small.database)
    assert len(small.alerts) > 50
    assert all(content["sample"] for content in small.alerts)
    assert posts(small.database) == []
    small.days({D1: FLAT, D2: SOLD})
    assert told(small) == [(D2, D1)]
    assert [key for _, key, _ in posts(small.database)] == [f"alert:{ETF}:{D2}"]


def test_alerts_of_long_ago_are_forgotten(small):
    small.watch()
    small.days({D1: FLAT, D2: SOLD, D3: FLAT})
    with small.database.connect() as connection:
        connection.execute("UPDATE notifications SET created_at = now() - interval '401 days' WHERE date = %s", (D2,))
        connection.commit()
    small.days({D4: FLAT})
    assert told(small) == [(D3, D2)]
    with small.database.connect() as connection:
        kinds = connection.execute("SELECT count(*) FROM notifications WHERE kind = 'collection'").fetchone()
    assert kinds == (4,)


def test_a_folder_loaded_day_by_day_tells_what_it_tells_at_once(small, new_database, tmp_path):
    baskets = {D1: FLAT, D2: SOLD, D3: BOUGHT, D4: FLAT, MONDAY: SOLD}
    folder = market.folder(
        tmp_path / "all",
        etfs=[market.etf(ETF)],
        holdings=[row for day, basket in baskets.items() for row in market.basket(day, ETF, basket)],
        prices=[market.price(day, ETF, 10_000 + 60 * n, 10_000) for n, day in enumerate(baskets)],
    )
    small.watch()
    for day in baskets:
        load_files(small.database, folder, until=date.fromisoformat(day))
    at_once = new_database()
    (person,) = add_people(at_once, 1)
    watch(at_once, person, ETF)
    load_files(at_once, folder)
    assert [row[1:] for row in alerts(at_once)] == [row[1:] for row in alerts(small.database)]
    assert len(small.alerts) == 4
