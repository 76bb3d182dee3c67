"""The second wall: what PostgreSQL expects a query to cost, known before the query runs.

The bounds are far above the dearest of the verified examples and readings with half a million dated holdings (4 million units of cost,
1.5 million rows) and below what could not end in time. Apache AGE plans ranges, lists and paths with fixed guesses, which is why
bounds.py bounds those from the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from backend.errors import QueryRefused
from backend.graph.client import explain_json

# PostgreSQL's units of cost, and rows of the largest step of the plan.
MOST_COST = 15_000_000.0
MOST_ROWS = 20_000_000
# A query that collects holds in memory what it collects.
MOST_COLLECTED_ROWS = 2_000_000


def check_cost(connection: Connection, graph: str, cypher: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Raise QueryRefused, with advice, for a query that PostgreSQL expects to explode.

    The query is planned and not run. A query that cannot be planned raises what run_cypher raises.
    """
    plan = explain_json(connection, graph, cypher, parameters)
    rows = max(int(step["Plan Rows"]) for step in _steps(plan))
    cost = float(plan["Total Cost"])
    most_rows = MOST_COLLECTED_ROWS if "collect" in cypher.lower() else MOST_ROWS
    if rows <= most_rows and cost <= MOST_COST:
        return
    raise QueryRefused(
        f"the query would go through about {rows:,} rows (at most {most_rows:,}; cost {cost:,.0f} of {MOST_COST:,.0f})",
        ko="이 질의는 실행할 수 없습니다. 훑어야 할 데이터가 너무 많습니다.",
        advice=(
            "Begin with what the question names, as in MATCH (e:ETF)-[h:HOLDS]->(s:Stock) WHERE e.code = '069500'; "
            "join every pattern to the others by a variable they share, and aggregate in WITH before the next MATCH."
        ),
        rows=rows,
        cost=round(cost),
    )


def _steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _steps(inner)
