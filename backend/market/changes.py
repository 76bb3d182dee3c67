"""What an ETF bought and sold over a period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date  # noqa: N812
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from backend.graph.client import run_cypher
from backend.graph.labels import HISTORY
from backend.market import trades
from backend.market.dataset import get_dataset
from backend.market.etfs import etf_code, etf_name
from backend.market.holdings import NoSnapshot, first_snapshot, snapshot_on
from backend.market.prices import check_period
from backend.market.schemas import Changes, Trade

_ORDER = {"new": 0, "more": 1, "less": 2, "out": 3}


def get_changes(connection: Connection, code: str, start: Date | None = None, end: Date | None = None) -> Changes:
    """Return what an ETF bought and sold from the last snapshot before `start` to the last one up to `end`.

    Without `start` the period is the day of that last snapshot, so that its change since the snapshot before it is
    returned. Quantities are compared after the basket's rescaling is taken out, never weights. Raises UnknownEtf,
    InvalidInput for a period that ends early, and NoSnapshot when there are no two snapshots to compare.
    """
    check_period(start, end)
    code = etf_code(connection, code)
    last = snapshot_on(connection, code, end)
    previous = _snapshot_before(connection, code, start or last)
    if previous is None or previous == last:
        raise _nothing_to_compare(connection, code, start, last)
    neighbours = start is None or previous == _snapshot_before(connection, code, last)
    return Changes(
        **get_dataset(connection).model_dump(),
        code=code,
        name=etf_name(connection, code),
        previous=previous,
        date=last,
        changes=_ordered((_traded if neighbours else _compare)(connection, code, previous, last)),
    )


def _nothing_to_compare(connection: Connection, code: str, start: Date | None, last: Date) -> NoSnapshot:
    """The error of a period without two snapshots; it carries the first day, and the last one where its trades are known."""
    first, name = first_snapshot(connection, code), etf_name(connection, code)
    latest = snapshot_on(connection, code, None)
    if start is not None and start > latest:
        ko = f"{name}의 구성 종목 자료는 {latest}까지 있어, 그 뒤의 매매는 알 수 없습니다."
    else:
        ko = f"{name}의 구성 종목 자료는 {first}부터 {latest}까지 있고, 이 기간에는 비교할 두 날짜가 없습니다."
    known: dict[str, str] = {"first_date": first.isoformat()} if first else {}
    if last == latest and _snapshot_before(connection, code, latest) is not None:
        known["last_date"] = latest.isoformat()
    return NoSnapshot(f"no two snapshots of {code} to compare", ko=ko, name=name, **known)


def _snapshot_before(connection: Connection, code: str, day: Date) -> Date | None:
    return connection.scalar(
        text("SELECT max(date) FROM etf_snapshots WHERE code = :code AND status <> 'gap' AND date < :day"),
        {"code": code, "day": day},
    )


def _ordered(found: list[Trade]) -> list[Trade]:
    return sorted(
        found, key=lambda t: (_ORDER[t.action], -(t.weight_after_pct or 0), -(t.weight_before_pct or 0), t.code)
    )


def _traded(connection: Connection, code: str, previous: Date, last: Date) -> list[Trade]:
    """Return the trades that loading found between neighbouring snapshots."""
    rows = run_cypher(
        connection,
        HISTORY,
        """
        MATCH (e:ETF)-[t:TRADED]->(s)
        WHERE e.code = $code AND t.date = $date AND t.previous = $previous
        RETURN s.code AS code, s.name AS name, t.action AS action, t.shares_change AS shares_change,
            t.weight_before AS weight_before, t.weight_after AS weight_after
        """,
        {"code": code, "date": last.isoformat(), "previous": previous.isoformat()},
    )
    return [trade(row) for row in rows.dicts()]


def _compare(connection: Connection, code: str, previous: Date, last: Date) -> list[Trade]:
    """Derive the trades between two snapshots with the rule that loading uses between neighbouring ones."""
    rows = run_cypher(
        connection,
        HISTORY,
        """
        MATCH (e:ETF)-[h:HELD]->(s)
        WHERE e.code = $code AND h.date IN $dates
        RETURN h.date AS date, label(s) AS label, s.code AS code, s.name AS name, h.weight AS weight, h.shares AS shares
        """,
        {"code": code, "dates": [previous.isoformat(), last.isoformat()]},
    ).dicts()
    schema = {
        "date": pl.String, "label": pl.String, "code": pl.String, "name": pl.String,
        "weight": pl.Float64, "shares": pl.Float64,
    }  # fmt: skip
    positions = pl.DataFrame(rows, schema=schema, strict=False).with_columns(
        pl.col("date").str.to_date(), pl.lit(code).alias("etf")
    )
    pair = pl.DataFrame({"etf": [code], "previous": [previous], "date": [last]})
    names = {row["code"]: row["name"] for row in rows}
    derived = trades.derive(positions, pair).to_dicts()
    return [trade({**row, "name": names[row["code"]]}) for row in derived]


def trade(row: Mapping[str, Any]) -> Trade:
    """Build a trade from the properties of a TRADED edge and the code and name of what was traded."""
    before, after = row["weight_before"], row["weight_after"]
    return Trade(
        code=row["code"],
        name=row["name"],
        action=row["action"],
        shares_change_pct=row["shares_change"],
        weight_before_pct=before,
        weight_after_pct=after,
        weight_change_pp=round(after - before, 4) if before is not None and after is not None else None,
    )
