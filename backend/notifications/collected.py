"""What a collected date has to tell, and telling it once.

New and gone stocks are those that entered or left the baskets of ETFs which have a basket on the date and on the
trading day before; bought and sold is what active ETFs among them did (glossary 9 of the README).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import polars as pl
from psycopg import Cursor
from psycopg.types.json import Jsonb

# Entries of each list of a notification.
MOST = 10
# A maturity, as bonds and options carry it that a source takes for stocks.
MATURITY = r"\d\d/\d\d/\d\d"
# Once a date, whatever is loaded again and by whom: the run is marked in the transaction that brings its rows, and a
# date that another source has told of is not told again. The lock of add_notification is held until the commit, so
# this is the last that a transaction does. An operator's channel hears nothing of the invented sample market.
ANNOUNCE = """
    WITH marked AS (
        UPDATE collection_runs
        SET notified_at = now()
        WHERE source = %(source)s
          AND date = %(date)s
          AND notified_at IS NULL
        RETURNING date
    ),
    added AS (
        SELECT marked.date, add_notification('collection', NULL, marked.date, '', %(content)s) AS id
        FROM marked
        WHERE NOT EXISTS (
            SELECT FROM collection_runs AS r
            WHERE r.date = marked.date
              AND r.source <> %(source)s
              AND r.notified_at IS NOT NULL
        )
    ),
    posted AS (
        INSERT INTO discord_posts (destination, key, kind, content)
        SELECT 'operator', 'collection:' || date, 'collection', %(content)s
        FROM added
        WHERE id IS NOT NULL
          AND %(source)s <> 'sample'
        ON CONFLICT DO NOTHING
    )
    SELECT pg_notify('new_collection', date::text)
    FROM added
    WHERE id IS NOT NULL
"""


@dataclass(frozen=True)
class Counts:
    """What a source delivered of a date: ETFs with a basket, rows of holdings, prices; the trades and gaps found."""

    etfs: int = 0
    holdings: int = 0
    prices: int = 0
    trades: int = 0
    gaps: int = 0


class Collected:
    """The changes of every date of a load, ready to be told."""

    def __init__(
        self,
        trades: pl.DataFrame,
        compared_with: Mapping[date, date],
        active: set[str],
        stocks: Mapping[str, str],
        etfs: Mapping[str, str],
    ) -> None:
        """Count the changes by date and stock.

        trades: etf, date, previous, label, code, action, as backend/market/trades.py derives them. compared_with: the
        trading day before each date. active: codes of active ETFs; stocks and etfs: their names by code.
        """
        self._compared_with, self._stocks, self._etfs = compared_with, stocks, etfs
        days = pl.DataFrame(sorted(compared_with.items()), schema={"date": pl.Date, "previous": pl.Date}, orient="row")
        action, of_active = pl.col("action"), pl.col("etf").is_in(sorted(active))
        counted = (
            trades.filter(pl.col("label") == "Stock")
            .join(days, on=["date", "previous"], how="semi")
            .group_by("date", "code")
            .agg(
                (action == "new").sum().alias("new"),
                ((action == "new") & of_active).sum().alias("new_active"),
                (action == "out").sum().alias("out"),
                ((action == "out") & of_active).sum().alias("out_active"),
                (action.is_in(["new", "more"]) & of_active).sum().alias("buyers"),
                (action.is_in(["out", "less"]) & of_active).sum().alias("sellers"),
            )
        )
        # What active ETFs did together counts all that is held as a stock; the news are for people to read.
        dated = [code for code, name in stocks.items() if re.search(MATURITY, name)]
        readable = counted.filter(~pl.col("code").is_in(dated))
        self._new = _ranked(readable, "new", pl.col("new_active"))
        self._out = _ranked(readable, "out", pl.col("out_active"))
        self._bought = _ranked(counted, "buyers", -pl.col("sellers").cast(pl.Int64))
        self._sold = _ranked(counted, "sellers", -pl.col("buyers").cast(pl.Int64))
        self._totals = {
            day: totals
            for day, *totals in readable.group_by("date")
            .agg((pl.col("new") > 0).sum().alias("n"), (pl.col("out") > 0).sum().alias("o"))
            .iter_rows()
        }

    def content(self, day: date, source: str, label: str, counts: Counts, missing: Mapping[str, str]) -> dict[str, Any]:
        """Return the content of a date's notification as JSON values; `missing` are the reasons of its gaps by ETF."""
        previous = self._compared_with.get(day)
        new_total, out_total = self._totals.get(day, (0, 0))
        return {
            "source": source,
            "label": label,
            "date": day.isoformat(),
            "compared_with": previous.isoformat() if previous else None,
            "etfs": counts.etfs,
            "holdings": counts.holdings,
            "prices": counts.prices,
            "trades": counts.trades,
            "gaps": counts.gaps,
            "new_total": new_total,
            "out_total": out_total,
            "new": [self._named(code) | {"etfs": n, "active": a} for code, n, a in self._new.get(day, [])],
            "out": [self._named(code) | {"etfs": n, "active": a} for code, n, a in self._out.get(day, [])],
            "bought": [self._named(code) | {"etfs": n} for code, n, _ in self._bought.get(day, [])],
            "sold": [self._named(code) | {"etfs": n} for code, n, _ in self._sold.get(day, [])],
            "missing": [
                {"code": etf, "name": self._etfs.get(etf, etf), "reason": missing[etf]}
                for etf in sorted(missing)[:MOST]
            ],
        }

    def _named(self, code: str) -> dict[str, Any]:
        return {"code": code, "name": self._stocks.get(code, code)}


def _ranked(counted: pl.DataFrame, count: str, tie: pl.Expr) -> dict[date, list[tuple[str, int, int]]]:
    """Return code, count and the figure that breaks ties of the stocks that rank first, by date."""
    first = (
        counted.filter(pl.col(count) > 0)
        .select("date", "code", pl.col(count).alias("count"), tie.alias("tie"))
        .sort("date", "count", "tie", "code", descending=[False, True, True, False])
        .group_by("date", maintain_order=True)
        .head(MOST)
    )
    ranked: dict[date, list[tuple[str, int, int]]] = {}
    for day, code, number, tie_broken in first.iter_rows():
        ranked.setdefault(day, []).append((code, number, tie_broken))
    return ranked


def announce(cursor: Cursor, source: str, day: date, content: Mapping[str, Any]) -> bool:
    """Tell of a date that was loaded, and return whether it was news: once a date, across sources, runs and crashes.

    Called last in the transaction that wrote the date and its run. Listeners of `new_collection` get the date.
    """
    cursor.execute(ANNOUNCE, {"source": source, "date": day, "content": Jsonb(content, dumps=orjson.dumps)})
    return cursor.fetchone() is not None
