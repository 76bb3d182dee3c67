"""A query's patterns held against what the graph has: labels, edge types, directions, lengths, properties.

Apache AGE answers a question about a label or property that does not exist, or along an edge the wrong way round, with
nothing at all. That would read as "no such fund", so such questions are refused with what does exist.
"""

from __future__ import annotations

from agent.cypher.pattern_corrections import (
    EDGE_WORDS,
    LABEL_WORDS,
    PROPERTY_WORDS,
    arrow_correction,
    choice_correction,
    edge_runs,
    nearest_correction,
)
from agent.cypher.text import Bracket, CypherText, refuse_at
from backend.graph.labels import GRAPHS, Graph
from backend.graph.tokens import Kind, Token


def check_patterns(text: CypherText) -> None:
    """Raise QueryRefused with advice where a pattern asks for what the graph does not have."""
    variables = _check_labels(text)
    for name in _rebound(text):
        variables.pop(name, None)
    for index, bracket in text.brackets.items():
        if bracket is Bracket.EDGE:
            _check_length(text, index)
            _check_direction(text, index, variables)
        elif bracket is Bracket.LIST:
            _check_comprehension(text, index)
    _check_properties(text, variables)


def _check_labels(text: CypherText) -> dict[str, set[str]]:
    """Check every label and edge type, and return those of each variable."""
    variables: dict[str, set[str]] = {}
    for index, token in enumerate(text.tokens):
        if not token.is_symbol(":") or text.within(index) is Bracket.MAP:
            continue
        opener = text.inside[index]
        around = text.within(index)
        named = text.is_name(index - 1) and index - 2 == opener
        if around not in (Bracket.GROUP, Bracket.EDGE) or not (named or index - 1 == opener):
            _refuse_label_expression(text, index, token)
        name = text.token(index + 1)
        if name is None or not name.is_name:
            refuse_at(
                token, "a label is missing after the colon", "콜론 뒤에 라벨이 없습니다.", "Write (n:ETF) or [h:HOLDS]."
            )
        if text.is_symbol(index + 2, "|", ":", "&"):
            _refuse_label_choice(token, edge=around is Bracket.EDGE, correction=choice_correction(text, opener))
        _check_known(text.graph, name, edge=around is Bracket.EDGE)
        if named:
            variables.setdefault(text.tokens[index - 1].value, set()).add(name.value)
    return variables


def _refuse_label_expression(text: CypherText, index: int, token: Token) -> None:
    if text.is_symbol(index - 1, "|") or (text.is_name(index - 1) and text.is_symbol(index - 2, ":")):
        _refuse_label_choice(
            token, edge=text.within(index) is Bracket.EDGE, correction=choice_correction(text, text.inside[index])
        )
    tested = text.is_name(index - 1) and text.is_name(index + 1)
    refuse_at(
        token,
        "a label cannot be tested with a colon outside MATCH's patterns",
        "라벨 조건을 이렇게 쓸 수 없습니다.",
        "Put the label into the pattern, as in MATCH (n:ETF), or compare label(n) = 'ETF'.",
        (text.piece(index - 1, index + 1), f"label({text.tokens[index - 1].text}) = '{text.tokens[index + 1].value}'")
        if tested
        else None,
    )


def _refuse_label_choice(token: Token, *, edge: bool, correction: tuple[str, str] | None) -> None:
    advice = (
        "Leave the type out and compare type(h) IN ['HOLDS', 'TRADED'], or join two queries with UNION."
        if edge
        else "Leave the label out and compare label(n) IN ['Stock', 'ETF'], or join two queries with UNION."
    )
    refuse_at(
        token,
        "one node or edge has one label: | and a second : are not known here",
        "라벨은 하나만 쓸 수 있습니다.",
        advice,
        correction,
    )


