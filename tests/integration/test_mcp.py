"""The Model Context Protocol server, used by the protocol's official client: in memory, over stdio and over HTTP."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest
from mcp import MCPError
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult

from backend.db.engine import Database
from backend.integrations.mcp_server import create_mcp_server
from backend.settings import Settings
from tests.conftest import ROOT

QUESTION = "삼성전자를 가장 많이 담은 ETF는?"
Conversation = Callable[[Client], Awaitable[Any]]


def _run(conversation: Callable[[], Awaitable[Any]]) -> Any:
    """Run it in a thread of its own: the browser tests may have an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, conversation).result()


@pytest.fixture
def talking(sample_database: Database, settings: Settings) -> Callable[[Conversation], Any]:
    """A function that lets a client talk to a server in this process."""

    def run(conversation: Conversation) -> Any:
        async def talk() -> Any:
            async with Client(create_mcp_server(sample_database, settings)) as client:
                return await conversation(client)

        return _run(talk)

    return run


@pytest.fixture
def calling(talking: Callable[[Conversation], Any]) -> Callable[..., CallToolResult]:
    """A function that calls one tool."""

    def call(name: str, **arguments: Any) -> CallToolResult:
        return talking(lambda client: client.call_tool(name, arguments))

    return call


def _text(result: CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if part.type == "text")


def test_every_tool_is_offered_as_read_only(talking: Callable) -> None:
    async def listed(client: Client) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in talking(listed)}
    assert set(tools) == {
        "ask_question", "query_graph", "search_etf", "get_etf_info", "get_etf_holdings", "get_etf_prices",
        "get_similar_etfs", "get_etf_changes",
    }  # fmt: skip
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools.values())


def test_a_question_is_answered_with_text_table_query_and_date(calling: Callable) -> None:
    result = calling("ask_question", question=QUESTION)
    assert not result.is_error
    assert result.structured_content["status"] == "answered"
    assert result.structured_content["tables"][0]["rows"]
    assert result.structured_content["as_of"] == "2026-07-31"
    assert "| --- |" in _text(result)
    assert "```cypher" in _text(result)


def test_the_steps_of_a_question_are_told_as_progress(talking: Callable) -> None:
    told: list[str | None] = []

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        told.append(message)

    talking(lambda client: client.call_tool("ask_question", {"question": QUESTION}, progress_callback=progress))
    assert any("삼성전자" in (message or "") for message in told)


def test_a_follow_up_question_can_bring_its_history(calling: Callable) -> None:
    history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "KODEX 삼성그룹입니다."}]
    assert (
        calling("ask_question", question="KODEX 200 보수는?", history=history).structured_content["status"]
        == "answered"
    )


def test_cypher_is_run_and_its_rows_are_structured(calling: Callable) -> None:
    result = calling("query_graph", cypher="MATCH (e:ETF) RETURN count(*) AS number")
    assert result.structured_content == {"columns": ["number"], "rows": [[72]], "truncated": False}
    assert "2026-07-31" in _text(result)


@pytest.mark.parametrize(
    ("cypher", "advice"),
    [
        ("MATCH (e:ETF) DETACH DELETE e RETURN 1 AS one", "Only read"),
        ("MATCH (e:ETF) RETURN pg_catalog.pg_sleep(9) AS one", "plain names"),
        ("MATCH (u:User) RETURN u.email AS email", "User"),
    ],
)
def test_the_walls_stand_here_too(calling: Callable, cypher: str, advice: str) -> None:
    result = calling("query_graph", cypher=cypher)
    assert result.is_error
    assert advice in _text(result)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search_etf", {"query": "코덱스200"}, "069500"),
        ("get_etf_info", {"etf": "KODEX 200"}, "0.15"),
        ("get_etf_holdings", {"etf": "069500", "limit": 3}, "005930"),
        ("get_etf_prices", {"etf": "069500", "from_date": "2026-07-20"}, "2026-07-3"),
        ("get_similar_etfs", {"etf": "KODEX 200", "limit": 2}, "overlap_pct"),
        ("get_etf_changes", {"etf": "069500", "from_date": "2026-07-01"}, "069500"),
    ],
)
def test_each_tool_reads_the_market(calling: Callable, tool: str, arguments: dict, said: str) -> None:
    result = calling(tool, **arguments)
    assert not result.is_error, _text(result)
    assert said in _text(result)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_etf_info", {"etf": "없는나라 ETF"}, "unknown"),
        ("get_etf_holdings", {"etf": "069500", "on_date": "어제"}, "on_date"),
        ("get_etf_holdings", {"etf": "069500", "limit": 0}, "limit"),
        ("search_etf", {}, "query"),
        ("ask_question", {"question": "가" * 1_001}, "question"),
    ],
)
def test_bad_arguments_are_named(calling: Callable, tool: str, arguments: dict, said: str) -> None:
    result = calling(tool, **arguments)
    assert result.is_error
    assert said in _text(result)


def test_the_schema_is_a_resource(talking: Callable) -> None:
    text = talking(lambda client: client.read_resource("etf-atlas://schema")).contents[0].text
    assert "HOLDS" in text
    assert "etf_history" in text


def test_an_unknown_resource_is_an_error(talking: Callable) -> None:
    async def read(client: Client) -> str:
        with pytest.raises(MCPError) as refused:
            await client.read_resource("etf-atlas://people")
        return str(refused.value)

    assert "etf-atlas://people" in talking(read)


def test_stdio_serves_a_client_that_starts_the_command(sample_database: Database, settings: Settings) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "backend.cli", "mcp"],
        env={**os.environ, "ATLAS_HOME": str(settings.home), "ATLAS_DATABASE_URL": sample_database.url(), "ATLAS_MODEL": "offline"},
        cwd=str(ROOT),
    )  # fmt: skip

    async def talk() -> CallToolResult:
        async with Client(stdio_client(server)) as client:
            return await client.call_tool("ask_question", {"question": QUESTION})

    assert _run(talk).structured_content["status"] == "answered"


def test_http_serves_the_same_tools(live_server: str) -> None:
    async def talk() -> CallToolResult:
        async with Client(f"{live_server}/mcp") as client:
            return await client.call_tool("query_graph", {"cypher": "MATCH (e:ETF) RETURN count(*) AS number"})

    assert _run(talk).structured_content["rows"] == [[72]]


def test_http_refuses_a_rebound_host_name(live_server: str) -> None:
    answer = httpx.post(f"{live_server}/mcp", headers={"Host": "evil.example"}, json={})
    assert answer.status_code == 421
