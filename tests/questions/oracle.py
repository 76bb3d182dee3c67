"""The expected answers, computed by DuckDB from the raw CSV files, with nothing of the application in between.

Views: `etfs`, `stocks`, `prices`, `renames`, `held` (every snapshot: date, etf, label, code, key, name, weight, shares), `holding` (each
ETF's latest snapshot of it), `trade` (action by ETF, date and key, after dividing by the basket's median quantity ratio), `premiums`
(date, etf, premium in %). `key` is one for all codes of one security.

Macros: `etf('name')` is an ETF's code, `security('code')` a key, `overlap('name', 'name')` in %, `closed('code', 'day')` a close,
`returned('code', 'first day', 'last day')` a return in %. Table macros: `themed('word')` (ETFs with a word in the name or the index's
name), `holders('stock code')`, `basket('ETF name')`, `overlapping('ETF name')`, and `traded('code', 'first day', 'last day')` (what changed in
an ETF over a period).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

_TABLES = """
CREATE TABLE etfs AS
SELECT etf_code AS code, name_ko AS name, isin, brand, manager_ko AS company, underlying_index AS index_name,
       leverage_type AS leverage, replication, is_active = 'Y' AS active, index_market, asset_class, provider_category AS category,
       CASE WHEN listing_date > '1990' THEN listing_date END AS listed,
       TRY_CAST(total_fee_pct_per_year AS DOUBLE) AS fee,
       nullif(TRY_CAST(net_asset_krw AS BIGINT), 0) AS aum
FROM read_csv('{folder}/etfs.csv', all_varchar = true, header = true, quote = '"');

CREATE TABLE stocks AS
SELECT stock_code AS code, isin, name, market, industry_ksic AS industry
FROM read_csv('{folder}/stocks.csv', all_varchar = true, header = true, quote = '"');

CREATE TABLE renames AS
SELECT * FROM read_csv('{folder}/etf_renames.csv', all_varchar = true, header = true, quote = '"');

CREATE TABLE prices AS
SELECT date, etf_code AS etf, TRY_CAST(close AS DOUBLE) AS close, TRY_CAST(nav AS DOUBLE) AS nav, TRY_CAST(high AS DOUBLE) AS high,
       TRY_CAST(low AS DOUBLE) AS low, TRY_CAST(open AS DOUBLE) AS open, TRY_CAST(volume_shares AS BIGINT) AS volume
FROM read_csv('{folder}/prices.csv', all_varchar = true, header = true, quote = '"')
WHERE date <= '{until}';

CREATE TABLE raw_holdings AS
{holdings};
"""

_HOLDINGS = """
SELECT {rank} AS file, date, etf_code AS etf, constituent_code AS code, constituent_name AS name, kind,
       TRY_CAST(qty_per_cu AS DOUBLE) AS shares, TRY_CAST(weight_pct AS DOUBLE) AS weight, weight_basis AS basis
FROM read_csv('{path}', all_varchar = true, header = true, quote = '"')
WHERE date <= '{until}'
"""

_VIEWS = """
CREATE TABLE chosen AS
WITH offers AS (
    SELECT date, etf, file, coalesce(sum(weight) BETWEEN 98.5 AND 101.5, false) AND coalesce(first(basis), '') <> 'P' AS complete, count(*) AS n
    FROM raw_holdings
    WHERE code <> 'CASH_NOTIONAL'
    GROUP BY ALL
), best AS (
    SELECT date, etf, arg_min(file, (NOT complete)::INT * 1000000000 - n * 100 + file) AS file
    FROM offers
    GROUP BY date, etf
)
SELECT DISTINCT r.* FROM raw_holdings AS r JOIN best USING (date, etf, file) WHERE r.code <> 'CASH_NOTIONAL';

CREATE TABLE held AS
SELECT c.date, c.etf, c.label, arg_max(c.code, coalesce(c.weight, 0)) AS code, c.key, any_value(c.name) AS name,
       CASE WHEN count(c.weight) > 0 THEN sum(c.weight) END AS weight,
       CASE WHEN count(c.shares) > 0 THEN sum(c.shares) END AS shares
