"""Verified few-shot examples: questions with slots, and the Cypher that answers them.

`seeds/cypher_examples.yaml` is the source. A question holds slots in braces (`{etf}의 상위 {n}개 종목은?`); a slot stands for the
whole expression with its unit (`{percent}` is "5%", `{date}` "7월 6일", `{period}` "지난달", `{amount}` "1,000만원"), except `{n}`,
which is the number alone. Retrieval compares texts in which names and numbers are replaced by the mask of their slot type, so that
neighbours share an intent and not a name.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from agent.templates import Branch, Context, branches, krw

EXAMPLES_FILE = Path(__file__).resolve().parent.parent / "seeds" / "cypher_examples.yaml"

# What stands for a name or number of each slot type in a masked question. `agent.masking` masks people's questions with the same
# words; a wording of an example is masked by `mask_wording`.
SLOT_MASKS: Mapping[str, str] = {
    "etf": "⟨ETF⟩",
    "stock": "⟨종목⟩",
    "company": "⟨운용사⟩",
    "tag": "⟨테마⟩",
    "index": "⟨지수⟩",
    "industry": "⟨업종⟩",
    "date": "⟨날짜⟩",
    "period": "⟨기간⟩",
    "n": "⟨수⟩",
    "percent": "⟨비율⟩",
    "amount_krw": "⟨금액⟩",
}
# Korea's longest market closure (추석 with a weekend on both sides) is nine days.
FLOOR_DAYS = 14
GRAPHS = ("etf_graph", "etf_history")
LANGUAGES = ("ko", "en")
_BRACED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Slot:
    """One slot of an example: its parameter name, its type (a key of `SLOT_MASKS`), and what is taken when the question names none.

    A slot without a default must be found in the question. `minimum` and `maximum` bound numbers, inclusive.
    """

    name: str
    type: str
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class SlotValue:
    """What a question gave for a slot.

    `codes`: the code of an ETF, or every code of a company's stock (TSMC: TSM US and 2330 TT; one code where a market is named).
    `value`: the name of a company, tag, index or industry; the ISO date; the number; the KRW amount; (from, to) of a period.
    `name` is the current name for people, `mention` the words of the question.
    """

    type: str
    value: Any = None
    codes: tuple[str, ...] = ()
    name: str = ""
    mention: str = ""


@dataclass(frozen=True)
class Lookup:
    """A query whose first column becomes a parameter of the main query: a list, or its first value where `single` is set."""

    name: str
    graph: str
    cypher: str
    single: bool = False


@dataclass(frozen=True)
class Example:
    """A verified question and its query. `cypher` is empty for kinds that refuse or ask back."""

    id: str
    kind: str
    lang: str
    question: str
    paraphrases: tuple[str, ...] = ()
    graph: str = "etf_graph"
    slots: tuple[Slot, ...] = ()
    cypher: str = ""
    lookups: tuple[Lookup, ...] = ()
    title: str = ""
    answer: tuple[Branch, ...] = ()
    answer_empty: str = ""
    suggestions: tuple[str, ...] = field(default=())

    @property
    def status(self) -> str:
        """The status of an answer by this example: answered, refused or clarify."""
        if self.kind.startswith("refuse_"):
            return "refused"
        return "clarify" if self.kind.startswith("clarify_") else "answered"

    @property
    def wordings(self) -> tuple[str, ...]:
        """The question and its paraphrases, in order; the position is the wording's `text_no`."""
        return (self.question, *self.paraphrases)

    @cached_property
    def masked(self) -> tuple[str, ...]:
        """Every wording with its slots replaced by the masks of their types."""
        return tuple(mask_wording(wording, self.slots) for wording in self.wordings)

    @cached_property
    def content_hash(self) -> str:
        """Hex digest of everything the example says; equal content has an equal hash on every machine."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def parameters(self, values: Mapping[str, SlotValue]) -> dict[str, Any]:
        """Cypher parameters for slot values: `$etf` a code, `$stock` a list of codes, `$from` and `$to` of a period, else the value.

        `$date_floor` and `$from_floor` lie `FLOOR_DAYS` before a date or a period's first day: an older close is a gap in the data and
        no "last close before". A slot missing in `values` takes its default; KeyError when it has none, ValueError when a number is
        out of bounds.
        """
        parameters: dict[str, Any] = {}
        for slot in self.slots:
            given = values.get(slot.name)
            if given is None and slot.default is None:
                raise KeyError(slot.name)
            value = slot.default if given is None else given.value
            if slot.type == "etf" and given:
                value = given.codes[0]
            elif slot.type == "stock" and given:
                value = list(given.codes)
            elif slot.type == "period":
                parameters["from"], parameters["to"] = value
                parameters["from_floor"] = _floor(value[0])
                continue
            elif slot.type == "date":
                parameters[f"{slot.name}_floor"] = _floor(value)
            elif slot.type in ("n", "percent", "amount_krw"):
                low, high = slot.minimum, slot.maximum
                if (low is not None and value < low) or (high is not None and value > high):
                    raise ValueError(f"{slot.name} = {value} is outside {low}..{high}")
            parameters[slot.name] = value
        return {name: value for name, value in parameters.items() if self._asks_for(name)}

    def _asks_for(self, parameter: str) -> bool:
        texts = (self.cypher, *(lookup.cypher for lookup in self.lookups))
        return any(re.search(rf"\${parameter}\b", text) for text in texts)

    def context(
        self, values: Mapping[str, SlotValue], columns: Sequence[str], rows: Sequence[Sequence[Any]], as_of: str | None = None
    ) -> Context:
        """What the example's title and answer templates refer to: names and numbers of the slots as people read them, and the result."""
        references: dict[str, Any] = {"as_of": as_of}
        for slot in self.slots:
            given = values.get(slot.name)
            value = slot.default if given is None else given.value
            if slot.type == "period" and value:
                references["from"], references["to"] = value
            references[slot.name] = _reading(slot.type, value, given)
            references[f"{slot.name}.value"] = value
            references[f"{slot.name}.mention"] = given.mention if given else ""
            references[f"{slot.name}.code"] = given.codes[0] if given and given.codes else None
        return Context(references, columns, rows)


