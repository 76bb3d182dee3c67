"""What an ETF holds, now and on a date."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812

from sqlalchemy import Connection, text

from backend.errors import NotFound
from backend.graph.client import run_cypher
from backend.graph.labels import HISTORY, MARKET
from backend.market.dataset import get_dataset
from backend.market.etfs import etf_code, etf_name
from backend.market.schemas import Holding, Holdings

_KIND_OF_LABEL = {"Stock": "stock", "ETF": "etf"}


class NoSnapshot(NotFound):
    """There are no holdings of that ETF on or before that date."""

    slug = "no-snapshot"
    title_ko = "구성 종목 자료 없음"


def get_holdings(
    connection: Connection, code: str, date: Date | None = None, *, kind: str | None = None, limit: int | None = None
) -> Holdings:
    """Return the basket of the last snapshot on or before `date` (the latest when it is None).

    Only constituents of `kind` and the `limit` largest are listed; the counts and the sum are always of the whole
    basket. Raises UnknownEtf, and NoSnapshot when there is none that early.
    """
    code = etf_code(connection, code)
    snapshot = snapshot_on(connection, code, date)
    basket = _basket(connection, code, snapshot)
    kinds = _asset_kinds(connection, [held for label, held, *_ in basket if label not in _KIND_OF_LABEL])
    everything = [
        (_KIND_OF_LABEL.get(label) or kinds.get(held, "other"), held, name, weight, shares)
        for label, held, name, weight, shares in basket
    ]
    everything.sort(key=lambda row: (row[3] is None, -(row[3] or 0.0), row[1]))
    listed = [
        Holding(rank=rank, kind=k, code=held, name=name, weight_pct=weight, shares=shares)
        for rank, (k, held, name, weight, shares) in enumerate(everything, 1)
        if kind is None or k == kind
    ]
    return Holdings(
        **get_dataset(connection).model_dump(),
        code=code,
        name=connection.scalar(text("SELECT name FROM etfs WHERE code = :code"), {"code": code}),
        date=snapshot,
        number_of_holdings=sum(row[0] == "stock" for row in everything),
        weight_sum_pct=round(sum(row[3] or 0.0 for row in everything), 2),
        total=len(everything),
        holdings=listed[:limit],
    )


def snapshot_on(connection: Connection, code: str, date: Date | None) -> Date:
    """Return the date of the last snapshot on or before `date`, or of the latest one. Raises NoSnapshot."""
    found = connection.scalar(
        text(
            """
            SELECT max(date)
            FROM etf_snapshots
            WHERE code = :code
              AND status <> 'gap'
              AND (CAST(:date AS date) IS NULL OR date <= :date)
            """
        ),
        {"code": code, "date": date},
    )
    if found is None:
        first, name = first_snapshot(connection, code), etf_name(connection, code)
        message = f"no snapshot of {code} on or before {date}" if date else f"no snapshot of {code}"
        if first is None:
            raise NoSnapshot(message, ko=f"{name}의 구성 종목 자료가 없습니다.")
        raise NoSnapshot(
            message, ko=f"{name}의 구성 종목 자료는 {first}부터 있습니다.", name=name, first_date=first.isoformat()
        )
    return found


def first_snapshot(connection: Connection, code: str) -> Date | None:
    """Return the date of an ETF's first snapshot, if it has any."""
    return connection.scalar(
        text("SELECT min(date) FROM etf_snapshots WHERE code = :code AND status <> 'gap'"), {"code": code}
    )


def _basket(connection: Connection, code: str, snapshot: Date) -> list[tuple]:
    """Return (label, code, name, weight, shares) of each constituent, from the small graph where it has that date."""
    query = """
        MATCH (e:ETF)-[h:{edge}]->(s)
        WHERE e.code = $code AND h.date = $date
        RETURN label(s) AS label, s.code AS code, s.name AS name, h.weight AS weight, h.shares AS shares
        """
    parameters = {"code": code, "date": snapshot.isoformat()}
    current = run_cypher(connection, MARKET, query.format(edge="HOLDS"), parameters)
    return current.rows or run_cypher(connection, HISTORY, query.format(edge="HELD"), parameters).rows


def _asset_kinds(connection: Connection, codes: list[str]) -> dict[str, str]:
    """Return the kind of securities that are no stocks: bond, cash, derivative or other."""
    rows = connection.execute(
        text("SELECT code, kind FROM securities WHERE kind <> 'stock' AND code = ANY(:codes)"), {"codes": codes}
    )
    return {row.code: row.kind for row in rows}
