"""Cypher through a real database: values go out as parameters and come back unchanged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from age.models import Edge, Path, Vertex
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from backend.db.engine import Database
from backend.errors import InvalidInput, QueryFailed, Unavailable
from backend.graph.client import QueryTimeout, Result, explain, run_cypher
from backend.graph.labels import MARKET
from backend.graph.tokens import CypherSyntaxError


@pytest.fixture(scope="module")
def database(new_database: Callable[[], Database]) -> Database:
    """A market of two ETFs and one stock."""
    database = new_database()
    with database.engine("atlas_loader").begin() as connection:
        run_cypher(
            connection,
            MARKET,
            """
            CREATE (:ETF {code: '069500', name: 'KODEX 200', fee: 0.15})-[:HOLDS {weight: 25.1}]->
                   (s:Stock {code: '005930', name: '삼성전자'}),
                   (:ETF {code: '102110', name: 'TIGER 200'})-[:HOLDS {weight: 24.9}]->(s)
            """,
        )
    return database


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.engine("atlas_app").connect() as connection:
        yield connection


text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)
nasty = st.sampled_from(
    [
        "$$",
        "$1",
        "%s %(x)s %",
        "'; DROP TABLE etfs; --",
        '"',
        "\\",
        "\\u0000",
        "{}::vertex",
        "1::numeric",
        "]::path",
        "NaN",
    ]
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**100]),
    st.floats(),
    st.decimals(allow_nan=False, min_value=Decimal(-(10**40)), max_value=Decimal(10**40)),
    st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("1E+400"), Decimal("1E-400")]),
    text,
    nasty,
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.one_of(text, nasty), inner, max_size=5)),
    max_leaves=25,
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values)
@example({"": [{"": [[], {}, None]}]})
@example([[[[[[[[[[[[[[[[[["깊다"]]]]]]]]]]]]]]]]]])
@example(["삼성전자 '우' \"B\"", "$$ $tag$ \\ \\n \x01 \x7f", "😀::vertex", -0.0, 5e-324, 1.7976931348623157e308])
def test_any_value_goes_out_as_a_parameter_and_comes_back_unchanged(connection: Connection, value: Any) -> None:
    result = run_cypher(
        connection, MARKET, "RETURN $value AS value, [$value] AS list, {key: $value} AS map", {"value": value}
    )
    assert _shown(result.rows[0][0]) == _shown(value)
    assert _shown(result.rows[0][1][0]) == _shown(value)
    assert _shown(result.rows[0][2]["key"]) == _shown(value)


def _shown(value: Any) -> Any:
    """Return what tells values apart that compare equal, such as 1 and 1.0 and True, or 0.0 and -0.0."""
    if isinstance(value, dict):
        return {key: _shown(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_shown(element) for element in value]
    if isinstance(value, Decimal) or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        return "exact", "NaN" if isinstance(value, Decimal) and value.is_nan() else Decimal(value).normalize()
    return type(value).__name__, repr(value)


def test_deep_nesting_comes_back_unchanged(connection: Connection) -> None:
    value: Any = math.inf
    for level in range(200):
        value = [value] if level % 2 else {"": value}
    assert run_cypher(connection, MARKET, "RETURN $value", {"value": value}).rows == [(value,)]


def test_text_that_cannot_be_stored_is_refused_before_it_is_sent(connection: Connection) -> None:
    for value in ("a\x00b", "\udc00"):
        with pytest.raises(InvalidInput):
            run_cypher(connection, MARKET, "RETURN $value", {"value": value})
    assert run_cypher(connection, MARKET, "RETURN 1").rows == [(1,)]


def test_vertices_edges_and_paths_come_back_as_such(connection: Connection) -> None:
    result = run_cypher(
        connection,
        MARKET,
        "MATCH p = (e:ETF {code: $code})-[h:HOLDS]->(s) RETURN e, h, p, [e, {s: s}] AS both",
        {"code": "069500"},
    )
    etf, holds, path, both = result.rows[0]
    assert isinstance(etf, Vertex)
    assert etf["name"] == "KODEX 200"
    assert isinstance(holds, Edge)
    assert (holds.start_id, holds["weight"]) == (etf.id, 25.1)
    assert isinstance(path, Path)
    assert [entity.label for entity in path] == ["ETF", "HOLDS", "Stock"]
    assert both[1]["s"]["name"] == "삼성전자"


@pytest.mark.parametrize(
    ("cypher", "columns"),
    [
        (
            "MATCH (e:ETF) RETURN e.name AS `이름, 전체`, 'a,b' AS 나, count(*) ;  // end",
            ["이름, 전체", "나", "count(*)"],
        ),
        ("MATCH p = (e:ETF)-[h]->(s) WITH *, 1 AS one RETURN *", ["e", "h", "s", "p", "one"]),
        ("MATCH (s:Stock), q = (e)-[]->(s), (e)-[h]->() UNWIND [1, 2] AS x RETURN *", ["s", "e", "q", "h", "x"]),
        ("MATCH (e:ETF) RETURN DISTINCT e.code, e.code ORDER BY e.code DESC LIMIT 1", ["e.code", "e.code_2"]),
        ("RETURN 1 AS a UNION RETURN 2 AS b", ["a"]),
        ("RETURN 5 % 3 AS percent, '100%' AS text, '%s' AS placeholder", ["percent", "text", "placeholder"]),
        ("RETURN '$$' AS dollars, 1 AS limit, 2 AS order", ["dollars", "limit", "order"]),
        ("MATCH (e:ETF) WHERE EXISTS { MATCH (e)-[]->(s) RETURN s } RETURN COUNT { (e)-->() } AS 개수", ["개수"]),
    ],
)
def test_the_database_returns_as_many_columns_as_return_names(
    connection: Connection, cypher: str, columns: list[str]
) -> None:
    result = run_cypher(connection, MARKET, cypher)
    assert result.columns == columns
    assert result.rows
    assert list(result.dicts()[0]) == columns


PIECES = [
    "1", "e", "'a, b'", '"c, d"', "`q, r`", "[1, 2]", "{a: 1, b: 2}", "(1)", "e.code", "count(*)", "5 % 3", "$$",
    "'$$'", ",", " AS x", "'", '"', "`", "``", "\\", "\\'", "/*", "*/", "//", "\n", " ", "\u00a0", "한", "[", ")",
    "{", "}", ";", " UNION RETURN 1, 2 ", " ORDER BY 1", "RETURN", " + ", "/* , */", "// , \n", "1..2", "1.", ".5",
    "0x1F", "'\\u002C'",
]  # fmt: skip
NUMBER_OF_COLUMNS_DIFFERS = "42804"


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_our_scanner_sees_the_columns_that_the_databases_scanner_sees(connection: Connection, items: str) -> None:
    sqlstate = None
    try:
        run_cypher(connection, MARKET, f"MATCH (e:ETF) RETURN 1 AS first, {items}")
    except CypherSyntaxError:
        return
    except QueryFailed as error:
        sqlstate = error.extra["sqlstate"]
        connection.rollback()
    assert sqlstate != NUMBER_OF_COLUMNS_DIFFERS


def test_a_query_without_return_gives_no_rows(empty_database: Database) -> None:
    with empty_database.engine("atlas_loader").begin() as connection:
        assert run_cypher(connection, MARKET, "CREATE (:Tag {name: $name})", {"name": "반도체"}) == Result([], [])
        assert run_cypher(connection, MARKET, "MATCH (t:Tag) RETURN t.name").rows == [("반도체",)]


def test_rows_are_cut_at_the_limit_and_the_result_says_so(connection: Connection) -> None:
    cut = run_cypher(connection, MARKET, "UNWIND range(1, 10) AS n RETURN n", limit=3)
    assert ([row[0] for row in cut.rows], cut.truncated) == ([1, 2, 3], True)
    whole = run_cypher(connection, MARKET, "UNWIND range(1, 3) AS n RETURN n", limit=3)
    assert (len(whole.rows), whole.truncated) == (3, False)


def test_rows_are_cut_at_the_size_in_their_order(connection: Connection) -> None:
    cypher = "UNWIND range(1, 1000) AS n RETURN n, 'x' ORDER BY n DESC"
    cut = run_cypher(connection, MARKET, cypher, limit=500, byte_limit=2_000)
    assert cut.truncated
    assert [row[0] for row in cut.rows] == list(range(1000, 1000 - len(cut.rows), -1))
    assert 10 < len(cut.rows) < 200
    huge = run_cypher(connection, MARKET, "RETURN reduce(s = 'x', i IN range(1, 22) | s + s) AS s", byte_limit=2_000)
    assert (huge.rows, huge.truncated) == ([], True)


@pytest.mark.parametrize(
    ("cypher", "sqlstate", "words", "at"),
    [
        ("MATCH (e:ETF) RETRN e.code", "42601", "RETRN", "RETRN"),
        ("MATCH (한글:ETF) RETURN 5 % 2, '%%', 없음.code", "42703", "없음", "없음"),
        ("MATCH (e:ETF) RETURN nosuch(e)", "42883", "nosuch", None),
        ("MATCH (e:ETF) RETURN 1 / 0", "22012", "division by zero", None),
    ],
)
def test_a_refusal_of_the_database_comes_in_its_own_words_with_the_place(
    connection: Connection, cypher: str, sqlstate: str, words: str, at: str | None
) -> None:
    for limits in ({}, {"limit": 5, "byte_limit": 1_000}):
        with pytest.raises(QueryFailed, match=words) as error:
            run_cypher(connection, MARKET, cypher, **limits)
        connection.rollback()
        assert error.value.extra["sqlstate"] == sqlstate
        assert "데이터베이스" in error.value.ko
        if at:
            assert cypher[error.value.extra["position"] - 1 :].startswith(at)


def test_a_time_limit_is_an_error_of_its_own(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL statement_timeout = 100")
    with pytest.raises(QueryTimeout):
        run_cypher(connection, MARKET, "UNWIND range(1, 1000000) AS x UNWIND range(1, 1000) AS y RETURN sum(x * y)")


def test_a_lost_connection_is_not_a_fault_of_the_query(database: Database) -> None:
    with database.engine("atlas_app").connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with database.connect(autocommit=True) as administrator:
            administrator.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(Unavailable):
            run_cypher(connection, MARKET, "RETURN 1")


def test_text_that_cannot_be_cut_into_tokens_never_reaches_the_database(connection: Connection) -> None:
    with pytest.raises(CypherSyntaxError):
        run_cypher(connection, MARKET, "RETURN 1 $$) AS (a agtype) UNION ALL SELECT '1'::agtype --")


@pytest.mark.parametrize("graph", ["no such", "x'; DROP TABLE etfs; --", "ab", ""])
def test_a_graph_has_a_plain_name(connection: Connection, graph: str) -> None:
    with pytest.raises(InvalidInput):
        run_cypher(connection, graph, "RETURN 1")


def test_dollar_tags_within_strings_do_not_end_the_quoting(connection: Connection) -> None:
    attempt = "$$, NULL) AS (a agtype) UNION ALL SELECT to_json(1)::text::agtype --"
    assert run_cypher(connection, MARKET, f"RETURN '{attempt}' AS a").rows == [(attempt,)]


def test_a_query_that_runs_often_is_prepared(database: Database) -> None:
    with database.engine("atlas_app").connect() as connection:
        for _ in range(8):
            run_cypher(connection, MARKET, "MATCH (e:ETF) WHERE e.code = $code RETURN e.name", {"code": "069500"})
        prepared = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%e.code = $code%%'"
        ).scalar_one()
    assert prepared == 1


def test_a_plan_is_shown_without_running_the_query(connection: Connection) -> None:
    plan = explain(connection, MARKET, "MATCH (e:ETF) WHERE e.code = $code RETURN 1 / 0", {"code": "069500"})
    assert any('on "ETF"' in line for line in plan)
