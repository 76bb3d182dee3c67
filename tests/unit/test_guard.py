"""What the guard lets pass, what it refuses, and that a refusal says what to write instead."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cypher.guard import check, warnings
from backend.errors import QueryRefused
from backend.graph.labels import HISTORY, MARKET

READS = [
    "MATCH (e:ETF)-[h:HOLDS]->(s:Stock {code: '005930'}) RETURN e.name AS 이름, h.weight AS `비중 %` LIMIT 10;",
    "MATCH (e:ETF)-[h:HOLDS]->(s:Stock) WHERE s.code = $stock AND e.active RETURN count(DISTINCT e) AS n",
    "MATCH (e:ETF) WHERE e.name CONTAINS 'DELETED' RETURN e.name",
    "MATCH (e:ETF) WHERE e.name = 'CREATE; SET x = 1 :: text pg_catalog.version()' RETURN e.name",
    "MATCH (e:ETF) /* DELETE e; */ RETURN e.name // SET e.x = 1",
    "MATCH (e:ETF) RETURN e.name AS 삭제, e.code AS `set`, e.fee AS create",
    "MATCH (e:ETF {code: $a})-[x:HOLDS]->(s)<-[y:HOLDS]-(f:ETF {code: $b}) "
    "WITH s, CASE WHEN x.weight < y.weight THEN x.weight ELSE y.weight END AS w RETURN sum(w)",
    "MATCH (e:ETF)-[h:HOLDS]->(s) WITH e, collect({code: s.code, w: h.weight}) AS xs UNWIND xs AS x RETURN e.code, x.w",
    "MATCH p = (e:ETF)-[:HOLDS*1..3]->(s:Stock) RETURN length(p) ORDER BY length(p) LIMIT 1",
    "MATCH (e:ETF)-[:HOLDS*2]->(s:Stock) RETURN s.code",
    "MATCH (e:ETF) WHERE NOT (e)-[:TAGGED]->(:Tag {name: '반도체'}) RETURN e{.code, .name, x: 1}",
    "MATCH (e:ETF) WHERE EXISTS { MATCH (e)-[:HOLDS]->(s:Stock) RETURN 1 } RETURN COUNT { (e)-[:HOLDS]->() }",
    "MATCH (e:ETF) RETURN [x IN collect(e.code) WHERE x STARTS WITH '0' | x + '%'] AS xs",
    "MATCH (e:ETF) RETURN e.code AS code UNION ALL MATCH (s:Stock) RETURN s.code AS code",
    "UNWIND $rows AS row MATCH (e:ETF {code: row.anything}) RETURN e.name, row.other",
    "MATCH (e:ETF)-[h:HOLDS]->(s) WITH e, h ORDER BY h.date DESC WITH e, head(collect(h)) AS latest "
    "RETURN e.code, latest.weight",
    "MATCH (c:Company)<-[:MANAGED_BY]-(e:ETF) RETURN c.name, count(*) AS count ORDER BY count DESC",
    "MATCH (e:ETF) WHERE (e.fee < 0.1 AND e.aum > 1e12) OR NOT (e.active) RETURN round(e.aum / 1e8, 1)",
    "MATCH (e:ETF)-[h:HOLDS]->(s) RETURN e.name, reduce(t = 0.0, w IN collect(h.weight) | t + w) AS order",
    "MATCH (e:ETF)-[t:TRADED]->(s:Stock) WHERE any(x IN ['new'] WHERE x = t.action) RETURN s.name",
    "MATCH (e)-[h]->(s) WHERE type(h) IN ['HOLDS'] AND label(s) = 'Stock' AND e.code = '069500' RETURN s.name",
    "WITH ['005930', '000660'] AS codes MATCH (s:Stock) WHERE s.code IN codes RETURN s.name, codes[0], codes[0..1]",
    "OPTIONAL MATCH (e:ETF {code: '069500'}) RETURN e IS NULL, -1 * 2 % 3 ^ 4, e.name =~ '.*200'",
    "MATCH (e:ETF)-[:HOLDS]->(s:Stock) WITH s AS e MATCH (e)-[:IN_INDUSTRY]->(i:Industry) RETURN e.market, i.name",
    "MATCH (x:ETF)-[:HOLDS]->(s:Stock) RETURN x.fee AS a UNION MATCH (x:Stock)-[:IN_INDUSTRY]->() RETURN x.market AS a",
    "RETURN 1",
]


@pytest.mark.parametrize("cypher", READS)
def test_a_plain_read_passes(cypher: str) -> None:
    check(cypher, MARKET)


@pytest.mark.parametrize(
    ("cypher", "shown"),
    [
        ("MATCH (e:ETF) RETURN e.name ORDER BY e.aum DESC LIMIT 3", "e.aum"),
        ("MATCH (e:ETF) WITH e ORDER BY e.name, e.aum desc LIMIT 3 RETURN e.name", "e.aum"),
        ("MATCH (e:ETF)-[h:HOLDS]->(s) RETURN s.name, h.weight AS 비중 ORDER BY 비중 DESCENDING", "h.weight"),
        ("MATCH (e:ETF) RETURN e.name ORDER BY e.aum", None),
        ("MATCH (e:ETF) RETURN e.name ORDER BY e.name DESC, e.code DESC", None),
        ("MATCH (e:ETF) WHERE e.aum IS NOT NULL RETURN e.name ORDER BY e.aum DESC", None),
        ("MATCH (e:ETF) WHERE e.aum > 0 RETURN e.name ORDER BY e.aum DESC", None),
        ("MATCH (e:ETF) RETURN e.name ORDER BY e.aum IS NULL, e.aum DESC", None),
        ("MATCH (e:ETF)-[h:HOLDS]->(s) RETURN s.name, sum(h.weight) AS w ORDER BY w DESC", None),
    ],
)
def test_an_order_with_the_unknown_on_top_passes_with_a_warning(cypher: str, shown: str | None) -> None:
    check(cypher, MARKET)
    assert [warning.split()[0] for warning in warnings(cypher, MARKET)] == ([shown] if shown else [])


def test_the_history_has_labels_of_its_own() -> None:
    check("MATCH (e:ETF)-[h:HELD]->(s:Stock) WHERE h.date >= '2026-01-01' RETURN e.code, h.weight", HISTORY)
    check("MATCH (e:ETF)-[:HAS_PRICE]->(p:Price) RETURN p.date, p.close", HISTORY)
    with pytest.raises(QueryRefused) as refusal:
        check("MATCH (e:ETF)-[h:HELD]->(s:Stock) RETURN e.code", MARKET)
    assert "etf_history" in refusal.value.advice
    with pytest.raises(QueryRefused) as refusal:
        check("MATCH (e:ETF) RETURN e.fee", HISTORY)
    assert "etf_graph" in refusal.value.advice


@pytest.mark.parametrize(
    "cypher",
    [
        "CREATE (n:ETF {code: 'x'})",
        "MATCH (n:ETF) CREATE (n)-[:HOLDS]->(n)",
        "MERGE (n:ETF {code: 'x'}) RETURN n",
        "MATCH (n:ETF) SET n.code = 'x'",
        "MATCH (n:ETF) SET n.code = 'x' RETURN n",
        "MATCH (n:ETF) set n += {code: 'x'} RETURN n",
        "MATCH (n:ETF) SeT/**/n.code = 'x' RETURN n",
        "MATCH (n:ETF) REMOVE n.code RETURN n",
        "MATCH (n:ETF) DELETE n",
        "MATCH (n:ETF) DETACH DELETE n",
        "MATCH (n:ETF) FOREACH (x IN [1] | SET n.code = 'x')",
        "DROP GRAPH etf_graph",
        "LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row",
        "MATCH (n:ETF) RETURN n.code UNION MATCH (n:ETF) DELETE n",
        "RETURN 'x' AS a // comment\nDELETE a",
    ],
)
def test_whatever_writes_is_refused(cypher: str) -> None:
    assert "MATCH" in advice_for(cypher) or "UNWIND" in advice_for(cypher)


@pytest.mark.parametrize(
    "cypher",
    [
        "RETURN 'x'::text",
        "RETURN '1' :: pg_bigint",
        "RETURN 1:: /* */ int",
        "MATCH (e:ETF) RETURN e.name || ' x'",
        "MATCH (e:ETF) WHERE e ? 'code' RETURN e.name",
        "RETURN pg_catalog.set_config('statement_timeout'::text, '0'::text, false::bool)",
    ],
)
def test_typecasts_and_operators_on_maps_are_refused(cypher: str) -> None:
    advice_for(cypher)


@pytest.mark.parametrize(
    "cypher",
    [
        "RETURN pg_catalog.version()",
        "RETURN pg_catalog . version ( )",
        "RETURN pg_catalog/**/./**/version/**/()",
        "RETURN pg_catalog // x\n . // y\n version()",
        "RETURN `pg_catalog`.`version`()",
        "RETURN `pg_catalog` . `version` ()",
        "RETURN ag_catalog.age_abs(-1)",
        "MATCH (e:ETF) WHERE pg_catalog.version() = '' RETURN e.code",
        "MATCH (e:ETF) RETURN apoc.text.join([e.code], ',')",
        "RETURN 1 OPERATOR(pg_catalog.+) 2",
        "RETURN 1 operator /**/ (pg_catalog.+) 2",
    ],
)
def test_qualified_calls_are_refused_however_they_are_spaced(cypher: str) -> None:
    advice_for(cypher)


@pytest.mark.parametrize(
    "call", ["pg_sleep(1)", "`pg_sleep`(1)", "`count`(1)", "graph_stats('etf_graph')", "vertex_stats(e)", "age_abs(1)"]
)
def test_functions_that_are_not_on_the_list_are_refused_with_the_list(call: str) -> None:
    assert "tolower" in advice_for(f"MATCH (e:ETF) RETURN {call}")


@pytest.mark.parametrize(
    "cypher",
    [
        "RETURN 1 $$) AS (a agtype) UNION ALL SELECT 1 --",
        "RETURN 1 AS a$$b",
        "RETURN 1 AS `a$$b`",
        "RETURN '$$'",
        "RETURN 1 $x$",
        "RETURN 1 AS a$tag$",
    ],
)
def test_dollar_quoting_is_refused(cypher: str) -> None:
    advice_for(cypher)


@pytest.mark.parametrize(
    ("cypher", "advice"),
    [
        ("MATCH (e:Fund) RETURN e", "ETF"),
        ("MATCH (e:etf) RETURN e", "ETF"),
        ("MATCH (e:ETF)-[:OWNS]->(s) RETURN s.code", "HOLDS"),
        ("MATCH (e:_ag_label_vertex) RETURN e", "ETF"),
        ("MATCH (e:ETF) RETURN e.price", "close"),
        ("MATCH (s:Stock) RETURN s.fee", "ETF"),
        ("MATCH (s:Stock {ticker: 'x'}) RETURN s.code", "code"),
        ("MATCH (e:ETF)-[h:HOLDS {quantity: 1}]->(s) RETURN s.code", "shares"),
        ("MATCH (e:ETF) RETURN e{.code, .ticker}", "code"),
        ("MATCH (e:ETF)-[h:HOLDS]->(s) WITH s AS x RETURN x.nothing", "name"),
        ("MATCH (s:Stock)-[:HOLDS]->(e:ETF) RETURN e.code", "(:ETF)-[:HOLDS]->"),
        ("MATCH (e:ETF)<-[:HOLDS]-(s:Stock) RETURN e.code", "(:ETF)-[:HOLDS]->"),
        ("MATCH (e:ETF) MATCH (s:Stock) WHERE (s)-[:HOLDS]->(e) RETURN e.code", "(:ETF)-[:HOLDS]->"),
    ],
)
def test_what_the_graph_does_not_have_is_refused_with_what_it_has(cypher: str, advice: str) -> None:
    assert advice in advice_for(cypher)


@pytest.mark.parametrize(
    "cypher",
    [
        "MATCH (e:ETF)-[:HOLDS*]->(s) RETURN s.code",
        "MATCH (e:ETF)-[:HOLDS*1..]->(s) RETURN s.code",
        "MATCH (e:ETF)-[:HOLDS*1..9]->(s) RETURN s.code",
        "MATCH (e:ETF)-[h:HOLDS * .. 9]->(s) RETURN s.code",
        "MATCH (e:ETF)-[*..9]->(s) RETURN s.code",
        "MATCH (e:ETF)<-[h*]-(s) RETURN s.code",
        "MATCH (e:ETF)-[*9]-(s) RETURN s.code",
        "MATCH (e:ETF)-[*0x99]-(s) RETURN s.code",
        "MATCH (e:ETF) WHERE EXISTS { (e)-[:HOLDS*]->() } RETURN e.code",
    ],
)
def test_a_path_needs_an_upper_bound(cypher: str) -> None:
    assert "*1..4" in advice_for(cypher)


def test_the_history_has_no_paths_of_variable_length() -> None:
    with pytest.raises(QueryRefused) as refusal:
        check("MATCH (e:ETF)-[:HELD*1..2]->(s) RETURN s.code", HISTORY)
    assert "etf_graph" in refusal.value.advice


@pytest.mark.parametrize(
    ("cypher", "advice"),
    [
        ("MATCH (e:ETF|Stock) RETURN e", "label(n) IN"),
        ("MATCH (e:ETF:Stock) RETURN e", "label(n) IN"),
        ("MATCH (e)-[:HOLDS|TRADED]->(s) RETURN s.code", "type(h) IN"),
        ("MATCH (e)-[:HOLDS|:TRADED]->(s) RETURN s.code", "type(h) IN"),
        ("MATCH (e) WHERE e:ETF RETURN e.code", "label(n) ="),
        ("MATCH (e) WHERE e.code = 'x' AND (e:ETF OR e:Stock) RETURN e.code", "label(n) ="),
        ("MATCH p = shortestPath((e:ETF)-[:HOLDS*1..3]->(s:Stock)) RETURN p", "length(p)"),
        ("MATCH (e:ETF) WHERE e.listed > date('2026-01-01') RETURN e.code", "ISO strings"),
        ("MATCH (e:ETF) WHERE e.listed > datetime() - duration('P1D') RETURN e.code", "ISO strings"),
        ("MATCH (e:ETF) RETURN [(e)-[:HOLDS]->(s) | s.code]", "collect"),
        ("MATCH (e:ETF) RETURN [p = (e)-[:HOLDS]->(s) | s.code]", "collect"),
        ("MATCH (e:ETF) CALL { WITH e MATCH (e)-[:HOLDS]->(s) RETURN s } RETURN s", "EXISTS { }"),
        ("CALL db.labels() YIELD label RETURN label", "MATCH"),
        ("MATCH (e:ETF) WHERE e.code != 'x' RETURN e.code", "<>"),
        ("MATCH (e:!ETF) RETURN e", "NOT"),
        ("MATCH (e:ETF) RETURN lower(e.name)", "toLower"),
    ],
)
def test_what_only_neo4j_knows_is_refused_with_the_way_round_it(cypher: str, advice: str) -> None:
    assert advice in advice_for(cypher)


@pytest.mark.parametrize(
    "cypher",
    [
        "",
        "   // nothing\n",
        ";",
        "SELECT 1",
        "EXPLAIN MATCH (e:ETF) RETURN e",
        "MATCH (e:ETF)",
        "MATCH (e:ETF) RETURN e.code; MATCH (s:Stock) RETURN s.code",
        "MATCH (e:ETF) RETURN e.code;;",
        "MATCH (e:ETF) RETURN e.code UNION MATCH (s:Stock)",
        "MATCH (e:ETF RETURN e",
        "MATCH (e:ETF)) RETURN e",
        "MATCH (e:ETF] RETURN e",
        "MATCH (e: ) RETURN e",
        "RETURN 'abc",
        "RETURN 1 /* abc",
        "RETURN " + "(" * 100 + "1" + ")" * 100,
        "RETURN '" + "x" * 20_000 + "'",
    ],
)
def test_what_is_no_single_query_is_refused(cypher: str) -> None:
    advice_for(cypher)


@pytest.mark.parametrize(
    ("cypher", "instead_of", "write"),
    [
        ("MATCH (e:ETF|Fund) RETURN e.name", "(e:ETF|Fund)", "(e)"),
        ("MATCH (e)-[h:HOLDS|TRADED]->(s) RETURN s.code", "[h:HOLDS|TRADED]", "[h]"),
        ("MATCH (e) WHERE e:ETF RETURN e.code", "e:ETF", "label(e) = 'ETF'"),
        ("MATCH (e:ETF) WHERE e.listed > date('2026-01-01') RETURN e.code", "date('2026-01-01')", "'2026-01-01'"),
        ("MATCH (e:ETF) WHERE e.listed > datetime('2026-01-01T00:00') RETURN 1", "datetime('2026-01-01T00:00')", "'2026-01-01'"),
        ("MATCH (e:ETF) WHERE e.code != 'x' RETURN e.code", "!=", "<>"),
        ("MATCH (e:ETF) RETURN e.expense_ratio", "expense_ratio", "fee"),
        ("MATCH (e:ETF) RETURN e.nmae", "nmae", "name"),
        ("MATCH (f:Fund) RETURN f.name", "Fund", "ETF"),
        ("MATCH (e:ETF)-[:CONTAINS]->(s) RETURN s.name", "CONTAINS", "HOLDS"),
        ("MATCH (s:Stock)-[h:HOLDS]->(e:ETF) RETURN e.code", "-[h:HOLDS]->", "<-[h:HOLDS]-"),
        ("MATCH (e:ETF)<-[h:HOLDS]-(s:Stock) RETURN e.code", "<-[h:HOLDS]-", "-[h:HOLDS]->"),
        ("MATCH (e:ETF)-[h:HOLDS]-(s:Stock) RETURN e.code", "-[h:HOLDS]-", "-[h:HOLDS]->"),
        ("MATCH (c:Company)-[:MANAGED_BY]-(e:ETF) RETURN e.code", "-[:MANAGED_BY]-", "<-[:MANAGED_BY]-"),
        ("MATCH (e:ETF) WHERE e.code = 69500 RETURN e.name", "e.code = 69500", "e.code = '069500'"),
        ("MATCH (e:ETF) WHERE e.listed >= 20260101 RETURN e.name", "e.listed >= 20260101", "e.listed >= '2026-01-01'"),
        ("MATCH (e:ETF) WHERE e.listed >= '2026.01.01' RETURN e.name", "e.listed >= '2026.01.01'", "e.listed >= '2026-01-01'"),
        ("MATCH (e:ETF) WHERE e.fee < '0.1' RETURN e.name", "e.fee < '0.1'", "e.fee < 0.1"),
        ("MATCH (e:ETF) WHERE e.active = 'Y' RETURN e.name", "e.active = 'Y'", "e.active = true"),
        ("MATCH (e:ETF)-[t:TRADED]->(s) WHERE t.action = 'buy' RETURN s.name", "t.action = 'buy'", "t.action = 'new'"),
        ("MATCH (e:ETF) RETURN lower(e.name)", "lower(", "toLower("),
    ],
)  # fmt: skip
def test_a_refusal_names_the_piece_and_its_correction(cypher: str, instead_of: str, write: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        check(cypher, MARKET)
    extra = refusal.value.extra
    assert (extra["instead_of"], extra["write"]) == (instead_of, write)
    assert extra["instead_of"] in cypher
    assert extra["near"] in cypher


@pytest.mark.parametrize(
    "cypher",
    [
        "UNWIND range(0, 9) AS i RETURN i",
        "MATCH (e:ETF) WITH collect(e.code) AS codes UNWIND range(1, size(codes) - 1) AS i RETURN codes[i]",
        "MATCH (e:ETF)-[h:HOLDS]->(s) WITH collect(h.weight) AS w RETURN reduce(t = 0.0, x IN w | t + x) AS total",
        "MATCH (e:ETF) WHERE e.name =~ '(?i).*kodex.*' RETURN e.name",
        "MATCH (e:ETF) RETURN replace(e.name, 'KODEX', '코덱스') AS n",
        "MATCH (e:ETF) RETURN e.name + ' (' + e.code + ')' AS n",
        "MATCH (a:ETF)-[:HOLDS*1..2]-(b) WHERE a.code = '069500' RETURN count(*) AS n",
        "MATCH (e:ETF) WHERE e.listed >= '2026' AND e.fee + 0.1 > 1 RETURN [x IN ['a'] WHERE x IN ['a']] AS n",
        "MATCH (p:ETF)-[:HOLDS]-(q:ETF) RETURN p.code, q.code",
    ],
)
def test_what_stays_small_passes(cypher: str) -> None:
    check(cypher, MARKET)


@pytest.mark.parametrize(
    ("cypher", "word"),
    [
        ("MATCH (e:ETF) WHERE e.fee = NULL RETURN e.name", "IS NULL"),
        ("MATCH (e:ETF) WHERE e.fee <> NULL RETURN e.name", "IS NOT NULL"),
        ("MATCH (e:ETF) RETURN count(e) / 3 AS n", "remainder"),
        ("MATCH (e:ETF) RETURN e.aum / 100000000 AS n", "remainder"),
    ],
)
def test_what_is_legal_and_hardly_meant_passes_with_a_warning(cypher: str, word: str) -> None:
    check(cypher, MARKET)
    assert any(word in warning for warning in warnings(cypher, MARKET))


def test_an_unknown_graph_is_refused() -> None:
    with pytest.raises(QueryRefused):
        check("RETURN 1", "ag_catalog")


@given(st.text(max_size=60))
def test_no_text_breaks_the_guard(text: str) -> None:
    with suppress(QueryRefused):
        check(text, MARKET)


WORDS = """
    MATCH OPTIONAL WITH RETURN WHERE UNWIND AS IN UNION ALL ORDER BY LIMIT NOT EXISTS COUNT SET CREATE DELETE CALL
    e s h ETF Stock HOLDS code name ( ) [ ] { } - > < : :: . .. * , ; | = + 1 2 'x' $p `q` count exists collect
"""


@given(st.lists(st.sampled_from(WORDS.split()), max_size=25).map(" ".join))
def test_no_order_of_cyphers_words_breaks_the_guard(text: str) -> None:
    with suppress(QueryRefused):
        check(text, MARKET)


def advice_for(cypher: str) -> str:
    """Return the advice that comes with the refusal; fails if the query passes."""
    with pytest.raises(QueryRefused) as refusal:
        check(cypher, MARKET)
    assert refusal.value.advice
    assert refusal.value.ko
    return refusal.value.advice
