"""Names, dates and numbers of a question become slots, where its Cypher holds them as literals.

What the Cypher does not hold cannot be a slot: it is told as unplaced, because an example whose question names something
that its query ignores would answer the next such question wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from agent.masking import masked
from agent.reading.question import Question
from agent.reading.tokens import Token
from agent.verified_answers import slot_readings
from agent.verified_example import NUMBERS, Example, Slot, SlotValue
from backend.curation.literals import Literal, Query

_NAMES = {"amount_krw": "amount"}
_OF_PERIODS = ("from", "to", "from_floor", "to_ceiling", "weekdays", "days_before", "days_within")
_DIGITS = re.compile(r"[0-9][0-9,.]*")
_MASK = re.compile("⟨[^⟨⟩]+⟩")
_NAME_PROPERTIES = ("name",)


@dataclass(frozen=True)
class Unplaced:
    """What the question says and the query does not hold."""

    text: str
    type: str


@dataclass(frozen=True)
class Generalised:
    """A question with slots, the query with their parameters, the slots, and what found no place."""

    question: str
    cypher: str
    slots: tuple[Slot, ...]
    unplaced: tuple[Unplaced, ...]


def generalise(question: Question, cypher: str) -> Generalised:
    """Turn what the question names into slots. Raises CypherSyntaxError for a query that cannot be cut into tokens."""
    query = Query(cypher)
    wording = question.text
    slots: list[Slot] = []
    placed: list[tuple[Token, str]] = []
    unplaced: list[Unplaced] = []
    for token, kind, value in sorted(_named(question), key=_most_special_first):
        name = _free_name(kind, slots)
        slot = Slot(name, kind, operator=value.operator)
        if name and _place(query, slot, value):
            slots.append(slot)
            placed.append((token, name))
        else:
            unplaced.append(Unplaced(token.text, kind))
    for token, name in sorted(placed, key=lambda item: -item[0].start):
        piece = _with_slot(question, token, name)
        wording = f"{wording[: token.start]}{piece}{wording[token.end :]}"
    return Generalised(wording, query.text, tuple(_in_order(slots, wording)), tuple(unplaced))


def offered(slot: Slot) -> tuple[str, ...]:
    """The names of the parameters that a slot may offer a query."""
    if slot.type == "period":
        return _OF_PERIODS
    if slot.type == "date":
        return tuple(f"{slot.name}{suffix}" for suffix in ("", "_floor", "_ceiling", "_days", "_weekday"))
    if slot.type in NUMBERS:
        return tuple(f"{slot.name}{suffix}" for suffix in ("", "_low", "_high"))
    return (slot.name,)


def _named(question: Question) -> list[tuple[Token, str, SlotValue]]:
    return [(token, kind, value) for token in question.tokens for kind, value in slot_readings(token)]


def _most_special_first(named: tuple[Token, str, SlotValue]) -> tuple[bool, int]:
    """Percentages and amounts take their numbers before plain counts do."""
    token, kind, _ = named
    return (kind == "n", token.start)


def _free_name(kind: str, slots: list[Slot]) -> str:
    """`etf`, then `etf2`; nothing for a second period, whose parameters would have the names of the first."""
    taken = {slot.name for slot in slots}
    name = _NAMES.get(kind, kind)
    if kind == "period":
        return "" if name in taken else name
    return next(f"{name}{number or ''}" for number in (0, *range(2, 100)) if f"{name}{number or ''}" not in taken)


def _place(query: Query, slot: Slot, value: SlotValue) -> bool:
    """Put the slot's parameters in place of the literals that hold its value; returns whether there was one."""
    count = 0
    parameters = _parameters(slot, value)
    for literal in list(query.literals()):
        count += any(place(query, literal, slot, value, parameters) for place in _PLACES)
    return count > 0


