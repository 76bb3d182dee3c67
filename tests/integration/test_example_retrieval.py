"""The stored examples: written once, found by what a question means."""

from __future__ import annotations

import time
from statistics import quantiles

import numpy as np
import pytest
from sqlalchemy import Connection, text

from agent.examples import load_examples, nearest, offline_embedder, store
from agent.verified_example import Example
from backend.db.engine import Database

EXAMPLES = load_examples()


@pytest.fixture
def connection(empty_database: Database) -> Connection:
    with empty_database.engine("atlas_app").connect() as connection:
        yield connection


def _versions(connection: Connection) -> list[tuple]:
    query = "SELECT e.id, e.updated_at, count(*) FROM cypher_examples e JOIN example_embeddings v ON v.example_id = e.id GROUP BY e.id ORDER BY e.id"
    return [tuple(row) for row in connection.execute(text(query))]


def test_storing_again_changes_nothing(connection: Connection) -> None:
    assert store(connection) == len(EXAMPLES)
    connection.commit()
    stored = _versions(connection)
    assert sum(number for _, _, number in stored) == sum(len(example.wordings) for example in EXAMPLES)
    assert store(connection) == 0
    connection.commit()
    assert _versions(connection) == stored


def test_storing_replaces_what_changed_and_forgets_what_is_gone(connection: Connection) -> None:
    first, second = EXAMPLES[:2]
    store(connection, [first, second])
    changed = Example(**{**vars_of(first), "question": "{etf} 상위 {n}개?", "paraphrases": ()})
    assert store(connection, [changed]) == 1
    rows = connection.execute(text("SELECT id, question, cardinality(masked) FROM cypher_examples")).all()
    assert rows == [(first.id, "{etf} 상위 {n}개?", 1)]
    assert connection.execute(text("SELECT count(*) FROM example_embeddings")).scalar() == 1


def test_an_example_promoted_from_feedback_stays(connection: Connection) -> None:
    store(connection, EXAMPLES[:1])
    connection.execute(text("UPDATE cypher_examples SET source = 'feedback'"))
    store(connection, EXAMPLES[1:2])
    assert connection.execute(text("SELECT count(*) FROM cypher_examples")).scalar() == 2


def test_a_stored_example_comes_back_as_it_was(connection: Connection) -> None:
    store(connection)
    for example in EXAMPLES:
        [(found, similarity)] = nearest(connection, example.masked[0], k=1)
        assert similarity == pytest.approx(1, abs=1e-5)
        assert found.kind == example.kind
        if found.id == example.id:
            assert found == example


def test_only_verified_examples_are_found_and_each_once(connection: Connection) -> None:
    store(connection)
    question = "⟨종목⟩를 가장 많이 담은 ETF는?"
    near = nearest(connection, question, k=5)
    assert len({example.id for example, _ in near}) == 5
    assert [similarity for _, similarity in near] == sorted((similarity for _, similarity in near), reverse=True)
    connection.execute(text("UPDATE cypher_examples SET status = 'retired' WHERE id = :id"), {"id": near[0][0].id})
    assert near[0][0].id not in {example.id for example, _ in nearest(connection, question, k=5)}


def test_the_reader_role_sees_no_examples(empty_database: Database) -> None:
    with (
        empty_database.engine("atlas_reader").connect() as connection,
        pytest.raises(Exception, match="permission denied"),
    ):
        connection.execute(text("SELECT * FROM cypher_examples"))


def test_the_right_kind_is_among_the_three_nearest_when_a_wording_is_left_out(capsys: pytest.CaptureFixture) -> None:
    wordings = [(example, wording) for example in EXAMPLES for wording in example.masked]
    vectors = np.array(offline_embedder().embed([wording for _, wording in wordings]))
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -1)
    first = kinds = same = 0
    for (example, _), row in zip(wordings, similarities, strict=True):
        near: dict[str, Example] = {}
        for place in np.argsort(-row):
            near.setdefault(wordings[place][0].id, wordings[place][0])
            if len(near) == 3:
                break
        found = list(near.values())
        first += found[0].kind == example.kind
        kinds += example.kind in {each.kind for each in found}
        same += example.id in near
    number = len(wordings)
    with capsys.disabled():
        print(
            f"\nleave-one-out over {number} masked wordings of {len(EXAMPLES)} examples: recall@3 of the kind {kinds / number:.1%}, "
            f"of the example {same / number:.1%}; kind of the nearest {first / number:.1%}"
        )
    assert kinds / number >= 0.95


def test_the_nearest_examples_come_within_milliseconds(connection: Connection) -> None:
    store(connection)
    connection.commit()
    connection.execute(text("ANALYZE cypher_examples, example_embeddings"))
    questions = [example.masked[-1] for example in EXAMPLES[:60]]
    for question in questions:
        nearest(connection, question)
    seconds = []
    for question in questions:
        started = time.perf_counter()
        nearest(connection, question)
        seconds.append(time.perf_counter() - started)
    median = quantiles(seconds, n=2)[0]
    assert median < 0.05, f"{1000 * median:.1f} ms"


def vars_of(example: Example) -> dict:
    """The fields of an example without what it caches."""
    return {name: getattr(example, name) for name in Example.__dataclass_fields__}
