"""What a load tells: each date once, with what changed, whoever loads it and however often."""

from __future__ import annotations

from typing import Any

import pytest

from backend.collection.feed import Feed
from backend.collection.load import load, load_files, load_sample
from backend.collection.sources import files
from backend.db.engine import Database
from tests import market_files as market

D1, D2, D3 = "2026-01-05", "2026-01-06", "2026-01-07"
ACTIVE = [market.etf(f"ACT00{n}", is_active="Y") for n in range(3)]
PASSIVE = [market.etf("PAS001", is_active="N")]
STOCKS = [
    {"stock_code": "005930", "name": "삼성전자", "market": "KOSPI"},
    {"stock_code": "NVDA US", "name": "NVIDIA Corp", "name_ko_for_foreign": "엔비디아", "market": "US"},
]
# The changes of a date, counted from the edges and tables alone: by stock, and the trading day before.
INDEPENDENT = r"""
    WITH compared AS (
        SELECT max(before.date) AS day
        FROM etf_snapshots AS now
        JOIN LATERAL (
            SELECT max(s.date) AS date
            FROM etf_snapshots AS s
            WHERE s.code = now.code AND s.date < now.date AND s.status <> 'gap'
        ) AS before ON true
        WHERE now.date = %(day)s AND now.status <> 'gap'
    ),
    traded AS (
        SELECT e.properties::text::json ->> 'code' AS etf, s.properties::text::json ->> 'code' AS stock,
               t.properties::text::json ->> 'action' AS action
        FROM etf_history."TRADED" AS t
        JOIN etf_history."ETF" AS e ON e.id = t.start_id
        JOIN etf_history."Stock" AS s ON s.id = t.end_id
        WHERE t.properties::text::json ->> 'date' = %(day)s::text
          AND (t.properties::text::json ->> 'previous')::date = (SELECT day FROM compared)
    )
    SELECT stock, coalesce(x.name_ko, x.name),
           count(*) FILTER (WHERE action = 'new' AND NOT dated),
           count(*) FILTER (WHERE action = 'new' AND f.active AND NOT dated),
           count(*) FILTER (WHERE action = 'out' AND NOT dated),
           count(*) FILTER (WHERE action = 'out' AND f.active AND NOT dated),
           count(*) FILTER (WHERE action IN ('new', 'more') AND f.active),
           count(*) FILTER (WHERE action IN ('out', 'less') AND f.active),
           (SELECT day FROM compared)::text
    FROM traded
    JOIN etfs AS f ON f.code = traded.etf
    JOIN securities AS x ON x.code = traded.stock AND x.kind = 'stock'
    CROSS JOIN LATERAL (SELECT coalesce(x.name_ko, x.name) ~ '\d\d/\d\d/\d\d' AS dated) AS maturity
    GROUP BY 1, 2
"""


def told(database: Database) -> dict[str, dict[str, Any]]:
    """Return the content of each date's notification, in the order of their ids."""
    with database.connect() as connection:
        rows = connection.execute("SELECT date::text, content FROM notifications WHERE kind = 'collection' ORDER BY id")
        found = rows.fetchall()
    assert len(dict(found)) == len(found)
    return dict(found)


def posts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    with database.connect() as connection:
        return connection.execute(
            "SELECT key, content FROM discord_posts WHERE kind = 'collection' ORDER BY id"
        ).fetchall()


def folder(path, *rows, etfs=(), **tables):
    holdings = [row for some in rows for row in some]
    return market.folder(path, etfs=[*ACTIVE, *PASSIVE, *etfs], stocks=STOCKS, holdings=holdings, **tables)


def as_source(source: str, path) -> Feed:
    return Feed(source, source.upper(), files.read(path).tables)


def test_what_changed_on_a_date_is_told_with_it(empty_database, tmp_path):
    first = {"005930": (100, 60.0), "000660": (10, 40.0)}
    rows = [market.basket(D1, etf["etf_code"], first) for etf in [*ACTIVE, *PASSIVE]]
    bought = {"005930": (100, 50.0), "000660": (10, 30.0), "NVDA US": (7, 20.0)}
    rows += [market.basket(D2, "ACT000", bought), market.basket(D2, "ACT001", bought)]
    rows += [
        market.basket(D2, "ACT002", {"005930": (100, 100.0)}),
        market.basket(D2, "PAS001", {"000660": (10, 100.0)}),
    ]
    prices = [market.price(D2, "ACT000", 100)]
    load_files(empty_database, folder(tmp_path, *rows, prices=prices))
    assert told(empty_database)[D2] == {
        "source": "files",
        "label": f"{tmp_path.name} 폴더의 자료",
        "date": D2,
        "compared_with": D1,
        "etfs": 4,
        "holdings": 8,
        "prices": 1,
        "trades": 4,
        "gaps": 0,
        "new_total": 1,
        "out_total": 2,
        "new": [{"code": "NVDA US", "name": "엔비디아", "etfs": 2, "active": 2}],
        "out": [
            {"code": "000660", "name": "이름 000660", "etfs": 1, "active": 1},
            {"code": "005930", "name": "삼성전자", "etfs": 1, "active": 0},
        ],
        "bought": [{"code": "NVDA US", "name": "엔비디아", "etfs": 2}],
        "sold": [{"code": "000660", "name": "이름 000660", "etfs": 1}],
        "missing": [],
    }
    assert told(empty_database)[D1]["compared_with"] is None
    assert posts(empty_database) == [(f"collection:{day}", content) for day, content in told(empty_database).items()]


