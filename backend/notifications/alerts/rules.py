"""What counts for a watch, in SQL over sets: one statement for all watchers of all ETFs of a date.

The loader puts the date's ETFs into `watched_feed` and what moved in their baskets into `moved_feed` (`Moved`), both of
them temporary and empty after each commit. Watches with equal settings of an ETF share one content.
"""

from __future__ import annotations

# Entries of each list of an alert.
MOST = 10

# The columns of `moved_feed`: a row for each stock or ETF that was traded or whose weight is another one. A weight is 0
# where the security was not held and null where the source gave none; `action` is null where nothing was traded.
MOVED = ("etf", "label", "code", "action", "shares_change", "weight_before", "weight_after")

# An ETF's changes of fee or name that nobody was told of, each as one from the first to the last. What it was called
# before it was listed under a name is no former name; a source that cuts fees to three decimals changes none.
_CHANGES = """
    SELECT c.etf, c.field,
           (array_agg(c.before ORDER BY c.id))[1] AS before,
           (array_agg(c.after ORDER BY c.id DESC))[1] AS after,
           max(c.changed_at) AS changed_at
    FROM watched_feed AS f
    JOIN etf_changes AS c ON c.etf = f.etf
    WHERE c.date IS NULL
      AND (
          c.field = 'fee'
          OR EXISTS (SELECT FROM etf_former_names AS n WHERE n.code = c.etf AND n.name = c.before)
      )
    GROUP BY c.etf, c.field
"""