FROM (
    SELECT x.*, coalesce(k.key, x.code) AS key,
           CASE WHEN x.kind IN ('stock', 'etf') AND (e.code IS NOT NULL OR (x.kind = 'etf' AND length(x.code) = 6)) THEN 'ETF'
                WHEN x.kind IN ('stock', 'etf') THEN 'Stock' ELSE x.kind END AS label
    FROM chosen AS x
    LEFT JOIN keys AS k ON k.code = x.code AND x.kind = 'stock'
    LEFT JOIN etfs AS e ON e.code = x.code
) AS c
GROUP BY c.date, c.etf, c.label, c.key;

CREATE VIEW latest AS SELECT etf, max(date) AS date FROM held GROUP BY etf;
CREATE VIEW holding AS SELECT h.* FROM held AS h JOIN latest USING (etf, date);

CREATE TABLE trade AS
WITH days AS (SELECT DISTINCT etf, date FROM held),
pairs AS (SELECT etf, date, lag(date) OVER (PARTITION BY etf ORDER BY date) AS previous FROM days),
sides AS (
    SELECT p.etf, p.previous, p.date, a.key, a.label, a.name, a.shares AS before, NULL::DOUBLE AS after, a.weight AS wb, NULL::DOUBLE AS wa, 1 AS side
    FROM pairs AS p JOIN held AS a ON a.etf = p.etf AND a.date = p.previous WHERE a.label IN ('Stock', 'ETF')
    UNION ALL
    SELECT p.etf, p.previous, p.date, a.key, a.label, a.name, NULL, a.shares, NULL, a.weight, 2
    FROM pairs AS p JOIN held AS a ON a.etf = p.etf AND a.date = p.date WHERE p.previous IS NOT NULL AND a.label IN ('Stock', 'ETF')
), joined AS (
    SELECT etf, previous, date, key, label, any_value(name) AS name, max(before) AS before, max(after) AS after, max(wb) AS wb, max(wa) AS wa,
           bool_or(side = 1) AS was, bool_or(side = 2) AS is_now
    FROM sides GROUP BY ALL
), scaled AS (
    SELECT *, median(CASE WHEN before > 0 AND after > 0 THEN after / before END) OVER (PARTITION BY etf, date) AS scale FROM joined
)
SELECT *, CASE WHEN NOT was THEN 'new' WHEN NOT is_now THEN 'out'
               WHEN before > 0 AND after > 0 AND after / before / scale > 1.01 THEN 'more'
               WHEN before > 0 AND after > 0 AND after / before / scale < 0.99 THEN 'less' END AS action
FROM scaled;

CREATE MACRO etf(wanted) AS (SELECT min(code) FROM etfs WHERE name = wanted);
CREATE MACRO security(wanted) AS coalesce((SELECT min(key) FROM keys WHERE keys.code = wanted), wanted);
CREATE MACRO themed(word) AS TABLE
    SELECT * FROM etfs WHERE contains(name, word) OR contains(coalesce(index_name, ''), word);
CREATE MACRO holders(stock) AS TABLE
    SELECT h.etf, e.name, e.fee, e.aum, e.company, h.weight
    FROM holding AS h JOIN etfs AS e ON e.code = h.etf WHERE h.label = 'Stock' AND h.key = security(stock);
CREATE MACRO basket(wanted) AS TABLE
    SELECT key, code, label, name, weight, shares FROM holding WHERE etf = etf(wanted);
CREATE MACRO overlap(one, other) AS (
    SELECT round(sum(least(a.weight, b.weight)), 2)
    FROM holding AS a JOIN holding AS b ON b.key = a.key AND b.label = a.label
    WHERE a.etf = etf(one) AND b.etf = etf(other) AND a.label IN ('Stock', 'ETF'));
CREATE MACRO overlapping(one) AS TABLE
    SELECT b.etf, round(sum(least(a.weight, b.weight)), 2) AS overlap
    FROM holding AS a JOIN holding AS b ON b.key = a.key AND b.label = a.label
    WHERE a.etf = etf(one) AND b.etf <> a.etf AND a.label IN ('Stock', 'ETF') GROUP BY b.etf;
