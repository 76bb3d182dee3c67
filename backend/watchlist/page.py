"""The page that one opens every morning: a list, what is known of its ETFs, and what changed since the last visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date as Date  # noqa: N812

from sqlalchemy import Connection, text

from backend.market.dataset import get_dataset
from backend.market.etfs import etf_name
from backend.watchlist.facts import NOTHING, known_etfs
from backend.watchlist.news import read_news
from backend.watchlist.schemas import Named, Watch, WatchedEtf, Watchlist
from backend.watchlist.store import Seen, WatchRow


def named_watch(connection: Connection, row: WatchRow) -> Watch:
    """Return an ETF's place on a list, with its name."""
    return Watch(**_settings(row, etf_name(connection, row.etf)))


def read_page(connection: Connection, rows: Sequence[WatchRow], seen: Seen) -> Watchlist:
    """Return the page of a list. ETFs that the market no longer has stay on it, with nothing known of them."""
    dataset = get_dataset(connection)
    known = known_etfs(connection, [row.etf for row in rows], dataset.as_of)
    seen_date = _seen_date(connection, seen, dataset.as_of)
    news = read_news(connection, rows, known, seen, seen_date, dataset.as_of) if known else {}
    items = [
        WatchedEtf(
            **_settings(row, known[row.etf].name if row.etf in known else row.etf),
            facts=known[row.etf].facts if row.etf in known else NOTHING,
            news=news.get(row.etf),
        )
        for row in rows
    ]
    return Watchlist(**dataset.model_dump(), seen_at=seen.at, seen_date=seen_date, items=items)


def _settings(row: WatchRow, name: str) -> dict:
    settings = asdict(row)
    return {"etf": Named(code=settings.pop("etf"), name=name), **settings}


def _seen_date(connection: Connection, seen: Seen, as_of: Date) -> Date:
    """Return the data date since which there is news: that of the last visit, else the trading day before the newest."""
    if seen.date is not None:
        return min(seen.date, as_of)
    before = connection.scalar(
        text("SELECT max(date) FROM etf_snapshots WHERE status <> 'gap' AND date < :as_of"), {"as_of": as_of}
    )
    return before or as_of