_STATEMENT = """
    WITH change AS (
        SELECT * FROM ({changes}) AS c
        WHERE CASE
            WHEN field = 'name' THEN before <> after
            ELSE trunc(before::numeric, 3) <> trunc(after::numeric, 3)
             AND round(before::numeric, 3) <> round(after::numeric, 3)
        END
    ),
    -- What is to be told of an ETF, whoever watches it.
    occasion AS MATERIALIZED (
        SELECT f.etf, coalesce(e.name, f.etf) AS name, s.previous, p.after AS premium, q.before AS premium_before,
               NOT f.has_basket OR s.previous IS NULL OR weights_comparable(f.etf, s.previous, %(day)s) AS comparable,
               fee.before::numeric AS fee_before, fee.after::numeric AS fee_after, fee.changed_at AS fee_at,
               called.before AS name_before, called.after AS name_after, called.changed_at AS name_at
        FROM (
            SELECT etf, has_basket,
                   has_price AND NOT EXISTS (
                       SELECT FROM daily_prices AS l WHERE l.code = etf AND l.date > %(day)s
                   ) AS has_price
            FROM watched_feed
        ) AS f
        LEFT JOIN etfs AS e ON e.code = f.etf
        LEFT JOIN change AS fee ON fee.etf = f.etf AND fee.field = 'fee'
        LEFT JOIN change AS called ON called.etf = f.etf AND called.field = 'name'
        CROSS JOIN LATERAL (
            SELECT max(date) AS previous
            FROM etf_snapshots
            WHERE code = f.etf AND date < %(day)s AND status <> 'gap'
        ) AS s
        LEFT JOIN LATERAL (
            SELECT round((close - nav) / nav * 100, 4) AS after
            FROM daily_prices
            WHERE f.has_price AND code = f.etf AND date = %(day)s AND close > 0 AND nav > 0
        ) AS p ON true
        -- A price on a day without a basket was told to nobody.
        LEFT JOIN LATERAL (
            SELECT round((close - nav) / nav * 100, 4) AS before
            FROM daily_prices
            WHERE p.after IS NOT NULL AND code = f.etf AND date < %(day)s AND date <= coalesce(s.previous, date)
              AND close > 0 AND nav > 0
            ORDER BY date DESC
            LIMIT 1
        ) AS q ON true
        WHERE f.has_basket OR f.has_price
    ),
    watcher AS MATERIALIZED (
        SELECT *,
               dense_rank() OVER (
                   ORDER BY etf, kinds, threshold_pp, premium_pct, has_premium, has_fee, has_name
               ) AS setting
        FROM (
            SELECT w.person, w.etf, w.kinds, w.threshold_pp, w.premium_pct, w.discord,
                   ('premium' = ANY (w.kinds) AND abs(o.premium) >= w.premium_pct
                       AND coalesce(abs(o.premium_before) < w.premium_pct, true)) IS TRUE AS has_premium,
                   ('fee' = ANY (w.kinds) AND o.fee_at >= w.added_at) IS TRUE AS has_fee,
                   ('name' = ANY (w.kinds) AND o.name_at >= w.added_at) IS TRUE AS has_name
            FROM occasion AS o
            JOIN watchlist AS w ON w.etf = o.etf
            WHERE NOT w.muted
              AND w.added_at < %(began)s
        ) AS w
    ),
    setting AS MATERIALIZED (
        SELECT DISTINCT ON (setting) setting, etf, kinds, threshold_pp, premium_pct, has_premium, has_fee, has_name
        FROM watcher
        ORDER BY setting
    ),
    -- Nothing is more than all of the fund: where derivatives outweigh it, recomputed weights say nothing.
    weighed AS (
        SELECT etf, label, code, action, shares_change,
               CASE WHEN abs(weight_before) <= 100 THEN weight_before END AS weight_before,
               CASE WHEN abs(weight_after) <= 100 THEN weight_after END AS weight_after
        FROM moved_feed
    ),
    moved AS MATERIALIZED (
        SELECT m.etf, m.label, m.code, m.action, m.shares_change, m.weight_before,
               CASE WHEN o.comparable OR m.action IN ('new', 'out') THEN m.weight_after END AS weight_after,
               CASE WHEN o.comparable THEN round(m.weight_after - m.weight_before, 4) END AS change_pp,
               round(
                   abs(
                       CASE m.action
                           WHEN 'new' THEN m.weight_after
                           WHEN 'out' THEN m.weight_before
                           ELSE m.weight_before * m.shares_change / 100
                       END
                   ),
                   4
               ) AS size_pp
        FROM weighed AS m
        JOIN occasion AS o ON o.etf = m.etf
    ),
    told AS (
        SELECT s.setting, m.*,
               row_number() OVER (
                   PARTITION BY s.setting, m.action IS NULL
                   ORDER BY CASE WHEN m.action IS NULL THEN abs(m.change_pp) ELSE m.size_pp END DESC NULLS LAST,
                            m.code, m.label
               ) AS place
        FROM setting AS s
        JOIN moved AS m ON m.etf = s.etf
        WHERE CASE
                  WHEN m.action IN ('new', 'out') THEN m.action = ANY (s.kinds)
                  WHEN m.action IN ('more', 'less')
                      THEN m.action = ANY (s.kinds) AND coalesce(m.size_pp, 0) >= s.threshold_pp
                  ELSE false
              END
           OR ('weight' = ANY (s.kinds) AND m.change_pp <> 0 AND abs(m.change_pp) >= s.threshold_pp)
    ),
    rows AS (
        SELECT t.setting,
               count(*) FILTER (WHERE t.action IS NOT NULL) AS trades_total,
               count(*) FILTER (WHERE t.action IS NULL) AS drift_total,
               jsonb_agg(
                   jsonb_build_object(
                       'code', t.code, 'name', coalesce(e.name, c.name, t.code), 'label', t.label, 'action', t.action,
                       'shares_change_pct', trim_scale(t.shares_change),
                       'weight_before', trim_scale(t.weight_before), 'weight_after', trim_scale(t.weight_after),
                       'size_pp', trim_scale(t.size_pp)
                   )
                   ORDER BY t.place
               ) FILTER (WHERE t.action IS NOT NULL AND t.place <= {most}) AS trades,
               jsonb_agg(
                   jsonb_build_object(
                       'code', t.code, 'name', coalesce(e.name, c.name, t.code), 'label', t.label,
                       'weight_before', trim_scale(t.weight_before), 'weight_after', trim_scale(t.weight_after),
                       'change_pp', trim_scale(t.change_pp)
                   )
                   ORDER BY t.place
               ) FILTER (WHERE t.action IS NULL AND t.place <= {most}) AS drift
        FROM told AS t
        LEFT JOIN etfs AS e ON t.label = 'ETF' AND e.code = t.code
        LEFT JOIN securities AS c ON t.label <> 'ETF' AND c.code = t.code
        GROUP BY t.setting
    ),
    trading_day AS MATERIALIZED (
        SELECT t.day
        FROM unnest(%(trading_days)s::date[]) AS t (day)
        WHERE NOT EXISTS (SELECT FROM collection_runs AS r WHERE r.date = t.day AND r.status = 'holiday')
    ),
    gap AS (
        SELECT o.previous, count(g.day) AS total,
               coalesce(jsonb_agg(g.day ORDER BY g.day) FILTER (WHERE g.place <= {most}), '[]') AS days
        FROM (SELECT DISTINCT previous FROM occasion WHERE previous IS NOT NULL) AS o
        LEFT JOIN LATERAL (
            SELECT t.day, row_number() OVER (ORDER BY t.day) AS place
            FROM trading_day AS t
            WHERE t.day > o.previous
              AND t.day < %(day)s
        ) AS g ON true
        GROUP BY o.previous
    ),
    content AS MATERIALIZED (
        SELECT s.setting,
               jsonb_build_object(
                   'etf', jsonb_build_object('code', o.etf, 'name', o.name),
                   'date', %(day)s::date,
                   'compared_with', o.previous,
                   'gap', coalesce(g.days, '[]'),
                   'gap_total', CASE WHEN %(trading_days)s::date[] IS NOT NULL THEN coalesce(g.total, 0) END,
                   'weights_comparable', o.comparable,
                   'trades', coalesce(r.trades, '[]'),
                   'trades_total', coalesce(r.trades_total, 0),
                   'drift', coalesce(r.drift, '[]'),
                   'drift_total', coalesce(r.drift_total, 0),
                   'premium', CASE WHEN s.has_premium THEN jsonb_build_object(
                       'before', trim_scale(o.premium_before), 'after', trim_scale(o.premium),
                       'limit', trim_scale(s.premium_pct)
                   ) END,
                   'fee', CASE WHEN s.has_fee THEN jsonb_build_object(
                       'before', trim_scale(o.fee_before), 'after', trim_scale(o.fee_after)
                   ) END,
                   'name', CASE WHEN s.has_name THEN jsonb_build_object(
                       'before', o.name_before, 'after', o.name_after
                   ) END,
                   'threshold_pp', trim_scale(s.threshold_pp),
                   'sample', %(sample)s::boolean
               ) AS content
        FROM setting AS s
        JOIN occasion AS o ON o.etf = s.etf
        LEFT JOIN rows AS r ON r.setting = s.setting
        LEFT JOIN gap AS g ON g.previous = o.previous
        WHERE r.setting IS NOT NULL OR s.has_premium OR s.has_fee OR s.has_name
    ),
    due AS (
        SELECT array_agg(w.person) AS people, array_agg(w.etf) AS etfs, array_agg(c.content) AS contents
        FROM watcher AS w
        JOIN content AS c ON c.setting = w.setting
    ),
    added AS (
        SELECT a.person, a.subject AS etf
        FROM due
        CROSS JOIN LATERAL add_notifications('alert', %(day)s, due.people, due.etfs, due.contents) AS a
        WHERE due.people IS NOT NULL
    ),
    -- An alert of the invented sample market goes nowhere outside.
    posted AS (
        INSERT INTO discord_posts (destination, key, kind, content, next_attempt_at)
        SELECT 'person:' || a.person, 'alert:' || a.etf || ':' || %(day)s::date, 'alert', c.content,
               end_of_quiet(clock_timestamp(), q.quiet_from, q.quiet_until)
        FROM added AS a
        JOIN watcher AS w ON w.person = a.person AND w.etf = a.etf
        JOIN content AS c ON c.setting = w.setting
        JOIN discord_webhooks AS h ON h.person = a.person
        LEFT JOIN delivery_preferences AS q ON q.person = a.person
        WHERE w.discord
          AND NOT %(sample)s::boolean
        ORDER BY a.person, a.etf
        ON CONFLICT DO NOTHING
    ),
    noted AS (
        UPDATE etf_changes AS c
        SET date = %(day)s
        FROM occasion AS o
        WHERE c.etf = o.etf
          AND c.date IS NULL
    )
    SELECT count(*) FROM added
"""
ALERT = _STATEMENT.format(changes=_CHANGES, most=MOST)
