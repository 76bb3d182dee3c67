"""The published attacks of tests/attacks, and the table of them in its README."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "attacks"
FILES = ("cypher", "prompts", "names", "texts")


@dataclass(frozen=True)
class Attack:
    """One string of an attacker. `must` says what stops it, `obeys` is the query that a model would send that obeys a prompt."""

    category: str
    text: str
    must: str = ""
    graph: str = "etf_graph"
    obeys: str = ""


def attacks(file: str) -> list[Attack]:
    """Return the attacks of one file, in its order."""
    groups = yaml.safe_load((FOLDER / f"{file}.yaml").read_text(encoding="utf-8"))
    return [
        Attack(group["category"], text, group.get("must", ""), group.get("graph", "etf_graph"), group.get("obeys", ""))
        for group in groups
        for text in group["attacks"]
    ]


def table() -> str:
    """Return the table of categories and counts as Markdown."""
    lines = ["| list | category | attacks |", "| --- | --- | ---: |"]
    total = 0
    for file in FILES:
        counts: dict[str, int] = {}
        for attack in attacks(file):
            counts[attack.category] = counts.get(attack.category, 0) + 1
        lines += [f"| {file} | {category} | {count} |" for category, count in counts.items()]
        total += sum(counts.values())
    return "\n".join([*lines, f"| | **all** | **{total}** |"])
