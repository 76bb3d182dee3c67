"""The alerts that a load of the real files has to write, computed by DuckDB from the raw rows: nothing of the application in between.

`Expected` takes a folder of tidy files and watches (person, etf, kinds, threshold_pp, premium_pct) and holds two tables:
`alert` (one row for each person, ETF and date) and `told` (its rows). `key` is one for all codes of one security.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.questions.oracle import Oracle

_RAW = """
CREATE TABLE raw AS
SELECT DISTINCT * FROM (
    {holdings}
) WHERE code <> 'CASH_NOTIONAL';

CREATE TABLE price AS
SELECT date, etf_code AS etf, TRY_CAST(close AS DOUBLE) AS close, TRY_CAST(nav AS DOUBLE) AS nav
FROM read_csv('{folder}/prices.csv', all_varchar = true, header = true, quote = '"');

CREATE TABLE etf AS
SELECT etf_code AS code, isin FROM read_csv('{folder}/etfs.csv', all_varchar = true, header = true, quote = '"');
CREATE TABLE keys (code VARCHAR, key VARCHAR);
CREATE TABLE gap (etf VARCHAR, date VARCHAR);
CREATE TABLE trading_day (day VARCHAR);
"""
_FILE = """
SELECT {rank} AS file, date, etf_code AS etf, constituent_code AS code, constituent_name AS name, kind, valuation_krw_per_cu AS value,
       TRY_CAST(qty_per_cu AS DOUBLE) AS shares, TRY_CAST(weight_pct AS DOUBLE) AS weight, weight_basis AS basis
FROM read_csv('{path}', all_varchar = true, header = true, quote = '"')
"""
# The file that gives an ETF's basket of a date: whole weights first, then more rows, then the files' order.
_POSITIONS = """
CREATE TABLE position AS
WITH offer AS (
    SELECT date, etf, file,
           row_number() OVER (
               PARTITION BY date, etf
               ORDER BY coalesce(sum(weight) BETWEEN 98.5 AND 101.5, false) AND any_value(basis) IS DISTINCT FROM 'P' DESC,
                        count(*) DESC, file
           ) AS place
    FROM raw
    GROUP BY date, etf, file
),
chosen AS (
    SELECT raw.* FROM raw JOIN offer USING (date, etf, file) WHERE place = 1
)
SELECT c.date, c.etf, c.kind, c.shares, c.weight, c.basis,
       CASE WHEN e.code IS NOT NULL OR (c.kind = 'etf' AND regexp_full_match(c.code, '[0-9A-Z]{6}')) THEN 'ETF'
            WHEN c.kind IN ('stock', 'etf') THEN 'Stock' ELSE 'Asset' END AS label,
       CASE WHEN e.code IS NOT NULL THEN e.code
            WHEN c.kind IN ('stock', 'etf') THEN coalesce(k.key, c.code)
            WHEN c.code IN ('0', '-') THEN c.name ELSE c.code END AS key
FROM chosen AS c
LEFT JOIN etf AS e ON c.code IN (e.code, e.isin)
LEFT JOIN keys AS k ON k.code = c.code;

CREATE TABLE basket AS
SELECT etf, date, count(DISTINCT key) FILTER (WHERE kind <> 'cash') AS constituents, sum(weight) AS weight_sum, any_value(basis) AS basis,
       coalesce(sum(weight) FILTER (WHERE label <> 'Asset'), 0) AS traded_weight
FROM position
GROUP BY etf, date;
"""
_MOVED = """
CREATE TABLE whole AS
SELECT b.*, lag(b.date) OVER (PARTITION BY b.etf ORDER BY b.date) AS previous
FROM basket AS b ANTI JOIN gap USING (etf, date);

CREATE TABLE held AS
SELECT date, etf, label, key, round(sum(weight), 6) AS weight,
       round(sum(shares) FILTER (WHERE abs(coalesce(weight, 0)) >= 0.001 OR heavy = 0), 6) AS shares
FROM (
    SELECT *, count(*) FILTER (WHERE abs(coalesce(weight, 0)) >= 0.001) OVER (PARTITION BY date, etf, label, key) AS heavy
    FROM position
    WHERE label <> 'Asset'
)
GROUP BY ALL;

CREATE TABLE printed AS
SELECT etf, date, max(length(rtrim(split_part(CAST(CAST(shares AS DECIMAL(38, 6)) AS VARCHAR), '.', 2), '0'))) AS decimals
FROM held
GROUP BY etf, date;

