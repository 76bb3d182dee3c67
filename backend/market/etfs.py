"""One ETF, and lists of them."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, text

from backend.errors import NotFound
from backend.graph.client import run_cypher
from backend.graph.labels import MARKET
from backend.market.dataset import get_dataset
from backend.market.schemas import EtfDetail, EtfList
from backend.market.search import resolve, search

_CODE = re.compile(r"A?([0-9A-Z]{6})", re.IGNORECASE)


class UnknownEtf(NotFound):
    """No ETF has that code."""

    slug = "unknown-etf"
    title_ko = "없는 ETF"


def suggestions(connection: Connection, asked: str, kinds: list[str]) -> list[dict[str, str]]:
    """List what an unknown key may have meant, for the `suggestions` of a problem document."""
    return [{"code": hit.code, "name": hit.name} for hit in search(connection, asked[:100], kinds=kinds, limit=5)]


def unknown(error: type[NotFound], what: str, asked: str, found: list[dict[str, str]]) -> NotFound:
    """Build the error for an unknown key, naming in Korean what may have been meant."""
    shown = asked[:100]
    hint = ", ".join(f"{s['name']}({s['code']})" if s["code"] != s["name"] else s["name"] for s in found[:3])
    ko = f"‘{shown}’에 해당하는 {what} 없습니다." + (f" 혹시 {hint} 중에 있나요?" if hint else "")
    return error(f"unknown: {shown!r}", ko=ko, suggestions=found)


def plain_code(asked: str) -> str | None:
    """Return the code that is meant, whatever its case and with or without a leading A; None for what is none."""
    matched = _CODE.fullmatch(asked.strip())
    return matched[1].upper() if matched else None


def etf_code(connection: Connection, asked: str) -> str:
    """Return the code as the market knows it, whatever its case and with or without a leading A.

    Raises UnknownEtf with suggestions.
    """
    if plain := plain_code(asked):
        code = connection.scalar(text("SELECT code FROM etfs WHERE code = :code"), {"code": plain})
        if code:
            return code
    raise unknown(UnknownEtf, "ETF가", asked, suggestions(connection, asked, ["etf"]))


def named_etf(connection: Connection, asked: str) -> str:
    """Return the code of the ETF that a code or a name without doubt means. Raises UnknownEtf with suggestions."""
    try:
        return etf_code(connection, asked)
    except UnknownEtf:
        meant = resolve(connection, asked[:100], ["etf"])
        if meant.status != "one" or len(meant.hits) != 1:
            raise
        return meant.hits[0].code


SUMMARY = "e.code, e.name, e.company, e.index_name, e.active, e.fee_pct::float8 AS fee_pct, e.aum_krw, e.listed"


def etf_name(connection: Connection, code: str) -> str:
    """Return the name of an ETF by its code; the code itself where there is no such ETF."""
    return connection.scalar(text("SELECT name FROM etfs WHERE code = :code"), {"code": code}) or code


def get_etf(connection: Connection, code: str) -> EtfDetail:
    """Return everything known about one ETF. Raises UnknownEtf."""
    code = etf_code(connection, code)
    row = connection.execute(
        text(
            f"""
            SELECT {SUMMARY}, e.isin, e.name_en, e.brand, e.leverage, e.replication, e.asset_class, e.index_market,
                e.tax_type, e.creation_unit, e.aum_date,
                ARRAY(SELECT f.name FROM etf_former_names AS f WHERE f.code = e.code ORDER BY f.until, f.name)
                    AS former_names
            FROM etfs AS e
            WHERE e.code = :code
            """
        ),
        {"code": code},
    ).one()
    return EtfDetail.model_validate(
        {**get_dataset(connection).model_dump(), **row._mapping, **_from_graph(connection, code)}
    )


def _from_graph(connection: Connection, code: str) -> dict[str, Any]:
    node = run_cypher(
        connection,
        MARKET,
        """
        MATCH (e:ETF)
        WHERE e.code = $code
        RETURN e.holdings_date AS holdings_date, e.price_date AS price_date, e.close AS close_krw, e.nav AS nav_krw,
            e.premium AS premium_pct
        """,
        {"code": code},
    ).dicts()
    tags = run_cypher(
        connection,
        MARKET,
        "MATCH (e:ETF)-[:TAGGED]->(t:Tag) WHERE e.code = $code RETURN t.name AS name ORDER BY t.name",
        {"code": code},
    )
    weights = run_cypher(
        connection,
        MARKET,
        "MATCH (e:ETF)-[h:HOLDS]->(:Stock) WHERE e.code = $code RETURN h.weight AS weight",
        {"code": code},
    )
    facts = node[0] if node else dict.fromkeys(("holdings_date", "price_date", "close_krw", "nav_krw", "premium_pct"))
    known = sorted((row[0] for row in weights.rows if row[0] is not None), reverse=True)
    held = facts["holdings_date"] is not None
    return {
        **facts,
        "tags": [row[0] for row in tags.rows],
        "number_of_holdings": len(weights.rows) if held else None,
        "top10_weight_pct": round(sum(known[:10]), 2) if known else None,
    }


def list_etfs(
    connection: Connection,
    *,
    tag: str | None = None,
    company: str | None = None,
    index: str | None = None,
    active: bool | None = None,
    limit: int = 50,
    offset: int = 0,
) -> EtfList:
    """Return the ETFs that fit all filters given, the largest by net assets first; unknown sizes come last."""
    rows = connection.execute(
        text(
            f"""
            SELECT {SUMMARY}, count(*) OVER () AS total
            FROM etfs AS e
            WHERE (CAST(:company AS text) IS NULL OR e.company = :company)
              AND (CAST(:index AS text) IS NULL OR e.index_name = :index)
              AND (CAST(:active AS boolean) IS NULL OR e.active = :active)
              AND (CAST(:tag AS text) IS NULL OR e.code IN (
                SELECT v.properties ->> 'code'::text
                FROM etf_graph."Tag" AS t
                JOIN etf_graph."TAGGED" AS g ON g.end_id = t.id
                JOIN etf_graph."ETF" AS v ON v.id = g.start_id
                WHERE t.properties ->> 'name'::text = :tag
              ))
            ORDER BY e.aum_krw DESC NULLS LAST, e.code
            """
        ),
        {"tag": tag, "company": company, "index": index, "active": active},
    ).all()
    page = [row._mapping for row in rows[offset : offset + limit]]
    total = rows[0].total if rows else 0
    return EtfList.model_validate(
        {**get_dataset(connection).model_dump(), "total": total, "offset": offset, "etfs": page}
    )
