"""Which ETFs hold a stock now."""

from __future__ import annotations

from sqlalchemy import Connection, text

from backend.graph.client import run_cypher
from backend.graph.labels import MARKET
from backend.market.dataset import get_dataset
from backend.market.schemas import Holder, Holders
from backend.market.stocks import stock_code


def get_holders(
    connection: Connection,
    code: str,
    *,
    min_weight_pct: float | None = None,
    active: bool | None = None,
    limit: int | None = None,
) -> Holders:
    """Return the ETFs whose latest snapshot holds a stock, by weight; those without a weight last.

    An ETF without a weight meets no `min_weight_pct` (inclusive, %). `total` counts all that fit, whatever the `limit`.
    Raises UnknownStock.
    """
    code = stock_code(connection, code)
    rows = run_cypher(
        connection,
        MARKET,
        """
        MATCH (e:ETF)-[h:HOLDS]->(s:Stock)
        WHERE s.code = $code
        RETURN e.code AS code, e.name AS name, e.active AS active, h.date AS date, h.weight AS weight,
            h.shares AS shares
        """,
        {"code": code},
    ).dicts()
    companies = _companies(connection, [row["code"] for row in rows])
    fitting = [
        row
        for row in rows
        if (min_weight_pct is None or (row["weight"] is not None and row["weight"] >= min_weight_pct))
        and (active is None or bool(row["active"]) == active)
    ]
    fitting.sort(key=lambda row: (row["weight"] is None, -(row["weight"] or 0.0), row["code"]))
    name = "SELECT coalesce(name_ko, name) FROM securities WHERE code = :code"
    return Holders(
        **get_dataset(connection).model_dump(),
        code=code,
        name=connection.scalar(text(name), {"code": code}),
        total=len(fitting),
        holders=[
            Holder(
                rank=rank,
                code=row["code"],
                name=row["name"],
                company=companies.get(row["code"]),
                active=bool(row["active"]),
                date=row["date"],
                weight_pct=row["weight"],
                shares=row["shares"],
            )
            for rank, row in enumerate(fitting[:limit], 1)
        ],
    )


def _companies(connection: Connection, codes: list[str]) -> dict[str, str | None]:
    rows = connection.execute(text("SELECT code, company FROM etfs WHERE code = ANY(:codes)"), {"codes": codes})
    return {row.code: row.company for row in rows}
