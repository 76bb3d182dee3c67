"""What the loaded graphs hold is what the registry of labels says, neither more nor less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from backend.db.engine import Database
from backend.graph.client import run_cypher
from backend.graph.labels import GRAPHS, HISTORY, MARKET, Property, schema_text

NODES = [(graph.name, node.name) for graph in GRAPHS.values() for node in graph.nodes]
EDGES = [(graph.name, edge.name) for graph in GRAPHS.values() for edge in graph.edges]
KINDS = {"string": str, "date": str, "integer": int, "float": float, "boolean": bool}


@pytest.fixture
def connection(sample_database: Database) -> Iterator[Connection]:
    with sample_database.engine("atlas_reader").connect() as connection:
        yield connection


@pytest.mark.parametrize(("graph", "label"), NODES)
def test_nodes_have_the_properties_of_the_registry(connection: Connection, graph: str, label: str) -> None:
    found = run_cypher(connection, graph, f"MATCH (n:{label}) RETURN properties(n)").rows
    check_properties([row[0] for row in found], GRAPHS[graph].node(label).properties)


@pytest.mark.parametrize(("graph", "edge"), EDGES)
def test_edges_have_the_properties_of_the_registry(connection: Connection, graph: str, edge: str) -> None:
    found = run_cypher(connection, graph, f"MATCH ()-[h:{edge}]->() RETURN properties(h)").rows
    check_properties([row[0] for row in found], GRAPHS[graph].edge(edge).properties)


def check_properties(found: list[dict], properties: tuple[Property, ...]) -> None:
    known = {prop.name: KINDS[prop.kind] for prop in properties}
    required = {prop.name for prop in properties if not prop.optional}
    assert found
    for node in found:
        assert required <= set(node) <= set(known)
        for name, value in node.items():
            assert isinstance(value, known[name]), (name, value)
    assert {name for node in found for name in node} == set(known), "a property that the registry names is never set"


@pytest.mark.parametrize(("graph", "edge"), EDGES)
def test_edges_join_what_the_registry_says_and_none_dangles(connection: Connection, graph: str, edge: str) -> None:
    joined = run_cypher(connection, graph, f"MATCH (a)-[h:{edge}]->(b) RETURN label(a), label(b), count(*)").rows
    known = GRAPHS[graph].edge(edge)
    assert {start for start, _, _ in joined} == {known.start}
    assert {end for _, end, _ in joined} <= set(known.ends)
    stored = connection.exec_driver_sql(f'SELECT count(*) FROM {graph}."{edge}"').scalar_one()
    assert sum(count for _, _, count in joined) == stored


@pytest.mark.parametrize(("graph", "label"), NODES)
def test_every_key_is_stored_once(connection: Connection, graph: str, label: str) -> None:
    key = ", ".join(f"n.{name}" for name in GRAPHS[graph].node(label).key)
    cypher = f"MATCH (n:{label}) WITH [{key}] AS key, count(*) AS nodes WHERE nodes > 1 RETURN key, nodes"
    assert run_cypher(connection, graph, cypher).rows == []


def test_the_schema_text_names_everything_once_a_line() -> None:
    text = schema_text()
    for graph in GRAPHS.values():
        assert graph.name in text
        for entity in (*graph.nodes, *graph.edges):
            assert f":{entity.name}" in text
            for prop in entity.properties:
                assert f"{prop.name}{'?' if prop.optional else ''} {prop.kind}" in text
    assert len(text) < 6_000
    assert HISTORY not in schema_text([MARKET])