CREATE TABLE moved AS
WITH pair AS (
    SELECT w.etf, w.previous, w.date,
           CASE WHEN 'U' IN (p.basis, w.basis) THEN false
                WHEN p.basis = 'C' AND w.basis = 'C' THEN round(abs(w.traded_weight - p.traded_weight), 6) <= 1
                ELSE p.basis <> 'C' AND w.basis <> 'C' END AS comparable
    FROM whole AS w JOIN whole AS p ON p.etf = w.etf AND p.date = w.previous
),
side AS (
    SELECT p.etf, p.date, p.previous, p.comparable, h.label, h.key, h.shares AS was, h.weight AS weight_was, true AS held_before,
           NULL AS now, NULL AS weight_now, NULL AS held_after
    FROM pair AS p JOIN held AS h ON h.etf = p.etf AND h.date = p.previous
    UNION ALL
    SELECT p.etf, p.date, p.previous, p.comparable, h.label, h.key, NULL, NULL, NULL, h.shares, h.weight, true
    FROM pair AS p JOIN held AS h ON h.etf = p.etf AND h.date = p.date
),
joined AS (
    SELECT etf, date, previous, comparable, label, key, max(was) AS was, max(now) AS now, bool_or(held_before) AS held_before,
           bool_or(held_after) AS held_after, max(weight_was) AS weight_was, max(weight_now) AS weight_now
    FROM side
    GROUP BY ALL
),
scaled AS (
    SELECT *, median(CASE WHEN was > 0 AND now > 0 THEN now / was END) OVER (PARTITION BY etf, date) AS scale FROM joined
),
judged AS (
    SELECT s.*, CASE WHEN was > 0 AND now > 0 THEN now / was / scale - 1 END AS change,
           coalesce(b.decimals <> a.decimals
               AND abs(now - was * scale) <= 0.5 * power(10, -a.decimals) + 0.5 * power(10, -b.decimals) * scale + 1e-6, false) AS rounded,
           CASE WHEN held_before THEN weight_was ELSE 0 END AS before, CASE WHEN held_after THEN weight_now ELSE 0 END AS after
    FROM scaled AS s
    LEFT JOIN printed AS b ON b.etf = s.etf AND b.date = s.previous
    LEFT JOIN printed AS a ON a.etf = s.etf AND a.date = s.date
),
acted AS (
    SELECT * REPLACE (CASE WHEN abs(before) <= 100 THEN before END AS before, CASE WHEN abs(after) <= 100 THEN after END AS after),
           before <> after AS weighs_otherwise,
           CASE WHEN held_before IS NULL THEN 'new' WHEN held_after IS NULL THEN 'out' WHEN rounded THEN NULL
                   WHEN change > 0.01 THEN 'more' WHEN change < -0.01 THEN 'less' END AS action
    FROM judged
)
SELECT etf, date, label, key, action, before, after,
       CASE WHEN comparable THEN round(after - before, 4) END AS change_pp,
       round(abs(CASE action WHEN 'new' THEN after WHEN 'out' THEN before ELSE before * round(change * 100, 4) / 100 END), 4) AS size_pp
FROM acted
WHERE action IS NOT NULL OR weighs_otherwise;
"""
_ALERTS = """
CREATE TABLE occasion AS
WITH first AS (SELECT etf, min(date) AS day FROM whole GROUP BY etf),
priced AS (
    SELECT etf, date, round((close - nav) / nav * 100, 4) AS premium FROM price WHERE close > 0 AND nav > 0
),
event AS (
    SELECT etf, date, previous, true AS has_basket FROM whole
    UNION ALL
    SELECT p.etf, p.date, NULL, false
    FROM price AS p LEFT JOIN first AS f USING (etf)
    WHERE f.day IS NULL OR p.date < f.day
)
SELECT e.*, p.premium, q.premium AS premium_before,
       coalesce(NOT e.has_basket OR e.previous IS NULL
           OR CASE WHEN 'U' IN (a.basis, b.basis) THEN false
                   WHEN a.basis = 'C' AND b.basis = 'C' THEN round(abs(a.traded_weight - b.traded_weight), 6) <= 1
                   ELSE a.basis <> 'C' AND b.basis <> 'C' END, false) AS comparable,
       (SELECT count(*) FROM trading_day AS t WHERE t.day > e.previous AND t.day < e.date) AS gap
FROM event AS e
LEFT JOIN priced AS p ON p.etf = e.etf AND p.date = e.date
LEFT JOIN whole AS b ON b.etf = e.etf AND b.date = e.date
LEFT JOIN whole AS a ON a.etf = e.etf AND a.date = e.previous
ASOF LEFT JOIN (SELECT * FROM priced) AS q
    ON q.etf = e.etf AND CASE WHEN e.previous IS NULL THEN strftime(CAST(e.date AS DATE) - 1, '%Y-%m-%d') ELSE e.previous END >= q.date;

CREATE TABLE told AS
SELECT w.person, m.*, row_number() OVER (
           PARTITION BY w.person, m.etf, m.date, m.action IS NULL
           ORDER BY CASE WHEN m.action IS NULL THEN abs(m.change_pp) ELSE m.size_pp END DESC NULLS LAST
       ) AS place
