"""The market over HTTP, against the rows of the raw files read by another engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings

LAST = "2026-07-08"
# Domestic ETFs, whose constituents go by one code in every source.
DOMESTIC = ["069500", "102110", "148020", "305720", "441800", "495230"]


@pytest.fixture(scope="module")
def market(real_database: Database, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(real_database, settings)) as client:
        yield client


@pytest.fixture(scope="module")
def files(real_data: Path) -> duckdb.DuckDBPyConnection:
    """The raw rows as tables of DuckDB, figures as numbers, up to the data date."""
    engine = duckdb.connect()
    for name in ("etfs", "prices", "holdings_small", "etf_renames"):
        read = (
            f"read_csv('{real_data / name}.csv', all_varchar = true, header = true, quote = '\"', strict_mode = false)"
        )
        engine.execute(f"CREATE TABLE {name.removesuffix('_small')} AS SELECT * FROM {read}")
    engine.execute(
        """
        CREATE VIEW basket AS
        SELECT date, etf_code, constituent_code AS code, kind,
            round(sum(try_cast(weight_pct AS DOUBLE)), 4) AS weight, sum(try_cast(qty_per_cu AS DOUBLE)) AS shares
        FROM holdings
        WHERE date <= '2026-07-08'
        GROUP BY ALL
        """
    )
    return engine


def _get(market: TestClient, path: str, **parameters: Any) -> dict[str, Any]:
    response = market.get(path, params=parameters or None)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.real
@pytest.mark.parametrize("path", ["/api/etfs", "/api/etfs/069500", "/api/companies", "/api/search?q=삼전"])
def test_every_answer_says_which_data_it_stands_on(market: TestClient, path: str) -> None:
    answer = _get(market, path)
    assert (answer["as_of"], answer["dataset"]) == (LAST, "files")


@pytest.mark.real
@pytest.mark.parametrize("code", ["069500", "0015B0", "161510", "360750"])
def test_an_etf_has_the_attributes_of_the_master_file(market: TestClient, files: Any, code: str) -> None:
    expected = files.execute(
        """
        SELECT name_ko, manager_ko, underlying_index, is_active = 'Y', total_fee_pct_per_year::DOUBLE,
            listing_date, isin, net_asset_krw::BIGINT
        FROM etfs
        WHERE etf_code = ?
        """,
        [code],
    ).fetchone()
    etf = _get(market, f"/api/etfs/{code}")
    keys = ("name", "company", "index_name", "active", "fee_pct", "listed", "isin", "aum_krw")
    assert tuple(etf[key] for key in keys) == expected


@pytest.mark.real
@pytest.mark.parametrize("code", DOMESTIC)
def test_holdings_are_those_of_the_file(market: TestClient, files: Any, code: str) -> None:
    expected = files.execute(
        "SELECT code, weight, shares FROM basket WHERE etf_code = ? AND date = ? AND kind = 'stock' ORDER BY code",
        [code, LAST],
    ).fetchall()
    answer = _get(market, f"/api/etfs/{code}/holdings", kind="stock")
    found = sorted((h["code"], h["weight_pct"], h["shares"]) for h in answer["holdings"])
    assert [row[0] for row in found] == [row[0] for row in expected]
    assert [row[1] for row in found] == pytest.approx([row[1] for row in expected], abs=0.005)
    assert [row[2] for row in found] == pytest.approx([row[2] for row in expected])
    assert answer["number_of_holdings"] == len(expected)
    assert answer["date"] == LAST


@pytest.mark.real
def test_holdings_come_by_weight(market: TestClient) -> None:
    holdings = _get(market, "/api/etfs/069500/holdings", limit=10)["holdings"]
    assert [h["rank"] for h in holdings] == list(range(1, 11))
    assert [h["weight_pct"] for h in holdings] == sorted((h["weight_pct"] for h in holdings), reverse=True)


@pytest.mark.real
@pytest.mark.parametrize(
    ("asked", "snapshot"), [("2026-07-06", "2026-07-06"), ("2026-07-07", "2026-07-07"), ("2026-12-31", LAST)]
)
def test_holdings_on_a_date_are_of_the_last_snapshot_by_then(
    market: TestClient, files: Any, asked: str, snapshot: str
) -> None:
    answer = _get(market, "/api/etfs/102110/holdings", date=asked)
    expected = files.execute(
        "SELECT count(*) FROM basket WHERE etf_code = '102110' AND date = ?", [snapshot]
    ).fetchone()[0]
    assert (answer["date"], answer["total"]) == (snapshot, expected)


@pytest.mark.real
@pytest.mark.parametrize("code", ["005930", "000660", "035420", "068270"])
def test_holders_are_the_etfs_whose_latest_basket_has_the_stock(market: TestClient, files: Any, code: str) -> None:
    expected = files.execute(
        """
        SELECT etf_code
        FROM basket
        WHERE code = ? AND kind = 'stock' AND (etf_code, date) IN (SELECT etf_code, max(date) FROM basket GROUP BY 1)
        ORDER BY weight DESC, etf_code
        """,
        [code],
    ).fetchall()
    answer = _get(market, f"/api/stocks/{code}/holders")
    assert [h["code"] for h in answer["holders"]] == [row[0] for row in expected]
    assert answer["total"] == _get(market, f"/api/stocks/{code}")["number_of_holders"] == len(expected)


@pytest.mark.real
def test_holders_above_a_weight_and_only_active_ones(market: TestClient, files: Any) -> None:
    expected = files.execute(
        """
        SELECT b.etf_code
        FROM basket AS b
        JOIN etfs AS e USING (etf_code)
        WHERE b.code = '005930' AND b.date = ? AND b.weight >= 10 AND e.is_active = 'Y'
        ORDER BY b.etf_code
        """,
        [LAST],
    ).fetchall()
    answer = _get(market, "/api/stocks/005930/holders", min_weight_pct=10, active=True)
    assert sorted(h["code"] for h in answer["holders"]) == [row[0] for row in expected]


@pytest.mark.real
@pytest.mark.parametrize("code", ["NVDA US", "nvda us", "US67066G1040"])
def test_a_stock_is_found_by_any_of_its_codes(market: TestClient, code: str) -> None:
    assert _get(market, f"/api/stocks/{code}")["code"] == "NVDA US"


@pytest.mark.real
def test_one_company_counts_once_whichever_code_a_manager_uses(market: TestClient) -> None:
    holders = {h["code"] for h in _get(market, "/api/stocks/NVDA US/holders")["holders"]}
    assert {"360750", "379800", "456600"} <= holders


@pytest.mark.real
@pytest.mark.parametrize("code", ["069500", "133690", "0000J0"])
def test_prices_and_premium_are_those_of_the_file(market: TestClient, files: Any, code: str) -> None:
    start, end = "2026-03-02", "2026-04-24"
    expected = files.execute(
        """
        SELECT date, close::DOUBLE, nav::DOUBLE, (close::DOUBLE - nav::DOUBLE) / nav::DOUBLE * 100
        FROM prices
        WHERE etf_code = ? AND date BETWEEN ? AND ?
        ORDER BY date
        """,
        [code, start, end],
    ).fetchall()
    answer = _get(market, f"/api/etfs/{code}/prices", **{"from": start, "to": end})
    found = [(p["date"], p["close_krw"], p["nav_krw"]) for p in answer["prices"]]
    assert found == [row[:3] for row in expected]
    assert [p["premium_pct"] for p in answer["prices"]] == pytest.approx([row[3] for row in expected], abs=1e-3)
    assert (answer["start"], answer["end"]) == (expected[0][0], expected[-1][0])


@pytest.mark.real
def test_the_return_starts_at_the_last_close_before_the_period(market: TestClient, files: Any) -> None:
    base, last = (
        files.execute(
            f"SELECT close::DOUBLE FROM prices WHERE etf_code = '069500' AND date {bound} ORDER BY date DESC LIMIT 1"
        ).fetchone()[0]
        for bound in ("< '2026-03-01'", "<= '2026-03-31'")
    )
    answer = _get(market, "/api/etfs/069500/prices", **{"from": "2026-03-01", "to": "2026-03-31"})
    assert answer["return_pct"] == pytest.approx((last / base - 1) * 100, abs=1e-3)
    assert answer["base_in_period"] is False


@pytest.mark.real
def test_a_return_without_an_earlier_close_says_so(market: TestClient, files: Any) -> None:
    first, last = files.execute(
        "SELECT arg_min(close::DOUBLE, date), arg_max(close::DOUBLE, date) FROM prices WHERE etf_code = '0000J0'"
        " AND date <= '2025-06-30'"
    ).fetchone()
    answer = _get(market, "/api/etfs/0000J0/prices", **{"from": "2024-01-01", "to": "2025-06-30"})
    assert answer["return_pct"] == pytest.approx((last / first - 1) * 100, abs=1e-3)
    assert answer["base_in_period"] is True


@pytest.mark.real
def test_a_period_without_prices_is_an_empty_list(market: TestClient) -> None:
    answer = _get(market, "/api/etfs/069500/prices", **{"from": "2020-01-01", "to": "2020-01-31"})
    assert (answer["prices"], answer["return_pct"], answer["start"]) == ([], None, None)


@pytest.mark.real
@pytest.mark.parametrize("code", ["069500", "441800"])
def test_similarity_is_the_sum_of_the_smaller_weights(market: TestClient, files: Any, code: str) -> None:
    expected = files.execute(
        """
        SELECT b.etf_code, round(sum(least(a.weight, b.weight)), 2) AS overlap
        FROM basket AS a
        JOIN basket AS b USING (date, code, kind)
        WHERE a.etf_code = ? AND b.etf_code <> a.etf_code AND a.date = ? AND a.kind IN ('stock', 'etf')
            AND a.weight > 0 AND b.weight > 0
            AND b.etf_code IN (SELECT unnest(?))
        GROUP BY 1
        """,
        [code, LAST, DOMESTIC],
    ).fetchall()
    answer = _get(market, f"/api/etfs/{code}/similar", limit=20)["similar"]
    found = {s["code"]: s["overlap_pct"] for s in answer}
    assert {key: found[key] for key, _ in expected} == pytest.approx(dict(expected), abs=0.02)
    assert [s["overlap_pct"] for s in answer] == sorted((s["overlap_pct"] for s in answer), reverse=True)
    assert code not in found


CHANGED = """
    WITH ratios AS (
        SELECT coalesce(a.code, b.code) AS code, a.shares AS before, b.shares AS after, b.shares / a.shares AS ratio
        FROM (SELECT * FROM basket WHERE etf_code = $etf AND date = $previous AND kind = 'stock') AS a
        FULL JOIN (SELECT * FROM basket WHERE etf_code = $etf AND date = $day AND kind = 'stock') AS b USING (code)
    ),
    scaled AS (SELECT *, ratio / (SELECT median(ratio) FROM ratios) - 1 AS change FROM ratios)
    SELECT code, CASE WHEN before IS NULL THEN 'new' WHEN after IS NULL THEN 'out'
        WHEN change > 0.01 THEN 'more' WHEN change < -0.01 THEN 'less' END AS action
    FROM scaled
    WHERE action IS NOT NULL
    ORDER BY code