def _check_known(graph: Graph, name: Token, *, edge: bool) -> None:
    known = graph.edge_types if edge else graph.labels
    if name.value in known:
        return
    elsewhere = [
        other.name
        for other in GRAPHS.values()
        if name.value in (other.edge_types if edge else other.labels) and other is not graph
    ]
    kind, kind_ko = ("edge type", "관계") if edge else ("label", "라벨")
    advice = f"{graph.name} has {', '.join(sorted(known))}."
    if elsewhere:
        advice += f" {name.value} is in {elsewhere[0]}: ask that graph."
    refuse_at(
        name,
        f"there is no {kind} {name.value} in {graph.name}",
        f"{name.value}라는 {kind_ko}이(가) 없습니다.",
        advice,
        nearest_correction(name.value, known, EDGE_WORDS if edge else LABEL_WORDS),
    )


def _check_length(text: CypherText, index: int) -> None:
    """Check `[h:HOLDS*1..3]`: bounded, and not longer than the graph bears."""
    position = index + 1
    if text.is_name(position):
        position += 1
    if text.is_symbol(position, ":"):
        position += 2
    if not text.is_symbol(position, "*"):
        return
    star = text.tokens[position]
    longest = text.graph.longest_path
    if not longest:
        refuse_at(
            star,
            f"paths of variable length are not possible in {text.graph.name}",
            "이 그래프에서는 가변 길이 경로를 쓸 수 없습니다.",
            "Write each step as an edge of its own, or ask etf_graph.",
        )
    position += 1
    upper = text.token(position)
    if upper is not None and upper.kind is Kind.NUMBER:
        position += 1
    if text.is_symbol(position, ".."):
        upper = text.token(position + 1)
    bounded = upper is not None and upper.kind is Kind.NUMBER and upper.text.isdecimal()
    if not bounded or int(upper.text) > longest:
        refuse_at(
            star,
            f"a path must have an upper bound of {longest} edges at most",
            "경로의 길이를 제한해야 합니다.",
            f"Write *1..{longest} or less.",
        )


def _check_direction(text: CypherText, index: int, variables: dict[str, set[str]]) -> None:
    """Check that an edge's arrow runs as the graph has it, where both its type and a node's label are written."""
    position = index + 2 if text.is_name(index + 1) else index + 1
    if not text.is_symbol(position, ":"):
        return
    edge = text.graph.edge(text.tokens[position + 1].value)
    backward = text.is_symbol(index - 2, "<")
    end = text.closing[index]
    forward = text.is_symbol(end + 1, "-") and text.is_symbol(end + 2, ">")
    if text.is_symbol(position + 2, "*"):
        return
    left = text.opening.get(index - 3 if backward else index - 2)
    right = end + 3 if forward else end + 2
    starts, ends = _node_labels(text, left, variables), _node_labels(text, right, variables)
    if backward:
        starts, ends = ends, starts
    runs, reverse = edge_runs(edge, starts, ends), edge_runs(edge, ends, starts)
    directed = backward != forward
    # Where only one direction is possible, an edge without an arrow asks for the whole graph twice over.
    if runs and (directed or reverse or not (starts and ends)):
        return
    if not directed and not (starts and ends):
        return
    refuse_at(
        text.tokens[index],
        f"no {edge.name} edge runs that way" if directed else f"the {edge.name} edge needs its arrow",
        f"{edge.name} 관계의 방향이나 라벨이 맞지 않습니다.",
        f"Write (:{edge.start})-[:{edge.name}]->(:{edge.ends[0]}); it ends at {', '.join(edge.ends)}.",
        arrow_correction(text, index, edge_runs(edge, starts, ends) != backward) if runs or reverse else None,
    )


def _node_labels(text: CypherText, opener: int | None, variables: dict[str, set[str]]) -> set[str]:
    if opener is None or not text.is_symbol(opener, "("):
        return set()
    position = opener + 1
    if text.is_name(position):
        name = text.tokens[position].value
        position += 1
        if not text.is_symbol(position, ":"):
            return variables.get(name, set())
    return {text.tokens[position + 1].value} if text.is_symbol(position, ":") else set()


