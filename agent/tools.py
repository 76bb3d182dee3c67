"""The agent's tools. Each returns text for the model; what people see (tables, Cypher) goes into the run's context.

An error goes back to the model as text with the advice how to repair it; after `MOST_FAILURES` failing queries the run ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from pydantic import BaseModel
from smolagents import Tool
from sqlalchemy import Connection

from agent.answer import Table
from agent.cypher.guard import warnings
from agent.events import TableReady, ToolFinished, ToolStarted
from agent.run_context import RunContext
from agent.sandbox import run_guarded
from agent.tool_texts import repair_text, rows_as_text, visible
from backend.errors import AtlasError, InvalidInput, NotFound, QueryFailed, QueryRefused
from backend.market.changes import get_changes
from backend.market.etfs import get_etf, named_etf
from backend.market.holdings import get_holdings
from backend.market.prices import get_prices
from backend.market.search import search
from backend.market.similarity import get_similar

MOST_FAILURES = 3
_TEXT = {"type": "string"}
_ETF = {"type": "string", "description": "ETF code (six characters, may contain letters) or its name"}


class TooManyFailures(AtlasError):
    """The model's queries failed too often."""

    slug = "too-many-failures"
    title_ko = "질의 실패"


def tools(context: RunContext, *, planned: bool = True) -> list[Tool]:
    """All tools of one run. With `planned` PostgreSQL is asked what a query would cost before it runs; queries that this
    program wrote itself need not be."""
    kinds = (
        GetEtfInfo,
        GetEtfPrices,
        SearchEtf,
        GetEtfHoldings,
        GetSimilarEtfs,
        GetEtfChanges,
        FinalAnswer,
    )
    return [QueryGraph(context, planned=planned), *(kind(context) for kind in kinds)]


class ContextTool(Tool):
    """A tool of one run; its start and end are told as events."""

    output_type = "string"
    skip_forward_signature_validation = True

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self._calls = 0
        super().__init__()

    def __call__(self, *positional: Any, **arguments: Any) -> Any:
        self._calls += 1
        call = f"{self.name}-{self._calls}"
        shown = {name: value for name, value in arguments.items() if name != "sanitize_inputs_outputs"}
        self.context.emit(ToolStarted(call, self.name, shown))
        result = super().__call__(*positional, **arguments)
        self.context.emit(ToolFinished(call, self.name, str(result)))
        return result


class _MarketTool(ContextTool):
    """A tool that reads the market through one connection; an expected error is the tool's answer."""

    def _read(self, action: Callable[[Connection], BaseModel | list]) -> str:
        self.context.check()
        try:
            with self.context.database.reading() as connection:
                found = action(connection)
        except (NotFound, InvalidInput) as error:
            self.context.error = error
            return f"Error: {error.message} {json.dumps(error.extra, ensure_ascii=False, default=str)}"
        self.context.found, self.context.error = found, None
        return visible(_as_text(found))

    def _show(self, title: str, items: list[BaseModel]) -> None:
        if not items:
            return
        rows = [item.model_dump(mode="json") for item in items]
        columns = list(rows[0])
        _add_table(self.context, Table(title, columns, [[row[column] for column in columns] for row in rows]))


def _add_table(context: RunContext, table: Table) -> None:
    if context.show_tables and table not in context.tables:
        context.tables.append(table)
        context.emit(TableReady(table))


def _as_text(found: BaseModel | list) -> str:
    if isinstance(found, list):
        return json.dumps([item.model_dump(mode="json") for item in found], ensure_ascii=False)
    return found.model_dump_json(exclude_none=True)


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is no ISO date such as 2026-07-08", ko="날짜 형식이 올바르지 않습니다."
        ) from error


class QueryGraph(ContextTool):
    """Runs guarded Cypher."""

    name = "query_graph"
    description = (
        "Runs one read-only openCypher query (Apache AGE dialect) and returns its rows. Give every returned value a name with AS. "
        "etf_graph is the market now; etf_history has every dated snapshot, trade and price."
    )
    inputs = {  # noqa: RUF012 - smolagents wants a plain class attribute
        "cypher": {"type": "string", "description": "The query; codes and dates as string literals"},
        "graph": {"type": "string", "description": "etf_graph or etf_history", "nullable": True},
    }

    def __init__(self, context: RunContext, *, planned: bool = True) -> None:
        self._planned = planned
        super().__init__(context)

    def forward(self, cypher: str, graph: str | None = None) -> str:
        context = self.context
        context.check()
        context.trace.tries += 1
        try:
            result = run_guarded(
                context.database,
                graph or "etf_graph",
                cypher,
                timeout_ms=context.settings.query_timeout_ms,
                row_limit=context.settings.query_row_limit,
                cancelled=context.cancelled,
                planned=self._planned,
            )
        except (QueryRefused, QueryFailed) as error:
            context.failures += 1
            context.trace.errors.append(f"{error.message} | {cypher}")
            context.error = error
            most = context.options.tries or MOST_FAILURES
            if context.failures >= most:
                # The framework swallows what a tool raises, so the model raises it at its next turn.
                context.error = TooManyFailures(
                    error.message, ko=f"질의를 {most}번 해 봤지만 실행하지 못했습니다: {error.ko}"
                )
            return repair_text(error, most - context.failures)
        context.cypher.append(cypher)
        context.found, context.error = result, None
        if result.rows:
            _add_table(
                context, Table("결과", list(result.columns), [list(row) for row in result.rows], result.truncated)
            )
        on_top = bool(result.rows) and None in result.rows[0]
        notes = warnings(cypher, graph or "etf_graph", missing_on_top=on_top)
        return "\n".join([rows_as_text(result), *notes])


