"""What changed in each ETF of a list since the last visit, by the rules of its alerts.

The basket of the last visit's data date is compared with the latest one, so that what was bought and sold back
meanwhile is no news, and a change that came in small steps is one. Where the last visit was the snapshot before, that is
what the alert of the day tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Connection, text

from backend.watchlist.baskets import Baskets, Change, Comparison, Pair
from backend.watchlist.facts import Known
from backend.watchlist.schemas import DriftRow, NameChange, News, NumberChange, PremiumCrossing, TradedRow
from backend.watchlist.store import Seen, WatchRow

MOST_ROWS = 5
"""Rows that are listed of each sort; the counts are of all."""

_THREE_DECIMALS = Decimal("0.001")

BASKETS = Baskets()


@dataclass(frozen=True, slots=True)
class Period:
    """The snapshots of an ETF that the news compare, and the trading days after the first on which it has none."""

    first: Date | None
    last: Date | None
    gap: list[Date] = field(default_factory=list)


def read_news(
    connection: Connection, rows: Sequence[WatchRow], known: Mapping[str, Known], seen: Seen, since: Date, as_of: Date
) -> dict[str, News]:
    """Return the news of each ETF that the market has, by code. `since` is the data date that the last visit showed."""
    watched = [row for row in rows if row.etf in known]
    periods = _periods(connection, [row.etf for row in watched], since, as_of)
    pairs = {
        etf: Pair(etf, period.first, period.last)
        for etf, period in periods.items()
        if period.first and period.last and period.first < period.last
    }
    compared = BASKETS.compare(connection, pairs.values())
    attributes = _attributes(connection, watched, seen, since)
    return {
        row.etf: News(
            since=periods[row.etf].first,
            until=periods[row.etf].last,
            gap=periods[row.etf].gap,
            **weigh(row, compared[pairs[row.etf]] if row.etf in pairs else Comparison([])),
            premium=_premium(row, known[row.etf], periods[row.etf].first or since),
            **{name: change for name, change in attributes.get(row.etf, {}).items() if name in row.kinds},
        )
        for row in watched
    }


def weigh(watch: WatchRow, comparison: Comparison) -> dict[str, Any]:
    """Count and list the changes of a basket that a watch asks for."""
    traded = sorted(
        (change for change in comparison.changes if change.action and _counts(watch, change)),
        key=lambda change: (change.size_pp is None, -(change.size_pp or 0), change.code, change.label),
    )
    drift = sorted(
        (change for change in comparison.changes if not change.action and _drifted(watch, change)),
        key=lambda change: (-abs(change.weight_change_pp or 0), change.code, change.label),
    )
    actions = [change.action for change in traded]
    return {
        **{action: actions.count(action) for action in ("new", "out", "more", "less")},
        "weight": len(drift),
        "weights_comparable": comparison.weights,
        "trades": [_traded_row(change) for change in traded[:MOST_ROWS]],
        "drift": [_drift_row(change) for change in drift[:MOST_ROWS]],
    }


def _counts(watch: WatchRow, change: Change) -> bool:
    """Whether a trade meets a watch: entries and exits whatever their size, others from the threshold on."""
    # What has no weight has no size, and meets no threshold but 0.
    large = change.action in ("new", "out") or (change.size_pp or 0) >= watch.threshold_pp
    return (change.action in watch.kinds and large) or _drifted(watch, change)


def _drifted(watch: WatchRow, change: Change) -> bool:
    moved = change.weight_change_pp
    return "weight" in watch.kinds and bool(moved) and abs(moved) >= watch.threshold_pp


def _traded_row(change: Change) -> TradedRow:
    return TradedRow(
        code=change.code,
        name=change.name,
        label=change.label,
        action=change.action,
        shares_change_pct=change.shares_change_pct,
        weight_before=change.weight_before,
        weight_after=change.weight_after,
        size_pp=change.size_pp,
    )


def _drift_row(change: Change) -> DriftRow:
    return DriftRow(
        code=change.code,
        name=change.name,
        label=change.label,
        weight_before=change.weight_before,
        weight_after=change.weight_after,
        change_pp=change.weight_change_pp,
    )


def _periods(connection: Connection, etfs: list[str], since: Date, as_of: Date) -> dict[str, Period]:
    rows = connection.execute(
        text(
            """
            WITH trading AS MATERIALIZED (
                SELECT day::date AS date
                FROM generate_series(CAST(:since AS date) + 1, CAST(:as_of AS date), interval '1 day') AS day
                WHERE EXISTS (SELECT FROM etf_snapshots AS s WHERE s.date = day::date AND s.status <> 'gap')
            )
            SELECT asked.code, first.date AS first, last.date AS last,
                ARRAY(
                    SELECT t.date
                    FROM trading AS t
                    WHERE NOT EXISTS (
                        SELECT
                        FROM etf_snapshots AS s
                        WHERE s.code = asked.code AND s.date = t.date AND s.status <> 'gap'
                    )
                    ORDER BY t.date
                ) AS gap
            FROM unnest(CAST(:etfs AS text[])) AS asked (code)
            LEFT JOIN LATERAL (
                SELECT s.date
                FROM etf_snapshots AS s
                WHERE s.code = asked.code AND s.status <> 'gap' AND s.date <= :since
                ORDER BY s.date DESC
                LIMIT 1
            ) AS first ON true
            LEFT JOIN LATERAL (
                SELECT s.date
                FROM etf_snapshots AS s
                WHERE s.code = asked.code AND s.status <> 'gap' AND s.date <= :as_of
                ORDER BY s.date DESC
                LIMIT 1
            ) AS last ON true
            """
        ),
        {"etfs": etfs, "since": since, "as_of": as_of},
    )
    # An ETF that had no basket at all cannot lack one.
    return {row.code: Period(row.first, row.last, row.gap if row.first else []) for row in rows}


def _attributes(
    connection: Connection, watched: Sequence[WatchRow], seen: Seen, since: Date
) -> dict[str, dict[str, Any]]:
    """Return the fees and names that changed since the last visit, or that alerts told of since `since` before there was one.

    As in alerts, what an ETF was called before it was listed under a name is no former name, and a source that cuts fees
    to three decimals changes none.
    """
    rows = connection.execute(
        text(
            """
            SELECT c.etf, c.field, c.before, c.after
            FROM unnest(CAST(:etfs AS text[]), CAST(:added AS timestamptz[])) AS w (etf, added_at)
            JOIN etf_changes AS c ON c.etf = w.etf AND c.changed_at >= w.added_at
            WHERE CASE WHEN CAST(:at AS timestamptz) IS NULL THEN c.date > :since ELSE c.changed_at > :at END
              AND (
                  c.field = 'fee'
                  OR EXISTS (SELECT FROM etf_former_names AS n WHERE n.code = c.etf AND n.name = c.before)
              )
            ORDER BY c.id
            """
        ),
        {
            "etfs": [row.etf for row in watched],
            "added": [row.added_at for row in watched],
            "at": seen.at,
            "since": since,
        },
    )
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row.etf, row.field), [row.before, row.after])[1] = row.after
    changed: dict[str, dict[str, Any]] = {}
    for (etf, name), (before, after) in found.items():
        if name == "name" and before != after:
            changed.setdefault(etf, {})[name] = NameChange(before=before, after=after)
        elif name == "fee" and _differ(Decimal(before), Decimal(after)):
            changed.setdefault(etf, {})[name] = NumberChange(before=float(before), after=float(after))
    return changed


def _differ(before: Decimal, after: Decimal) -> bool:
    """Whether two fees differ in their first three decimals, cut and rounded."""
    return all(
        before.quantize(_THREE_DECIMALS, rounding) != after.quantize(_THREE_DECIMALS, rounding)
        for rounding in (ROUND_DOWN, ROUND_HALF_UP)
    )


def _premium(watch: WatchRow, known: Known, since: Date) -> PremiumCrossing | None:
    """Return the premium when it is at the limit or beyond, and was not on the date compared from."""
    after = known.facts.premium_pct
    if "premium" not in watch.kinds or after is None or abs(after) < watch.premium_pct:
        return None
    if known.facts.price_date <= since:
        return None
    before = known.premium_on(since)
    if before is not None and abs(before) >= watch.premium_pct:
        return None
    return PremiumCrossing(before=before, after=after, limit=watch.premium_pct)