def _parameters(slot: Slot, value: SlotValue) -> dict[str, Any]:
    everything = " ".join(f"${name}" for name in offered(slot))
    probe = Example("probe", "probe", "ko", f"{{{slot.name}}}", slots=(slot,), cypher=everything)
    return probe.parameters({slot.name: value})


def _by_comparison(query: Query, literal: Literal, slot: Slot, value: SlotValue, _parameters: dict[str, Any]) -> bool:
    """`h.weight >= 5` of "5% 이상": its direction comes from the question as well, so it becomes a range."""
    if slot.type not in NUMBERS or not value.operator or not _equal(literal.value, value.value):
        return False
    if query.operator_before(literal) != value.operator:
        return False
    name = slot.name
    return query.replace_comparison(literal, lambda it: f"({it} >= ${name}_low AND {it} <= ${name}_high)")


def _by_value(query: Query, literal: Literal, slot: Slot, value: SlotValue, parameters: dict[str, Any]) -> bool:
    """A literal that is exactly what one of the slot's parameters would be."""
    if slot.type != "n" and query.is_limit(literal):
        return False
    for name, parameter in parameters.items():
        bare_threshold = name == slot.name and slot.type in NUMBERS and value.operator
        if not bare_threshold and _equal(literal.value, parameter):
            query.replace(literal, f"${name}")
            return True
    return False


def _by_code(query: Query, literal: Literal, slot: Slot, value: SlotValue, _parameters: dict[str, Any]) -> bool:
    """One code, or some of the codes, of a company's stock, whose parameter is the list of all of them."""
    if slot.type != "stock":
        return False
    name = slot.name
    if isinstance(literal.value, list):
        if not set(map(str, literal.value)) <= set(value.codes):
            return False
        query.replace(literal, f"${name}")
        return True
    if literal.value not in value.codes:
        return False
    if not query.replace_comparison(literal, lambda it: f"{it} IN ${name}"):
        query.replace(literal, f"${name}[0]")
    return True


def _by_name(query: Query, literal: Literal, slot: Slot, value: SlotValue, _parameters: dict[str, Any]) -> bool:
    """A name where the parameter is a code: the comparison is written with the code instead."""
    if not isinstance(literal.value, str) or _folded(literal.value) not in (
        _folded(value.name),
        _folded(value.mention),
    ):
        return False
    name = slot.name
    if slot.type not in ("etf", "stock"):
        query.replace(literal, f"${name}")
        return True
    one, among = f"${name}", "="
    if slot.type == "stock":
        one, among = f"${name}[0]", "IN"
    write: Callable[[str], str] = lambda node: f"{node}.code {among} ${name}"  # noqa: E731 - two places, one line
    return query.replace_comparison(literal, write, properties=_NAME_PROPERTIES) or query.replace_in_map(
        literal, _NAME_PROPERTIES, f"code: {one}"
    )


_PLACES = (_by_comparison, _by_value, _by_code, _by_name)


def _equal(literal: Any, value: Any) -> bool:
    if isinstance(literal, list):
        return isinstance(value, list | tuple) and literal == list(value)
    if isinstance(literal, float):
        return isinstance(value, int | float) and abs(literal - value) <= 1e-9 * max(1.0, abs(literal))
    return isinstance(value, str) and literal == value


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def _with_slot(question: Question, token: Token, name: str) -> str:
    """The text of one token with the slot for what it stands for, its unit and comparison kept."""
    if token.kind == "quantity" and token.value.kind not in ("percent", "amount") and _DIGITS.search(token.text):
        # `상위 5개`: the figures are the number, whatever other words of the piece could be read as one.
        return _DIGITS.sub(f"{{{name}}}", token.text, count=1)
    text = masked(replace(question, tokens=[token]))
    piece = text[token.start : len(text) - (len(question.text) - token.end)]
    return _MASK.sub(f"{{{name}}}", piece, count=1)


def _in_order(slots: list[Slot], wording: str) -> list[Slot]:
    return sorted(slots, key=lambda slot: wording.index(f"{{{slot.name}}}"))
