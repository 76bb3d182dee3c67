"""What changed since the last visit: beside the changes of each ETF's own page, and its two baskets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from backend.watchlist.schemas import KINDS
from tests.people import Somebody, new_person


@pytest.fixture(scope="module")
def database(chat_database: Database) -> Database:
    return chat_database


@pytest.fixture(scope="module")
def client(database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings)) as test_client:
        yield test_client


@pytest.fixture(scope="module")
def codes(database: Database) -> list[str]:
    with database.engine("atlas_app").connect() as connection:
        return list(connection.scalars(text("SELECT code FROM etfs ORDER BY code")))


@pytest.fixture
def person(database: Database) -> Somebody:
    return new_person(database)


def _days(database: Database) -> list[date]:
    with database.engine("atlas_app").connect() as connection:
        return list(
            connection.scalars(text("SELECT DISTINCT date FROM etf_snapshots WHERE status <> 'gap' ORDER BY 1"))
        )


def _watch(client: TestClient, person: Somebody, codes: list[str], **settings: Any) -> None:
    assert client.post("/api/watchlist/many", json={"codes": codes}, headers=person.headers).status_code == 200
    changed = client.patch("/api/watchlist", json={"codes": codes, **settings}, headers=person.headers)
    assert changed.json()["changed"] == sorted(codes)


def _page(client: TestClient, person: Somebody) -> dict[str, Any]:
    answer = client.get("/api/watchlist", headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _see(client: TestClient, person: Somebody, as_of: date | None = None) -> None:
    body = None if as_of is None else {"as_of": as_of.isoformat()}
    assert client.post("/api/watchlist/seen", json=body, headers=person.headers).status_code == 204


def _basket(client: TestClient, code: str, day: str) -> dict[str, float | None]:
    rows = client.get(f"/api/etfs/{code}/holdings", params={"date": day, "limit": 5000}).json()["holdings"]
    return {row["code"]: row["weight_pct"] for row in rows if row["kind"] in ("stock", "etf")}


def test_facts_are_those_of_the_etfs_own_pages(client: TestClient, person: Somebody, codes: list[str]) -> None:
    _watch(client, person, codes)
    page = _page(client, person)
    assert [item["etf"]["code"] for item in page["items"]] == codes
    for item in page["items"]:
        own = client.get(f"/api/etfs/{item['etf']['code']}").json()
        facts = item["facts"]
        assert item["etf"]["name"] == own["name"]
        assert page["as_of"] == own["as_of"]
        for name, theirs in {"close": "close_krw", "nav": "nav_krw"}.items():
            assert facts[name] == own[theirs], own["code"]
        for name in ("company", "price_date", "premium_pct", "aum_krw", "aum_date", "fee_pct", "holdings_date"):
            assert facts[name] == own[name], (own["code"], name)
        days = client.get(f"/api/etfs/{own['code']}/prices").json()["prices"]
        closes = [day["close_krw"] for day in days]
        assert facts["closes"] == closes[-30:]
        if len(closes) > 1:
            assert facts["change_pct"] == pytest.approx((closes[-1] / closes[-2] - 1) * 100, abs=1e-4)
            assert facts["previous_date"] == days[-2]["date"]


@pytest.mark.parametrize("threshold", [0, 0.5, 3])
@pytest.mark.parametrize("days_away", [1, 3, 10])
def test_news_are_the_changes_that_meet_the_watch(
    client: TestClient, database: Database, person: Somebody, codes: list[str], threshold: float, days_away: int
) -> None:
    since = _days(database)[-1 - days_away]
    _watch(client, person, codes, kinds=list(KINDS), threshold_pp=threshold)
    _see(client, person, since)
    page = _page(client, person)
    assert page["seen_date"] == since.isoformat()
    counted = 0
    for item in page["items"]:
        news, code = item["news"], item["etf"]["code"]
        if news["since"] is None or news["since"] == news["until"]:
            assert (news["trades"], news["drift"], news["weight"]) == ([], [], 0)
            continue
        start = date.fromisoformat(news["since"]) + timedelta(days=1)
        changes = client.get(f"/api/etfs/{code}/changes", params={"from": start, "to": news["until"]}).json()
        assert (changes["previous"], changes["date"]) == (news["since"], news["until"])
        assert news["since"] <= since.isoformat()
        traded = {change["code"]: change for change in changes["changes"]}
        before, after = _basket(client, code, news["since"]), _basket(client, code, news["until"])
        both = [held for held in before.keys() & after.keys() if None not in (before[held], after[held])]
        moved = {held: round(after[held] - before[held], 4) for held in both}
        met = {
            held
            for held, change in traded.items()
            if change["action"] in ("new", "out")
            or round(abs((before[held] or 0) * change["shares_change_pct"] / 100), 4) >= threshold
            or abs(moved.get(held, 0)) >= threshold
        }
        drifted = {held for held in moved.keys() - traded.keys() if moved[held] and abs(moved[held]) >= threshold}
        assert news["weight"] == len(drifted), code
        for action in ("new", "out", "more", "less"):
            assert news[action] == sum(traded[held]["action"] == action for held in met), (code, action)
        assert {row["code"] for row in news["trades"]} <= met
        assert {row["code"] for row in news["drift"]} <= drifted
        assert len(news["trades"]) == min(5, len(met))
        for row in news["drift"]:
            assert row["change_pp"] == moved[row["code"]]
        sizes = [abs(row["change_pp"]) for row in news["drift"]]
        assert sizes == sorted(sizes, reverse=True)
        counted += len(met) + len(drifted)
    assert counted > 0


def test_only_the_kinds_of_a_watch_are_news(client: TestClient, person: Somebody, codes: list[str]) -> None:
    _watch(client, person, codes, kinds=list(KINDS), threshold_pp=0)
    everything = _page(client, person)["items"]
    for kinds in (["new"], ["weight"], []):
        client.patch("/api/watchlist", json={"codes": codes, "kinds": kinds}, headers=person.headers)
        for item, whole in zip(_page(client, person)["items"], everything, strict=True):
            counts = {name: item["news"][name] for name in ("new", "out", "more", "less", "weight")}
            if kinds != ["weight"]:
                assert counts == {name: whole["news"][name] if name in kinds else 0 for name in counts}
            else:
                assert counts["weight"] == whole["news"]["weight"]


def test_the_first_visit_tells_of_the_newest_day_and_the_next_of_nothing(
    client: TestClient, database: Database, person: Somebody, codes: list[str]
) -> None:
    _watch(client, person, codes, threshold_pp=0)
    first, days = _page(client, person), _days(database)
    assert (first["seen_at"], first["seen_date"]) == (None, days[-2].isoformat())
    assert any(item["news"]["trades"] for item in first["items"])
    _see(client, person)
    second = _page(client, person)
    assert second["seen_at"] is not None
    assert second["seen_date"] == second["as_of"] == days[-1].isoformat()
    for item in second["items"]:
        assert (item["news"]["trades"], item["news"]["drift"], item["news"]["gap"]) == ([], [], [])


def test_a_day_that_the_page_did_not_show_is_news_the_next_time(
    client: TestClient, database: Database, person: Somebody, codes: list[str]
) -> None:
    _watch(client, person, codes)
    shown, newest = _days(database)[-2:]
    _see(client, person, shown)
    assert _page(client, person)["seen_date"] == shown.isoformat()
    _see(client, person, newest)
    _see(client, person, shown)
    assert _page(client, person)["seen_date"] == newest.isoformat()
    _see(client, person, newest + timedelta(days=400))
    assert _page(client, person)["seen_date"] == newest.isoformat()


def test_what_was_seen_of_a_later_market_says_nothing_about_this_one(
    client: TestClient, database: Database, person: Somebody, codes: list[str]
) -> None:
    _watch(client, person, codes)
    newest = _days(database)[-1]
    with database.engine("atlas_app").begin() as connection:
        connection.execute(
            text("UPDATE users SET watchlist_seen_date = :later WHERE id = :person"),
            {"later": newest + timedelta(days=30), "person": person.id},
        )
    assert _page(client, person)["seen_date"] == newest.isoformat()
    _see(client, person)
    with database.engine("atlas_app").connect() as connection:
        stored = connection.scalar(
            text("SELECT watchlist_seen_date FROM users WHERE id = :person"), {"person": person.id}
        )
    assert stored == newest


def test_days_without_a_basket_are_named(
    client: TestClient, database: Database, person: Somebody, codes: list[str]
) -> None:
    days = _days(database)
    with database.engine("atlas_app").connect() as connection:
        had = {
            (row.code, row.date)
            for row in connection.execute(text("SELECT code, date FROM etf_snapshots WHERE status <> 'gap'"))
        }
    _watch(client, person, codes)
    _see(client, person, days[-15])
    named = 0
    for item in _page(client, person)["items"]:
        code = item["etf"]["code"]
        missing = [day.isoformat() for day in days[-14:] if (code, day) not in had]
        assert item["news"]["gap"] == (missing if item["news"]["since"] else [])
        named += len(missing)
    assert named > 0


def test_fees_and_names_that_changed_since_the_visit_are_news(
    client: TestClient, database: Database, person: Somebody, codes: list[str]
) -> None:
    _watch(client, person, codes[:2], kinds=["fee"])
    _see(client, person)
    with database.engine("atlas_loader").begin() as connection:
        changes = (("fee", "0.2", "0.1"), ("name", "가", "나"), ("name", "남의 표기", "나"), ("fee", "0.1", "0.05"))
        for field, before, after in changes:
            connection.execute(
                text("INSERT INTO etf_changes (etf, field, before, after) VALUES (:etf, :field, :before, :after)"),
                {"etf": codes[0], "field": field, "before": before, "after": after},
            )
        connection.execute(
            text("INSERT INTO etf_former_names (code, name) VALUES (:etf, '가')"),
            {"etf": codes[0]},
        )
    first, second = (item["news"] for item in _page(client, person)["items"])
    assert (first["fee"], first["name"]) == ({"before": 0.2, "after": 0.05}, None)
    assert (second["fee"], second["name"]) == (None, None)
    client.patch("/api/watchlist", json={"codes": codes[:2], "kinds": ["name"]}, headers=person.headers)
    assert _page(client, person)["items"][0]["news"]["name"] == {"before": "가", "after": "나"}
    _see(client, person)
    assert _page(client, person)["items"][0]["news"]["name"] is None


def test_a_premium_is_news_when_it_crosses_the_limit(client: TestClient, person: Somebody, codes: list[str]) -> None:
    days = client.get(f"/api/etfs/{codes[0]}/prices").json()["prices"]
    before, after = (abs(day["premium_pct"]) for day in days[-2:])
    _watch(client, person, codes[:1], kinds=["premium"])
    for limit in (round(after - 0.01, 2), round(after + 0.02, 2), 0.0):
        if limit < 0:
            continue
        client.patch("/api/watchlist", json={"codes": codes[:1], "premium_pct": limit}, headers=person.headers)
        told = _page(client, person)["items"][0]["news"]["premium"]
        if after >= limit > before:
            assert told == {"before": days[-2]["premium_pct"], "after": days[-1]["premium_pct"], "limit": limit}
        else:
            assert told is None
