"""The repair loop: a model that makes the commonest mistakes of other dialects, and knows only what the refusal tells it.

The scripted model has no rule for any mistake. It reads the last error: where that names a piece of the query (`instead_of`) and its
correction (`write`), it puts the one in the other's place; else it takes the query that stands in the advice after "Write ".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from agent.answer import Answer
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings
from tests.stub_llm import StubLlm, Turn

QUESTION = "KODEX 200에 대해 아무 얘기나 들려줘 제발요"
_NO_LIMITS = {"model_daily_tokens": None, "model_daily_tokens_per_user": None}

# What models write from habit, and the same as Apache AGE wants it, which decides what rows are right.
MISTAKES = {
    "a choice of labels": (
        "MATCH (e:ETF|Fund) WHERE e.code = '069500' RETURN e.name AS n",
        "MATCH (e:ETF) WHERE e.code = '069500' RETURN e.name AS n",
    ),
    "a choice of edge types": (
        "MATCH (e:ETF)-[:HOLDS|TRACKS]->(i:Index) WHERE e.code = '069500' RETURN i.name AS n",
        "MATCH (e:ETF)-[:TRACKS]->(i:Index) WHERE e.code = '069500' RETURN i.name AS n",
    ),
    "a label in WHERE": (
        "MATCH (n)<-[:HOLDS]-(e:ETF) WHERE e.code = '069500' AND n:Stock RETURN count(n) AS n",
        "MATCH (n:Stock)<-[:HOLDS]-(e:ETF) WHERE e.code = '069500' RETURN count(n) AS n",
    ),
    "date()": (
        "MATCH (e:ETF) WHERE e.listed >= date('2020-01-01') RETURN count(e) AS n",
        "MATCH (e:ETF) WHERE e.listed >= '2020-01-01' RETURN count(e) AS n",
    ),
    "a property by another name": (
        "MATCH (e:ETF) WHERE e.code = '069500' RETURN e.expense_ratio AS n",
        "MATCH (e:ETF) WHERE e.code = '069500' RETURN e.fee AS n",
    ),
    "an edge the wrong way round": (
        "MATCH (s:Stock)-[h:HOLDS]->(e:ETF) WHERE e.code = '069500' RETURN count(s) AS n",
        "MATCH (s:Stock)<-[h:HOLDS]-(e:ETF) WHERE e.code = '069500' RETURN count(s) AS n",
    ),
    "a name lost after WITH": (
        "MATCH (e:ETF) WITH e.name AS name RETURN name AS n ORDER BY e.code LIMIT 3",
        "MATCH (e:ETF) RETURN e.name AS n ORDER BY e.code LIMIT 3",
    ),
    "a missing AS": (
        "MATCH (e:ETF) WHERE e.code = '069500' WITH e.name RETURN name AS n",
        "MATCH (e:ETF) WHERE e.code = '069500' RETURN e.name AS n",
    ),
    "LIKE": (
        "MATCH (e:ETF) WHERE e.name LIKE 'KODEX%' RETURN count(e) AS n",
        "MATCH (e:ETF) WHERE e.name STARTS WITH 'KODEX' RETURN count(e) AS n",
    ),
    "!=": (
        "MATCH (e:ETF) WHERE e.code != '069500' RETURN count(e) AS n",
        "MATCH (e:ETF) WHERE e.code <> '069500' RETURN count(e) AS n",
    ),
    "a code as a number": (
        "MATCH (e:ETF) WHERE e.code = 69500 RETURN e.name AS n",
        "MATCH (e:ETF) WHERE e.code = '069500' RETURN e.name AS n",
    ),
    "NOT IN": (
        "MATCH (e:ETF) WHERE e.code NOT IN ['069500'] RETURN count(e) AS n",
        "MATCH (e:ETF) WHERE NOT e.code IN ['069500'] RETURN count(e) AS n",
    ),
    "a list in parentheses": (
        "MATCH (e:ETF) WHERE e.code IN ('069500', 'x') RETURN e.name AS n",
        "MATCH (e:ETF) WHERE e.code IN ['069500', 'x'] RETURN e.name AS n",
    ),
    "BETWEEN": (
        "MATCH (e:ETF) WHERE e.fee BETWEEN 0.1 AND 0.2 RETURN count(e) AS n",
        "MATCH (e:ETF) WHERE e.fee >= 0.1 AND e.fee <= 0.2 RETURN count(e) AS n",
    ),
    "sorting by what was aggregated away": (
        "MATCH (c:Company)<-[:MANAGED_BY]-(e:ETF) RETURN c.name AS n, count(e) AS k ORDER BY e.aum DESC LIMIT 1",
        "MATCH (c:Company)<-[:MANAGED_BY]-(e:ETF) RETURN c.name AS n, count(e) AS k ORDER BY max(e.aum) DESC LIMIT 1",
    ),
    "a label that is called otherwise": (
        "MATCH (f:Fund) WHERE f.code = '069500' RETURN f.name AS n",
        "MATCH (f:ETF) WHERE f.code = '069500' RETURN f.name AS n",
    ),
}  # fmt: skip
NEVER_REPAIRED = "MATCH (e:ETF) RETURN e.fee AS n QUALIFY n"


class RepairingModel:
    """A model that sends a query, repairs it by what it is told, and ends when rows come back."""

    def __init__(self, query: str) -> None:
        self.queries = [query]

    def __call__(self, body: dict[str, Any]) -> Turn:
        told = _last_told(body)
        if "Error:" in told:
            self.queries.append(repaired(self.queries[-1], told))
        elif "Rows from the database" in told or "No rows" in told:
            return Turn(tool="final_answer", arguments={"answer": "찾았습니다."})
        return Turn(tool="query_graph", arguments={"cypher": self.queries[-1], "graph": "etf_graph"})


def _last_told(body: dict[str, Any]) -> str:
    """Return the text of the last message."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def repaired(query: str, told: str) -> str:
    """Return the query corrected by an error's own words; the same query where they name no correction."""
    found = re.search(r"Error: .*?(\{.*\})", told)
    extra = json.loads(found.group(1)) if found else {}
    if "instead_of" in extra:
        return query.replace(extra["instead_of"], extra["write"])
    return query