def _check_comprehension(text: CypherText, index: int) -> None:
    inner = [i for i in range(index + 1, text.closing[index]) if text.inside[i] == index]
    has_bar = any(text.is_symbol(i, "|") for i in inner)
    if has_bar and not any(text.keyword(i) == "IN" for i in inner[:2]):
        refuse_at(
            text.tokens[index],
            "pattern comprehensions are not known to this database",
            "패턴 컴프리헨션은 지원하지 않습니다.",
            "Write OPTIONAL MATCH (a)-[…]->(b) WITH a, collect(b.code) AS codes.",
        )


def _check_properties(text: CypherText, variables: dict[str, set[str]]) -> None:
    keys = {
        text.tokens[i].value
        for i in range(len(text.tokens))
        if text.within(i) is Bracket.MAP and text.is_name(i) and text.is_symbol(i + 1, ":")
    }
    # The keys of maps that come in as parameters are not known here.
    any_key = any(
        token.kind is Kind.PARAMETER and text.keyword(i - 1) in ("UNWIND", "IN") for i, token in enumerate(text.tokens)
    )
    for index, token in enumerate(text.tokens):
        if token.is_symbol(".") and text.is_name(index + 1) and not text.is_symbol(index + 2, "("):
            name = text.tokens[index + 1]
            in_projection = text.within(index) is Bracket.MAP and text.is_symbol(index - 1, "{", ",")
            owner = text.inside[index] - 1 if in_projection else index - 1
            chained = text.is_symbol(owner - 1, ".")
            labels = variables.get(text.tokens[owner].value) if text.is_name(owner) and not chained else None
            if labels:
                _check_property(text.graph, name, labels)
            elif not any_key and name.value not in keys and name.value not in text.graph.property_names:
                _check_property(text.graph, name, set())
        elif token.is_name and text.within(index) is Bracket.MAP and text.is_symbol(index + 1, ":"):
            labels = _pattern_labels(text, text.inside[index], variables)
            if labels is not None:
                _check_property(text.graph, token, labels)


def _rebound(text: CypherText) -> set[str]:
    """Return the names that WITH, UNWIND or a list comprehension give to something else than a pattern does."""
    names: set[str] = set()
    for index, token in enumerate(text.tokens):
        aliased = text.keyword(index - 1) == "AS" and not (
            text.is_name(index - 2) and text.tokens[index - 2].value == token.value
        )
        local = text.keyword(index + 1) == "IN" and text.is_symbol(index - 1, "[", "(", ",")
        if token.is_name and (aliased or local):
            names.add(token.value)
    return names


def _pattern_labels(text: CypherText, opener: int, variables: dict[str, set[str]]) -> set[str] | None:
    """Return the labels of the node or edge whose inline map opens at `opener`; None for any other map."""
    around = text.inside[opener]
    if text.brackets.get(around) not in (Bracket.GROUP, Bracket.EDGE):
        return None
    before = opener - 1
    if before == around:
        return set()
    if text.is_name(before) and text.is_symbol(before - 1, ":"):
        return {text.tokens[before].value}
    if text.is_name(before) and before - 1 == around:
        return variables.get(text.tokens[before].value, set())
    return None


def _check_property(graph: Graph, name: Token, labels: set[str]) -> None:
    entities = [entity for entity in (*graph.nodes, *graph.edges) if not labels or entity.name in labels]
    known = {prop.name for entity in entities for prop in entity.properties}
    if name.value in known:
        return
    owners = [
        f"{entity.name} ({other.name})"
        for other in GRAPHS.values()
        for entity in (*other.nodes, *other.edges)
        if name.value in {prop.name for prop in entity.properties}
    ]
    subject = " or ".join(sorted(labels)) if labels else graph.name
    nearest = nearest_correction(name.value, known, PROPERTY_WORDS)
    advice = f"{subject} has {', '.join(sorted(known)) or 'no properties'}."
    if owners:
        advice += f" {name.value} belongs to {', '.join(owners)}."
    refuse_at(name, f"{subject} has no property {name.value}", f"{name.value}라는 속성이 없습니다.", advice, nearest)
