"""Each index is there because a query needs it: the plan of that query names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Connection

from backend.db.engine import Database
from backend.errors import QueryFailed
from backend.graph.client import explain, run_cypher
from backend.graph.labels import GRAPHS, HISTORY, MARKET

ETFS, STOCKS, DAYS = 200, 2_000, 30


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    """Both graphs, large enough for the planner to care: 4,000 edges now, 120,000 dated ones, 6,000 prices."""
    database = new_database()
    with database.connect("atlas_loader") as connection:
        for graph in (MARKET, HISTORY):
            _nodes(connection, graph, "ETF", ETFS)
            _nodes(connection, graph, "Stock", STOCKS)
            _nodes(connection, graph, "Asset", 500)
        for label in ("Company", "Tag", "Index", "Industry"):
            _nodes(connection, MARKET, label, 500, key="name")
        _edges(connection, MARKET, "HOLDS", "Stock", days=1)
        _edges(connection, MARKET, "TRADED", "Stock", days=5)
        for edge, label in (("MANAGED_BY", "Company"), ("TAGGED", "Tag"), ("TRACKS", "Index")):
            _edges(connection, MARKET, edge, label, days=1)
        _edges(connection, HISTORY, "HELD", "Stock", days=DAYS)
        _edges(connection, HISTORY, "TRADED", "Stock", days=DAYS)
        connection.execute(
            f"""
            INSERT INTO etf_history."Price" (properties)
            SELECT format('{{"code": "%s", "date": "%s"}}', lpad(e::text, 6, '0'), date '2026-01-01' + d)::agtype
            FROM generate_series(1, {ETFS}) AS e, generate_series(1, {DAYS}) AS d
            """
        )
        connection.execute(
            """
            INSERT INTO etf_history."HAS_PRICE" (start_id, end_id)
            SELECT e.id, p.id
            FROM etf_history."ETF" AS e
            JOIN etf_history."Price" AS p ON p.properties -> '"code"'::agtype = e.properties -> '"code"'::agtype
            """
        )
    with database.connect(autocommit=True) as connection:
        connection.execute("ANALYZE")
    return database


def _nodes(connection: psycopg.Connection, graph: str, label: str, count: int, key: str = "code") -> None:
    connection.execute(
        f"""
        INSERT INTO {graph}."{label}" (properties)
        SELECT format('{{"{key}": "%s"}}', lpad(n::text, 6, '0'))::agtype
        FROM generate_series(1, {count}) AS n
        """
    )


def _edges(connection: psycopg.Connection, graph: str, edge: str, end: str, *, days: int) -> None:
    """Join every ETF with twenty others, or fewer where there are not so many, on each of the days."""
    connection.execute(
        f"""
        INSERT INTO {graph}."{edge}" (start_id, end_id, properties)
        SELECT e.id, s.id, format('{{"date": "%s", "weight": 1.5}}', date '2026-01-01' + d)::agtype
        FROM (SELECT id, row_number() OVER () AS n FROM {graph}."ETF") AS e
        JOIN (SELECT id, row_number() OVER () AS n, count(*) OVER () AS total FROM {graph}."{end}") AS s
          ON (s.n * 7 + e.n) % (total / 20) = 0
        CROSS JOIN generate_series(1, {days}) AS d
        """
    )


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.engine("atlas_reader").connect() as connection:
        yield connection


@pytest.mark.parametrize(
    ("graph", "label", "key"),
    [(graph.name, node.name, node.key[0]) for graph in GRAPHS.values() for node in graph.nodes],
)
@pytest.mark.parametrize("form", ["inline", "where", "in"])
def test_a_node_is_found_by_its_key(connection: Connection, graph: str, label: str, key: str, form: str) -> None:
    cypher = {
        "inline": f"MATCH (n:{label} {{{key}: $key}}) RETURN n.{key}",
        "where": f"MATCH (n:{label}) WHERE n.{key} = $key RETURN n.{key}",
        "in": f"MATCH (n:{label}) WHERE n.{key} IN ['000001', '000002'] RETURN n.{key}",
    }[form]
    assert f"{graph}_{label.lower()}_key" in plan(connection, graph, cypher, key="000001")


def test_a_price_is_found_by_code_and_date(connection: Connection) -> None:
    cypher = "MATCH (p:Price {code: $code, date: $date}) RETURN p.close"
    text = plan(connection, HISTORY, cypher, code="000001", date="2026-01-05")
    assert "etf_history_price_key" in text
    assert "Seq Scan" not in text


def test_prices_of_an_etf_are_found_through_its_edges(connection: Connection) -> None:
    cypher = "MATCH (e:ETF {code: $code})-[:HAS_PRICE]->(p:Price) RETURN p.close"
    assert "etf_history_has_price_pair" in plan(connection, HISTORY, cypher, code="000001")


@pytest.mark.parametrize(
    ("cypher", "index"),
    [
        # Holders of a stock.
        ("MATCH (e:ETF)-[h:HOLDS]->(s:Stock {code: $code}) RETURN e.code, h.weight", "HOLDS_end_id_idx"),
        ("MATCH (e:ETF)-[h:HOLDS]->(s:Stock) WHERE s.code = $code RETURN e.code, h.weight", "HOLDS_end_id_idx"),
        # Holdings of an ETF.
        ("MATCH (e:ETF {code: $code})-[h:HOLDS]->(s:Stock) RETURN s.code, h.weight", "etf_graph_holds_pair"),
        ("MATCH (e:ETF)-[h:HOLDS]->(s:Stock) WHERE e.code = $code RETURN s.code, h.weight", "etf_graph_holds_pair"),
        # ETFs of a manager, a theme, an index; and the other way round.
        ("MATCH (e:ETF)-[:MANAGED_BY]->(c:Company {name: $code}) RETURN e.code", "MANAGED_BY_end_id_idx"),
        ("MATCH (e:ETF)-[:TAGGED]->(t:Tag {name: $code}) RETURN e.code", "TAGGED_end_id_idx"),
        ("MATCH (e:ETF)-[:TRACKS]->(i:Index {name: $code}) RETURN e.code", "TRACKS_end_id_idx"),
        ("MATCH (e:ETF {code: $code})-[:MANAGED_BY]->(c:Company) RETURN c.name", "etf_graph_managed_by_pair"),
        # What an ETF traded, and who traded a stock.
        ("MATCH (e:ETF {code: $code})-[t:TRADED]->(s:Stock) WHERE t.date = $date RETURN s.code", "traded_start_date"),
        ("MATCH (e:ETF)-[t:TRADED]->(s:Stock {code: $code}) WHERE t.date >= $date RETURN e.code", "traded_end_date"),
    ],
)
def test_the_market_is_read_through_indexes(connection: Connection, cypher: str, index: str) -> None:
    text = plan(connection, MARKET, cypher, code="000001", date="2026-01-05")
    assert index in text
    assert "Seq Scan" not in text


@pytest.mark.parametrize(
    ("cypher", "index"),
    [
        # Who held a stock on a day.
        ("MATCH (e:ETF)-[h:HELD]->(s:Stock {code: $code}) WHERE h.date = $date RETURN h.weight", "held_end_date"),
        ("MATCH (e:ETF)-[h:HELD {date: $date}]->(s:Stock {code: $code}) RETURN h.weight", "held_end_date"),
        # What an ETF held on a day, or over a period.
        ("MATCH (e:ETF {code: $code})-[h:HELD]->(s:Stock) WHERE h.date = $date RETURN h.weight", "held_start_date"),
        ("MATCH (e:ETF {code: $code})-[h:HELD]->(s) WHERE h.date >= $date RETURN h.weight", "held_start_date"),
        # One stock in one ETF over time.
        ("MATCH (e:ETF {code: $code})-[h:HELD]->(s:Stock {code: $code}) RETURN h.date, h.weight", "held_pair"),
        ("MATCH (e:ETF {code: $code})-[t:TRADED]->(s:Stock {code: $code}) RETURN t.date", "traded_pair"),
        ("MATCH (e:ETF {code: $code})-[t:TRADED]->(s:Stock) WHERE t.date = $date RETURN s.code", "traded_start_date"),
        ("MATCH (e:ETF)-[t:TRADED]->(s:Stock {code: $code}) WHERE t.date = $date RETURN e.code", "traded_end_date"),
    ],
)
def test_the_history_is_read_through_indexes(connection: Connection, cypher: str, index: str) -> None:
    text = plan(connection, HISTORY, cypher, code="000001", date="2026-01-05")
    assert index in text
    assert 'Seq Scan on "HELD"' not in text
    assert 'Seq Scan on "TRADED"' not in text


def plan(connection: Connection, graph: str, cypher: str, **parameters: str) -> str:
    return "\n".join(explain(connection, graph, cypher, parameters))


def test_an_inline_map_is_served_by_gin_where_containment_is_on(database: Database) -> None:
    with database.engine(None).connect() as connection:
        connection.exec_driver_sql("SET LOCAL age.enable_containment = on")
        text = plan(connection, MARKET, "MATCH (s:Stock {code: '000001'}) RETURN s.code")
    assert "etf_graph_stock_properties" in text


def test_the_database_has_the_labels_of_the_registry_and_no_others(connection: Connection) -> None:
    rows = connection.exec_driver_sql(
        """
        SELECT g.name, l.kind::text, l.name
        FROM ag_catalog.ag_label AS l
        JOIN ag_catalog.ag_graph AS g ON g.graphid = l.graph
        WHERE l.name NOT LIKE '\\_ag\\_label%%'
        """
    ).fetchall()
    expected = {(graph.name, "v", label) for graph in GRAPHS.values() for label in graph.labels}
    expected |= {(graph.name, "e", edge) for graph in GRAPHS.values() for edge in graph.edge_types}
    assert {tuple(row) for row in rows} == expected


@pytest.mark.parametrize("missing", ["{}", "{code: null}", "{name: 'x'}"])
def test_a_node_without_its_key_cannot_be_stored(empty_database: Database, missing: str) -> None:
    with empty_database.engine("atlas_loader").connect() as connection, pytest.raises(QueryFailed):
        run_cypher(connection, MARKET, f"CREATE (:ETF {missing})")
    with empty_database.connect("atlas_loader") as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute('INSERT INTO etf_graph."ETF" (properties) VALUES (\'{"name": "x"}\')')


def test_a_key_is_stored_once(empty_database: Database) -> None:
    with empty_database.engine("atlas_loader").connect() as connection:
        run_cypher(connection, MARKET, "CREATE (:ETF {code: '069500'})")
        with pytest.raises(QueryFailed, match="etf_graph_etf_key"):
            run_cypher(connection, MARKET, "CREATE (:ETF {code: '069500', name: 'twin'})")


def test_a_pair_has_one_holding_now(empty_database: Database) -> None:
    with empty_database.engine("atlas_loader").connect() as connection:
        run_cypher(connection, MARKET, "CREATE (:ETF {code: 'A'})-[:HOLDS]->(:Stock {code: 'B'})")
        with pytest.raises(QueryFailed, match="etf_graph_holds_pair"):
            run_cypher(connection, MARKET, "MATCH (e:ETF), (s:Stock) CREATE (e)-[:HOLDS]->(s)")


def test_edges_that_are_refreshed_daily_have_room_in_their_pages(connection: Connection) -> None:
    options = connection.exec_driver_sql(
        "SELECT reloptions FROM pg_class WHERE oid = 'etf_graph.\"HOLDS\"'::regclass"
    ).scalar_one()
    assert options == ["fillfactor=50"]