@pytest.fixture
def asked(sample_database: Database, settings: Settings) -> Callable[[str], tuple[Answer, RepairingModel, StubLlm]]:
    """A function that lets the scripted model begin with a query."""

    def run(query: str) -> tuple[Answer, RepairingModel, StubLlm]:
        model = RepairingModel(query)
        with StubLlm(model) as stub:
            update = {"model": "stub-model", "openai_base_url": stub.url, **_NO_LIMITS}
            chosen = settings.model_copy(update=update)
            return ask(sample_database, QUESTION, settings=chosen, verified_first=False), model, stub

    return run


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_repaired_from_the_advice_alone(asked: Callable, mistake: str) -> None:
    wrong, right = MISTAKES[mistake]
    answer, model, _ = asked(wrong)
    assert answer.status == "answered", model.queries
    assert answer.cypher == [model.queries[-1]]
    assert answer.tables[0].rows == asked(right)[0].tables[0].rows
    assert answer.trace.tries == len(model.queries) <= 3
    assert len(answer.trace.errors) == len(model.queries) - 1
    assert wrong in answer.trace.errors[0]


def test_three_failures_end_honestly(asked: Callable) -> None:
    answer, _, stub = asked(NEVER_REPAIRED)
    assert answer.status == "failed"
    assert "3번" in answer.answer
    assert answer.trace.tries == 3
    assert all("QUALIFY" in error for error in answer.trace.errors)
    assert len(stub.requests) == 3


def test_an_error_says_what_where_and_how_to_write_it(asked: Callable) -> None:
    _, _, stub = asked(MISTAKES["BETWEEN"][0])
    told = _last_told(stub.requests[1])
    for part in ('syntax error at or near "BETWEEN"', '"position"', '"near"', '"advice"', "e.fee >= 0.1 AND", "2 left"):
        assert part in told
