"""agtype text becomes Python values and the other way round, without a database."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal

import pytest
from age.builder import newResultHandler
from age.models import Edge, Path, Vertex
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import InvalidInput
from backend.graph.agtype import AgtypeError, decode, encode, plain

VERTEX = '{"id": 844424930131969, "label": "ETF", "properties": {"code": "069500", "fee": 0.15}}::vertex'
EDGE = '{"id": 3, "label": "HOLDS", "end_id": 2, "start_id": 1, "properties": {"weight": 25.1}}::edge'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (None, None),
        ("null", None),
        ("true", True),
        ("1", 1),
        ("-9223372036854775808", -(2**63)),
        ("1.0", 1.0),
        ("1e+300", 1e300),
        ("5e-324", 5e-324),
        ("Infinity", math.inf),
        ("-Infinity", -math.inf),
        ("1.50::numeric", Decimal("1.50")),
        ("-123456789012345678901234567890::numeric", Decimal("-123456789012345678901234567890")),
        ('"삼성전자"', "삼성전자"),
        ('"a\\"b\\\\c\\u0007\\n"', 'a"b\\c\x07\n'),
        ('""', ""),
        ("[]", []),
        ("{}", {}),
        ('{"": [1, {"a": null}]}', {"": [1, {"a": None}]}),
    ],
)
def test_values_are_decoded(text: str | None, value: object) -> None:
    decoded = decode(text)
    assert decoded == value
    assert type(decoded) is type(value)


def test_nan_is_a_number_and_not_its_name() -> None:
    number, name = decode('[NaN, "NaN"]')
    assert math.isnan(number)
    assert name == "NaN"


@pytest.mark.parametrize(
    "content", ["::vertex", "x}::vertex", "1::numeric", '{\\"id\\": 1}::edge', "]::path", "NaN", "a::b::edge"]
)
def test_an_annotation_within_a_string_stays_text(content: str) -> None:
    expected = content.replace('\\"', '"')
    assert decode(f'"{content}"') == expected
    assert decode(f'["{content}", NaN]')[0] == expected
    assert decode(f'{{"{content}": "{content}", "n": 1::numeric}}') == {expected: expected, "n": Decimal(1)}


def test_vertices_edges_and_paths_are_those_of_apache_age_python() -> None:
    vertex, edge = decode(VERTEX), decode(EDGE)
    assert isinstance(vertex, Vertex)
    assert (vertex.id, vertex.label, vertex.properties) == (844424930131969, "ETF", {"code": "069500", "fee": 0.15})
    assert isinstance(edge, Edge)
    assert (edge.id, edge.start_id, edge.end_id, edge.label, edge["weight"]) == (3, 1, 2, "HOLDS", 25.1)
    path = decode(f"[{VERTEX}, {EDGE}, {VERTEX}]::path")
    assert isinstance(path, Path)
    assert [type(entity) for entity in path] == [Vertex, Edge, Vertex]


def test_graph_values_are_found_within_lists_and_maps() -> None:
    decoded = decode(f'{{"a": [{VERTEX}], "b": {{"p": [[{VERTEX}, {EDGE}, {VERTEX}]::path]}}, "c": 1.5::numeric}}')
    assert isinstance(decoded["a"][0], Vertex)
    assert isinstance(decoded["b"]["p"][0], Path)
    assert decoded["c"] == Decimal("1.5")


def test_a_vertex_may_have_properties_that_are_no_json() -> None:
    vertex = decode('{"id": 1, "label": "ETF", "properties": {"x": NaN, "s": "}::vertex"}}::vertex')
    assert math.isnan(vertex["x"])
    assert vertex["s"] == "}::vertex"


@pytest.mark.parametrize("text", ["[" * 20_000 + "]" * 20_000, '{"a":' * 20_000 + "NaN" + "}" * 20_000])
def test_no_depth_of_nesting_is_too_much(text: str) -> None:
    value = decode(text)
    depth = 0
    while value and isinstance(value, list | dict):
        value = value[0] if isinstance(value, list) else value["a"]
        depth += 1
    assert depth >= 19_999


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "abc", "[1", "1]", "[1,]", "[,1]", "[1 2]", '{"a"}', '{"a":}', '{"a" 1}', '{1:2,"n":NaN}', "1 2",
        '{"a":NaN,}', '{"a":NaN:1}', "[NaN}", "{}::nothing", "[]::vertex", "{}::vertex", "{}::path", "x::numeric",
        '"open', "[NaN,,1]", "[1]::vertex", '"text"::edge', "NaN,NaN", ":", "::vertex",
    ],
)  # fmt: skip
def test_text_that_is_no_agtype_is_an_error_and_never_a_value(text: str) -> None:
    with pytest.raises(AgtypeError):
        decode(text)


def test_plain_values_are_what_json_can_carry() -> None:
    decoded = decode(
        f'[{VERTEX}, {{"h": {EDGE}}}, [{VERTEX}, {EDGE}, {VERTEX}]::path, 2::numeric, 0.5::numeric, NaN, "x"]'
    )
    etf, holds = {"code": "069500", "fee": 0.15}, {"weight": 25.1}
    assert plain(decoded) == [etf, {"h": holds}, [etf, holds, etf], 2, 0.5, None, "x"]
    assert plain([math.inf, Decimal("NaN"), True, None, 1.5]) == [None, None, True, None, 1.5]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 2**63 - 1}, '{"a":9223372036854775807}'),
        ({"a": 2**63}, '{"a":9223372036854775808::numeric}'),
        ({"a": 1.0, "b": -0.0}, '{"a":1.0,"b":-0.0}'),
        ({"a": math.nan, "b": math.inf, "c": -math.inf}, '{"a":NaN,"b":Infinity,"c":-Infinity}'),
        ({"a": Decimal("1.50")}, '{"a":1.50::numeric}'),
        ({"a": datetime.date(2026, 7, 8)}, '{"a":"2026-07-08"}'),
        ({"a": (1, [True, None])}, '{"a":[1,[true,null]]}'),
        ({}, "{}"),
    ],
)
def test_parameters_are_encoded(value: dict, text: str) -> None:
    assert encode(value) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\x00b", "NUL"),
        ("\ud83d", "surrogate"),
        ({"\x00": 1}, "NUL"),
        ({1: 2}, "keys"),
        ({None: 2}, "keys"),
        (object(), "object"),
        (b"bytes", "bytes"),
        ({1, 2}, "set"),
        (datetime.datetime(2026, 7, 8), "datetime"),
        (1j, "complex"),
        (Decimal("sNaN"), "NaN"),
    ],
)
def test_what_the_database_cannot_store_is_refused_with_its_reason(value: object, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refusal:
        encode({"value": value})
    assert refusal.value.ko != refusal.value.message


def test_a_value_nested_too_deep_is_refused() -> None:
    value: list = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(InvalidInput, match="nested too deep"):
        encode({"value": value})


# apache-age-python leaves escapes in strings as they are and knows no number beyond a float's range; on everything else
# the two must agree.
plain_text = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"\\'), max_size=20)
numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=False).map(
        lambda x: "Infinity" if x == math.inf else "-Infinity" if x == -math.inf else repr(x)
    ),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(lambda x: f"{x}::numeric"),
)
scalars = st.one_of(st.sampled_from(["null", "true", "false"]), numbers, plain_text.map(lambda text: f'"{text}"'))


def _list(items: list[str]) -> str:
    return "[" + ", ".join(items) + "]"


def _map(items: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in items.items()) + "}"


properties = st.dictionaries(plain_text, scalars, max_size=4).map(_map)
vertices = st.builds(
    lambda number, label, fields: f'{{"id": {number}, "label": "{label}", "properties": {fields}}}::vertex',
    st.integers(0, 2**63 - 1),
    plain_text,
    properties,
)
edges = st.builds(
    lambda number, fields: (
        f'{{"id": {number}, "label": "HOLDS", "end_id": 2, "start_id": {number}, "properties": {fields}}}::edge'
    ),
    st.integers(0, 2**63 - 1),
    properties,
)
paths = st.builds(lambda a, h, b: f"[{a}, {h}, {b}]::path", vertices, edges, vertices)
agtype_texts = st.recursive(
    st.one_of(scalars, vertices, edges, paths),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(_list), st.dictionaries(plain_text, inner, max_size=4).map(_map)
    ),
    max_leaves=12,
)


@given(agtype_texts)
def test_our_decoder_agrees_with_the_parser_of_apache_age_python(text: str) -> None:
    assert _comparable(decode(text)) == _comparable(newResultHandler().parse(text))


def _comparable(value: object) -> object:
    if isinstance(value, Vertex):
        return "vertex", value.id, value.label, _comparable(value.properties)
    if isinstance(value, Edge):
        return "edge", value.id, value.label, value.start_id, value.end_id, _comparable(value.properties)
    if isinstance(value, Path):
        return "path", [_comparable(entity) for entity in value]
    if isinstance(value, dict):
        return {key: _comparable(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_comparable(element) for element in value]
    return type(value).__name__, repr(value)
