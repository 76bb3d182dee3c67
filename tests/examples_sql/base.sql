-- The sample market's raw tidy rows as typed tables, derived without the loader and without the graph.
-- The test sets the variable `folder` to the folder of the CSV files and fills `tags` (etf, tag, theme) from seeds/tags.yaml.

CREATE TABLE raw_holdings AS
SELECT DISTINCT * FROM read_csv(getvariable('folder') || '/holdings_full.csv', all_varchar = true, quote = '"', header = true);

CREATE TABLE etf AS
SELECT etf_code AS code, isin, name_ko AS name, manager_ko AS company, underlying_index AS index_name,
       leverage_type AS leverage, replication, is_active = 'Y' AS active, asset_class,
       nullif(listing_date, '1900-01-01') AS listed, CAST(total_fee_pct_per_year AS DOUBLE) AS fee,
       nullif(CAST(net_asset_krw AS DOUBLE), 0) AS aum
FROM read_csv(getvariable('folder') || '/etfs.csv', all_varchar = true, quote = '"', header = true);

CREATE TABLE listed_stock AS
SELECT stock_code AS code, isin, name, market, industry_ksic AS industry
FROM read_csv(getvariable('folder') || '/stocks.csv', all_varchar = true, quote = '"', header = true);

CREATE TABLE price AS
SELECT etf_code AS code, date, CAST(open AS DOUBLE) AS open, CAST(high AS DOUBLE) AS high, CAST(low AS DOUBLE) AS low,
       CAST(close AS DOUBLE) AS close, CAST(nav AS DOUBLE) AS nav, CAST(volume_shares AS DOUBLE) AS volume
FROM read_csv(getvariable('folder') || '/prices.csv', all_varchar = true, quote = '"', header = true);

-- Codes of one security are joined by equivalences and ISINs; `root` is the smallest code of the group.
CREATE TABLE same_code AS
WITH RECURSIVE pair AS (
  SELECT code_a AS a, code_b AS b
  FROM read_csv(getvariable('folder') || '/ticker_equivalents.csv', all_varchar = true, quote = '"', header = true)
  UNION
  SELECT isin, code FROM listed_stock WHERE isin IS NOT NULL AND isin <> code
), edge AS (
  SELECT a, b FROM pair UNION SELECT b, a FROM pair
), reach AS (
  SELECT a AS code, a AS member FROM edge
  UNION
  SELECT reach.code, edge.b FROM reach JOIN edge ON edge.a = reach.member
)
SELECT code, min(member) AS root FROM reach GROUP BY code;

CREATE MACRO root(raw) AS coalesce((SELECT root FROM same_code WHERE same_code.code = raw), raw);

CREATE TABLE stock AS
SELECT coalesce(same_code.root, listed_stock.code) AS code, any_value(name) AS name, any_value(market) AS market,
       any_value(industry) AS industry
FROM listed_stock LEFT JOIN same_code USING (code)
GROUP BY ALL;

-- One row for each security of a basket: notional cash is no position, weights and quantities of one security are summed.
CREATE TABLE held AS
WITH typed AS (
  SELECT h.date, h.etf_code AS etf, h.constituent_code AS raw, h.constituent_name AS name, h.kind,
         CAST(h.qty_per_cu AS DOUBLE) AS shares, CAST(h.weight_pct AS DOUBLE) AS weight, e.code AS inner_etf,
         s.root
  FROM raw_holdings AS h
  LEFT JOIN etf AS e ON h.constituent_code IN (e.code, e.isin)
  LEFT JOIN same_code AS s ON s.code = h.constituent_code
  WHERE h.constituent_code <> 'CASH_NOTIONAL'
), labelled AS (
  SELECT date, etf, shares, weight,
         CASE WHEN inner_etf IS NOT NULL THEN 'ETF' WHEN kind = 'stock' THEN 'Stock' ELSE 'Asset' END AS label,
         CASE WHEN inner_etf IS NOT NULL THEN inner_etf WHEN kind = 'stock' THEN coalesce(root, raw)
              WHEN raw IN ('0', '-') THEN name ELSE raw END AS code,
         kind
  FROM typed
)
SELECT date, etf, label, code, any_value(kind) AS kind, sum(weight) AS weight,
       sum(shares) FILTER (abs(coalesce(weight, 0)) >= 0.001 OR heavy = 0) AS shares
