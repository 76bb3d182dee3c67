"""How long the nearest of 10,000 examples take, beside comparing with every wording, and how often the index finds the same ones.

The examples are synthetic: each wording lies between two shipped ones, with a few features of its own. The machine may be
busy with other things, so the server's own time is told beside the time on the clock.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, text

from agent.embedding.embedders import DIMENSIONS, vector_literal
from agent.embedding.queue import make_known, mark_ready
from agent.embedding.serving import offline_embedder
from agent.examples import load_examples, nearest, store
from backend.db.engine import Database
from tests.benchmarks.scratch import scratch_database

EXAMPLES, WORDINGS = 10_000, 3
QUESTIONS, COMPARED = 600, 150
K = 3
TARGET_P99_MS, TARGET_RECALL = 5.0, 0.99
# As far as two similarities may differ and still be a tie.
_TIE = 1e-4
_OWN_FEATURES = 12
_TEXT_NO_BYTES = 4
_INSERT = text("""
    INSERT INTO cypher_examples (id, kind, lang, question, paraphrases, masked, graph, cypher, answer, content_hash)
    SELECT 'synthetic-' || n, 'synthetic', 'ko', 'question ' || n, '{}', ARRAY['question ' || n], 'etf_graph', 'MATCH (e:ETF) RETURN e.code AS code', '[]', CAST(n AS text)
    FROM generate_series(1, :number) AS n
""")
_COPY = "COPY example_embeddings (example_id, text_no, model, embedding) FROM STDIN (FORMAT binary)"
_EXACT = text("""
    WITH distances AS MATERIALIZED (
        SELECT example_id, embedding <=> CAST(:embedding AS vector) AS distance FROM example_embeddings WHERE model = :model
    )
    SELECT 1 - min(distance) AS similarity FROM distances GROUP BY example_id ORDER BY 1 DESC LIMIT :k
""")
_EXPLAINED = text("""
    EXPLAIN (ANALYZE, TIMING OFF, FORMAT json)
    SELECT w.example_id, 1 - w.distance, e.content_hash, e.status FROM nearest_wordings(:model, CAST(:embedding AS vector), :most) AS w
    JOIN cypher_examples AS e ON e.id = w.example_id ORDER BY w.distance, w.example_id
""")


def run() -> dict[str, Any]:
    """Return p50 and p99 of `nearest` in ms without the question's embedding, the exact scan's, recall, and the index's build time in s."""
    generator = np.random.default_rng(20260731)
    given = _Given(offline_embedder().name, _directions(generator, QUESTIONS))
    with scratch_database("atlas_bench_retrieval") as database:
        with database.engine("atlas_app").begin() as connection:
            store(connection)
        figures = {"shipped examples": {**_measured(database, given), "build_s": None}}
        loaded = _timed(lambda: _fill(database, generator))
        with database.engine("atlas_app").begin() as connection:
            index = text("SELECT index_embeddings(:model)")
            build = _timed(lambda: connection.execute(index, {"model": given.name}))
        figures[f"{EXAMPLES:,} examples"] = {**_measured(database, given), "build_s": round(build, 1)}
    met = all(
        figure["p99_ms"] < TARGET_P99_MS and figure[f"recall_at_{K}"] >= TARGET_RECALL for figure in figures.values()
    )
    result = {
        "figures": figures, "loaded_s": round(loaded, 1), "target_p99_ms": TARGET_P99_MS, "target_recall": TARGET_RECALL,
        "met": met,
    }  # fmt: skip
    _show(result)
    return result