"""


@pytest.mark.real
@pytest.mark.parametrize("code", ["441800", "385720", "495230", "069500"])
@pytest.mark.parametrize(
    ("previous", "day"), [("2026-07-06", "2026-07-07"), ("2026-07-07", LAST), ("2026-07-06", LAST)]
)
def test_changes_compare_quantities_net_of_rescaling(
    market: TestClient, files: Any, code: str, previous: str, day: str
) -> None:
    expected = files.execute(CHANGED, {"etf": code, "previous": previous, "day": day}).fetchall()
    first = "2026-07-07" if previous == "2026-07-06" else day
    answer = _get(market, f"/api/etfs/{code}/changes", **{"from": first, "to": day})
    assert (answer["previous"], answer["date"]) == (previous, day)
    assert sorted((t["code"], t["action"]) for t in answer["changes"]) == expected


@pytest.mark.real
def test_changes_without_dates_are_the_latest(market: TestClient) -> None:
    answer = _get(market, "/api/etfs/441800/changes")
    assert (answer["previous"], answer["date"]) == ("2026-07-07", LAST)


@pytest.mark.real
def test_a_managers_trades_are_those_of_its_etfs(market: TestClient) -> None:
    period = {"from": "2026-07-07", "to": LAST}
    answer = _get(market, "/api/companies/타임폴리오자산운용/trades", **period, limit=500)
    expected = [
        (day, code, t["code"], t["action"])
        for code in ("385720", "441800", "456600")
        for day in ("2026-07-07", LAST)
        for t in _get(market, f"/api/etfs/{code}/changes", **{"from": day, "to": day})["changes"]
    ]
    found = [(t["date"], t["etf_code"], t["code"], t["action"]) for t in answer["trades"]]
    assert sorted(found) == sorted(expected)
    assert answer["total"] == len(expected)


@pytest.mark.real
def test_companies_are_counted_from_the_master_file(market: TestClient, files: Any) -> None:
    expected = files.execute(
        "SELECT manager_ko, count(*), count(*) FILTER (is_active = 'Y') FROM etfs WHERE manager_ko <> '' GROUP BY 1"
    ).fetchall()
    found = _get(market, "/api/companies")["companies"]
    assert sorted((c["name"], c["etfs"], c["active_etfs"]) for c in found) == sorted(expected)


@pytest.mark.real
@pytest.mark.parametrize("name", ["미래에셋자산운용", "미래에셋", "TIGER", "타이거"])
def test_a_manager_goes_by_short_name_and_brand(market: TestClient, name: str) -> None:
    assert _get(market, f"/api/companies/{name}/trades")["company"] == "미래에셋자산운용"


@pytest.mark.real
def test_pages_of_etfs_join_up(market: TestClient) -> None:
    whole = _get(market, "/api/etfs", company="한화자산운용", limit=100)
    parts = [_get(market, "/api/etfs", company="한화자산운용", limit=30, offset=start)["etfs"] for start in (0, 30, 60)]
    assert [e["code"] for part in parts for e in part] == [e["code"] for e in whole["etfs"]]
    assert whole["total"] == len(whole["etfs"]) == 85
    assert _get(market, "/api/etfs", company="한화자산운용", offset=500)["total"] == 85


@pytest.mark.parametrize(
    ("path", "slug", "suggested"),
    [
        ("/api/etfs/KODEX 200", "unknown-etf", "069500"),
        ("/api/etfs/999999", "unknown-etf", None),
        ("/api/etfs/KODEX 200/holdings", "unknown-etf", "069500"),
        ("/api/etfs/069500/holdings?date=1999-01-01", "no-snapshot", None),
        ("/api/etfs/069500/changes?to=1999-01-01", "no-snapshot", None),
        ("/api/stocks/삼전", "unknown-stock", "005930"),
        ("/api/stocks/ZZZZ ZZ/holders", "unknown-stock", None),
        ("/api/companies/없는회사/trades", "unknown-company", None),
    ],
)
def test_what_is_unknown_is_a_problem_with_suggestions(
    client: TestClient, path: str, slug: str, suggested: str | None
) -> None:
    response = client.get(path)
    problem = response.json()
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"/problems/{slug}"
    assert any("가" <= character <= "힣" for character in problem["detail"])
    if suggested:
        assert problem["suggestions"][0]["code"] == suggested


@pytest.mark.parametrize(
    "query",
    [
        "/api/etfs/069500/holdings?date=20260708",
        "/api/etfs/069500/holdings?date=0",
        "/api/etfs/069500/holdings?date=2026-02-30",
        "/api/etfs/069500/prices?from=yesterday",
        "/api/etfs/069500/prices?from=2026-07-08&to=2026-07-01",
        "/api/etfs/069500/changes?from=2026-07-08&to=2026-07-01",
        "/api/companies/삼성자산운용/trades?from=2026-07-08&to=2026-07-01",
        "/api/etfs/069500/holdings?limit=0",
        "/api/stocks/005930/holders?min_weight_pct=101",
        "/api/search?q=",
        "/api/search",
        "/api/search?q=a&kind=bond",
    ],
)
def test_what_cannot_be_understood_is_refused(client: TestClient, query: str) -> None:
    response = client.get(query)
    assert response.status_code == 422
    assert response.json()["title"] == "잘못된 입력"


def test_an_empty_database_is_not_ready(empty_database: Database, settings: Settings) -> None:
    with TestClient(create_app(empty_database, settings)) as client:
        for path in ("/api/search?q=삼전", "/api/etfs", "/api/companies"):
            assert client.get(path).status_code == 503


def test_search_over_http_narrows_by_kind(client: TestClient) -> None:
    hits = client.get("/api/search", params={"q": "삼성", "kind": ["company", "etf"]}).json()["hits"]
    assert {hit["kind"] for hit in hits} <= {"company", "etf"}
    assert hits[0]["code"] == "삼성자산운용"


def test_a_database_that_is_gone_is_no_empty_answer(settings: Settings) -> None:
    gone = Database("postgresql://postgres@/atlas?host=/nowhere", settings)
    with TestClient(create_app(gone, settings)) as client:
        response = client.get("/api/etfs/069500")
    assert response.status_code == 503
    assert response.json()["detail"] == "데이터베이스가 응답하지 않습니다."
