"""What a verified example is: a question with slots, the Cypher that answers it, and how its result is told.

A question holds slots in braces (`{etf}의 상위 {n}개 종목은?`). A slot stands for the whole expression with its unit
(`{percent}` is "5%", `{date}` "7월 6일", `{period}` "지난달", `{amount}` "1,000만원"), except `{n}`, which is the
number alone. Retrieval compares texts in which names and numbers are replaced by the mask of their slot type, so that
neighbours share an intent and not a name.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from agent.templates import UNKNOWN, Branch, Context, krw

# What stands for a name or number of each slot type in a masked question; people's questions are masked with the same.
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
NUMBERS = ("n", "percent", "amount_krw")
# The kind of every example that was promoted from feedback.
CURATED = "curated"
# Raise it when examples are stored in another way: every stored one is then written again.
CONTENT_FORMAT = 2
# Korea's longest market closure (추석 between two weekends) is ten days: an older close is a gap in the data.
FLOOR_DAYS = 11
# How far back the snapshot before a period and the snapshot on a date are looked for, in days.
SNAPSHOT_DAYS = 92
_COMPARISONS = {
    "ko": {">=": "{} 이상", ">": "{} 초과", "<=": "{} 이하", "<": "{} 미만"},
    "en": {">=": "at least {}", ">": "more than {}", "<=": "at most {}", "<": "less than {}"},
}
_BOUNDLESS, _MOST_DAYS = 1e18, 3_660
_BRACED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Slot:
    """One slot: its parameter's name, its type (a key of `SLOT_MASKS`), and what is taken when a question has none.

    A slot without a default must be found in the question. `minimum` and `maximum` bound numbers, inclusive. A slot
    with an `operator` (>=, >, <=, <) is a threshold: the question's comparison counts, and this one where it has none.
    """

    name: str
    type: str
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    operator: str = ""


@dataclass(frozen=True)
class SlotValue:
    """What a question gave for a slot.

    `codes`: the code of an ETF, or every code of a company's stock (TSMC: TSM US and 2330 TT; one where a market is
    named). `value`: the name of a company, tag, index or industry; the ISO date; the number; the KRW amount; (from, to)
    of a period. `name` is the current name for people, `mention` the words of the question. `operator` (>=, >, <=, <)
    is the comparison around a number, `high` the other end of a range such as 3~5 %.
    """

    type: str
    value: Any = None
    codes: tuple[str, ...] = ()
    name: str = ""
    mention: str = ""
    operator: str = ""
    high: float | None = None


@dataclass(frozen=True)
class Lookup:
    """A query run first: its first column becomes the list parameter `name`, or its first value where `single`."""

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
    answer_empty: tuple[Branch, ...] = ()
    suggestions: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """The status of an answer by this example: answered, refused or clarify."""
        if self.kind.startswith("refuse_"):
            return "refused"
        return "clarify" if self.kind.startswith("clarify_") else "answered"

    @property
    def wordings(self) -> tuple[str, ...]:
        """The question and its paraphrases, in order; a wording's position is its `text_no`."""
        return (self.question, *self.paraphrases)

    @cached_property
    def masked(self) -> tuple[str, ...]:
        """Every wording with its slots replaced by the masks of their types."""
        return tuple(mask_wording(wording, self.slots) for wording in self.wordings)

    @cached_property
    def content_hash(self) -> str:
        """Hex digest of everything the example says; equal on every machine."""
        said = {"format": CONTENT_FORMAT, "masked": self.masked, **asdict(self)}
        text = json.dumps(said, ensure_ascii=False, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def parameters(self, values: Mapping[str, SlotValue]) -> dict[str, Any]:
        """Cypher parameters for slot values: `$etf` a code, `$stock` a list of codes, `$from` and `$to` of a period.

        `$date_floor` and `$from_floor` lie `FLOOR_DAYS` before a date or a period's first day, `$date_ceiling` after a
        date; `$date_weekday` is 월 to 일. `$weekdays` are a period's days from Monday to Friday, `$days_before` those of
        the `SNAPSHOT_DAYS` before it, `$days_within` those of the last `SNAPSHOT_DAYS` in it, and `$date_days` those of
        the `SNAPSHOT_DAYS` that end on a date. `$percent_low` and `$percent_high` are the inclusive bounds that a
        threshold means. A slot missing in `values` takes its default. KeyError when it has none, ValueError when a
        number is out of bounds. An example without a query has no parameters.
        """
        parameters: dict[str, Any] = {}
        for slot in self.slots if self.cypher else ():
            parameters |= _slot_parameters(slot, values.get(slot.name))
        return {name: value for name, value in parameters.items() if self._asks_for(name)}

    def _asks_for(self, parameter: str) -> bool:
        texts = (self.cypher, *(lookup.cypher for lookup in self.lookups))
        return any(re.search(rf"\${parameter}\b", text) for text in texts)

    def context(
        self,
        values: Mapping[str, SlotValue],
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        as_of: str | None = None,
        found: Mapping[str, Any] | None = None,
    ) -> Context:
        """What the title and the answer templates refer to: slots as people read them, the rows, what lookups found."""
        references: dict[str, Any] = {"as_of": as_of, **(found or {})}
        for slot in self.slots:
            given = values.get(slot.name)
            value = slot.default if given is None else given.value
            if slot.type == "period" and value:
                references["from"], references["to"] = value
            references[slot.name] = _reading(slot, value, given, self.lang)
            references[f"{slot.name}.value"] = value
            references[f"{slot.name}.mention"] = given.mention if given else ""
            references[f"{slot.name}.code"] = given.codes[0] if given and given.codes else None
        return Context(references, columns, rows, UNKNOWN if self.lang == "ko" else "unknown")


def mask_wording(wording: str, slots: Sequence[Slot]) -> str:
    """A wording with every `{slot}` replaced by the mask of its type."""
    types = {slot.name: slot.type for slot in slots}
    return _BRACED.sub(lambda found: SLOT_MASKS[types[found[1]]], wording)


def _slot_parameters(slot: Slot, given: SlotValue | None) -> dict[str, Any]:
    if given is None and slot.default is None:
        raise KeyError(slot.name)
    value = slot.default if given is None else given.value
    if slot.type == "etf" and given:
        return {slot.name: given.codes[0]}
    if slot.type == "stock" and given:
        return {slot.name: list(given.codes)}
    if slot.type == "period":
        return _period_parameters(*value)
    if slot.type == "date":
        return {
            slot.name: value,
            f"{slot.name}_floor": _moved(value, -FLOOR_DAYS),
            f"{slot.name}_ceiling": _moved(value, FLOOR_DAYS),
            f"{slot.name}_days": _weekdays(_moved(value, -SNAPSHOT_DAYS), value),
            f"{slot.name}_weekday": "월화수목금토일"[date.fromisoformat(value).weekday()],
        }
    if slot.type in NUMBERS:
        return _number_parameters(slot, value, given)
    return {slot.name: value}


def _number_parameters(slot: Slot, value: float, given: SlotValue | None) -> dict[str, Any]:
    if (slot.minimum is not None and value < slot.minimum) or (slot.maximum is not None and value > slot.maximum):
        raise ValueError(f"{slot.name} = {value} is outside {slot.minimum}..{slot.maximum}")
    operator = (given.operator if given else "") or slot.operator
    low, high = -_BOUNDLESS, _BOUNDLESS
    # A strict bound moves by less than what weights and fees (at most four decimals) or whole KRW can differ by.
    step = 0.5 if slot.type == "amount_krw" else 1e-6
    if operator in (">=", ">"):
        low = value + (step if operator == ">" else 0)
        high = given.high if given and given.high is not None else high
    elif operator in ("<=", "<"):
        high = value - (step if operator == "<" else 0)
    elif operator == "=":
        low = high = value
    return {slot.name: value, f"{slot.name}_low": low, f"{slot.name}_high": high}


def _moved(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _period_parameters(first: str, last: str) -> dict[str, Any]:
    return {
        "from": first,
        "to": last,
        "from_floor": _moved(first, -FLOOR_DAYS),
        "to_ceiling": _moved(last, FLOOR_DAYS),
        "weekdays": _weekdays(first, last),
        "days_before": _weekdays(_moved(first, -SNAPSHOT_DAYS), _moved(first, -1)),
        "days_within": _weekdays(max(first, _moved(last, -SNAPSHOT_DAYS)), last),
    }


def _weekdays(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    days = (start + timedelta(days=number) for number in range(min((end - start).days, _MOST_DAYS) + 1))
    return [day.isoformat() for day in days if day.weekday() < 5]


def _reading(slot: Slot, value: Any, given: SlotValue | None, lang: str) -> Any:
    if slot.type in ("etf", "stock") and given:
        return given.name or given.mention
    if slot.type == "period" and value:
        span = f"{value[0]}~{value[1]}"
        return f"{given.mention}({span})" if given and given.mention and not given.mention[0].isdigit() else span
    if slot.type not in ("percent", "amount_krw") or value is None:
        return value
    written = _percent if slot.type == "percent" else krw if lang == "ko" else _won
    if given and given.high is not None:
        return f"{written(value)}~{written(given.high)}"
    comparison = _COMPARISONS[lang].get((given.operator if given else "") or slot.operator, "{}")
    return (comparison if slot.operator else "{}").format(written(value))


def _percent(value: float) -> str:
    return f"{value:g}%"


def _won(value: float) -> str:
    return f"{value:,.0f} KRW"
