"""One stock that ETFs hold, by any of its codes."""

from __future__ import annotations

from sqlalchemy import Connection, text

from backend.errors import NotFound
from backend.graph.client import run_cypher
from backend.graph.labels import MARKET
from backend.market.dataset import get_dataset
from backend.market.etfs import suggestions, unknown
from backend.market.schemas import StockDetail


class UnknownStock(NotFound):
    """No stock has that code."""

    slug = "unknown-stock"
    title_ko = "없는 종목"


def stock_code(connection: Connection, asked: str) -> str:
    """Return a stock's canonical code for any code it goes by (A005930, an ISIN, an old ticker).

    Raises UnknownStock with suggestions.
    """
    plain = " ".join(asked.upper().replace("\x00", "").split())
    candidates = [plain, plain[1:]] if plain.startswith("A") and len(plain) == 7 else [plain]
    found = connection.execute(
        text(
            """
            SELECT s.code
            FROM securities AS s
            LEFT JOIN security_codes AS c ON c.canonical = s.code AND c.kind = 'stock'
            WHERE s.kind = 'stock'
              AND (s.code = ANY(:candidates) OR c.code = ANY(:candidates) OR s.isin = ANY(:candidates))
            ORDER BY s.code = ANY(:candidates) DESC, s.code
            LIMIT 1
            """
        ),
        {"candidates": candidates},
    ).scalar()
    if found is None:
        raise unknown(UnknownStock, "종목이", asked, suggestions(connection, asked, ["stock"]))
    return found


def get_stock(connection: Connection, code: str) -> StockDetail:
    """Return everything known about one stock. Raises UnknownStock."""
    code = stock_code(connection, code)
    row = connection.execute(
        text(
            """
            SELECT s.code, coalesce(s.name_ko, s.name) AS name,
                coalesce(s.name_en, CASE WHEN s.name <> s.name_ko THEN s.name END) AS name_en,
                s.isin, s.market, s.industry,
                ARRAY(
                    SELECT c.code
                    FROM security_codes AS c
                    WHERE c.canonical = s.code AND c.kind = 'stock' AND c.code <> s.code
                    ORDER BY c.code
                ) AS other_codes
            FROM securities AS s
            WHERE s.code = :code
            """
        ),
        {"code": code},
    ).one()
    holders = run_cypher(
        connection,
        MARKET,
        "MATCH (e:ETF)-[:HOLDS]->(s:Stock) WHERE s.code = $code RETURN count(e) AS holders",
        {"code": code},
    )
    return StockDetail.model_validate(
        {**get_dataset(connection).model_dump(), **row._mapping, "number_of_holders": holders.rows[0][0]}
    )
