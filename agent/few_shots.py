"""Which solved questions a model is shown, also in the ways that serve only to measure what retrieval is worth."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from sqlalchemy import Connection

from agent.examples import load_examples, nearest, offline_embedder
from agent.run_context import AnswerOptions
from agent.verified_example import Example
from backend.settings import Settings

# What an unmasked wording says in the place of a slot: names and numbers that people use, as such examples are stored elsewhere.
_FILLED = {
    "etf": "KODEX 200", "stock": "삼성전자", "company": "삼성자산운용", "tag": "반도체", "index": "코스피 200", "industry": "반도체 제조업",
    "date": "7월 6일", "period": "지난달", "n": "5", "percent": "5%", "amount_krw": "1조원",
}  # fmt: skip
_SLOT = re.compile(r"\{(\w+)\}")
_STATIC = 3


def examples_for(
    connection: Connection, question: str, masked: str, options: AnswerOptions, k: int, settings: Settings | None = None
) -> list[tuple[Example, float]]:
    """At most `k` examples with their similarity, best first, chosen as the options say."""
    if options.examples == "none":
        return []
    if options.examples == "static":
        return [(example, 0.0) for example in _static()]
    if options.examples == "retrieved":
        return _nearest_unmasked(question, k)
    return nearest(connection, masked, k=k, settings=settings)


@cache
def _static() -> tuple[Example, ...]:
    """Three examples of different kinds, the same for every question."""
    solved = [example for example in load_examples() if example.cypher]
    step = len(solved) // _STATIC
    return tuple(solved[::step][:_STATIC])


def _nearest_unmasked(question: str, k: int) -> list[tuple[Example, float]]:
    """The nearest seed examples when neither the question nor they are masked."""
    examples, vectors = _unmasked()
    [vector] = offline_embedder().embed([question])
    found: dict[str, tuple[Example, float]] = {}
    similarities = vectors @ np.asarray(vector)
    for place in np.argsort(-similarities):
        found.setdefault(examples[place].id, (examples[place], float(similarities[place])))
        if len(found) == k:
            break
    return list(found.values())


@cache
def _unmasked() -> tuple[list[Example], np.ndarray]:
    """Every wording's example and vector, with a name in place of each slot."""
    pairs = [(example, _filled(example, wording)) for example in load_examples() for wording in example.wordings]
    return [example for example, _ in pairs], np.asarray(offline_embedder().embed([wording for _, wording in pairs]))


def _filled(example: Example, wording: str) -> str:
    types = {slot.name: slot.type for slot in example.slots}
    return _SLOT.sub(lambda slot: _FILLED.get(types.get(slot[1], ""), slot[1]), wording)