class FinalAnswer(Tool):
    """Ends the run."""

    name = "final_answer"
    description = "Gives the final answer to the question. Call it alone."
    inputs = {  # noqa: RUF012
        "answer": {"type": "string", "description": "The answer, Markdown"},
        "status": {"type": "string", "description": "answered, refused or clarify", "nullable": True},
    }
    output_type = "any"

    def __init__(self, context: RunContext) -> None:
        self.context = context
        super().__init__()

    def forward(self, answer: str, status: str | None = None) -> str:
        if status in ("answered", "refused", "clarify"):
            self.context.status = status  # type: ignore[assignment]
        return answer


class GetEtfInfo(_MarketTool):
    """Properties of an ETF."""

    name = "get_etf_info"
    description = "Fee (% a year), net assets (KRW), listing date, manager, index, tags and price of one ETF."
    inputs = {"etf": _ETF}  # noqa: RUF012

    def forward(self, etf: str) -> str:
        return self._read(lambda connection: get_etf(connection, named_etf(connection, etf)))


class GetEtfPrices(_MarketTool):
    """Daily prices of an ETF."""

    name = "get_etf_prices"
    description = "Daily close, NAV, premium (%) and volume of one ETF between two dates; prices in KRW per share."
    inputs = {  # noqa: RUF012
        "etf": _ETF,
        "from_date": {"type": "string", "description": "ISO date", "nullable": True},
        "to_date": {"type": "string", "description": "ISO date", "nullable": True},
    }

    def forward(self, etf: str, from_date: str | None = None, to_date: str | None = None) -> str:
        return self._read(lambda c: get_prices(c, named_etf(c, etf), _day(from_date), _day(to_date)))


class SearchEtf(_MarketTool):
    """Names to codes."""

    name = "search_etf"
    description = (
        "Finds ETFs, stocks, managers, tags and indexes by name, nickname, old brand, code or with typing errors."
    )
    inputs = {"query": {"type": "string", "description": "What people call it"}}  # noqa: RUF012

    def forward(self, query: str) -> str:
        self.context.check()
        with self.context.database.reading() as connection:
            hits = search(connection, query)
        found = [
            {"kind": hit.kind, "code": hit.code, "name": hit.name, "score": hit.score, "reason": hit.reason}
            for hit in hits
        ]
        return visible(json.dumps(found, ensure_ascii=False)) if found else "Nothing resembles it."


class GetEtfHoldings(_MarketTool):
    """Constituents of an ETF."""

    name = "get_etf_holdings"
    description = "What one ETF holds, now or on a date, by weight (%)."
    inputs = {  # noqa: RUF012
        "etf": _ETF,
        "on_date": {"type": "string", "description": "ISO date; the latest snapshot when left out", "nullable": True},
        "limit": {"type": "integer", "description": "Most rows", "nullable": True},
    }

    def forward(self, etf: str, on_date: str | None = None, limit: int | None = None) -> str:
        return self._read(lambda c: get_holdings(c, named_etf(c, etf), _day(on_date), limit=limit))


class GetSimilarEtfs(_MarketTool):
    """ETFs with overlapping baskets."""

    name = "get_similar_etfs"
    description = "The ETFs whose baskets overlap most with one ETF (sum of minimum weights, %)."
    inputs = {"etf": _ETF, "limit": {"type": "integer", "description": "Most rows", "nullable": True}}  # noqa: RUF012

    def forward(self, etf: str, limit: int | None = None) -> str:
        return self._read(lambda c: get_similar(c, named_etf(c, etf), limit=limit or 10))


class GetEtfChanges(_MarketTool):
    """Trades of an ETF."""

    name = "get_etf_changes"
    description = "What one ETF bought (new, more) and sold (less, out) over a period, net of basket rescaling."
    inputs = {  # noqa: RUF012
        "etf": _ETF,
        "from_date": {"type": "string", "description": "ISO date", "nullable": True},
        "to_date": {"type": "string", "description": "ISO date", "nullable": True},
    }

    def forward(self, etf: str, from_date: str | None = None, to_date: str | None = None) -> str:
        return self._read(lambda c: get_changes(c, named_etf(c, etf), _day(from_date), _day(to_date)))