FROM (
  SELECT *, count(*) FILTER (abs(coalesce(weight, 0)) >= 0.001) OVER (PARTITION BY date, etf, label, code) AS heavy
  FROM labelled
)
GROUP BY date, etf, label, code;

CREATE TABLE snapshot AS SELECT DISTINCT etf, date FROM held;

CREATE TABLE now AS
SELECT held.*
FROM held JOIN (SELECT etf, max(date) AS date FROM snapshot GROUP BY etf) AS latest USING (etf, date);

-- What changed between two snapshots of an ETF, for every row of a table (etf, before, after).
CREATE TABLE held_decimals AS
SELECT etf, date, max(length(rtrim(split_part(CAST(CAST(shares AS DECIMAL(30, 6)) AS VARCHAR), '.', 2), '0'))) AS decimals
FROM held
WHERE label <> 'Asset'
GROUP BY etf, date;

CREATE MACRO changes(pairs) AS TABLE
WITH pair AS (SELECT * FROM query_table(pairs)), position AS (
  SELECT etf, date, label, code, weight, shares FROM held WHERE label <> 'Asset'
), old AS (
  SELECT pair.*, label, code, weight, shares FROM pair JOIN position ON position.etf = pair.etf AND date = before
), fresh AS (
  SELECT pair.*, label, code, weight, shares FROM pair JOIN position ON position.etf = pair.etf AND date = after
), joined AS (
  SELECT coalesce(old.etf, fresh.etf) AS etf, coalesce(old.before, fresh.before) AS before,
         coalesce(old.after, fresh.after) AS after, coalesce(old.label, fresh.label) AS label,
         coalesce(old.code, fresh.code) AS code, old.etf IS NOT NULL AS was_held, fresh.etf IS NOT NULL AS is_held,
         old.shares AS shares_before, fresh.shares AS shares_after, old.weight AS weight_before, fresh.weight AS weight_after
  FROM old FULL JOIN fresh
    ON old.etf = fresh.etf AND old.before = fresh.before AND old.after = fresh.after AND old.label = fresh.label
   AND old.code = fresh.code
), scaled AS (
  SELECT *, median(CASE WHEN shares_before > 0 AND shares_after > 0 THEN shares_after / shares_before END)
              OVER (PARTITION BY etf, before, after) AS scale
  FROM joined
), judged AS (
  SELECT scaled.*, CASE WHEN shares_before > 0 AND shares_after > 0 THEN shares_after / shares_before / scale - 1 END AS change,
         b.decimals <> a.decimals
           AND abs(shares_after - shares_before * scale) <= 0.5 * power(10, -a.decimals) + 0.5 * power(10, -b.decimals) * scale + 1e-6
           AS rounded
  FROM scaled
  LEFT JOIN held_decimals AS b ON b.etf = scaled.etf AND b.date = before
  LEFT JOIN held_decimals AS a ON a.etf = scaled.etf AND a.date = after
)
SELECT etf, before, after, label, code, weight_before, weight_after,
       CASE WHEN NOT was_held THEN 'new' WHEN NOT is_held THEN 'out' WHEN change > 0.01 AND NOT rounded THEN 'more'
            WHEN change < -0.01 AND NOT rounded THEN 'less' END AS action,
       CASE WHEN is_held THEN 100 * change ELSE -100 END AS change
FROM judged
WHERE action IS NOT NULL;

CREATE TABLE steps AS
SELECT etf, lag(date) OVER (PARTITION BY etf ORDER BY date) AS before, date AS after FROM snapshot QUALIFY before IS NOT NULL;

CREATE TABLE traded AS SELECT *, before AS previous, after AS date FROM changes('steps');

-- The last snapshot before a period (else the first in it) and the last one in it, for every ETF.
CREATE MACRO ends_of(first_day, last_day) AS TABLE
SELECT etf, coalesce(max(date) FILTER (date < first_day), min(date)) AS before, max(date) FILTER (date >= first_day) AS after
FROM snapshot
WHERE date <= last_day
GROUP BY etf
HAVING after > before;

CREATE MACRO snapshot_on(day) AS TABLE SELECT etf, max(date) AS date FROM snapshot WHERE date <= day GROUP BY etf;
