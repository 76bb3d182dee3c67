"""Reading `seeds/cypher_examples.yaml`, the source of the verified examples."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agent.templates import branches
from agent.verified_example import SLOT_MASKS, Example, Lookup, Slot

EXAMPLES_FILE = Path(__file__).resolve().parent.parent / "seeds" / "cypher_examples.yaml"
GRAPHS = ("etf_graph", "etf_history")
LANGUAGES = ("ko", "en")


@cache
def load_examples(path: Path = EXAMPLES_FILE) -> tuple[Example, ...]:
    """Every example, in file order. ValueError names an example that is malformed or defined twice."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    kinds = {kind for entry in entries for kind in entry.get("kinds", ())}
    fragments = {entry["fragment"]: entry["cypher"].strip() for entry in entries if "fragment" in entry}
    examples = tuple(_example(entry, fragments) for entry in entries if "id" in entry)
    seen: set[str] = set()
    for example in examples:
        if example.id in seen:
            raise ValueError(f"example {example.id} is defined twice")
        if example.kind not in kinds:
            raise ValueError(f"example {example.id} is of an unknown kind {example.kind}")
        seen.add(example.id)
    return examples


def _expanded(cypher: str, fragments: Mapping[str, str]) -> str:
    """Cypher with every line that names a fragment (`<net-trades>`) replaced by it; fragments may name others."""
    expanded = re.sub(r"^<([\w-]+)>$", lambda found: fragments[found[1]], cypher.strip(), flags=re.MULTILINE)
    return expanded if expanded == cypher.strip() else _expanded(expanded, fragments)


def _example(entry: Mapping[str, Any], fragments: Mapping[str, str]) -> Example:
    example = Example(
        id=entry["id"],
        kind=entry["kind"],
        lang=entry.get("lang", "ko"),
        question=entry["question"],
        paraphrases=tuple(entry.get("paraphrases", ())),
        graph=entry.get("graph", "etf_graph"),
        slots=tuple(_slot(name, definition) for name, definition in entry.get("slots", {}).items()),
        cypher=_expanded(entry.get("cypher", ""), fragments),
        lookups=tuple(Lookup(name, **definition) for name, definition in entry.get("lookups", {}).items()),
        title=entry.get("title", ""),
        answer=branches(entry["answer"]),
        answer_empty=branches(entry.get("answer_empty", [])),
        suggestions=tuple(entry.get("suggestions", ())),
    )
    if example.lang not in LANGUAGES or example.graph not in GRAPHS:
        raise ValueError(f"example {example.id}: unknown language or graph")
    if example.outcome == "answered" and not (example.cypher and example.title and example.answer_empty):
        raise ValueError(f"example {example.id} lacks its query, its title or its answer for no rows")
    return example


def _slot(name: str, definition: str | Mapping[str, Any]) -> Slot:
    entry = {"type": definition} if isinstance(definition, str) else dict(definition)
    slot = Slot(
        name, entry["type"], entry.get("default"), entry.get("min"), entry.get("max"), entry.get("operator", "")
    )
    if slot.type not in SLOT_MASKS:
        raise ValueError(f"unknown slot type {slot.type}")
    return slot