def _reading(slot_type: str, value: Any, given: SlotValue | None) -> Any:
    if slot_type in ("etf", "stock") and given:
        return given.name or given.mention
    if slot_type == "period" and value:
        span = f"{value[0]}~{value[1]}"
        return f"{given.mention}({span})" if given and given.mention and given.mention[:1].isalpha() else span
    if slot_type == "percent":
        return f"{value:g}%"
    if slot_type == "amount_krw":
        return krw(value)
    return value


def _floor(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=FLOOR_DAYS)).isoformat()


def mask_wording(wording: str, slots: tuple[Slot, ...]) -> str:
    """A wording with every `{slot}` replaced by the mask of its type."""
    types = {slot.name: slot.type for slot in slots}
    return _BRACED.sub(lambda found: SLOT_MASKS[types[found[1]]], wording)


def _slot(name: str, definition: str | Mapping[str, Any]) -> Slot:
    entry = {"type": definition} if isinstance(definition, str) else dict(definition)
    slot = Slot(name, entry["type"], entry.get("default"), entry.get("min"), entry.get("max"))
    if slot.type not in SLOT_MASKS:
        raise ValueError(f"unknown slot type {slot.type}")
    return slot


def _example(entry: Mapping[str, Any]) -> Example:
    example = Example(
        id=entry["id"],
        kind=entry["kind"],
        lang=entry.get("lang", "ko"),
        question=entry["question"],
        paraphrases=tuple(entry.get("paraphrases", ())),
        graph=entry.get("graph", "etf_graph"),
        slots=tuple(_slot(name, definition) for name, definition in entry.get("slots", {}).items()),
        cypher=entry.get("cypher", "").strip(),
        lookups=tuple(Lookup(name, **definition) for name, definition in entry.get("lookups", {}).items()),
        title=entry.get("title", ""),
        answer=branches(entry["answer"]),
        answer_empty=entry.get("answer_empty", ""),
        suggestions=tuple(entry.get("suggestions", ())),
    )
    if example.lang not in LANGUAGES or example.graph not in GRAPHS:
        raise ValueError(f"example {example.id}: unknown language or graph")
    if example.status == "answered" and not (example.cypher and example.title and example.answer_empty):
        raise ValueError(f"example {example.id} lacks its query, title or answer for no rows")
    return example


@cache
def load_examples(path: Path = EXAMPLES_FILE) -> tuple[Example, ...]:
    """Every example of the seeds file, in file order. ValueError names an example that is malformed or defined twice."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    examples = tuple(_example(entry) for entry in entries)
    seen: set[str] = set()
    for example in examples:
        if example.id in seen:
            raise ValueError(f"example {example.id} is defined twice")
        seen.add(example.id)
    return examples
