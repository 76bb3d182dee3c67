"""The verified examples in the database: storing them with their vectors, and finding the nearest to a question."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, RowMapping, text

from agent.embedding.embedders import Embedder, sparse_literal
from agent.embedding.queue import do_jobs, index_when_many, make_known, mark_ready, queue_missing
from agent.embedding.serving import offline_embedder, question_vector
from agent.example_file import load_examples
from agent.templates import Branch
from agent.verified_example import SLOT_MASKS, Example, Lookup, Slot, SlotValue, mask_wording
from backend.db.engine import Database
from backend.settings import Settings, get_settings

__all__ = [
    "SLOT_MASKS", "Example", "Lookup", "Slot", "SlotValue", "embed_offline", "load_examples", "mask_wording", "nearest",
    "offline_embedder", "store",
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
# An older program may be running beside this one for a while, with the offline vectors that it made.
_RETIRE = text("""
    UPDATE embedding_models SET retired_at = now()
    WHERE model LIKE 'offline-%' AND model <> :model AND retired_at IS NULL
""")
_FORGET_RETIRED = text("DELETE FROM embedding_models WHERE retired_at < now() - interval '1 day'")
_NEAREST = text("""
    SELECT w.example_id, 1 - w.distance AS similarity, e.content_hash, e.status = 'verified' AS verified
    FROM nearest_wordings(:model, CAST(CAST(:embedding AS sparsevec) AS vector), :most) AS w
    JOIN cypher_examples AS e ON e.id = w.example_id
    ORDER BY w.distance, w.example_id
""")
_READ = text("""
    SELECT id, kind, lang, question, paraphrases, graph, slots, cypher, lookups, title, answer, answer_empty, suggestions
    FROM cypher_examples
    WHERE id = ANY(:ids)
""")
# Wordings that are looked through first for each example that is wanted; several are often of one example.
_WORDINGS = 6
_REMEMBERED = 20_000


def store(connection: Connection, examples: Sequence[Example] | None = None) -> int:
    """Make the stored seed examples equal to `examples`, with their offline vectors.

    Returns how many examples were written: 0 when nothing has changed. Examples promoted from feedback are left alone. Other
    models' vectors are left to the queue.
    """
    examples = load_examples() if examples is None else examples
    make_known(connection, offline_embedder().name)
    connection.execute(_RETIRE, {"model": offline_embedder().name})
    connection.execute(_FORGET_RETIRED)
    stored = dict(connection.execute(_STORED).all())
    changed = [example for example in examples if stored.get(example.id) != example.content_hash]
    connection.execute(_FORGET, {"ids": [example.id for example in examples]})
    if changed:
        connection.execute(_UPSERT, [_row(example) for example in changed])
    embed_offline(connection)
    return len(changed)


def bring_up_to_date(database: Database) -> int:
    """Store the shipped examples where the database has others, as after an upgrade of the program.

    Returns how many were written; without their vectors no verified example would ever be found.
    """
    with database.engine("atlas_app").begin() as connection:
        return store(connection)


def embed_offline(connection: Connection) -> int:
    """Make the offline vectors that are waited for, in the caller's transaction; returns of how many examples."""
    embedder, done = offline_embedder(), 0
    queue_missing(connection, embedder.name)
    while (batch := do_jobs(connection, embedder, most=500)).found:
        done += batch.done
    mark_ready(connection, embedder.name)
    index_when_many(connection, embedder.name)
    return done


def nearest(
    connection: Connection,
    masked_question: str,
    k: int = 3,
    embedder: Embedder | None = None,
    settings: Settings | None = None,
) -> list[tuple[Example, float]]:
    """The `k` distinct verified examples nearest to a masked question, best first, with cosine similarity (1 = same words).

    An example is as near as its nearest wording. The settings' embedding model is used, or the one that serves in its place,
    unless an embedder is given. The scan is exact for few vectors and by an HNSW index for many.
    """
    if embedder is None:
        model, vector = question_vector(connection, masked_question, settings or get_settings())
    else:
        model, [vector] = embedder.name, embedder.embed([masked_question])
    parameters = {"embedding": sparse_literal(vector), "model": model, "most": k * _WORDINGS}
    while True:
        rows = connection.execute(_NEAREST, parameters).all()
        found: dict[str, tuple[str, float]] = {}
        for row in rows:
            if row.verified:
                found.setdefault(row.example_id, (row.content_hash, row.similarity))
        if len(found) >= k or len(rows) < parameters["most"]:
            break
        parameters["most"] *= 4
    best = dict(list(found.items())[:k])
    examples = _read(connection, {example_id: content_hash for example_id, (content_hash, _) in best.items()})
    return [(example, similarity) for example, (_, similarity) in zip(examples, best.values(), strict=True)]


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


_by_hash: dict[tuple[str, str], Example] = {}


def _read(connection: Connection, wanted: Mapping[str, str]) -> list[Example]:
    """The stored examples by id and content hash, in order; rows are decoded once, because the content hash names what they say."""
    keys = list(wanted.items())
    read = {key: _by_hash[key] for key in keys if key in _by_hash}
    unread = [example_id for example_id, content_hash in keys if (example_id, content_hash) not in read]
    if unread:
        for row in connection.execute(_READ, {"ids": unread}).mappings():
            read[row["id"], wanted[row["id"]]] = _example(row)
        if len(_by_hash) > _REMEMBERED:
            _by_hash.clear()
        _by_hash.update(read)
    return [read[key] for key in keys]


def _example(row: RowMapping) -> Example:
    return Example(
        **{name: row[name] for name in ("id", "kind", "lang", "question", "graph", "cypher", "title")},
        paraphrases=tuple(row["paraphrases"]),
        suggestions=tuple(row["suggestions"]),
        slots=tuple(Slot(**slot) for slot in row["slots"]),
        lookups=tuple(Lookup(**lookup) for lookup in row["lookups"]),
        answer=tuple(Branch(**branch) for branch in row["answer"]),
        answer_empty=tuple(Branch(**branch) for branch in row["answer_empty"]),
    )
