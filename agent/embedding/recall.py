"""How often an example of the right kind is among the three nearest: with masked questions, unmasked ones, and by trigrams alone.

Two sets: the shipped wordings, each looked for among all others (leave one out), and the questions of the evaluation set, whose
right kinds are in seeds/evaluation/example_kinds.yaml, with and without those that name what does not exist. Unmasked wordings have names of the sample market in their slots.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sqlalchemy import Connection, text

from agent.embedding.serving import offline_embedder
from agent.evaluation.questions import read_questions
from agent.example_file import load_examples
from agent.masking import masked
from agent.reading.understanding import understand
from agent.verified_example import Example
from backend.db.engine import Database
from backend.market.dataset import get_dataset

K = 3
EVALUATION = Path(__file__).resolve().parents[2] / "seeds" / "evaluation"
METHODS = ("masked", "unmasked", "trigrams, masked", "trigrams, unmasked")
_SLOT = re.compile(r"\{(\w+)\}")
_PLAIN = {
    "date": ("7월 6일", "2026년 6월 15일", "어제"),
    "period": ("지난달", "이번 주", "7월", "올해"),
    "n": ("3", "5", "10", "7"),
    "percent": ("5%", "0.1%", "10%", "3퍼센트"),
    "amount_krw": ("1조원", "5,000억원", "1,000만원"),
}
_NAMES = {
    "etf": "SELECT name FROM etfs ORDER BY code",
    "stock": "SELECT name FROM securities WHERE kind = 'stock' ORDER BY code",
    "company": "SELECT DISTINCT company FROM etfs WHERE company IS NOT NULL ORDER BY 1",
    "index": "SELECT DISTINCT index_name FROM etfs WHERE index_name IS NOT NULL ORDER BY 1",
}
_TRIGRAMS = text("""
    SELECT q.position, w.position AS wording, similarity(q.said, w.said) AS near
    FROM unnest(CAST(:questions AS text[])) WITH ORDINALITY AS q (said, position)
    CROSS JOIN unnest(CAST(:wordings AS text[])) WITH ORDINALITY AS w (said, position)
    WHERE similarity(q.said, w.said) > 0
""")


def measure(database: Database) -> dict[str, Any]:
    """Return recall@3 of the right kind in % by set and method, and of how many questions; the sample market must be loaded."""
    with database.engine("atlas_app").connect() as connection:
        wordings = _wordings(connection)
        asked, unmapped = _evaluation(connection)
        known = [one for one in asked if not one.unknown]
        return {
            "k": K,
            "leave_one_out": _recall(connection, wordings, wordings, leave_out=True),
            "evaluation": {**_recall(connection, asked, wordings, leave_out=False), "without_a_kind": unmapped},
            "evaluation_of_known_names": _recall(connection, known, wordings, leave_out=False),
        }


class _Said:
    """A question in both forms, with the kinds of examples that are right for it and, for a wording, its example."""

    def __init__(
        self,
        unmasked: str,
        masked_text: str,
        kinds: Sequence[str],
        example: Example | None = None,
        unknown: bool = False,
    ) -> None:
        self.texts = {"masked": masked_text, "unmasked": unmasked}
        self.kinds = frozenset(kinds)
        self.example = example
        self.unknown = unknown


def _wordings(connection: Connection) -> list[_Said]:
    """Every shipped wording, with names drawn from the market for its unmasked form, always the same ones."""
    chance = random.Random(1)
    names = {**_PLAIN, **{slot: connection.execute(text(query)).scalars().all() for slot, query in _NAMES.items()}}
    names["tag"] = ("반도체", "2차전지", "조선", "방산", "고배당", "월배당", "커버드콜", "바이오")
    names["industry"] = ("반도체 제조업", "자동차용 엔진 및 자동차 제조업", "의약품 제조업")
    found = []
    for example in load_examples():
        types = {slot.name: slot.type for slot in example.slots}
        for wording, hidden in zip(example.wordings, example.masked, strict=True):
            filled = _SLOT.sub(lambda slot, types=types: chance.choice(names[types[slot[1]]]), wording)
            found.append(_Said(filled, hidden, [example.kind], example))
    return found


def _evaluation(connection: Connection) -> tuple[list[_Said], int]:
    """The questions of the evaluation set that a kind of example is right for, and how many others there are."""
    kinds = yaml.safe_load((EVALUATION / "example_kinds.yaml").read_text(encoding="utf-8"))
    questions = read_questions(EVALUATION / "questions.jsonl")
    dated = get_dataset(connection)
    asked = [
        _Said(
            one.question,
            masked(understand(connection, one.question, dated.as_of, dated.dataset)),
            kinds[one.id],
            unknown=one.kind == "unknown_name",
        )
        for one in questions
        if one.id in kinds
    ]
    return asked, len(questions) - len(asked)


def _recall(
    connection: Connection, questions: Sequence[_Said], wordings: Sequence[_Said], *, leave_out: bool
) -> dict[str, Any]:
    figures: dict[str, Any] = {"questions": len(questions)}
    for method in METHODS:
        form = method.rpartition(" ")[2]
        said = [one.texts[form] for one in questions]
        among = [one.texts[form] for one in wordings]
        similarities = (
            _by_trigrams(connection, said, among) if method.startswith("trigrams") else _by_vectors(said, among)
        )
        if leave_out:
            np.fill_diagonal(similarities, -1)
        right = sum(
            bool(one.kinds & _nearest_kinds(row, wordings)) for one, row in zip(questions, similarities, strict=True)
        )
        figures[method] = round(100 * right / len(questions), 1)
    return figures


def _by_vectors(questions: Sequence[str], wordings: Sequence[str]) -> np.ndarray:
    embedder = offline_embedder()
    return np.array(embedder.embed(questions)) @ np.array(embedder.embed(wordings)).T


def _by_trigrams(connection: Connection, questions: Sequence[str], wordings: Sequence[str]) -> np.ndarray:
    similarities = np.zeros((len(questions), len(wordings)))
    for start in range(0, len(questions), 200):
        rows = connection.execute(
            _TRIGRAMS, {"questions": list(questions[start : start + 200]), "wordings": list(wordings)}
        )
        found = np.array([tuple(row) for row in rows], dtype=float)
        similarities[start + found[:, 0].astype(int) - 1, found[:, 1].astype(int) - 1] = found[:, 2]
    return similarities


def _nearest_kinds(similarities: np.ndarray, wordings: Sequence[_Said]) -> set[str]:
    """The kinds of the `K` nearest distinct examples."""
    near: dict[str, str] = {}
    for place in np.argsort(-similarities, kind="stable"):
        example = wordings[place].example
        if example is not None:
            near.setdefault(example.id, example.kind)
        if len(near) == K:
            break
    return set(near.values())


def show(figures: dict[str, Any]) -> None:
    """Print the table for people."""
    from rich.console import Console
    from rich.table import Table

    sets = {
        "shipped wordings, leave one out": figures["leave_one_out"],
        "evaluation set": figures["evaluation"],
        "of it without names that nobody knows": figures["evaluation_of_known_names"],
    }
    table = Table(title=f"An example of the right kind is among the {K} nearest, % of the questions")
    table.add_column("")
    for name, figure in sets.items():
        table.add_column(f"{name} ({figure['questions']:,})", justify="right")
    for method in METHODS:
        table.add_row(method, *(f"{figure[method]:.1f}" for figure in sets.values()))
    Console().print(table)