class _Given:
    """An embedder whose questions are embedded before the clock runs."""

    def __init__(self, name: str, vectors: np.ndarray) -> None:
        self.name = name
        self.vectors = vectors.tolist()

    def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """The vectors whose numbers the texts are."""
        return [self.vectors[int(text)] for text in texts]


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _directions(generator: np.random.Generator, number: int) -> np.ndarray:
    """Vectors of length 1 between two shipped wordings each, with some features that are their own."""
    shipped = np.array(offline_embedder().embed([wording for example in load_examples() for wording in example.masked]))
    left, right = generator.integers(len(shipped), size=(2, number))
    share = generator.uniform(0.5, 1, size=(number, 1))
    mixed = share * shipped[left] + (1 - share) * shipped[right]
    places = generator.integers(DIMENSIONS, size=(number, _OWN_FEATURES))
    np.put_along_axis(mixed, places, generator.choice([-0.12, 0.12], size=places.shape), axis=1)
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def _fill(database: Database, generator: np.random.Generator) -> None:
    """Store synthetic examples with their vectors, without the queue's help, which would take minutes."""
    number, model = EXAMPLES - len(load_examples()), offline_embedder().name
    vectors = _directions(generator, number * WORDINGS).astype(">f4")
    head = np.array([DIMENSIONS, 0], dtype=">i2").tobytes()
    with database.engine("atlas_app").begin() as connection:
        make_known(connection, model)
        connection.execute(_INSERT, {"number": number})
        with connection.connection.cursor().copy(_COPY) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
            named = model.encode()
            for place, vector in enumerate(vectors):
                example_id = f"synthetic-{place // WORDINGS + 1}".encode()
                fields = (
                    example_id,
                    (place % WORDINGS).to_bytes(_TEXT_NO_BYTES, "big"),
                    named,
                    head + vector.tobytes(),
                )
                row = b"".join(len(value).to_bytes(4, "big") + value for value in fields)
                copy.write(len(fields).to_bytes(2, "big") + row)
            copy.write(b"\xff\xff")
        connection.execute(text("DELETE FROM embedding_queue"))
        mark_ready(connection, model)
    with database.engine("atlas_owner").connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE example_embeddings, cypher_examples"))


def _measured(database: Database, given: _Given) -> dict[str, Any]:
    with database.engine("atlas_app").connect() as connection:
        count = text("SELECT count(*), count(DISTINCT example_id) FROM example_embeddings WHERE model = :model")
        wordings, examples = connection.execute(count, {"model": given.name}).one()
        for number in range(60):
            nearest(connection, str(number), k=K, embedder=given)
        found: dict[int, list[float]] = {}
        times = [_timed(lambda: _ask(connection, given, number, found)) for number in range(QUESTIONS)]  # noqa: B023
        exact: dict[int, list[float]] = {}
        compared = range(0, QUESTIONS, QUESTIONS // COMPARED)
        scanned = [_timed(lambda: _scan(connection, given, number, exact)) for number in compared]  # noqa: B023
        server = [_server_ms(connection, given, number) for number in compared]
    right = sum(sum(near >= exact[number][-1] - _TIE for near in found[number]) for number in compared)
    return {
        "examples": examples,
        "wordings": wordings,
        "p50_ms": _quantile(times, 0.5),
        "p99_ms": _quantile(times, 0.99),
        "server_p50_ms": round(statistics.median(server), 2),
        "server_p99_ms": round(sorted(server)[int(len(server) * 0.99)], 2),
        "exact_p50_ms": _quantile(scanned, 0.5),
        "exact_p99_ms": _quantile(scanned, 0.99),
        f"recall_at_{K}": round(right / (K * len(compared)), 4),
    }


def _quantile(seconds: Sequence[float], share: float) -> float:
    return round(1000 * sorted(seconds)[int(len(seconds) * share)], 2)


def _ask(connection: Connection, given: _Given, number: int, found: dict[int, list[float]]) -> None:
    found[number] = [near for _, near in nearest(connection, str(number), k=K, embedder=given)]


def _scan(connection: Connection, given: _Given, number: int, found: dict[int, list[float]]) -> None:
    parameters = {"embedding": vector_literal(given.vectors[number]), "model": given.name, "k": K}
    found[number] = list(connection.execute(_EXACT, parameters).scalars())


def _server_ms(connection: Connection, given: _Given, number: int) -> float:
    parameters = {"embedding": vector_literal(given.vectors[number]), "model": given.name, "most": 6 * K}
    [plan] = connection.execute(_EXPLAINED, parameters).scalar_one()
    return plan["Planning Time"] + plan["Execution Time"]


def _show(result: dict[str, Any]) -> None:
    table = Table(
        title=f"The {K} nearest examples, embedding excluded: target p99 {TARGET_P99_MS} ms, recall {TARGET_RECALL:.0%}"
    )
    columns = {
        "wordings": "wordings", "p50_ms": "p50 ms", "p99_ms": "p99 ms", "server_p50_ms": "of it server p50", "server_p99_ms": "server p99",
        "exact_p50_ms": "exact scan p50", "exact_p99_ms": "exact scan p99", f"recall_at_{K}": f"recall@{K}", "build_s": "index built in s",
    }  # fmt: skip
    table.add_column("")
    for title in columns.values():
        table.add_column(title, justify="right")
    for name, figure in result["figures"].items():
        table.add_row(name, *("none" if figure[key] is None else f"{figure[key]:,}" for key in columns))
    Console().print(table)
    Console().print("met" if result["met"] else "[red]NOT met[/red]")
