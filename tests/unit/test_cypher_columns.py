"""The names of a query's columns, and the tokens that they are read from."""

from __future__ import annotations

import pytest

from backend.graph.columns import column_names
from backend.graph.tokens import CypherSyntaxError, Kind, tokenize


@pytest.mark.parametrize(
    ("cypher", "columns"),
    [
        ("MATCH (e:ETF) RETURN e.name", ["e.name"]),
        ("MATCH (e:ETF) RETURN e.name AS 이름, e.fee as 총보수", ["이름", "총보수"]),
        ("MATCH (e:ETF) RETURN e.name AS `ETF 이름, 전체`, e.fee AS `a``b`", ["ETF 이름, 전체", "a`b"]),
        ("MATCH (e) RETURN e", ["e"]),
        ("MATCH (`내 펀드`:ETF) RETURN `내 펀드`", ["내 펀드"]),
        ("MATCH (e) RETURN DISTINCT e.name, count(*)", ["e.name", "count(*)"]),
        ("RETURN 1 AS a, 2 AS a, 3 AS a", ["a", "a_2", "a_3"]),
        ("RETURN 1 AS a, 2 AS a_2, 3 AS a", ["a", "a_2", "a_3"]),
        ("RETURN 'a, b' AS x, \"c, d\", [1, 2], {a: 1, b: [2, 3]}", ["x", '"c, d"', "[1, 2]", "{a: 1, b: [2, 3]}"]),
        ("RETURN coalesce(a, b, (c + d)) , 2", ["coalesce(a, b, (c + d))", "2"]),
        ("RETURN 'RETURN x' AS a /* RETURN 1, 2, 3 */ // RETURN 4, 5\n, 2 AS b", ["a", "b"]),
        ("RETURN e.a /* why */ +\n\t 1", ["e.a + 1"]),
        ("RETURN 1 AS x ORDER BY x, 2 DESC SKIP 1 LIMIT 3", ["x"]),
        ("RETURN 1 AS a, 2 AS b UNION ALL RETURN 3 AS c, 4 AS d", ["a", "b"]),
        ("MATCH (e) WHERE EXISTS { MATCH (e)-->(s) RETURN s } RETURN COUNT { (e)-->() } AS n", ["n"]),
        ("MATCH (e) WITH e.code AS code, e RETURN *", ["code", "e"]),
        ("MATCH p = (n:ETF)-[h]->(m {code: 'x'}) RETURN *", ["n", "h", "m", "p"]),
        (
            "MATCH (z), q = (m)-[]->(z), (m)-[h]->() UNWIND [1, 2] AS x RETURN *, 1 AS one",
            ["z", "m", "q", "h", "x", "one"],
        ),
        ("MATCH (a)-->(b) WITH *, a.x AS x WHERE x > 1 RETURN *", ["a", "b", "x"]),
        ("MATCH (e) WHERE e.name STARTS WITH 'A' AND e.name ENDS WITH 'B' RETURN e.code", ["e.code"]),
        ("RETURN 1 AS limit, 2 AS order, 3 AS set", ["limit", "order", "set"]),
        ("RETURN CASE WHEN true THEN 1 ELSE 2 END AS c, [x IN [1] WHERE x > 0 | x * 2] AS d", ["c", "d"]),
        (
            "RETURN reduce(total = 0, x IN [1, 2] | total + x), e{.code, .name, x: 1}",
            ["reduce(total = 0, x IN [1, 2] | total + x)", "e{.code, .name, x: 1}"],
        ),
        ("RETURN 1;", ["1"]),
        ("return 1 as a, 2", ["a", "2"]),
        ("CREATE (:Tag {name: 'x'})", []),
        ("MATCH (t:Tag) SET t.theme = 'RETURN 1'", []),
        ("", []),
    ],
)
def test_columns_are_named_by_return(cypher: str, columns: list[str]) -> None:
    assert column_names(cypher, tokenize(cypher)) == columns


def test_tokens_carry_their_place_and_value() -> None:
    tokens = tokenize("MATCH (`a``b`) /* ) */ RETURN 'it\\'s' + $값, 1..2 // end")
    assert [(token.kind, token.value) for token in tokens] == [
        (Kind.NAME, "MATCH"),
        (Kind.SYMBOL, "("),
        (Kind.QUOTED_NAME, "a`b"),
        (Kind.SYMBOL, ")"),
        (Kind.NAME, "RETURN"),
        (Kind.STRING, "it\\'s"),
        (Kind.SYMBOL, "+"),
        (Kind.PARAMETER, "값"),
        (Kind.SYMBOL, ","),
        (Kind.NUMBER, "1"),
        (Kind.SYMBOL, ".."),
        (Kind.NUMBER, "2"),
    ]


def test_a_backslash_escapes_a_quote_and_a_second_quote_does_not() -> None:
    assert [token.text for token in tokenize(r"'a\'b' 'c\\' 'd''e'")] == [r"'a\'b'", r"'c\\'", "'d'", "'e'"]


def test_a_no_break_space_is_part_of_a_name_as_in_apache_age() -> None:
    assert [token.text for token in tokenize("a\u00a0b c")] == ["a\u00a0b", "c"]


def test_comments_do_not_nest() -> None:
    assert [token.text for token in tokenize("/* /* */ 1 /***/ 2")] == ["1", "2"]


@pytest.mark.parametrize(
    ("cypher", "position"),
    [
        ("RETURN 'abc", 8),
        ('RETURN "abc', 8),
        ("RETURN `abc", 8),
        ("RETURN 1 /* abc", 10),
        ("RETURN 1 $$", 10),
        ("RETURN 1 != 2", 10),
        ("RETURN 'a\x00b'", 10),
        ("RETURN '\ud83d'", 9),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_position(cypher: str, position: int) -> None:
    with pytest.raises(CypherSyntaxError) as error:
        tokenize(cypher)
    assert error.value.extra["position"] == position
