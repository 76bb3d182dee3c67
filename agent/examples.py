"""The verified examples in the database: storing them with their vectors, and finding the nearest to a question."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache

from sqlalchemy import Connection, text

from agent.embeddings import Embedder, OfflineEmbedder, vector_literal
from agent.example_file import load_examples
from agent.templates import Branch
from agent.verified_example import SLOT_MASKS, Example, Lookup, Slot, SlotValue, mask_wording

__all__ = [
    "SLOT_MASKS", "Example", "Lookup", "Slot", "SlotValue", "load_examples", "mask_wording", "nearest", "offline_embedder", "store",
]  # fmt: skip

_STORED = text("SELECT id, content_hash FROM cypher_examples WHERE source = 'seed'")
_UPSERT = text("""
    INSERT INTO cypher_examples (
        id, kind, lang, question, paraphrases, masked, graph, cypher, slots, lookups, title, answer, answer_empty,
        suggestions, content_hash
    )
    VALUES (
        :id, :kind, :lang, :question, :paraphrases, :masked, :graph, :cypher, CAST(:slots AS jsonb),
        CAST(:lookups AS jsonb), :title, CAST(:answer AS jsonb), CAST(:answer_empty AS jsonb), :suggestions, :content_hash
    )
    ON CONFLICT (id) DO UPDATE SET
        kind = EXCLUDED.kind, lang = EXCLUDED.lang, question = EXCLUDED.question, paraphrases = EXCLUDED.paraphrases,
        masked = EXCLUDED.masked, graph = EXCLUDED.graph, cypher = EXCLUDED.cypher, slots = EXCLUDED.slots,
        lookups = EXCLUDED.lookups, title = EXCLUDED.title, answer = EXCLUDED.answer,
        answer_empty = EXCLUDED.answer_empty, suggestions = EXCLUDED.suggestions,
        content_hash = EXCLUDED.content_hash, updated_at = now()
""")
_FORGET = text("DELETE FROM cypher_examples WHERE source = 'seed' AND NOT (id = ANY(:ids))")
_FORGET_VECTORS = text("DELETE FROM example_embeddings WHERE example_id = ANY(:ids)")
_UNEMBEDDED = text("""
    SELECT e.id, e.masked
    FROM cypher_examples AS e
    WHERE NOT EXISTS (SELECT FROM example_embeddings AS v WHERE v.example_id = e.id AND v.model = :model)
    ORDER BY e.id
""")
_INSERT_VECTOR = text("""
    INSERT INTO example_embeddings (example_id, text_no, model, embedding)
    VALUES (:example_id, :text_no, :model, CAST(:embedding AS vector))
""")
# The distances come first and alone: sorting rows that carry 6 kB vectors costs more than computing them.
_NEAREST = text("""
    WITH distances AS MATERIALIZED (
        SELECT example_id, embedding <=> CAST(:embedding AS vector) AS distance
        FROM example_embeddings
        WHERE model = :model
    )
    SELECT e.id, 1 - min(d.distance) AS similarity, e.content_hash
    FROM distances AS d
    JOIN cypher_examples AS e ON e.id = d.example_id
    WHERE e.status = 'verified'
    GROUP BY e.id, e.content_hash
    ORDER BY similarity DESC, e.id
    LIMIT :k
""")
_READ = text("""
    SELECT id, kind, lang, question, paraphrases, graph, slots, cypher, lookups, title, answer, answer_empty, suggestions
    FROM cypher_examples
    WHERE id = :id
""")


@cache
def offline_embedder() -> OfflineEmbedder:
    """The embedder whose word weights come from the seeds file; the same on every machine."""
    return OfflineEmbedder(wording for example in load_examples() for wording in example.masked)


def store(connection: Connection, examples: Sequence[Example] | None = None, embedder: Embedder | None = None) -> int:
    """Make the stored seed examples equal to `examples` and embed every wording that lacks a vector of the embedder.

    Returns how many examples were written: 0 when nothing has changed. Examples promoted from feedback are left alone.
    """
    examples = load_examples() if examples is None else examples
    stored = dict(connection.execute(_STORED).all())
    changed = [example for example in examples if stored.get(example.id) != example.content_hash]
    connection.execute(_FORGET, {"ids": [example.id for example in examples]})
    if changed:
        connection.execute(_UPSERT, [_row(example) for example in changed])
        connection.execute(_FORGET_VECTORS, {"ids": [example.id for example in changed]})
    _embed_missing(connection, embedder or offline_embedder())
    return len(changed)


def nearest(
    connection: Connection, masked_question: str, k: int = 3, embedder: Embedder | None = None
) -> list[tuple[Example, float]]:
    """The `k` distinct examples nearest to a masked question, best first, with cosine similarity (1 = same words).

    An example is as near as its nearest wording. The scan is exact.
    """
    embedder = embedder or offline_embedder()
    [vector] = embedder.embed([masked_question])
    parameters = {"embedding": vector_literal(vector), "model": embedder.name, "k": k}
    rows = connection.execute(_NEAREST, parameters).all()
    return [(_read(connection, example_id, content_hash), similarity) for example_id, similarity, content_hash in rows]


def _embed_missing(connection: Connection, embedder: Embedder) -> None:
    missing = connection.execute(_UNEMBEDDED, {"model": embedder.name}).all()
    wordings = [
        (example_id, number, wording) for example_id, masked in missing for number, wording in enumerate(masked)
    ]
    if not wordings:
        return
    vectors = embedder.embed([wording for _, _, wording in wordings])
    connection.execute(
        _INSERT_VECTOR,
        [
            {"example_id": example_id, "text_no": number, "model": embedder.name, "embedding": vector_literal(vector)}
            for (example_id, number, _), vector in zip(wordings, vectors, strict=True)
        ],
    )


def _row(example: Example) -> dict:
    fields = asdict(example)
    return {
        **{name: fields[name] for name in ("id", "kind", "lang", "question", "graph", "cypher", "title")},
        **{name: list(fields[name]) for name in ("paraphrases", "suggestions")},
        **{
            name: json.dumps(fields[name], ensure_ascii=False)
            for name in ("slots", "lookups", "answer", "answer_empty")
        },
        "masked": list(example.masked),
        "content_hash": example.content_hash,
    }


_by_hash: dict[str, Example] = {}


def _read(connection: Connection, example_id: str, content_hash: str) -> Example:
    """The stored example; rows are decoded once per content, because the content hash names it."""
    if content_hash not in _by_hash:
        row = connection.execute(_READ, {"id": example_id}).mappings().one()
        _by_hash[content_hash] = Example(
            **{name: row[name] for name in ("id", "kind", "lang", "question", "graph", "cypher", "title")},
            paraphrases=tuple(row["paraphrases"]),
            suggestions=tuple(row["suggestions"]),
            slots=tuple(Slot(**slot) for slot in row["slots"]),
            lookups=tuple(Lookup(**lookup) for lookup in row["lookups"]),
            answer=tuple(Branch(**branch) for branch in row["answer"]),
            answer_empty=tuple(Branch(**branch) for branch in row["answer_empty"]),
        )
    return _by_hash[content_hash]