FROM watch AS w JOIN moved AS m USING (etf)
WHERE CASE WHEN m.action IN ('new', 'out') THEN list_contains(w.kinds, m.action)
           WHEN m.action IN ('more', 'less') THEN list_contains(w.kinds, m.action) AND coalesce(m.size_pp, 0) >= w.threshold
           ELSE false END
   OR (list_contains(w.kinds, 'weight') AND m.change_pp <> 0 AND abs(m.change_pp) >= w.threshold);

CREATE TABLE alert AS
WITH list AS (
    SELECT person, etf, date, count(*) FILTER (WHERE action IS NOT NULL) AS trades, count(*) FILTER (WHERE action IS NULL) AS drift,
           round(coalesce(sum(size_pp) FILTER (WHERE action IS NOT NULL AND place <= 10), 0), 3) AS largest_trades,
           round(coalesce(sum(abs(change_pp)) FILTER (WHERE action IS NULL AND place <= 10), 0), 3) AS largest_drift
    FROM told
    GROUP BY ALL
),
crossed AS (
    SELECT w.person, o.etf, o.date, o.premium, o.premium_before
    FROM watch AS w JOIN occasion AS o USING (etf)
    WHERE list_contains(w.kinds, 'premium') AND abs(o.premium) >= w.premium_pct AND coalesce(abs(o.premium_before) < w.premium_pct, true)
)
SELECT coalesce(l.person, c.person) AS person, o.etf, o.date, o.previous, o.comparable, o.gap, coalesce(trades, 0) AS trades,
       coalesce(drift, 0) AS drift, coalesce(largest_trades, 0) AS largest_trades, coalesce(largest_drift, 0) AS largest_drift,
       c.premium, c.premium_before
FROM list AS l
FULL JOIN crossed AS c ON c.person = l.person AND c.etf = l.etf AND c.date = l.date
JOIN occasion AS o ON o.etf = coalesce(l.etf, c.etf) AND o.date = coalesce(l.date, c.date);
"""


class Expected:
    """The alerts of watches that were there before the first date of the real files was loaded."""

    def __init__(self, folder: Path, holidays: set[str]) -> None:
        self.connection = duckdb.connect()
        names = ("holdings_full", "holdings_active")
        holdings = " UNION ALL ".join(
            _FILE.format(rank=rank, path=folder / f"{name}.csv.gz") for rank, name in enumerate(names)
        )
        self.connection.execute(_RAW.format(folder=folder, holdings=holdings))
        self._insert("keys", Oracle(folder).rows("SELECT code, key FROM keys"))
        self.connection.execute(_POSITIONS)
        self._insert("gap", self._gaps())
        self._insert("trading_day", self._trading_days(holidays))
        self.connection.execute(_MOVED)

    def etfs(self) -> list[str]:
        """The codes of all ETFs with a basket or a price."""
        return [code for (code,) in self.rows("SELECT etf FROM basket UNION SELECT etf FROM price ORDER BY 1")]

    def watch(self, watches: list[tuple[Any, ...]]) -> None:
        """Compute the alerts of watches: person, etf, kinds, threshold (%p), premium (%)."""
        rows = [
            (person, etf, ",".join(kinds), threshold, premium) for person, etf, kinds, threshold, premium in watches
        ]
        self.connection.execute(
            "CREATE TABLE given (person VARCHAR, etf VARCHAR, kinds VARCHAR, threshold DOUBLE, premium_pct DOUBLE)"
        )
        self._insert("given", rows)
        self.connection.execute("CREATE TABLE watch AS SELECT * REPLACE (string_split(kinds, ',') AS kinds) FROM given")
        self.connection.execute(_ALERTS)

    def _insert(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Insert many rows at once; one by one takes minutes."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self.connection.execute(f"INSERT INTO {table} SELECT {', '.join(['unnest(?)'] * len(columns))}", columns)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of one query."""
        return self.connection.execute(query).fetchall()

    def _gaps(self) -> list[tuple[str, str]]:
        """The baskets that collapsed: nothing but cash, or fewer than half the constituents and weights that do not add up."""
        gaps, last = [], defaultdict(int)
        for etf, day, constituents, weights, basis in self.rows(
            "SELECT etf, date, constituents, weight_sum, basis FROM basket ORDER BY etf, date"
        ):
            adds_up = basis == "R" and weights is not None and 98.5 <= round(weights, 6) <= 101.5
            collapsed = last[etf] >= 4 and 2 * constituents < last[etf] and not adds_up
            if collapsed or (last[etf] and not constituents):
                gaps.append((etf, day))
            else:
                last[etf] = constituents
        return gaps

    def _trading_days(self, holidays: set[str]) -> list[tuple[str]]:
        ((first, last),) = self.rows("SELECT min(date), max(date) FROM basket")
        day, days = date.fromisoformat(first), []
        while day.isoformat() <= last:
            if day.weekday() < 5 and day.isoformat() not in holidays:
                days.append((day.isoformat(),))
            day += timedelta(days=1)
        return days