def test_a_bond_that_a_source_takes_for_a_stock_is_no_news(empty_database, tmp_path):
    first, second = {"005930": (1, 100.0)}, {"005930": (1, 50.0), "US912810UR76": (1, 50.0)}
    named = [row | {"constituent_name": "T 4 3/4 02/15/56"} for row in market.basket(D2, "ACT000", second)]
    load_files(
        empty_database,
        folder(
            tmp_path,
            market.basket(D1, "ACT000", first),
            [named[1]],
            [row for row in market.basket(D2, "ACT000", second) if row["constituent_code"] == "005930"],
        ),
    )
    content = told(empty_database)[D2]
    assert (content["new"], content["new_total"], content["trades"]) == ([], 0, 1)


def test_an_etf_that_lagged_is_not_compared_with_the_trading_day_before(empty_database, tmp_path):
    first, second = {"005930": (1, 100.0)}, {"005930": (1, 50.0), "NVDA US": (1, 50.0)}
    rows = [market.basket(D1, "ACT000", first), market.basket(D1, "ACT001", first), market.basket(D2, "ACT000", first)]
    rows += [market.basket(D3, "ACT000", second), market.basket(D3, "ACT001", second)]
    load_files(empty_database, folder(tmp_path, *rows))
    content = told(empty_database)[D3]
    assert (content["compared_with"], content["trades"]) == (D2, 2)
    assert content["new"] == [{"code": "NVDA US", "name": "엔비디아", "etfs": 1, "active": 1}]
    assert content["bought"] == [{"code": "NVDA US", "name": "엔비디아", "etfs": 1}]


@pytest.mark.parametrize("which", ["sample_database", pytest.param("real_database", marks=pytest.mark.real)])
def test_what_was_told_agrees_with_counting_the_trades_of_the_market(request, which):
    database = request.getfixturevalue(which)
    contents = told(database)
    with database.connect() as connection:
        dates = connection.execute(
            "SELECT date::text FROM collection_runs WHERE status = 'loaded' ORDER BY date"
        ).fetchall()
        assert [day for (day,) in dates] == list(contents)
        compared = 0
        for day, content in list(contents.items())[-40:]:
            rows = connection.execute(INDEPENDENT, {"day": day}).fetchall()

            def best(count: int, tie: int, descending: bool, rows=rows) -> list[tuple]:
                ranked = sorted(
                    (r for r in rows if r[count]), key=lambda r: (-r[count], -r[tie] if descending else r[tie], r[0])
                )
                return [(r[0], r[1], r[count]) for r in ranked[:10]]

            for part, count, tie, descending in (
                ("new", 2, 3, True), ("out", 4, 5, True), ("bought", 6, 7, False), ("sold", 7, 6, False),
            ):  # fmt: skip
                assert [(s["code"], s["name"], s["etfs"]) for s in content[part]] == best(count, tie, descending), (
                    day,
                    part,
                )
                compared += len(content[part])
            assert content["new_total"] == sum(r[2] > 0 for r in rows)
            assert content["out_total"] == sum(r[4] > 0 for r in rows)
            assert {r[8] for r in rows} <= {content["compared_with"]}
        assert compared > 20


def test_a_date_is_told_once_whoever_loads_it_and_however_often(empty_database, tmp_path):
    rows = [market.basket(day, "ACT000", {"005930": (1, 100.0)}) for day in (D1, D2)]
    path = folder(tmp_path / "a", *rows)
    first = load_files(empty_database, path)
    assert [day.isoformat() for day in first.notified_dates] == [D1, D2]
    corrected = folder(tmp_path / "b", rows[0], market.basket(D2, "ACT000", {"005930": (2, 100.0)}))
    once = told(empty_database)
    for feed in (files.read(path), as_source("krx", path), as_source("krx", corrected), files.read(corrected)):
        assert load(empty_database, lambda feed=feed: feed).notified_dates == []
    assert told(empty_database) == once
    assert len(posts(empty_database)) == 2
    with empty_database.connect() as connection:
        found = connection.execute(
            "SELECT source, date::text, etfs, holdings, notified_at IS NOT NULL FROM collection_runs ORDER BY 1, 2"
        ).fetchall()
    assert found == [(source, day, 1, 1, True) for source in ("files", "krx") for day in (D1, D2)]


def test_listeners_hear_of_a_date_once(empty_database, tmp_path):
    path = folder(tmp_path, *(market.basket(day, "ACT000", {"005930": (1, 100.0)}) for day in (D1, D2, D3)))
    with empty_database.connect("atlas_app", autocommit=True) as listener:
        listener.execute("LISTEN new_collection")
        for _ in range(2):
            load_files(empty_database, path)
        heard = [notice.payload for notice in listener.notifies(timeout=1)]
    assert heard == [D1, D2, D3]


def test_the_sample_takes_back_what_it_told_when_it_makes_room(empty_database, tmp_path):
    load_sample(empty_database)
    last = list(told(empty_database))[-1]
    assert posts(empty_database) == []
    load_files(empty_database, folder(tmp_path, market.basket(last, "ACT000", {"005930": (1, 100.0)})))
    assert {day: content["source"] for day, content in told(empty_database).items()} == {last: "files"}
    assert [key for key, _ in posts(empty_database)] == [f"collection:{last}"]
