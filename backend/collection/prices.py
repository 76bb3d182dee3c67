"""Daily prices: the table that portfolios compute from, and their nodes in the history graph."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from psycopg import Cursor

from backend.collection.label_tables import copy_rows, reserve, table, to_agtype
from backend.collection.plan import PRICE_COLUMNS
from backend.collection.reference import Graph
from backend.graph.labels import HISTORY

NAMES = ", ".join(PRICE_COLUMNS)
# The properties of an ETF node that a day's price sets.
ON_THE_ETF = ("close", "nav", "premium", "price_date")


def write(cursor: Cursor, graph: Graph, day: date, prices: dict[str, tuple], stored: set[str]) -> None:
    """Write the prices of a day by ETF, in the order of PRICE_COLUMNS; `stored` are the ETFs that had one before."""
    if not prices:
        return
    cursor.executemany(
        f"""
        INSERT INTO daily_prices (code, date, {NAMES})
        VALUES (%s, %s, {", ".join(["%s"] * len(PRICE_COLUMNS))})
        ON CONFLICT (code, date) DO UPDATE
        SET ({NAMES}) = ROW ({", ".join(f"excluded.{name}" for name in PRICE_COLUMNS)})
        """,
        [(etf, day, *values) for etf, values in prices.items()],
    )
    # An ETF that was delisted has prices and no node.
    listed = graph.nodes[HISTORY, "ETF"].ids
    nodes = {etf: _node(etf, day, values) for etf, values in prices.items() if etf in listed}
    _create_nodes(cursor, graph, [(etf, node) for etf, node in nodes.items() if etf not in stored])
    cursor.executemany(
        """
        UPDATE etf_history."Price"
        SET properties = %s
        WHERE ag_catalog.agtype_access_operator(properties, '"code"'::ag_catalog.agtype) = %s
          AND ag_catalog.agtype_access_operator(properties, '"date"'::ag_catalog.agtype) = %s
        """,
        [(node, f'"{etf}"', f'"{day}"') for etf, node in nodes.items() if etf in stored],
    )


def adopt(cursor: Cursor, graph: Graph, etfs: Iterable[str]) -> None:
    """Give ETFs that have just got their node the prices that were stored before."""
    cursor.execute(
        f"""
        SELECT code, date, {", ".join(f"{name}::float8" for name in PRICE_COLUMNS[:5])}, {", ".join(PRICE_COLUMNS[5:])}
        FROM daily_prices
        WHERE code = ANY(%s)
        """,
        (sorted(etfs),),
    )
    _create_nodes(cursor, graph, [(etf, _node(etf, day, tuple(values))) for etf, day, *values in cursor.fetchall()])


def on_the_etf(values: dict, day: date, price: tuple) -> dict:
    """Return an ETF node's properties with a day's close (KRW), NAV (KRW) and premium ((close - NAV) / NAV, %)."""
    _, _, _, close, nav, *_ = price
    premium = round((close - nav) / nav * 100, 4) if close and nav else None
    dated = {"close": _whole(close), "nav": nav, "premium": premium, "price_date": day.isoformat()}
    return without(values) | {name: value for name, value in dated.items() if value is not None}


def without(values: dict) -> dict:
    """Return an ETF node's properties without a price."""
    return {name: value for name, value in values.items() if name not in ON_THE_ETF}


def _create_nodes(cursor: Cursor, graph: Graph, nodes: list[tuple[str, str]]) -> None:
    """Create Price nodes, given as ETF and properties, and the edges to them."""
    if not nodes:
        return
    first = reserve(cursor, HISTORY, "Price", graph.numbers[HISTORY, "Price"], len(nodes))
    edge = reserve(cursor, HISTORY, "HAS_PRICE", graph.numbers[HISTORY, "HAS_PRICE"], len(nodes))
    etfs = graph.nodes[HISTORY, "ETF"].ids
    rows = [(first + n, node) for n, (_, node) in enumerate(nodes)]
    copy_rows(cursor, table(HISTORY, "Price"), ("id", "properties"), rows)
    edges = [(edge + n, etfs[etf], first + n, "{}") for n, (etf, _) in enumerate(nodes)]
    copy_rows(cursor, table(HISTORY, "HAS_PRICE"), ("id", "start_id", "end_id", "properties"), edges)


def _node(etf: str, day: date, values: tuple) -> str:
    prices = dict(zip(PRICE_COLUMNS, values, strict=True))
    whole = {name: _whole(prices[name]) for name in ("open", "high", "low", "close")}
    return to_agtype({"code": etf, "date": day.isoformat(), **whole, "nav": prices["nav"], "volume": prices["volume"]})


def _whole(price: float | None) -> int | float | None:
    return int(price) if price is not None and price == int(price) else price