CREATE MACRO closed(wanted, day) AS (SELECT max(close) FROM prices WHERE etf = wanted AND date = day);
CREATE MACRO returned(wanted, first, last) AS (
    SELECT (arg_max(close, date) FILTER (WHERE date BETWEEN first AND last)
        / coalesce(arg_max(close, date) FILTER (WHERE date < first), arg_min(close, date) FILTER (WHERE date >= first)) - 1) * 100
    FROM prices WHERE etf = wanted);
CREATE MACRO traded(wanted, first, last) AS TABLE
    WITH ends AS (
        SELECT max(date) FILTER (WHERE date < first) AS since, max(date) FILTER (WHERE date <= last) AS until FROM held WHERE etf = wanted
    ), sides AS (
        SELECT coalesce(a.key, b.key) AS key, a.key IS NOT NULL AS was, b.key IS NOT NULL AS is_now, a.weight AS wb, b.weight AS wa,
               CASE WHEN a.shares > 0 AND b.shares > 0 THEN b.shares / a.shares END AS ratio
        FROM (SELECT * FROM held WHERE etf = wanted AND date = (SELECT since FROM ends) AND label IN ('Stock', 'ETF')) AS a
        FULL JOIN (SELECT * FROM held WHERE etf = wanted AND date = (SELECT until FROM ends) AND label IN ('Stock', 'ETF')) AS b USING (key)
    )
    SELECT key, CASE WHEN NOT was THEN 'new' WHEN NOT is_now THEN 'out' WHEN ratio / (SELECT median(ratio) FROM sides) > 1.01 THEN 'more'
                     WHEN ratio / (SELECT median(ratio) FROM sides) < 0.99 THEN 'less' END AS action, wb, wa
    FROM sides;
CREATE VIEW premiums AS SELECT date, etf, (close - nav) / nav * 100 AS premium FROM prices WHERE nav > 0;
"""


class Oracle:
    """The raw files of one market as SQL tables."""

    def __init__(self, folder: Path, until: date | None = None) -> None:
        last = (until or date(2999, 1, 1)).isoformat()
        self._connection = duckdb.connect()
        names = ("holdings_full", "holdings_small", "holdings_active", "holdings")
        paths = [(rank, path) for rank, name in enumerate(names) for path in sorted(folder.glob(f"{name}.csv*"))]
        if any(rank == 0 for rank, _ in paths):
            paths = [(rank, path) for rank, path in paths if rank != 1]
        holdings = " UNION ALL ".join(_HOLDINGS.format(rank=rank, path=path, until=last) for rank, path in paths)
        self._connection.execute(_TABLES.format(folder=folder, until=last, holdings=holdings))
        self._connection.execute("CREATE TABLE keys (code VARCHAR, key VARCHAR)")
        keys = self._keys(folder)
        if keys:
            self._connection.executemany("INSERT INTO keys VALUES (?, ?)", keys)
        self._connection.execute(_VIEWS)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of one query."""
        return self._connection.execute(query).fetchall()

    def _keys(self, folder: Path) -> list[tuple[str, str]]:
        """One key for the codes that an equivalence or an ISIN joins, unless one basket lists them side by side."""
        pairs = self.rows(
            f"SELECT code_a, code_b FROM read_csv('{folder}/ticker_equivalents.csv', all_varchar = true, header = true) "
            "UNION SELECT isin_one, code FROM (SELECT unnest(string_split(isin, ';')) AS isin_one, code FROM stocks WHERE isin IS NOT NULL)"
        )
        baskets: dict[str, set[tuple]] = defaultdict(set)
        wanted = {code for pair in pairs for code in pair}
        for file, day, etf, code in self.rows(
            "SELECT DISTINCT file, date, etf, code FROM raw_holdings WHERE kind = 'stock'"
        ):
            if code in wanted:
                baskets[code].add((file, day, etf))
        members: dict[str, set[str]] = {code: {code} for code in wanted}
        for one, other in sorted(pairs):
            left, right = members[one], members[other]
            if left is right:
                continue
            if any(baskets[a] & baskets[b] for a in left for b in right):
                continue
            left |= right
            for code in right:
                members[code] = left
        return [(code, min(group)) for code, group in members.items() if len(group) > 1]
