"""The managers of ETFs, and what their ETFs bought and sold."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812
from typing import Any

from sqlalchemy import Connection, text

from backend.errors import NotFound
from backend.graph.client import run_cypher
from backend.graph.labels import HISTORY
from backend.market.changes import trade
from backend.market.dataset import get_dataset
from backend.market.etfs import suggestions, unknown
from backend.market.prices import check_period
from backend.market.schemas import Companies, CompanyTrade, CompanyTrades
from backend.market.search import resolve


class UnknownCompany(NotFound):
    """No manager has that name."""

    slug = "unknown-company"
    title_ko = "없는 운용사"


def company_name(connection: Connection, asked: str) -> str:
    """Return a manager's full name for a name, short name or brand that means it alone. Raises UnknownCompany."""
    resolution = resolve(connection, asked[:100], ["company"])
    if resolution.status == "one" and resolution.hits[0].how == "exact":
        return resolution.hits[0].code
    raise unknown(UnknownCompany, "운용사가", asked, suggestions(connection, asked, ["company"]))


def get_companies(connection: Connection) -> Companies:
    """Return every manager with its brands, its number of ETFs and the sum of their net assets, the largest first."""
    rows = connection.execute(
        text(
            """
            SELECT company AS name,
                array_remove(array_agg(DISTINCT brand ORDER BY brand), NULL) AS brands,
                count(*) AS etfs,
                count(*) FILTER (WHERE active) AS active_etfs,
                sum(aum_krw)::bigint AS aum_krw
            FROM etfs
            WHERE company IS NOT NULL
            GROUP BY company
            ORDER BY sum(aum_krw) DESC NULLS LAST, company
            """
        )
    )
    return Companies.model_validate(
        {**get_dataset(connection).model_dump(), "companies": [row._mapping for row in rows]}
    )


def get_company_trades(
    connection: Connection,
    company: str,
    start: Date | None = None,
    end: Date | None = None,
    *,
    active: bool | None = None,
    limit: int = 100,
    offset: int = 0,
) -> CompanyTrades:
    """Return the trades of a manager's ETFs that show in snapshots from `start` to `end`, both included, latest first.

    Without dates it is the data date alone; with one of them the period ends or starts there. Raises UnknownCompany,
    and InvalidInput for a period that ends before it starts.
    """
    dataset = get_dataset(connection)
    end = end or max(dataset.as_of, start or dataset.as_of)
    start = start or min(dataset.as_of, end)
    check_period(start, end)
    company = company_name(connection, company)
    etfs = _etfs_of(connection, company, active)
    rows = run_cypher(
        connection,
        HISTORY,
        """
        MATCH (e:ETF)-[t:TRADED]->(s)
        WHERE e.code IN $codes AND t.date >= $start AND t.date <= $end
        RETURN e.code AS etf_code, s.code AS code, s.name AS name, t.date AS date, t.previous AS previous,
            t.action AS action, t.shares_change AS shares_change, t.weight_before AS weight_before,
            t.weight_after AS weight_after
        """,
        {"codes": sorted(etfs), "start": start.isoformat(), "end": end.isoformat()},
    ).dicts()
    rows.sort(key=lambda row: (row["etf_code"], row["code"]))
    rows.sort(key=lambda row: row["date"], reverse=True)
    return CompanyTrades(
        **dataset.model_dump(),
        company=company,
        start=start,
        end=end,
        total=len(rows),
        trades=[_company_trade(row, etfs[row["etf_code"]]) for row in rows[offset : offset + limit]],
    )


def _etfs_of(connection: Connection, company: str, active: bool | None) -> dict[str, str]:
    rows = connection.execute(
        text(
            """
            SELECT code, name
            FROM etfs
            WHERE company = :company
              AND (CAST(:active AS boolean) IS NULL OR active = :active)
            """
        ),
        {"company": company, "active": active},
    )
    return dict(rows.all())


def _company_trade(row: dict[str, Any], etf_name: str) -> CompanyTrade:
    return CompanyTrade(
        **trade(row).model_dump(),
        etf_code=row["etf_code"],
        etf_name=etf_name,
        date=row["date"],
        previous=row["previous"],
    )
